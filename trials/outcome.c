/* outcome - what was seen at a step, against the recording and the detector's frame. */
#include "trials/frame.h"

#include "base/mem.h"

void frame_begin(struct effects *ret, const struct run *run, uint32_t step, struct arena *arena)
{
    effects_recorded(ret, run, step, arena);
    if (ret->calls_count > 0)
        ret->calls = arena_copy(arena, ret->calls, ret->calls_count * sizeof(*ret->calls));
}

const struct run_call *frame_call(const struct run *run, const struct detect_hit *hit)
{
    return &run->messages[run->steps[hit->step]].calls[hit->call];
}

struct at_step {
    uint32_t step;
    bool hit;
};

static void look(void *with, const struct detect_hit *hit)
{
    struct at_step *at = with;
    at->hit |= hit->step == at->step;
}

static bool same(const struct effects *a, const struct effects *b)
{
    return a->request_same && a->end == b->end && a->again == b->again &&
           hash_equal(&a->asked, &b->asked) && effects_equal(a, b);
}

enum outcome detect_outcome(const struct detector *detector, const struct run *run, uint32_t step,
    const struct effects *seen, struct arena *arena)
{
    struct effects recorded, wanted;
    struct at_step at = { .step = step };
    if (seen->end == EFFECTS_ABNORMAL)
        return OUTCOME_ABNORMAL;
    effects_recorded(&recorded, run, step, arena);
    if (same(seen, &recorded))
        return OUTCOME_SAME;
    if (!detector || !detector->frame)
        return OUTCOME_UNEXPLAINED;
    bool claim = detector->frame(run, step, &wanted, arena) == 1;
    if (claim && same(seen, &wanted))
        return OUTCOME_RESOLVED;
    detector->find(run, look, &at);
    bool symptom = claim || at.hit;
    return symptom && detector->suppressed(run, step, seen) ? OUTCOME_SUPPRESSED
                                                            : OUTCOME_UNEXPLAINED;
}

const char *detect_resolved_by(const struct run *run, uint32_t step, const struct effects *seen)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    for (unsigned i = 0; i < detectors_count; i++)
        if (detectors[i].frame &&
            detect_outcome(&detectors[i], run, step, seen, &arena) == OUTCOME_RESOLVED)
            return detectors[i].id;
    return NULL;
}
