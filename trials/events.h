/* events - what the journal says of a live session beyond its messages: what hooks decided, what
 * was asked for and when, how turns ended. For detectors that observe. */
#pragma once

#include "trials/run.h"
#include "wire/journal.h"

enum { EVENTS_MAX = 200000 }; /* of one session; what is behind them is not looked at */

/* Adds a page of the session's entries, in order; what is needed of them is copied to the run's
 * arena. The run is sealed. An entry that cannot be understood is none. */
void events_add(struct run *run, const struct journal_entry *entries, uint32_t count);
