/* bounds - see bounds.h. Both sources are measured; what only the new one has is refused. */
#include "patch/bounds_inside.h"

#include "base/mem.h"
#include "patch/edit.h"

#include <stdio.h>
#include <string.h>

const struct bounds_budget bounds_budgets[BOUNDS_TIERS] = {
    [BOUNDS_USUAL] = { .lines = PATCH_LINES_MAX,
        .edits = PATCH_EDITS_MAX,
        .bytes = 32768,
        .function_lines = 150,
        .branches = 40,
        .nesting = 6,
        .rounds = 1 << 20 },
    [BOUNDS_STRICT] = { .lines = 60,
        .edits = 8,
        .bytes = 4096,
        .function_lines = 60,
        .branches = 15,
        .nesting = 4,
        .rounds = 1 << 12 },
};

void bounds_add(struct bounds *bounds, struct bounds_found found)
{
    if (!(bounds->count & (bounds->count - 1)))
        bounds->at = arena_grow(bounds->arena, bounds->at, bounds->count * sizeof(*bounds->at),
            (bounds->count ? 2 * (size_t)bounds->count : 1) * sizeof(*bounds->at));
    bounds->at[bounds->count++] = found;
}

/* --- what a function may have */

static uint32_t function_lines(const struct syntax *syntax, const struct outline_function *function)
{
    return syntax_place(syntax, function->span.to - 1).line -
           syntax->nodes[function->node].place.line + 1;
}

static const char *const branching[] = { "if_statement", "for_statement", "while_statement",
    "do_statement", "case_statement", "conditional_expression", "goto_statement", "&&", "||" };
static const char *const nesting[] = { "if_statement", "for_statement", "while_statement",
    "do_statement", "switch_statement", "conditional_expression" };

static bool is_one_of(const char *kind, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(kind, list[i]))
            return true;
    return false;
}

/* McCabe's number: one way through, and one more for each place where ways part. */
static uint32_t branches(const struct syntax *syntax, const struct outline_function *function)
{
    uint32_t count = 1;
    SYNTAX_EACH_WITHIN(node, syntax, function->body)
    count += is_one_of(syntax->nodes[node].kind, branching, COUNT_OF(branching));
    return count;
}

/* `else if` is one more branch of the same choice, not a choice within it. */
static bool goes_deeper(const struct syntax *syntax, uint32_t node)
{
    return is_one_of(syntax->nodes[node].kind, nesting, COUNT_OF(nesting)) &&
           !(syntax_is(syntax, node, "if_statement") &&
               syntax_is(syntax, syntax->nodes[node].parent, "else_clause"));
}

static uint32_t deepest(const struct syntax *syntax, const struct outline_function *function)
{
    uint32_t most = 0;
    SYNTAX_EACH_WITHIN(node, syntax, function->body)
    {
        uint32_t depth = 0;
        if (!goes_deeper(syntax, node))
            continue;
        for (uint32_t at = node; at > function->body; at = syntax->nodes[at].parent)
            depth += goes_deeper(syntax, at);
        most = depth > most ? depth : most;
    }
    return most;
}

static const struct measure {
    enum rule rule;
    const char *words;
    size_t budget;
    uint32_t (*of)(const struct syntax *syntax, const struct outline_function *function);
} measures[] = {
    { RULE_LONG, "lines", offsetof(struct bounds_budget, function_lines), function_lines },
    { RULE_COMPLEX, "ways to go on", offsetof(struct bounds_budget, branches), branches },
    { RULE_NESTED, "choices and loops within another", offsetof(struct bounds_budget, nesting),
        deepest },
};

static void measure(struct bounds *bounds)
{
    for (uint32_t i = 0; i < bounds->functions.count; i++)
        for (size_t m = 0; m < COUNT_OF(measures); m++) {
            const struct outline_function *function = &bounds->functions.at[i];
            uint32_t have = measures[m].of(bounds->syntax, function), most;
            memcpy(&most, (const char *)bounds->budget + measures[m].budget, sizeof(most));
            if (have > most)
                bounds_add(
                    bounds, (struct bounds_found){ .rule = measures[m].rule,
                                .function = function->name,
                                .what = function->name,
                                .have = have,
                                .place = bounds->syntax->nodes[function->node].place,
                                .why = arena_format(bounds->arena, "%u %s, where %u are allowed",
                                    have, measures[m].words, most) });
        }
}

/* --- the two sources */

static struct bounds bounds_of(
    const struct syntax *syntax, const struct bounds_budget *budget, struct arena *arena)
{
    struct bounds bounds = { .syntax = syntax,
        .budget = budget,
        .functions = outline_functions(syntax, arena),
        .arena = arena };
    measure(&bounds);
    bounds_calls(&bounds);
    bounds_loops(&bounds);
    return bounds;
}

static bool had(const struct bounds *was, const struct bounds_found *found)
{
    for (uint32_t i = 0; i < was->count; i++)
        if (was->at[i].rule == found->rule && str_equal(was->at[i].function, found->function) &&
            str_equal(was->at[i].what, found->what) && was->at[i].have >= found->have)
            return true;
    return false;
}

static void refuse(struct findings *findings, const struct bounds_found *found)
{
    enum { WHAT_MAX = 60 };
    char shown[2 * WHAT_MAX];
    struct str what = found->what;
    bool cut = what.size > WHAT_MAX;
    what.size = cut ? WHAT_MAX : what.size;
    str_printable(shown, sizeof(shown), what, false);
    finding_add(findings, rules[found->rule].name, found->place, "%s%s: %s: %s", shown,
        cut ? "..." : "", found->why, rules[found->rule].advice);
}

void bounds_check(struct findings *findings, const struct syntax *was, const struct syntax *now,
    enum bounds_tier tier)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct bounds before = bounds_of(was, &bounds_budgets[tier], &arena);
    struct bounds after = bounds_of(now, &bounds_budgets[tier], &arena);
    for (uint32_t i = 0; i < after.count; i++)
        if (!had(&before, &after.at[i]))
            refuse(findings, &after.at[i]);
}
