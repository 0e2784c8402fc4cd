/* recover - what a broker that ended left open: turns without an end.
 *
 * A gateway turn waits for its client, who will send its request again. A hosted turn goes on from
 * its last settled step: what it had asked for and got is in the journal, what it had asked for and
 * not got is of unknown outcome, and the agent is told so. */
#pragma once

#include "broker/engine.h"

/* What it ended is on disk when this returns: before the service says that it is there. */
int recover(struct engine *engine, struct err *err);
/* Ends a turn of a session whose turn in memory was given up when the disk was full: what the
 * journal has of it is all there will be. In an open group. */
int recover_end(struct engine *engine, uint64_t turn, struct err *err);
