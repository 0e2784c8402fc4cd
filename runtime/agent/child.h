/* child - one of moult's own commands as a child of the service: its output is kept, its time and
 * its output are bounded, and it ends with the service, also when that is killed. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <uv.h>

struct child;
struct child_plan {
    uv_loop_t *loop;
    const char *const *argv; /* argv[0]: a path */
    struct str input;        /* copied; empty: /dev/null */
    size_t output_max;       /* of standard output; over it the child is ended */
    uint64_t wall_ms;
    int nice;
};
struct child_result {
    int exit_code;  /* -1: ended by a signal, its time or its output */
    bool killed;    /* by a signal that was not ours */
    struct str out; /* valid in the call */
};
/* On the loop, once; the child is gone behind it. */
typedef void (*child_done)(void *with, const struct child_result *result);
int child_start(struct child **ret, const struct child_plan *plan, child_done done, void *with,
    struct err *err);
/* Ends it with its process group; done is not called. NULL is fine. */
void child_free(struct child *child);
