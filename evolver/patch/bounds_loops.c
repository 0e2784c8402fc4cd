/* bounds_loops - loops whose end can be read off: a counter's, and an iterator's of the SDK.
 * Everything else is refused with the reason; so is a jump that makes a loop of its own, or enters
 * one. */
#include "patch/bounds_inside.h"

#include "base/mem.h"

#include <string.h>

/* `&it` only where a verb of the SDK takes it. */
static bool stays_here(const struct bounds *bounds, uint32_t function, struct str name)
{
    const struct syntax *syntax = bounds->syntax;
    struct str verb;
    SYNTAX_EACH_WITHIN(node, syntax, function)
    {
        uint32_t list = syntax->nodes[node].parent;
        if (syntax_is(syntax, node, "pointer_expression") &&
            bounds_changes(syntax, node, name, 0) & BOUNDS_ADDRESSED &&
            (!syntax_is(syntax, list, "argument_list") ||
                !bounds_verb(bounds, syntax->nodes[list].parent, &verb)))
            return false;
    }
    return true;
}

/* `moult_calls(turn, &it)` of an iterator that nothing else moves. */
static bool iterates(const struct bounds *bounds, uint32_t loop, uint32_t node)
{
    const struct syntax *syntax = bounds->syntax;
    struct str verb;
    struct outline_name name;
    const char *signature = bounds_verb(bounds, node, &verb);
    uint32_t last = signature ? bounds_argument(syntax, node, UINT32_MAX) : 0;
    if (!last || !strchr(signature, 'I') || !syntax_is(syntax, last, "pointer_expression"))
        return false;
    uint32_t it = bounds_bare(syntax, syntax_child(syntax, last, "argument"));
    if (!it || !syntax_is(syntax, it, "identifier") || !bounds_meaning(bounds, it, &name) ||
        name.kind != OUTLINE_LOCAL || !str_equal(name.type, STR("moult_it")))
        return false;
    uint32_t body = syntax_child(syntax, loop, "body");
    const struct outline_function *function = bounds_function(bounds, loop);
    unsigned here = bounds_changes(syntax, loop, name.name, node) & ~(unsigned)BOUNDS_HIDDEN;
    return function && !here && !bounds_changes(syntax, body, name.name, 0) &&
           stays_here(bounds, function->node, name.name);
}

/* Any part of `a && b` that ends the loop is enough. NULL: it ends, after *ret_rounds, if that is a
 * number. */
static const char *read_condition(
    const struct bounds *bounds, uint32_t loop, uint32_t node, unsigned depth, uint64_t *ret_rounds)
{
    const struct syntax *syntax = bounds->syntax;
    node = bounds_bare(syntax, node);
    uint32_t sign =
        syntax_is(syntax, node, "binary_expression") ? syntax_child(syntax, node, "operator") : 0;
    if (sign && depth && syntax_has_text(syntax, sign, "&&")) {
        uint32_t left = syntax_child(syntax, node, "left"),
                 right = syntax_child(syntax, node, "right");
        const char *why = read_condition(bounds, loop, left, depth - 1, ret_rounds), *other;
        if (!why || !(other = read_condition(bounds, loop, right, depth - 1, ret_rounds)))
            return NULL;
        return why == bounds_no_end ? other : why;
    }
    if (iterates(bounds, loop, node))
        return NULL;
    return syntax_is(syntax, loop, "for_statement") ? bounds_counts(bounds, loop, node, ret_rounds)
                                                    : bounds_no_counter;
}

static bool is_loop(const struct syntax *syntax, uint32_t node)
{
    return syntax_is(syntax, node, "for_statement") || syntax_is(syntax, node, "while_statement") ||
           syntax_is(syntax, node, "do_statement");
}

static const char *read_loop(const struct bounds *bounds, uint32_t loop, uint64_t *ret_rounds)
{
    enum { PARTS_MAX = 16 };
    const struct syntax *syntax = bounds->syntax;
    uint32_t condition = syntax_child(syntax, loop, "condition");
    *ret_rounds = 0;
    if (syntax_is(syntax, loop, "do_statement"))
        return bounds_no_counter;
    if (!condition || !syntax_child(syntax, loop, "body"))
        return bounds_no_end;
    return read_condition(bounds, loop, condition, PARTS_MAX, ret_rounds);
}

static void refuse(
    struct bounds *bounds, uint32_t node, struct span span, const char *why, uint64_t have)
{
    const struct outline_function *function = bounds_function(bounds, node);
    bounds_add(bounds, (struct bounds_found){ .rule = RULE_LOOP,
                           .function = function ? function->name : (struct str){ 0 },
                           .what = str_trim(syntax_slice(bounds->syntax, span)),
                           .have = have,
                           .place = bounds->syntax->nodes[node].place,
                           .why = why });
}

/* A loop's head, without its body. */
static struct span head(const struct syntax *syntax, uint32_t loop)
{
    uint32_t body = syntax_child(syntax, loop, "body");
    struct span span = syntax->nodes[loop].span;
    if (body && !syntax_is(syntax, loop, "do_statement"))
        span.to = syntax->nodes[body].span.from;
    return span;
}

/* Within another loop the rounds of both multiply. */
static void check_loop(struct bounds *bounds, uint32_t loop, uint64_t *rounds)
{
    const struct syntax *syntax = bounds->syntax;
    uint64_t own, all = 1;
    const char *why = read_loop(bounds, loop, &own);
    rounds[loop] = own ? own : 1;
    for (uint32_t at = loop; at; at = syntax->nodes[at].parent)
        if (is_loop(syntax, at) && rounds[at] && __builtin_mul_overflow(all, rounds[at], &all))
            all = UINT64_MAX;
    if (!why && all > bounds->budget->rounds)
        why = arena_format(bounds->arena, "it may run %llu times, where %u are allowed",
            (unsigned long long)all, bounds->budget->rounds);
    if (why)
        refuse(bounds, loop, head(syntax, loop), why, all);
}

/* --- jumps */

static uint32_t loop_around(const struct syntax *syntax, uint32_t node)
{
    for (node = syntax->nodes[node].parent; node; node = syntax->nodes[node].parent)
        if (is_loop(syntax, node))
            return node;
    return 0;
}

static bool is_within(const struct syntax *syntax, uint32_t node, uint32_t top)
{
    return node >= top && node < top + syntax->nodes[top].next;
}

static void check_jump(struct bounds *bounds, uint32_t jump)
{
    const struct syntax *syntax = bounds->syntax;
    uint32_t name = syntax_child(syntax, jump, "label");
    uint32_t function = syntax_around(syntax, jump, "function_definition");
    if (name && function)
        SYNTAX_EACH_WITHIN(node, syntax, function)
        {
            uint32_t label = syntax_is(syntax, node, "labeled_statement")
                                 ? syntax_child(syntax, node, "label")
                                 : 0;
            if (!label || !str_equal(syntax_text(syntax, label), syntax_text(syntax, name)))
                continue;
            uint32_t loop = loop_around(syntax, node);
            if (node < jump)
                refuse(bounds, jump, syntax->nodes[jump].span, "it jumps back", 0);
            else if (loop && !is_within(syntax, jump, loop))
                refuse(bounds, jump, syntax->nodes[jump].span, "it jumps into a loop", 0);
        }
}

/* A case is a jump into whatever stands between it and its switch. */
static void check_case(struct bounds *bounds, uint32_t node)
{
    const struct syntax *syntax = bounds->syntax;
    uint32_t choice = syntax_around(syntax, node, "switch_statement");
    uint32_t loop = loop_around(syntax, node);
    if (loop && loop > choice)
        refuse(bounds, node, syntax->nodes[loop].span, "a case jumps into it", 0);
}

void bounds_loops(struct bounds *bounds)
{
    const struct syntax *syntax = bounds->syntax;
    uint64_t *rounds = arena_alloc(bounds->arena, (syntax->count + 1) * sizeof(*rounds));
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        if (is_loop(syntax, node))
            check_loop(bounds, node, rounds);
        if (syntax_is(syntax, node, "goto_statement"))
            check_jump(bounds, node);
        if (syntax_is(syntax, node, "case_statement"))
            check_case(bounds, node);
    }
}
