/* mining - all sessions of a home into one miner. Only those are read that are new or have grown
 * since the last time; the answer is that of reading all. */
#pragma once

#include "trials/cluster.h"
#include "trials/recall.h"
#include "trials/settle.h"
#include "wire/home.h"

struct mining {
    struct miner *miner;
    struct recall recall;
    struct journal_session listed; /* the one in hand: its numbers */
    uint64_t sessions, all;        /* all: 0 where nobody would see how far it is */
    uint64_t read;                 /* sessions that were not known */
    struct began { /* of the service's own sessions, in the order of their numbers */
        uint64_t at_ms;
        uint32_t turns;
    } * began;
    size_t began_count, began_room;
};
void mining_begin(struct mining *ret);
void mining_done(struct mining *mining);
/* Role JOURNAL_MINE. */
int mining_walk(struct mining *mining, struct journal *journal, const struct home *home,
    struct settling *settling, struct err *err);
/* When the session began from which on there were so many turns; 0: there were not. */
uint64_t mining_turns_ago(const struct mining *mining, uint64_t turns);
