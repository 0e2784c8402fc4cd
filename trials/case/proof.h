/* proof - does a case still show what it claims?
 *
 * A case that was made for a failure claims that the harness of today fails there, as recorded: who
 * mends it must have had something to mend. Any other claims that it passes. The recording is asked
 * first, since that takes no harness; all passes of the harness must do the same. */
#pragma once

#include "trials/case/play.h"
#include "trials/grade/grade.h"

enum case_shown { CASE_SHOWS, CASE_SHOWS_NOT, CASE_SHOWS_UNKNOWN };
extern const char *const case_shown_words[3]; /* those of verdicts */
struct case_proof {
    uint8_t shown; /* enum case_shown */
    char why[240]; /* where it does not */
    bool failure;  /* it was made for one */
    struct case_played played;
    struct grade_result *results; /* of its graders, in the arena; NULL: it was not played */
    int verdict;                  /* enum grade_verdict of the harness */
    bool floor;
};
/* Plays the case and grades it. results NULL in *ret where mode step cannot play it: why says it.
 * arms as for case_play; means may be NULL. */
int case_grade_steps(struct case_proof *ret, const struct trial_case *of,
    struct replay *const arms[2], const struct grade_means *means, struct arena *arena,
    struct err *err);
/* The last part of it: grades what stands in ret->played. */
int case_grade_played(struct case_proof *ret, const struct trial_case *of,
    const struct grade_means *means, struct arena *arena, struct err *err);
int case_prove(struct case_proof *ret, const struct trial_case *of, struct replay *const arms[2],
    const struct grade_means *means, struct arena *arena, struct err *err);
