/* attempts - what was tried: each time a proposer was started on a cluster, and what came of it.
 *
 * Two documents in the audit chain. The first stands there before anything is spent, so that who
 * kills the driver gets nothing back: an attempt without an end has cost all that it could.
 * Schedules, budgets and scores (schedule.h, score.h) are made of these and of nothing else that is
 * kept. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "wire/journal.h"

struct attempt_begun {
    struct str cluster, proposer; /* proposer: as moult.json names it */
    struct str active;            /* commit, hex */
    struct digest batch;
    uint32_t groups;  /* failing held-in ones of the batch */
    uint32_t steps;   /* of its evidence */
    uint32_t seconds; /* that it could have */
    double at_ms;
};
#define ATTEMPT_ERROR "error" /* the machine's, and nobody's attempt: it counts nowhere */
struct attempt_ended {
    struct digest attempt; /* the first document */
    struct str end, why;   /* printable; end: of proposing_end_words, or ATTEMPT_ERROR */
    bool rests;            /* a candidate of it was not rejected */
    uint32_t proposals, judged, builds, tries, requests, tokens;
    double usd, seconds, at_ms;
    struct str candidates; /* what was predicted (score.h), a JSON array */
};
/* One row: an end without one is the zeroed struct with seconds as begun. */
struct attempt_row {
    struct attempt_begun begun;
    struct attempt_ended ended;
    bool open; /* it has no end */
};
int attempt_begin(struct journal *journal, const struct attempt_begun *begun, struct digest *ret,
    struct err *err);
int attempt_end(struct journal *journal, const struct attempt_ended *ended, struct err *err);
/* All, in the order in which they began; texts are in the arena. */
int attempt_rows(struct journal *journal, struct arena *arena, struct attempt_row **ret,
    uint32_t *ret_count, struct err *err);

/* As numbers for a budget: rows on steps are candidates by the number of steps; of who judges
 * nothing, what it tried or handed in. */
uint32_t attempt_candidates(const struct attempt_row *row);
