/* root - the empty root of a run, and what is in it: bind mounts, and folders of one bounded tmpfs.
 */
#pragma once

#include "sandbox/sandbox.h"

/* What helps where namespaces cannot be had. */
#define ROOT_HINT "allow user namespaces, or set \"sandbox\": {\"tier\": \"container\"}"

enum { ROOT_MOUNTS_MAX = 48 };
struct root_plan {
    const struct sandbox_mount *mounts[ROOT_MOUNTS_MAX];
    unsigned mounts_count;
    uint64_t given; /* bit a mount: of the caller. Guarded, and root's files are the run's own */
    bool proc;      /* /proc of the run's own pid namespace, and the links of /dev to it */
    uint64_t disk;  /* bytes of the run's own tmpfs */
    const char *cwd;
};
struct root_sources {
    int fds[ROOT_MOUNTS_MAX]; /* -1: to be opened */
    uint64_t mapped;          /* bit a mount: the descriptor is a detached mount (owner.h) */
    int own;                  /* set by root_enter: the run's tmpfs, so that its use can be seen */
};
/* What a workspace may hold that the host's own programs obey: read-only inside, so that a run
 * cannot leave an order behind for the next command of its person. Paths below a mount that may be
 * written. */
struct root_guard {
    const char *path;
    bool write; /* only held in its place */
};
extern const struct root_guard root_guards[]; /* ends with path NULL */

/* In the child, in fresh namespaces; system calls only. First, with the rights of the caller, every
 * source is opened; then, as the uid of the run (a tmpfs takes no file of a uid that its namespace
 * does not know), the root is built and entered. */
int root_open(const struct root_plan *plan, struct root_sources *sources, struct err *err);
int root_enter(const struct root_plan *plan, struct root_sources *sources, struct err *err);
