/* filter_kept - filters that were made already. libseccomp takes a fifth of what a whole run costs
 * to make one, and there are only as many as there are sets of calls to make them from. */
#pragma once

#include "sandbox/filter.h"

/* As filter_seal, whose result it keeps for good; the descriptor is a new one, and sealed. Any
 * thread. */
int filter_kept(
    const struct filter_set *const *sets, enum filter_otherwise otherwise, struct err *err);
