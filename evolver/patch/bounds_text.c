/* bounds_text - texts that the host handed out: what stands in them is as long as it is, whatever
 * the plugin does. One of its own making may say any length. */
#include "patch/bounds_inside.h"

#include "base/mem.h"

#include <string.h>

static const char *const text_members[] = { "text", "key", "name", "raw", "result" };

static bool is_member(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(text_members); i++)
        if (str_equal(name, str_of(text_members[i])))
            return true;
    return str_equal(name, STR("size"));
}

static bool declares_size(const struct syntax *syntax, uint32_t declaration)
{
    SYNTAX_EACH_WITHIN(node, syntax, declaration)
    if (syntax_is(syntax, node, "field_identifier") && syntax_has_text(syntax, node, "size"))
        return true;
    return false;
}

/* Whether the plugin has texts of its own making in such members: it declares or sets one. */
static bool makes_texts(const struct syntax *syntax)
{
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        uint32_t left = 0;
        if (syntax_is(syntax, node, "field_declaration") &&
            (str_find(syntax_text(syntax, node), STR("moult_text")) >= 0 ||
                declares_size(syntax, node)))
            return true;
        if (syntax_is(syntax, node, "assignment_expression"))
            left = bounds_bare(syntax, syntax_child(syntax, node, "left"));
        if (syntax_is(syntax, node, "update_expression"))
            left = bounds_bare(syntax, syntax_child(syntax, node, "argument"));
        uint32_t field = left ? syntax_child(syntax, left, "field") : 0;
        if (field && is_member(syntax_text(syntax, field)))
            return true;
    }
    return false;
}

static bool take_text(const struct bounds *bounds, uint32_t node, unsigned depth, void *with)
{
    (void)with;
    return bounds_is_text(bounds, node, depth);
}

static bool named_text(const struct bounds *bounds, uint32_t node, unsigned depth)
{
    struct outline_name name;
    if (!bounds_meaning(bounds, node, &name) || !bounds_stays(bounds, node, &name) ||
        !str_equal(name.type, STR("moult_text")))
        return false;
    uint32_t value = bounds_initial(bounds->syntax, &name);
    if (name.kind == OUTLINE_PARAM)
        return bounds_follow(bounds, node, &name, depth, take_text, NULL);
    return value && bounds_is_text(bounds, value, depth);
}

/* `call->raw`, `it.text`, `it.call->name`. An iterator begins empty, so that what it holds is the
 * host's. */
static bool member_text(const struct bounds *bounds, uint32_t node)
{
    const struct syntax *syntax = bounds->syntax;
    uint32_t field = syntax_child(syntax, node, "field");
    uint32_t of = bounds_bare(syntax, syntax_child(syntax, node, "argument"));
    struct outline_name name;
    if (!field || !of || !is_member(syntax_text(syntax, field)) || makes_texts(syntax))
        return false;
    if (syntax_is(syntax, of, "field_expression") && syntax_child(syntax, of, "field") &&
        syntax_has_text(syntax, syntax_child(syntax, of, "field"), "call"))
        of = bounds_bare(syntax, syntax_child(syntax, of, "argument"));
    if (!of || !syntax_is(syntax, of, "identifier") || !bounds_meaning(bounds, of, &name))
        return false;
    if (name.kind == OUTLINE_PARAM)
        return true;
    uint32_t value = bounds_initial(syntax, &name);
    return str_equal(name.type, STR("moult_it")) && value &&
           (syntax_has_text(syntax, value, "{ 0 }") || syntax_has_text(syntax, value, "{0}"));
}

bool bounds_is_text(const struct bounds *bounds, uint32_t node, unsigned depth)
{
    struct str verb;
    node = bounds_bare(bounds->syntax, node);
    if (!depth)
        return false;
    if (syntax_is(bounds->syntax, node, "identifier"))
        return named_text(bounds, node, depth - 1);
    if (syntax_is(bounds->syntax, node, "field_expression"))
        return member_text(bounds, node);
    const char *signature = bounds_verb(bounds, node, &verb);
    return signature && signature[0] == 'T';
}
