/* turn - one user message worked off: given to a worker under a lease, its effects carried out,
 * moved to another worker at a settled step, ended. */
#pragma once

#include "broker/engine.h"

/* A new one of the session, with its row; in an open group of writes. */
int turn_new(struct turn **ret, struct session *session, struct err *err);
/* One that has its row already: a broker before this one began it. */
struct turn *turn_again(struct session *session, uint64_t row, uint32_t ordinal);
/* What it has used up to now, as limits count; and that it is at least that much. */
struct live_used turn_used(const struct turn *turn);
void turn_count_from(struct turn *turn, const struct live_used *used);
/* Gives the turn to a worker of the generation that is active for it. What the conversation ends
 * with says where it goes on. ERR_LACKS, ERR_PEER: no worker can be had. */
int turn_run(struct turn *turn, struct err *err);
/* The result of the effect in work: note->result is filled in and lives in the turn's arena. It is
 * journaled, and the worker (or another one, if the turn is to move) goes on. */
void turn_result(struct turn *turn, struct note *note);
/* Nobody waits for the answer any more: what is on its way is cancelled. */
void turn_abandon(struct turn *turn, const char *why);
/* Handed to its client: the turn rests until that brings the results. */
void turn_rest(struct turn *turn);
/* Over. */
void turn_free(struct turn *turn);
struct turn *turn_of(struct engine *engine, uint64_t lease);
uint64_t turn_elapsed_ms(const struct turn *turn);

/* For crew: what workers say, and that one has gone. */
void turn_message(void *engine, struct crew_worker *worker, const struct wire *message);
void turn_worker_gone(void *engine, struct crew_worker *worker, enum crew_end end, const char *why);
