/* runs - recorded runs of the journal, in memory, by split. A reader that may see held-in runs only
 * asks for those only: the others are not loaded and then left out. */
#pragma once

#include "trials/split.h"
#include "trials/trace.h"

enum { RUNS_MAX = 20000 };
#define RUNS_HELD_IN (1u << SPLIT_HELD_IN)
#define RUNS_GATE (1u << SPLIT_HELD_IN | 1u << SPLIT_HELD_OUT) /* what the gate replays */

struct runs {
    struct arena arena;
    struct trace_tools tools;
    struct run **at;
    uint64_t *at_ms; /* when each came into the journal */
    unsigned count, room;
    bool claims; /* one of them rests on claims */
};
/* splits: a set of 1 << enum split. ERR_MISSING when there is none of them. */
int runs_load(struct runs *ret, struct journal *journal, unsigned splits, struct err *err);
void runs_done(struct runs *runs);
