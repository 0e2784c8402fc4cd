/* bounds_value - how large a number can get, as far as the text shows.
 *
 * Constants are worked out. A count is what the SDK says of something that was handed to the
 * plugin: the host bounds it. Anything that the plugin makes up itself is neither, so a name is
 * followed to where it got its value, and a parameter to every call. */
#include "patch/bounds_inside.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8 };

static struct bounds_value value_of(const struct bounds *bounds, uint32_t node, unsigned depth);

static const struct bounds_value unread = { VALUE_UNREAD, 0 }, count = { VALUE_COUNT, 0 };

static struct bounds_value number(uint64_t value)
{
    return value <= INT64_MAX ? (struct bounds_value){ VALUE_NUMBER, value } : unread;
}

static struct bounds_value literal(struct str text)
{
    char copy[32], *end;
    if (text.size >= sizeof(copy))
        return unread;
    memcpy(copy, text.at, text.size);
    copy[text.size] = 0;
    errno = 0;
    unsigned long long value = strtoull(copy, &end, 0);
    return errno || end == copy || end[strspn(end, "uUlL")] ? unread : number(value);
}

/* --- names */

/* Its own value, or one more than that of the enumerator before it. */
static struct bounds_value enumerator(const struct bounds *bounds, uint32_t node, unsigned depth)
{
    const struct syntax *syntax = bounds->syntax;
    struct bounds_value value = number(0);
    SYNTAX_EACH_CHILD(each, syntax, syntax->nodes[node].parent)
    {
        if (!syntax_is(syntax, each, "enumerator"))
            continue;
        uint32_t given = syntax_child(syntax, each, "value");
        if (given)
            value = value_of(bounds, given, depth);
        if (each == node)
            return value;
        value = value.kind == VALUE_NUMBER ? number(value.number + 1) : unread;
    }
    return unread;
}

static bool is_scalar(const struct outline_name *name)
{
    return str_find(name->type, STR("*")) < 0 && str_find(name->type, STR("[")) < 0 &&
           str_find(name->type, STR("volatile")) < 0;
}

static bool take_larger(const struct bounds *bounds, uint32_t node, unsigned depth, void *with)
{
    struct bounds_value *most = with, value = value_of(bounds, node, depth);
    if (value.kind == VALUE_COUNT || most->kind == VALUE_UNREAD)
        most->kind = value.kind;
    most->number = value.number > most->number ? value.number : most->number;
    return value.kind != VALUE_UNREAD;
}

static struct bounds_value named(const struct bounds *bounds, uint32_t node, unsigned depth)
{
    struct outline_name name;
    struct bounds_value most = unread;
    if (!bounds_meaning(bounds, node, &name))
        return str_starts(syntax_text(bounds->syntax, node), STR("MOULT_")) ? count : unread;
    if (syntax_is(bounds->syntax, name.node, "enumerator"))
        return enumerator(bounds, name.node, depth);
    uint32_t value = bounds_initial(bounds->syntax, &name);
    if (!is_scalar(&name) || name.kind == OUTLINE_FUNCTION)
        return unread;
    if (name.kind == OUTLINE_CONSTANT)
        return value ? value_of(bounds, value, depth) : unread;
    if (!bounds_stays(bounds, node, &name))
        return unread;
    if (name.kind == OUTLINE_LOCAL)
        return value ? value_of(bounds, value, depth) : unread;
    return bounds_follow(bounds, node, &name, depth, take_larger, &most) ? most : unread;
}

/* --- expressions */

static struct bounds_value joined(
    const struct bounds *bounds, uint32_t left, uint32_t right, unsigned depth)
{
    struct bounds_value a = value_of(bounds, left, depth), b = value_of(bounds, right, depth);
    if (a.kind == VALUE_UNREAD || b.kind == VALUE_UNREAD)
        return unread;
    if (a.kind == VALUE_COUNT || b.kind == VALUE_COUNT)
        return count;
    return a.number > b.number ? a : b;
}

static struct bounds_value worked_out(
    const struct bounds *bounds, uint32_t node, struct str sign, unsigned depth)
{
    const struct syntax *syntax = bounds->syntax;
    uint32_t left = syntax_child(syntax, node, "left"), right = syntax_child(syntax, node, "right");
    struct bounds_value a = value_of(bounds, left, depth), b = value_of(bounds, right, depth);
    uint64_t value;
    if (a.kind == VALUE_UNREAD || b.kind == VALUE_UNREAD)
        return unread;
    bool numbers = a.kind == VALUE_NUMBER && b.kind == VALUE_NUMBER;
    if (str_equal(sign, STR("+")))
        return !numbers                                             ? count
               : __builtin_add_overflow(a.number, b.number, &value) ? unread
                                                                    : number(value);
    if (str_equal(sign, STR("*")))
        return !numbers                                             ? count
               : __builtin_mul_overflow(a.number, b.number, &value) ? unread
                                                                    : number(value);
    if (str_equal(sign, STR("/")))
        return !numbers ? a : b.number ? number(a.number / b.number) : unread;
    if (str_equal(sign, STR("-"))) /* of a count it may go round below zero */
        return numbers && a.number >= b.number ? number(a.number - b.number) : unread;
    if (str_equal(sign, STR("<<")))
        return numbers && b.number < 31 && a.number < 1 << 30 ? number(a.number << b.number)
                                                              : unread;
    return unread;
}

static struct bounds_value asked(const struct bounds *bounds, uint32_t node)
{
    struct str name;
    const char *signature = bounds_verb(bounds, node, &name);
    uint32_t by = syntax_child(bounds->syntax, node, "function");
    if (signature && (str_equal(name, STR("moult_length")) || str_equal(name, STR("moult_past"))))
        return count;
    return by && syntax_has_text(bounds->syntax, by, "__builtin_strlen") ? count : unread;
}

static struct bounds_value member(const struct bounds *bounds, uint32_t node, unsigned depth)
{
    uint32_t field = syntax_child(bounds->syntax, node, "field");
    uint32_t of = syntax_child(bounds->syntax, node, "argument");
    bool sized = field && of && syntax_has_text(bounds->syntax, field, "size");
    return sized && bounds_is_text(bounds, of, depth) ? count : unread;
}

static struct bounds_value value_of(const struct bounds *bounds, uint32_t node, unsigned depth)
{
    const struct syntax *syntax = bounds->syntax;
    node = bounds_bare(syntax, node);
    if (!node || !depth--)
        return unread;
    if (syntax_is(syntax, node, "number_literal"))
        return literal(syntax_text(syntax, node));
    if (syntax_is(syntax, node, "sizeof_expression"))
        return count; /* of an object of this plugin */
    if (syntax_is(syntax, node, "identifier"))
        return named(bounds, node, depth);
    if (syntax_is(syntax, node, "field_expression"))
        return member(bounds, node, depth);
    if (syntax_is(syntax, node, "call_expression"))
        return asked(bounds, node);
    if (syntax_is(syntax, node, "conditional_expression"))
        return joined(bounds, syntax_child(syntax, node, "consequence"),
            syntax_child(syntax, node, "alternative"), depth);
    uint32_t sign = syntax_child(syntax, node, "operator");
    if (sign && syntax_is(syntax, node, "binary_expression"))
        return worked_out(bounds, node, syntax_text(syntax, sign), depth);
    return unread;
}

struct bounds_value bounds_value(const struct bounds *bounds, uint32_t node)
{
    return value_of(bounds, node, DEPTH_MAX);
}
