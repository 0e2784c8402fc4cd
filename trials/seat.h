/* seat - where a locked worker of a replay sits, and where the next one sits when it dies.
 *
 * A replay outlives its workers: a build under trial may crash or hang at any step. What is of one
 * worker (process, socket, what it said last) is here, so that to replace it is two calls. */
#pragma once

#include "trials/replay.h"
#include "sandbox/sandbox.h"
#include "wire/frame.h"

struct seat {
    struct sandbox *box; /* NULL: nobody sits here */
    struct frame_channel channel;
    int fd;              /* -1 */
    uint32_t layers;     /* in force in the worker that sits here, or sat here last */
    uint64_t cpu_ns;     /* of all that sat here, without their start */
    uint64_t loaded_ns;  /* CPU that the present one had used when it was ready */
    unsigned reports;    /* of sanitisers, of all that sat here */
    uint64_t last_lease; /* of sessions that were open here */
    struct arena arena;  /* messages of one look */
};

/* Starts a worker with the arm's builds and waits until it is ready. ERR_LACKS: a required layer is
 * missing; ERR_PEER: it refuses the builds. */
int seat_start(struct seat *seat, const struct replay_arm *arm, struct err *err);
/* Ends the worker, if there is one. */
void seat_stop(struct seat *seat);
/* The same for one that closed its socket by itself; says how it ended. */
void seat_died(struct seat *seat, char *ret_why, size_t size);
/* CPU time of all that sat here up to now; 0 where the kernel does not tell. */
uint64_t seat_cpu_ns(const struct seat *seat);
/* KiB: the most that the present worker has had; 0: nobody, or the kernel does not tell. */
uint32_t seat_memory(const struct seat *seat);
void seat_done(struct seat *seat);
