/* detector - the miner's detectors as graders, and "as recorded".
 *
 * Where each recorded reply was put to the harness, a failure is resolved when the step asks for
 * exactly what the detector's frame allows, and every other step for what was recorded: a repair
 * that spoils its neighbour is none. In a conversation that came to be by itself a failure is
 * present or gone; where the case has a recording, it is resolved when it is gone and the calls
 * that the frame makes of the recorded ones were carried out: gone with its action is suppressed.
 */
#include "trials/grade/grade.h"

#include "base/mem.h"
#include "trials/track.h"
#include "wire/effect.h"

struct looking {
    const struct detector *detector;
    const struct run *run;
    uint32_t first;
    bool *failing; /* by step; NULL: only counted */
    uint32_t count;
};

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct looking *looking = with;
    const char *why;
    if (hit->step >= looking->run->steps_count || hit->step < looking->first ||
        (looking->detector->mendable && !looking->detector->mendable(looking->run, hit, &why)))
        return;
    looking->count++;
    if (looking->failing)
        looking->failing[hit->step] = true;
}

/* A run's own hits (a step limit, no call at all) have no step. */
static void on_any(void *with, const struct detect_hit *hit)
{
    (void)hit;
    ((struct looking *)with)->count++;
}

/* Where a frame makes no claim (another failure beside it), nobody can say what resolves the step:
 * it counts as any other does. */
static void keep_claims(struct looking *looking)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct effects mended;
    if (!looking->detector->frame)
        return;
    looking->count = 0;
    for (uint32_t step = looking->first; step < looking->run->steps_count; step++) {
        looking->failing[step] = looking->failing[step] &&
                                 looking->detector->frame(looking->run, step, &mended, &arena) == 1;
        looking->count += looking->failing[step];
        arena_reset(&arena);
    }
}

static bool was_carried_out(
    const struct facts *facts, const struct effects_call *call, struct arena *arena)
{
    uint64_t meant = wire_call_digest(arena, call->name, call->args);
    for (uint32_t i = 0; i < facts->calls_count; i++)
        if (facts->calls[i].carried &&
            wire_call_digest(arena, facts->calls[i].tool, facts->calls[i].args) == meant)
            return true;
    return false;
}

/* Every call that the frame lets the failing step ask for. */
static void step_carried_out(struct grade_result *ret, const struct looking *recording,
    uint32_t step, const struct facts *facts)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct effects mended;
    if (recording->detector->frame(recording->run, step, &mended, &arena) != 1)
        return;
    for (uint32_t i = 0; i < mended.calls_count; i++)
        if (!mended.calls[i].denied && !was_carried_out(facts, &mended.calls[i], &arena))
            grade_say(ret, GRADE_BROKEN,
                "step %u of the recording: its call %u was never carried out as it was meant", step,
                i);
}

static void resolved_in_conversation(
    struct grade_result *ret, const struct facts *facts, const struct looking *played)
{
    struct looking recording = {
        .detector = played->detector, .run = facts->recorded, .first = facts->recorded_first
    };
    CLEANUP(mem_freep)
    bool *failing = mem_zero(facts->recorded->steps_count + 1, sizeof *failing);
    recording.failing = failing;
    recording.detector->find(recording.run, on_hit, &recording);
    keep_claims(&recording);
    if (recording.count == 0) {
        grade_say(ret, GRADE_UNKNOWN, "%s is nowhere in the recording", played->detector->id);
        return;
    }
    for (uint32_t step = recording.first; step < recording.run->steps_count; step++)
        if (failing[step])
            step_carried_out(ret, &recording, step, facts);
    if (played->count > 0)
        grade_say(ret, GRADE_BROKEN, "%s: there %u times", played->detector->id, played->count);
}

static void in_conversation(struct grade_result *ret, const struct case_grade *grade,
    const struct facts *facts, struct looking *looking)
{
    looking->detector->find(looking->run, on_any, looking);
    if (grade->want == CASE_WANT_RESOLVED && facts->recorded && looking->detector->frame)
        resolved_in_conversation(ret, facts, looking);
    else if (grade->want == CASE_WANT_RESOLVED)
        grade_say(ret, GRADE_UNKNOWN, "resolved is a change against a recording");
    else if (grade->want == CASE_WANT_GONE && looking->count > 0)
        grade_say(ret, GRADE_BROKEN, "%s: there %u times", looking->detector->id, looking->count);
    else if (grade->want == CASE_WANT_PRESENT && looking->count == 0)
        grade_say(ret, GRADE_BROKEN, "%s is not there", looking->detector->id);
}

/* Is the failing step's symptom no longer in what was handed over, however that came about? */
static bool is_gone(
    const struct looking *looking, uint32_t step, const struct effects *seen, enum outcome outcome)
{
    return outcome == OUTCOME_RESOLVED || outcome == OUTCOME_SUPPRESSED ||
           (outcome == OUTCOME_UNEXPLAINED &&
               !track_shows(looking->detector, looking->run, step, seen));
}

/* One step of a run that shows the failure somewhere. */
static bool step_holds(struct grade_result *ret, uint8_t want, const struct looking *looking,
    uint32_t step, const struct effects *seen, enum outcome outcome)
{
    bool failing = looking->failing[step], same = outcome == OUTCOME_SAME;
    if (want == CASE_WANT_GONE ? !failing || is_gone(looking, step, seen, outcome)
                               : outcome == OUTCOME_RESOLVED || (!failing && same))
        return true;
    grade_say(ret, GRADE_BROKEN, "step %u%s: %s", step, failing ? ", which fails" : "",
        failing && same ? "as recorded" : outcome_words[outcome]);
    return false;
}

static void in_steps(struct grade_result *ret, const struct case_grade *grade,
    const struct facts *facts, const struct looking *looking)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    bool present = false;
    for (uint32_t step = facts->first; step < facts->run->steps_count; step++) {
        bool failing = looking->failing[step];
        enum outcome outcome =
            detect_outcome(looking->detector, facts->run, step, &facts->steps[step], &arena);
        present |= failing && outcome == OUTCOME_SAME;
        if (grade->want != CASE_WANT_PRESENT &&
            !step_holds(ret, grade->want, looking, step, &facts->steps[step], outcome))
            return;
        arena_reset(&arena);
    }
    if (grade->want == CASE_WANT_PRESENT && !present)
        grade_say(ret, GRADE_BROKEN, "%s is not there any more", looking->detector->id);
}

void grade_detector(
    struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    struct looking looking = {
        .detector = detector_named(grade->detector), .run = facts->run, .first = facts->first
    };
    if (!looking.detector || !facts->run) {
        grade_say(ret, GRADE_UNKNOWN, "there is no conversation to look at");
        return;
    }
    if (!(facts->known & FACTS_STEPS)) {
        in_conversation(ret, grade, facts, &looking);
        return;
    }
    CLEANUP(mem_freep)
    bool *failing = mem_zero(facts->run->steps_count + 1, sizeof *failing);
    looking.failing = failing;
    looking.detector->find(facts->run, on_hit, &looking);
    keep_claims(&looking);
    if (looking.count == 0)
        grade_say(ret, GRADE_UNKNOWN, "%s is nowhere in the recording", looking.detector->id);
    else
        in_steps(ret, grade, facts, &looking);
}

void grade_same(struct grade_result *ret, const struct case_grade *grade, const struct facts *facts)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    (void)grade;
    if (!grade_knows(ret, facts, FACTS_STEPS, "each recorded step"))
        return;
    for (uint32_t step = facts->first; step < facts->run->steps_count; step++) {
        struct effects recorded;
        effects_recorded(&recorded, facts->run, step, &arena);
        const struct effects *seen = &facts->steps[step];
        if (!seen->request_same || seen->end != recorded.end || seen->again != recorded.again ||
            !hash_equal(&seen->digest, &recorded.digest)) {
            grade_say(ret, GRADE_BROKEN, "step %u is not as recorded", step);
            return;
        }
        arena_reset(&arena);
    }
}
