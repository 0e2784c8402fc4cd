/* certificate_braces - that braces around one statement which was there leave it what it was: part
 * of the checker. What is put in beside it is checked like in any block.
 *
 * The tokens between the braces are the old ones (certificate_outside), but braces could take an
 * else from one if to another, or a statement out of a branch: so the one statement, and what it is
 * a part of, must be whole nodes of the old source, too, in the same part. */
#include "patch/certificate_inside.h"

#include "base/mem.h"

#include <string.h>

/* A block that is the whole of a branch or a loop. */
static bool is_branch(const struct checking *c, uint32_t block)
{
    static const char *const around[] = { "if_statement", "else_clause", "for_statement",
        "while_statement" };
    uint32_t parent = c->now->nodes[block].parent;
    for (size_t i = 0; i < COUNT_OF(around); i++)
        if (check_is(c, parent, around[i]))
            return true;
    return false;
}

uint32_t certificate_braces(const struct checking *c, uint32_t insertion)
{
    const struct certificate *claimed = c->claimed;
    struct span opens = claimed->insertions[insertion];
    if (insertion + 1 == claimed->insertions_count || c->now->source.at[opens.from] != '{')
        return 0;
    struct span whole = { opens.from, claimed->insertions[insertion + 1].to };
    uint32_t block = syntax_exact(c->now, whole);
    return block && check_is(c, block, "compound_statement") && is_branch(c, block) ? block : 0;
}

/* The same part of the same statement in the old source. */
static bool is_as_it_was(struct checking *c, uint32_t block, uint32_t kept)
{
    struct span inner, outer;
    uint32_t parent = c->now->nodes[block].parent;
    if (!certificate_was(c->was, c->now, c->claimed, c->now->nodes[kept].span, &inner) ||
        !certificate_was(c->was, c->now, c->claimed, c->now->nodes[parent].span, &outer))
        return false;
    uint32_t was = syntax_exact(c->was, inner), around = c->was->nodes[was].parent;
    const struct span at = c->was->nodes[around].span;
    return was && syntax_is(c->was, was, c->now->nodes[kept].kind) &&
           !strcmp(c->was->nodes[was].field, c->now->nodes[block].field) &&
           syntax_is(c->was, around, c->now->nodes[parent].kind) && at.from == outer.from &&
           at.to == outer.to;
}

bool check_braces(struct checking *c, uint32_t block, uint32_t insertion)
{
    const struct span *put_in = &c->claimed->insertions[insertion];
    uint32_t kept = 0;
    SYNTAX_EACH_CHILD(node, c->now, block)
    {
        struct span at = c->now->nodes[node].span;
        bool before = at.to <= put_in[0].to, behind = at.from >= put_in[1].from;
        if (check_is(c, node, "{") || check_is(c, node, "}") || check_is(c, node, "comment"))
            continue;
        if (before || behind) {
            if (!check_statement(c, node))
                return false;
        } else if (kept || at.from < put_in[0].to || at.to > put_in[1].from) {
            return check_no(c, node, "braces around more than one statement that was there");
        } else
            kept = node;
    }
    return (kept && is_as_it_was(c, block, kept)) ||
           check_no(c, block, "braces that make something else of what was there");
}
