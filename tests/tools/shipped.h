/* shipped - the shipped traces as held-in runs, with the batch of a cluster: what moult import and
 * moult mine make of them, in memory. For tests and benchmarks that want real steps. */
#pragma once

#include "trials/batch.h"

struct shipped {
    struct arena arena;
    const struct run **runs; /* held-in, or all */
    unsigned runs_count, runs_room, seen;
    bool all;
    struct run_tools *tools;
    struct miner *miner;
};
/* folder: tests/data/traces. ERR_MISSING when a file is not there. */
int shipped_load(struct shipped *ret, const char *folder, struct err *err);
/* The same with all runs, of whatever split: as many as moult import has. */
int shipped_load_all(struct shipped *ret, const char *folder, struct err *err);
void shipped_done(struct shipped *shipped);
/* The held-in batch of a cluster. */
int shipped_batch(struct batch *ret, struct shipped *shipped, const char *cluster, struct err *err);
