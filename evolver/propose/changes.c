/* changes - see changes.h. */
#include "propose/changes.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 1 << 20, EDITS_MAX = CHANGES_MAX * CHANGE_USES_MAX + TARGET_EDITS_MAX + 1 };

/* Where a literal is read when the function runs: not a case, a size, or a static table. */
static bool may_vary(const struct syntax *syntax, uint32_t node)
{
    static const char *const parents[] = { "binary_expression", "argument_list", "return_statement",
        "assignment_expression", "init_declarator", "parenthesized_expression" };
    uint32_t parent = syntax->nodes[node].parent;
    bool reads = false;
    for (size_t i = 0; i < COUNT_OF(parents); i++)
        reads |= syntax_is(syntax, parent, parents[i]);
    for (uint32_t at = parent; at; at = syntax->nodes[at].parent) {
        if (syntax_is(syntax, at, "case_statement") &&
            syntax_is(syntax, parent, "binary_expression"))
            return reads && strcmp(syntax->nodes[parent].field, "value") != 0;
        if (syntax_is(syntax, at, "declaration"))
            return reads && !str_starts(syntax_text(syntax, at), STR("static"));
    }
    return reads;
}

/* --- values */

static void add_value(struct change *change, struct str value)
{
    for (uint32_t i = 0; i < change->values_count; i++)
        if (str_equal(change->values[i], value))
            return;
    if (!str_equal(value, change->was) && change->values_count < CHANGE_VALUES_MAX)
        change->values[change->values_count++] = value;
}

/* Small numbers, three first as for thresholds elsewhere; then what is near, half and double. */
static void add_numbers(struct change *change, struct arena *arena, int64_t was)
{
    const int64_t values[] = { 3, 2, 4, 5, 1, 0, 8, 10, was - 1, was + 1, was / 2, was * 2 };
    if (was < 0 || was > NUMBER_MAX)
        return;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        if (values[i] >= 0)
            add_value(change, str_of(arena_format(arena, "%lld", (long long)values[i])));
}

/* The set of the first flag that the text names, or NULL. */
static const char *set_of(struct str flags)
{
    for (unsigned i = 0; i < vocabulary_flags_count; i++) {
        struct str name = str_of(vocabulary_flags[i].name);
        bool whole =
            flags.size == name.size || (flags.size > name.size && flags.at[name.size] == ' ');
        if (whole && str_starts(flags, name))
            return vocabulary_flags[i].set;
    }
    return NULL;
}

static void add_flags(struct change *change, const struct pool *pool)
{
    const char *set = set_of(change->was);
    for (uint32_t i = 0; set && i < pool->count; i++) {
        const struct expr *expr = &pool->at[i];
        const char *other = expr->kind == EXPR_FLAG ? set_of(expr->text) : NULL;
        if (other && strcmp(other, set) == 0)
            add_value(change, expr->text);
    }
}

/* --- literals and enumerators */

static void add_literal(const struct syntax *syntax, const struct outline_literal *literal,
    const struct pool *pool, struct arena *arena, struct change *ret, uint32_t *count)
{
    struct change change = { .at = syntax->nodes[literal->node].span,
        .was = syntax_text(syntax, literal->node) };
    change.uses[change.uses_count++] = change.at;
    if (*count == CHANGES_MAX || !may_vary(syntax, literal->node))
        return;
    if (literal->kind == OUTLINE_NUMBER)
        add_numbers(&change, arena, literal->number);
    else if (literal->kind == OUTLINE_FLAGS)
        add_flags(&change, pool);
    if (change.values_count > 0)
        ret[(*count)++] = change;
}

/* Reads of an enumerator inside the functions. */
static void find_uses(const struct syntax *syntax, const struct outline_functions *functions,
    struct str name, struct change *change)
{
    for (uint32_t f = 0; f < functions->count; f++)
        SYNTAX_EACH_WITHIN(node, syntax, functions->at[f].body)
    if (syntax_is(syntax, node, "identifier") && may_vary(syntax, node) &&
        str_equal(syntax_text(syntax, node), name) && change->uses_count < CHANGE_USES_MAX)
        change->uses[change->uses_count++] = syntax->nodes[node].span;
}

static void add_enumerators(const struct syntax *syntax, const struct outline_functions *functions,
    struct arena *arena, struct change *ret, uint32_t *count)
{
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        uint32_t name =
            syntax_is(syntax, node, "enumerator") ? syntax_child(syntax, node, "name") : 0;
        uint32_t value = name ? syntax_child(syntax, node, "value") : 0;
        if (!value || !syntax_is(syntax, value, "number_literal") || *count == CHANGES_MAX)
            continue;
        struct change change = { .at = syntax->nodes[value].span,
            .name = syntax_text(syntax, name),
            .was = syntax_text(syntax, value) };
        find_uses(syntax, functions, syntax_text(syntax, name), &change);
        add_numbers(
            &change, arena, strtoll(arena_string(arena, change.was.at, change.was.size), NULL, 0));
        if (change.uses_count > 0 && change.values_count > 0)
            ret[(*count)++] = change;
    }
}

uint32_t changes_list(const struct target *target, const struct pool *pool, struct arena *arena,
    struct change ret[CHANGES_MAX])
{
    const struct syntax *syntax = target->syntax;
    struct outline_functions functions = outline_functions(syntax, arena);
    uint32_t count = 0;
    for (uint32_t f = 0; f < functions.count; f++) {
        struct outline_literals literals = outline_literals(syntax, functions.at[f].body, arena);
        for (uint32_t i = 0; i < literals.count; i++)
            add_literal(syntax, &literals.at[i], pool, arena, ret, &count);
    }
    add_enumerators(syntax, &functions, arena, ret, &count);
    return count;
}

/* --- conditions */

static void add_half(
    struct change *change, const struct syntax *syntax, uint32_t node, struct arena *arena)
{
    struct str half = syntax_text(syntax, node);
    if (node)
        add_value(change, str_of(arena_format(arena, "(%.*s)", (int)half.size, half.at)));
}

static void add_condition(
    const struct syntax *syntax, uint32_t node, struct arena *arena, struct change *ret)
{
    struct str was = syntax_text(syntax, node);
    *ret = (struct change){ .at = syntax->nodes[node].span, .was = was, .condition = true };
    ret->uses[ret->uses_count++] = ret->at;
    add_value(ret, str_of(arena_format(arena, "(!%.*s)", (int)was.size, was.at)));
    uint32_t joined = syntax_child_of_kind(syntax, node, "binary_expression");
    uint32_t how = joined ? syntax_child(syntax, joined, "operator") : 0;
    if (!how || (!syntax_has_text(syntax, how, "&&") && !syntax_has_text(syntax, how, "||")))
        return;
    add_half(ret, syntax, syntax_child(syntax, joined, "left"), arena);
    add_half(ret, syntax, syntax_child(syntax, joined, "right"), arena);
}

uint32_t changes_conditions(
    const struct target *target, struct arena *arena, struct change ret[CHANGES_MAX])
{
    const struct syntax *syntax = target->syntax;
    struct outline_functions functions = outline_functions(syntax, arena);
    uint32_t count = 0;
    for (uint32_t f = 0; f < functions.count; f++)
        SYNTAX_EACH_WITHIN(node, syntax, functions.at[f].body)
        {
            uint32_t condition = syntax_is(syntax, node, "if_statement")
                                     ? syntax_child(syntax, node, "condition")
                                     : 0;
            if (condition && count < CHANGES_MAX)
                add_condition(syntax, condition, arena, &ret[count++]);
        }
    return count;
}

/* --- the trial source */

static struct str choice(
    const struct change *change, uint32_t number, struct str was, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const char *as = change->condition ? "!!" : ""; /* whatever type it has */
    buf_format(&out, "(search_holes[%d] != %u ? %s(%.*s)", HOLE_CHANGE, number + 1, as,
        (int)was.size, was.at);
    for (uint32_t i = 0; i < change->values_count; i++)
        buf_format(&out, " : search_holes[%d] == %u ? %s(%.*s)", HOLE_VALUE, i + 1, as,
            (int)change->values[i].size, change->values[i].at);
    buf_format(&out, " : %s(%.*s))", as, (int)was.size, was.at);
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

static int by_place(const void *a, const void *b)
{
    const struct target_edit *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

/* Behind the last directive at the top: the types are known there, and no function has begun. */
static uint32_t top_of(const struct syntax *syntax)
{
    SYNTAX_EACH_CHILD(child, syntax, 0)
    if (strncmp(syntax->nodes[child].kind, "preproc", 7) != 0 &&
        !syntax_is(syntax, child, "comment"))
        return syntax->nodes[child].span.from;
    return 0;
}

void changes_print(struct buf *out, const struct target *target, struct arena *arena,
    const struct change *changes, uint32_t count, const struct insertion *insertion,
    struct str behind)
{
    struct target_edit *edits = arena_alloc(arena, EDITS_MAX * sizeof(*edits));
    uint32_t top = top_of(target->syntax), edits_count = 0;
    edits[edits_count++] = (struct target_edit){ top, top,
        str_of(arena_format(arena, "static uint16_t search_holes[%d];\n", HOLES)) };
    edits_count += target_edits(target, arena, insertion, edits + edits_count);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < changes[i].uses_count; k++) {
            struct span at = changes[i].uses[k];
            struct str was = syntax_slice(target->syntax, at);
            edits[edits_count++] =
                (struct target_edit){ at.from, at.to, choice(&changes[i], i, was, arena) };
        }
    qsort(edits, edits_count, sizeof(*edits), by_place);
    target_apply(out, target, edits, edits_count);
    buf_str(out, behind);
}
