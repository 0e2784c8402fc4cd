/* door - where a proposer's command asks its model, and a trial its models: a socket of its own,
 * there as long as who opened it stays connected to the journal's socket.
 *
 * The socket is what a sandbox of the profile `propose` is led to, so its role is fixed by what it
 * is and by nothing that is said through it: one alias of moult.json, three paths and a list of one
 * model. A trial is moult's own program and asks any alias. No session is made of it, so what a
 * proposer or a trial says is no evidence that is mined. Each request is journaled before it goes
 * out, and paid from the door's budget, which is kept here. */
#pragma once

#include "broker/engine.h"

#include <limits.h>

/* Verbs, one door a client: the driver's "ask" {"proposer": NAME or "llm:ALIAS"} and a trial's
 * "ask-live"
 * {"tokens": N, "usd": DOLLARS} (0: no bound of money) say {"socket": PATH}; "ask-end" {} closes it
 * and says what was used. */
bool door_has(struct str verb);
int door_verb(struct engine *engine, const void *client, struct str verb, struct str body,
    struct buf *out, struct err *err);
/* That client has gone: so has its door. */
void door_left(struct engine *engine, const void *client);
void doors_end(struct engine *engine);

/* --- for asking.c */

/* What may be asked through a door, and for how much. */
struct door_terms {
    char proposer[96];    /* its name; empty: a trial */
    int model;            /* of the configuration; -1: the alias that each request names */
    uint64_t tokens, usd; /* at most; usd: micro-dollars, 0: no bound */
};
struct door {
    struct engine *engine;
    const void *client; /* who opened it; NULL: closed, and kept for what is in work alone */
    struct door_terms terms;
    struct http_server *server;
    char path[PATH_MAX];
    uint32_t requests, refused, failed;
    uint64_t tokens, usd;                   /* used: tokens, micro-dollars */
    uint64_t tokens_reserved, usd_reserved; /* by what is in work */
    uint32_t in_work;
    struct door *next;
};
void door_settled(struct door *door);

/* asking.c: a POST to one of the protocols' paths. Answered now or later. What moult itself refuses
 * has a header x-moult-refused with the word of the error ("peer": the provider did); an answer has
 * x-moult-asked, the digest of its row, and x-moult-tokens and x-moult-usd, what it took
 * (micro-dollars). */
void asking_start(struct door *door, struct http_exchange *exchange, enum protocol protocol);
void asking_refuse(struct http_exchange *exchange, enum protocol protocol, unsigned status,
    const char *code, const char *text);
/* The exchange of a request that was begun has gone. */
void asking_gone(void *data);
