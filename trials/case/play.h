/* play - a case in mode `step`: each recorded reply is put to a harness in its recorded context, at
 * every time and with every seed that there is (pass.h). A case is one run, so that costs little.
 */
#pragma once

#include "trials/facts.h"
#include "trials/replay.h"

struct case_played {
    struct facts facts;    /* of the first pass */
    struct digest effects; /* of all its steps, in their order: the same on any machine */
    bool stable;           /* all passes did the same */
    struct str cover;      /* of a marked build: what ran in the first pass (marks.h) */
    uint64_t ms;
};
/* Why mode `step` cannot play it, or NULL. */
const char *case_step_lacks(const struct trial_case *of);
/* Where the gate plays it, by the case's word: by steps, or as an episode. */
bool case_plays_steps(const struct trial_case *of);
/* arms: two of one harness, the second for all passes but the first. What the facts hold is in the
 * arena and in the case. */
int case_play(struct case_played *ret, const struct trial_case *of, struct replay *const arms[2],
    struct arena *arena, struct err *err);
