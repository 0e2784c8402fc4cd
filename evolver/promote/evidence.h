/* evidence - what a proposer may see: held-in steps, what is wanted of each, and the sources.
 *
 * Which step is what is decided here once, and the table that says so stays with the driver: a
 * proposer names a step by its number, and what is wanted of it is looked up here, not believed. A
 * run that is not held-in is refused as a whole, whoever gave it. Of the groups' names the bundle
 * has only numbers. Format: propose/proposer.h; docs/reference/proposer.md. */
#pragma once

#include "promote/harness.h"
#include "trials/batch.h"
#include "trials/detect.h"

enum evidence_kind {
    EVIDENCE_FAIL,      /* a case of the batch: wanted is its detector's frame */
    EVIDENCE_PASS,      /* must stay as it is */
    EVIDENCE_OVERREACH, /* made: a repair that goes too far changes it */
    EVIDENCE_BEHIND /* behind a case, with the failure in it and no frame that says what is wanted:
                       a repair that changes it does no harm, and has not mended that run */
};
extern const char *const evidence_kind_words[4];

/* Effects by component, as a worker digests them (wire/effect.h). */
struct evidence_digests {
    uint64_t calls, text, end;
};
struct evidence_digests evidence_digest(const struct effects *effects);
bool evidence_equal(const struct evidence_digests *a, const struct evidence_digests *b);

struct evidence_step { /* its number is its place in the list */
    const struct run *run;
    uint32_t step, at_run;              /* at_run: place of the run in evidence->runs */
    uint8_t kind;                       /* enum evidence_kind */
    uint32_t group;                     /* numbered by first sight */
    struct evidence_digests want, then; /* then: as recorded */
    const struct effects *wanted;       /* of a failing one */
};
struct evidence {
    struct arena arena;
    const struct detector *detector;
    struct evidence_step
        *steps; /* the failing ones, then passing ones and those behind, then made ones */
    uint32_t steps_count, steps_room;
    uint32_t fails, passes, overreaches, fail_groups;
    const struct run **runs; /* every run that has a step here, once: for a replay */
    uint32_t runs_count;
    uint32_t *order; /* numbers of the steps by run and step: for evidence_find */
};
void evidence_done(struct evidence *evidence);
/* The step's number, or UINT32_MAX: nothing is asked of it. */
uint32_t evidence_find(const struct evidence *evidence, const struct run *run, uint32_t step);

struct evidence_past_case { /* a held-in run that it mended, or made worse */
    struct str session;
    uint32_t step; /* where it first did otherwise */
    bool mended;
};
struct evidence_past {                  /* an earlier candidate of this cluster */
    struct str plugin, edits, why_lost; /* edits: a JSON array */
    struct str id;
    const char *state, *held_out; /* held_out: passed or not passed; NULL: nobody looked */
    struct evidence_past_case *cases;
    uint32_t cases_count, mended, worse;
    bool replayed;
};
struct evidence_earlier { /* what an active plugin was before */
    struct harness_source source;
    struct str build; /* the first digits of its build */
};
struct evidence_plan {
    const struct detector *detector;
    const struct batch *batch;     /* the held-in document */
    const struct run *const *runs; /* held-in */
    unsigned runs_count;
    /* What the active harness does at each step, fresh: [runs_count][steps of the run]; NULL, or
     * NULL for a run: as recorded. A step that another repair already changes is left out. */
    const struct evidence_digests *const *now;
    const struct harness *harness;
    const struct harness *stock; /* plugins that may be copied from, or NULL */
    const struct evidence_earlier *earlier;
    unsigned earlier_count;
    const struct evidence_past *past;
    unsigned past_count;
    struct str from; /* id of the candidate whose source stands for the active one; or empty */
    const char *const *without; /* verbs taken out of the vocabulary */
    unsigned without_count;
    uint32_t candidates, seconds;
    uint32_t lines; /* that a patch may change, by the home's policy; 0: not told */
    uint32_t
        rounds; /* requests to a model; 0: none reads this, so it has no texts of what passes */
    uint64_t seed;
};
/* Chooses the steps. ERR_DENIED: a run or the batch is not held-in. ERR_STATE: the detector has no
 * frame, so nobody can say what a repair is. ERR_MISSING: no case of the batch is among the runs,
 * or each is mended already. The runs must outlive *ret. */
int evidence_choose(struct evidence *ret, const struct evidence_plan *plan, struct err *err);
/* The bundle. */
void evidence_print(
    struct buf *out, const struct evidence *evidence, const struct evidence_plan *plan);
