/* past - what lost before, as far as a proposer may know it.
 *
 * Whoever lost before any look did so on what proposers see anyway, so the reason is told. Of a
 * look at held-out groups a proposer learns that it did not pass: not by which rule, not with which
 * numbers, and not what the person said who had seen them. */
#pragma once

#include "promote/driver.h"
#include "promote/evidence.h"

/* In the archive: a proposer may start from it. */
bool past_archived(const struct candidate *candidate);
/* Those of a cluster that were rejected, superseded, taken back, or quarantined, in the order in
 * which they were made, with what each did to held-in runs. */
int past_read(struct evidence_past **ret, unsigned *ret_count, struct journal *journal,
    struct str cluster, struct arena *arena, struct err *err);
/* Whether the same build of its plugin was active, or tried live, and was left: 1 and which, 0 no.
 */
int past_left(struct candidate *ret, struct journal *journal, const struct candidate *candidate,
    struct arena *arena, struct err *err);
