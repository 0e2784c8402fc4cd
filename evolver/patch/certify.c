/* certify - writes a certificate (certificate.h) of what a patch puts in, by its form. Whether it
 * is true is not decided here. */
#include "patch/certificate.h"
#include "patch/outline_names.h"

#include "base/mem.h"

#include <string.h>

struct writing {
    struct certificate *out;
    const struct syntax *now;
    struct arena *arena;
};

static void add_guard(struct writing *w, uint32_t condition, bool holds)
{
    struct certificate *out = w->out;
    if (out->guards_count < CERTIFICATE_MAX)
        out->guards[out->guards_count++] =
            (struct certificate_guard){ w->now->nodes[condition].span, holds };
}

static uint32_t bare(const struct syntax *syntax, uint32_t node)
{
    if (node && syntax_is(syntax, node, "parenthesized_expression"))
        SYNTAX_EACH_CHILD(child, syntax, node)
    if (syntax->nodes[child].named && !syntax_is(syntax, child, "comment"))
        return child;
    return node;
}

/* `if (CONDITION) continue;`, with braces or without. */
static bool only_leaves(const struct syntax *syntax, uint32_t statement)
{
    static const char *const ways[] = { "return;", "continue;", "break;" };
    if (syntax_is(syntax, statement, "compound_statement"))
        SYNTAX_EACH_CHILD(child, syntax, statement)
    if (outline_ends_with(syntax->nodes[child].kind, "_statement")) {
        statement = child;
        break;
    }
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        if (syntax_has_text(syntax, statement, ways[i]))
            return true;
    return false;
}

static void take(struct writing *w, uint32_t node, bool own, bool *left);

static void take_block(struct writing *w, uint32_t block, bool own)
{
    bool left = false;
    if (!syntax_is(w->now, block, "compound_statement")) {
        take(w, block, own, &left);
        return;
    }
    SYNTAX_EACH_CHILD(node, w->now, block)
    take(w, node, own, &left);
}

/* Guards that stand in a loop, or the loop itself if what it does has none. */
static void take_loop(struct writing *w, uint32_t loop)
{
    const struct syntax *syntax = w->now;
    uint32_t before = w->out->guards_count, body = syntax_child(syntax, loop, "body");
    uint32_t condition = syntax_child(syntax, loop, "condition");
    take_block(w, body, true);
    bool acts = false, left = false;
    if (syntax_is(syntax, body, "compound_statement"))
        SYNTAX_EACH_CHILD(node, syntax, body)
        {
            bool is_if = syntax_is(syntax, node, "if_statement");
            left |= is_if && only_leaves(syntax, syntax_child(syntax, node, "consequence"));
            acts |= !left && syntax_is(syntax, node, "expression_statement");
        }
    else
        acts = syntax_is(syntax, body, "expression_statement");
    if (!acts || !condition)
        return;
    w->out->guards_count = before;
    add_guard(w, condition, true);
}

/* own: the patch's own function or loop, which it may leave. */
static void take(struct writing *w, uint32_t node, bool own, bool *left)
{
    const struct syntax *syntax = w->now;
    if (syntax_is(syntax, node, "for_statement") && !*left)
        take_loop(w, node);
    if (!syntax_is(syntax, node, "if_statement"))
        return;
    bool leaves = own && only_leaves(syntax, syntax_child(syntax, node, "consequence")) &&
                  !syntax_child(syntax, node, "alternative");
    if (leaves || !*left)
        add_guard(w, bare(syntax, syntax_child(syntax, node, "condition")), !leaves);
    *left |= leaves;
}

static bool take_run(struct writing *w, const struct diff_change *change)
{
    struct certificate *out = w->out;
    const struct diff_run *run = &change->now;
    bool left = false;
    if (change->was.first || !run->first || out->insertions_count == CERTIFICATE_MAX)
        return false;
    out->insertions[out->insertions_count++] = diff_span(w->now, run);
    for (uint32_t node = run->first; node; node = syntax_after(w->now, node)) {
        if (syntax_is(w->now, node, "function_definition"))
            take_block(w, syntax_child(w->now, node, "body"), true);
        else
            take(w, node, false, &left);
        if (node == run->last)
            break;
    }
    return true;
}

/* A change of `.traits`, or in it. */
static bool is_of_traits(const struct syntax *syntax, const struct diff_run *run)
{
    uint32_t node = run->first ? run->first : run->parent;
    while (node && !syntax_is(syntax, node, "initializer_pair"))
        node = syntax->nodes[node].parent;
    return node && str_starts(syntax_text(syntax, node), STR(".traits "));
}

bool certify(struct certificate *ret, const struct syntax *was, const struct syntax *now,
    const struct diff *diff, struct arena *arena)
{
    *ret = (struct certificate){ .insertions =
                                     arena_alloc(arena, CERTIFICATE_MAX * sizeof(*ret->insertions)),
        .guards = arena_alloc(arena, CERTIFICATE_MAX * sizeof(*ret->guards)) };
    struct writing writing = { ret, now, arena };
    for (uint32_t i = 0; i < diff->count; i++) {
        const struct diff_change *change = &diff->at[i];
        if (is_of_traits(was, &change->was) || is_of_traits(now, &change->now))
            ret->traits = true;
        else if (!take_run(&writing, change))
            return false;
    }
    return ret->guards_count > 0;
}

void certificate_off(
    struct buf *out, const struct syntax *now, const struct certificate *certificate)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < certificate->guards_count; i++) {
        const struct certificate_guard *guard = &certificate->guards[i];
        struct span before = { at, guard->span.from };
        buf_str(out, syntax_slice(now, before));
        buf_char(out, '(');
        buf_str(out, syntax_slice(now, guard->span));
        buf_text(out, guard->holds ? ") && 0" : ") || 1");
        at = guard->span.to;
    }
    buf_str(out, syntax_slice(now, (struct span){ at, (uint32_t)now->source.size }));
}
