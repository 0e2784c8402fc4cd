/* quarantined - which generations a service has left by itself, out of the audit chain: what is
 * told is what was journaled when it happened. */
#pragma once

#include "promote/driver.h"

struct quarantined {
    struct digest generation;
    struct str why;
};
/* All of them, the oldest first; in the driver's arena. */
int quarantined_read(
    struct driver *driver, struct quarantined **ret, uint32_t *ret_count, struct err *err);
/* A candidate that is active in a generation which its service has left is `quarantined` itself. */
int quarantined_follow(struct driver *driver, struct err *err);
