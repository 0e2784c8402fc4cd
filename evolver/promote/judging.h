/* judging - what a candidate does at the steps of the evidence, as the driver sees it.
 *
 * Two ways. A trial build holds many candidates behind numbers; it is never admitted, so only the
 * compile sandbox and the ELF gate look at its source. A clean candidate is a proposal: its source
 * is checked, built as it would be released, and replayed as it would run. Both run in locked
 * workers beside the active generation's other builds. */
#pragma once

#include "promote/compile.h"
#include "promote/evidence.h"
#include "promote/proposal.h"
#include "propose/proposer.h"
#include "trials/replay.h"
#include "trials/verdict.h"

struct judging_plan {
    const struct evidence *evidence;
    const struct harness *harness;     /* the active generation's sources */
    const struct replay_build *builds; /* and builds */
    unsigned builds_count;
    const char *pipeline;
    const char *worker, *sdk;    /* moult-worker; the folder of moult.h */
    const char *patcher;         /* moult-patch; NULL: the one beside the running program */
    const struct policy *policy; /* which plugins are strict; NULL: none */
    int tier;                    /* enum sandbox_tier: weakest allowed */
    unsigned workers;
    bool by_gcc; /* trial builds too: for who compares the compilers */
};
enum { JUDGING_BUILDS_MAX = 64 };
struct judging {
    struct judging_plan plan;
    struct replay_build builds[JUDGING_BUILDS_MAX]; /* with the trial build */
    struct replay *trial;                           /* workers with the trial build, or NULL */
    int trial_fd;                                   /* sealed: to start them again */
    struct str trial_name;
    char *trial_name_owned;
    struct digest trial_build;
    uint32_t built_by[2];        /* trial builds, by enum compile_by */
    char not_by_tcc[160];        /* why the last one was not, or empty */
    uint32_t layers;             /* of the workers, once some have run */
    struct judging_known *known; /* what was tried already */
    unsigned known_count, tries;
    uint64_t deadline_ns; /* of clock_mono_ns, or 0: no row is judged behind it */
};
void judging_open(struct judging *ret, const struct judging_plan *plan);
void judging_done(struct judging *judging);

/* A trial build in the place of a plugin's; the one before is gone. *answer becomes the payload of
 * PROPOSER_BUILT. 1: built and loaded, 0: refused (the answer says at which stage). ERR_INPUT: no
 * such plugin, or the pipeline. Other errors are the machine's. */
int judging_build(struct judging *judging, struct str plugin, struct str source, struct buf *answer,
    struct err *err);

/* Judges rows of the trial build; `each` gets every job once, in no order; a negative answer ends
 * it. A row that crashed its worker or hung is abnormal. ERR_STATE: there is no trial build, or no
 * worker runs it. ERR_INPUT: a number that is no step. */
typedef int (*judging_each)(void *with, const struct proposer_judged *judged, struct err *err);
int judging_judge(struct judging *judging, const struct proposer_judge *judge, judging_each each,
    void *with, struct err *err);

/* What a clean candidate does at every step of the evidence. The same program again (patch/shape.h)
 * gets the same answer, with a finding `duplicate`, and is neither built nor replayed. */
struct judging_tried {
    bool ok;             /* it was accepted, built and replayed */
    const char *stage;   /* where it stopped: "source", "compile", "limit", "elf", "load", "ok" */
    struct buf findings; /* JSON array */
    uint32_t fixed, fixed_groups;
    uint32_t unfixed_count, changed_count; /* all; the lists below hold the first of them */
    uint32_t unfixed[64], changed[256];    /* step numbers */
};
void judging_tried_done(struct judging_tried *tried);
int judging_try(struct judging *judging, const struct proposal *proposal, struct judging_tried *ret,
    struct err *err);

/* --- what the two ways share: judging.c, for judging_try.c */

/* The active generation with one build changed, in locked workers; `builds` must live as long. */
int judging_workers(struct replay **ret, struct judging *judging, struct replay_build *builds,
    struct str plugin, int fd, const struct digest *build, struct err *err);
/* JSON arrays of findings: what the compiler and the gate said; why the worker would not have it.
 */
void judging_findings(struct buf *out, const struct compile_result *result);
void judging_finding(struct buf *out, const char *rule, struct str message);
/* A failure of what was proposed, not of this machine. */
bool judging_refused(int rc);
void judging_forget(struct judging *judging); /* what was tried */
