/* filter - the system calls of a profile as tables with a reason each, made into a BPF program. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* What a call may be used for, beside its number: some bits of its arguments are looked at.
 * A call that stands in a table twice may be used for either. */
enum filter_only {
    ONLY_ANY,
    ONLY_DATA,  /* mmap, mprotect: not PROT_EXEC */
    ONLY_CHILD, /* clone: no flag for a new namespace */
    ONLY_SELF,  /* argument 0 or 1 is a pid: 0 */
    ONLY_SELF_1,
    ONLY_IOCTL,        /* requests that any open file may get */
    ONLY_PRCTL,        /* options that change no privilege */
    ONLY_UNIX,         /* address family, and connected from the start */
    ONLY_TCP,          /* a stream of the internet, protocol 0 */
    ONLY_TCP_NAMED,    /* the same by its number: no other protocol that has streams */
    ONLY_NOT_CREATE,   /* openat */
    ONLY_NOT_CREATE_1, /* open */
    ONLY_GROW,         /* fallocate: mode 0, which the limit of a file's size bounds */
    ONLY_MODE_1,       /* argument 1, 2 or 3 is a mode without set-uid and set-gid bits */
    ONLY_MODE_2,
    ONLY_MODE_3,
    ONLY_PIPE_1, /* argument 1 or 2 is the mode of a named pipe */
    ONLY_PIPE_2,
    ONLY_LIMIT_ASKED, /* prlimit64: of itself, none is set */
    ONLY_LIMIT,       /* prlimit64: of itself, any but that of cores */
    ONLY_LIMIT_0,     /* setrlimit: any but that of cores */
    ONLY_COUNT
};
struct filter_call {
    const char *name;
    enum filter_only only;
    const char *why;
};
struct filter_set {
    const struct filter_call *calls;
    unsigned count;
};
/* For people: " (not PROT_EXEC)" or "". */
extern const char *const filter_only_words[ONLY_COUNT];

enum { FILTER_NAME_MAX = 40, FILTER_ROWS_MAX = 4096 };
const char *filter_call_name(int number, char out[FILTER_NAME_MAX]);
/* The errno of a refused call. Where a file system may lack a call, programs that copy files go on
 * without it, but take EPERM as a failure. 0: it is told that it worked, and nothing is done; that
 * is for programs that want no cores of themselves, since they get none. */
struct seccomp_data;
int filter_refusal(const struct seccomp_data *asked);
/* What happens to a call that is in no set. Another architecture and x32 always kill. */
enum filter_otherwise {
    FILTER_KILL,
    FILTER_ERRNO, /* EPERM; clone3 ENOSYS, so that a C library falls back to clone */
    FILTER_NOTIFY /* the parent answers by filter_refusal, and so knows what was denied */
};
/* A memfd with struct sock_filter[]. sets ends with NULL. Unless FILTER_KILL, the first process of
 * a run can be started by its descriptor behind the filter (init/init.h). Made before any fork: it
 * allocates. */
int filter_seal(
    const struct filter_set *const *sets, enum filter_otherwise otherwise, struct err *err);
