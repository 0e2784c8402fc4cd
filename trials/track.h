/* track - what one arm did with one run, step by step.
 *
 * Every step is put in its recorded context, whatever the arm did before it, so a change says
 * nothing of the conversation behind it and all of what the build remembers. The first step where
 * two arms part is the run's claim. What the new arm does behind it is no claim, yet must be what
 * the old one does, or the repair again: who mends one call and spoils the next mends nothing. */
#pragma once

#include "trials/detect.h"
#include "trials/rider.h"

struct track_change {
    struct track_change *next;
    uint32_t step;
    uint8_t outcome;   /* enum outcome, never SAME */
    bool prefix;       /* as in struct effects */
    uint8_t rider;     /* enum rider, where the outcome is suppressed or unexplained */
    bool symptom;      /* behind the first: it is where the symptom is, and no worker died */
    struct str detail; /* of the first, and of the first behind it that is no repair */
};
struct track {
    const struct run *run;
    struct digest *steps; /* [count], in the arena */
    uint32_t count;
    bool complete;    /* ran to its end, or to an abnormal one; if not, the arm has no result */
    bool any;         /* a change that any detector's frame asks for is a repair */
    uint32_t changed; /* the first step that is not as recorded, or UINT32_MAX */
    uint32_t mended;  /* the first that is a repair, or UINT32_MAX */
    struct track_change *first, *last; /* in the order of the steps */
    uint64_t
        failing; /* detectors of failures that find a failure in what it handed over at `changed` */
};
void track_begin(struct track *track, const struct run *run, struct arena *arena);
/* The next step. Nonzero: no more is wanted. detector NULL: no change is a repair. */
int track_step(struct track *track, const struct detector *detector, uint32_t step,
    const struct effects *effects, struct arena *arena);
/* What it did otherwise than recorded at that step; NULL: nothing. */
const struct track_change *track_change_at(const struct track *track, uint32_t step);
/* enum outcome at that step; UINT32_MAX: of the first change. */
uint8_t track_outcome(const struct track *track, uint32_t step);
/* enum rider at that step: what the arm did there beside what it was to do. */
uint8_t track_rider(const struct track *track, uint32_t step);
/* The first step where they differ, or UINT32_MAX. Both are complete. */
uint32_t track_parts(const struct track *a, const struct track *b);
/* The first step behind `parts` where `new` does neither what `old` does nor the repair, or
 * UINT32_MAX; one where the symptom is only if there is no other, and *ret_symptom says so. Both
 * are complete. */
uint32_t track_strays(
    const struct track *old, const struct track *new, uint32_t parts, bool *ret_symptom);
/* Of the effects up to and with `step`, or of all. */
struct digest track_digest(const struct track *track, uint32_t step);
/* A bit for each row of detectors[] that names a hook, in their order: those that find something in
 * the reply of that step if it were what `effects` hand over. */
uint64_t track_failing(const struct run *run, uint32_t step, const struct effects *effects);
/* The same of one detector, of any kind. */
bool track_shows(const struct detector *detector, const struct run *run, uint32_t step,
    const struct effects *effects);
