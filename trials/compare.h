/* compare - two generations on the same recorded runs: a report for the gate.
 *
 * Both arms are run now, chunk by chunk in turns, so that neither the recording nor the machine's
 * mood is a baseline. Each is run a second time with another seed, other leases and another elapsed
 * time, and must do the same. The candidate's sanitised build goes over the same runs. */
#pragma once

#include "trials/batch.h"
#include "trials/replay.h"
#include "trials/report.h"

struct compare_plan {
    const struct detector *detector;
    const struct batch *held_in;
    const struct batch *held_out; /* NULL: not looked at */
    struct replay_arm old, new;   /* the candidate's build stands in place of the old one */
    struct replay_arm sanitised;  /* `new` with the candidate's asan build, for moult-worker-asan;
                                     worker NULL: left out, and the report says so */
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
