/* hear - reads what a session says, as it comes: the events of a streamed chat completion. */
#pragma once

#include "base/err.h"
#include "protocol/sse.h"

struct hear {
    void (*on_text)(void *with, struct str text);
    void *with;
    struct sse sse;
    bool refused;   /* what it said is why it refuses */
    bool whole;     /* the stream has said its end */
    struct err err; /* code 0: none; what the service says went wrong, or that it says nonsense */
};
void hear_bytes(struct hear *hear, struct str bytes);
void hear_done(struct hear *hear);
