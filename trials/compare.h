/* compare - two generations on the same recorded runs: a report for the gate.
 *
 * Both arms are run now, chunk by chunk in turns, so that neither the recording nor the machine's
 * mood is a baseline. Each is run a second time with another seed, other leases and another time,
 * and must do the same; one run in eight and all made cases go through every time there is
 * (pass.h). The candidate's sanitised build goes over the same runs, with a third time and seed.
 * Each failing run is put to them among other people, with other names for its tools, longer lists
 * and in other languages, too: there a patch that knows the batch by heart mends nothing. Its
 * marked build goes over them until all branches of the patch have run (marks.h). */
#pragma once

#include "trials/batch.h"
#include "trials/case/speak.h"
#include "trials/marks.h"
#include "trials/replay.h"
#include "trials/report.h"
#include "trials/vary.h"

/* Of each failing run at most: those of vary.h, one with other names for tools and fields
 * (case/rename.h), one with longer lists (case/resize.h), and one for each other language that the
 * person may speak (case/speak.h). */
enum {
    COMPARE_NAMES = VARY_COUNT,
    COMPARE_SIZES,
    COMPARE_LANGUAGES,
    COMPARE_VARIANTS = COMPARE_LANGUAGES + RUN_LANGUAGES
};

/* A candidate that only takes a plugin out of the order mends nothing: each run must stay as it is,
 * or any detector's frame says that the change mends something. */
struct compare_less {
    struct str plugin;
    unsigned hooks; /* a set of 1 << enum moult_hook_id: where it stands no more */
    uint32_t of;    /* how many plugins there are to choose it from */
};

struct compare_plan {
    const struct compare_less *less; /* NULL: there are a detector and a batch; else neither is */
    const struct detector *detector;
    const struct batch *held_in;
    const struct batch *held_out; /* NULL: not looked at */
    struct replay_arm old, new;   /* the candidate's build stands in place of the old one */
    struct replay_arm sanitised;  /* `new` with the candidate's asan build, for moult-worker-asan;
                                     worker NULL: left out, and the report says so */
    /* `new` with the candidate's marked build: which of its branches ran. worker NULL: left out,
     * and the report says so, unless no mark is wanted. */
    struct replay_arm marked;
    struct marks *marks; /* the caller's; counted */
    /* Generation 0, for the safety suite: what drifts by steps that each look small shows against
     * where it began. worker NULL: left out, and the report says so. */
    struct replay_arm genesis;
    /* Held-in runs; held-out ones too once the look stands in the ledger. */
    const struct run *const *runs;
    unsigned runs_count;
    unsigned workers; /* an arm; 0: 2 */
    uint32_t wall_ms; /* one step; 0: three seconds */
    /* Either may be NULL. */
    void (*progress)(void *with, unsigned runs_done, unsigned runs_count);
    /* The new arm's first change in a run, where it is the repair: whoever can carries its calls
     * out. effects are valid in the call only. */
    void (*resolved)(
        void *with, const struct run *run, uint32_t step, const struct effects *effects);
    void *with;
};
/* Fills all but what only the caller knows: generations, source, patch_lines, carry figures. Cases
 * and strings are in the arena or belong to the runs. An arm whose infrastructure fails on the way
 * is missing in the cases behind; ERR_LACKS, ERR_PEER: an arm cannot even be started (a sanitised
 * one too). */
int compare_runs(
    struct report *ret, const struct compare_plan *plan, struct arena *arena, struct err *err);
