/* player - see player.h. */
#include "trials/player.h"

#include "base/mem.h"

static int open_pools(struct player *player, struct err *err)
{
    for (unsigned i = 0; i < COUNT_OF(player->pools); i++) {
        struct replay_arm arm = player->arm;
        arm.pass = i;
        int rc = player->pools[i] ? 0 : replay_open(&player->pools[i], &arm, 1, err);
        if (rc < 0)
            return rc;
    }
    /* A case is at its first time again, whichever was played before. */
    replay_pass(player->pools[0], 0);
    return 0;
}

static int play(struct case_proof *ret, struct player *player, const struct trial_case *of,
    const struct player_means *means, struct arena *arena, struct err *err)
{
    struct episode_parting parting;
    if (case_plays_steps(of)) {
        int rc = open_pools(player, err);
        return rc < 0 ? rc : case_grade_steps(ret, of, player->pools, &means->grade, arena, err);
    }
    const struct episode_grading grading = { .arm = &player->arm,
        .seats = player->seats,
        .means = means->world,
        .steps_max = means->steps_max };
    return case_grade_episode(ret, &parting, of, &grading, &means->grade, arena, err);
}

int player_play(struct case_proof *ret, struct player *player, const struct trial_case *of,
    const struct player_means *means, struct arena *arena, struct err *err)
{
    struct err why = { 0 };
    if (!player->failed.code && play(ret, player, of, means, arena, &why) < 0)
        player->failed = why;
    if (player->failed.code && err)
        *err = player->failed;
    return -player->failed.code;
}

void player_done(struct player *player)
{
    for (unsigned i = 0; i < COUNT_OF(player->pools); i++) {
        replay_free(player->pools[i]);
        seat_done(&player->seats[i]);
    }
    *player = (struct player){ 0 };
}

struct player_means player_means_of(const struct grade_means *grade, const char *tool)
{
    return (struct player_means){ .grade = *grade,
        .world = {
            .tool = tool, .tier = grade->tier, .waived = grade->waived, .homes = grade->homes } };
}
