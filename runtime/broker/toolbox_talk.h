/* toolbox_talk - what goes to a box's process and what comes: calls out, one at a time, and lines
 * in. Inside this folder only. */
#pragma once

#include "broker/toolbox_run.h"

/* The next call, or what a box does that has none. */
void talk_on(struct run *run);
/* Looks at the socket: for what comes, and where something is to be sent, for its room. */
void talk_watch(struct run *run);
/* The process has ended: what it said before that. An answer in it may drop the run. */
void talk_last(struct run *run);
