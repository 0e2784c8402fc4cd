/* batch_texts - what the failing cases of a batch say, for the patcher's look at copied literals:
 * of each case the reply that failed and what came since the reply before it. */
#pragma once

#include "trials/batch.h"
#include "trials/run.h"

struct batch_texts {
    struct str *at; /* they point into the runs */
    unsigned count, room;
};
/* Cases whose run is not among those given are left out. */
void batch_texts_take(struct batch_texts *ret, const struct batch *batch,
    const struct run *const *runs, unsigned runs_count, struct arena *arena);
