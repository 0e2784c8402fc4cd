/* replay - answers a worker's effects from recorded runs: mode `step`.
 *
 * Stands where the broker stands and drives the same worker program. Each recorded reply is put to
 * the harness in its recorded context; the effects that come back are compared with the recording.
 * Step k+1 of a run is sent only after the effects of step k; many runs are in flight at once.
 * Nothing is answered with something near: a request that the trace cannot answer is a divergence,
 * and ends the step. */
#pragma once

#include "trials/effects.h"
#include "trials/run.h"

/* A generation to replay: sealed builds by name. */
struct replay_build {
    const char *name;
    struct digest build;
    int fd; /* sealed memfd; the caller's */
};
struct replay_arm {
    const char *worker; /* path of moult-worker, or moult-worker-asan for sanitised builds */
    const struct replay_build *builds; /* the pipeline is the one that exports moult_pipeline */
    unsigned builds_count;
    const char *pipeline; /* its name */
    int tier;             /* enum sandbox_tier: weakest allowed */
    /* Another pass must give the same effects: its time, dice and leases are others (pass.h). */
    uint64_t seed;
    unsigned pass;
    /* It is the harness in force, and not on trial: what it dies of may be the recording's fault,
     * so it is started again however often it dies. */
    bool patient;
};
struct replay;
/* Starts `workers` locked workers. ERR_LACKS when a required layer is missing. */
int replay_open(
    struct replay **ret, const struct replay_arm *arm, unsigned workers, struct err *err);
void replay_free(struct replay *replay);
/* The pass as which runs are put from now on. */
void replay_pass(struct replay *replay, unsigned pass);
/* Which layers were in force, and the tier: for the report. */
uint32_t replay_layers(const struct replay *replay);
/* What it took up to now. */
struct replay_use {
    uint64_t steps;   /* that were answered */
    uint64_t cpu_ns;  /* of the workers, without their start; 0 where the kernel does not tell */
    unsigned reports; /* workers that a sanitiser ended */
};
struct replay_use replay_use(const struct replay *replay);
/* KiB: the most memory that a worker which is there now has had; 0 where the kernel does not tell.
 */
uint32_t replay_memory(const struct replay *replay);

/* Called for each step in the order of each run (runs interleave). effects are valid in the call
 * only. Return nonzero to leave the rest of that run out. */
typedef int (*replay_step)(
    void *with, const struct run *run, uint32_t step, const struct effects *effects);
/* Replays all runs; wall_ms_step bounds one step (a hang is ABNORMAL; the worker is killed and
 * another started, the run goes on behind that step). Who has died so often in the life of this
 * replay that it can only be broken is not started any more: the rest is ABNORMAL and says so. */
int replay_runs(struct replay *replay, const struct run *const *runs, unsigned runs_count,
    uint32_t wall_ms_step, replay_step step, void *with, struct err *err);

/* Candidates of a trial build on one recorded step. The digests of a verdict are those that
 * wire_calls_digest, wire_text_digest and wire_end_digest make of the effects one wants to see. A
 * candidate that kills its worker or never ends is found and gets `abnormal`; the others do not
 * suffer. After many such deaths in one call, what has killed a worker is not divided any further
 * and is abnormal as a whole. */
struct replay_vectors {
    const uint16_t *holes;
    uint32_t count, width;
    const uint64_t *decide; /* [count] */
    bool atoms, cover;      /* wanted: of the last candidate */
    bool asks;              /* judged from the results before the request on (wire_vectors) */
    uint32_t wall_ms;       /* how long one may keep a worker busy; 0: a second */
    uint64_t deadline_ns;   /* of clock_mono_ns; 0: none. Behind it all ends: ERR_TIMEOUT */
};
struct replay_verdicts {
    struct wire_verdict *verdicts; /* [count], in the arena given */
    struct str atoms, cover;
};
int replay_vectors(struct replay *replay, const struct run *run, uint32_t step,
    const struct replay_vectors *vectors, struct arena *arena, struct replay_verdicts *ret,
    struct err *err);
/* The same for many steps at once, spread over the workers: answers come by callback, in no order,
 * and are valid in the call only. Jobs of one run stand side by side, so that its conversation
 * travels once. A negated ERR_ code of the callback ends all.
 * ERR_STATE, ERR_INPUT: the worker refuses (no trial build, rows that do not fit it). */
typedef int (*replay_vectors_done)(
    void *with, unsigned index, const struct replay_verdicts *verdicts);
struct replay_job {
    const struct run *run;
    uint32_t step;
};
int replay_vectors_many(struct replay *replay, const struct replay_job *jobs, unsigned jobs_count,
    const struct replay_vectors *vectors, replay_vectors_done done, void *with, struct err *err);
