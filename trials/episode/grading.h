/* grading - a case in mode `episode`, played twice and graded.
 *
 * The first play is graded; the second, with other dice and in another worker, says whether the
 * harness does the same again. */
#pragma once

#include "trials/case/proof.h"
#include "trials/episode/episode.h"

struct episode_grading {
    const struct replay_arm *arm;
    struct seat *seats; /* two, zeroed at first: a worker of its own for each play */
    struct world_means means;
    uint32_t steps_max;
};
/* One of the two plays. before: the first, for the second of a case with steady commands; or NULL.
 */
struct episode_plan episode_pass(const struct episode_grading *grading, const struct trial_case *of,
    unsigned pass, const struct episode *before);
/* The second play has to wait for the first: it is told what steady commands answered there. */
bool episode_waits(const struct trial_case *of);
/* Fills *ret of two plays, the first of which is still open. */
int episode_grade(struct case_proof *ret, const struct trial_case *of, const struct episode *first,
    const struct episode *second, const struct grade_means *means, struct arena *arena,
    struct err *err);
/* Fills *ret as case_grade_steps does. *ret_parting: the first divergence of the first play. */
int case_grade_episode(struct case_proof *ret, struct episode_parting *ret_parting,
    const struct trial_case *of, const struct episode_grading *grading,
    const struct grade_means *means, struct arena *arena, struct err *err);
/* "request 2: recorded ..., asked ...", for people; empty: there was none. */
void episode_parting_say(struct buf *out, const struct episode_parting *parting);
