/* cover_wanted - which of a source's branches a patch has to be seen in. See cover.h. */
#include "patch/cover.h"

#include "base/mem.h"
#include "verbs.h"

#include <string.h>

static void mark_run(struct cover_changes *changes, const struct diff_run *run)
{
    if (run->first)
        for (uint32_t i = run->first; i < run->last + changes->now->nodes[run->last].next; i++)
            changes->fresh[i] = true;
    for (uint32_t i = run->parent; i; i = changes->now->nodes[i].parent)
        changes->touched[i] = true;
}

void cover_changes_of(struct cover_changes *ret, const struct syntax *was, const struct syntax *now,
    const struct diff *diff, struct arena *arena)
{
    *ret = (struct cover_changes){ .was = was,
        .now = now,
        .diff = diff,
        .fresh = arena_alloc(arena, now->count * sizeof(bool)),
        .touched = arena_alloc(arena, now->count * sizeof(bool)) };
    for (uint32_t i = 0; i < diff->count; i++)
        mark_run(ret, &diff->at[i].now);
}

bool cover_wants(const struct cover_changes *changes, uint32_t node)
{
    uint32_t parent = changes->now->nodes[node].parent;
    if (changes->fresh[node] || changes->touched[node])
        return true;
    /* `c ? a : b` where a or b is another: c says which of them runs */
    return syntax_is(changes->now, parent, "conditional_expression") && changes->touched[parent];
}

/* --- what a condition keeps from running */

static const char *const doing[] = { "expression_statement", "declaration", "if_statement",
    "for_statement", "while_statement", "do_statement", "switch_statement" };

static bool does_something(const struct syntax *syntax, uint32_t node)
{
    for (size_t i = 0; i < COUNT_OF(doing); i++)
        if (syntax_is(syntax, node, doing[i]))
            return true;
    return false;
}

/* A statement of it stood in what the change took away: it was put around old code. */
static bool was_there(const struct cover_changes *changes, uint32_t node)
{
    const struct syntax *was = changes->was;
    for (uint32_t i = 0; i < changes->diff->count; i++) {
        const struct diff_run *run = &changes->diff->at[i].was;
        if (!run->first)
            continue;
        for (uint32_t n = run->first; n < run->last + was->nodes[run->last].next; n++)
            if (does_something(was, n) && diff_same(was, n, changes->now, node))
                return true;
    }
    return false;
}

static bool holds_old(const struct cover_changes *changes, uint32_t body)
{
    if (!body || !changes->fresh[body])
        return true;
    SYNTAX_EACH_WITHIN(node, changes->now, body)
    {
        if (does_something(changes->now, node) && was_there(changes, node))
            return true;
    }
    return false;
}

/* --- what it puts in the place of something */

/* Which edits of the host's stand for each other; 0: it edits nothing. */
static uint32_t edit_of(struct str function)
{
#define VERB(returns, name, params, args, sig, purity, effect, cost, summary)                      \
    { "moult_" #name, VERB_##purity * VERB_##effect },
    enum { VERB_PURE = 0, VERB_EDIT = 1 };
    enum { VERB_NONE, VERB_CALLS, VERB_TEXT, VERB_MSGS, VERB_ROUTE, VERB_TIME };
    static const struct {
        const char *name;
        uint32_t edit;
    } verbs[] = { MOULT_VERBS(VERB) };
#undef VERB
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (str_equal(function, str_of(verbs[i].name)))
            return verbs[i].edit;
    return 0;
}

/* What a node gives a value to: a name, or the place that is written to; 0: nothing. */
static uint32_t written_by(const struct syntax *syntax, uint32_t node)
{
    if (syntax_is(syntax, node, "assignment_expression"))
        return syntax_child(syntax, node, "left");
    return syntax_is(syntax, node, "init_declarator") ? syntax_child(syntax, node, "declarator")
                                                      : 0;
}

/* What stood there before, of the same. */
static bool same_thing(const struct syntax *syntax, uint32_t before, uint32_t node)
{
    uint32_t place = written_by(syntax, node), other = written_by(syntax, before);
    if (place && other && diff_same(syntax, place, syntax, other))
        return true;
    uint32_t edit = edit_of(syntax_text(syntax, syntax_child(syntax, node, "function")));
    return edit && edit == edit_of(syntax_text(syntax, syntax_child(syntax, before, "function")));
}

static bool undoes(const struct cover_changes *changes, uint32_t owner, uint32_t node)
{
    const struct syntax *syntax = changes->now;
    uint32_t function = syntax_around(syntax, owner, "function_definition");
    if (!written_by(syntax, node) && !syntax_is(syntax, node, "call_expression"))
        return false;
    for (uint32_t before = function; function && before < owner; before++)
        if (changes->fresh[before] && same_thing(syntax, before, node))
            return true;
    return false;
}

/* `action = MOULT_DENY; if (usual) action = MOULT_PASS;`: what is new is what happens without it.
 */
static bool undoes_new(const struct cover_changes *changes, uint32_t owner, uint32_t body)
{
    SYNTAX_EACH_WITHIN(node, changes->now, body)
    if (undoes(changes, owner, node))
        return true;
    return false;
}

bool cover_wants_false(const struct cover_changes *changes, uint32_t condition)
{
    const struct syntax *now = changes->now;
    uint32_t owner = now->nodes[condition].parent;
    while (syntax_is(now, owner, "parenthesized_expression") ||
           (syntax_is(now, owner, "binary_expression") &&
               (syntax_has_text(now, syntax_child(now, owner, "operator"), "&&") ||
                   syntax_has_text(now, syntax_child(now, owner, "operator"), "||"))))
        owner = now->nodes[owner].parent;
    if (syntax_is(now, owner, "if_statement"))
        return holds_old(changes, syntax_child(now, owner, "consequence")) ||
               undoes_new(changes, owner, syntax_child(now, owner, "consequence"));
    if (syntax_is(now, owner, "while_statement") || syntax_is(now, owner, "do_statement") ||
        syntax_is(now, owner, "for_statement"))
        return holds_old(changes, syntax_child(now, owner, "body")) ||
               undoes_new(changes, owner, syntax_child(now, owner, "body"));
    return true; /* a value: what becomes of it, nobody sees here */
}
