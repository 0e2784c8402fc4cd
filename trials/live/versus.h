/* versus - a candidate beside the harness that it would change, with a live model. For this folder.
 */
#pragma once

#include "trials/live/arms.h"
#include "trials/live/evidence.h"
#include "trials/live/row.h"
#include "trials/live/trial.h"

struct versus {
    struct live_trial *trial;
    struct replay_chosen chosen[2]; /* by arm: [0] old, [1] new */
    struct seat seats[2];
    struct live_row_plan plan;
    struct live_row row;
    struct err unable; /* code nonzero: nothing was begun, since nothing could pass */
    /* of the group that is being run */
    const uint32_t *members; /* numbers of cases */
    struct live_evidence evidence;
    struct live_took took;
};
/* What the end amounts to: an enum grade_verdict. */
enum grade_verdict versus_verdict(const struct versus *versus);
/* Prints everything; returns the exit status or a negated ERR_ code. */
int versus_tell(struct versus *versus, struct err *err);
