/* describe_guard - whether a change takes protection away, as far as the text shows.
 *
 * Two shapes protect: a branch that stops (deny, retry, finish; or leaves before something is done)
 * protects when its condition holds; a branch that does something is kept from it when its
 * condition does not hold. */
#include "patch/condition.h"
#include "patch/describe_side.h"

#include "base/mem.h"

#include <string.h>

static const char weaker[] = "guard weaker: ", changed[] = "guard changed: ", none[] = "";

static bool is_one_of(const struct syntax *syntax, uint32_t node, const char *const *kinds)
{
    for (; *kinds; kinds++)
        if (syntax_is(syntax, node, *kinds))
            return true;
    return false;
}

/* How much an action keeps from happening: 2 stops, 1 lets others decide, 0 lets none decide. */
static int strength(struct str action)
{
    static const char *const stops[] = { "MOULT_DENY", "MOULT_RETRY", "MOULT_FINISH" };
    for (size_t i = 0; i < COUNT_OF(stops); i++)
        if (str_equal(action, str_of(stops[i])))
            return 2;
    return str_equal(action, STR("MOULT_DONE")) ? 0 : 1;
}

/* The action that a return statement names, or the empty text. */
static struct str action_of(const struct syntax *syntax, uint32_t node)
{
    uint32_t value = syntax_child_of_kind(syntax, node, "identifier");
    struct str text = value ? syntax_text(syntax, value) : (struct str){ 0 };
    return str_starts(text, STR("MOULT_")) ? text : (struct str){ 0 };
}

/* A return within the subtree that stops; 0: none. */
static uint32_t find_stop(const struct syntax *syntax, uint32_t top)
{
    SYNTAX_EACH_WITHIN(node, syntax, top)
    if (syntax_is(syntax, node, "return_statement") && strength(action_of(syntax, node)) == 2)
        return node;
    return 0;
}

bool guard_denies(const struct syntax *syntax, uint32_t top)
{
    return find_stop(syntax, top) != 0;
}

bool guard_stops(const struct syntax *syntax, uint32_t branch)
{
    static const char *const leaves[] = { "return_statement", "continue_statement",
        "break_statement", "goto_statement", NULL };
    if (find_stop(syntax, branch))
        return true;
    uint32_t last = branch;
    if (syntax_is(syntax, branch, "compound_statement")) {
        last = 0;
        SYNTAX_EACH_CHILD(child, syntax, branch)
        if (syntax->nodes[child].named && !syntax_is(syntax, child, "comment"))
            last = child;
    }
    return last && is_one_of(syntax, last, leaves) &&
           !str_equal(action_of(syntax, last), STR("MOULT_DONE"));
}

const char *guard_of_condition(
    const struct syntax *was, uint32_t condition, const struct syntax *now, uint32_t now_condition)
{
    enum relation relation = condition_relation(was, condition, now, now_condition);
    uint32_t statement = was->nodes[condition].parent;
    uint32_t branch = syntax_child(was, statement, "consequence");
    if (!syntax_is(was, statement, "if_statement") || !branch || relation == RELATION_SAME)
        return none;
    if (relation == RELATION_NEGATED)
        return weaker;
    if (relation == RELATION_CHANGED)
        return changed;
    bool stops = guard_stops(was, branch);
    return (relation == RELATION_NARROWER) == stops ? weaker : none;
}

/* Whether a subtree equal to this one stands in the run. */
static bool stands_in(
    const struct syntax *syntax, uint32_t node, const struct syntax *in, const struct diff_run *run)
{
    if (!run->first)
        return false;
    for (uint32_t at = run->first; at < run->last + in->nodes[run->last].next; at++)
        if (!strcmp(in->nodes[at].kind, syntax->nodes[node].kind) &&
            diff_same(syntax, node, in, at))
            return true;
    return false;
}

/* The statement that an if guards: the first of its branch. */
static uint32_t guarded(const struct syntax *syntax, uint32_t statement)
{
    uint32_t branch = syntax_child(syntax, statement, "consequence");
    if (branch && syntax_is(syntax, branch, "compound_statement"))
        SYNTAX_EACH_CHILD(child, syntax, branch)
    if (syntax->nodes[child].named && !syntax_is(syntax, child, "comment"))
        return child;
    return branch;
}

/* A guard that was taken out, or whose condition was taken from around what it guarded. */
static bool loses_guard(const struct telling *telling, const struct diff_change *change)
{
    const struct syntax *was = telling->was.syntax, *now = telling->now.syntax;
    const struct diff_run *run = &change->was;
    if (!run->first)
        return false;
    for (uint32_t node = run->first; node < run->last + was->nodes[run->last].next; node++) {
        bool choice = syntax_is(was, node, "if_statement");
        uint32_t branch = choice ? syntax_child(was, node, "consequence") : 0;
        bool stops =
            (branch && guard_stops(was, branch)) ||
            (syntax_is(was, node, "return_statement") && strength(action_of(was, node)) == 2);
        if (stops && !stands_in(was, node, now, &change->now))
            return true;
        if (choice && !stops && !stands_in(was, node, now, &change->now) &&
            stands_in(was, guarded(was, node), now, &change->now))
            return true;
    }
    return false;
}

/* A new way out before something that stops. */
static bool leaves_before_guard(const struct telling *telling, const struct diff_change *change)
{
    const struct syntax *was = telling->was.syntax, *now = telling->now.syntax;
    const struct diff_run *run = &change->now;
    uint32_t from = diff_span(was, &change->was).to;
    uint32_t function = change->was.parent;
    bool leaves = false;
    if (!run->first)
        return false;
    if (!syntax_is(was, function, "function_definition"))
        function = syntax_around(was, function, "function_definition");
    if (!function)
        return false;
    for (uint32_t node = run->first; node < run->last + now->nodes[run->last].next; node++)
        leaves |=
            (syntax_is(now, node, "return_statement") && strength(action_of(now, node)) < 2) ||
            syntax_is(now, node, "goto_statement");
    SYNTAX_EACH_WITHIN(node, was, function)
    if (leaves && was->nodes[node].span.from >= from && syntax_is(was, node, "return_statement") &&
        find_stop(was, node))
        return true;
    return false;
}

/* One action returned in the place of another. */
static bool returns_weaker(const struct telling *telling, const struct diff_change *change)
{
    const struct syntax *was = telling->was.syntax, *now = telling->now.syntax;
    uint32_t a = change->was.parent, b = change->now.parent;
    if (!change->was.first || !change->now.first || !syntax_is(was, a, "return_statement") ||
        !syntax_is(now, b, "return_statement"))
        return false;
    struct str old = action_of(was, a), new = action_of(now, b);
    return old.size && (!new.size || strength(new) < strength(old));
}

const char *guard_of_change(const struct telling *telling, const struct diff_change *change)
{
    return returns_weaker(telling, change) || loses_guard(telling, change) ||
                   leaves_before_guard(telling, change)
               ? weaker
               : none;
}
