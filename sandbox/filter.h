/* filter - the system calls of a profile as a table with a reason each, made into a BPF program. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/* What a call may be used for, beside its number. */
enum filter_only {
    ONLY_ANY,
    ONLY_DATA /* mmap, mprotect: argument 2 without PROT_EXEC */
};
struct filter_call {
    const char *name;
    enum filter_only only;
    const char *why;
};
/* The locked worker's calls; what is not here kills the process. */
extern const struct filter_call filter_worker[];
extern const unsigned filter_worker_count;

/* A memfd with struct sock_filter[]. Everything that is not in the table, another architecture and
 * x32 kill the process. Made once, before any fork: it allocates. */
int filter_seal(const struct filter_call *calls, unsigned count, struct err *err);
