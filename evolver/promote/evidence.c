/* evidence - chooses the steps of a bundle.
 *
 * A failing step is a case of the batch that the detector's frame speaks for, or one behind it in
 * the same run: either may be where a repair changes the run first. What must stay is every step of
 * a neighbour and of a case's run, as at the gate, which asks of every step behind a repair that it
 * is as it was or mended. Where the failure is there again and no frame says what is wanted, a
 * repair that changes it does no harm, and has not mended the run. Where the frame speaks for a
 * step of another run, a repair may rightly change it and may as well not, so nothing is asked of
 * it. */
#include "promote/evidence.h"

#include "base/mem.h"
#include "trials/overreach.h"
#include "wire/effect.h"
#include "wire/shown.h"

#include <assert.h>
#include <stdlib.h>

const char *const evidence_kind_words[4] = {
    [EVIDENCE_FAIL] = "fail",
    [EVIDENCE_PASS] = "pass",
    [EVIDENCE_OVERREACH] = "overreach",
    [EVIDENCE_BEHIND] = "behind",
};

static_assert((int)EFFECTS_ABNORMAL == (int)WIRE_STEP_ABNORMAL, "one order of ends");

struct evidence_digests evidence_digest(const struct effects *effects)
{
    struct wire_call calls[WIRE_CALLS_MAX];
    uint32_t denied[WIRE_CALLS_MAX], count = 0, denials = 0;
    for (uint32_t i = 0; i < effects->calls_count && i < WIRE_CALLS_MAX; i++) {
        if (effects->calls[i].denied)
            denied[denials++] = i;
        else
            calls[count++] = (struct wire_call){ .name = effects->calls[i].name,
                .args = effects->calls[i].args };
    }
    return (struct evidence_digests){ .calls = wire_calls_digest(calls, count),
        .text = wire_text_digest(effects->text),
        .end = wire_shown_end(effects->error
                                  ? wire_error_digest(effects->end, (enum wire_again)effects->again)
                                  : wire_end_digest(effects->end, denied, denials),
            effects->shown) };
}

bool evidence_equal(const struct evidence_digests *a, const struct evidence_digests *b)
{
    return a->calls == b->calls && a->text == b->text && a->end == b->end;
}

void evidence_done(struct evidence *evidence)
{
    if (!evidence)
        return;
    arena_done(&evidence->arena);
    mem_freep(&evidence->steps);
    evidence->steps_count = evidence->steps_room = 0;
}

struct choosing {
    struct evidence *evidence;
    const struct evidence_plan *plan;
    struct arena scratch; /* of one step */
    const struct str **groups;
    uint32_t groups_count;
    uint8_t *symptoms; /* of the run in hand, one a step */
    uint32_t symptoms_count;
};

static uint32_t group_of(struct choosing *choosing, const struct run *run)
{
    for (uint32_t i = 0; i < choosing->groups_count; i++)
        if (str_equal(*choosing->groups[i], run->group))
            return i;
    choosing->groups[choosing->groups_count] = &run->group;
    return choosing->groups_count++;
}

static uint32_t place_of(struct evidence *evidence, const struct run *run)
{
    for (uint32_t i = evidence->runs_count; i-- > 0;) /* most often the last one */
        if (evidence->runs[i] == run)
            return i;
    evidence->runs[evidence->runs_count] = run;
    return evidence->runs_count++;
}

static struct evidence_step *add(
    struct choosing *choosing, const struct run *run, uint32_t step, enum evidence_kind kind)
{
    struct evidence *evidence = choosing->evidence;
    if (evidence->steps_count == evidence->steps_room) {
        evidence->steps_room = evidence->steps_room ? evidence->steps_room * 2 : 1024;
        evidence->steps = mem_grow(evidence->steps, evidence->steps_room, sizeof(*evidence->steps));
    }
    struct evidence_step *added = &evidence->steps[evidence->steps_count++];
    *added = (struct evidence_step){ .run = run,
        .step = step,
        .at_run = place_of(evidence, run),
        .kind = (uint8_t)kind,
        .group = group_of(choosing, run) };
    return added;
}

static const struct evidence_digests *now_of(const struct choosing *choosing, unsigned run)
{
    return choosing->plan->now ? choosing->plan->now[run] : NULL;
}

static struct evidence_digests recorded(
    struct choosing *choosing, const struct run *run, uint32_t step)
{
    struct effects effects;
    effects_recorded(&effects, run, step, &choosing->scratch);
    return evidence_digest(&effects);
}

/* The active harness does what was recorded: no other repair has changed this step. */
static bool untouched(struct choosing *choosing, unsigned index, uint32_t step)
{
    const struct evidence_digests *now = now_of(choosing, index);
    struct evidence_digests then = recorded(choosing, choosing->plan->runs[index], step);
    return !now || evidence_equal(&now[step], &then);
}

/* --- which steps */

static const struct batch_case *case_of(const struct batch *batch, const struct run *run)
{
    for (uint32_t i = 0; i < batch->cases_count; i++)
        if (str_equal(batch->cases[i].session, run->session))
            return &batch->cases[i];
    return NULL;
}

static bool is_neighbour(const struct batch *batch, const struct run *run)
{
    for (uint32_t i = 0; i < batch->neighbours_count; i++)
        if (str_equal(batch->neighbours[i], run->session))
            return true;
    return false;
}

static void add_fail(struct choosing *choosing, unsigned index, uint32_t at)
{
    struct evidence *evidence = choosing->evidence;
    const struct run *run = choosing->plan->runs[index];
    struct effects wanted;
    if (!untouched(choosing, index, at) ||
        evidence->detector->frame(run, at, &wanted, &evidence->arena) != 1)
        return;
    uint32_t groups = choosing->groups_count;
    struct evidence_step *step = add(choosing, run, at, EVIDENCE_FAIL);
    step->want = evidence_digest(&wanted);
    step->then = recorded(choosing, run, at);
    step->wanted = arena_copy(&evidence->arena, &wanted, sizeof(wanted));
    evidence->fails++;
    evidence->fail_groups += choosing->groups_count > groups;
}

/* A run's one claim is its first changed effect, and a repair may make it later than at the case: a
 * call that is denied when it has failed for the third time. */
static void choose_fail(struct choosing *choosing, unsigned index)
{
    const struct run *run = choosing->plan->runs[index];
    const struct batch_case *of = case_of(choosing->plan->batch, run);
    for (uint32_t step = of ? of->step : run->steps_count; step < run->steps_count; step++)
        add_fail(choosing, index, step);
}

static void note_symptom(void *with, const struct detect_hit *hit)
{
    struct choosing *choosing = with;
    if (hit->step < choosing->symptoms_count) /* else it is about the run as a whole */
        choosing->symptoms[hit->step] = 1;
}

/* One that stays as it was recorded. */
static void add_kept(
    struct choosing *choosing, const struct run *run, uint32_t step, enum evidence_kind kind)
{
    struct evidence_step *added = add(choosing, run, step, kind);
    added->want = added->then = recorded(choosing, run, step);
}

static void choose_passes(struct choosing *choosing, unsigned index)
{
    const struct detector *detector = choosing->evidence->detector;
    const struct run *run = choosing->plan->runs[index];
    const struct batch_case *of = case_of(choosing->plan->batch, run);
    struct effects wanted;
    if (!of && !is_neighbour(choosing->plan->batch, run))
        return;
    choosing->symptoms_count = run->steps_count;
    choosing->symptoms = arena_alloc(&choosing->scratch, run->steps_count + 1);
    if (of)
        detector->find(run, note_symptom, choosing);
    for (uint32_t step = 0; step < run->steps_count; step++) {
        bool symptom = choosing->symptoms[step], behind = of && step > of->step;
        if ((symptom && (!behind || choosing->plan->rounds > 0)) || (of && step == of->step) ||
            !untouched(choosing, index, step) ||
            detector->frame(run, step, &wanted, &choosing->scratch) == 1)
            continue;
        add_kept(choosing, run, step, symptom ? EVIDENCE_BEHIND : EVIDENCE_PASS);
        choosing->evidence->passes += !symptom;
    }
}

static int choose_overreach(struct choosing *choosing, struct run **made, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        add_kept(choosing, made[i], 0, EVIDENCE_OVERREACH);
        choosing->evidence->overreaches++;
    }
    return 0;
}

static int check(const struct evidence_plan *plan, struct err *err)
{
    if (plan->batch->split != SPLIT_HELD_IN)
        return err_set(err, ERR_DENIED, "this batch is %s: no evidence for a proposer",
            split_words[plan->batch->split]);
    for (unsigned i = 0; i < plan->runs_count; i++)
        if (plan->runs[i]->split != SPLIT_HELD_IN)
            return err_set(err, ERR_DENIED,
                "session %.12s is not held-in: no evidence for a "
                "proposer",
                plan->runs[i]->session.at);
    if (!plan->detector->frame)
        return err_set(err, ERR_STATE, "%s has no frame: nobody can say what its repair would be",
            plan->detector->id);
    return 0;
}

static int choose(struct choosing *choosing, struct err *err)
{
    const struct evidence_plan *plan = choosing->plan;
    struct evidence *evidence = choosing->evidence;
    struct run **made = NULL;
    unsigned made_count;
    int rc = overreach_runs(plan->detector, &evidence->arena, &made, &made_count, err);
    if (rc < 0)
        return rc;
    size_t most = plan->runs_count + made_count + 1;
    evidence->runs = arena_alloc(&evidence->arena, most * sizeof(*evidence->runs));
    choosing->groups = arena_alloc(&evidence->arena, most * sizeof(*choosing->groups));
    for (unsigned i = 0; i < plan->runs_count; i++, arena_reset(&choosing->scratch))
        choose_fail(choosing, i);
    if (evidence->fails == 0)
        return err_set(err, ERR_MISSING,
            "no case of the batch is left to mend: each is mended "
            "already, or its session is not here");
    for (unsigned i = 0; i < plan->runs_count; i++, arena_reset(&choosing->scratch))
        choose_passes(choosing, i);
    return choose_overreach(choosing, made, made_count);
}

static int compare_places(const struct evidence_step *a, const struct run *run, uint32_t step)
{
    if (a->run != run)
        return (uintptr_t)a->run < (uintptr_t)run ? -1 : 1;
    return a->step < step ? -1 : a->step > step;
}

static int by_place(const void *a, const void *b, void *with)
{
    const struct evidence_step *steps = with, *other = &steps[*(const uint32_t *)b];
    return compare_places(&steps[*(const uint32_t *)a], other->run, other->step);
}

static void put_in_order(struct evidence *evidence)
{
    uint32_t count = evidence->steps_count;
    evidence->order = arena_alloc(&evidence->arena, (count + 1) * sizeof(*evidence->order));
    for (uint32_t i = 0; i < count; i++)
        evidence->order[i] = i;
    qsort_r(evidence->order, count, sizeof(*evidence->order), by_place, evidence->steps);
}

uint32_t evidence_find(const struct evidence *evidence, const struct run *run, uint32_t step)
{
    uint32_t low = 0, high = evidence->steps_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, number = evidence->order[middle];
        int order = compare_places(&evidence->steps[number], run, step);
        if (order == 0)
            return number;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return UINT32_MAX;
}

int evidence_choose(struct evidence *ret, const struct evidence_plan *plan, struct err *err)
{
    *ret = (struct evidence){ .detector = plan->detector };
    struct choosing choosing = { .evidence = ret, .plan = plan };
    int rc = check(plan, err);
    if (rc == 0)
        rc = choose(&choosing, err);
    arena_done(&choosing.scratch);
    if (rc < 0)
        evidence_done(ret);
    else
        put_in_order(ret);
    return rc;
}
