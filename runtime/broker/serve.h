/* serve - the journal's socket: clients, their requests one by one, in a loop of their own or in
 * the one of the running service. */
#pragma once

#include "broker/commit.h"
#include "wire/home.h"
#include "wire/journal.h"

/* --- in somebody's loop */

struct serving;
/* What the running service adds; without it, nobody does. */
struct serve_service {
    /* OP_SERVICE, of a role that may ask that verb: JSON in, JSON out. It may write (commit_begin);
     * what a failed one wrote is undone. client: who asks, only compared, until it has left. */
    int (*verb)(void *with, const void *client, struct str verb, struct str body, struct buf *out,
        struct err *err);
    void (*admitted)(void *with);                 /* an admission is on the disk; or NULL */
    void (*left)(void *with, const void *client); /* closed, or killed; or NULL */
    void *with;
};
/* Listens on run/journal.sock. The caller has the lock. service may be NULL. */
int serve_attach(struct serving **ret, uv_loop_t *loop, struct store *store, struct commit *commit,
    const struct home *home, const struct serve_service *service, struct err *err);
/* Ends listening and the clients. The loop has to run once more behind it, before store and commit
 * go. NULL is fine. */
void serve_detach(struct serving *serving);

/* One broker a home: the descriptor holds it as long as the process lives, whatever kills it.
 * patient: waits for one that is just ending. ERR_STATE: another broker has this home. */
int serve_lock(const struct home *home, bool patient, struct err *err);
/* Whoever has the lock says whether it is a service that goes on (not one that ends, nor a broker
 * that a command has started for itself): a byte in its file. */
void serve_say(int lock, bool runs);
bool serve_runs(const struct home *home);

/* --- alone */

struct serve_options {
    const struct home *home;
    bool while_used; /* end when the last client has gone */
    int ready_fd;    /* one byte when listening; -1: none */
};
/* Returns when it is told to end (SIGTERM, SIGINT) or nobody is left. */
int serve(const struct serve_options *options, struct err *err);
