/* back - where a rollback goes to. */
#pragma once

#include "promote/driver.h"

/* The admission that is to be active again, and its generation: the newest whose commit or build
 * begins with `to`, or without that what was active before what is active now. Told to go back once
 * more it goes further back, never forward again, and it passes over what a service has
 * quarantined: both have to be named. plugin: of that one only; empty: of all. In the driver's
 * arena. ERR_MISSING: there is no such thing. */
int back_target(const struct admission **ret, struct generation *ret_old, struct driver *driver,
    struct str plugin, struct str to, struct err *err);
