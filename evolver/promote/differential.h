/* differential - a certified patch with its conditions switched off, against the harness without
 * it.
 *
 * A certificate (patch/certificate.h) says by its text that a patch does nothing where its
 * conditions do not hold. Here the conditions are worked out and then ignored, so that nothing
 * guarded runs, on conversations that nobody had: recorded ones with replies exchanged, told twice
 * and spelled otherwise, from a fixed seed. Both arms run in the workers that turns run in. A step
 * that comes out otherwise, or a condition that crashes or never ends, refutes the certificate. */
#pragma once

#include "promote/driver.h"

enum { DIFFERENTIAL_RUNS = 48, DIFFERENTIAL_SEED = 1 };

struct differential {
    uint32_t runs, steps; /* made, and compared */
    uint32_t parted;      /* steps that came out otherwise */
    const char *why;      /* it could not be run; NULL: it was */
};
/* The same conversations through two arms. */
int differential_between(struct differential *ret, const struct replay_arm *old,
    const struct replay_arm *off, const struct run *const *runs, uint32_t count, unsigned workers,
    struct err *err);
/* runs: held-in ones to begin with. Errors are the machine's. */
int differential_run(struct differential *ret, struct driver *driver,
    const struct harness_source *off, const struct run *const *runs, uint32_t count,
    unsigned workers, struct err *err);
