/* sight - what a broker sees of one step: a worker's messages in, effects out.
 *
 * Nothing is believed beyond what the wire gives. A worker that hands a reply over unchanged names
 * it instead of repeating it; then it is the recorded reply that leaves, so `same` is a fact there.
 * Where text and calls do travel they are read and compared here, whatever the worker says of them.
 * What a step may ask for is a table; anything else is a broken protocol. */
#pragma once

#include "trials/effects.h"

struct sight {
    const struct run *run;
    uint32_t step;
    uint64_t lease;
    struct arena *arena; /* of the step */
    uint32_t number;     /* of the model request that got the recorded answer; 0: none yet */
    uint32_t requests;   /* that the recorded error answered */
    uint32_t waited_ms;  /* since the last of them */
    uint32_t edited;     /* the first message of the context that a hook changed, or UINT32_MAX */
    bool diverged, handed, failed_hook;
    uint32_t handed_calls;
    const struct run_message *settled; /* the reply as it entered the conversation */
    bool *denied;                      /* which of its calls got a result instead */
    struct effects effects;
};
enum sight_next {
    SIGHT_WAIT,      /* more will come by itself */
    SIGHT_REPLY,     /* give it the recorded reply, or error */
    SIGHT_WAITED,    /* its pause is over */
    SIGHT_NO_ANSWER, /* the trace has none */
    SIGHT_OVER       /* effects are complete and sealed */
};
void sight_begin(
    struct sight *sight, const struct run *run, uint32_t step, uint64_t lease, struct arena *arena);
/* An enum sight_next; ERR_PEER: what a worker may not say here. The message may go afterwards. */
int sight_take(struct sight *sight, const struct wire *message, struct err *err);
/* How many messages of the recording the worker's conversation begins with when the step is over:
 * its context as far as no hook changed it, and the reply if that was settled as it came. */
uint32_t sight_holds(const struct sight *sight);
/* The step ended like this instead; why is copied. */
void sight_abnormal(struct sight *sight, const char *why);
