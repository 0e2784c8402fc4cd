/* describe - see describe.h. For each change the first teller that knows its surroundings speaks.
 */
#include "patch/describe.h"
#include "patch/condition.h"
#include "patch/describe_side.h"

#include "base/mem.h"

#include <string.h>

enum { PIECE_MAX = 100, LONG_MAX = 1000 };

/* --- lines */

static void tell_some(
    struct telling *telling, const struct syntax *syntax, struct span span, uint32_t most)
{
    struct str text = str_trim(syntax_slice(syntax, span));
    uint32_t size = 0;
    bool blank = false, cut = false;
    buf_char(telling->out, '`');
    for (size_t i = 0; i < text.size && !cut; i++) {
        char c = text.at[i];
        bool space = c == ' ' || c == '\n' || c == '\t';
        if (!space && blank)
            buf_char(telling->out, ' ');
        if (!space)
            buf_char(telling->out, c);
        blank = space;
        cut = ++size >= most && (i + 1 == text.size || (text.at[i + 1] & 0xc0) != 0x80) &&
              i + 1 < text.size;
    }
    buf_text(telling->out, cut ? "...`" : "`");
}

void tell_piece(struct telling *telling, const struct syntax *syntax, struct span span)
{
    tell_some(telling, syntax, span, PIECE_MAX);
}

void tell_long_piece(struct telling *telling, const struct syntax *syntax, struct span span)
{
    tell_some(telling, syntax, span, LONG_MAX);
}

void tell_node(struct telling *telling, const struct syntax *syntax, uint32_t node)
{
    tell_piece(telling, syntax, syntax->nodes[node].span);
}

static const char *hook_of(const struct side_tree *side, struct str function)
{
    for (uint32_t i = 0; i < side->plugin.count; i++)
        if (side->plugin.at[i].hook && str_equal(side->plugin.at[i].value, function))
            return side->plugin.at[i].hook;
    return NULL;
}

static const struct outline_function *function_at(const struct side_tree *side, uint32_t node)
{
    uint32_t offset = side->syntax->nodes[node].span.from;
    for (uint32_t i = 0; i < side->functions.count; i++)
        if (side->functions.at[i].span.from <= offset && offset < side->functions.at[i].span.to)
            return &side->functions.at[i];
    return NULL;
}

void tell_where(
    struct telling *telling, const char *prefix, const struct side_tree *side, uint32_t node)
{
    const struct outline_function *function = node ? function_at(side, node) : NULL;
    telling->begin = telling->out->size;
    buf_text(telling->out, prefix);
    if (function) {
        const char *hook = hook_of(side, function->name);
        buf_str(telling->out, function->name);
        if (hook)
            buf_format(telling->out, " (%s)", hook);
        buf_text(telling->out, ", ");
    }
    buf_format(telling->out, "line %u: ", side->syntax->nodes[node].place.line);
}

/* What is over the bound is counted, and not told. */
void tell_end(struct telling *telling)
{
    buf_char(telling->out, '\n');
    if (telling->lines < DESCRIBE_LINES_MAX) {
        telling->lines++;
        return;
    }
    telling->out->size = telling->begin;
    telling->hidden++;
}

static void becomes(struct telling *telling, uint32_t was, uint32_t now)
{
    tell_node(telling, telling->was.syntax, was);
    buf_text(telling->out, " becomes ");
    tell_node(telling, telling->now.syntax, now);
}

/* --- where a change stands */

/* The condition of an if or loop that holds the run, or 0. */
static uint32_t condition_around(const struct syntax *syntax, const struct diff_run *run)
{
    for (uint32_t node = run->first ? run->first : run->parent; node;
         node = syntax->nodes[node].parent)
        if (!strcmp(syntax->nodes[node].field, "condition") &&
            !syntax_is(syntax, syntax->nodes[node].parent, "switch_statement"))
            return node;
    return 0;
}

/* The node of that kind that holds the run, or is all of it, or 0. */
static uint32_t within(const struct syntax *syntax, const struct diff_run *run, const char *kind)
{
    if (run->first && run->first == run->last && syntax_is(syntax, run->first, kind))
        return run->first;
    if (syntax_is(syntax, run->parent, kind))
        return run->parent;
    return syntax_around(syntax, run->parent, kind);
}

static bool is_in(const struct syntax *syntax, uint32_t node, uint32_t top)
{
    return top && node >= top && node < top + syntax->nodes[top].next;
}

static const struct outline_table *table_around(
    const struct side_tree *side, const struct diff_run *run)
{
    for (uint32_t i = 0; i < side->tables.count; i++)
        if (is_in(side->syntax, run->parent, side->tables.at[i].list))
            return &side->tables.at[i];
    return NULL;
}

/* --- tellers: true if they knew what to say */

static bool tell_condition(struct telling *telling, const struct diff_change *change)
{
    uint32_t was = condition_around(telling->was.syntax, &change->was);
    uint32_t now = condition_around(telling->now.syntax, &change->now);
    if (!was || !now)
        return false;
    if (telling->told == was)
        return true;
    telling->told = was;
    const char *prefix = guard_of_condition(telling->was.syntax, was, telling->now.syntax, now);
    enum relation relation = condition_relation(telling->was.syntax, was, telling->now.syntax, now);
    tell_where(telling, prefix, &telling->now, now);
    buf_text(telling->out, "the condition ");
    becomes(telling, was, now);
    buf_format(telling->out, " (%s)", relation_words[relation]);
    tell_end(telling);
    return true;
}

/* .NAME of moult_plugin, in this run or around it; index in members, or -1. */
static int member_of(const struct side_tree *side, uint32_t pair)
{
    for (uint32_t i = 0; i < side->plugin.count; i++)
        if (side->plugin.at[i].node == pair)
            return (int)i;
    return -1;
}

static bool is_state(const struct outline_member *member)
{
    return str_equal(member->name, STR("state_schema")) ||
           str_equal(member->name, STR("state_size"));
}

static bool only_looks(const struct outline_member *member)
{
    return member && str_find(member->value, STR("MOULT_ONLY_LOOKS")) >= 0;
}

static void tell_member(
    struct telling *telling, const struct outline_member *was, const struct outline_member *now)
{
    const struct outline_member *one = now ? now : was;
    const char *prefix = is_state(one)             ? "state: "
                         : one->hook && !now       ? "guard weaker: "
                         : one->hook && was && now ? "guard changed: "
                                                   : "";
    tell_where(telling, prefix, now ? &telling->now : &telling->was, one->node);
    buf_format(
        telling->out, "%s%.*s ", one->hook ? "hook " : ".", (int)one->name.size, one->name.at);
    if (was && now) {
        becomes(telling, was->value_node, now->value_node);
    } else {
        buf_text(telling->out, now ? "is added: " : "is taken out: ");
        tell_node(telling, now ? telling->now.syntax : telling->was.syntax, one->value_node);
    }
    if (str_equal(one->name, STR("state_schema")))
        buf_text(telling->out, "; what sessions keep for this plugin begins anew");
    if (only_looks(was) != only_looks(now))
        buf_text(telling->out, now && only_looks(now)
                                   ? "; what the model says no longer waits for this plugin"
                                   : "; what the model says waits for this plugin");
    tell_end(telling);
}

static void tell_members(
    struct telling *telling, const struct side_tree *side, const struct diff_run *run, bool new)
{
    for (uint32_t node = run->first; node;
         node = node == run->last ? 0 : syntax_after(side->syntax, node)) {
        int member = member_of(side, node);
        if (member >= 0)
            tell_member(telling, new ? NULL : &side->plugin.at[member],
                new ? &side->plugin.at[member] : NULL);
    }
}

static bool tell_plugin(struct telling *telling, const struct diff_change *change)
{
    const struct side_tree *was = &telling->was, *now = &telling->now;
    if (!is_in(now->syntax, change->now.parent, now->plugin.initializer))
        return false;
    int a = member_of(was, within(was->syntax, &change->was, "initializer_pair"));
    int b = member_of(now, within(now->syntax, &change->now, "initializer_pair"));
    if (a >= 0 && b >= 0) {
        tell_member(telling, &was->plugin.at[a], &now->plugin.at[b]);
    } else {
        tell_members(telling, was, &change->was, false);
        tell_members(telling, now, &change->now, true);
    }
    return true;
}

/* The row that holds the run, or 0 if the run is rows. */
static uint32_t row_of(
    const struct outline_table *table, const struct side_tree *side, const struct diff_run *run)
{
    for (uint32_t i = 0; i < table->rows_count; i++)
        if (is_in(side->syntax, run->parent, table->rows[i]))
            return table->rows[i];
    return run->first && run->first == run->last && run->count == 1 ? run->first : 0;
}

static bool has_row(const struct side_tree *side, const struct syntax *of, uint32_t row)
{
    for (uint32_t i = 0; i < side->tables.count; i++)
        for (uint32_t n = 0; n < side->tables.at[i].rows_count; n++)
            if (diff_same(of, row, side->syntax, side->tables.at[i].rows[n]))
                return true;
    return false;
}

static void tell_rows(struct telling *telling, const struct side_tree *side,
    const struct side_tree *other, const struct diff_run *run, bool new)
{
    const struct outline_table *table = table_around(side, run);
    for (uint32_t node = run->first; table && node;
         node = node == run->last ? 0 : syntax_after(side->syntax, node)) {
        if (!side->syntax->nodes[node].named)
            continue;
        bool moved = has_row(other, side->syntax, node);
        bool order = str_equal(table->type, STR("struct moult_place"));
        tell_where(telling, order && !new && !moved ? "guard weaker: " : "", side, node);
        buf_format(telling->out, "the table %.*s %s ", (int)table->name.size, table->name.at,
            moved ? (new ? "moves to here" : "moves from here")
                  : (new ? "gets the row" : "loses the row"));
        tell_node(telling, side->syntax, node);
        tell_end(telling);
    }
}

static bool tell_table(struct telling *telling, const struct diff_change *change)
{
    const struct side_tree *was = &telling->was, *now = &telling->now;
    const struct outline_table *a = table_around(was, &change->was);
    const struct outline_table *b = table_around(now, &change->now);
    if (!a || !b)
        return false;
    uint32_t old = row_of(a, was, &change->was), new = row_of(b, now, &change->now);
    if (old && new) {
        bool order = str_equal(b->type, STR("struct moult_place"));
        tell_where(telling, order ? "guard changed: " : "", now, new);
        buf_format(telling->out, "in the table %.*s ", (int)b->name.size, b->name.at);
        becomes(telling, old, new);
        tell_end(telling);
        return true;
    }
    tell_rows(telling, was, now, &change->was, false);
    tell_rows(telling, now, was, &change->now, true);
    return true;
}

/* The struct that a session's state is, told once. It may grow at its end. */
static bool tell_state(struct telling *telling, const struct diff_change *change)
{
    const struct syntax *was = telling->was.syntax, *now = telling->now.syntax;
    uint32_t a = within(was, &change->was, "field_declaration_list");
    uint32_t b = within(now, &change->now, "field_declaration_list");
    if (!a || !b || !syntax_around(now, b, "struct_specifier"))
        return false;
    uint32_t name = syntax_child(now, now->nodes[b].parent, "name");
    bool state = name && syntax_has_text(now, name, "state");
    uint32_t old = syntax_first(was, a), new = syntax_first(now, b);
    while (old && new &&diff_same(was, old, now, new)) {
        old = syntax_after(was, old);
        new = syntax_after(now, new);
    }
    bool grows = old && syntax_is(was, old, "}");
    if (telling->told == a)
        return true;
    telling->told = a;
    tell_where(telling, state ? "state: " : "", &telling->now, b);
    becomes(telling, was->nodes[a].parent, now->nodes[b].parent);
    if (state)
        buf_text(telling->out, grows ? "; it grows at its end, old sessions read zeros there"
                                     : "; it changes otherwise than at its end, which needs a new "
                                       "state_schema");
    tell_end(telling);
    return true;
}

static bool tell_constant(struct telling *telling, const struct diff_change *change)
{
    uint32_t was = within(telling->was.syntax, &change->was, "enumerator");
    uint32_t now = within(telling->now.syntax, &change->now, "enumerator");
    if (!was || !now)
        return false;
    tell_where(telling, "", &telling->now, now);
    buf_text(telling->out, "the constant ");
    becomes(telling, was, now);
    tell_end(telling);
    return true;
}

/* Functions, constants and types come and go. */
static void tell_file_run(
    struct telling *telling, const struct side_tree *side, const struct diff_run *run, bool new)
{
    for (uint32_t node = run->first; node;
         node = node == run->last ? 0 : syntax_after(side->syntax, node)) {
        if (!side->syntax->nodes[node].named || syntax_is(side->syntax, node, "comment"))
            continue;
        uint32_t body = syntax_child(side->syntax, node, "body");
        struct span span = side->syntax->nodes[node].span;
        if (body && syntax_is(side->syntax, node, "function_definition"))
            span.to = side->syntax->nodes[body].span.from;
        bool stops = !new &&body &&guard_denies(side->syntax, body);
        tell_where(telling, stops ? "guard weaker: " : "", side, node);
        buf_text(telling->out, new ? "the file gets " : "the file loses ");
        tell_piece(telling, side->syntax, span);
        tell_end(telling);
        if (new &&body)
            tell_inside(telling, side, body, body);
    }
}

static bool tell_file(struct telling *telling, const struct diff_change *change)
{
    if (change->was.parent || change->now.parent)
        return false;
    tell_file_run(telling, &telling->was, &change->was, false);
    tell_file_run(telling, &telling->now, &change->now, true);
    return true;
}

/* The statement or declaration around a change smaller than one. */
static uint32_t statement_around(const struct syntax *syntax, uint32_t node)
{
    for (; node; node = syntax->nodes[node].parent) {
        const char *kind = syntax->nodes[node].kind;
        const char *tail = strrchr(kind, '_');
        if ((tail && !strcmp(tail, "_statement") && strcmp(kind, "compound_statement") != 0) ||
            !strcmp(kind, "declaration"))
            return node;
        if (!strcmp(kind, "compound_statement") || !strcmp(kind, "function_definition"))
            return 0;
    }
    return 0;
}

static bool tell_statement(struct telling *telling, const struct diff_change *change)
{
    const struct side_tree *was = &telling->was, *now = &telling->now;
    bool out = change->was.first, in = change->now.first;
    const struct side_tree *side = in ? now : was;
    uint32_t at = in ? change->now.first : change->was.first;
    tell_where(telling, guard_of_change(telling, change), side, at);
    if (in && !out)
        buf_text(telling->out, "puts in ");
    if (out) {
        buf_text(telling->out, in ? "" : "takes out ");
        tell_piece(telling, was->syntax, diff_span(was->syntax, &change->was));
    }
    if (in && out)
        buf_text(telling->out, " becomes ");
    if (in)
        tell_piece(telling, now->syntax, diff_span(now->syntax, &change->now));
    uint32_t around = statement_around(side->syntax, in ? change->now.parent : change->was.parent);
    if (around) {
        buf_text(telling->out, " in ");
        tell_node(telling, side->syntax, around);
    }
    tell_end(telling);
    struct span put = diff_span(now->syntax, &change->now);
    if (in && put.to - put.from > PIECE_MAX)
        tell_inside(telling, now, change->now.first, change->now.last);
    return true;
}

static bool (*const tellers[])(struct telling *telling, const struct diff_change *change) = {
    tell_condition,
    tell_plugin,
    tell_table,
    tell_state,
    tell_constant,
    tell_file,
    tell_statement,
};

static struct side_tree side_of(const struct syntax *syntax, struct arena *arena)
{
    struct side_tree side = { .syntax = syntax, .functions = outline_functions(syntax, arena) };
    side.plugin = outline_plugin(syntax, &side.functions, arena);
    side.tables = outline_tables(syntax, arena);
    return side;
}

void describe_patch(struct buf *out, const struct describe *describe)
{
    struct telling telling = { .describe = describe, .out = out };
    telling.was = side_of(describe->was, &telling.arena);
    telling.now = side_of(describe->now, &telling.arena);
    for (uint32_t at = 0; at < describe->diff->count; at++) {
        const struct diff_change *change = &describe->diff->at[at];
        for (size_t i = 0; i < COUNT_OF(tellers); i++)
            if (tellers[i](&telling, change))
                break;
        tell_chance(&telling, &change->now);
        tell_literals(&telling, &change->now);
    }
    if (describe->diff->count) {
        tell_always(&telling);
        tell_powers(&telling);
    }
    if (telling.hidden)
        buf_format(out, "and %u more lines, which the diff shows\n", telling.hidden);
    arena_done(&telling.arena);
}
