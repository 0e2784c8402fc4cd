/* frame_loop - the same call again, in a row.
 *
 * failed_call_repeated: the call just failed, and fails again in a run that came to nothing; the
 * frame denies it, and leaves everything else. That this helps is not shown by a replay. In a
 * solved run a repeat was part of the way, so nothing may change there.
 *
 * repeat is the same without a failure. It is listed because it looks like one; runs that repeat a
 * call are solved as well, so it is no failure. */
#include "trials/frame.h"

#include "trials/detect_find.h"

#include <string.h>

static bool solved(const struct run *run)
{
    return run->graded && run->solved;
}

/* Is this call the same as the one before it, in the order of the run? */
static bool repeats(const struct run_call *last, const struct run_call *call, bool failed)
{
    return last && (!failed || last->failed) &&
           memcmp(&last->key, &call->key, sizeof(call->key)) == 0;
}

static void find_repeats(const struct run *run, bool failed, detect_sink sink, void *with)
{
    const struct run_call *last = NULL;
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at); last = at.call)
        if (repeats(last, at.call, failed))
            detect_hit_call(run, &at, sink, with);
}

void loop_find(const struct run *run, detect_sink sink, void *with)
{
    find_repeats(run, true, sink, with);
}

void repeat_find(const struct run *run, detect_sink sink, void *with)
{
    find_repeats(run, false, sink, with);
}

bool loop_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    *ret_why = "the second attempt succeeded";
    if (!frame_call(run, hit)->failed)
        return false;
    *ret_why = "the run was solved all the same";
    return !solved(run);
}

bool repeat_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    (void)run;
    (void)hit;
    *ret_why = "no rejected result: runs that repeat a call are solved as well";
    return false;
}

static int deny(
    const struct run *run, uint32_t step, bool failed, struct effects *ret, struct arena *arena)
{
    const struct run_call *last = NULL;
    struct run_at at;
    uint32_t denied = 0;
    if (solved(run))
        return 0;
    frame_begin(ret, run, step, arena);
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at); last = at.call) {
        if (at.step != step || !repeats(last, at.call, failed) || (failed && !at.call->failed))
            continue;
        ret->calls[at.call_index].denied = true;
        denied++;
    }
    if (denied == 0)
        return 0;
    ret->same = false;
    ret->end = denied == ret->calls_count ? EFFECTS_ASKED : EFFECTS_HANDED;
    effects_seal(ret);
    return 1;
}

int loop_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return deny(run, step, true, ret, arena);
}

int repeat_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return deny(run, step, false, ret, arena);
}

/* The call is gone without a word to the model. */
bool loop_suppressed(const struct run *run, uint32_t step, const struct effects *seen)
{
    return seen->calls_count < run->messages[run->steps[step]].calls_count;
}
