/* certificate_check - reads two sources and a certificate, and believes none of them.
 *
 * Outside the insertions the tokens are the old ones, directives included. An insertion is, in a
 * block: `if (CONDITION)` without else; a loop over an iterator of the SDK's that the insertion
 * declares; a call of a function that the patch puts in; and in the file: that function, whose body
 * looks, leaves early, and acts behind a condition only; a hook of such a body
 * (certificate_hook.c); constants; and braces around one statement that was there
 * (certificate_braces.c). Conditions and first values look and do nothing, by the SDK's own rows,
 * and so does what they call (certificate_function.c). What is not listed is refused. */
#include "patch/certificate_inside.h"

#include "base/mem.h"

#include <string.h>

bool check_put_in(const struct checking *c, uint32_t node)
{
    const struct span at = c->now->nodes[node].span;
    for (uint32_t i = 0; i < c->claimed->insertions_count; i++)
        if (c->claimed->insertions[i].from <= at.from && at.to <= c->claimed->insertions[i].to)
            return true;
    return false;
}

/* --- what is put in */

/* A function of the patch, called for what it does: its arguments lead somewhere. */
static bool quiet_call(struct checking *c, uint32_t node)
{
    uint32_t call = syntax_child_of_kind(c->now, node, "call_expression"), at = 0;
    uint32_t by = call ? syntax_child(c->now, call, "function") : 0;
    if (!by || !check_is(c, by, "identifier") ||
        check_declared(c, 0, syntax_text(c->now, by), &at) != 1 || !check_put_in(c, at) ||
        !check_is(c, c->now->nodes[at].parent, "function_declarator"))
        return check_no(c, node, "something without a condition");
    SYNTAX_EACH_CHILD(child, c->now, syntax_child(c->now, call, "arguments"))
    if (c->now->nodes[child].named && !check_is(c, child, "comment") && !check_leads(c, child))
        return check_no(c, child, "an argument that may lead nowhere");
    return true;
}

/* A hook of the patch's own, which passes at its end. */
static bool quiet_hook(struct checking *c, uint32_t body)
{
    uint32_t last = 0;
    SYNTAX_EACH_CHILD(node, c->now, body)
    last = check_is_noise(c, node) ? last : node;
    if (!last || !syntax_has_text(c->now, last, "return MOULT_PASS;"))
        return check_no(c, body, "a hook that does not pass at its end");
    c->passes = last;
    return check_quiet_block(c, body, LEAVE_HOOK);
}

static bool quiet_function(struct checking *c, uint32_t node)
{
    uint32_t type = syntax_child(c->now, node, "type"), body = syntax_child(c->now, node, "body");
    if (!syntax_child_of_kind(c->now, node, "storage_class_specifier"))
        return check_no(c, node, "a function that others could call");
    if (check_is_hook(c, node))
        return quiet_hook(c, body);
    return syntax_has_text(c->now, type, "void") ? check_quiet_block(c, body, LEAVE_FUNCTION)
                                                 : check_function_is_pure(c, node);
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

bool check_statement(struct checking *c, uint32_t node)
{
    bool left = false;
    if (check_is(c, node, "if_statement"))
        return check_quiet_if(c, node, LEAVE_NOT, &left);
    return check_is(c, node, "for_statement") ? check_quiet_loop(c, node, LEAVE_NOT)
                                              : quiet_call(c, node);
}

/* Whole nodes of one block, or of the file. */
static bool check_insertion(struct checking *c, struct span span)
{
    uint32_t exact = syntax_exact(c->now, span);
    uint32_t parent = exact ? c->now->nodes[exact].parent : syntax_covering(c->now, span);
    bool file = parent == 0, entry = certificate_is_entry(c, parent), found = false;
    if (!file && !entry && !check_is(c, parent, "compound_statement") &&
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
        if (!check_is(c, node, "comment") && !(file      ? quiet_item(c, node)
                                                 : entry ? check_entry(c, parent, node)
                                                         : check_statement(c, node)))
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
        bool declares = check_is(c, node, "identifier") &&
                        (!strcmp(c->now->nodes[node].field, "declarator") ||
                            check_is(c, c->now->nodes[node].parent, "enumerator"));
        if (declares && (str_starts(name, STR("moult_")) || str_starts(name, STR("MOULT_"))) &&
            !str_equal(name, STR("moult_plugin")) && !str_equal(name, STR("moult_pipeline")))
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
    for (uint32_t i = 0; good && i < certificate->insertions_count; i++) {
        uint32_t block = certificate_braces(&c, i);
        good = block ? check_braces(&c, block, i) : check_insertion(&c, certificate->insertions[i]);
        i += block != 0;
    }
    if (good && c.guards != certificate->guards_count)
        c.why = "it names a condition that guards nothing";
    *ret_place = c.place.line ? c.place : *ret_place;
    return c.why;
}
