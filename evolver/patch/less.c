/* less - see less.h. */
#include "patch/less.h"

#include "patch/diff.h"
#include "patch/node.h"
#include "patch/outline.h"
#include "patch/patch.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

/* By enum moult_hook_id. */
static const char *const hook_words[LESS_HOOKS] = { "MOULT_TURN_START", "MOULT_CONTEXT",
    "MOULT_REQUEST", "MOULT_MODEL_ERROR", "MOULT_REPLY", "MOULT_BEFORE_TOOL", "MOULT_AFTER_TOOL",
    "MOULT_ANSWER", "MOULT_TURN_END" };

struct row {
    uint32_t node;
    int hook;
    struct str plugin;
};
struct rows {
    uint32_t list;
    struct row *at;
    uint32_t count;
};

/* --- one order */

/* { HOOK, "plugin" }, and nothing else. */
static bool read_row(struct row *ret, const struct syntax *syntax, uint32_t node)
{
    uint32_t parts[2], count = 0;
    SYNTAX_EACH_CHILD(child, syntax, node)
    {
        if (!syntax->nodes[child].named || syntax_is(syntax, child, "comment"))
            continue;
        if (count == 2)
            return false;
        parts[count++] = child;
    }
    if (!syntax_is(syntax, node, "initializer_list") || count != 2 ||
        !syntax_is(syntax, parts[0], "identifier") ||
        !syntax_is(syntax, parts[1], "string_literal"))
        return false;
    struct str text = syntax_text(syntax, parts[1]);
    *ret = (struct row){ node, -1, { text.at + 1, text.size - 2 } };
    for (int i = 0; i < LESS_HOOKS; i++)
        if (syntax_has_text(syntax, parts[0], hook_words[i]))
            ret->hook = i;
    return ret->hook >= 0 && text.size > 2 && !memchr(text.at, '\\', text.size);
}

/* The one table of places: with two of them nobody knows here which one counts. */
static bool read_rows(struct rows *ret, const struct syntax *syntax, struct arena *arena)
{
    const struct outline_tables tables = outline_tables(syntax, arena);
    const struct outline_table *table = NULL;
    for (uint32_t i = 0; i < tables.count; i++) {
        if (!str_equal(tables.at[i].type, STR("struct moult_place")))
            continue;
        if (table)
            return false;
        table = &tables.at[i];
    }
    if (!table)
        return false;
    *ret = (struct rows){ table->list,
        arena_alloc(arena, (table->rows_count + 1) * sizeof(struct row)), table->rows_count };
    for (uint32_t i = 0; i < ret->count; i++)
        if (!read_row(&ret->at[i], syntax, table->rows[i]))
            return false;
    return true;
}

/* --- two of them */

/* The tokens of two ranges; comments are none. */
static bool same_tokens(
    const struct syntax *was, struct span a, const struct syntax *now, struct span b)
{
    for (;;) {
        a.from = syntax_next_token(was, a.from);
        b.from = syntax_next_token(now, b.from);
        bool over_a = !a.from || a.from >= a.to, over_b = !b.from || b.from >= b.to;
        if (over_a || over_b)
            return over_a && over_b;
        if (!str_equal(syntax_text(was, a.from), syntax_text(now, b.from)))
            return false;
        a.from = syntax_end_of_token(was, a.from);
        b.from = syntax_end_of_token(now, b.from);
    }
}

static uint32_t next_directive(const struct syntax *syntax, uint32_t from)
{
    while (from < syntax->count && strncmp(syntax->nodes[from].kind, "preproc_", 8) != 0)
        from++;
    return from;
}

static bool same_directives(const struct syntax *was, const struct syntax *now)
{
    uint32_t a = next_directive(was, 1), b = next_directive(now, 1);
    while (a < was->count && b < now->count) {
        if (!str_equal(str_trim(syntax_text(was, a)), str_trim(syntax_text(now, b))))
            return false;
        a = next_directive(was, a + 1);
        b = next_directive(now, b + 1);
    }
    return a == was->count && b == now->count;
}

/* In front of the two tables and behind them. Nodes are counted here, no bytes. */
static bool same_elsewhere(
    const struct syntax *was, uint32_t a, const struct syntax *now, uint32_t b)
{
    const struct span front_a = { 1, a }, behind_a = { a + was->nodes[a].next, was->count };
    const struct span front_b = { 1, b }, behind_b = { b + now->nodes[b].next, now->count };
    return same_tokens(was, front_a, now, front_b) && same_tokens(was, behind_a, now, behind_b) &&
           same_directives(was, now);
}

/* Each row that is left is the next of those that were; what lies between has gone. */
static bool take_rows(struct less *ret, const struct rows *was, const struct rows *now)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < was->count; i++) {
        const struct row *row = &was->at[i], *next = left < now->count ? &now->at[left] : NULL;
        if (next && next->hook == row->hook && str_equal(next->plugin, row->plugin)) {
            left++;
            continue;
        }
        if (ret->hooks && !str_equal(ret->plugin, row->plugin))
            return false;
        ret->plugin = row->plugin;
        ret->hooks |= 1u << row->hook;
    }
    return ret->hooks && left == now->count && now->count > 0;
}

/* As a plugin is called: what is called otherwise is none, and no row of it is asked. */
static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", name.at[i]))
            return false;
    return name.size > 0 && name.size < LESS_NAME_MAX;
}

bool less_of(
    struct less *ret, const struct syntax *was, const struct syntax *now, struct arena *arena)
{
    struct less less = { .whole = true };
    struct rows before, behind;
    if (!read_rows(&before, was, arena) || !read_rows(&behind, now, arena) ||
        !same_elsewhere(was, before.list, now, behind.list) ||
        !take_rows(&less, &before, &behind) || !is_name(less.plugin))
        return false;
    less.empty = less.hooks;
    for (uint32_t i = 0; i < behind.count; i++) {
        less.empty &= ~(1u << behind.at[i].hook);
        less.whole &= !str_equal(behind.at[i].plugin, less.plugin);
    }
    *ret = less;
    return true;
}

/* --- telling */

static void list_hooks(struct buf *out, unsigned hooks, const char *quote)
{
    const char *between = "";
    for (int i = 0; i < LESS_HOOKS; i++)
        if (hooks & 1u << i) {
            buf_format(out, "%s%s%s%s", between, quote, outline_hooks[i], quote);
            between = ", ";
        }
}

void less_tell(struct buf *out, const struct less *less)
{
    buf_format(out, "the same with less: `%.*s` is not asked at ", (int)less->plugin.size,
        less->plugin.at);
    list_hooks(out, less->hooks, "");
    buf_text(out, less->whole ? " any more, and nowhere else\n" : " any more\n");
    if (!less->empty)
        return;
    buf_text(out, "guard weaker: nobody is asked at ");
    list_hooks(out, less->empty, "");
    buf_text(out, " any more\n");
}

void less_print(struct buf *out, const struct less *less)
{
    buf_text(out, ",\"less\":{\"plugin\":");
    json_quote(out, less->plugin);
    buf_text(out, ",\"hooks\":[");
    list_hooks(out, less->hooks, "\"");
    buf_text(out, "],\"empty\":[");
    list_hooks(out, less->empty, "\"");
    buf_format(out, "],\"whole\":%s}", less->whole ? "true" : "false");
}

/* --- the source without it */

int less_source(struct buf *out, const struct syntax *order, struct str plugin, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct node_change changes[NODE_CHANGES_MAX];
    struct patch_edit edits[NODE_CHANGES_MAX];
    struct rows rows;
    uint32_t count = 0;
    if (!read_rows(&rows, order, &arena))
        return err_set(err, ERR_INPUT,
            "the order is no one table of { HOOK, \"plugin\" }: write the patch by hand");
    for (uint32_t i = 0; i < rows.count; i++) {
        if (!str_equal(rows.at[i].plugin, plugin))
            continue;
        if (count == NODE_CHANGES_MAX)
            return err_set(err, ERR_LIMIT, "more than %d rows of it", NODE_CHANGES_MAX);
        changes[count++] = (struct node_change){ NODE_DELETE, rows.at[i].node, { "", 0 } };
    }
    if (count == 0)
        return err_set(
            err, ERR_MISSING, "no row of the order names %.*s", (int)plugin.size, plugin.at);
    if (count == rows.count)
        return err_set(err, ERR_INPUT, "no plugin would be asked at all");
    int rc = node_edits(edits, order, changes, count, &arena, err);
    if (rc == 0 && !patch_apply(out, order->source, edits, count))
        return err_set(err, ERR_DEFECT, "the edits of a removal do not fit");
    return rc;
}
