/* frame_cycle - calls that go round: two by turns with the same results, and a write that has
 * succeeded, made again.
 *
 * A word of the person in between begins anew: what is asked for twice may be done twice. The frame
 * denies the call and leaves everything else. That denying helps is not shown by a replay. */
#include "trials/detect_find.h"
#include "trials/frame.h"

#include "base/mem.h"
#include "trials/call_set.h"

#include <string.h>

static bool writes(const struct run *run, const struct run_call *call)
{
    return detect_class(run, call->name) == TOOL_WRITE;
}

/* --- two calls by turns */

enum { ROUND = 5 }; /* a, b, a, b and a again */

/* Each was made twice with the same result, and the first once more: nothing came of that, either.
 */
static bool goes_round(const struct run *run, const struct run_call *const last[ROUND])
{
    return call_same(last[0], last[2]) && call_same(last[0], last[4]) &&
           call_same(last[1], last[3]) && !call_same(last[0], last[1]) &&
           detect_same_result(run, last[0], last[2]) && detect_same_result(run, last[0], last[4]) &&
           detect_same_result(run, last[1], last[3]);
}

void ping_pong_find(const struct run *run, detect_sink sink, void *with)
{
    const struct run_call *last[ROUND];
    uint32_t made = 0, message = 0;
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        if (detect_spoken(run, &message, at.message_index) || writes(run, at.call))
            made = 0;
        memmove(last, last + 1, (ROUND - 1) * sizeof(last[0]));
        last[ROUND - 1] = at.call;
        if (++made >= ROUND && goes_round(run, last))
            detect_hit_call(run, &at, sink, with);
    }
}

bool ping_pong_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    (void)hit;
    *ret_why = "nothing says that the run failed";
    return run->graded && !run->solved;
}

int ping_pong_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_deny(run, step, ping_pong_find, ping_pong_mendable, ret, arena);
}

/* --- a write that has succeeded */

static bool succeeded(const struct run_call *call)
{
    return call->result >= 0 && !call->failed;
}

void write_again_find(const struct run *run, detect_sink sink, void *with)
{
    CLEANUP(call_set_done) struct call_set done;
    uint32_t message = 0, since = 0;
    struct run_at at;
    call_set_begin(&done, run);
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        if (detect_spoken(run, &message, at.message_index))
            since = at.message_index;
        if (!writes(run, at.call))
            continue;
        struct call_place *place = call_set_place(&done, at.call);
        if (place->call && place->message >= since)
            detect_hit_call(run, &at, sink, with);
        if (succeeded(at.call))
            *place = (struct call_place){ .call = at.call, .message = at.message_index };
    }
}

bool write_again_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    *ret_why = "it failed: nothing was written twice";
    if (!succeeded(frame_call(run, hit)))
        return false;
    *ret_why = "the run was solved all the same";
    return !(run->graded && run->solved);
}

int write_again_frame(
    const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    return frame_deny(run, step, write_again_find, write_again_mendable, ret, arena);
}
