/* shard_groups - which groups a home has, when each was first seen, and the ledger beside them:
 * what a look is planned from. No word of any session is read. */
#pragma once

#include "promote/driver.h"
#include "promote/runs.h"
#include "promote/shard.h"

struct shard_groups {
    struct shard_group *at; /* by key */
    uint32_t count, room;
};
/* fails: sessions that are cases of the failure, sealed; NULL: none is asked for. */
int shard_groups_read(
    struct shard_groups *ret, struct journal *journal, const struct id_set *fails, struct err *err);
void shard_groups_done(struct shard_groups *groups);

/* The look of a candidate, planned or begun; held_out: its failure's held-out cases, or NULL: it
 * only takes a plugin out. Texts are in the arena. */
int shard_groups_plan(struct shard_plan *ret, struct shard_groups *ret_groups,
    struct driver *driver, const struct candidate *candidate, const struct batch *held_out,
    const struct policy *policy, struct arena *arena, struct err *err);
/* Leaves the runs that the look may count, and marks (past) or drops the held-out ones of other
 * shards: those that are named in `kept` stay. */
void shard_groups_keep(struct runs *runs, const struct shard_groups *groups,
    const struct shard_plan *plan, const struct id_set *kept);
