/* bounds_names - what a name stands for at a place, who changes it, and which calls are the SDK's.
 */
#include "patch/bounds_inside.h"
#include "patch/outline_names.h"

#include "base/mem.h"
#include "verbs.h"

#include <string.h>

/* Answers of functions that are no verbs: a text that the host made, or how long a C string is. */
static const struct {
    const char *name, *signature;
} answers[] = {
#define ANSWER(returns, name, params, args, signature, purity, effect, cost, summary)              \
    { "moult_" #name, signature },
    MOULT_VERBS(ANSWER)
#undef ANSWER
        { "moult_str", "T:" },
    { "moult_format", "T:" },
};

uint32_t bounds_bare(const struct syntax *syntax, uint32_t node)
{
    while (node) {
        uint32_t within = 0;
        if (syntax_is(syntax, node, "cast_expression"))
            within = syntax_child(syntax, node, "value");
        else if (syntax_is(syntax, node, "parenthesized_expression"))
            SYNTAX_EACH_CHILD(child, syntax, node)
        if (syntax->nodes[child].named && !syntax_is(syntax, child, "comment"))
            within = child;
        if (!within)
            break;
        node = within;
    }
    return node;
}

const struct outline_function *bounds_function(const struct bounds *bounds, uint32_t node)
{
    uint32_t around = syntax_around(bounds->syntax, node, "function_definition");
    for (uint32_t i = 0; around && i < bounds->functions.count; i++)
        if (bounds->functions.at[i].node == around)
            return &bounds->functions.at[i];
    return NULL;
}

bool bounds_meaning(const struct bounds *bounds, uint32_t node, struct outline_name *ret)
{
    struct str name = syntax_text(bounds->syntax, node);
    struct outline_names names =
        outline_scope(bounds->syntax, bounds->syntax->nodes[node].span.from, bounds->arena);
    for (uint32_t i = 0; i < names.count; i++)
        if (str_equal(names.at[i].name, name)) {
            *ret = names.at[i];
            return true;
        }
    return false;
}

/* The name at the bottom of `a.b[i].c`, or 0: what an assignment to it changes. Behind `->` it is
 * another object. */
static uint32_t root_of(const struct syntax *syntax, uint32_t node)
{
    for (node = bounds_bare(syntax, node); node; node = bounds_bare(syntax, node)) {
        if (syntax_is(syntax, node, "identifier"))
            return node;
        bool member = syntax_is(syntax, node, "field_expression") &&
                      syntax_child_of_kind(syntax, node, ".") != 0;
        if (!member && !syntax_is(syntax, node, "subscript_expression"))
            return 0;
        node = syntax_child(syntax, node, "argument");
    }
    return 0;
}

static bool is_root(const struct syntax *syntax, uint32_t node, struct str name)
{
    uint32_t root = node ? root_of(syntax, node) : 0;
    return root && str_equal(syntax_text(syntax, root), name);
}

static unsigned change_at(const struct syntax *syntax, uint32_t node, struct str name)
{
    if (syntax_is(syntax, node, "assignment_expression"))
        return is_root(syntax, syntax_child(syntax, node, "left"), name) ? BOUNDS_ASSIGNED : 0;
    if (syntax_is(syntax, node, "update_expression"))
        return is_root(syntax, syntax_child(syntax, node, "argument"), name) ? BOUNDS_ASSIGNED : 0;
    if (syntax_is(syntax, node, "pointer_expression") && syntax_child_of_kind(syntax, node, "&"))
        return is_root(syntax, syntax_child(syntax, node, "argument"), name) ? BOUNDS_ADDRESSED : 0;
    if (syntax_is(syntax, node, "identifier") && str_equal(syntax_text(syntax, node), name) &&
        !strcmp(syntax->nodes[node].field, "declarator"))
        return BOUNDS_HIDDEN;
    return 0;
}

unsigned bounds_changes(const struct syntax *syntax, uint32_t top, struct str name, uint32_t but)
{
    unsigned changes = 0;
    uint32_t end = top + syntax->nodes[top].next;
    for (uint32_t node = top; node < end;) {
        bool skipped = but && node == but;
        if (!skipped)
            changes |= change_at(syntax, node, name);
        node += skipped ? syntax->nodes[node].next : 1;
    }
    return changes;
}

const char *bounds_verb(const struct bounds *bounds, uint32_t call, struct str *ret_name)
{
    struct outline_name hidden;
    uint32_t by = syntax_is(bounds->syntax, call, "call_expression")
                      ? syntax_child(bounds->syntax, call, "function")
                      : 0;
    if (!by || !syntax_is(bounds->syntax, by, "identifier"))
        return NULL;
    struct str name = syntax_text(bounds->syntax, by);
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        if (str_equal(name, str_of(answers[i].name)) && !bounds_meaning(bounds, by, &hidden)) {
            *ret_name = name;
            return answers[i].signature;
        }
    return NULL;
}

uint32_t bounds_argument(const struct syntax *syntax, uint32_t call, uint32_t number)
{
    uint32_t list = syntax_child(syntax, call, "arguments"), at = 0, last = 0;
    if (list)
        SYNTAX_EACH_CHILD(child, syntax, list)
        {
            if (!syntax->nodes[child].named || syntax_is(syntax, child, "comment"))
                continue;
            last = child;
            if (at++ == number)
                return child;
        }
    return number == UINT32_MAX ? last : 0;
}

uint32_t bounds_initial(const struct syntax *syntax, const struct outline_name *name)
{
    struct declared declared = { .declaration = name->node };
    while (outline_next_declared(syntax, &declared))
        if (str_equal(syntax_text(syntax, declared.name), name->name))
            return declared.value;
    return 0;
}

bool bounds_stays(const struct bounds *bounds, uint32_t node, const struct outline_name *name)
{
    const struct outline_function *function = bounds_function(bounds, node);
    struct declared declared = { .declaration = name->node };
    while (outline_next_declared(bounds->syntax, &declared) &&
           !str_equal(syntax_text(bounds->syntax, declared.name), name->name))
        continue;
    return function && !(bounds_changes(bounds->syntax, function->body, name->name, declared.name) &
                           (BOUNDS_ASSIGNED | BOUNDS_ADDRESSED | BOUNDS_HIDDEN));
}

bool bounds_follow(const struct bounds *bounds, uint32_t node, const struct outline_name *name,
    unsigned depth, bounds_follow_each *each, void *with)
{
    const struct syntax *syntax = bounds->syntax;
    const struct outline_function *function = bounds_function(bounds, node);
    uint32_t place = 0;
    bool called = false;
    if (!function)
        return false;
    while (place < function->params.count && function->params.at[place].node != name->node)
        place++;
    SYNTAX_EACH_WITHIN(use, syntax, 0)
    {
        const struct syntax_node *at = &syntax->nodes[use];
        if (!syntax_is(syntax, use, "identifier") || !strcmp(at->field, "declarator") ||
            !str_equal(syntax_text(syntax, use), function->name))
            continue;
        bool calls =
            !strcmp(at->field, "function") && syntax_is(syntax, at->parent, "call_expression");
        uint32_t passed = calls ? bounds_argument(syntax, at->parent, place) : 0;
        if (!passed || !each(bounds, passed, depth, with))
            return false;
        called = true;
    }
    return called;
}
