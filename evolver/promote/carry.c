/* carry - see carry.h. */
#include "promote/carry.h"

#include "base/mem.h"
#include "promote/carry_session.h"
#include "promote/carry_tool.h"

enum { ROOM = 16, AT_ONCE = 4 };

const char *const carry_end_words[4] = {
    [CARRY_OK] = "ok",
    [CARRY_ERROR] = "error",
    [CARRY_DIVERGED] = "diverged",
    [CARRY_FAILED] = "failed",
};

static const struct json_limits lenient = { .duplicates = true };

static void add(struct carry_plan *plan, const struct carry_call *call, struct arena *arena)
{
    if (plan->calls_count == plan->calls_room) {
        size_t size = plan->calls_room * sizeof(*plan->calls);
        plan->calls_room = plan->calls_room ? plan->calls_room * 2 : ROOM;
        plan->calls = arena_grow(arena, plan->calls, size, plan->calls_room * sizeof(*plan->calls));
    }
    plan->calls[plan->calls_count++] = *call;
}

static bool recorded(
    const struct run_message *reply, uint32_t index, const struct effects_call *call)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    if (index >= reply->calls_count || !str_equal(reply->calls[index].name, call->name))
        return false;
    const struct json *before = json_read(&arena, reply->calls[index].args, &lenient, NULL);
    const struct json *after = json_read(&arena, call->args, &lenient, NULL);
    return before && after ? json_equal(before, after)
                           : str_equal(reply->calls[index].args, call->args);
}

/* Effects live only as long as the step that they belong to. */
static struct str copy(struct str text, struct arena *arena)
{
    return (struct str){ arena_string(arena, text.at ? text.at : "", text.size), text.size };
}

void carry_add(struct carry_plan *plan, const struct run *run, uint32_t step,
    const struct effects *effects, bool first, struct arena *arena)
{
    const struct run_message *reply = &run->messages[run->steps[step]];
    for (uint32_t i = 0; i < effects->calls_count; i++) {
        const struct effects_call *call = &effects->calls[i];
        if (call->denied || recorded(reply, i, call))
            continue;
        const struct carry_call mended = { run, step, i, copy(call->name, arena),
            copy(call->args, arena), first };
        add(plan, &mended, arena);
        first = false;
    }
}

void carry_add_later(struct carry_plan *plan, const struct run *run, uint32_t step,
    const struct detector *detector, struct arena *arena)
{
    for (uint32_t later = step + 1; later < run->steps_count; later++) {
        struct effects effects;
        if (detector->frame(run, later, &effects, arena) == 1)
            carry_add(plan, run, later, &effects, false, arena);
    }
}

static void count(struct carry_result *result, const struct carry_plan *plan, uint32_t index)
{
    enum carry_end end = result->outcomes[index].end;
    bool first = plan->calls[index].first, carried = end == CARRY_OK || end == CARRY_ERROR;
    result->diverged += end == CARRY_DIVERGED;
    result->failed += end == CARRY_FAILED;
    *(first ? &result->carried : &result->conditional) += carried;
    *(first ? &result->carried_ok : &result->conditional_ok) += end == CARRY_OK;
}

/* A server that is at work. */
struct running {
    struct carry_session session;
    struct carry_job *job;
};

static int begin(
    struct running *ret, const struct carry_plan *plan, uint32_t first, struct err *err)
{
    CLEANUP(buf_done) struct buf input = { 0 };
    carry_session_begin(&ret->session, plan, first, &input);
    int rc = carry_start(&ret->job, plan, buf_view(&input), err);
    if (rc < 0)
        carry_session_done(&ret->session);
    return rc;
}

/* Returns how many calls are settled. */
static int end(
    struct running *running, struct carry_result *result, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf output = { 0 };
    int rc = carry_wait(running->job, &output, result, err);
    if (rc == 0)
        rc = (int)carry_session_read(&running->session, buf_view(&output), result->outcomes, arena);
    carry_session_done(&running->session);
    return rc;
}

/* Ends a session; what it left unsettled gets servers of its own, one after another. */
static int settle(struct running *running, struct carry_result *result,
    const struct carry_plan *plan, struct arena *arena, struct err *err)
{
    uint32_t next = running->session.first, behind = next + running->session.count;
    for (;;) {
        int settled = end(running, result, arena, err);
        if (settled < 0)
            return settled;
        for (next += (uint32_t)settled; settled > 0; settled--)
            count(result, plan, next - (uint32_t)settled);
        if (next == behind)
            return 0;
        int rc = begin(running, plan, next, err);
        if (rc < 0)
            return rc;
    }
}

/* A few servers at once, since each takes a while to start; their order is that of the plan. */
static int run_some(struct carry_result *result, const struct carry_plan *plan, uint32_t *next,
    struct arena *arena, struct err *err)
{
    struct running running[AT_ONCE];
    unsigned started = 0;
    int rc = 0;
    while (rc == 0 && started < AT_ONCE && *next < plan->calls_count) {
        rc = begin(&running[started], plan, *next, err);
        if (rc == 0)
            *next += running[started++].session.count;
    }
    for (unsigned i = 0; i < started; i++) {
        struct err own;
        int one = settle(&running[i], result, plan, arena, &own);
        if (one < 0 && rc == 0) {
            rc = one;
            if (err)
                *err = own;
        }
    }
    return rc;
}

int carry_run(
    struct carry_result *ret, const struct carry_plan *plan, struct arena *arena, struct err *err)
{
    struct carry_result result = { 0 };
    uint32_t next = 0;
    result.outcomes = arena_alloc(arena, (plan->calls_count + 1) * sizeof(*result.outcomes));
    while (next < plan->calls_count) {
        int rc = run_some(&result, plan, &next, arena, err);
        if (rc < 0)
            return rc;
    }
    *ret = result;
    return 0;
}
