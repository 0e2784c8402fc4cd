/* certificate_quiet - what stands unguarded in the code that a patch puts in: part of the checker.
 * A condition, a walk over an iterator, a first value; behind a way out nothing is unguarded. */
#include "patch/certificate_inside.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

bool check_is_noise(const struct checking *c, uint32_t node)
{
    return check_is(c, node, "comment") || check_is(c, node, "{") || check_is(c, node, "}") ||
           check_is(c, node, ";");
}

/* The next guard of the certificate is this one. */
static bool guarded(struct checking *c, uint32_t condition, bool holds)
{
    const struct span span = c->now->nodes[condition].span;
    const struct certificate_guard *at = &c->claimed->guards[c->guards];
    if (c->guards == c->claimed->guards_count || at->span.from != span.from ||
        at->span.to != span.to || at->holds != holds)
        return check_no(c, condition, "a condition that the certificate does not name");
    c->guards++;
    return true;
}

/* Behind a condition anything may happen; but nobody gets there by another way. */
static bool entered_only_here(struct checking *c, uint32_t top)
{
    SYNTAX_EACH_WITHIN(node, c->now, top)
    if (check_is(c, node, "case_statement") || check_is(c, node, "labeled_statement"))
        return check_no(c, node, "a label, by which it can be entered");
    return true;
}

static uint32_t inner(const struct checking *c, uint32_t parenthesized)
{
    if (check_is(c, parenthesized, "parenthesized_expression"))
        SYNTAX_EACH_CHILD(child, c->now, parenthesized)
    if (c->now->nodes[child].named && !check_is(c, child, "comment"))
        return child;
    return parenthesized;
}

static bool is_leaving(const struct checking *c, uint32_t statement, unsigned leave)
{
    if (check_is(c, statement, "compound_statement"))
        SYNTAX_EACH_CHILD(child, c->now, statement)
    if (!check_is_noise(c, child)) {
        statement = child;
        break;
    }
    struct str text = syntax_text(c->now, statement);
    return ((leave & LEAVE_HOOK) && str_equal(text, STR("return MOULT_PASS;"))) ||
           ((leave & LEAVE_FUNCTION) && str_equal(text, STR("return;"))) ||
           ((leave & LEAVE_LOOP) &&
               (str_equal(text, STR("continue;")) || str_equal(text, STR("break;"))));
}

/* The condition, or what its `&&` begin with if that is what the certificate names: the rest of it
 * is worked out only where that holds. */
static uint32_t guard_of(const struct checking *c, uint32_t condition)
{
    uint32_t node = condition;
    if (c->guards == c->claimed->guards_count)
        return condition;
    const struct span claimed = c->claimed->guards[c->guards].span;
    while (check_is(c, node, "binary_expression") && c->now->nodes[node].span.to != claimed.to &&
           syntax_has_text(c->now, syntax_child(c->now, node, "operator"), "&&"))
        node = syntax_child(c->now, node, "left");
    const struct span at = c->now->nodes[node].span;
    return at.from == claimed.from && at.to == claimed.to ? node : condition;
}

/* *ret_left: what stands behind it runs only where its condition does not hold. */
bool check_quiet_if(struct checking *c, uint32_t node, unsigned leave, bool *ret_left)
{
    uint32_t condition = inner(c, syntax_child(c->now, node, "condition"));
    uint32_t then = syntax_child(c->now, node, "consequence");
    if (syntax_child(c->now, node, "alternative"))
        return check_no(c, node, "an else, which runs where the condition does not hold");
    *ret_left = is_leaving(c, then, leave);
    uint32_t guard = *ret_left ? condition : guard_of(c, condition);
    return check_is_pure(c, guard) && entered_only_here(c, node) && guarded(c, guard, !*ret_left);
}

bool check_walks(struct checking *c, uint32_t node)
{
    uint32_t init = syntax_child(c->now, node, "initializer"),
             call = syntax_child(c->now, node, "condition"),
             body = syntax_child(c->now, node, "body"), at = 0, last = 0;
    const struct check_verb *verb =
        call && check_is(c, call, "call_expression") ? check_verb(c, call) : NULL;
    if (!verb || !strchr(verb->signature, 'I') || !init || !body ||
        syntax_child(c->now, node, "update"))
        return check_no(c, node, "a loop that is no iterator's");
    SYNTAX_EACH_CHILD(child, c->now, syntax_child(c->now, call, "arguments"))
    if (c->now->nodes[child].named)
        last = child;
    uint32_t named = last ? syntax_child(c->now, last, "argument") : 0;
    struct str name = named ? syntax_text(c->now, named) : STR("");
    char begins[128];
    snprintf(begins, sizeof begins, "moult_it %.*s = { 0 };", (int)name.size, name.at);
    if (!named || !check_is(c, last, "pointer_expression") ||
        !syntax_has_text(c->now, init, begins) ||
        check_declared(c, check_function(c, node), name, &at) != 1)
        return check_no(c, node, "an iterator that is not this loop's own");
    return check_pure_arguments(c, call, last);
}

bool check_quiet_loop(struct checking *c, uint32_t node, unsigned leave)
{
    uint32_t call = syntax_child(c->now, node, "condition"),
             body = syntax_child(c->now, node, "body");
    if (!check_walks(c, node))
        return false;
    struct checking before = *c;
    if (check_quiet_block(c, body, leave | LEAVE_LOOP))
        return true;
    *c = before; /* then it acts wherever there is something to walk over */
    return entered_only_here(c, body) && guarded(c, call, true);
}

static bool quiet_declaration(struct checking *c, uint32_t node)
{
    uint32_t at = 0, function = check_function(c, node);
    if (syntax_child_of_kind(c->now, node, "storage_class_specifier"))
        return check_no(c, node, "something that lasts");
    SYNTAX_EACH_CHILD(child, c->now, node)
    {
        if (strcmp(c->now->nodes[child].field, "declarator") != 0)
            continue;
        uint32_t value = syntax_child(c->now, child, "value"), name = child;
        for (uint32_t within; (within = syntax_child(c->now, name, "declarator")) != 0;)
            name = within;
        if (check_declared(c, function, syntax_text(c->now, name), &at) != 1)
            return check_no(c, child, "a name that hides another");
        if (value && !check_is_pure(c, value))
            return false;
    }
    return true;
}

/* What stands unguarded in a block that the patch put in. */
bool check_quiet_block(struct checking *c, uint32_t block, unsigned leave)
{
    bool left = false;
    if (!check_is(c, block, "compound_statement"))
        return check_is(c, block, "if_statement")
                   ? check_quiet_if(c, block, leave, &left)
                   : check_no(c, block, "something without a condition");
    SYNTAX_EACH_CHILD(node, c->now, block)
    {
        if (check_is_noise(c, node) || node == c->passes)
            continue;
        if (left) { /* behind a way out */
            bool more = false;
            if (!entered_only_here(c, node) ||
                (check_is(c, node, "if_statement") && !syntax_child(c->now, node, "alternative") &&
                    is_leaving(c, syntax_child(c->now, node, "consequence"), leave) &&
                    !check_quiet_if(c, node, leave, &more)))
                return false;
        } else if (check_is(c, node, "declaration")    ? !quiet_declaration(c, node)
                   : check_is(c, node, "if_statement") ? !check_quiet_if(c, node, leave, &left)
                   : check_is(c, node, "for_statement")
                       ? !check_quiet_loop(c, node, leave)
                       : !check_no(c, node, "something without a condition"))
            return false;
    }
    return true;
}
