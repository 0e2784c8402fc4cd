/* outcome - what was seen at a step, against the recording and the detector's frame. */
#include "trials/frame.h"

#include "base/mem.h"
#include "trials/schema.h"

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

struct denying {
    const struct run *run;
    uint32_t step, denied;
    bool (*mendable)(const struct run *run, const struct detect_hit *hit, const char **ret_why);
    struct effects *effects;
};

static void deny(void *with, const struct detect_hit *hit)
{
    struct denying *denying = with;
    const char *why;
    if (hit->step != denying->step || hit->call >= denying->effects->calls_count ||
        (denying->mendable && !denying->mendable(denying->run, hit, &why)))
        return;
    denying->denied += !denying->effects->calls[hit->call].denied;
    denying->effects->calls[hit->call].denied = true;
}

int frame_deny(const struct run *run, uint32_t step,
    void (*find)(const struct run *run, detect_sink sink, void *with),
    bool (*mendable)(const struct run *run, const struct detect_hit *hit, const char **ret_why),
    struct effects *ret, struct arena *arena)
{
    struct denying denying = { run, step, 0, mendable, ret };
    frame_begin(ret, run, step, arena);
    find(run, deny, &denying);
    if (denying.denied == 0)
        return 0;
    ret->same = false;
    ret->end = denying.denied == ret->calls_count ? EFFECTS_ASKED : EFFECTS_HANDED;
    effects_seal(ret);
    return 1;
}

bool frame_fits(const struct run *run, const struct effects_call *call, struct arena *arena)
{
    const struct run_tool *tool = run_tool_find(run, call->name);
    const struct json *args = json_read(arena, call->args, NULL, NULL);
    return tool && json_is(args, JSON_OBJECT) && schema_fits(tool->parameters, args);
}

static bool said_before(const struct run *run, uint32_t step, struct str value)
{
    for (uint32_t i = 0; i < run->steps[step]; i++) {
        uint8_t role = run->messages[i].role;
        if ((role == RUN_USER || role == RUN_RESULT) && str_find(run->messages[i].text, value) >= 0)
            return true;
    }
    return false;
}

bool frame_given(const struct run *run, uint32_t step, const struct json *args)
{
    JSON_EACH(value, args)
    if (json_is(value, JSON_STRING) && !said_before(run, step, json_string(run->arena, value)))
        return false;
    return true;
}

int frame_calls(
    const struct run *run, uint32_t step, frame_mend mend, struct effects *ret, struct arena *arena)
{
    const struct run_message *reply = run_step(run, step);
    bool changed = false;
    frame_begin(ret, run, step, arena);
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        if (!mend(run, step, &reply->calls[i], &ret->calls[i], arena))
            continue;
        if (!reply->calls[i].failed)
            return 0; /* it was accepted: nothing to mend, so no claim */
        changed = true;
    }
    ret->same = false;
    effects_seal(ret);
    return changed;
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
    return a->request_same == b->request_same && a->shown == b->shown && a->end == b->end &&
           a->again == b->again && hash_equal(&a->asked, &b->asked) && effects_equal(a, b);
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

bool detect_symptom(const struct detector *detector, const struct run *run, uint32_t step)
{
    struct at_step at = { .step = step };
    if (detector)
        detector->find(run, look, &at);
    return at.hit;
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
