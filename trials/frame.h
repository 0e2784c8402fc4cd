/* frame - the rows' functions for failures that a harness can mend: when one is real, and exactly
 * which effects its repair has. docs/reference/detectors.md says each in words. */
#pragma once

#include "trials/detect.h"

enum { FRAME_CALLS_MAX = 16 }; /* a reply with more leaked calls than that is no slip of the form */

#define FIND(name) void name(const struct run *run, detect_sink sink, void *with)
#define MENDABLE(name)                                                                             \
    bool name(const struct run *run, const struct detect_hit *hit, const char **ret_why)
#define FRAME(name)                                                                                \
    int name(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
#define SUPPRESSED(name) bool name(const struct run *run, uint32_t step, const struct effects *seen)

FIND(leak_find_tagged);
FIND(leak_find_bare);
MENDABLE(leak_mendable);
FRAME(leak_frame);
SUPPRESSED(leak_suppressed);

FIND(array_find);
MENDABLE(array_mendable);
FRAME(array_frame);
SUPPRESSED(array_suppressed);

FIND(loop_find);
MENDABLE(loop_mendable);
FRAME(loop_frame);
SUPPRESSED(loop_suppressed);
FIND(repeat_find);
MENDABLE(repeat_mendable);
FRAME(repeat_frame);

FIND(rate_limit_find);
FRAME(rate_limit_frame);
FIND(overloaded_find);
FIND(too_long_find);
FRAME(overloaded_frame);
MENDABLE(error_mendable);
SUPPRESSED(error_suppressed);

FIND(scalar_find);
MENDABLE(scalar_mendable);
FRAME(scalar_frame);
FIND(alias_find);
MENDABLE(alias_mendable);
FRAME(alias_frame);
FIND(bad_json_find);
FIND(python_find); /* of the row of decoys */
MENDABLE(bad_json_mendable);
FRAME(bad_json_frame);
FIND(tool_name_find);
MENDABLE(tool_name_mendable);
FRAME(tool_name_frame);

FIND(ping_pong_find);
MENDABLE(ping_pong_mendable);
FRAME(ping_pong_frame);
FIND(write_again_find);
MENDABLE(write_again_mendable);
FRAME(write_again_frame);

FIND(empty_find);
MENDABLE(empty_mendable);
FRAME(empty_frame);
SUPPRESSED(empty_suppressed);

MENDABLE(orphan_mendable);
FRAME(orphan_frame);
FIND(oversize_find);
MENDABLE(oversize_mendable);
FRAME(oversize_frame);

MENDABLE(unknown_param_mendable);
FRAME(unknown_param_frame);
MENDABLE(python_repr_mendable);
MENDABLE(multi_call_mendable);
MENDABLE(provider_error_mendable);

#undef FIND
#undef MENDABLE
#undef FRAME
#undef SUPPRESSED

/* The recording's effects, to be changed by a frame. */
void frame_begin(struct effects *ret, const struct run *run, uint32_t step, struct arena *arena);
/* The call of a hit. */
const struct run_call *frame_call(const struct run *run, const struct detect_hit *hit);

/* What becomes of one call; *to begins as it was recorded. False: nothing to mend in it. */
typedef bool (*frame_mend)(const struct run *run, uint32_t step, const struct run_call *call,
    struct effects_call *to, struct arena *arena);
/* The step with each call mended that was refused; no claim where one that was accepted would
 * change, too. */
int frame_calls(const struct run *run, uint32_t step, frame_mend mend, struct effects *ret,
    struct arena *arena);
/* The step where those of its calls are denied that `find` hits and `mendable` speaks for (NULL:
 * every one that is hit). */
int frame_deny(const struct run *run, uint32_t step,
    void (*find)(const struct run *run, detect_sink sink, void *with),
    bool (*mendable)(const struct run *run, const struct detect_hit *hit, const char **ret_why),
    struct effects *ret, struct arena *arena);

/* Is it a call of a known tool that its schema takes? */
bool frame_fits(const struct run *run, const struct effects_call *call, struct arena *arena);
/* Each text among the arguments was said by the person or answered by a tool before that step. One
 * that nobody gave is invented. */
bool frame_given(const struct run *run, uint32_t step, const struct json *args);

/* Made cases, JSON (trials/overreach/). */
extern const char overreach_leak[], overreach_array[], overreach_loop[], overreach_error[];
extern const char overreach_args[], overreach_cycle[], overreach_empty[];
extern const char overreach_orphan[], overreach_large[];
