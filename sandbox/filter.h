/* filter - the system calls of a profile as a table with a reason each, made into a BPF program. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* What a call may be used for, beside its number. */
enum filter_only {
    ONLY_ANY,
    ONLY_DATA,  /* mmap, mprotect: argument 2 without PROT_EXEC */
    ONLY_THREAD /* clone: argument 0 without a flag for a new namespace */
};
struct filter_call {
    const char *name;
    enum filter_only only;
    const char *why;
};
/* The locked worker's calls; what is not here kills the process. */
enum { FILTER_WORKER_COUNT = 11 };
extern const struct filter_call filter_worker[FILTER_WORKER_COUNT];

/* A memfd with struct sock_filter[]. What is not in the table kills the process, or answers EPERM
 * if errno_default (clone3 then ENOSYS, so that a C library falls back to clone); another
 * architecture and x32 always kill. Made before any fork: it allocates. */
int filter_seal(
    const struct filter_call *calls, unsigned count, bool errno_default, struct err *err);
