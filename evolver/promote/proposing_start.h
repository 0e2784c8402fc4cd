/* proposing_start - a proposer's birth and end: the sandbox, the bundle's folder, the socket.
 *
 * A thread of its own drives the sandbox while the proposer is served: its limits hold, and what it
 * writes to stdout is taken, however long the driver is at work with one of its requests. */
#pragma once

#include "base/str.h"
#include "sandbox/sandbox.h"

#include <limits.h>
#include <pthread.h>

struct proposing_start {
    int fd;                /* the driver's end of the socket */
    int pidfd;             /* of the run */
    char folder[PATH_MAX]; /* of the bundle; removed at the end */
    /* the thread's until it is joined */
    pthread_t thread;
    struct sandbox *box;
    struct sandbox_result result;
    struct err err;
    int rc;
};
/* program NULL: moult-propose beside the running program. ERR_MISSING: there is none; ERR_LACKS: a
 * required layer. */
int proposing_start(struct proposing_start *ret, const char *program, struct str bundle, int tier,
    uint32_t seconds, struct err *err);
/* Waits a moment for one that ends by itself (it has closed its socket), else ends it. Frees all.
 */
int proposing_finish(
    struct proposing_start *start, bool by_itself, struct sandbox_result *ret, struct err *err);
