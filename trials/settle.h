/* settle - which group each session counts with, and which split that is in, from the first time
 * that it is seen on.
 *
 * Groups whose runs say nearly the same are one (near.h): a new one counts with the one that it
 * repeats, so it moves nobody; two that have a split already become one in the lower. Whoever is
 * not the operator can only join their own groups: a session that repeats somebody else's is set
 * aside, and counts nowhere. Only the miner settles: it sees sessions before they have a split, and
 * gives test ones to nobody. */
#pragma once

#include "trials/run.h"
#include "wire/journal.h"

struct settling;
/* Reads what earlier ones have left. ERR_DENIED: the journal's role may not. key: the home's split
 * key. */
int settle_begin(
    struct settling **ret, struct journal *journal, const struct digest *key, struct err *err);
void settle_free(struct settling *settling);
void settle_freep(struct settling **settling);

struct settle_seen { /* what lists say of a session */
    uint64_t number;
    uint32_t messages;
};
/* Was it settled with all that it says now? */
bool settle_knows(const struct settling *settling, const struct settle_seen *seen);
/* What was seen is kept, so that it is not looked at again: behind the last run. */
int settle_end(struct settling *settling, struct err *err);
/* Where a group counts by now, with whatever came behind: sets both. `with`: a struct settling. */
void settle_group(const void *with, struct str *group, uint8_t *split);
/* Sets run->group and run->split. 1; 0: it was set aside. */
int settle_run(
    struct settling *settling, struct run *run, const struct settle_seen *seen, struct err *err);
