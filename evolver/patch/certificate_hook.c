/* certificate_hook - that a hook which the plugin did not have passes outside its conditions: part
 * of the checker. The function's body is checked like any other that is put in; here it is that it
 * is what the plugin's description names, once, for a hook that was not named before. */
#include "patch/certificate_inside.h"

#include "base/mem.h"

#include <string.h>

static const char *const hooks[] = { "turn_start", "context", "request", "model_error", "reply",
    "before_tool", "after_tool", "answer", "turn_end" };

/* The word behind the dot, whatever blanks are between them; empty: it has none. */
static struct str member_of(const struct checking *c, uint32_t pair)
{
    uint32_t designator = syntax_child_of_kind(c->now, pair, "field_designator");
    if (designator)
        SYNTAX_EACH_CHILD(child, c->now, designator)
    if (c->now->nodes[child].named && !check_is(c, child, "comment"))
        return syntax_text(c->now, child);
    return STR("");
}

static bool is_hook(struct str member)
{
    for (size_t i = 0; i < COUNT_OF(hooks); i++)
        if (str_equal(member, str_of(hooks[i])))
            return true;
    return false;
}

/* `.HOOK = NAME`: one of its designators is said once, and NAME was put in with it. */
static bool check_pair(struct checking *c, uint32_t list, uint32_t pair)
{
    struct str member = member_of(c, pair);
    uint32_t value = syntax_child(c->now, pair, "value"), at = 0, said = 0;
    if (!is_hook(member))
        return check_no(c, pair, "something of the plugin's description that is no hook");
    SYNTAX_EACH_CHILD(other, c->now, list)
    said += str_equal(member_of(c, other), member);
    if (said != 1)
        return check_no(c, pair, "a hook that it has");
    if (!value || !check_is(c, value, "identifier") ||
        check_declared(c, 0, syntax_text(c->now, value), &at) != 1 || !check_put_in(c, at) ||
        !check_is_hook(c, syntax_around(c->now, at, "function_definition")))
        return check_no(c, pair, "a hook that was not put in with it");
    return true;
}

/* Only pairs: what has no designator would be another member behind one more. */
static bool only_pairs(const struct checking *c, uint32_t list)
{
    SYNTAX_EACH_CHILD(child, c->now, list)
    if (c->now->nodes[child].named && !check_is(c, child, "comment") &&
        !check_is(c, child, "initializer_pair"))
        return false;
    return true;
}

bool certificate_is_entry(const struct checking *c, uint32_t parent)
{
    uint32_t init = c->now->nodes[parent].parent;
    return check_is(c, parent, "initializer_list") && check_is(c, init, "init_declarator") &&
           syntax_has_text(c->now, syntax_child(c->now, init, "declarator"), "moult_plugin") &&
           c->now->nodes[c->now->nodes[init].parent].parent == 0;
}

bool check_entry(struct checking *c, uint32_t list, uint32_t node)
{
    if (check_is(c, node, ",") || check_is(c, node, "comment"))
        return true;
    return only_pairs(c, list) ? check_pair(c, list, node)
                               : check_no(c, node, "a description whose members have no names");
}

bool check_is_hook(const struct checking *c, uint32_t function)
{
    return function &&
           syntax_has_text(c->now, syntax_child(c->now, function, "type"), "moult_action") &&
           check_is(c, syntax_child(c->now, function, "declarator"), "function_declarator");
}
