/* search_graft - what was written before is tried before anything is made: earlier versions of a
 * plugin, a plugin that nobody asks, a stock plugin's function.
 *
 * There are few, so each is tried whole, as it would be released, and the small ones first. What
 * this harness has or had and mends every group is proposed, and ends the search. Any other is held
 * until new code has been looked for, and stands before what mends no more than it does: the gate
 * may refuse a stock plugin for a branch that no case here runs. */
#include "propose/search_graft.h"

#include "base/mem.h"
#include "patch/lines.h"

#include <stdlib.h>
#include <string.h>

enum {
    TRIES_MAX = 6,
    TRIED_MAX = 8, /* in all: of the driver's sixteen the others are for new code */
    TIME_PERCENT = 25
};

void graft_ways_add(struct graft_ways *ways, const struct graft_way *way)
{
    if (ways->count == GRAFT_WAYS_MAX)
        return;
    struct graft_way *to = &ways->at[ways->count++];
    *to = *way;
    for (uint32_t i = 0; i < to->edits_count; i++)
        to->size += (uint32_t)to->edits[i].text.size;
}

/* --- as a proposal */

static void print_edits(struct buf *out, const struct graft_way *way)
{
    for (uint32_t i = 0; i < way->edits_count; i++) {
        const struct target_edit *edit = &way->edits[i];
        buf_format(out, "%s{\"from\":%u,\"to\":%u,\"text\":", i ? "," : "", edit->from, edit->to);
        json_quote(out, edit->text);
        buf_char(out, '}');
    }
}

static bool has_number(const struct json *list, uint32_t number)
{
    JSON_EACH(item, list)
    if (json_int(item, -1) == number)
        return true;
    return false;
}

/* By what the driver said of the try; where it did not name all that stay, nothing is promised. */
static void print_fixes(struct buf *out, const struct search *search, const struct json *tried)
{
    const struct json *unfixed = json_get(tried, "unfixed_steps");
    int64_t fails = json_int(json_get(tried, "fails"), 0);
    int64_t fixed = json_int(json_get(tried, "fixed"), 0);
    const char *comma = "";
    if (!unfixed || fails - fixed != unfixed->count)
        return;
    for (uint32_t i = 0; i < search->fails.count; i++) {
        uint32_t id = search->bundle->steps[search->fails.at[i]].id;
        if (has_number(unfixed, id))
            continue;
        buf_format(out, "%s%u", comma, id);
        comma = ",";
    }
}

static void print_contract(struct buf *out, const struct search *search,
    const struct graft_way *way, const struct json *tried)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_format(&text, "%s At %.*s this mends %u of %u groups.", way->summary,
        (int)search->bundle->hook.size, search->bundle->hook.at,
        (uint32_t)json_int(json_get(tried, "fixed_groups"), 0), search->fail_groups);
    buf_text(out, ",\"contract\":{\"hypothesis\":");
    json_quote(out, buf_view(&text));
    buf_text(out, ",\"blamed\":[");
    if (way->function.size)
        json_quote(out, way->function);
    buf_text(out, "],\"predicts\":{\"fixes\":[");
    print_fixes(out, search, tried);
    buf_format(out,
        "],\"risks\":[],\"risk_steps\":[]},\"falsified_by\":\"a group of this signature that stays "
        "as it was, or any other step that changes\",\"cost\":{\"judged\":%llu,\"seconds\":%.1f}}",
        (unsigned long long)search->judge.judged, judge_seconds(&search->judge));
}

/* tried: what the driver said of it, or NULL before it is tried. */
static struct str proposal_of(
    struct search *search, const struct graft_way *way, const struct json *tried)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"schema\":1,\"proposer\":\"search\",\"cluster\":");
    json_quote(&out, search->bundle->cluster);
    buf_text(&out, ",\"plugin\":");
    json_quote(&out, way->plugin);
    buf_text(&out, ",\"path\":");
    json_quote(&out, way->path);
    buf_text(&out, ",\"edits\":[");
    print_edits(&out, way);
    buf_char(&out, ']');
    print_contract(&out, search, way, tried);
    buf_text(&out, ",\"ingredients\":[");
    json_quote(&out, str_of(way->ingredient));
    buf_text(&out, "],\"score\":0}");
    return (struct str){ arena_string(&search->arena, out.at, out.size), out.size };
}

/* --- tries */

/* What the gate may let pass, then more groups, then less code. */
static bool is_better(const struct search_graft *held, const struct graft_way *way, uint32_t groups)
{
    if (held->groups > 0 && held->is_long != way->is_long)
        return held->is_long;
    return groups > held->groups || (groups == held->groups && way->size < held->size);
}

static void hold(struct search *search, const struct graft_way *way, const struct json *tried)
{
    struct search_graft *graft = &search->graft;
    uint32_t groups = (uint32_t)json_int(json_get(tried, "fixed_groups"), 0);
    if (!is_better(graft, way, groups))
        return;
    *graft = (struct search_graft){ .proposal = proposal_of(search, way, tried),
        .ingredient = way->ingredient,
        .groups = groups,
        .size = way->size,
        .is_long = way->is_long,
        .is_own = way->is_own };
}

static bool mends_all(const struct search *search)
{
    const struct search_graft *graft = &search->graft;
    return graft->groups > 0 && graft->groups >= search->fail_groups && !graft->is_long;
}

static int try_way(struct search *search, const struct graft_way *way, struct err *err)
{
    const struct json *tried;
    int r =
        judge_tried(&search->judge, &search->arena, proposal_of(search, way, NULL), &tried, err);
    if (r < 0)
        return r;
    int64_t groups = json_int(json_get(tried, "fixed_groups"), 0);
    int64_t changed = json_int(json_get(tried, "changed"), 0);
    bool ok = json_bool(json_get(tried, "ok"), false);
    judge_say(&search->judge, "%s %s %lld of %u groups, changes %lld steps that must stay%s",
        way->summary, ok ? "Mends" : "Refused:", (long long)groups, search->fail_groups,
        (long long)changed, way->is_long ? "; longer than the policy lets pass" : "");
    if (ok && groups > 0 && changed == 0)
        hold(search, way, tried);
    return 0;
}

static bool is_left_out(struct search *search, const struct graft_way *way)
{
    return vocabulary_lacks(&search->vocabulary, way->ingredient) ||
           search_lost(search, way->plugin, proposal_of(search, way, NULL));
}

static int try_ways(struct search *search, const struct graft_ways *ways, struct err *err)
{
    uint32_t tries = 0;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < ways->count && tries < TRIES_MAX && !mends_all(search);
         i++) {
        double limit = search->bundle->seconds * (double)TIME_PERCENT / 100;
        if (judge_seconds(&search->judge) > limit || search->judge.tried >= TRIED_MAX)
            break;
        if (is_left_out(search, &ways->at[i]))
            continue;
        r = try_way(search, &ways->at[i], err);
        tries++;
    }
    return r;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = ((const struct graft_way *)a)->size, y = ((const struct graft_way *)b)->size;
    return (x > y) - (x < y);
}

static struct str source_of(const struct bundle *bundle, struct str path)
{
    for (uint32_t i = 0; i < bundle->plugins_count; i++)
        if (str_equal(bundle->plugins[i].path, path))
            return bundle->plugins[i].source;
    return bundle->pipeline;
}

/* The gate counts lines; nobody waits for what it refuses for that. */
static bool is_long(const struct bundle *bundle, const struct graft_way *way)
{
    CLEANUP(buf_done) struct buf now = { 0 };
    struct str was = source_of(bundle, way->path);
    const struct bundle_plugin plugin = { .source = was };
    const struct target target = { .plugin = &plugin };
    if (!bundle->lines)
        return false;
    target_apply(&now, &target, way->edits, way->edits_count);
    return lines_changed(was, buf_view(&now)) > bundle->lines;
}

/* What this harness has been or has, then what others wrote; of that the short first. */
static void list_ways(struct graft_ways *ways, struct search *search)
{
    CLEANUP(syntax_freep) struct syntax *order = NULL;
    if (syntax_parse(&order, "pipeline", search->bundle->pipeline, NULL, NULL) < 0)
        return;
    graft_earlier(ways, search, order);
    graft_rows(ways, search, order);
    uint32_t own = ways->count;
    if (search->target.syntax && !vocabulary_lacks(&search->vocabulary, "stock"))
        graft_stock(ways, search);
    qsort(ways->at + own, ways->count - own, sizeof ways->at[0], by_size);
    for (uint32_t i = 0; i < ways->count; i++)
        ways->at[i].is_long = is_long(search->bundle, &ways->at[i]);
}

int search_graft(struct search *search, struct err *err)
{
    if (vocabulary_lacks(&search->vocabulary, "graft"))
        return 0;
    CLEANUP(mem_freep) struct graft_ways *ways = mem_zero(1, sizeof *ways);
    list_ways(ways, search);
    int r = try_ways(search, ways, err);
    if (r == 0 && mends_all(search) && search->graft.is_own)
        r = search_graft_offer(search, 0, err);
    return r;
}

int search_graft_offer(struct search *search, uint32_t groups, struct err *err)
{
    struct search_graft *graft = &search->graft;
    bool behind = graft->groups < groups || (graft->is_long && groups > 0);
    if (graft->groups == 0 || behind || graft->offered)
        return 0;
    graft->offered = true;
    int r = judge_send(&search->judge, PROPOSER_PROPOSE, graft->proposal, err);
    return r < 0 ? r : 1;
}
