/* evolving - the evolver while nobody looks: when turns have ended and it has been quiet for a
 * moment, the traces are mined, and what can be mended gets a proposer; a candidate that passes
 * then waits for a person.
 *
 * Both are the ordinary commands, as children of this process that speak to it by the journal's
 * socket: one at a time, niced, bounded in output, ended with the service. What goes wrong there
 * never touches a turn. */
#pragma once

#include "broker/engine.h"

struct evolving;
/* Starts nothing yet. ERR_INPUT: autonomy is `auto`. What a service would admit without a person
 * needs a mandate that a reviewer signed; there is none, and none is guessed from a setting. */
int evolving_new(struct evolving **ret, struct engine *engine, struct err *err);
void evolving_free(struct evolving *evolving); /* ends the child; the loop has to run once more */
void evolving_turn_ended(struct evolving *evolving);
/* One of today's rounds for a proposal of the agent's own; false: they are used up. */
bool evolving_take_round(struct evolving *evolving);
/* "evolving": {...} of the status document. */
void evolving_status(const struct evolving *evolving, struct buf *out);
