/* auto - what evolve.autonomy auto does: a candidate that the gate passed, that a mandate in force
 * covers and that fresh groups confirm goes live without a person. Every other one waits for one,
 * and there is always a reason, of one table. */
#pragma once

#include "promote/driver.h"

/* One walk over what waits: at most one candidate is admitted, the others are then made for a
 * generation that is not active any more. Prints what it did, and of each that waits why. */
int auto_run(const struct verb_call *call, struct driver *driver, struct err *err);
/* Why a candidate (NULL: each of them) that is in review has not gone live under a mandate, in the
 * words of the walk; nothing is written and no look is made. Appended to out: a line each, or JSON
 * objects with commas. Nothing where autonomy is not auto. */
int auto_waiting(struct buf *out, struct driver *driver, const struct candidate *only, bool json,
    struct err *err);
/* Lets the running service know that a mandate came or went; without one there is nothing to do. */
void auto_tell(struct driver *driver);
