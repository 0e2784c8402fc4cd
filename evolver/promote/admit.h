/* admit - one admission with everything that moves with it, in one transaction.
 *
 * With the row the candidate becomes active; one whose build is no longer part of what is active
 * leaves it; and what waits for a decision on another generation is superseded, since it was
 * replayed beside that. */
#pragma once

#include "promote/driver.h"

/* next: kind, plugin and the evidence are filled; number, home, before, commit, generation and time
 * are filled here. promoted: NULL at a rollback. ERR_STATE: somebody admitted meanwhile;
 * ERR_DENIED: frozen. */
int admit(struct driver *driver, struct admission *next, const struct generation *generation,
    const struct candidate *promoted, struct err *err);
