/* suite - the cases that the home took in, as the driver plays them: at the gate by all arms, and
 * the smoke suite on one set of builds, before anything longer is begun. */
#pragma once

#include "promote/driver.h"
#include "trials/suites.h"

struct suite_arms {
    const struct driver_builds *old, *new, *sanitised, *genesis,
        *marked;         /* the last may be empty */
    struct marks *marks; /* of the marked build, or NULL */
};
/* Into a report that is filled but for them. ERR_MISSING, ERR_INPUT: the journal does not hold a
 * case that was taken in. */
int suite_gate(struct report *report, struct driver *driver, const struct suite_arms *arms,
    struct arena *arena, struct err *err);
/* *ret says whether one fails; with no case in the suite nothing is started. */
int suite_smoke(struct suites_smoke *ret, struct driver *driver, const struct driver_builds *builds,
    struct err *err);
