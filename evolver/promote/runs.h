/* runs - recorded runs of the journal, in memory, by split. A reader that may see held-in runs only
 * asks for those only: the others are not loaded and then left out.
 *
 * A home that serves for a year has more of them than fit. Those that are named (the cases of a
 * batch, the regression corpus) are always there; of the others half are the newest and half are
 * drawn over all time, and nobody's sessions crowd out the rest (trials/choose.h). */
#pragma once

#include "trials/id_set.h"
#include "trials/batch.h"
#include "trials/split.h"
#include "trials/trace.h"

enum { RUNS_MAX = 20000 };
#define RUNS_BYTES_MAX ((size_t)512 << 20)
#define RUNS_HELD_IN (1u << SPLIT_HELD_IN)
#define RUNS_GATE (1u << SPLIT_HELD_IN | 1u << SPLIT_HELD_OUT) /* what the gate replays */

struct runs {
    struct arena arena;
    struct trace_tools tools;
    struct run **at; /* in the journal's order */
    uint64_t *at_ms; /* when each came into the journal */
    unsigned count;
    uint64_t left_out; /* that could have been replayed, had there been room */
    bool claims;       /* one of them rests on claims */
};
struct runs_want {
    unsigned splits;            /* a set of 1 << enum split */
    const struct id_set *named; /* always, where the splits allow it; NULL: none */
    bool named_only;
    uint32_t most;     /* 0: RUNS_MAX; the named ones are there beyond it */
    size_t most_bytes; /* 0: RUNS_BYTES_MAX */
};
/* A session that cannot be read as a run is left out with a line in the log: a client may have sent
 * anything. ERR_MISSING when nothing is there; a named one that cannot be read is an error. */
int runs_load(
    struct runs *ret, struct journal *journal, const struct runs_want *want, struct err *err);
void runs_done(struct runs *runs);

/* Cases and neighbours of a batch. ERR_INPUT: one of them is no session's id. */
int runs_name_batch(struct id_set *names, const struct batch *batch, struct err *err);
