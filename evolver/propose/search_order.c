/* search_order - the order of the plugins is code too: two neighbours of the hook change places.
 *
 * A guard that settles a call before the plugin that would have mended it is no fault of either
 * source. There are few such swaps and each is tried whole, as it would be released: over all
 * held-in steps, in real workers. One that mends most groups is proposed, and no code is looked
 * for. What the plugins say of each other (before, after, who must see final calls) is checked when
 * a worker loads the order, so a swap against it is refused there. */
#include "propose/search.h"

#include "base/mem.h"

#include <string.h>

enum { ROWS_MAX = 16 };
static const char ingredient[] = "order";

struct row {
    struct span span;
    struct str plugin; /* in its quotes */
};

/* Rows of the hook in their order: { MOULT_BEFORE_TOOL, "calls" }. */
static uint32_t list_rows(const struct syntax *order, struct str constant, struct row ret[ROWS_MAX])
{
    uint32_t count = 0;
    SYNTAX_EACH_WITHIN(node, order, 0)
    {
        uint32_t name = target_row(order, node, constant);
        if (name && count < ROWS_MAX)
            ret[count++] = (struct row){ order->nodes[node].span, syntax_text(order, name) };
    }
    return count;
}

/* "order" of "pipeline/order.c". */
static struct str name_of(struct str path)
{
    size_t from = path.size, to = path.size;
    while (from > 0 && path.at[from - 1] != '/')
        from--;
    if (to >= from + 2 && memcmp(path.at + to - 2, ".c", 2) == 0)
        to -= 2;
    return (struct str){ path.at + from, to - from };
}

static void print_edit(struct buf *out, const struct row *at, struct str text)
{
    buf_format(out, "{\"from\":%u,\"to\":%u,\"text\":", at->span.from, at->span.to);
    json_quote(out, text);
    buf_char(out, '}');
}

static void print_contract(
    struct buf *out, const struct search *search, const struct row *first, const struct row *second)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_format(&text, "At %s %.*s is asked before %.*s.", search->pool.hook->name,
        (int)second->plugin.size, second->plugin.at, (int)first->plugin.size, first->plugin.at);
    buf_text(out, ",\"contract\":{\"hypothesis\":");
    json_quote(out, buf_view(&text));
    buf_text(out, ",\"blamed\":[],\"predicts\":{\"fixes\":[");
    for (uint32_t i = 0; i < search->fails.count; i++)
        buf_format(out, i ? ",%u" : "%u", search->bundle->steps[search->fails.at[i]].id);
    buf_format(out,
        "],\"risks\":[],\"risk_steps\":[]},\"falsified_by\":\"a group of this signature that stays "
        "as it was, or any "
        "other step that changes\",\"cost\":{\"judged\":%llu,\"seconds\":%.1f}}",
        (unsigned long long)search->judge.judged, judge_seconds(&search->judge));
}

static struct str proposal_of(struct search *search, const struct syntax *order,
    const struct row *first, const struct row *second)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str path = search->bundle->pipeline_path;
    buf_text(&out, "{\"schema\":1,\"proposer\":\"search\",\"cluster\":");
    json_quote(&out, search->bundle->cluster);
    buf_text(&out, ",\"plugin\":");
    json_quote(&out, name_of(path));
    buf_text(&out, ",\"path\":");
    json_quote(&out, path);
    buf_text(&out, ",\"edits\":[");
    print_edit(&out, first, syntax_slice(order, second->span));
    buf_char(&out, ',');
    print_edit(&out, second, syntax_slice(order, first->span));
    buf_char(&out, ']');
    print_contract(&out, search, first, second);
    buf_format(&out, ",\"ingredients\":[\"%s\"],\"score\":0}", ingredient);
    return (struct str){ arena_string(&search->arena, out.at, out.size), out.size };
}

/* 1: it holds and was proposed. */
static int try_swap(struct search *search, const struct syntax *order, const struct row *first,
    const struct row *second, struct err *err)
{
    const char *lost;
    struct judge_fixed fixed;
    struct str proposal = proposal_of(search, order, first, second);
    if (search_lost(search, name_of(search->bundle->pipeline_path), proposal))
        return 0;
    int r = judge_try(&search->judge, &search->arena, proposal, &fixed, &lost, err);
    if (r < 0)
        return r;
    bool holds = r && 2 * fixed.groups > search->fail_groups;
    const char *why = r                         ? "it mends few groups"
                      : strcmp(lost, "ok") == 0 ? "it mends nothing"
                                                : lost;
    judge_say(&search->judge, "order: %.*s before %.*s: %s%s", (int)second->plugin.size,
        second->plugin.at, (int)first->plugin.size, first->plugin.at,
        holds ? "holds" : "does not hold: ", holds ? "" : why);
    if (!holds)
        return 0;
    r = judge_send(&search->judge, PROPOSER_PROPOSE, proposal, err);
    return r < 0 ? r : 1;
}

int search_order(struct search *search, struct printed *ret, struct err *err)
{
    static const char *ingredients[] = { ingredient };
    CLEANUP(syntax_freep) struct syntax *order = NULL;
    struct row rows[ROWS_MAX];
    *ret = (struct printed){ .ingredients = ingredients, .ingredients_count = 1 };
    if (vocabulary_lacks(&search->vocabulary, ingredient) ||
        search->bundle->pipeline_path.size == 0)
        return 0;
    int r = syntax_parse(&order, "pipeline", search->bundle->pipeline, NULL, err);
    if (r < 0)
        return err_while(err, "the order of the plugins");
    struct str constant = target_constant(&search->arena, search->bundle->hook);
    uint32_t count = list_rows(order, constant, rows);
    for (uint32_t i = 0; r == 0 && i + 1 < count && !search_late(search); i++)
        r = try_swap(search, order, &rows[i], &rows[i + 1], err);
    return r;
}
