/* certify - writes a certificate (certificate.h) of what a patch puts in, by its form. Whether it
 * is true is not decided here. */
#include "patch/certificate.h"
#include "patch/outline_names.h"
#include "verbs.h"

#include "base/mem.h"

#include <string.h>

struct writing {
    struct certificate *out;
    const struct syntax *now;
    struct arena *arena;
};

#define NAME_EDIT(name) "moult_" #name,
#define NAME_PURE(name)
/* Of the verbs, those that change something. */
static const char *const edits[] = {
#define ROW(returns, name, params, args, signature, purity, effect, cost, summary)                 \
    NAME_##purity(name)
    MOULT_VERBS(ROW)
#undef ROW
};

static bool has_edit(const struct syntax *syntax, uint32_t top)
{
    SYNTAX_EACH_WITHIN(node, syntax, top)
    for (size_t i = 0; i < COUNT_OF(edits); i++)
        if (syntax_is(syntax, node, "identifier") && syntax_has_text(syntax, node, edits[i]))
            return true;
    return false;
}

/* Of `A && moult_wait(turn, ...)` the part before what acts. */
static uint32_t before_edits(const struct syntax *syntax, uint32_t condition)
{
    while (syntax_is(syntax, condition, "binary_expression") &&
           syntax_has_text(syntax, syntax_child(syntax, condition, "operator"), "&&") &&
           has_edit(syntax, condition))
        condition = syntax_child(syntax, condition, "left");
    return condition;
}

static void add_guard(struct writing *w, uint32_t condition, bool holds)
{
    struct certificate *out = w->out;
    condition = holds ? before_edits(w->now, condition) : condition;
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

/* `if (CONDITION) continue;`, with braces or without; a hook is left by passing. */
static bool only_leaves(const struct syntax *syntax, uint32_t statement)
{
    static const char *const ways[] = { "return;", "return MOULT_PASS;", "continue;", "break;" };
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

static bool put_in(struct writing *w, struct span span)
{
    struct certificate *out = w->out;
    bool room = out->insertions_count < CERTIFICATE_MAX && span.from < span.to;
    if (room)
        out->insertions[out->insertions_count++] = span;
    return room;
}

/* What answers something else is there for conditions to ask. */
static bool acts(const struct syntax *syntax, uint32_t function)
{
    uint32_t type = syntax_child(syntax, function, "type");
    return syntax_has_text(syntax, type, "void") || syntax_has_text(syntax, type, "moult_action");
}

static bool take_run(struct writing *w, const struct diff_run *run)
{
    bool left = false;
    if (!run->first || !put_in(w, diff_span(w->now, run)))
        return false;
    for (uint32_t node = run->first; node; node = syntax_after(w->now, node)) {
        if (syntax_is(w->now, node, "function_definition")) {
            if (acts(w->now, node))
                take_block(w, syntax_child(w->now, node, "body"), true);
        } else
            take(w, node, false, &left);
        if (node == run->last)
            break;
    }
    return true;
}

/* One statement in the place of which a block stands that has it. */
static bool take_braces(
    struct writing *w, const struct syntax *was, const struct diff_change *change)
{
    const struct diff_run *now = &change->now;
    uint32_t kept = 0;
    bool left = false;
    if (change->was.count != 1 || now->count != 1 ||
        !syntax_is(w->now, now->first, "compound_statement"))
        return false;
    SYNTAX_EACH_CHILD(node, w->now, now->first)
    if (!kept && diff_same(was, change->was.first, w->now, node))
        kept = node;
    if (!kept)
        return false;
    struct span whole = w->now->nodes[now->first].span, own = w->now->nodes[kept].span;
    SYNTAX_EACH_CHILD(node, w->now, now->first)
    if (node != kept)
        take(w, node, false, &left);
    return put_in(w, (struct span){ whole.from, own.from }) &&
           put_in(w, (struct span){ own.to, whole.to });
}

static uint32_t pair_around(const struct syntax *syntax, const struct diff_run *run)
{
    uint32_t node = run->first ? run->first : run->parent;
    while (node && !syntax_is(syntax, node, "initializer_pair"))
        node = syntax->nodes[node].parent;
    return node;
}

/* A change of `.traits`, or in it. */
static bool is_of_traits(const struct syntax *syntax, const struct diff_run *run)
{
    uint32_t pair = pair_around(syntax, run);
    return pair && str_starts(syntax_text(syntax, pair), STR(".traits "));
}

/* Something else in the place of `.traits`, told as one change or as one of each of its parts: the
 * pair is put in, and the comma goes with it as it goes with the traits. */
static bool take_instead(struct writing *w, const struct diff_run *run)
{
    const struct certificate *out = w->out;
    uint32_t pair = pair_around(w->now, run), comma = pair ? syntax_after(w->now, pair) : 0;
    if (!comma || !syntax_is(w->now, comma, ","))
        return false;
    struct span span = { w->now->nodes[pair].span.from, w->now->nodes[comma].span.to };
    bool told =
        out->insertions_count > 0 && out->insertions[out->insertions_count - 1].from == span.from;
    return told || put_in(w, span);
}

static bool take_change(
    struct writing *w, const struct syntax *was, const struct diff_change *change)
{
    bool before = is_of_traits(was, &change->was), behind = is_of_traits(w->now, &change->now);
    w->out->traits |= before || behind;
    if (behind || (before && !change->now.first))
        return true;
    if (before)
        return take_instead(w, &change->now);
    return change->was.first ? take_braces(w, was, change) : take_run(w, &change->now);
}

bool certify(struct certificate *ret, const struct syntax *was, const struct syntax *now,
    const struct diff *diff, struct arena *arena)
{
    *ret = (struct certificate){ .insertions =
                                     arena_alloc(arena, CERTIFICATE_MAX * sizeof(*ret->insertions)),
        .guards = arena_alloc(arena, CERTIFICATE_MAX * sizeof(*ret->guards)) };
    struct writing writing = { ret, now, arena };
    for (uint32_t i = 0; i < diff->count; i++)
        if (!take_change(&writing, was, &diff->at[i]))
            return false;
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
