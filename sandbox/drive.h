/* drive - a run from its start to its end: output, denials, limits, the death of every process.
 *
 * A run whose program does not lock itself is driven by a thread of its own, so that its limits
 * hold and its denied calls are answered whatever the caller waits for. */
#pragma once

#include "sandbox/birth.h"
#include "sandbox/cgroup.h"
#include "sandbox/held.h"
#include "sandbox/ledger.h"
#include "sandbox/orders.h"
#include "sandbox/sandbox.h"
#include "sandbox/usage.h"

#include <pthread.h>
#include <stdatomic.h>

struct sandbox {
    struct born born;
    int out, err; /* read ends of the capture, non-blocking */
    uint64_t started_ns;
    struct sandbox_limits limits;
    bool watched;       /* has an init; limits are sums over the run */
    atomic_bool killed; /* by the caller */
    uint64_t cpu_us;    /* seen last */
    bool unwaited;      /* of watch_use, seen last */
    uint64_t look_ns;   /* when the next look is due; 0: none was yet */
    int status;         /* of the program, as of wait(2) */
    bool has_status;
    struct ledger ledger;
    struct usage usage;
    struct held held;
    struct orders orders;
    struct cgroup cgroup;
    struct proxy *proxy; /* NULL: it may reach no host */
    pthread_t thread;
    bool threaded;
    struct sandbox_result result;
};

/* Returns when the run's first process has ended; everything else of it has, too. */
void drive(struct sandbox *sandbox);
/* Begins to, in a thread; drive_join waits for it. */
int drive_start(struct sandbox *sandbox, struct err *err);
void drive_join(struct sandbox *sandbox);
