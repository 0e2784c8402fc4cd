/* birth - the first half of a run: a child in fresh namespaces, its descriptors in place, exec'd.
 * The parent gives it its uid maps; the host's uid does not exist inside. */
#pragma once

#include "sandbox/cgroup.h"
#include "sandbox/root.h"
#include "sandbox/sandbox.h"

enum { BIRTH_FDS_MAX = 80, BIRTH_SLACK = 16 };

/* The loopback of the run's own net namespace is up. */
struct birth_net {
    uint16_t proxy; /* port that a listening socket is made at; 0: none */
    bool loopback;  /* any port may be used; else only that one be connected to */
};
struct birth {
    const char *program; /* path on the host, opened before the child is made */
    const char *const *argv, *const *env;
    int stdio[3];
    const int *fds; /* become 3, 4, ... */
    unsigned fds_count;
    bool namespaces; /* false: the container tier */
    bool signals;    /* its calls include kill: init may end the run by itself */
    bool sockets;    /* they include socketpair: what sockets keep will be asked for */
    /* A profile whose program does not lock itself: everything is in place before the exec. */
    const struct root_plan *root; /* NULL: the program locks itself */
    const struct sandbox_limits *limits;
    int filter_fd;               /* struct sock_filter[] */
    const struct birth_net *net; /* NULL: the run's net namespace has nothing */
    int hold_fd;                 /* 0: none; for init alone */
    uint32_t waived;             /* bit a layer: the run goes without where it cannot be had */
    const struct cgroup *cgroup; /* joined before anything runs; count 0: none */
};
/* What a child says just before its filter is in force. */
struct birth_word {
    uint32_t layers;
    uint32_t asks; /* 1: a socket for questions comes next */
};
struct born {
    pid_t pid;
    int pidfd;
    uint32_t layers; /* in force at birth */
    /* With a root plan; else -1. */
    int status;   /* an int of wait(2) comes when the program has ended (init/init.h) */
    int listener; /* seccomp notifications: what was denied waits for an answer */
    int own;      /* the run's tmpfs; -1 without namespaces */
    int proxy;    /* of birth_net: the listening socket, non-blocking; else -1 */
    int asks;     /* of queues.h, in the run's net namespace; -1: it has none, or no sockets */
    /* With a root plan in namespaces, for guard_again; else -1. */
    int user_ns, mount_ns;
};
// clang-format off
#define BORN_NONE { .pidfd = -1, .status = -1, .listener = -1, .own = -1, .proxy = -1, .asks = -1, \
    .user_ns = -1, .mount_ns = -1 }
// clang-format on
void born_done(struct born *born); /* closes; the process is the caller's */
/* ERR_LACKS: namespaces cannot be had (only when asked for). Other errors are the child's own. */
int birth_start(struct born *ret, const struct birth *birth, struct err *err);
