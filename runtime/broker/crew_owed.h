/* crew_owed - what a worker was asked and has not answered yet.
 *
 * A worker speaks only when it was asked, and answers in the order in which it was asked: RUN,
 * RESULT and VECTORS take one answer each. So a list of what was sent tells a word that nobody
 * waits for (a plugin shares the worker's address space and can write to its socket) from an
 * answer, and a worker that rests from one that hangs. Pure: no clock, no process. */
#pragma once

#include "wire/effect.h"

struct owed {
    struct owed_sent {
        uint64_t lease;
        bool answer;  /* takes one */
        bool faulted; /* refused: an answer may still come, none is waited for */
    } * sent;         /* oldest first, from `at` */
    uint32_t at, count, room;
    uint32_t words;   /* testimony and faults since the last answer */
    uint32_t waiting; /* answers that are waited for */
};
void owed_done(struct owed *owed); /* a zeroed struct is valid and empty */
void owed_send(struct owed *owed, const struct wire *message);
/* One that came: 1 if it is an answer, 0 if it is a word on the way to one. ERR_DENIED: nobody
 * waits for it. */
int owed_take(struct owed *owed, const struct wire *message, struct err *err);
/* The lease of the first answer that is waited for: what the worker is at. 0: it rests. */
uint64_t owed_first(const struct owed *owed);
