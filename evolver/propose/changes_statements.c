/* changes_statements - a statement less, or elsewhere in its block.
 *
 * A statement goes with its comment: the one on the lines above it, or behind it on its own line.
 * What is moved is an expression or an if; it passes declarations that it does not use. */
#include "propose/changes.h"

#include "base/mem.h"

#include <string.h>

enum { FAR_MAX = 4, BLOCK_MAX = 64, SAID_MAX = 60 };

/* The statements of a block, comments left out. */
struct block {
    uint32_t at[BLOCK_MAX];
    uint32_t count;
};

static bool one_line(const struct syntax *syntax, uint32_t from, uint32_t to)
{
    return !memchr(syntax->source.at + from, '\n', to - from);
}

/* With the blanks in front of it, its comments, and no newline behind. */
static struct span extent_of(const struct syntax *syntax, uint32_t node)
{
    struct span span = syntax->nodes[node].span;
    uint32_t behind = syntax_after(syntax, node), above = 0, top = span.from;
    if (syntax_is(syntax, behind, "comment") &&
        one_line(syntax, span.to, syntax->nodes[behind].span.from))
        span.to = syntax->nodes[behind].span.to;
    SYNTAX_EACH_CHILD(child, syntax, syntax->nodes[node].parent)
    {
        if (child >= node)
            break;
        above = child;
    }
    if (above && syntax_is(syntax, above, "comment")) {
        struct span comment = syntax->nodes[above].span;
        uint32_t line = comment.from;
        while (line > 0 && strchr(" \t", syntax->source.at[line - 1]))
            line--;
        if (line > 0 && syntax->source.at[line - 1] == '\n' &&
            syntax->nodes[node].place.line == syntax_place(syntax, comment.to - 1).line + 1)
            top = comment.from;
    }
    while (top > 0 && strchr(" \t", syntax->source.at[top - 1]))
        top--;
    if (top > 0 && syntax->source.at[top - 1] == '\n')
        top--;
    span.from = top;
    return span;
}

/* The first line of a statement, for people. */
static const char *said(const struct changes *list, uint32_t node)
{
    struct str text = syntax_text(list->target->syntax, node);
    const char *line = memchr(text.at, '\n', text.size);
    size_t size = line ? (size_t)(line - text.at) : text.size;
    bool cut = size < text.size || size > SAID_MAX;
    size = size > SAID_MAX ? SAID_MAX : size;
    return arena_format(list->arena, "`%.*s%s`", (int)size, text.at, cut ? " ..." : "");
}

static struct block block_of(const struct syntax *syntax, uint32_t compound)
{
    struct block block = { .count = 0 };
    SYNTAX_EACH_CHILD(child, syntax, compound)
    if (syntax->nodes[child].named && !syntax_is(syntax, child, "comment") &&
        block.count < BLOCK_MAX)
        block.at[block.count++] = child;
    return block;
}

/* Explaining is for people, and judged by nobody. */
static bool only_explains(const struct syntax *syntax, uint32_t statement)
{
    return str_starts(syntax_text(syntax, statement), STR("moult_explain("));
}

static bool holds_kind(const struct syntax *syntax, uint32_t top, const char *kind)
{
    SYNTAX_EACH_WITHIN(node, syntax, top)
    if (syntax_is(syntax, node, kind))
        return true;
    return false;
}

/* --- a statement less */

/* A function that ends without its last return ends anywhere. */
static bool ends_with_return(const struct syntax *syntax, const struct outline_function *function)
{
    struct block block = block_of(syntax, function->body);
    return str_equal(function->returns, STR("void")) ||
           (block.count > 0 && syntax_is(syntax, block.at[block.count - 1], "return_statement"));
}

static bool may_go(const struct syntax *syntax, uint32_t statement)
{
    uint32_t around = syntax->nodes[syntax->nodes[statement].parent].parent;
    if (syntax_is(syntax, statement, "expression_statement"))
        return !only_explains(syntax, statement);
    if (syntax_is(syntax, statement, "if_statement"))
        return !syntax_child(syntax, statement, "alternative");
    return syntax_is(syntax, statement, "return_statement") &&
           (syntax_is(syntax, around, "if_statement") || syntax_is(syntax, around, "else_clause"));
}

static void add_deletion(struct changes *list, uint32_t statement, struct span gone)
{
    struct change *change = changes_add(list, CHANGE_DELETE, statement);
    struct change_way *way = change ? change_way(list, change, STR("")) : NULL;
    if (!way)
        return;
    way->edits[way->edits_count++] = (struct target_edit){ gone.from, gone.to, STR("") };
    way->does = arena_format(list->arena, "%s is left out", said(list, statement));
}

/* `else ...`, whole: what stands behind the else is not done. */
static void add_else(struct changes *list, uint32_t clause)
{
    const struct syntax *syntax = list->target->syntax;
    struct block body = block_of(syntax, clause);
    struct span gone = syntax->nodes[clause].span;
    while (gone.from > 0 && strchr(" \t\n", syntax->source.at[gone.from - 1]))
        gone.from--;
    if (body.count == 1)
        add_deletion(list, body.at[0], gone);
}

/* --- a statement elsewhere */

/* Whether the name is declared there, and not only used. */
static bool declares(const struct syntax *syntax, uint32_t declaration, uint32_t name)
{
    bool is = syntax_is(syntax, name, "identifier");
    for (uint32_t at = name; is && at > declaration; at = syntax->nodes[at].parent)
        is = strcmp(syntax->nodes[at].field, "value") != 0;
    return is;
}

/* Whether the statement uses a name that the declaration declares. */
static bool needs(const struct syntax *syntax, uint32_t statement, uint32_t declaration)
{
    SYNTAX_EACH_WITHIN(name, syntax, declaration)
    {
        if (!declares(syntax, declaration, name))
            continue;
        SYNTAX_EACH_WITHIN(node, syntax, statement)
        if (syntax->nodes[node].leaf &&
            str_equal(syntax_text(syntax, node), syntax_text(syntax, name)))
            return true;
    }
    return false;
}

static bool may_move(const struct syntax *syntax, uint32_t statement)
{
    bool kind = syntax_is(syntax, statement, "expression_statement") ||
                syntax_is(syntax, statement, "if_statement");
    return kind && !only_explains(syntax, statement) &&
           !holds_kind(syntax, statement, "labeled_statement");
}

/* What does nothing where no other statement follows: a way out, a local's new value. */
static bool idle_at_end(const struct syntax *syntax, uint32_t statement)
{
    static const char *const jumps[] = { "return_statement", "continue_statement",
        "break_statement" };
    for (size_t i = 0; i < COUNT_OF(jumps); i++)
        if (syntax_is(syntax, statement, "if_statement") && holds_kind(syntax, statement, jumps[i]))
            return true;
    uint32_t set = syntax_first(syntax, statement);
    return syntax_is(syntax, set, "assignment_expression") &&
           syntax_is(syntax, syntax_child(syntax, set, "left"), "identifier");
}

/* Nothing but a return stands behind this one. */
static bool is_last(const struct syntax *syntax, const struct block *block, uint32_t number)
{
    return number + 1 == block->count ||
           syntax_is(syntax, block->at[number + 1], "return_statement");
}

static void add_place(
    struct changes *list, struct change *change, uint32_t statement, uint32_t other, bool behind)
{
    const struct syntax *syntax = list->target->syntax;
    struct span from = extent_of(syntax, statement), of = extent_of(syntax, other);
    bool calls = holds_kind(syntax, other, "call_expression");
    if (only_explains(syntax, other) || (syntax_is(syntax, other, "declaration") && !calls))
        return; /* the same as not to move past it */
    uint32_t to = behind ? of.to : of.from;
    struct str name = str_of(arena_format(list->arena, "%u", to));
    struct change_way *way = change_way(list, change, name);
    if (!way)
        return;
    struct target_edit gone = { from.from, from.to, STR("") };
    struct target_edit here = { to, to, syntax_slice(syntax, from) };
    way->edits[0] = behind ? gone : here;
    way->edits[1] = behind ? here : gone;
    way->edits_count = 2;
    way->does = arena_format(list->arena, "%s stands %s %s", said(list, statement),
        behind ? "behind" : "before", said(list, other));
}

static void add_moves(struct changes *list, const struct block *block, uint32_t number)
{
    const struct syntax *syntax = list->target->syntax;
    uint32_t statement = block->at[number];
    struct change *change = changes_add(list, CHANGE_MOVE, statement);
    if (!change)
        return;
    bool ends =
        number > 0 && is_last(syntax, block, number) && idle_at_end(syntax, block->at[number - 1]);
    for (uint32_t i = number; !ends && i > 0 && number - i < FAR_MAX; i--) {
        uint32_t other = block->at[i - 1];
        if (syntax_is(syntax, other, "declaration") && needs(syntax, statement, other))
            break;
        add_place(list, change, statement, other, false);
    }
    for (uint32_t i = number + 1; i < block->count && i - number <= FAR_MAX; i++) {
        uint32_t other = block->at[i];
        if (syntax_is(syntax, other, "return_statement"))
            break;
        /* The next one before this one is the same, if it may move. */
        bool idle = is_last(syntax, block, i) && idle_at_end(syntax, statement);
        if (!idle && (i > number + 1 || !may_move(syntax, other)))
            add_place(list, change, statement, other, true);
    }
    if (change->values_count == 0)
        list->count--;
}

/* --- all of a function */

static void of_block(struct changes *list, uint32_t compound, bool returns)
{
    const struct syntax *syntax = list->target->syntax;
    struct block block = block_of(syntax, compound);
    for (uint32_t i = 0; i < block.count; i++) {
        if (returns && may_go(syntax, block.at[i]) &&
            !holds_kind(syntax, block.at[i], "labeled_statement"))
            add_deletion(list, block.at[i], extent_of(syntax, block.at[i]));
        if (may_move(syntax, block.at[i]))
            add_moves(list, &block, i);
    }
}

void changes_statements(struct changes *list)
{
    const struct syntax *syntax = list->target->syntax;
    for (uint32_t f = 0; f < list->functions.count; f++) {
        const struct outline_function *function = &list->functions.at[f];
        bool returns = ends_with_return(syntax, function);
        SYNTAX_EACH_WITHIN(node, syntax, function->body)
        {
            if (syntax_is(syntax, node, "compound_statement"))
                of_block(list, node, returns);
            if (returns && syntax_is(syntax, node, "else_clause"))
                add_else(list, node);
        }
    }
}
