/* shard - which held-out groups the next look may count, and what it may spend: a pure function of
 * the ledger, of which groups there are, and of the policy.
 *
 * The held-out groups of a home are cut into shards by when they were first seen. A shard takes
 * groups until its first pass; whatever is seen afterwards is for the next one, which begins as
 * soon as a perfect result at it could pass. A shard at which no perfect result can pass any more
 * is left for the next one in the same way. Until its first pass each proposer has a share of its
 * own. What is worked out here stands before any held-out case is read
 * (docs/reference/statistics.md#shards). */
#pragma once

#include "trials/verdict.h"
#include "wire/config.h"
#include "wire/journal.h"

/* A held-out group, or another: by the hash of its name (shard_group_key). */
struct shard_group {
    uint64_t key;
    uint64_t first;       /* number of its first session */
    bool held_out, fails; /* fails: it has a case of the failure */
};
uint64_t shard_group_key(struct str group);

struct shard_plan {
    struct digest name;
    uint32_t number;      /* from 1 */
    uint64_t after, upto; /* its groups are those whose first session lies in (after, upto] */
    struct journal_debit debit;
    struct journal_look look;             /* the candidate's own, if it has begun one: k is not 0 */
    uint32_t groups, failing;             /* that a look would count at most */
    uint32_t groups_least, failing_least; /* that a perfect result must have */
    bool can_pass;
    /* If it cannot: how many more groups would do, and of which shard they would be. */
    uint32_t groups_missing, failing_missing;
};

struct shard_ledger {
    const char *home; /* its id */
    const struct journal_look_row *rows;
    uint32_t rows_count;
    const struct shard_group *groups;
    uint32_t groups_count;
    const struct policy *policy;
    const struct config *config; /* whose evolve.proposers share a shard */
    uint32_t less; /* the candidate only takes a plugin out, of so many: no failing group is asked
                    * for; 0: it mends a failure */
};
void shard_plan(struct shard_plan *ret, const struct shard_ledger *ledger, struct str candidate,
    struct str proposer);
/* The ledger's name for a home's shard of that number. */
struct digest shard_name(const char *home, uint32_t number);
/* The look that a candidate has at the held-out groups of a home, whichever shard; or NULL. */
const struct journal_look_row *shard_own(
    const char *home, const struct journal_look_row *rows, uint32_t count, struct str candidate);
/* What a look may spend that stands in the ledger: never more than the rule gives. */
double shard_level(const struct journal_look *look, double A);
/* The share of evolve.proposers that a candidate's proposer draws on, and how much of A it is: all
 * that is not in the list (a person's patch, an agent's) has one together. */
struct str shard_share(const struct config *config, struct str proposer, double *ret_share);
