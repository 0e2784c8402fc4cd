/* door - the driver's end of a door: how a model is asked without a key (broker/door.h has the
 * other end).
 *
 * The service opens a socket for one asker, with one alias and one budget, and closes it when it is
 * told to or when the asker's connection to the journal ends. What is asked goes over it as HTTP,
 * like a client's requests, because that is what commands in a sandbox speak through it. */
#pragma once

#include "wire/config.h"
#include "wire/journal.h"

#include <limits.h>

/* What the head of an answer says of it (broker/door.h). */
struct door_head {
    char refused[24];        /* the word of an error: why there is no answer; empty: there is one */
    char asked[72];          /* the digest of its row, or empty */
    uint64_t tokens, usd;    /* that it took; usd: micro-dollars */
    uint64_t retry_after_ms; /* that a provider wants to be left alone; 0: it does not say */
};
struct door_way { /* zeroed: closed */
    struct journal *journal;
    char socket[PATH_MAX];
    struct door_head head; /* of the last answer */
};
/* proposer: by its name, as the service's moult.json has it; its tokens and dollars may be less
 * than there, not more. One at a time on a connection of the role `drive`. ERR_LACKS: no service
 * runs, its hint says what to start. */
int door_way_open(struct door_way *ret, struct journal *journal,
    const struct config_proposer *proposer, struct err *err);
/* A trial's, by a connection of the role trial or drive: any alias, at most so many tokens and
 * dollars (0: no bound). */
int door_way_open_live(
    struct door_way *ret, struct journal *journal, uint64_t tokens, double usd, struct err *err);
/* Closes it; *ret, in the arena: what it was used for, JSON, or empty where the service has ended.
 * A closed one is fine. */
void door_way_close(struct door_way *way, struct arena *arena, struct str *ret);

/* One request in the form of OpenAI's chat completions, and its whole answer, whatever the status.
 * Blocks until it is there. ERR_TIMEOUT behind the deadline (of clock_mono_ns), ERR_LIMIT: an
 * answer of more than out->max bytes; ERR_PEER: the service has gone or does not speak HTTP. */
int door_way_ask(struct door_way *way, struct str body, uint64_t deadline_ns, unsigned *ret_status,
    struct buf *out, struct err *err);
