/* birth - the first half of a run: a child in fresh namespaces, its descriptors in place, exec'd.
 * The parent gives it its uid maps; the host's uid does not exist inside. */
#pragma once

#include "sandbox/cgroup.h"
#include "sandbox/root.h"
#include "sandbox/sandbox.h"

enum { BIRTH_FDS_MAX = 80, BIRTH_SLACK = 16 };

struct birth {
    const char *program; /* path on the host, opened before the child is made */
    const char *const *argv, *const *env;
    int stdio[3];
    const int *fds; /* become 3, 4, ... */
    unsigned fds_count;
    bool namespaces; /* false: the container tier */
    /* A profile whose program does not lock itself: everything is in place before the exec. */
    const struct root_plan *root; /* NULL: the program locks itself */
    const struct sandbox_limits *limits;
    int filter_fd;               /* struct sock_filter[] */
    int hold_fd;                 /* 0: none; for init alone */
    uint32_t waived;             /* bit a layer: the run goes without where it cannot be had */
    const struct cgroup *cgroup; /* joined before anything runs; count 0: none */
};
struct born {
    pid_t pid;
    int pidfd;
    uint32_t layers; /* in force at birth */
    /* With a root plan; else -1. */
    int status;   /* an int of wait(2) comes when the program has ended (init/init.h) */
    int listener; /* seccomp notifications: what was denied waits for an answer */
    int own;      /* the run's tmpfs; -1 without namespaces */
};
void born_done(struct born *born); /* closes; the process is the caller's */
/* ERR_LACKS: namespaces cannot be had (only when asked for). Other errors are the child's own. */
int birth_start(struct born *ret, const struct birth *birth, struct err *err);
