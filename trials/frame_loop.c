/* frame_loop - the same call again, in a row.
 *
 * failed_call_repeated: the call has just failed twice, and fails again in a run that came to
 * nothing; the frame denies it, and leaves everything else. One more attempt is none: runs that
 * make one are solved as well. That denying helps is not shown by a replay. In a solved run a
 * repeat was part of the way, so nothing may change there.
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

/* Calls in the order of the run, and how often the last one was made in a row. */
struct streak {
    const struct run_call *last;
    unsigned made, failed; /* failed: the last so many of them */
};

/* Is this call one too many? Then goes on to it. */
static bool repeats(struct streak *streak, const struct run_call *call, bool failed)
{
    bool same = streak->last && memcmp(&streak->last->key, &call->key, sizeof(call->key)) == 0;
    bool ret = same && (failed ? streak->failed >= 2 : streak->made >= 1);
    streak->made = same ? streak->made + 1 : 1;
    streak->failed = !call->failed ? 0 : same ? streak->failed + 1 : 1;
    streak->last = call;
    return ret;
}

static void find_repeats(const struct run *run, bool failed, detect_sink sink, void *with)
{
    struct streak streak = { 0 };
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (repeats(&streak, at.call, failed))
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
    *ret_why = "the next attempt succeeded";
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

int loop_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_deny(run, step, loop_find, loop_mendable, ret, arena);
}

int repeat_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return solved(run) ? 0 : frame_deny(run, step, repeat_find, NULL, ret, arena);
}

/* The call is gone without a word to the model. */
bool loop_suppressed(const struct run *run, uint32_t step, const struct effects *seen)
{
    return seen->calls_count < run->messages[run->steps[step]].calls_count;
}
