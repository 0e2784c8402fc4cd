/* watch - what all processes of a run use together, and the end of them. No cgroup is needed: the
 * run's init is the parent of whatever loses its own, so every process of it is found from there.
 */
#pragma once

#include "sandbox/ledger.h"

struct watch_use {
    uint64_t cpu_us; /* of ended ones too */
    bool unwaited;   /* some of those were not waited for: look soon */
    uint64_t memory; /* resident bytes, shared pages counted for each; without tables */
    uint64_t tables; /* bytes of page tables */
    unsigned tasks;  /* processes and threads, without init */
    unsigned files;  /* open descriptors of the one that has most; 0: not told */
};
/* Sums over `init` and everything below it; zero when it has gone. The ledger is of this run alone.
 */
struct watch_use watch_sum(struct ledger *ledger, pid_t init);
/* Memory again, shared pages counted once: slow, for who seems to be over. */
uint64_t watch_memory(pid_t init);
/* Kills everything below init, not init itself; false when nothing was there any more. */
bool watch_kill(pid_t init);
/* Processes and threads of a user on the whole machine. */
unsigned watch_tasks_of(uid_t uid);
