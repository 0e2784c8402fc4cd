/* server - HTTP/1.1 in (libmicrohttpd) on a libuv loop: unix socket and TCP, whole request bodies,
 * answers that are whole or come as they are made.
 *
 * One thread, the loop's. The daemon's epoll descriptor is watched by the loop, so that nothing
 * blocks and no thread is started. An exchange is one request with its answer; its texts live until
 * on_gone returns. A client that hangs up is noticed at once, also while nothing is being written;
 * one that shuts down its sending half counts as gone, and gets only what is answered at once.
 *
 * Where all connections are taken, those that have asked nothing for a second are ended, the oldest
 * first, and one whose request was ever let in behind all others. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <uv.h>

struct http_server;
struct http_exchange;
struct http_header {
    struct str name, value;
};
extern const struct http_header http_json; /* the type of a body in JSON */
struct http_listen {
    const char *unix_path; /* made anew with mode 0600; or NULL, then: */
    const char *host;      /* an address, "127.0.0.1" */
    uint16_t port;         /* 0: one that is free, see http_server_port */
};
struct http_limits {
    size_t body_max, head_max; /* bytes; over it: 413, 431 */
    uint32_t connections_max;
    uint32_t idle_s; /* of a connection between requests, or half a request */
};
extern const struct http_limits http_limits_default;

struct http_handler {
    /* The head is here, the body is not: 0 goes on, else the exchange was answered (http_reply) and
     * its body is not kept. */
    int (*on_head)(void *with, struct http_exchange *exchange);
    /* The whole request is here. It is answered now or later, on the loop's thread. */
    void (*on_request)(void *with, struct http_exchange *exchange);
    /* A streamed answer has been written down to nothing: more can be pushed. May be NULL. */
    void (*on_drained)(void *with, struct http_exchange *exchange);
    /* The last that is heard of it: whole says that everything went to the client's socket; else
     * the client has gone or the answer was broken off. Not called if on_head answered. */
    void (*on_gone)(void *with, struct http_exchange *exchange, bool whole);
    /* The server itself refuses a request at its head or for its body's size: to be answered now
     * (http_reply), in the shape that the path's clients know. NULL: a line of text. on_gone is
     * called only if on_head had taken the request. */
    void (*on_refused)(
        void *with, struct http_exchange *exchange, unsigned status, const char *text);
};
int http_server_start(struct http_server **ret, uv_loop_t *loop, const struct http_listen *listen,
    const struct http_limits *limits, const struct http_handler *handler, void *with,
    struct err *err);
uint16_t http_server_port(const struct http_server *server);
/* Breaks what is open (on_gone runs), gives up the sockets. The loop must run once more behind it,
 * so that its handles close. NULL is fine. */
void http_server_free(struct http_server *server);

struct str http_method(const struct http_exchange *exchange);
struct str http_path(const struct http_exchange *exchange);   /* decoded; no query */
struct str http_target(const struct http_exchange *exchange); /* as it came, query included */
struct str http_query(const struct http_exchange *exchange); /* as it came, without '?'; or empty */
struct str http_body(const struct http_exchange *exchange);
/* Any case; the empty text with at == NULL: there is none. */
struct str http_header(const struct http_exchange *exchange, const char *name);
unsigned http_headers(const struct http_exchange *exchange, const struct http_header **ret);
bool http_local(const struct http_exchange *exchange); /* came by the unix socket */
void http_set_data(struct http_exchange *exchange, void *data);
void *http_data(const struct http_exchange *exchange);

/* The whole answer. A header that HTTP itself owns (length, transfer coding, connection) is left
 * out of the list by the server. Bytes are copied. */
void http_reply(struct http_exchange *exchange, unsigned status, const struct http_header *headers,
    unsigned count, struct str body);
/* A streamed one: chunked, or closed at its end for an HTTP/1.0 client. */
void http_begin(struct http_exchange *exchange, unsigned status, const struct http_header *headers,
    unsigned count);
void http_push(struct http_exchange *exchange, struct str bytes);
size_t http_queued(const struct http_exchange *exchange); /* pushed and not yet written */
/* whole: false breaks the transfer, so that a client cannot take it for complete. */
void http_end(struct http_exchange *exchange, bool whole);
