/* certificate_function - that a function of the file looks and does nothing: part of the checker.
 *
 * Then a condition may call it. It has first values, branches, walks over an iterator of the SDK's
 * and answers, all by conditions' rules; no variable of it changes, and no other loop stands in it.
 * It calls only what is as harmless, and never comes back to itself. */
#include "patch/certificate_inside.h"

#include <string.h>

/* --- its body */

static bool harmless_block(struct checking *c, uint32_t statement);

/* A local with a first value. What it hides nobody follows: check_leads wants a name that is said
 * once. */
static bool harmless_declaration(struct checking *c, uint32_t node)
{
    if (syntax_child_of_kind(c->now, node, "storage_class_specifier"))
        return check_no(c, node, "something that lasts");
    SYNTAX_EACH_CHILD(child, c->now, node)
    {
        uint32_t value = syntax_child(c->now, child, "value");
        if (strcmp(c->now->nodes[child].field, "declarator") != 0)
            continue;
        if (!value)
            return check_no(c, child, "a local without a first value");
        if (!check_is_pure(c, value))
            return false;
    }
    return true;
}

static bool harmless_if(struct checking *c, uint32_t node)
{
    uint32_t otherwise = syntax_child(c->now, node, "alternative");
    if (!check_is_pure(c, syntax_child(c->now, node, "condition")) ||
        !harmless_block(c, syntax_child(c->now, node, "consequence")))
        return false;
    if (!otherwise || !check_is(c, otherwise, "else_clause"))
        return !otherwise || harmless_block(c, otherwise);
    SYNTAX_EACH_CHILD(child, c->now, otherwise)
    if (c->now->nodes[child].named && !check_is(c, child, "comment"))
        return harmless_block(c, child);
    return true;
}

static bool harmless_answer(struct checking *c, uint32_t node)
{
    SYNTAX_EACH_CHILD(child, c->now, node)
    if (c->now->nodes[child].named && !check_is(c, child, "comment"))
        return check_is_pure(c, child);
    return check_no(c, node, "an answer of nothing");
}

static bool harmless(struct checking *c, uint32_t node)
{
    if (check_is(c, node, "declaration"))
        return harmless_declaration(c, node);
    if (check_is(c, node, "if_statement"))
        return harmless_if(c, node);
    if (check_is(c, node, "for_statement"))
        return check_walks(c, node) && harmless_block(c, syntax_child(c->now, node, "body"));
    if (check_is(c, node, "return_statement"))
        return harmless_answer(c, node);
    return check_is(c, node, "continue_statement") || check_is(c, node, "break_statement") ||
           check_no(c, node, "a function that may do something");
}

/* One statement, or those in braces. Depth is that of the tree, which is bounded. */
static bool harmless_block(struct checking *c, uint32_t statement)
{
    if (!check_is(c, statement, "compound_statement"))
        return harmless(c, statement);
    SYNTAX_EACH_CHILD(node, c->now, statement)
    {
        bool noise = check_is(c, node, "comment") || check_is(c, node, "{") ||
                     check_is(c, node, "}") || check_is(c, node, ";");
        if (!noise && !(check_is(c, node, "compound_statement") ? harmless_block(c, node)
                                                                : harmless(c, node)))
            return false;
    }
    return true;
}

static bool ends_with_an_answer(const struct checking *c, uint32_t body)
{
    bool answers = false;
    SYNTAX_EACH_CHILD(node, c->now, body)
    if (c->now->nodes[node].named && !check_is(c, node, "comment"))
        answers = check_is(c, node, "return_statement");
    return answers;
}

/* --- the whole */

static bool look_at(struct checking *c, uint32_t function)
{
    uint32_t type = syntax_child(c->now, function, "type"),
             body = syntax_child(c->now, function, "body");
    uint32_t storage = syntax_child_of_kind(c->now, function, "storage_class_specifier");
    if (!storage || !syntax_has_text(c->now, storage, "static") ||
        syntax_has_text(c->now, type, "void") ||
        !check_is(c, syntax_child(c->now, function, "declarator"), "function_declarator"))
        return check_no(c, function, "a function that is not this file's own, or answers nothing");
    return harmless_block(c, body) &&
           (ends_with_an_answer(c, body) ||
               check_no(c, function, "a function that may end without an answer"));
}

bool check_function_is_pure(struct checking *c, uint32_t function)
{
    for (uint32_t i = 0; i < c->functions_count; i++)
        if (c->functions[i].at == function)
            return c->functions[i].pure ||
                   check_no(c, function, "a function that comes back to itself");
    if (c->functions_count == CERTIFICATE_MAX)
        return check_no(c, function, "more functions than are looked at");
    uint32_t mine = c->functions_count++;
    c->functions[mine].at = function;
    c->functions[mine].pure = false; /* until it is: who comes back here goes round */
    return c->functions[mine].pure = look_at(c, function);
}

/* --- a call of it */

/* What is followed there must lead somewhere here. */
static bool is_fit(struct checking *c, uint32_t parameter, uint32_t argument)
{
    struct str text = syntax_text(c->now, parameter);
    uint32_t declarator = syntax_child(c->now, parameter, "declarator");
    if (str_starts(text, STR("moult_turn *")) || str_starts(text, STR("moult_call *")))
        return check_leads(c, argument) ||
               check_no(c, argument, "an argument that may lead nowhere");
    if (!declarator ||
        !(check_is(c, declarator, "identifier") || check_is(c, declarator, "pointer_declarator")))
        return check_no(c, argument, "an argument that is called");
    return check_leads(c, argument) || check_is_pure(c, argument);
}

static uint32_t next_of(const struct checking *c, uint32_t node)
{
    do
        node = syntax_after(c->now, node);
    while (node && (!c->now->nodes[node].named || check_is(c, node, "comment")));
    return node;
}

static bool are_fit(struct checking *c, uint32_t call, uint32_t function)
{
    uint32_t declarator = syntax_child(c->now, function, "declarator");
    uint32_t parameter = syntax_first(c->now, syntax_child(c->now, declarator, "parameters"));
    uint32_t argument = syntax_first(c->now, syntax_child(c->now, call, "arguments"));
    for (parameter = next_of(c, parameter), argument = next_of(c, argument); parameter && argument;
         parameter = next_of(c, parameter), argument = next_of(c, argument))
        if (!is_fit(c, parameter, argument))
            return false;
    bool none = !argument && (!parameter || syntax_has_text(c->now, parameter, "void"));
    return none || check_no(c, call, "a call with other arguments than are wanted");
}

bool check_calls_pure(struct checking *c, uint32_t call)
{
    uint32_t by = syntax_child(c->now, call, "function"), at = 0;
    if (!by || !check_is(c, by, "identifier") ||
        check_declared(c, 0, syntax_text(c->now, by), &at) != 1)
        return check_no(c, call, "a call that may do something");
    uint32_t function = syntax_around(c->now, at, "function_definition");
    if (!function || c->now->nodes[at].parent != syntax_child(c->now, function, "declarator"))
        return check_no(c, call, "a call that may do something");
    return check_function_is_pure(c, function) && are_fit(c, call, function);
}
