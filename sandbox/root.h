/* root - the empty root of a run, and what is in it: bind mounts, and folders of one bounded tmpfs.
 */
#pragma once

#include "sandbox/sandbox.h"

#include <sys/stat.h>

/* What helps where namespaces cannot be had. */
#define ROOT_HINT "allow user namespaces, or set \"sandbox\": {\"tier\": \"container\"}"

#define ROOT_HOSTS "/etc/hosts"
#define ROOT_SYSTEM "/usr"

enum { ROOT_MOUNTS_MAX = 64 };
/* A mount of the caller, as it was checked (grant.h): what its path leads to by then may be
 * another. */
struct root_checked {
    int fd; /* held, so that the inode is nobody else's */
    struct stat st;
};
struct orders;
/* A symbolic link of the root, in a place that is in no mount. */
struct root_link {
    const char *at, *to;
};
struct root_plan {
    const struct sandbox_mount *mounts[ROOT_MOUNTS_MAX];
    unsigned mounts_count;
    uint64_t given; /* bit a mount: of the caller. Guarded, and root's files are the run's own */
    unsigned given_first;                                /* the number of the caller's first */
    const struct orders *orders;                         /* by the caller's numbers */
    const struct root_checked *checked[ROOT_MOUNTS_MAX]; /* NULL: not given, or empty */
    uint64_t parts; /* bit a mount: of the toolchain, below ROOT_SYSTEM */
    const struct root_link *links;
    unsigned links_count;
    bool proc;     /* /proc of the run's own pid namespace, and the links of /dev to it */
    bool hosts;    /* ROOT_HOSTS says what localhost is, and nothing else */
    uint64_t disk; /* bytes of the run's own tmpfs */
    const char *cwd;
};
struct root_sources {
    int fds[ROOT_MOUNTS_MAX]; /* -1: to be opened */
    uint64_t mapped;          /* bit a mount: the descriptor is a detached mount (owner.h) */
    int own;                  /* set by root_enter: the run's tmpfs, so that its use can be seen */
};
/* In the child, in fresh namespaces; system calls only. First, with the rights of the caller, every
 * source is opened; then, as the uid of the run (a tmpfs takes no file of a uid that its namespace
 * does not know), the root is built and entered. */
int root_open(const struct root_plan *plan, struct root_sources *sources, struct err *err);
int root_enter(const struct root_plan *plan, struct root_sources *sources, struct err *err);
