/* evolving - the evolver while nobody looks: when turns have ended and it has been quiet for a
 * moment, the traces are mined, and what can be mended gets a proposer; a candidate that passes
 * then waits for a person. With autonomy auto each round ends with a walk over what waits: what a
 * mandate covers goes live, and of the rest the status says why not.
 *
 * Both are the ordinary commands, as children of this process that speak to it by the journal's
 * socket: one at a time, niced, bounded in output, ended with the service. What goes wrong there
 * never touches a turn. */
#pragma once

#include "broker/engine.h"

struct evolving;
/* A turn begins the first round; with autonomy auto, or where a round was cut off with the service
 * before this one, it begins by itself. */
struct evolving *evolving_new(struct engine *engine);
void evolving_free(struct evolving *evolving); /* ends the child; the loop has to run once more */
void evolving_turn_ended(struct evolving *evolving);
/* A mandate came or went: what waits is looked at again. */
void evolving_mandate(struct evolving *evolving);
/* One of today's rounds for a proposal of the agent's own; false: they are used up. */
bool evolving_take_round(struct evolving *evolving);
/* "evolving": {...} of the status document. */
void evolving_status(const struct evolving *evolving, struct buf *out);
