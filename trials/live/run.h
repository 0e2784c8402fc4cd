/* run - one run of a case with a live model: mode `live`, a repeat of it.
 *
 * The episode's worlds, tools and faults, a provider's answers. What happened is kept as evidence:
 * each request by the digest of its row in the journal, and the conversation as it came to be. */
#pragma once

#include "trials/case/proof.h"
#include "trials/episode/episode.h"
#include "trials/live/asker.h"

struct live_means {
    struct asker *asker;
    struct world_means world;
    const struct grade_means *grade;
    uint32_t steps_max;
    double temperature; /* -1: the case's, or the provider's own */
};
struct live_run {
    struct case_proof proof; /* as of an episode; its facts live in the arena */
    struct episode_parting parting;
    bool missing; /* it says nothing: the infrastructure failed, or the case had no answer */
    uint32_t requests, failed;  /* failed: the provider gave no reply */
    uint64_t tokens, usd;       /* usd: micro-dollars */
    const struct digest *asked; /* rows of the requests */
    uint32_t asked_count;
};

/* The alias that is asked: the case's, else the first of the harness. */
struct str live_alias(const struct trial_case *of);
double live_temperature(const struct live_means *means, const struct trial_case *of);
/* seat: zeroed, or of an earlier run of the same arm. Everything else lives in the arena. An error
 * of the asker's (asker.h) is one here: the run has not been, and counts for nothing. */
int live_run(struct live_run *ret, const struct live_means *means, const struct trial_case *of,
    const struct replay_arm *arm, struct seat *seat, uint32_t repeat, struct arena *arena,
    struct err *err);
