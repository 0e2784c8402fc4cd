/* describe_always - a hook that decided, and now always returns the same.
 *
 * Whatever was put in, moved or taken out: what counts is which actions its returns can name.
 * Behind a return that stands in the function's own block nothing is reached, unless it can be
 * jumped to. */
#include "patch/describe_side.h"

#include "base/mem.h"

#include <string.h>

static bool has_label(const struct syntax *syntax, uint32_t top)
{
    SYNTAX_EACH_WITHIN(node, syntax, top)
    if (syntax_is(syntax, node, "labeled_statement"))
        return true;
    return false;
}

/* Where the part of the body ends that can be reached. */
static uint32_t reached(const struct syntax *syntax, uint32_t body)
{
    SYNTAX_EACH_CHILD(child, syntax, body)
    if (syntax_is(syntax, child, "return_statement") && !has_label(syntax, body))
        return child + syntax->nodes[child].next;
    return body + syntax->nodes[body].next;
}

/* The one action that every return names; the empty text: there are several, or one that is worked
 * out. */
static struct str only_action(const struct syntax *syntax, uint32_t body)
{
    struct str only = { 0 };
    uint32_t end = reached(syntax, body);
    for (uint32_t node = body; node < end; node++) {
        if (!syntax_is(syntax, node, "return_statement"))
            continue;
        uint32_t value = syntax_child_of_kind(syntax, node, "identifier");
        struct str action = value ? syntax_text(syntax, value) : (struct str){ 0 };
        if (!str_starts(action, STR("MOULT_")) || (only.size && !str_equal(only, action)))
            return (struct str){ 0 };
        only = action;
    }
    return only;
}

static const struct outline_function *hook_function(const struct side_tree *side, struct str hook)
{
    for (uint32_t i = 0; i < side->plugin.count; i++)
        if (side->plugin.at[i].hook && str_equal(side->plugin.at[i].name, hook))
            return side->plugin.at[i].function;
    return NULL;
}

void tell_always(struct telling *telling)
{
    for (uint32_t i = 0; i < telling->now.plugin.count; i++) {
        const struct outline_member *member = &telling->now.plugin.at[i];
        const struct outline_function *now = member->hook ? member->function : NULL;
        const struct outline_function *was =
            now ? hook_function(&telling->was, member->name) : NULL;
        struct str action = was ? only_action(telling->now.syntax, now->body) : (struct str){ 0 };
        if (!action.size || only_action(telling->was.syntax, was->body).size)
            continue;
        tell_where(telling, "always the same: ", &telling->now, now->node);
        buf_format(telling->out, "the hook %.*s returns %.*s whatever it finds",
            (int)member->name.size, member->name.at, (int)action.size, action.at);
        tell_end(telling);
    }
}
