/* shadow - what a candidate would do with live turns: it sees copies, nothing of it is carried out.
 *
 * When the model has answered a live turn, the same conversation and the same reply are put to a
 * worker of the candidate. What it asks for next is compared with what the active generation asked
 * for; then it is told to forget the session. */
#pragma once

#include "broker/engine.h"

enum {
    SHADOWS_MAX = 32,       /* at once; more live steps than that go by unseen */
    SHADOW_WORKERS_MAX = 4, /* a worker is one principal's; further principals go by unseen */
    SHADOW_TOLD_MAX = 256 << 10
};
/* What one side asked for. */
struct shadow_side {
    bool there;
    uint64_t digest;
    char *said; /* shadow_said, where differences are told; NULL: as the model replied */
};
struct shadow_step {
    uint64_t lease, turn, session;
    uint32_t step;
    struct crew_worker *worker;
    struct str reply; /* malloc'd */
    bool asked;       /* it has had its reply */
    struct shadow_side active, candidate;
};
struct shadow {
    struct shadow_worker {
        struct crew_worker *worker; /* NULL: none */
        char principal[64];         /* whose turns it sees */
    } workers[SHADOW_WORKERS_MAX];
    struct shadow_step steps[SHADOWS_MAX];
    uint32_t wanted, begun;       /* steps */
    uint64_t same, other, failed; /* other: it would do something else; failed: it did not answer */
    bool tells;                   /* in what way it would, too */
    struct buf told;              /* since it was asked last: JSON objects, with commas */
    uint64_t untold;              /* that had no room there */
};
/* tells: what differs is kept for shadow_tell. */
void shadow_begin(struct shadow *shadow, uint32_t steps, bool tells);
/* "told":[...],"untold":N: what differed since the last time, each once: session (its number),
 * turn, step, and what either asked for. */
void shadow_tell(struct shadow *shadow, struct buf *out);
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
