/* shadowed - see shadowed.h. */
#include "promote/shadowed.h"

#include "base/clock.h"
#include "base/mem.h"
#include "trials/batch.h"
#include "trials/trace.h"

#define SETTLED_NS 1000000000ull

int shadowed_begin(
    struct shadowed *ret, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct batch batch;
    struct str text;
    *ret = (struct shadowed){ 0 };
    if (hash_zero(&candidate->batch))
        return 0;
    int rc = journal_get(driver->journal, "batch", &candidate->batch, &arena, &text, err);
    if (rc == 0)
        rc = batch_read(&batch, text, &arena, err);
    if (rc == 0)
        ret->detector = detector_named(batch.detector);
    return rc;
}

static bool is_known(const struct shadowed *shadowed, const struct shadowed_delta *delta)
{
    for (unsigned i = 0; i < shadowed->count; i++)
        if (shadowed->at[i].session == delta->session && shadowed->at[i].turn == delta->turn)
            return true;
    return false;
}

void shadowed_add(struct shadowed *shadowed, const struct json *told)
{
    JSON_EACH(one, told)
    {
        const struct shadowed_delta delta = {
            .session = (uint64_t)json_int(json_get(one, "session"), 0),
            .turn = (uint64_t)json_int(json_get(one, "turn"), 0),
            .told_ns = clock_mono_ns(),
        };
        if (shadowed->detector && shadowed->count < SHADOWED_MAX && !is_known(shadowed, &delta))
            shadowed->at[shadowed->count++] = delta;
    }
}

/* 1: it has; 0: not yet. One that nobody knows has nothing to wait for. */
static int has_ended(const struct shadowed_delta *delta, struct driver *driver, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_turn *turns;
    uint32_t count;
    int rc = journal_turns(driver->journal, delta->session, &arena, &turns, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (turns[i].number == delta->turn)
            return turns[i].how != 0;
    return rc < 0 ? rc : 1;
}

/* 1: the failure stands somewhere in the session; 0: nowhere. */
static int has_symptom(const struct shadowed *shadowed, const struct shadowed_delta *delta,
    struct driver *driver, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(trace_tools_done) struct trace_tools tools = { 0 };
    struct journal_session session;
    struct run *run;
    int rc = journal_read(driver->journal, delta->session, &arena, &session, err);
    if (rc == 0)
        rc = trace_run(&run, &session, &tools, &arena, err);
    for (uint32_t step = 0; rc == 0 && step < run->steps_count; step++)
        rc = detect_symptom(shadowed->detector, run, step);
    return rc;
}

/* An enum judged, or an error. */
enum judged { EXPLAINED, UNEXPLAINED, NOT_YET };
static int judge(const struct shadowed *shadowed, const struct shadowed_delta *delta,
    struct driver *driver, struct err *err)
{
    int rc = has_ended(delta, driver, err);
    if (rc == 0 && clock_mono_ns() - delta->told_ns < SETTLED_NS)
        return NOT_YET;
    if (rc >= 0)
        rc = has_symptom(shadowed, delta, driver, err);
    if (rc == -ERR_DENIED || rc == -ERR_STATE || rc == -ERR_MISSING || rc == -ERR_INPUT)
        return EXPLAINED; /* sealed, or nothing that reads as a run: nobody may say more of it */
    return rc < 0 ? rc : rc ? EXPLAINED : UNEXPLAINED;
}

int shadowed_judge(
    struct shadowed_delta *ret, struct shadowed *shadowed, struct driver *driver, struct err *err)
{
    unsigned left = 0;
    for (unsigned i = 0; i < shadowed->count; i++) {
        struct err why = { 0 };
        int rc = judge(shadowed, &shadowed->at[i], driver, &why);
        if (rc == UNEXPLAINED) {
            *ret = shadowed->at[i];
            return 1;
        }
        if (rc < 0) {
            if (err)
                *err = why;
            return rc;
        }
        if (rc == NOT_YET)
            shadowed->at[left++] = shadowed->at[i];
    }
    shadowed->count = left;
    return 0;
}
