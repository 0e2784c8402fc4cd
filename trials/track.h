/* track - what one arm did with one run, up to its first changed step.
 *
 * That step is the run's one claim; what would follow belongs to a world that is gone, so the arm
 * is asked for no more. Before it everything is as recorded, by definition; the digests of the
 * steps say where two arms part. */
#pragma once

#include "trials/detect.h"

struct track {
    const struct run *run;
    struct digest *steps; /* [count], in the arena */
    uint32_t count;
    bool complete;    /* ran to its first change or to its end; if not, the arm has no result */
    uint32_t changed; /* the step of it, or UINT32_MAX */
    uint8_t outcome;  /* enum outcome */
    bool prefix;      /* of the changed step: as in struct effects */
    uint64_t failing; /* mendable detectors that find a failure in what it handed over there */
    struct str detail;
};
void track_begin(struct track *track, const struct run *run, struct arena *arena);
/* The next step. Nonzero: no more is wanted. detector NULL: no change is a repair. */
int track_step(struct track *track, const struct detector *detector, uint32_t step,
    const struct effects *effects, struct arena *arena);
/* The first step where they differ, or UINT32_MAX. Both are complete. */
uint32_t track_parts(const struct track *a, const struct track *b);
/* Of the effects up to and with `step`, or of all. */
struct digest track_digest(const struct track *track, uint32_t step);
/* Bit an index into detectors[]: mendable ones that find something in the reply of that step if it
 * were what `effects` hand over. */
uint64_t track_failing(const struct run *run, uint32_t step, const struct effects *effects);
