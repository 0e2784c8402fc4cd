/* exchange - what a server, a connection and an exchange are made of; for this folder only.
 *
 * server.c runs the daemon on the loop, request.c is what came, answer.c is what goes. */
#pragma once

#include "base/mem.h"
#include "http/server.h"

#include <microhttpd.h>

struct http_server {
    uv_loop_t *loop;
    struct MHD_Daemon *daemon;
    struct http_limits limits;
    const struct http_handler *handler;
    void *with;
    char *unix_path;
    uint16_t port;
    int hangups;                             /* epoll of all connections, for their ends only */
    uv_poll_t events, hung;                  /* the daemon's epoll, and that one */
    uv_timer_t timer;                        /* the daemon's next timeout */
    uv_prepare_t before_wait;                /* runs the daemon if something is due */
    bool due;                                /* the daemon has something to do */
    uv_timer_t room;                         /* while every connection is taken */
    struct http_connection *oldest, *newest; /* by when they were last of use */
    uint32_t connections;
    bool ending;                /* no requests */
    unsigned open;              /* handles that have not closed yet */
    struct http_exchange *last; /* all of them, linked */
    struct buf scratch;
};

/* One client's connection: what is known about it between its requests. */
struct http_connection {
    struct http_server *server;
    struct http_exchange *exchange; /* the present one, or NULL */
    struct http_connection *older, *newer;
    uint64_t since_ms; /* began, or had its last answer */
    int fd;
    bool known; /* a request of it was let in */
    bool hung;  /* the client has gone, or will send no more */
};

struct http_exchange {
    struct http_server *server;
    struct http_connection *on;
    struct MHD_Connection *connection;
    struct http_exchange *before, *after; /* the server's list */
    void *data;
    /* the request */
    const char *method;
    bool old; /* HTTP/1.0 */
    char *target, *path;
    struct str query;
    struct http_header *headers;
    unsigned header_count;
    bool headers_listed;
    struct buf body;
    size_t dropped; /* bytes of a body that nobody wants */
    /* where it stands */
    bool seen;      /* its head is here */
    bool headed;    /* on_head has taken it, so that on_gone is owed */
    bool refused;   /* answered at its head: what follows is dropped */
    bool asked;     /* on_request has run */
    bool suspended; /* the daemon does not look at it */
    bool broken;    /* to be cut */
    /* the answer */
    struct MHD_Response *response;
    unsigned status;
    bool streamed, queued, ended, whole;
    struct buf out;
    size_t out_at, lent; /* out: from out_at on; the first `lent` are in the daemon's hands */
};

/* request.c: target is copied; path is NULL if it holds a NUL or a malformed %XX. */
struct http_exchange *exchange_new(struct http_server *server, const char *target);
void exchange_free(struct http_exchange *exchange);

/* answer.c */
/* A whole answer of the server itself. */
void answer_error(struct http_exchange *exchange, unsigned status, const char *text);
/* Hands the answer that is there to the daemon. */
enum MHD_Result answer_queue(struct http_exchange *exchange);

/* server.c: the daemon does not look at it until exchange_resume. false: its client has gone. */
bool exchange_suspend(struct http_exchange *exchange);
void exchange_resume(struct http_exchange *exchange);
