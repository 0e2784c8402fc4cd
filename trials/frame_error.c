/* frame_error - a model request failed in a way that passes, and the turn ended with it.
 *
 * What a person would have done: ask another model, or wait as long as the provider said and ask
 * again. Where there is another alias the frame wants that one; where there is none, the pause. The
 * answer is not recorded, so the claim is that the harness asks again, once, and no more: that it
 * does not go on for ever is what the made cases with a later attempt are for. */
#include "trials/detect_find.h"
#include "trials/frame.h"

#include "sdk/moult.h"

static const struct run_error *ended_by(const struct run *run, uint32_t step, uint8_t class)
{
    const struct run_error *error = run_step_error(run, step);
    return error && !error->again && error->class == class ? error : NULL;
}

static void find_class(const struct run *run, uint8_t class, detect_sink sink, void *with)
{
    for (uint32_t step = 0; step < run->steps_count; step++)
        if (ended_by(run, step, class))
            detect_hit_step(step, sink, with);
}

void rate_limit_find(const struct run *run, detect_sink sink, void *with)
{
    find_class(run, MOULT_RATE_LIMIT, sink, with);
}

void overloaded_find(const struct run *run, detect_sink sink, void *with)
{
    find_class(run, MOULT_OVERLOADED, sink, with);
}

void too_long_find(const struct run *run, detect_sink sink, void *with)
{
    find_class(run, MOULT_TOO_LONG, sink, with);
}

static const char *why_not(const struct run_error *error)
{
    if (error->attempt > 0)
        return "it had asked again already";
    if (error->models > 1)
        return NULL;
    if (error->retry_after_ms == 0)
        return "there is no other model, and the provider did not say how long to wait";
    if (error->retry_after_ms > WIRE_AGAIN_MAX_MS)
        return "there is no other model, and nobody waits as long as the provider asked for";
    return NULL;
}

bool error_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    const char *why = why_not(run_step_error(run, hit->step));
    *ret_why = why ? why : "";
    return why == NULL;
}

static int ask_again(
    const struct run *run, uint32_t step, uint8_t class, struct effects *ret, struct arena *arena)
{
    const struct run_error *error = ended_by(run, step, class);
    if (!error || why_not(error))
        return 0;
    frame_begin(ret, run, step, arena);
    ret->same = false;
    ret->end = EFFECTS_ASKED;
    ret->again = error->models > 1 ? WIRE_AGAIN_OTHER : WIRE_AGAIN_LATER;
    effects_seal(ret);
    return 1;
}

int rate_limit_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return ask_again(run, step, MOULT_RATE_LIMIT, ret, arena);
}

int overloaded_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return ask_again(run, step, MOULT_OVERLOADED, ret, arena);
}

/* The turn ends in words of the harness's own: nobody is answered. */
bool error_suppressed(const struct run *run, uint32_t step, const struct effects *seen)
{
    (void)run;
    (void)step;
    return seen->end == EFFECTS_ANSWERED || seen->end == EFFECTS_REFUSED;
}
