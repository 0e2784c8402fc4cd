/* probe - a made turn on a generation that is to get live ones: a user, a reply with a call, its
 * result, a reply with text. Nothing of it is carried out; every effect gets a made result.
 *
 * The locked worker is the very one that live turns of the principal would get. */
#pragma once

#include "broker/engine.h"

enum probe_state { PROBE_NONE, PROBE_RUNNING, PROBE_PASSED, PROBE_FAILED };
extern const char *const probe_words[PROBE_FAILED + 1];
struct probe {
    enum probe_state state;
    struct crew_worker *worker;
    uint64_t lease;
    unsigned runs, effects;
    char why[160];
};
/* A worker is started if there is none. Ends some messages later: state. */
int probe_start(struct probe *probe, struct engine *engine, struct crew_generation *generation,
    struct err *err);
/* Is the message of this probe? Then it is taken. */
bool probe_message(struct probe *probe, const struct wire *message);
void probe_gone(struct probe *probe, const struct crew_worker *worker, const char *why);
/* Lets go of its worker. */
void probe_end(struct probe *probe);
