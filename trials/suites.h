/* suites - the cases that a home took in, played for the gate by both arms, and the smoke suite.
 *
 * Recorded runs are compared effect by effect; these are graded: who passed and passes no more has
 * lost, however it got there. Both arms are played in turns, each case twice at the least, and what
 * an arm's own plays do not agree on is told apart by the arm: in the old one the case is flaky, in
 * the new one alone the candidate is. */
#pragma once

#include "trials/marks.h"
#include "trials/player.h"
#include "trials/report.h"
#include "trials/taken.h"

struct suites_plan {
    const struct taken *taken;
    struct replay_arm old, new;
    struct replay_arm sanitised, genesis; /* worker NULL: left out, as compare.h has it */
    struct replay_arm marked;             /* likewise */
    struct marks *marks;                  /* those of compare_runs, or NULL */
    const struct player_means *means;
};
/* Fills `played` and `taken` of a report that compare_runs has filled, and adds to its findings of
 * the sanitised build, its drift, and the branches that were run. What an arm's infrastructure does
 * not answer is missing in it.
 */
void suites_play(struct report *report, const struct suites_plan *plan, struct arena *arena);

struct suites_smoke {
    uint32_t cases, passed;
    uint64_t ms;
    bool failed;                        /* one does not pass; those behind it were not played */
    char id[CASE_ID_MAX + 1], why[200]; /* which one, and why */
};
/* An error is the machine's. */
int suites_smoke(struct suites_smoke *ret, const struct taken *taken, const struct replay_arm *arm,
    const struct player_means *means, struct err *err);
