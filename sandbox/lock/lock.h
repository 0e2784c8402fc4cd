/* lock - what a worker does to itself, after it mapped its plugins and before any of their code
 * runs.
 *
 * The parent started it in fresh namespaces (sandbox.h) and handed it a ready BPF program in a
 * memfd (libseccomp is not linked here). For good: an empty root, Landlock with no rule, no new
 * privileges, no capabilities, rlimits, no TSC, the vDSO unmapped, seccomp that knows read, write,
 * plain memory and exit. Afterwards there is no new executable memory, no file, no network, no
 * clock. */
#pragma once

#include "base/err.h"
#include "lock/layer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct lock_plan {
    int filter_fd;   /* memfd with struct sock_filter[]; closed by the lock */
    const int *keep; /* descriptors that stay open, beside 0, 1, 2 */
    unsigned keep_count;
    uint64_t memory_max; /* RLIMIT_DATA and RLIMIT_AS; 0: none (sanitised worker) */
    uint32_t stack_max;  /* bytes */
    uint32_t inherited;  /* bit an enum sandbox_layer: in force already (the namespaces) */
    uint32_t required;   /* refuse without */
};
/* 0 and *ret_layers (what is in force), or ERR_LACKS with the layer's name. Single-threaded only.
 */
int lock_self(const struct lock_plan *plan, uint32_t *ret_layers, struct err *err);
/* filter_fd, inherited and required of a plan, from the environment that sandbox_start made; the
 * variables are removed. ERR_LACKS when this process was not started by it. */
int lock_plan_inherited(struct lock_plan *plan, struct err *err);

/* Steps of the lock that other profiles take, too. System calls only: for a child before its exec.
 */
int lock_no_new_privileges(struct err *err);
int lock_drop_bound(struct err *err);        /* before root becomes another uid: not after it */
int lock_drop_capabilities(struct err *err); /* and not dumpable */
struct lock_rule {
    const char *path; /* may be read, and what is beneath it */
    bool write, run;
    const struct stat *same; /* what the path must lead to; NULL: anything */
};
/* What TCP ports may be used, from the kernel's ABI 4 on. */
struct lock_ports {
    bool any;         /* all of them, and listened at */
    uint16_t connect; /* else only this one be connected to; 0: none */
};
int lock_landlock(
    const struct lock_rule *rules, unsigned count, const struct lock_ports *ports, struct err *err);
