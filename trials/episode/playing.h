/* playing - one play of a case from inside: for this folder. */
#pragma once

#include "mock/engine.h"
#include "trials/episode/episode.h"
#include "trials/episode/recording.h"
#include "trials/episode/said.h"

struct playing {
    const struct episode_plan *plan;
    const struct trial_case *of;
    struct episode *episode;
    struct facts_making making;
    struct seat *seat;
    struct arena *arena;  /* what stays */
    struct arena scratch; /* of one effect */
    struct said talk;
    struct run *run; /* the case's own conversation: tools, recording */
    uint32_t first;  /* steps of it that are of the state */
    struct recording recording;
    struct engine *engine; /* NULL: there is no script */
    struct said_answer *answers;
    uint32_t answers_count, answers_room;

    uint64_t lease, until_ns;
    uint32_t held;     /* messages that the worker has */
    uint32_t attempts; /* at this request: how often a fault has answered it */
    bool over;         /* no further turn */
    bool cut;          /* the recording ends within a turn: how that one ended nobody knows */
    struct hash_state hash;
};

/* What the case says to one effect. *ret_kill: the worker is to die instead. */
struct answering {
    struct wire_result result;
    bool kill, silent; /* silent: nothing is sent back */
};
int answer_effect(
    struct playing *p, const struct wire_effect *effect, struct answering *ret, struct err *err);
/* The facts of what was played. */
int playing_facts(struct playing *p, struct err *err);
