/* watch - what all processes of a run use together. No cgroup is needed: the run's init is the
 * parent of whatever loses its own, so every process of it is found by its parents. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct watch_use {
    uint64_t cpu_ms, memory; /* memory: resident bytes, shared pages counted for each */
    unsigned processes;
};
/* Sums over `init` and everything below it; zero when it has gone. */
struct watch_use watch_sum(pid_t init);
