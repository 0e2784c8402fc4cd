/* search_rows - what a body's condition must say each time that it is asked, and conditions that
 * say it.
 *
 * At failing steps the right answer comes from verdicts under different bits; everywhere else the
 * answer is no wherever yes would change something, over all held-in steps. */
#include "propose/search_rank.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { SCOPES_MAX = 6, TABLE = 5, ROWS_MAX = 60000, REACHED_MAX = 64 };

/* Rows of one body; bits are filled in when the atoms are known. */
struct rows {
    struct condition_row *at;
    uint32_t *place, *time; /* which step of the bundle, which time there */
    uint32_t count, failing;
};
struct stage {
    struct search *search;
    struct rows rows[SEARCH_BODIES_MAX];
    uint8_t *wanted;                     /* by place: its atoms are asked for */
    struct str *bits[SEARCH_BODIES_MAX]; /* of a body, by place; NULL: not asked for */
};

static void add_row(struct stage *stage, uint32_t body, uint32_t place, uint32_t time, bool want)
{
    struct rows *rows = &stage->rows[body];
    const struct bundle_step *step = &stage->search->bundle->steps[place];
    if (rows->count == ROWS_MAX)
        return;
    if (rows->count % 1024 == 0) {
        rows->at = mem_grow(rows->at, rows->count + 1024, sizeof(*rows->at));
        rows->place = mem_grow(rows->place, rows->count + 1024, sizeof(*rows->place));
        rows->time = mem_grow(rows->time, rows->count + 1024, sizeof(*rows->time));
    }
    rows->place[rows->count] = place;
    rows->time[rows->count] = time;
    bool failing = step->kind == BUNDLE_FAIL;
    rows->at[rows->count++] = (struct condition_row){ .step = place,
        .group = failing ? stage->search->fail_group[step->group] : 0,
        .failing = failing,
        .want = want };
    stage->wanted[place] = 1;
}

/* --- failing steps: all of the first times' subsets, everything, everything but one, only one */

enum {
    AT_ALL = 1 << TABLE,
    AT_BUT = AT_ALL + 1,
    AT_ONE = AT_BUT + SEARCH_FLIPS,
    MASKS = AT_ONE + SEARCH_FLIPS
};

static struct candidate masked(const struct body *body, uint32_t at)
{
    struct candidate candidate = { .decide = at };
    memcpy(candidate.holes, body->holes, sizeof(candidate.holes));
    if (at >= AT_ONE)
        candidate.decide = 1ull << (at - AT_ONE);
    else if (at >= AT_BUT)
        candidate.decide = ~(1ull << (at - AT_BUT));
    else if (at == AT_ALL)
        candidate.decide = UINT64_MAX;
    return candidate;
}

struct answers {
    const struct proposer_verdict *at; /* [MASKS] */
    const struct proposer_verdict *want;
    uint32_t reached;
};

static bool right(const struct answers *answers, uint32_t at)
{
    return judge_same(&answers->at[at], answers->want);
}

/* The place in the table of a subset of few times. */
static uint32_t subset(const struct answers *answers, uint32_t mask)
{
    return mask == (1u << answers->reached) - 1 ? AT_ALL : mask;
}

static void rows_of_all(struct stage *stage, uint32_t body, uint32_t place, const struct answers *a)
{
    for (uint32_t time = 0; time < a->reached; time++)
        if (time >= SEARCH_FLIPS || !right(a, AT_BUT + time))
            add_row(stage, body, place, time, true);
}

static bool rows_of_subset(
    struct stage *stage, uint32_t body, uint32_t place, const struct answers *a)
{
    uint32_t best = 0;
    for (uint32_t mask = 1; a->reached <= TABLE && mask < 1u << a->reached; mask++)
        if (right(a, mask) && (!best || __builtin_popcount(mask) < __builtin_popcount(best)))
            best = mask;
    for (uint32_t time = 0; best && time < a->reached; time++)
        if (!right(a, subset(a, best ^ 1u << time)))
            add_row(stage, body, place, time, best >> time & 1);
    return best != 0;
}

static bool rows_of_one(struct stage *stage, uint32_t body, uint32_t place, const struct answers *a)
{
    uint32_t one = 0;
    while (one < SEARCH_FLIPS && one < a->reached && !right(a, AT_ONE + one))
        one++;
    if (one == SEARCH_FLIPS || one == a->reached)
        return false;
    for (uint32_t time = 0; time < a->reached; time++)
        add_row(stage, body, place, time, time == one);
    return true;
}

static void rows_of_failing(
    struct stage *stage, uint32_t body, uint32_t place, const struct answers *a)
{
    if (a->reached == 0)
        return;
    if (a->reached <= REACHED_MAX && right(a, AT_ALL)) {
        rows_of_all(stage, body, place, a);
        return;
    }
    if (a->reached <= TABLE && rows_of_subset(stage, body, place, a))
        return;
    if (a->reached > TABLE && a->reached <= REACHED_MAX && rows_of_one(stage, body, place, a))
        return;
    /* Nothing mends it with this body: whatever fires there changes it otherwise. */
    if (!judge_same(&a->at[AT_ALL], &stage->search->unchanged[place]))
        for (uint32_t time = 0; time < a->reached && time < REACHED_MAX; time++)
            add_row(stage, body, place, time, false);
}

static int failing_rows(struct stage *stage, uint32_t body, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct search *search = stage->search;
    struct candidate candidates[MASKS];
    struct verdicts verdicts;
    for (uint32_t i = 0; i < MASKS; i++)
        candidates[i] = masked(&search->bodies[body], i);
    int r =
        judge_ask(&search->judge, &arena, &search->fails, candidates, MASKS, false, &verdicts, err);
    for (uint32_t s = 0; r == 0 && s < search->fails.count; s++) {
        uint32_t place = search->fails.at[s];
        struct answers answers = { &verdicts.at[(size_t)s * MASKS],
            &search->bundle->steps[place].want, verdicts.at[(size_t)s * MASKS + AT_ALL].reached };
        rows_of_failing(stage, body, place, &answers);
    }
    stage->rows[body].failing = stage->rows[body].count;
    return r;
}

/* --- all other steps */

/* Rows of the steps that the body changes when it always fires: the times that change by
 * themselves; if none does, all. */
static int rows_of_touched(
    struct stage *stage, uint32_t body, const struct steps *touched, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct search *search = stage->search;
    struct candidate candidates[SEARCH_FLIPS];
    struct verdicts verdicts;
    for (uint32_t i = 0; i < SEARCH_FLIPS; i++)
        candidates[i] = masked(&search->bodies[body], AT_ONE + i);
    int r =
        judge_ask(&search->judge, &arena, touched, candidates, SEARCH_FLIPS, false, &verdicts, err);
    for (uint32_t s = 0; r == 0 && s < touched->count; s++) {
        const struct proposer_verdict *at = &verdicts.at[(size_t)s * SEARCH_FLIPS];
        uint32_t place = touched->at[s], added = 0, reached = at->reached;
        for (uint32_t time = 0; time < reached && time < REACHED_MAX; time++)
            if (time >= SEARCH_FLIPS || !judge_same(&at[time], &search->unchanged[place])) {
                add_row(stage, body, place, time, false);
                added++;
            }
        for (uint32_t time = 0; !added && time < reached && time < REACHED_MAX; time++)
            add_row(stage, body, place, time, false);
    }
    return r;
}

static int other_rows(struct stage *stage, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct search *search = stage->search;
    struct candidate candidates[SEARCH_BODIES_MAX];
    struct verdicts verdicts;
    for (uint32_t i = 0; i < search->bodies_count; i++)
        candidates[i] = masked(&search->bodies[i], AT_ALL);
    int r = judge_ask(&search->judge, &arena, &search->others, candidates, search->bodies_count,
        false, &verdicts, err);
    for (uint32_t b = 0; r == 0 && b < search->bodies_count; b++) {
        struct steps many = { arena_alloc(&arena, search->others.count * sizeof(uint32_t)), 0 };
        for (uint32_t s = 0; s < search->others.count; s++) {
            const struct proposer_verdict *v = &verdicts.at[(size_t)s * verdicts.count + b];
            uint32_t place = search->others.at[s];
            if (judge_same(v, &search->unchanged[place]))
                continue;
            if (v->reached > 1)
                many.at[many.count++] = place;
            else
                add_row(stage, b, place, 0, false);
        }
        r = rows_of_touched(stage, b, &many, err);
    }
    return r;
}

/* --- atoms */

/* What says where a body's condition is asked: its loop, or the branch that it is a part of. */
static const enum schema_hole place_holes[] = { HOLE_ITERATOR, HOLE_CHANGE, HOLE_VALUE };

static bool asked_alike(const struct body *a, const struct body *b)
{
    for (size_t i = 0; i < COUNT_OF(place_holes); i++)
        if (a->holes[place_holes[i]] != b->holes[place_holes[i]])
            return false;
    return true;
}

static int ask_atoms(struct stage *stage, uint32_t body, struct err *err)
{
    struct search *search = stage->search;
    struct candidate candidate = { .decide = 0 };
    struct steps steps = {
        arena_alloc(&search->arena, search->bundle->steps_count * sizeof(uint32_t)), 0
    };
    struct verdicts verdicts;
    for (uint32_t i = 0; i < body; i++)
        if (stage->bits[i] && asked_alike(&search->bodies[i], &search->bodies[body])) {
            stage->bits[body] = stage->bits[i];
            return 0;
        }
    for (size_t i = 0; i < COUNT_OF(place_holes); i++)
        candidate.holes[place_holes[i]] = search->bodies[body].holes[place_holes[i]];
    for (uint32_t i = 0; i < search->bundle->steps_count; i++)
        if (stage->wanted[i])
            steps.at[steps.count++] = i;
    int r = judge_ask(&search->judge, &search->arena, &steps, &candidate, 1, true, &verdicts, err);
    stage->bits[body] =
        arena_alloc(&search->arena, search->bundle->steps_count * sizeof(struct str));
    for (uint32_t i = 0; r == 0 && i < steps.count; i++)
        stage->bits[body][steps.at[i]] = verdicts.atoms[i];
    return r;
}

static bool used(const struct search *search, uint32_t scope)
{
    for (uint32_t i = 0; i < search->bodies_count; i++)
        if (search->bodies[i].holes[HOLE_ITERATOR] == scope)
            return true;
    return false;
}

static int all_atoms(struct stage *stage, struct err *err)
{
    struct search *search = stage->search;
    uint32_t scopes = 0;
    for (uint32_t i = 0; i < search->pool.iterators_count; i++) {
        if (!used(search, i) || scopes++ == SCOPES_MAX)
            continue;
        search->atoms[i] = arena_alloc(&search->arena, POOL_ATOMS_MAX * sizeof(struct atom));
        search->atoms_count[i] =
            pool_atoms(&search->pool, (uint8_t)i, search->atoms[i], POOL_ATOMS_MAX);
    }
    int r = search_build(search, err);
    for (uint32_t i = 0; r == 0 && i < search->bodies_count; i++)
        if (search->atoms_count[search->bodies[i].holes[HOLE_ITERATOR]] > 0)
            r = ask_atoms(stage, i, err);
    return r;
}

/* --- conditions */

/* What takes a branch away is found as a conjunction of opposites, so that its own condition is of
 * atoms as they are: `C && count >= 3`, and never that a count must be small. */
static const uint8_t *opposite(struct search *search, const uint8_t *bits, size_t width)
{
    uint8_t *ret = arena_alloc(&search->arena, width);
    for (size_t i = 0; i < width; i++)
        ret[i] = (uint8_t)~bits[i];
    return ret;
}

/* Rows get their bits. False: some did not come. */
static bool fill_rows(struct stage *stage, uint32_t body)
{
    struct search *search = stage->search;
    struct rows *rows = &stage->rows[body];
    bool narrowed = search->bodies[body].holes[HOLE_VALUE] == CHANGE_NARROWED;
    struct schema_plan plan = { 0 };
    memcpy(plan.atoms_count, search->atoms_count, sizeof(plan.atoms_count));
    size_t width = schema_atoms_bits(&plan) / 8;
    for (uint32_t i = 0; i < rows->count; i++) {
        struct str bits = stage->bits[body][rows->place[i]];
        if ((rows->time[i] + 1) * width > bits.size)
            return false;
        rows->at[i].bits = (const uint8_t *)bits.at + rows->time[i] * width;
        if (narrowed)
            rows->at[i].bits = opposite(search, rows->at[i].bits, width);
    }
    return true;
}

static bool holds(const struct condition *condition, const struct condition_row *row)
{
    for (uint32_t i = 0; i < condition->count; i++)
        if (!search_holds(condition, i, row->bits))
            return false;
    return true;
}

/* The failing steps that the patch should mend: its prediction. */
static void note_fixes(const struct stage *stage, const struct rows *rows, struct patch *patch)
{
    struct search *search = stage->search;
    patch->fixes = arena_alloc(&search->arena, search->fails.count * sizeof(*patch->fixes));
    for (uint32_t i = 0; i < rows->failing;) {
        uint32_t place = rows->place[i];
        bool right = true, wanted = false;
        for (; i < rows->failing && rows->place[i] == place; i++) {
            right &= holds(&patch->condition, &rows->at[i]) == rows->at[i].want;
            wanted |= rows->at[i].want;
        }
        if (right && wanted)
            patch->fixes[patch->fixes_count++] = search->bundle->steps[place].id;
    }
}

/* --- all or none */

/* How often the condition was asked at a step, and how often it held. */
struct held {
    uint32_t times, held;
};
static struct held held_at(
    const struct stage *stage, uint32_t body, const struct patch *patch, uint32_t place)
{
    struct schema_plan plan = { 0 };
    struct held ret = { 0 };
    struct str bits = stage->bits[body][place];
    memcpy(plan.atoms_count, stage->search->atoms_count, sizeof(plan.atoms_count));
    size_t width = schema_atoms_bits(&plan) / 8;
    for (; (ret.times + 1) * width <= bits.size; ret.times++) {
        const struct condition_row row = { .bits = (const uint8_t *)bits.at + ret.times * width };
        ret.held += holds(&patch->condition, &row);
    }
    return ret;
}

/* How many at most, of powers of two: what was seen, and no fewer than eight. */
static uint32_t bound_of(uint32_t most)
{
    enum { LEAST = 8 };
    uint32_t bound = LEAST;
    while (bound < most)
        bound *= 2;
    return bound;
}

/* A loop acts on all that it finds or on none, where no mended step is lost by that and a step is
 * left alone where the failure is and no repair is known: what stands beside something that does
 * not meet the condition may be something else, and what comes in hundreds is no slip. */
static void note_whole(const struct stage *stage, uint32_t body, struct patch *patch)
{
    const struct search *search = stage->search;
    uint32_t most = 0;
    bool parts = false, many = false;
    if (patch->body.holes[HOLE_ITERATOR] == 0 || patch->body.holes[HOLE_RETURN])
        return;
    for (uint32_t i = 0; i < patch->fixes_count; i++) {
        struct held at = held_at(stage, body, patch, search->judge.place_of[patch->fixes[i]]);
        if (at.held < at.times)
            return;
        most = at.times > most ? at.times : most;
    }
    for (uint32_t i = 0; i < search->behind.count; i++) {
        struct held at = held_at(stage, body, patch, search->behind.at[i]);
        parts |= at.held > 0 && at.held < at.times;
        many |= at.held > bound_of(most); /* of very many not all could be asked */
    }
    patch->whole = many ? bound_of(most) : parts ? WHOLE_ANY : 0;
}

static uint32_t patches_of(struct stage *stage, uint32_t body, struct patch *ret, uint32_t max)
{
    struct search *search = stage->search;
    struct rows *rows = &stage->rows[body];
    uint32_t scope = search->bodies[body].holes[HOLE_ITERATOR], count = 0;
    CLEANUP(mem_freep) struct condition_atom *atoms = mem_zero(POOL_ATOMS_MAX, sizeof(*atoms));
    struct condition found[CONDITION_SIZES];
    struct condition_problem problem = { .rows = rows->at,
        .rows_count = rows->count,
        .failing_count = rows->failing,
        .atoms = atoms,
        .atoms_count = search->atoms_count[scope],
        .groups_count = search->fail_groups };
    if (search->atoms_count[scope] == 0 || rows->failing == 0 || !fill_rows(stage, body))
        return 0;
    uint32_t branch = search->bodies[body].holes[HOLE_CHANGE];
    search_describe_atoms(search, &search->bodies[body], atoms);
    uint32_t conditions = condition_search(&problem, found, &search->conditions_tried);
    for (uint32_t i = 0; i < conditions && count < max; i++) {
        if (branch && found[i].count == 0)
            continue; /* no condition is left: that is another change */
        ret[count] = (struct patch){ .body = search->bodies[body],
            .condition = found[i],
            .change = branch ? &search->changes.at[branch - 1] : NULL,
            .atoms = search->atoms[scope] };
        ret[count].strange = rank_strange(search, &ret[count]);
        note_fixes(stage, rows, &ret[count]);
        note_whole(stage, body, &ret[count]);
        search_risks(search, &ret[count++], rows->at, rows->place, rows->count);
    }
    return count;
}

static void stage_done(struct stage *stage)
{
    for (uint32_t i = 0; i < SEARCH_BODIES_MAX; i++) {
        free(stage->rows[i].at);
        free(stage->rows[i].place);
        free(stage->rows[i].time);
    }
    free(stage->wanted);
}

int search_patches(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err)
{
    CLEANUP(stage_done) struct stage stage = { .search = search };
    int r = 0;
    stage.wanted = mem_zero(search->bundle->steps_count + 1, 1);
    for (uint32_t i = 0; i < search->behind.count; i++)
        stage.wanted[search->behind.at[i]] = 1;
    for (uint32_t i = 0; r == 0 && i < search->bodies_count; i++)
        r = failing_rows(&stage, i, err);
    if (r == 0 && search->bodies_count > 0)
        r = other_rows(&stage, err);
    if (r == 0 && search->bodies_count > 0)
        r = all_atoms(&stage, err);
    for (uint32_t i = 0; r == 0 && i < search->bodies_count; i++) {
        *ret_count += patches_of(&stage, i, ret + *ret_count, max - *ret_count);
        if (search_late(search))
            break;
    }
    if (r == 0)
        judge_say(&search->judge, "%llu conditions tried, %u patches",
            (unsigned long long)search->conditions_tried, *ret_count);
    return r;
}
