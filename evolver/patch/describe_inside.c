/* describe_inside - what a new piece of code consists of, statement by statement: one line each.
 *
 * A line of a description is short, and what is told first is not what matters most: a patch may
 * begin with the repair that was asked for. So where a piece is longer than its line, everything
 * in it has a line of its own. */
#include "patch/describe_side.h"

#include "base/mem.h"

#include <string.h>

/* Up to which child a statement is told; what is behind it has lines of its own. NULL: all of it.
 */
static const struct {
    const char *kind, *before;
} told[] = {
    { "expression_statement", NULL },
    { "declaration", NULL },
    { "return_statement", NULL },
    { "goto_statement", NULL },
    { "break_statement", NULL },
    { "continue_statement", NULL },
    { "if_statement", "consequence" },
    { "for_statement", "body" },
    { "while_statement", "body" },
    { "switch_statement", "body" },
    { "do_statement", NULL },
};

/* Of `do BODY while (CONDITION);` its condition; of a statement with a body what stands before. */
static struct span head_of(const struct syntax *syntax, uint32_t node, const char *before)
{
    struct span span = syntax->nodes[node].span;
    uint32_t child = before ? syntax_child(syntax, node, before) : 0;
    if (child)
        span.to = syntax->nodes[child].span.from;
    if (syntax_is(syntax, node, "do_statement") && syntax_child(syntax, node, "condition"))
        span = syntax->nodes[syntax_child(syntax, node, "condition")].span;
    return span;
}

static void tell_one(struct telling *telling, const struct side_tree *side, uint32_t node)
{
    bool in_head = !strcmp(side->syntax->nodes[node].field, "initializer");
    for (size_t i = 0; i < COUNT_OF(told) && !in_head; i++)
        if (syntax_is(side->syntax, node, told[i].kind)) {
            tell_where(telling, "", side, node);
            buf_text(telling->out, "in it ");
            tell_long_piece(telling, side->syntax, head_of(side->syntax, node, told[i].before));
            tell_end(telling);
        }
}

void tell_inside(
    struct telling *telling, const struct side_tree *side, uint32_t first, uint32_t last)
{
    uint32_t end = last + side->syntax->nodes[last].next;
    for (uint32_t node = first; node < end; node++)
        tell_one(telling, side, node);
}
