/* certificate_check - reads two sources and a certificate, and believes none of them.
 *
 * Outside the insertions the tokens are the old ones, directives included. An insertion is, in a
 * block: `if (CONDITION)` without else; a loop over an iterator of the SDK's that the insertion
 * declares; a call of a function that the patch puts in; and in the file: that function, whose body
 * looks, leaves early, and acts behind a condition only; constants. Conditions and first values
 * look and do nothing, by the SDK's own rows. What is not listed is refused. */
#include "patch/certificate_inside.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum leave { LEAVE_NOT = 0, LEAVE_LOOP = 1, LEAVE_FUNCTION = 2 }; /* bits: what may be left */

static bool is_noise(const struct checking *c, uint32_t node)
{
    return check_is(c, node, "comment") || check_is(c, node, "{") || check_is(c, node, "}") ||
           check_is(c, node, ";");
}

static bool is_put_in(const struct checking *c, uint32_t node)
{
    const struct span at = c->now->nodes[node].span;
    for (uint32_t i = 0; i < c->claimed->insertions_count; i++)
        if (c->claimed->insertions[i].from <= at.from && at.to <= c->claimed->insertions[i].to)
            return true;
    return false;
}

/* --- statements */

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
    if (!is_noise(c, child)) {
        statement = child;
        break;
    }
    struct str text = syntax_text(c->now, statement);
    return ((leave & LEAVE_FUNCTION) && str_equal(text, STR("return;"))) ||
           ((leave & LEAVE_LOOP) &&
               (str_equal(text, STR("continue;")) || str_equal(text, STR("break;"))));
}

/* *ret_left: what stands behind it runs only where its condition does not hold. */
static bool quiet_if(struct checking *c, uint32_t node, unsigned leave, bool *ret_left)
{
    uint32_t condition = inner(c, syntax_child(c->now, node, "condition"));
    uint32_t then = syntax_child(c->now, node, "consequence");
    if (syntax_child(c->now, node, "alternative"))
        return check_no(c, node, "an else, which runs where the condition does not hold");
    *ret_left = is_leaving(c, then, leave);
    return check_is_pure(c, condition) && entered_only_here(c, then) &&
           guarded(c, condition, !*ret_left);
}

static bool quiet_block(struct checking *c, uint32_t block, unsigned leave);

/* `for (moult_it NAME = { 0 }; moult_VERB(turn, ..., &NAME);)` */
static bool quiet_loop(struct checking *c, uint32_t node, unsigned leave)
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
    if (!check_pure_arguments(c, call, last))
        return false;
    struct checking before = *c;
    if (quiet_block(c, body, leave | LEAVE_LOOP))
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
static bool quiet_block(struct checking *c, uint32_t block, unsigned leave)
{
    bool left = false;
    if (!check_is(c, block, "compound_statement"))
        return check_is(c, block, "if_statement")
                   ? quiet_if(c, block, leave, &left)
                   : check_no(c, block, "something without a condition");
    SYNTAX_EACH_CHILD(node, c->now, block)
    {
        if (is_noise(c, node))
            continue;
        if (left) { /* behind a way out */
            bool more = false;
            if (!entered_only_here(c, node) ||
                (check_is(c, node, "if_statement") && !syntax_child(c->now, node, "alternative") &&
                    is_leaving(c, syntax_child(c->now, node, "consequence"), leave) &&
                    !quiet_if(c, node, leave, &more)))
                return false;
        } else if (check_is(c, node, "declaration")    ? !quiet_declaration(c, node)
                   : check_is(c, node, "if_statement") ? !quiet_if(c, node, leave, &left)
                   : check_is(c, node, "for_statement")
                       ? !quiet_loop(c, node, leave)
                       : !check_no(c, node, "something without a condition"))
            return false;
    }
    return true;
}

/* --- what is put in */

/* A function of the patch, called for what it does: its arguments lead somewhere. */
static bool quiet_call(struct checking *c, uint32_t node)
{
    uint32_t call = syntax_child_of_kind(c->now, node, "call_expression"), at = 0;
    uint32_t by = call ? syntax_child(c->now, call, "function") : 0;
    if (!by || !check_is(c, by, "identifier") ||
        check_declared(c, 0, syntax_text(c->now, by), &at) != 1 || !is_put_in(c, at) ||
        !check_is(c, c->now->nodes[at].parent, "function_declarator"))
        return check_no(c, node, "something without a condition");
    SYNTAX_EACH_CHILD(child, c->now, syntax_child(c->now, call, "arguments"))
    if (c->now->nodes[child].named && !check_is(c, child, "comment") && !check_leads(c, child))
        return check_no(c, child, "an argument that may lead nowhere");
    return true;
}

static bool quiet_function(struct checking *c, uint32_t node)
{
    uint32_t type = syntax_child(c->now, node, "type"), body = syntax_child(c->now, node, "body");
    if (!syntax_has_text(c->now, type, "void") ||
        !syntax_child_of_kind(c->now, node, "storage_class_specifier"))
        return check_no(c, node, "a function that answers something");
    return quiet_block(c, body, LEAVE_FUNCTION);
}

static bool quiet_constants(struct checking *c, uint32_t node)
{
    bool constant = check_is(c, node, "enum_specifier");
    if (check_is(c, node, "declaration") &&
        !check_is(c, syntax_child(c->now, node, "declarator"), "function_declarator"))
        SYNTAX_EACH_CHILD(child, c->now, node)
    constant |= check_is(c, child, "type_qualifier") && syntax_has_text(c->now, child, "const");
    return constant || check_no(c, node, "something of the file that is no constant");
}

/* No word of the source before is one that is declared here: else that word means another thing. */
static bool declares_news(struct checking *c, uint32_t top)
{
    SYNTAX_EACH_WITHIN(node, c->now, top)
    {
        bool declares = check_is(c, node, "identifier") &&
                        (!strcmp(c->now->nodes[node].field, "declarator") ||
                            check_is(c, c->now->nodes[node].parent, "enumerator"));
        struct str name = syntax_text(c->now, node);
        bool local = syntax_around(c->now, node, "function_definition") != 0 &&
                     !check_is(c, c->now->nodes[node].parent, "function_declarator");
        if (!declares || local)
            continue;
        if (str_starts(name, STR("moult_")))
            return check_no(c, node, "a name of the SDK's");
        SYNTAX_EACH_WITHIN(old, c->was, 0)
        if (c->was->nodes[old].leaf && str_equal(syntax_text(c->was, old), name))
            return check_no(c, node, "a name that was there before");
    }
    return true;
}

static bool quiet_item(struct checking *c, uint32_t node)
{
    if (check_is(c, node, ";"))
        return true;
    return declares_news(c, node) &&
           (check_is(c, node, "function_definition") ? quiet_function(c, node)
                                                     : quiet_constants(c, node));
}

static bool quiet_statement(struct checking *c, uint32_t node)
{
    bool left = false;
    if (check_is(c, node, "if_statement"))
        return quiet_if(c, node, LEAVE_NOT, &left);
    return check_is(c, node, "for_statement") ? quiet_loop(c, node, LEAVE_NOT)
                                              : quiet_call(c, node);
}

/* Whole nodes of one block, or of the file. */
static bool check_insertion(struct checking *c, struct span span)
{
    uint32_t exact = syntax_exact(c->now, span);
    uint32_t parent = exact ? c->now->nodes[exact].parent : syntax_covering(c->now, span);
    bool file = parent == 0, found = false;
    if (!file && !check_is(c, parent, "compound_statement") &&
        !check_is(c, parent, "case_statement"))
        return check_no(c, parent, "an insertion that is in no block");
    SYNTAX_EACH_CHILD(node, c->now, parent)
    {
        struct span at = c->now->nodes[node].span;
        if (at.to <= span.from || at.from >= span.to)
            continue;
        if (at.from < span.from || at.to > span.to)
            return check_no(c, node, "an insertion that is no whole node");
        found = true;
        if (!check_is(c, node, "comment") &&
            !(file ? quiet_item(c, node) : quiet_statement(c, node)))
            return false;
    }
    return found || check_no(c, parent, "an insertion of nothing");
}

/* The SDK's words are the SDK's. */
static bool nobody_hides_the_sdk(struct checking *c)
{
    SYNTAX_EACH_WITHIN(node, c->now, 0)
    {
        struct str name = syntax_text(c->now, node);
        if (check_is(c, node, "identifier") && !strcmp(c->now->nodes[node].field, "declarator") &&
            str_starts(name, STR("moult_")) && !str_equal(name, STR("moult_plugin")) &&
            !str_equal(name, STR("moult_pipeline")))
            return check_no(c, node, "a name of the SDK's");
    }
    return true;
}

const char *certificate_check(const struct syntax *was, const struct syntax *now,
    const struct certificate *certificate, struct place *ret_place)
{
    struct checking c = { .was = was, .now = now, .claimed = certificate };
    *ret_place = (struct place){ 1, 1 };
    if (!certificate->insertions_count || !certificate->guards_count)
        return "it guards nothing";
    const char *why = certificate_outside(was, now, certificate, ret_place);
    if (why)
        return why;
    bool good = nobody_hides_the_sdk(&c);
    for (uint32_t i = 0; good && i < certificate->insertions_count; i++)
        good = check_insertion(&c, certificate->insertions[i]);
    if (good && c.guards != certificate->guards_count)
        c.why = "it names a condition that guards nothing";
    *ret_place = c.place.line ? c.place : *ret_place;
    return c.why;
}
