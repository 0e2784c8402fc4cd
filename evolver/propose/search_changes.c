/* search_changes - tries other values for the numbers and flags of the target's functions, all in
 * one trial build. */
#include "propose/search.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 16, PER_CHANGE = 50 };

struct choice {
    uint16_t change, value;
    struct condition effect;
    uint32_t score, order;
};

static struct candidate candidate_of(const struct choice *choice)
{
    return (struct candidate){ .holes = { [HOLE_CHANGE] = (uint16_t)(choice->change + 1),
                                   [HOLE_VALUE] = (uint16_t)(choice->value + 1) } };
}

/* Asks about all choices at once; the caller's arena. */
static int ask(struct search *search, struct arena *arena, const struct steps *steps,
    const struct choice *choices, uint32_t count, struct verdicts *ret, struct err *err)
{
    CLEANUP(mem_freep) struct candidate *candidates = mem_zero(count + 1, sizeof(*candidates));
    for (uint32_t i = 0; i < count; i++)
        candidates[i] = candidate_of(&choices[i]);
    return judge_ask(&search->judge, arena, steps, candidates, count, false, ret, err);
}

/* What a choice does to the failing steps, by group. */
static void weigh(
    struct search *search, const struct verdicts *verdicts, uint32_t number, struct choice *choice)
{
    CLEANUP(mem_freep) uint8_t *groups = mem_zero(search->bundle->groups_count + 1, 1);
    struct condition *effect = &choice->effect;
    for (uint32_t s = 0; s < search->fails.count; s++) {
        uint32_t place = search->fails.at[s];
        const struct bundle_step *step = &search->bundle->steps[place];
        const struct proposer_verdict *v = &verdicts->at[(size_t)s * verdicts->count + number];
        bool right = judge_same(v, &step->want);
        effect->mended_steps += right;
        if (right)
            groups[step->group] |= 1;
        else if (!judge_same(v, &search->unchanged[place]))
            groups[step->group] |= 2;
    }
    for (uint32_t i = 0; i < search->bundle->groups_count; i++) {
        effect->mended_groups += groups[i] & 1;
        effect->changed_groups += groups[i] == 2;
        effect->mixed_groups += groups[i] == 3;
    }
    effect->score = PER_CHANGE + condition_weight(effect, search->fail_groups);
}

static int by_score(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;
    if (x->effect.score != y->effect.score)
        return x->effect.score > y->effect.score ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

/* The choices that mend something, best first. */
static int look_at_fails(
    struct search *search, struct choice *choices, uint32_t *count, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint32_t kept = 0;
    int r = ask(search, &arena, &search->fails, choices, *count, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < *count; i++) {
        weigh(search, &verdicts, i, &choices[i]);
        choices[i].order = i;
        if (choices[i].effect.mended_groups > 0)
            choices[kept++] = choices[i];
    }
    qsort(choices, kept, sizeof(*choices), by_score);
    *count = kept < KEPT_MAX ? kept : KEPT_MAX;
    return r;
}

static bool has_change(const struct choice *choices, uint32_t count, uint16_t change)
{
    for (uint32_t i = 0; i < count; i++)
        if (choices[i].change == change)
            return true;
    return false;
}

/* Leaves out what changes a step that must stay; one value of each literal is left. */
static int look_at_others(
    struct search *search, struct choice *choices, uint32_t *count, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint32_t kept = 0;
    int r = ask(search, &arena, &search->others, choices, *count, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < *count; i++) {
        bool stays = true;
        for (uint32_t s = 0; s < search->others.count && stays; s++)
            stays = judge_same(&verdicts.at[(size_t)s * verdicts.count + i],
                &search->unchanged[search->others.at[s]]);
        if (stays && !has_change(choices, kept, choices[i].change))
            choices[kept++] = choices[i];
    }
    *count = kept;
    return r;
}

static int build(
    struct search *search, const struct change *changes, uint32_t count, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf source = { 0 }, above = { 0 }, behind = { 0 };
    struct schema_plan plan = { .pool = &search->pool, .actions = &search->actions };
    schema_print(&above, &plan);
    schema_print_export(&behind, &plan);
    struct insertion insertion = { .above = buf_view(&above),
        .entry = search_entry(search, &arena) };
    changes_print(&source, &search->target, &arena, changes, count, &insertion, buf_view(&behind));
    return judge_build(&search->judge, search->target.plugin->name, buf_view(&source), err);
}

/* Steps that the change should mend: asked again, of this one alone. */
static int note_fixes(
    struct search *search, const struct choice *choice, struct patch *patch, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    int r = ask(search, &arena, &search->fails, choice, 1, &verdicts, err);
    patch->fixes = arena_alloc(&search->arena, search->fails.count * sizeof(*patch->fixes));
    for (uint32_t s = 0; r == 0 && s < search->fails.count; s++) {
        const struct bundle_step *step = &search->bundle->steps[search->fails.at[s]];
        if (judge_same(&verdicts.at[s], &step->want))
            patch->fixes[patch->fixes_count++] = step->id;
    }
    return r;
}

/* All values of one list, in one build. */
static int try_list(struct search *search, struct change *changes, uint32_t count, const char *what,
    struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err)
{
    CLEANUP(mem_freep)
    struct choice *choices = mem_zero(CHANGES_MAX * CHANGE_VALUES_MAX, sizeof(*choices));
    uint32_t left = 0;
    for (uint16_t i = 0; i < count; i++)
        for (uint16_t k = 0; k < changes[i].values_count; k++)
            choices[left++] = (struct choice){ .change = i, .value = k };
    if (left == 0)
        return 0;
    int r = build(search, changes, count, err);
    if (r == -ERR_INPUT)
        return 0; /* a literal where C wants a constant: then none of them */
    if (r == 0)
        r = look_at_fails(search, choices, &left, err);
    if (r == 0 && left > 0)
        r = look_at_others(search, choices, &left, err);
    for (uint32_t i = 0; r == 0 && i < left && *ret_count < max; i++) {
        struct patch *patch = &ret[(*ret_count)++];
        *patch = (struct patch){ .change = &changes[choices[i].change],
            .value = choices[i].value,
            .condition = choices[i].effect };
        r = note_fixes(search, &choices[i], patch, err);
    }
    if (r == 0)
        judge_say(
            &search->judge, "%u %s could be otherwise, %u ways mend something", count, what, left);
    return r;
}

int search_changes(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err)
{
    struct change *literals = arena_alloc(&search->arena, CHANGES_MAX * sizeof(*literals));
    struct change *conditions = arena_alloc(&search->arena, CHANGES_MAX * sizeof(*conditions));
    uint32_t count = changes_list(&search->target, &search->pool, &search->arena, literals);
    int r = try_list(search, literals, count, "literals", ret, max, ret_count, err);
    count = changes_conditions(&search->target, &search->arena, conditions);
    return r < 0 ? r : try_list(search, conditions, count, "conditions", ret, max, ret_count, err);
}
