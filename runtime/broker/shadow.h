/* shadow - what a candidate would do with live turns: it sees copies, nothing of it is carried out.
 *
 * When the model has answered a live turn, the same conversation and the same reply are put to a
 * worker of the candidate. What it asks for next is compared with what the active generation asked
 * for; then it is told to forget the session. */
#pragma once

#include "broker/engine.h"

enum { SHADOWS_MAX = 32 }; /* at once; more live steps than that go by unseen */
struct shadow_step {
    uint64_t lease, turn;
    uint32_t step;
    struct str reply; /* malloc'd */
    bool asked;       /* it has had its reply */
    bool here, there; /* the digests are known: of the active one, of the candidate */
    uint64_t active, candidate;
};
struct shadow {
    struct crew_worker *worker;
    char principal[64]; /* whose turns it sees: a worker is one principal's */
    struct shadow_step steps[SHADOWS_MAX];
    uint32_t wanted, begun;       /* steps */
    uint64_t same, other, failed; /* other: it would do something else; failed: it did not answer */
};
void shadow_begin(struct shadow *shadow, uint32_t steps);
/* The model has answered this turn well. */
void shadow_reply(struct shadow *shadow, struct turn *turn, struct crew_generation *candidate,
    const struct note *note);
/* The active generation's worker asks for this next. */
void shadow_seen(struct shadow *shadow, const struct turn *turn, const struct wire_effect *effect);
/* Is the message of a shadow? Then it is taken. */
bool shadow_message(struct shadow *shadow, const struct wire *message);
/* True: its worker it was; what it had in work has failed. */
bool shadow_gone(struct shadow *shadow, const struct crew_worker *worker);
void shadow_end(struct shadow *shadow);
