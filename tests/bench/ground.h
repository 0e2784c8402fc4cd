/* ground - what the figures of replay are taken on: the recorded runs, kept in memory, and the
 * naive harness in locked workers. */
#pragma once

#include "base/arena.h"
#include "trials/builds.h"
#include "trials/replay.h"

struct ground {
    struct arena arena;
    struct run_tools *tools;
    const struct run **runs;
    unsigned runs_count;
    struct builds builds;
    struct replay_arm arm;
    char *worker;
};
/* The runs of bench_traces(), and the builds. *ret is for ground_done, also after an error. */
int ground_load(struct ground *ret, struct err *err);
void ground_done(struct ground *ground);

/* What one pass over runs took. */
struct ground_pass {
    uint64_t steps, same;
    double cpu_s, driver_s, wall_s; /* processor time, all of it and the driver's; the clock's */
};
int ground_replay(struct ground_pass *ret, struct replay *replay, const struct run *const *runs,
    unsigned count, struct err *err);
