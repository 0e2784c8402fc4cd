/* replay_choice - which harness a person wants replayed: a generation of the home or a folder's
 * shared objects, candidates in the place of some. */
#pragma once

#include "base/option.h"
#include "trials/builds.h"
#include "trials/replaying.h"
#include "wire/home.h"

enum { REPLAY_WORKERS_MAX = 8 };
struct replay_choice {
    uint64_t generation;           /* BUILDS_ACTIVE: the active one */
    const char *builds;            /* a folder, instead; or NULL */
    struct option_list candidates; /* ids, or paths of shared objects */
    uint64_t workers;              /* 0: one a processor */
};
/* A path, and no id. */
bool replay_choice_is_object(const char *candidate);
/* ERR_USAGE: more workers than there may be. */
int replay_choice_check(const struct replay_choice *choice, struct err *err);
unsigned replay_choice_workers(const struct replay_choice *choice);
/* The harness itself, at the tier that the home's configuration allows. */
struct replay_chosen {
    struct builds builds;
    char *worker;
    struct replay_arm arm; /* as good as the two above */
};
/* *ret is for replay_chosen_done, also after an error. */
int replay_choose(struct replay_chosen *ret, const struct replay_choice *choice,
    struct journal *journal, const struct home *home, struct err *err);
void replay_chosen_done(struct replay_chosen *chosen);
/* Opens the arms of it. They fill a dead worker's seat from *ret, so it has to outlive them: both
 * are for replay_choice_close, also after an error. */
int replay_choice_open(struct replaying *replaying, struct replay_chosen *ret,
    const struct replay_choice *choice, const struct home *home, struct err *err);
/* Both may be zeroed. */
void replay_choice_close(struct replaying *replaying, struct replay_chosen *chosen);
