/* player - one harness on which cases are played, by steps or as episodes, as each case says.
 *
 * Workers are started when a case first needs them and serve the cases behind it; a harness whose
 * infrastructure has failed once is not tried again, so that nothing is got by failing. */
#pragma once

#include "trials/episode/grading.h"

struct player_means {
    struct grade_means grade;
    struct world_means world;
    uint32_t steps_max; /* the home's, where a case has none; 0: the episode's own */
};
/* Zeroed but for the arm, whose builds must stay. */
struct player {
    struct replay_arm arm;
    struct replay *pools[2]; /* for steps: one for the first pass, one for the others */
    struct seat seats[2];    /* for episodes: one a play */
    struct err failed;       /* code 0: it has not */
};
/* Fills *ret as case_grade_steps does. An error is the machine's. */
int player_play(struct case_proof *ret, struct player *player, const struct trial_case *of,
    const struct player_means *means, struct arena *arena, struct err *err);
void player_done(struct player *player);
/* tool: path of moult-tool, which must stay. */
struct player_means player_means_of(const struct grade_means *grade, const char *tool);
