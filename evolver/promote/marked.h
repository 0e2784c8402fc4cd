/* marked - a candidate's build that tells which of its branches ran: for replays, never admitted.
 *
 * moult-patch writes the source once more, with marks along its syntax tree (patch/cover.h); it is
 * compiled under the profile `trial`. */
#pragma once

#include "promote/driver.h"
#include "trials/marks.h"

struct marked {
    struct marks marks; /* in the arena given */
    struct buf image;   /* the .so; empty: no mark is wanted */
};
void marked_done(struct marked *marked);
/* 1: there it is; 0: it cannot be had of this source (too large, or the marked one does not build),
 * and nobody will have watched it. Errors are the machine's. */
int marked_build(struct marked *ret, struct driver *driver, const struct harness_source *source,
    struct str old, struct arena *arena, struct err *err);
