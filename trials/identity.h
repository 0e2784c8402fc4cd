/* identity - asks of a harness, on recorded runs, exactly the recorded effects.
 *
 * Stands where the broker stands and drives one locked worker, run by run, step by step: each
 * recorded reply is put to the harness in its recorded context, and what the harness asks for is
 * compared with the recording. Step k+1 goes out after the effects of step k. A request that the
 * recording cannot answer is never answered with something near. */
#pragma once

#include "trials/effects.h"
#include "trials/run.h"

struct identity_plan {
    const char *worker;        /* path of moult-worker */
    const char *builds;        /* folder of shared objects: one a plugin, the pipeline among them */
    const char *pipeline;      /* the name of the one that exports moult_pipeline */
    int tier;                  /* enum sandbox_tier: weakest allowed */
    uint64_t seed, lease_base; /* a second pass with others must give the same effects */
    uint32_t elapsed_ms;
};
struct identity;
int identity_open(struct identity **ret, const struct identity_plan *plan, struct err *err);
void identity_close(struct identity *identity);
uint32_t identity_layers(const struct identity *identity); /* in force in the worker */

struct identity_result {
    uint32_t steps, same;
    uint32_t first; /* the first step that differs, or UINT32_MAX */
    char why[200];
    struct digest digest; /* over the effects of all steps */
};
/* ERR_PEER: the worker ended or broke the protocol; it is of no use after that. */
int identity_run(
    struct identity *identity, const struct run *run, struct identity_result *ret, struct err *err);
