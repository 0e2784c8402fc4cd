/* canary - the first live turns on an approved candidate, where a service runs for the home.
 *
 * The service has the verbs (load, probe, canary, activate, retire) and counts; what its counts
 * mean stands here, with the limits of moult.json (`canary`). A driver that is killed meanwhile
 * leaves the candidate at `canary`, and promote begins again from there: nothing that is active has
 * changed. */
#pragma once

#include "promote/driver.h"

struct canary_seen {
    bool service;                       /* one runs; else nothing below was tried */
    uint32_t shadow_same, shadow_other; /* copies of live steps: as the active one, or otherwise */
    uint32_t turns, failed, crashed;
    uint32_t units, clean; /* principals, or sessions where there is one, that it had; clean ones */
};
/* Loads the candidate into the service, probes it, shows it copies of live steps, then gives it
 * live turns and watches them. What does not hold is quarantined (ERR_DENIED says what), and the
 * service lets go of it. Without a service the admission alone decides; not so under a mandate,
 * where live turns are wanted, more of them, and none may fail. */
int canary_run(
    struct canary_seen *ret, struct driver *driver, struct candidate *candidate, struct err *err);
/* Lets go of the candidate, for a promotion that ends early. */
void canary_give_up(struct driver *driver, const struct candidate *candidate);
/* Behind an admission: asks the service for the generation that it is on, which must be that one,
 * and lets go of the candidate (may be NULL). Without a service there is nothing to do. */
int canary_activated(
    struct driver *driver, uint32_t number, const struct candidate *candidate, struct err *err);
