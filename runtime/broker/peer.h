/* peer - one client of the journal's socket: frames in, answers out. Only serve.c and peer*.c
 * include this. */
#pragma once

#include "base/arena.h"
#include "broker/serve.h"
#include "broker/store.h"

#include <limits.h>

struct serving {
    uv_loop_t *loop;
    struct store *store;
    struct commit *commit;
    struct serve_service service;
    void (*on_empty)(void *with); /* the last peer has gone; or NULL */
    void *with;
    struct home home;
    char path[PATH_MAX]; /* of the socket */
    uv_pipe_t listener;
    struct arena arena; /* of the present request */
    struct peer *peers;
    unsigned count;
    bool ending, listening;
};
struct peer {
    uv_pipe_t pipe;
    struct serving *serving;
    struct peer *next, *before;
    struct buf in;
    size_t in_at;
    bool greeted, closing, closed;
    bool flushing; /* its FLUSH waits for the disk: what it sent behind that waits too */
    bool waits;    /* for the disk, with what it added */
    enum journal_role role;
    uint64_t added, known;
    struct err adding; /* the first thing that went wrong since the last FLUSH */
};
enum { PEERS_MAX = 64 };

/* Takes the connection that waits at the listener. */
void peer_accept(struct serving *serving);
void peer_drop(struct peer *peer);
/* It may have been the last reason to keep it. */
void peer_settled(struct peer *peer);
void serving_settled(struct serving *serving);
/* Serves what it has sent, as far as that is whole. */
void peer_take(struct peer *peer);
void peer_reply(struct peer *peer, int rc, const struct err *err, const struct buf *out);

/* One request (peer_request.c). */
void peer_request(struct peer *peer, struct str frame);
