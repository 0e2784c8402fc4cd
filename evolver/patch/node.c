/* node - see node.h. */
#include "patch/node.h"

#include "base/mem.h"
#include "patch/outline_names.h"

#include <stdlib.h>
#include <string.h>

const char *const node_verb_words[NODE_VERBS] = {
    [NODE_REPLACE] = "replace",
    [NODE_BEFORE] = "insert_before",
    [NODE_AFTER] = "insert_after",
    [NODE_DELETE] = "delete",
    [NODE_WRAP] = "wrap",
};
const char *const node_place_words[NODE_PLACES] = {
    [NODE_NOWHERE] = "nothing that a change may name",
    [NODE_ITEM] = "item",
    [NODE_STATEMENT] = "statement",
    [NODE_BRANCH] = "branch without braces",
    [NODE_CONDITION] = "condition",
    [NODE_ROW] = "row",
    [NODE_FIELD] = "field",
};

/* --- what may be named */

#define VERB(word) (1u << NODE_##word)
static const struct {
    unsigned verbs;
    const char *apart; /* between neighbours that are put in, with the indentation behind it */
    bool comma;        /* each but the last has one behind it */
} places[NODE_PLACES] = {
    [NODE_ITEM] = { VERB(REPLACE) | VERB(BEFORE) | VERB(AFTER) | VERB(DELETE), "\n\n", false },
    [NODE_STATEMENT] = { VERB(REPLACE) | VERB(BEFORE) | VERB(AFTER) | VERB(DELETE) | VERB(WRAP),
        "\n", false },
    [NODE_BRANCH] = { VERB(REPLACE), "", false },
    [NODE_CONDITION] = { VERB(REPLACE), "", false },
    [NODE_ROW] = { VERB(REPLACE) | VERB(BEFORE) | VERB(AFTER) | VERB(DELETE), "\n", true },
    [NODE_FIELD] = { VERB(REPLACE) | VERB(BEFORE) | VERB(AFTER) | VERB(DELETE), "\n", false },
};

/* By the kind of the parent. */
static const struct {
    const char *parent;
    enum node_place place;
} parents[] = {
    { "translation_unit", NODE_ITEM },
    { "compound_statement", NODE_STATEMENT },
    { "case_statement", NODE_STATEMENT },
    { "if_statement", NODE_BRANCH },
    { "else_clause", NODE_BRANCH },
    { "for_statement", NODE_BRANCH },
    { "while_statement", NODE_BRANCH },
    { "do_statement", NODE_BRANCH },
    { "initializer_list", NODE_ROW },
    { "field_declaration_list", NODE_FIELD },
    { "enumerator_list", NODE_FIELD },
};

static bool is_statement(const struct syntax *syntax, uint32_t node)
{
    const char *kind = syntax->nodes[node].kind;
    return (outline_ends_with(kind, "_statement") && strcmp(kind, "case_statement") != 0) ||
           strcmp(kind, "declaration") == 0;
}

static bool is_condition(const struct syntax *syntax, uint32_t node)
{
    uint32_t parent = syntax->nodes[node].parent;
    bool wrapped = syntax_is(syntax, node, "parenthesized_expression");
    return (!wrapped && strcmp(syntax->nodes[node].field, "condition") == 0) ||
           (syntax_is(syntax, parent, "parenthesized_expression") &&
               strcmp(syntax->nodes[parent].field, "condition") == 0);
}

enum node_place node_place(const struct syntax *syntax, uint32_t node)
{
    if (node == 0 || node >= syntax->count || !syntax->nodes[node].named ||
        syntax_is(syntax, node, "comment") || strncmp(syntax->nodes[node].kind, "preproc_", 8) == 0)
        return NODE_NOWHERE;
    if (is_condition(syntax, node))
        return NODE_CONDITION;
    enum node_place place = NODE_NOWHERE;
    for (size_t i = 0; i < COUNT_OF(parents); i++)
        if (syntax_is(syntax, syntax->nodes[node].parent, parents[i].parent))
            place = parents[i].place;
    if (place == NODE_STATEMENT && !is_statement(syntax, node))
        return NODE_NOWHERE;
    if (place == NODE_BRANCH &&
        (!is_statement(syntax, node) || syntax_is(syntax, node, "compound_statement") ||
            strcmp(syntax->nodes[node].field, "initializer") == 0))
        return NODE_NOWHERE;
    return place;
}

/* --- a change as an edit */

/* The blanks that its line begins with; none if something else stands before it. */
static struct str indent_of(const struct syntax *syntax, uint32_t at)
{
    uint32_t from = at;
    const char *source = syntax->source.at;
    while (from > 0 && (source[from - 1] == ' ' || source[from - 1] == '\t'))
        from--;
    bool first = from == 0 || source[from - 1] == '\n';
    return first ? (struct str){ source + from, at - from } : (struct str){ "", 0 };
}

static struct str kept(struct arena *arena, const struct buf *text)
{
    return (struct str){ arena_string(arena, text->at ? text->at : "", text->size), text->size };
}

/* The comma behind a row, or 0. */
static uint32_t comma_of(const struct syntax *syntax, uint32_t node)
{
    uint32_t after = node;
    do
        after = syntax_after(syntax, after);
    while (after && syntax_is(syntax, after, "comment"));
    return after && syntax_is(syntax, after, ",") ? after : 0;
}

static uint32_t comma_before(const struct syntax *syntax, uint32_t node)
{
    uint32_t comma = 0;
    SYNTAX_EACH_CHILD(child, syntax, syntax->nodes[node].parent)
    {
        if (child == node)
            break;
        if (syntax_is(syntax, child, ","))
            comma = child;
    }
    return comma;
}

static bool has_commas(const struct syntax *syntax, uint32_t node, enum node_place place)
{
    return places[place].comma || syntax_is(syntax, node, "enumerator");
}

static struct str without_comma(struct str text)
{
    text = str_trim(text);
    if (text.size > 0 && text.at[text.size - 1] == ',')
        text.size--;
    return text;
}

/* As a neighbour: in a list, with the comma that is needed on the side that has it. */
static void put_beside(struct patch_edit *ret, const struct syntax *syntax,
    const struct node_change *change, enum node_place place, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct span span = syntax->nodes[change->node].span;
    bool commas = has_commas(syntax, change->node, place), before = change->verb == NODE_BEFORE;
    uint32_t comma = commas ? comma_of(syntax, change->node) : 0;
    struct str text = commas ? without_comma(change->text) : str_trim(change->text);
    uint32_t at =
        before  ? (place == NODE_ITEM ? outline_with_comments(syntax, change->node) : span.from)
        : comma ? syntax->nodes[comma].span.to
                : span.to;
    if (!before)
        buf_format(&out, "%s%s", commas && !comma ? "," : "", places[place].apart);
    if (!before)
        buf_str(&out, indent_of(syntax, span.from));
    buf_str(&out, text);
    if (commas && (before || comma))
        buf_char(&out, ',');
    if (before) {
        buf_text(&out, places[place].apart);
        buf_str(&out, indent_of(syntax, span.from));
    }
    *ret = (struct patch_edit){ at, at, kept(arena, &out) };
}

/* With its line, if nothing else stands there. */
static struct span whole_lines(const struct syntax *syntax, struct span span)
{
    const char *source = syntax->source.at;
    uint32_t from = span.from - (uint32_t)indent_of(syntax, span.from).size;
    bool first = from == 0 || source[from - 1] == '\n';
    if (first && span.to < syntax->source.size && source[span.to] == '\n')
        return (struct span){ from, span.to + 1 };
    return span;
}

static void take_out(struct patch_edit *ret, const struct syntax *syntax,
    const struct node_change *change, enum node_place place)
{
    struct span span = syntax->nodes[change->node].span;
    uint32_t comma = has_commas(syntax, change->node, place) ? comma_of(syntax, change->node) : 0;
    if (comma)
        span.to = syntax->nodes[comma].span.to;
    else if (has_commas(syntax, change->node, place) && comma_before(syntax, change->node))
        span.from = syntax->nodes[comma_before(syntax, change->node)].span.from;
    if (place == NODE_ITEM)
        span.from = outline_with_comments(syntax, change->node);
    span = whole_lines(syntax, span);
    *ret = (struct patch_edit){ span.from, span.to, { "", 0 } };
}

static void wrap(struct patch_edit *ret, const struct syntax *syntax,
    const struct node_change *change, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct span span = syntax->nodes[change->node].span;
    struct str indent = indent_of(syntax, span.from), text = syntax_text(syntax, change->node);
    struct str condition = str_trim(change->text);
    buf_format(&out, "if (%.*s) {\n%.*s    ", (int)condition.size, condition.at, (int)indent.size,
        indent.at);
    for (size_t i = 0; i < text.size; i++) {
        buf_char(&out, text.at[i]);
        if (text.at[i] == '\n' && i + 1 < text.size && text.at[i + 1] != '\n')
            buf_text(&out, "    ");
    }
    buf_format(&out, "\n%.*s}", (int)indent.size, indent.at);
    *ret = (struct patch_edit){ span.from, span.to, kept(arena, &out) };
}

static void put_in_place(struct patch_edit *ret, const struct syntax *syntax,
    const struct node_change *change, enum node_place place)
{
    struct span span = syntax->nodes[change->node].span;
    struct str text = has_commas(syntax, change->node, place) ? without_comma(change->text)
                                                              : str_trim(change->text);
    *ret = (struct patch_edit){ span.from, span.to, text };
}

/* --- all of them */

static int check(const struct syntax *syntax, const struct node_change *change, struct err *err)
{
    enum node_place place = node_place(syntax, change->node);
    const char *verb = node_verb_words[change->verb];
    bool blank = str_trim(change->text).size == 0;
    if (place == NODE_NOWHERE)
        return err_set(err, ERR_INPUT, "n%u is %s", change->node, node_place_words[place]);
    if (!(places[place].verbs & 1u << change->verb))
        return err_set(err, ERR_INPUT, "n%u is a %s, which cannot be changed by %s", change->node,
            node_place_words[place], verb);
    if (change->verb == NODE_WRAP && syntax_is(syntax, change->node, "declaration"))
        return err_set(err, ERR_INPUT,
            "n%u declares a name, which would end with the block: wrap what uses it", change->node);
    if ((change->verb == NODE_DELETE) != blank)
        return err_set(err, ERR_INPUT, "%s of n%u %s text", verb, change->node,
            blank ? "wants a" : "takes no");
    if (change->text.size > NODE_TEXT_MAX)
        return err_set(err, ERR_INPUT, "n%u: a text of %zu bytes, where %d are taken", change->node,
            change->text.size, NODE_TEXT_MAX);
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct patch_edit *x = a, *y = b;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

/* Neighbours that both take something out may touch; where one only puts in, nobody can say which
 * comes first. */
static bool meet(const struct patch_edit *first, const struct patch_edit *second)
{
    bool empty = first->from == first->to || second->from == second->to;
    return second->from < first->to || (second->from == first->to && empty);
}

int node_edits(struct patch_edit *ret, const struct syntax *syntax,
    const struct node_change *changes, uint32_t count, struct arena *arena, struct err *err)
{
    if (count == 0 || count > NODE_CHANGES_MAX)
        return err_set(
            err, ERR_INPUT, "1 to %d changes are taken, not %u", NODE_CHANGES_MAX, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct node_change *change = &changes[i];
        int rc = check(syntax, change, err);
        if (rc < 0)
            return rc;
        enum node_place place = node_place(syntax, change->node);
        if (change->verb == NODE_WRAP)
            wrap(&ret[i], syntax, change, arena);
        else if (change->verb == NODE_DELETE)
            take_out(&ret[i], syntax, change, place);
        else if (change->verb == NODE_REPLACE)
            put_in_place(&ret[i], syntax, change, place);
        else
            put_beside(&ret[i], syntax, change, place, arena);
    }
    qsort(ret, count, sizeof *ret, by_place);
    for (uint32_t i = 1; i < count; i++)
        if (meet(&ret[i - 1], &ret[i]))
            return err_set(err, ERR_INPUT, "two changes meet in line %u: make them one",
                syntax_place(syntax, ret[i].from).line);
    return 0;
}
