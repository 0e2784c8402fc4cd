/* schedule - who may try a cluster now, and for how much: a pure function of evolve.proposers, of
 * what was tried, and of the time.
 *
 * An attempt counts as long as the same generation is active and the cluster has not come to twice
 * the groups that it had then: behind either everybody begins anew. Of what counts, each proposer
 * has its budget and cools down behind an attempt in vain, twice as long with each; too many in
 * vain, by whomever, and the cluster is parked. */
#pragma once

#include "promote/attempts.h"
#include "wire/config.h"

enum { SCHEDULE_COOL_MAX = 7 * 86400 };
enum schedule_word {
    SCHEDULE_GO,
    SCHEDULE_WAITS, /* for the proposers before it */
    SCHEDULE_TRIED, /* it goes first, and has */
    SCHEDULE_COOLS,
    SCHEDULE_SPENT,  /* its budget for this cluster */
    SCHEDULE_PARKED, /* the cluster */
    SCHEDULE_WORDS
};
extern const char *const schedule_words[SCHEDULE_WORDS];

/* What is left of a budget; UINT32_MAX: there is no bound. usd: micro-dollars. */
struct schedule_left {
    uint32_t candidates, seconds, tokens, usd;
};
struct schedule_plan {
    const struct config_turn *turns;
    uint32_t turns_count, attempts_max;
    struct str cluster, active;
    uint32_t groups;
    const struct attempt_row *rows;
    uint32_t rows_count;
    uint64_t now_s;
};
struct schedule_said {
    enum schedule_word word;
    uint32_t in_vain; /* attempts of this one that count, in a row */
    uint32_t wait_s;  /* COOLS */
    struct schedule_left left;
};
struct schedule_said schedule_turn(const struct schedule_plan *plan, uint32_t turn);
/* Of a proposer, on this cluster: does it still count? */
bool schedule_counts(const struct schedule_plan *plan, const struct attempt_row *row);
/* In words, for people; out is returned. */
char *schedule_say(char *out, size_t size, const struct schedule_said *said);
/* How many candidates that many seconds buy, at the rate of its last attempt anywhere that judged
 * or tried any; UINT32_MAX: there is none. */
uint32_t schedule_buys(
    const struct schedule_plan *plan, struct str proposer, uint32_t seconds, uint32_t most);
