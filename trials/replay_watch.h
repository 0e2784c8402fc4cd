/* replay_watch - replays again whenever there is another build, and tells what flipped.
 *
 * Looked at: the files of the choice, and the home's active generation and candidates. Where
 * neither a folder nor a candidate was chosen, the newest candidate with a build stands in the
 * place of its plugin. At a terminal each round is drawn anew; in a pipe its lines follow the ones
 * before. Ends on ^C. */
#pragma once

#include "trials/replay_choice.h"
#include "wire/verb.h"

/* Returns the exit status of the last round, or why the first one could not be. A later round that
 * cannot be (half a file, no worker) is told, and the next one waited for. */
int replay_watch(const struct verb_call *call, struct journal *journal,
    const struct replay_choice *choice, const struct home *home, const uint64_t *cases,
    unsigned cases_count, struct err *err);

/* What became of a run from one round to the next, for the telling of it. */
struct replay_flip {
    struct digest id;
    uint8_t was, is; /* REPLAYED_... */
    char why[200];
};
/* Verdicts of a round by session. A zeroed struct is valid and empty. */
struct replay_round {
    struct replay_flip *runs; /* was: unused; sorted by id once it is sealed */
    unsigned count, room;
};
void replay_round_add(struct replay_round *round, const struct replayed *of);
void replay_round_seal(struct replay_round *round);
void replay_round_done(struct replay_round *round);
/* The runs whose verdict is another than in the round before (none there: those that do not pass):
 * worse ones first, then by id. The caller frees them. */
struct replay_flip *replay_round_flips(
    const struct replay_round *before, const struct replay_round *now, unsigned *ret_count);
