/* toolbox_lock - one run's tools at a time on a workspace, also across the death of a broker.
 *
 * The lock is a flock on a file outside of the workspace. Each box's first process holds it
 * (sandbox_run.hold_fd), so it outlives the broker. But a process gives up its descriptors before
 * the kernel ends the rest of its pid namespace: so the file also says which first processes there
 * were, and whoever gets the lock waits for their end, which comes after that of all others. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct toolbox_holder { /* the first process of a box */
    pid_t pid;
    uint64_t started; /* as in /proc: tells it from a later process of the same number */
};
/* The descriptor; -ERR_STATE: it is taken, or a holder of before is still there; other errors do
 * not pass by waiting. */
int toolbox_lock(const char *path, struct err *err);
/* Who holds it now, in the place of who did. */
int toolbox_lock_note(
    int fd, const struct toolbox_holder *holders, unsigned count, struct err *err);
struct toolbox_holder toolbox_holder_of(pid_t pid);
