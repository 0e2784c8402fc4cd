/* search_changes - tries other ways of what stands in the target's functions and tables, all in one
 * trial build: first on the screen, then at all failing steps, then at all others. */
#include "propose/search.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 48, SAMPLE_MAX = 256, AGAIN_MAX = 48, LINES_MAX = 8, NEGATED = 110, SMALL = 100 };

/* What a change weighs beside what it mends. A statement that goes takes with it what no failing
 * step shows, so it stands behind all that does as much. */
static const uint32_t weights[CHANGE_KINDS] = {
    [CHANGE_NUMBER] = 50,
    [CHANGE_FLAGS] = 50,
    [CHANGE_CONDITION] = 50,
    [CHANGE_DELETE] = 100,
    [CHANGE_MOVE] = 60,
    [CHANGE_SIBLING] = 55,
    [CHANGE_ARGUMENT] = 55,
    [CHANGE_TEXT] = 50,
    [CHANGE_TABLE] = 60,
};

static uint32_t weight_of(const struct change *change, uint32_t value)
{
    uint32_t more = 0;
    for (size_t i = 0; change->kind == CHANGE_DELETE && i < change->was.size; i++)
        more += change->was.at[i] == '\n' && more < LINES_MAX;
    bool negated = change->kind == CHANGE_CONDITION && value == 0;
    return negated ? NEGATED : weights[change->kind] + more;
}

struct choice {
    uint16_t change, value;
    struct condition effect;
    double suspicion; /* of where it stands: of what does as much, the first */
    uint32_t order;
};
struct choices {
    struct choice *at;
    uint32_t count;
};

static struct candidate candidate_of(const struct search *search, const struct choice *choice)
{
    const struct change *change = &search->changes.at[choice->change];
    uint32_t value = choice->value + 1u;
    if (change->kind == CHANGE_NUMBER)
        value = (uint32_t)strtoul(change->values[choice->value].at, NULL, 10);
    return (struct candidate){ .holes = { [HOLE_CHANGE] = (uint16_t)(choice->change + 1),
                                   [HOLE_VALUE] = (uint16_t)value,
                                   [HOLE_HIGH] = (uint16_t)(value >> 16) } };
}

/* Some of the candidates at some of the steps, into a table of all. A step at which none ends well
 * says that one of them brings the worker down, and the others with it: each half is asked again.
 */
struct asking {
    struct search *search;
    const struct candidate *candidates;
    uint32_t *row; /* by place of the bundle */
    struct verdicts *ret;
    uint32_t again;
};

static int ask_some(struct asking *asking, const struct steps *steps, uint32_t first,
    uint32_t count, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct steps down = { arena_alloc(&arena, (steps->count + 1) * sizeof(uint32_t)), 0 };
    struct verdicts some;
    int r = judge_ask(&asking->search->judge, &arena, steps, asking->candidates + first, count,
        false, &some, err);
    for (uint32_t s = 0; r == 0 && s < steps->count; s++) {
        uint32_t place = steps->at[s], ended = 0;
        const struct proposer_verdict *at = &some.at[(size_t)s * count];
        memcpy(&asking->ret->at[(size_t)asking->row[place] * asking->ret->count + first], at,
            count * sizeof(*at));
        for (uint32_t i = 0; i < count; i++)
            ended += !at[i].abnormal;
        if (ended == 0)
            down.at[down.count++] = place;
    }
    if (r < 0 || count == 1 || down.count == 0 || asking->again == 0)
        return r;
    asking->again--;
    r = ask_some(asking, &down, first, count / 2, err);
    return r < 0 ? r : ask_some(asking, &down, first + count / 2, count - count / 2, err);
}

/* Asks about all choices; the caller's arena. */
static int ask(struct search *search, struct arena *arena, const struct steps *steps,
    const struct choices *choices, struct verdicts *ret, struct err *err)
{
    uint32_t count = choices->count;
    struct candidate *candidates = arena_alloc(arena, (count + 1) * sizeof(*candidates));
    struct asking asking = { search, candidates,
        arena_alloc(arena, (search->bundle->steps_count + 1) * sizeof(uint32_t)), ret, AGAIN_MAX };
    ret->count = count;
    ret->at = arena_alloc(arena, ((size_t)steps->count * count + 1) * sizeof(*ret->at));
    for (uint32_t i = 0; i < count; i++)
        candidates[i] = candidate_of(search, &choices->at[i]);
    for (uint32_t s = 0; s < steps->count; s++)
        asking.row[steps->at[s]] = s;
    return steps->count > 0 && count > 0 ? ask_some(&asking, steps, 0, count, err) : 0;
}

/* What a choice does to failing steps, by group. */
static void weigh(struct search *search, const struct steps *steps, const struct verdicts *verdicts,
    uint32_t number, struct choice *choice)
{
    CLEANUP(mem_freep) uint8_t *groups = mem_zero(search->bundle->groups_count + 1, 1);
    struct condition *effect = &choice->effect;
    *effect = (struct condition){ .count = 0 };
    for (uint32_t s = 0; s < steps->count; s++) {
        uint32_t place = steps->at[s];
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
    effect->score = weight_of(&search->changes.at[choice->change], choice->value) +
                    condition_weight(effect, search->fail_groups);
}

static int by_score(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;
    if (x->effect.score != y->effect.score)
        return x->effect.score > y->effect.score ? 1 : -1;
    if (x->suspicion != y->suspicion)
        return x->suspicion < y->suspicion ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

/* The choices that mend something at these steps, best first. */
static int look_at_fails(struct search *search, const struct steps *steps, struct choices *choices,
    uint32_t max, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint32_t kept = 0;
    int r = ask(search, &arena, steps, choices, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < choices->count; i++) {
        weigh(search, steps, &verdicts, i, &choices->at[i]);
        if (choices->at[i].effect.mended_groups > 0)
            choices->at[kept++] = choices->at[i];
    }
    qsort(choices->at, kept, sizeof(*choices->at), by_score);
    choices->count = kept < max ? kept : max;
    return r;
}

/* Leaves out what changes a step that must stay. */
static int look_at_others(
    struct search *search, const struct steps *steps, struct choices *choices, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint32_t kept = 0;
    int r = ask(search, &arena, steps, choices, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < choices->count; i++) {
        bool stays = true;
        for (uint32_t s = 0; s < steps->count && stays; s++)
            stays = judge_same(
                &verdicts.at[(size_t)s * verdicts.count + i], &search->unchanged[steps->at[s]]);
        if (stays)
            choices->at[kept++] = choices->at[i];
    }
    choices->count = kept;
    return r;
}

/* Some from all over, so that all are asked of few choices only. */
static struct steps sample_of(struct search *search, const struct steps *steps)
{
    uint32_t count = steps->count < SAMPLE_MAX ? steps->count : SAMPLE_MAX;
    struct steps ret = { arena_alloc(&search->arena, (count + 1) * sizeof(uint32_t)), count };
    for (uint32_t i = 0; i < count; i++)
        ret.at[i] = steps->at[(size_t)i * steps->count / count];
    return ret;
}

/* One value of each change: the best. */
static void leave_one_each(struct choices *choices)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < choices->count; i++) {
        bool has = false;
        for (uint32_t k = 0; k < kept; k++)
            has |= choices->at[k].change == choices->at[i].change;
        if (!has)
            choices->at[kept++] = choices->at[i];
    }
    choices->count = kept;
}

/* --- the build */

static void keep_kinds(struct changes *changes, uint32_t kinds)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < changes->count; i++)
        if (kinds >> changes->at[i].kind & 1)
            changes->at[kept++] = changes->at[i];
    changes->count = kept;
}

/* A literal where C wants a constant, or a type that nobody foresaw: then the kinds that compile by
 * themselves. */
static int build_kinds(struct search *search, struct err *err)
{
    struct changes all = search->changes;
    uint32_t kinds = 0;
    int r = 0;
    all.at = arena_copy(&search->arena, all.at, all.count * sizeof(*all.at));
    for (uint32_t kind = 0; kind < CHANGE_KINDS; kind++) {
        memcpy(search->changes.at, all.at, all.count * sizeof(*all.at));
        search->changes.count = all.count;
        keep_kinds(&search->changes, 1u << kind);
        r = search->changes.count > 0 ? search_build(search, err) : -ERR_INPUT;
        if (r < 0 && r != -ERR_INPUT)
            return r;
        kinds |= (uint32_t)(r == 0) << kind;
    }
    memcpy(search->changes.at, all.at, all.count * sizeof(*all.at));
    search->changes.count = all.count;
    keep_kinds(&search->changes, kinds);
    search->instrumented = kinds > 0;
    return search_build(search, err);
}

int search_list_changes(struct search *search, struct err *err)
{
    changes_begin(&search->changes, &search->target, &search->pool, &search->arena);
    if (!search->inner) /* else they were tried from the entry */
        changes_list(&search->changes);
    search->instrumented = search->changes.count > 0;
    if (!search->instrumented && search->seen)
        return 0;
    int r = search_build(search, err);
    if (r == -ERR_INPUT && search->instrumented)
        r = build_kinds(search, err);
    search->instrumented = false;
    return r;
}

/* --- the whole */

static struct choices all_choices(struct search *search)
{
    const struct changes *changes = &search->changes;
    const struct suspect *suspect = &search->suspects.at[search->suspect];
    uint32_t count = 0;
    for (uint32_t i = 0; i < changes->count; i++)
        count += changes->at[i].values_count;
    struct choices ret = { arena_alloc(&search->arena, (count + 1) * sizeof(*ret.at)), count };
    count = 0;
    for (uint16_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->at[i];
        double suspicion = suspect_most(suspect, change->uses, change->uses_count);
        for (uint16_t k = 0; k < change->values_count; k++, count++)
            ret.at[count] =
                (struct choice){ .change = i, .value = k, .suspicion = suspicion, .order = count };
    }
    return ret;
}

/* Steps that the change should mend: asked again, of this one alone. */
static int note_fixes(
    struct search *search, struct choice *choice, struct patch *patch, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    struct choices one = { choice, 1 };
    int r = ask(search, &arena, &search->fails, &one, &verdicts, err);
    patch->fixes = arena_alloc(&search->arena, search->fails.count * sizeof(*patch->fixes));
    for (uint32_t s = 0; r == 0 && s < search->fails.count; s++) {
        const struct bundle_step *step = &search->bundle->steps[search->fails.at[s]];
        if (judge_same(&verdicts.at[s], &step->want))
            patch->fixes[patch->fixes_count++] = step->id;
    }
    return r;
}

static int look(struct search *search, struct choices *choices, struct err *err)
{
    struct steps sample = sample_of(search, &search->others);
    int r = look_at_fails(search, &search->screen, choices, UINT32_MAX, err);
    if (r == 0 && choices->count > 0)
        r = look_at_fails(search, &search->fails, choices, UINT32_MAX, err);
    if (r == 0 && choices->count > 0)
        r = look_at_others(search, &sample, choices, err);
    choices->count = choices->count < KEPT_MAX ? choices->count : KEPT_MAX;
    if (r == 0 && choices->count > 0)
        r = look_at_others(search, &search->others, choices, err);
    return r;
}

int search_changes(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err)
{
    int r = search_numbers(search, err);
    struct choices choices = all_choices(search);
    uint32_t tried = choices.count;
    if (r == 0 && tried > 0)
        r = look(search, &choices, err);
    leave_one_each(&choices);
    for (uint32_t i = 0; r == 0 && i < choices.count && *ret_count < max; i++) {
        struct patch *patch = &ret[(*ret_count)++];
        *patch = (struct patch){ .change = &search->changes.at[choices.at[i].change],
            .value = choices.at[i].value,
            .condition = choices.at[i].effect };
        r = note_fixes(search, &choices.at[i], patch, err);
    }
    if (r == 0)
        judge_say(&search->judge, "%u places could be otherwise in %u ways, %u mend something",
            search->changes.count, tried, choices.count);
    return r;
}

bool search_enough(const struct search *search, const struct patch *patch)
{
    return patch->change && patch->condition.mended_steps == search->fails.count &&
           weight_of(patch->change, patch->value) < SMALL;
}
