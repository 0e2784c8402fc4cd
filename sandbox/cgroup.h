/* cgroup - memory and tasks of a run, bounded by the kernel, where we may make a control group: as
 * root under cgroup v1, or in a delegated subtree under v2, where the group above ours hands its
 * controllers down (our own cannot, as long as we are in it). Elsewhere the watch alone bounds
 * them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CGROUP_PATH_MAX = 512 };
struct cgroup {
    /* v1: one for memory, one for tasks, and one for time where that can be had; v2: one for all */
    char dirs[3][CGROUP_PATH_MAX];
    int fds[3];     /* where a process writes itself in */
    unsigned count; /* 0: none could be had */
};
/* All or nothing. Groups that a killed parent left behind are removed on the way. */
bool cgroup_make(struct cgroup *ret, uint64_t memory, uint32_t tasks);
/* The calling process; system calls only. It does so itself since moving another one takes a lock
 * of the whole machine, for ten milliseconds. */
bool cgroup_join(const struct cgroup *cgroup);
struct cgroup_events {
    bool memory, tasks; /* a process was killed for memory; a fork was refused */
};
struct cgroup_events cgroup_events(const struct cgroup *cgroup);
/* Processor time of all that ever were in it, waited for or not; 0: not told. */
uint64_t cgroup_cpu_us(const struct cgroup *cgroup);
void cgroup_done(struct cgroup *cgroup); /* ends who is still in it */
