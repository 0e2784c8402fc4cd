/* certified - what a patch's document says of its certificate, the report's copy of that, and a
 * review of both. */
#pragma once

#include "promote/check_source.h"
#include "promote/driver.h"
#include "trials/report.h"

/* Members of the patch's document: ,"certificate": {...} with what the differential runs showed, or
 * null and "uncertified", why. old, runs: as differential_run wants them. */
int certified_print(struct buf *out, struct driver *driver, const struct harness_source *old,
    const struct check_source_result *checked, const struct run *const *runs, uint32_t count,
    unsigned workers, struct err *err);
/* For the report: what the patch's document says, or NULL where it has no certificate. In the
 * arena. */
const struct report_certificate *certified_of(const struct json *patch, struct arena *arena);
/* Whether the report speaks of the certificate that the patch has, or of none where it has none. */
bool certified_is_of(const struct report *report, const struct json *patch);
/* That of every candidate's report. ERR_VERIFY names the first that does not. */
int certified_check(struct journal *journal, struct err *err);
/* For people: what the report says of it. */
void certified_tell_report(struct buf *out, const struct report *report);
/* For people: lines behind a heading. */
void certified_tell(struct buf *out, const struct json *patch);
