/* prove - a turn of a live session, run again: a locked worker with the builds that it ran on is
 * told what the journal says it was told, and must ask for the same effects in the same order.
 *
 * Stands where the broker stood. Nothing is carried out: each effect gets its recorded result. A
 * turn that moved to another generation moves here too, behind the same effect. */
#pragma once

#include "trials/past.h"
#include "trials/replay.h"

struct prove_plan {
    struct journal *journal;
    const struct home *home;
    const char *worker;
    int tier; /* the weakest sandbox allowed */
    uint32_t steps_max;
};
struct proof {
    uint32_t effects, same; /* asked for; the same as recorded */
    uint32_t generations;   /* that it ran on, one after another */
    bool open;              /* the record ends in the middle: nothing contradicts it so far */
    char why[240];          /* the first difference, or empty */
};
/* ERR_LACKS, ERR_PEER: no worker can be had; ERR_MISSING: a build is gone. */
int prove_turn(
    struct proof *ret, struct past *past, const struct prove_plan *plan, struct err *err);
