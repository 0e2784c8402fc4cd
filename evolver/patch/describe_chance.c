/* describe_chance - what a patch asks of chance and of time.
 *
 * A replay throws few dice and tries few times, so what one effect in a hundred thousand depends on
 * is seen by nobody but who reads it. No repair that the search makes needs either. */
#include "patch/describe_side.h"

#include "base/mem.h"

static const struct {
    const char *verb, *flag;
} verbs[] = {
    { "moult_random", "by chance: " },
    { "moult_elapsed_ms", "by time: " },
};

void tell_chance(struct telling *telling, const struct diff_run *run)
{
    const struct syntax *syntax = telling->now.syntax;
    if (!run->first)
        return;
    for (uint32_t node = run->first; node < run->last + syntax->nodes[run->last].next; node++)
        for (size_t i = 0; syntax_is(syntax, node, "identifier") && i < COUNT_OF(verbs); i++) {
            if (!syntax_has_text(syntax, node, verbs[i].verb))
                continue;
            uint32_t call = syntax_around(syntax, node, "call_expression");
            tell_where(telling, verbs[i].flag, &telling->now, node);
            tell_node(telling, syntax, call ? call : node);
            tell_end(telling);
        }
}
