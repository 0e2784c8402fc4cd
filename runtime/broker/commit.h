/* commit - group commit: what one turn of the loop wrote becomes durable at its end, in one
 * transaction, and only then is anything done or said that rests on it.
 *
 * The sync is made by another thread: the loop goes on meanwhile, one sync at a time.
 *
 * begin before writing, then name what is to happen behind the commit. If the commit fails (a full
 * disk) each is told, in order, and nothing of it was written. What nothing rests on yet (a result,
 * that an answer reached its client) is durable with the next that somebody waits for, after some
 * milliseconds at the latest. */
#pragma once

#include "broker/store.h"

#include <uv.h>

struct commit;
/* rc: 0 when it is on disk, else a negated ERR_ code with err. */
typedef void (*commit_then)(void *with, int rc, const struct err *err);

int commit_new(struct commit **ret, uv_loop_t *loop, struct store *store, struct err *err);
/* Commits what is open and tells who waits. The loop has to run once more behind it, before the
 * store goes. */
void commit_free(struct commit *commit);
/* A sync has failed, and what the disk has is not known: who waited was told so, commit_begin fails
 * from then on, and the loop stops when it has had a second for last words. 0: none has. */
int commit_broken(const struct commit *commit, struct err *err);
/* Opens the group's transaction if it is not open. Fails when the group has failed already: what
 * comes behind it shall not be written without it. */
int commit_begin(struct commit *commit, struct err *err);
/* Runs `then` when what was written up to now is durable: from the loop, never from in here. */
void commit_after(struct commit *commit, commit_then then, void *with);
/* The same for who only wants to know how the open group ended: it does not hurry for that. */
void commit_with(struct commit *commit, commit_then then, void *with);
/* One step failed half-way: what it wrote is undone, the rest of the group stands. mark first. */
int commit_mark(struct commit *commit, struct err *err);
void commit_undo(struct commit *commit);
void commit_keep(struct commit *commit);
/* At once, for a request that wants its own answer in order (the journal's socket): the group is on
 * disk, no transaction is open, and who waits is told later, from the loop. */
int commit_now(struct commit *commit, struct err *err);
