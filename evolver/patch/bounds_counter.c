/* bounds_counter - whether a for's counter gets to an end that can be read off: a step by a
 * constant, an end that is a constant or a count of the SDK's, and nobody else who moves it. */
#include "patch/bounds_inside.h"

#include "base/mem.h"

#include <string.h>

/* A counter's type: how far it reaches, and whether it goes below zero. */
static const struct counter_type {
    const char *name;
    uint64_t max;
    bool is_signed;
} types[] = {
    { "int", INT32_MAX, true },
    { "long", INT64_MAX, true },
    { "unsigned", UINT32_MAX, false },
    { "unsigned int", UINT32_MAX, false },
    { "unsigned long", UINT64_MAX, false },
    { "size_t", UINT64_MAX, false },
    { "uint8_t", UINT8_MAX, false },
    { "uint16_t", UINT16_MAX, false },
    { "uint32_t", UINT32_MAX, false },
    { "uint64_t", UINT64_MAX, false },
    { "int16_t", INT16_MAX, true },
    { "int32_t", INT32_MAX, true },
    { "int64_t", INT64_MAX, true },
};
/* How many there can be of what a host hands out. */
enum { COUNT_MAX = 1 << 30 };

enum { WAY_UP, WAY_DOWN };
struct counting {
    uint32_t node, body, condition, update;
    struct outline_name counter;
    const struct counter_type *type;
    uint32_t way;
    uint64_t step, rounds; /* rounds: 0 of a count */
};

const char bounds_no_end[] = "nothing in its head ends it";
const char bounds_no_counter[] = "it counts nothing that its head begins";
static const char changed[] = "its counter is changed in it, or by others";
static const char unsuited[] = "its counter's type may not reach the end";
static const char no_step[] = "it has no step by a constant to its end";
static const char unread[] = "how far it goes is no constant and no count of the SDK's";

static bool is_counter(const struct syntax *syntax, const struct counting *loop, uint32_t node)
{
    node = bounds_bare(syntax, node);
    return node && syntax_is(syntax, node, "identifier") &&
           str_equal(syntax_text(syntax, node), loop->counter.name);
}

/* The counter, or a constant more than it. */
static bool is_counter_and_more(
    const struct bounds *bounds, const struct counting *loop, uint32_t node, uint64_t *ret_more)
{
    const struct syntax *syntax = bounds->syntax;
    *ret_more = 0;
    node = bounds_bare(syntax, node);
    uint32_t sign =
        syntax_is(syntax, node, "binary_expression") ? syntax_child(syntax, node, "operator") : 0;
    if (!sign || !syntax_has_text(syntax, sign, "+"))
        return is_counter(syntax, loop, node);
    struct bounds_value more = bounds_value(bounds, syntax_child(syntax, node, "right"));
    *ret_more = more.number;
    return more.kind == VALUE_NUMBER &&
           is_counter(syntax, loop, syntax_child(syntax, node, "left"));
}

static const struct counter_type *type_of(const struct outline_name *name)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_equal(str_trim(name->type), str_of(types[i].name)))
            return &types[i];
    return NULL;
}

/* `T i = START` or `i = START`, and nothing beside it. The start's node, or 0. */
static uint32_t take_counter(const struct bounds *bounds, struct counting *loop)
{
    const struct syntax *syntax = bounds->syntax;
    uint32_t init = syntax_child(syntax, loop->node, "initializer"), name = 0, start = 0;
    if (init && syntax_is(syntax, init, "assignment_expression")) {
        name = bounds_bare(syntax, syntax_child(syntax, init, "left"));
        uint32_t sign = syntax_child(syntax, init, "operator");
        start =
            sign && syntax_has_text(syntax, sign, "=") ? syntax_child(syntax, init, "right") : 0;
    } else if (init && syntax_is(syntax, init, "declaration")) {
        uint32_t declarator = syntax_child(syntax, init, "declarator");
        if (!declarator || !syntax_is(syntax, declarator, "init_declarator"))
            return 0;
        name = syntax_child(syntax, declarator, "declarator");
        start = syntax_child(syntax, declarator, "value");
    }
    if (!name || !start || !syntax_is(syntax, name, "identifier"))
        return 0;
    loop->counter = (struct outline_name){ .name = syntax_text(syntax, name) };
    return start;
}

/* The condition's own use of the counter tells which one it is. */
static bool find_counter(const struct bounds *bounds, struct counting *loop)
{
    SYNTAX_EACH_WITHIN(node, bounds->syntax, loop->condition)
    if (is_counter(bounds->syntax, loop, node))
        return bounds_meaning(bounds, node, &loop->counter) && loop->counter.kind == OUTLINE_LOCAL;
    return false;
}

/* `i++`, `i += 2`, `i--`; also at the head of a condition, `i-- > 0`. */
static bool take_step(const struct bounds *bounds, struct counting *loop, uint32_t node)
{
    const struct syntax *syntax = bounds->syntax;
    uint32_t sign = node ? syntax_child(syntax, node, "operator") : 0;
    if (!sign)
        return false;
    struct str text = syntax_text(syntax, sign);
    loop->way = text.at[0] == '-' ? WAY_DOWN : WAY_UP;
    loop->step = 1;
    if (syntax_is(syntax, node, "update_expression"))
        return is_counter(syntax, loop, syntax_child(syntax, node, "argument"));
    if (!syntax_is(syntax, node, "assignment_expression") ||
        !is_counter(syntax, loop, syntax_child(syntax, node, "left")) ||
        (!str_equal(text, STR("+=")) && !str_equal(text, STR("-="))))
        return false;
    struct bounds_value step = bounds_value(bounds, syntax_child(syntax, node, "right"));
    loop->step = step.number;
    return step.kind == VALUE_NUMBER && step.number > 0 && step.number <= COUNT_MAX;
}

struct comparison {
    uint32_t left, right;
    char sign; /* '<' or '>' */
    bool equal;
};

static bool take_comparison(
    const struct syntax *syntax, uint32_t node, bool turned, struct comparison *ret)
{
    uint32_t sign =
        syntax_is(syntax, node, "binary_expression") ? syntax_child(syntax, node, "operator") : 0;
    struct str text = sign ? syntax_text(syntax, sign) : (struct str){ 0 };
    if (!text.size || (text.at[0] != '<' && text.at[0] != '>') ||
        (text.size == 2 && text.at[1] != '='))
        return false;
    *ret = (struct comparison){ syntax_child(syntax, node, turned ? "right" : "left"),
        syntax_child(syntax, node, turned ? "left" : "right"), text.at[0], text.size == 2 };
    if (turned)
        ret->sign = ret->sign == '<' ? '>' : '<';
    return ret->left && ret->right;
}

/* Up to an end that the type reaches, with room for the step that goes past it. */
static const char *goes_up(
    struct counting *loop, struct bounds_value start, struct bounds_value end)
{
    uint64_t most = end.kind == VALUE_COUNT ? COUNT_MAX : end.number;
    if (most >= loop->type->max || loop->step > loop->type->max - most)
        return unsuited;
    uint64_t from = start.kind == VALUE_NUMBER ? start.number : 0;
    if (end.kind == VALUE_NUMBER)
        loop->rounds = end.number > from ? (end.number - from) / loop->step + 1 : 1;
    return NULL;
}

/* Down to a constant that it does not jump over: below zero begins the far end of the numbers. */
static const char *goes_down(struct counting *loop, const struct comparison *comparison,
    struct bounds_value start, struct bounds_value end)
{
    if (end.kind != VALUE_NUMBER)
        return unread;
    if (!loop->type->is_signed && (loop->step != 1 || (comparison->equal && end.number == 0)))
        return unsuited;
    if (start.kind == VALUE_NUMBER)
        loop->rounds = start.number > end.number ? (start.number - end.number) / loop->step + 1 : 1;
    return NULL;
}

/* One part of the condition: what it lacks to end the loop, or NULL. */
static const char *ends(const struct bounds *bounds, struct counting *loop,
    const struct comparison *comparison, struct bounds_value start)
{
    uint64_t more;
    uint32_t left = bounds_bare(bounds->syntax, comparison->left), step = loop->update;
    if (!step && syntax_is(bounds->syntax, left, "update_expression")) {
        step = left;
        left = bounds_bare(bounds->syntax, syntax_child(bounds->syntax, left, "argument"));
    }
    if (!left || !is_counter_and_more(bounds, loop, left, &more))
        return bounds_no_end;
    if (!take_step(bounds, loop, step) || comparison->sign != (loop->way == WAY_UP ? '<' : '>') ||
        (more && loop->way == WAY_DOWN))
        return no_step;
    if (bounds_changes(bounds->syntax, loop->condition, loop->counter.name, step) ||
        (loop->update && bounds_changes(bounds->syntax, loop->update, loop->counter.name, step)))
        return changed;
    struct bounds_value end = bounds_value(bounds, comparison->right);
    if (start.kind == VALUE_UNREAD || end.kind == VALUE_UNREAD)
        return unread;
    return loop->way == WAY_UP ? goes_up(loop, start, end)
                               : goes_down(loop, comparison, start, end);
}

static const char *counts(const struct bounds *bounds, struct counting *loop, uint32_t part)
{
    const struct syntax *syntax = bounds->syntax;
    struct comparison comparison;
    const char *why = bounds_no_end;
    uint32_t start = take_counter(bounds, loop);
    if (!start || !find_counter(bounds, loop))
        return bounds_no_counter;
    if ((loop->type = type_of(&loop->counter)) == NULL)
        return unsuited;
    const struct outline_function *function = bounds_function(bounds, loop->node);
    if (bounds_changes(syntax, loop->body, loop->counter.name, 0) || !function ||
        bounds_changes(syntax, function->body, loop->counter.name, 0) & BOUNDS_ADDRESSED)
        return changed;
    struct bounds_value from = bounds_value(bounds, start);
    for (int turned = 0; turned < 2; turned++) {
        if (!take_comparison(syntax, part, turned, &comparison))
            continue;
        const char *now = ends(bounds, loop, &comparison, from);
        if (!now)
            return NULL;
        why = why == bounds_no_end ? now : why;
    }
    return why;
}

const char *bounds_counts(
    const struct bounds *bounds, uint32_t node, uint32_t part, uint64_t *ret_rounds)
{
    struct counting loop = { .node = node,
        .body = syntax_child(bounds->syntax, node, "body"),
        .condition = syntax_child(bounds->syntax, node, "condition"),
        .update = syntax_child(bounds->syntax, node, "update") };
    const char *why = counts(bounds, &loop, part);
    *ret_rounds = why ? 0 : loop.rounds;
    return why;
}
