/* promotion - from an approved candidate to the active generation, and back to builds that were
 * active before.
 *
 * The admission is the commit point: before it nothing that is active has changed, behind it git's
 * references and the work tree follow, and driver_open lets them follow if a kill came between. */
#pragma once

#include "admission/approve.h"
#include "promote/canary.h"
#include "promote/driver.h"

/* What an approval of this candidate has to name now. ERR_STATE: it was not gated. */
int promotion_links(struct approval *ret, const struct driver *driver,
    const struct candidate *candidate, struct err *err);
/* Checks chain and approval, builds the candidate again bit for bit, gives it live turns where a
 * service runs (*ret says what came of them), admits, moves the refs.
 * ERR_DENIED: frozen, quarantined, or the approval does not hold; ERR_STATE: it was made for
 * another generation; ERR_VERIFY: its build does not come from its commit, or the links do not fit
 * (chain.h). Candidates that wait for a decision on the old generation are superseded with it. */
int promotion_run(
    struct driver *driver, struct candidate *candidate, struct canary_seen *ret, struct err *err);

/* plugin: empty for the whole generation. to: digits of a build or of an admitted commit, or empty
 * for what was active before. Needs no compiler: every build is in the home's store. */
int promotion_rollback(struct driver *driver, struct str plugin, struct str to, struct err *err);
