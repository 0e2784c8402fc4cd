/* client - who waits for the answer of a turn: an HTTP exchange in one of the three protocols.
 *
 * What the harness hands over goes out here: the provider's own bytes where nothing was changed and
 * the client speaks the same protocol, else an answer written anew. Nothing of a turn is said
 * before it is on disk; what was said is never followed by another answer. */
#pragma once

#include "broker/engine.h"

struct client {
    struct waiter waiter;
    struct engine *engine;
    struct http_exchange *exchange; /* NULL: it has gone */
    enum protocol protocol;
    struct str principal;
    struct arena arena; /* of this request */
    struct protocol_request *request;
    const struct protocol_view *view;
    struct digest request_key;
    struct digest *chain; /* [messages_count + 1]: of the history up to each message */
    struct turn *turn;
    struct str group; /* hosted: what its session counts with, if it is a new one */
    bool hosted, begun, passing, answered;
    bool busy;                 /* refused because another request of its session is in work */
    struct starting *starting; /* a hosted session that waits for its tools */
    struct answer *ready;      /* what is handed, until it is on disk */
    size_t passed;             /* bytes of the provider that went out as they came */
    const struct note *passed_of;
    struct stream *stream; /* what left of an answer that is made here */
    uint64_t hand;         /* row of the effect that was handed */
    uint64_t number;       /* row of its turn */
    struct str dropped;    /* what of the request the last provider was not asked for */
    uv_timer_t *ping;
    struct client *next, *before;
};

/* A request for one of the protocols' endpoints; answers it, now or later. */
void client_request(struct engine *engine, struct http_exchange *exchange, enum protocol protocol,
    struct str principal);
/* Ends the turn, and its client's wait with an error in its protocol. */
void client_broken(struct turn *turn, const struct err *err);
/* The worker has said END. */
void client_ended(struct turn *turn, uint8_t how, struct str why);
/* The run is over for turn and client both. */
void client_let_go(struct turn *turn);
void client_free(struct client *client);

/* While a provider answers: goes out as it comes, if the generation has nothing that needs the
 * whole. head: "name: value\n"... False: it is held. */
bool client_passes(const struct turn *turn);
void client_pass_head(struct turn *turn, const struct note *note, unsigned status, struct str head);
void client_pass(struct turn *turn, struct str bytes);
/* Some of an answer has gone out that way. */
bool client_passed(const struct turn *turn);
/* The one answer, or refusal, is about to go out; false: it has gone out, or the client has gone.
 */
bool client_speak(struct client *client);
/* By which `moult trace` and `moult prove` find the turn, and what the provider was not told: adds
 * at most CLIENT_HEADERS to list and returns how many are in it. */
enum { CLIENT_HEADERS = 2 };
unsigned client_headers(struct client *client, struct http_header list[], unsigned count);
extern const struct http_header client_stream_type;
/* The head of a stream, once. */
void client_stream_head(struct client *client);

/* gateway.c: which conversation a request goes on with. Sets client->turn, not run yet; 1 if the
 * request was answered already (its earlier answer had been lost). */
int gateway_place(struct client *client, struct err *err);
/* Where the client will go on from: the history it sent and the answer, and which effect that was.
 */
int gateway_head(struct client *client, struct str answer, uint64_t hand, struct err *err);
/* The answer of an earlier request of the same bytes, which was lost on its way. */
void client_again(struct client *client, const struct live_answer *known, struct str bytes);
/* hosted.c: a session that moult keeps. The tools may have to be started first: then 1, and
 * client_run comes later. */
int hosted_place(struct client *client, struct str name, struct err *err);
void client_run(struct client *client);
void hosted_forget(struct client *client);
/* No session waits for its tools any more. */
void hosted_end(struct engine *engine);
/* A person's ^C: the turn in work ends, and what it has asked for is called off. ERR_MISSING: there
 * is none. */
int hosted_cancel(struct engine *engine, struct str principal, struct str name, struct err *err);
/* Goes on with the turn that is open, without a client. */
int hosted_resume(struct engine *engine, uint64_t session, struct err *err);
