/* root - the empty root of a run, and what is in it: bind mounts, and folders of one bounded tmpfs.
 */
#pragma once

#include "sandbox/sandbox.h"

enum { ROOT_MOUNTS_MAX = 48 };
struct root_plan {
    const struct sandbox_mount *mounts[ROOT_MOUNTS_MAX];
    unsigned mounts_count;
    uint64_t disk; /* bytes of the run's own tmpfs */
    const char *cwd;
};
/* In the child, in fresh namespaces; system calls only. First, with the rights of the caller, every
 * source is opened; then, as the uid of the run (a tmpfs takes no file of a uid that its namespace
 * does not know), the root is built and entered. */
int root_open(const struct root_plan *plan, int fds[ROOT_MOUNTS_MAX], struct err *err);
int root_enter(const struct root_plan *plan, const int *fds, struct err *err);
