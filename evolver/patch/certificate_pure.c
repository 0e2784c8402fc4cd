/* certificate_pure - whether a condition looks and does nothing, by the SDK's own rows: part of the
 * checker. A name is a variable or a constant that is declared once; a pointer that is followed is
 * one that the host handed out. */
#include "patch/certificate_inside.h"
#include "verbs.h"

#include "base/mem.h"

#include <string.h>

static const struct check_verb verbs[] = {
#define ROW(returns, name, params, args, signature, purity, effect, cost, summary)                 \
    { "moult_" #name, signature, #purity },
    MOULT_VERBS(ROW)
#undef ROW
        { "moult_elapsed_ms", "N:", "PURE" },
    { "moult_str", "T:T", "PURE" },
};

bool check_no(struct checking *c, uint32_t node, const char *why)
{
    if (!c->why) {
        c->why = why;
        c->place = c->now->nodes[node].place;
    }
    return false;
}

bool check_is(const struct checking *c, uint32_t node, const char *kind)
{
    return syntax_is(c->now, node, kind);
}

/* --- names */

uint32_t check_function(const struct checking *c, uint32_t node)
{
    return check_is(c, node, "function_definition")
               ? node
               : syntax_around(c->now, node, "function_definition");
}

/* How often a word is declared within a node, and where last. */
uint32_t check_declared(const struct checking *c, uint32_t top, struct str name, uint32_t *ret)
{
    uint32_t count = 0;
    SYNTAX_EACH_WITHIN(node, c->now, top)
    if (check_is(c, node, "identifier") && str_equal(syntax_text(c->now, node), name) &&
        (!strcmp(c->now->nodes[node].field, "declarator") ||
            check_is(c, c->now->nodes[node].parent, "enumerator"))) {
        count++;
        *ret = node;
    }
    return count;
}

static bool is_changed(const struct checking *c, uint32_t top, struct str name)
{
    SYNTAX_EACH_WITHIN(node, c->now, top)
    {
        uint32_t part = 0;
        if (check_is(c, node, "assignment_expression"))
            part = syntax_child(c->now, node, "left");
        else if (check_is(c, node, "update_expression") || check_is(c, node, "pointer_expression"))
            part = syntax_child(c->now, node, "argument");
        if (part && str_equal(syntax_text(c->now, part), name))
            return true;
    }
    return false;
}

/* A pointer that leads somewhere: the turn, the call in hand, the session's state, and nothing that
 * was put in its place. */
bool check_leads(const struct checking *c, uint32_t node)
{
    uint32_t at = 0, function = check_function(c, node);
    struct str name = syntax_text(c->now, node);
    if (!check_is(c, node, "identifier") || !function ||
        check_declared(c, function, name, &at) != 1 || is_changed(c, function, name))
        return false;
    uint32_t declaration = at;
    while (declaration > function && !check_is(c, declaration, "parameter_declaration") &&
           !check_is(c, declaration, "init_declarator"))
        declaration = c->now->nodes[declaration].parent;
    struct str text = syntax_text(c->now, declaration);
    if (check_is(c, declaration, "parameter_declaration"))
        return str_starts(text, STR("moult_turn *")) || str_starts(text, STR("moult_call *"));
    uint32_t value = declaration > function ? syntax_child(c->now, declaration, "value") : 0;
    return value && syntax_has_text(c->now, value, "moult_state(turn)");
}

/* --- conditions and first values */

const struct check_verb *check_verb(const struct checking *c, uint32_t call)
{
    uint32_t by = syntax_child(c->now, call, "function");
    for (size_t i = 0; by && i < COUNT_OF(verbs); i++)
        if (check_is(c, by, "identifier") && syntax_has_text(c->now, by, verbs[i].name))
            return &verbs[i];
    return NULL;
}

/* All arguments; but: not looked at. */
bool check_pure_arguments(struct checking *c, uint32_t call, uint32_t but)
{
    uint32_t list = syntax_child(c->now, call, "arguments");
    if (list)
        SYNTAX_EACH_CHILD(child, c->now, list)
    if (c->now->nodes[child].named && child != but && !check_is(c, child, "comment") &&
        !check_is_pure(c, child))
        return false;
    return list != 0;
}

static bool pure_name(struct checking *c, uint32_t node)
{
    uint32_t at = 0, function = check_function(c, node);
    struct str name = syntax_text(c->now, node);
    if (str_starts(name, STR("MOULT_")) || (function && check_declared(c, function, name, &at)))
        return true;
    bool known = check_declared(c, 0, name, &at) &&
                 !syntax_around(c->now, at, "function_definition") &&
                 !check_is(c, c->now->nodes[at].parent, "function_declarator");
    return known || check_no(c, node, "a name that may stand for anything");
}

static bool pure_member(struct checking *c, uint32_t node)
{
    uint32_t of = syntax_child(c->now, node, "argument");
    if (!syntax_child_of_kind(c->now, node, "->"))
        return check_is_pure(c, of);
    uint32_t it = check_is(c, of, "field_expression") ? syntax_child(c->now, of, "argument") : 0;
    bool iterated = it && check_is(c, it, "identifier") &&
                    !syntax_child_of_kind(c->now, of, "->") &&
                    syntax_has_text(c->now, syntax_child(c->now, of, "field"), "call");
    return check_leads(c, of) || iterated || check_no(c, node, "a pointer that may lead nowhere");
}

static bool pure_operator(struct checking *c, uint32_t node)
{
    uint32_t right = syntax_child(c->now, node, "right"),
             sign = syntax_child(c->now, node, "operator");
    bool divides = syntax_has_text(c->now, sign, "/") || syntax_has_text(c->now, sign, "%");
    bool by_number =
        check_is(c, right, "number_literal") && syntax_text(c->now, right).at[0] != '0';
    if (divides && !by_number)
        return check_no(c, node, "it may divide by nothing");
    return check_is_pure(c, syntax_child(c->now, node, "left")) && check_is_pure(c, right);
}

/* Whether there is a first one of what a verb walks over: the iterator is nobody's. */
static bool pure_walk(struct checking *c, uint32_t call)
{
    uint32_t last = 0;
    SYNTAX_EACH_CHILD(child, c->now, syntax_child(c->now, call, "arguments"))
    if (c->now->nodes[child].named && !check_is(c, child, "comment"))
        last = child;
    return (last && syntax_has_text(c->now, last, "&(moult_it){ 0 }") &&
               check_pure_arguments(c, call, last)) ||
           check_no(c, call, "a call that may do something");
}

static bool pure_call(struct checking *c, uint32_t node)
{
    const struct check_verb *verb = check_verb(c, node);
    if (!verb)
        return check_calls_pure(c, node);
    if (strcmp(verb->purity, "PURE") != 0)
        return check_no(c, node, "a call that may do something");
    return strchr(verb->signature, 'I') ? pure_walk(c, node) : check_pure_arguments(c, node, 0);
}

bool check_is_pure(struct checking *c, uint32_t node)
{
    static const char *const leaves[] = { "number_literal", "string_literal", "char_literal",
        "concatenated_string", "true", "false", "null", "sizeof_expression" };
    static const char *const wraps[] = { "parenthesized_expression", "unary_expression",
        "conditional_expression", "cast_expression" };
    for (size_t i = 0; i < COUNT_OF(leaves); i++)
        if (check_is(c, node, leaves[i]))
            return true;
    if (check_is(c, node, "identifier"))
        return pure_name(c, node);
    if (check_is(c, node, "field_expression"))
        return pure_member(c, node);
    if (check_is(c, node, "binary_expression"))
        return pure_operator(c, node);
    if (check_is(c, node, "call_expression"))
        return pure_call(c, node);
    for (size_t i = 0; i < COUNT_OF(wraps); i++)
        if (check_is(c, node, wraps[i])) {
            SYNTAX_EACH_CHILD(child, c->now, node)
            if (c->now->nodes[child].named && !check_is(c, child, "comment") &&
                !check_is(c, child, "type_descriptor") && !check_is_pure(c, child))
                return false;
            return true;
        }
    return check_no(c, node, "it may do something");
}
