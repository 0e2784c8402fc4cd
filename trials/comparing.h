/* comparing - one comparison while it runs: what compare.c, compare_choose.c and compare_report.c
 * share. */
#pragma once

#include "trials/compare.h"
#include "trials/track.h"

/* OLD_AGAIN and NEW_AGAIN: the second passes of all runs, and the later ones of some. */
enum arm { OLD, NEW, OLD_AGAIN, NEW_AGAIN, SANITISED, MARKED, GENESIS, ALONE, ARMS };

struct arm_state {
    struct replay *replay; /* NULL: not run, or its infrastructure failed */
    bool wanted;
    uint32_t memory; /* KiB, the most that a worker of it has had */
};
struct cost {
    double ns;
    uint64_t steps;
};
struct tried {
    const struct run *run;
    const struct detector
        *detector; /* whose frame says what a repair is; NULL: nothing may change */
    uint8_t suite;
    bool often;       /* has all passes */
    bool once;        /* a variant that OLD and NEW take, and no other arm */
    bool unstable[2]; /* a further pass of OLD, of NEW did otherwise */
    bool unsure;      /* one of them has no result */
    bool dead;        /* the old arm's worker died on it: it says nothing of the new one */
    unsigned of;      /* a variant: of which tried run; itself: no variant */
    uint8_t rank;     /* compare_alone.c: how much it is wanted alone */
    struct track tracks[ARMS];
};
struct comparing {
    const struct compare_plan *plan;
    struct arena *arena;
    struct arm_state arms[ARMS];
    struct tried *tried;
    unsigned tried_count;
    /* the chunk in work */
    enum arm arm;
    unsigned from, to;
    uint32_t alone, alone_other, alone_wanted; /* for the report */
    bool timing;                    /* only what it costs: effects were compared before */
    struct cost chunk[2], total[2]; /* of OLD and of NEW */
    uint8_t (*ran)[WIRE_COVER_MAX]; /* [CHUNK], bits of each run of the chunk */
};

/* A step of the run that the arm in work is at: `with` of replay_runs is the comparison. */
int comparing_step(void *with, const struct run *run, uint32_t step, const struct effects *effects);
uint32_t comparing_wall_ms(const struct comparing *c);
/* compare_alone.c: counts `alone`, `alone_other`. */
void comparing_alone(struct comparing *c);
/* compare_choose.c: fills `tried`. */
int comparing_choose(struct comparing *c, struct err *err);
bool comparing_variant(const struct comparing *c, const struct tried *tried);
/* compare_report.c */
void comparing_report(struct comparing *c, struct report *ret);
double comparing_step_ns(const struct cost *cost);
