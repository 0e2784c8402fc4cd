/* watch - what all processes of a run use together, and the end of them. No cgroup is needed: the
 * run's init is the parent of whatever loses its own, so every process of it is found from there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct watch_use {
    uint64_t cpu_ms, memory; /* memory: resident bytes, shared pages counted for each */
    unsigned tasks;          /* processes and threads, without init */
    unsigned files;          /* open descriptors of the one that has most; 0: not told */
};
/* Sums over `init` and everything below it; zero when it has gone. */
struct watch_use watch_sum(pid_t init);
/* Memory again, shared pages counted once: slow, for who seems to be over. */
uint64_t watch_memory(pid_t init);
/* Kills everything below init, not init itself; false when nothing was there any more. */
bool watch_kill(pid_t init);
/* Processes and threads of a user on the whole machine. */
unsigned watch_tasks_of(uid_t uid);
