/* recover - what a broker that ended left open: turns without an end.
 *
 * A gateway turn waits for its client, who will send its request again. A hosted turn goes on from
 * its last settled step: what it had asked for and got is in the journal, what it had asked for and
 * not got is of unknown outcome, and the agent is told so. */
#pragma once

#include "broker/engine.h"

int recover(struct engine *engine, struct err *err);
