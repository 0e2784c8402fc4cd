/* swap - which generation gets a turn, and what a death says about it.
 *
 * One generation is active: the last admission's. A candidate may stand beside it as canary and get
 * a share of new turns. A generation that kills a turn which another one survives is quarantined,
 * and the one before it is active again. */
#pragma once

#include "broker/engine.h"

/* Loads the generation of the last admission. ERR_VERIFY: it may not run. Where every one is
 * quarantined there is a swap without any: turns are refused until something is admitted. */
int swap_new(struct swap **ret, struct engine *engine, struct err *err);
void swap_free(struct swap *swap);
/* Again, after an admission: turns follow at their next settled step. */
int swap_refresh(struct swap *swap, struct err *err);
/* For a run that begins: the active generation, the canary by its share, or, for a turn whose
 * worker has just died, the last good one. ERR_STATE: there is none that may run. */
int swap_choose(struct crew_generation **ret, struct turn *turn, struct err *err);
/* Should this turn go on elsewhere, now that it stands at a settled step? */
bool swap_moves(const struct turn *turn);
/* The turn killed its worker; or came through. */
void swap_died(struct turn *turn, enum crew_end end, const char *why);
void swap_survived(struct turn *turn);
/* The turn failed, and no provider was to blame. */
void swap_failed(const struct turn *turn);
/* What workers say to a probe; true: it was taken. And that one has gone. */
bool swap_message(struct swap *swap, const struct wire *message);
void swap_worker_gone(
    struct swap *swap, const struct crew_worker *worker, enum crew_end end, const char *why);
/* For a candidate's shadow: the model has answered a live turn; its worker asks for this. */
void swap_reply(struct turn *turn, const struct note *note);
void swap_effect(const struct turn *turn, const struct wire_effect *effect);
struct crew_generation *swap_active(const struct swap *swap); /* NULL: none may run */
/* What a person should know and do: turns fail, and there is nothing to go back to. False, and
 * nothing is said: all is well. */
bool swap_degraded(const struct swap *swap, struct buf *out);
/* The driver's verbs (journal_service): JSON in, JSON out. A candidate is held by the client that
 * loaded it: when that has left, killed in the middle of a promotion too, nobody watches what it
 * does, so it goes as well, and its turns go on with what is active. */
int swap_verb(struct swap *swap, const void *client, struct str verb, struct str body,
    struct buf *out, struct err *err);
void swap_left(struct swap *swap, const void *client);
/* Members of the status document; whole: also what a tenant is not shown. */
void swap_status(const struct swap *swap, bool whole, struct buf *out);
