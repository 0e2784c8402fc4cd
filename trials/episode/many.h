/* many - cases in mode `episode`, several plays at once.
 *
 * A play waits for its worker and for its programs most of the time, so the two plays of a case run
 * side by side, and those of the next cases beside them. Each thread has workers of its own, one
 * for first plays and one for second ones. Nothing is shared but the cases, so what is played does
 * not depend on how many there are; grading and telling is the caller's thread alone, in the order
 * given. */
#pragma once

#include "trials/episode/grading.h"

enum { EPISODE_PLAYERS_MAX = 16 };

/* Of one case; valid in the call only. A negated ERR_ code ends all. */
typedef int (*episode_told)(void *with, const struct trial_case *of, const struct case_proof *proof,
    const struct episode_parting *parting, struct err *err);
/* Plays and grades every case. grading->seats is not used. players: plays at once.
 * An error is the machine's; plays that have begun are then played to their end. */
int episode_grade_many(const struct episode_grading *grading, unsigned players,
    const struct trial_case *const *cases, unsigned count, const struct grade_means *means,
    episode_told tell, void *with, struct err *err);
