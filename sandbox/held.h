/* held - what a run holds that neither a walk through its folders nor its resident memory shows:
 * files without a name, and what the kernel keeps for its sockets and mappings. What is on its way
 * in a socket no process has open: that it is there is seen, what it is is not. */
#pragma once

#include "sandbox/queues.h"
#include "sandbox/sandbox.h"

enum { HELD_DEVICES_MAX = 8 };
struct held {
    dev_t devices[HELD_DEVICES_MAX]; /* file systems of the host that the run may write */
    unsigned devices_count;
    int asks; /* of queues.h, or -1; not owned */
    bool tcp; /* it may have sockets of TCP */
    struct queues queues;
    /* Seen last: */
    uint64_t disk;     /* bytes of files there that have no name any more */
    uint64_t sockets;  /* bytes that its sockets keep */
    bool told;         /* by the kernel; else they are what its sockets could keep */
    uint64_t mappings; /* bytes that the kernel needs for these */
    /* Files may be where they are not seen: in a process that may not be looked at, or in a socket.
     * Lasting: in the same one as the time before. */
    bool hides, hides_lasting;
    uint64_t *hiding; /* which ones */
    unsigned hiding_count;
    uint64_t cost_ns, next_ns; /* a look is not for every look */
};
/* Before the run starts. */
void held_init(struct held *held, const struct sandbox_run *run);
bool held_is_due(const struct held *held);
/* Looks at what is open or mapped in init and everything below it. Where the parent is not root, a
 * file that is only mapped counts by what is mapped of it. */
void held_look(struct held *held, pid_t init);
void held_done(struct held *held);
