/* shrink - a run cut down to what its failure needs, by delta debugging (Zeller, Hildebrandt 2002).
 *
 * What is taken out are whole exchanges: a reply with its results, a message of the person, an
 * error, a tool; so calls and results stay together. What stays is asked of the detector and its
 * frame alone: the same reply must fail, and its repair must be the same. That is pure and fast;
 * whether a harness takes what is left for the same is asked once, by who has one. */
#pragma once

#include "trials/detect.h"

struct shrunk {
    struct run *run;   /* in the arena, slices of the run that it was */
    uint32_t step;     /* the same reply's number in it */
    uint32_t messages; /* that were taken out */
    uint32_t tools;    /* likewise */
    uint32_t asked;    /* how often the failure was looked for */
};

/* Is the step one of the detector's failures: a hit that a harness can mend, with its frame where
 * the detector has frames? *ret_frame: the digest of its frame, zero without one. */
bool shrink_shows(const struct detector *detector, const struct run *run, uint32_t step,
    struct digest *ret_frame);
/* The first step of the run that is one from `from` on, or UINT32_MAX. */
uint32_t shrink_find(const struct detector *detector, const struct run *run, uint32_t from);
/* ERR_INPUT: `step` does not show the detector's failure. Where looking would take too long the
 * rest stays as it is. */
int shrink_run(struct shrunk *ret, const struct detector *detector, const struct run *run,
    uint32_t step, struct arena *arena, struct err *err);
