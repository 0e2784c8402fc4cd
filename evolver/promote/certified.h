/* certified - what a patch's document says of its certificate, and a review of that. */
#pragma once

#include "promote/check_source.h"
#include "promote/driver.h"

/* Members of the patch's document: ,"certificate": {...} with what the differential runs showed, or
 * null and "uncertified", why. old, runs: as differential_run wants them. */
int certified_print(struct buf *out, struct driver *driver, const struct harness_source *old,
    const struct check_source_result *checked, const struct run *const *runs, uint32_t count,
    unsigned workers, struct err *err);
/* For people: lines behind a heading. */
void certified_tell(struct buf *out, const struct json *patch);
