/* replaying - recorded runs put to one harness: does it ask, on each, for exactly what was
 * recorded? Where it does not: is the change the repair of a failure that was there?
 *
 * Every run is replayed twice, the second time with other time, ids and seed; a harness that then
 * does something else is not a function of what it sees, and no verdict on it means anything. */
#pragma once

#include "trials/replay.h"
#include "wire/journal.h"

enum { REPLAYING_PASSES = 2, REPLAYING_CASES_MAX = JOURNAL_PAGE };

/* What came of one run. */
struct replayed {
    const struct run *run;
    uint32_t steps, same;
    uint32_t first;       /* the first step that differs, or UINT32_MAX */
    char why[200];        /* how */
    const char *resolved; /* the detector whose frame allows that change, or NULL */
    bool stable;          /* both passes did the same */
    uint64_t ms;
};
/* Exit statuses: what each run, and all of them, amount to. */
enum { REPLAYED_PASS = 0, REPLAYED_FAIL = 1, REPLAYED_INCONCLUSIVE = 3 };
extern const char *const replayed_words[REPLAYED_INCONCLUSIVE + 1];
int replayed_verdict(const struct replayed *of);

struct replaying_totals {
    uint64_t runs, steps, same, failed, resolved, unstable, ms;
    uint64_t unasked; /* replies that no harness asks for (run.h): nobody was asked */
    uint32_t layers;  /* that the workers had */
};
struct replaying {
    struct journal *journal;
    struct replay *arms[REPLAYING_PASSES];
    const uint64_t *cases;                               /* numbers of sessions */
    unsigned cases_count;                                /* 0: all */
    void (*tell)(void *with, const struct replayed *of); /* valid in the call only */
    void *with;
    struct replaying_totals totals; /* so far */
};
/* Opens both arms; replay_free for each ends them, also after a failure. */
int replaying_open(
    struct replaying *replaying, struct replay_arm arm, unsigned workers, struct err *err);
int replaying_run(struct replaying *replaying, struct err *err);
int replaying_exit(const struct replaying_totals *totals);
