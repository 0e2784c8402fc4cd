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
FRAME(overloaded_frame);
MENDABLE(error_mendable);
SUPPRESSED(error_suppressed);

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

/* Made cases, JSON (trials/overreach/). */
extern const char overreach_leak[], overreach_array[], overreach_loop[], overreach_error[];
