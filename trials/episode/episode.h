/* episode - a case played to its end by one harness: modes `episode` and `live`.
 *
 * The harness's own worker runs whole turns, hosted: it asks for models and tools, and the case
 * answers. Recorded answers come first, for as long as requests are those that were recorded
 * (recording.h); then, if the case's word is go_on, its script. Tools are the case's world. What
 * the case cannot answer is a divergence, kept with both sides and settled as the case says.
 *
 * Deterministic: time is the pauses that were asked for, dice are the seed. Two plays of one case
 * with one harness ask for the same effects, bit by bit; `effects` is their digest. In mode live a
 * provider answers in the place of recording and script: then nothing of that holds, and a pause
 * that was asked for is really waited. */
#pragma once

#include "trials/episode/world.h"
#include "trials/facts.h"
#include "trials/seat.h"

/* Who answers in mode live. An error ends the play; what the provider does not say is no error. */
struct model_request;
struct model_answer;
struct episode_model {
    int (*ask)(void *with, const struct model_request *request, uint64_t until_ns,
        struct model_answer *ret, struct arena *arena, struct err *err);
    void *with;
};
struct episode_plan {
    const struct trial_case *of;
    const struct replay_arm *arm;
    struct world_means means;
    bool again; /* a second play, for what it asks for: nobody grades it */
    uint64_t seed;
    uint32_t steps_max; /* the home's, where the case has none */
    uint32_t wall_s;
    const struct episode_model *live; /* NULL: mode episode */
};
enum episode_by { EPISODE_RECORDED, EPISODE_SCRIPT, EPISODE_LIVE, EPISODE_FAULT };
struct episode_parting { /* at a request of a model or a call of a tool; none: at is 0 */
    uint32_t at;         /* 1 + the number of the request, or of the call */
    bool call;
    struct str recorded, asked;
};
struct episode {
    struct facts facts; /* facts.workspace is there until episode_done */
    struct digest effects;
    struct str cover;                         /* of a marked build: what ran (marks.h) */
    struct episode_parting parting;           /* the first one */
    uint32_t requests, by[EPISODE_FAULT + 1]; /* answered, by whom */
    uint32_t calls, turns;
    bool unanswered; /* the provider had no reply to the last request, and not for what it said */
    uint64_t waited_ms;
    struct world *world;
};
/* Everything lives in the arena. seat: a zeroed one, or of an earlier play of the same arm; it is
 * used again where it can be. An error is the machine's: what the harness does is in the facts. */
int episode_play(struct episode *ret, struct seat *seat, const struct episode_plan *plan,
    struct arena *arena, struct err *err);
void episode_done(struct episode *episode);
