/* leaks - runs that end in every way that there is, parents that are killed in the middle of one,
 * and what is left of all that. For a test, which makes few, and a benchmark, which makes many. */
#pragma once

#include "sandbox/sandbox.h"

/* Everything that a run could leave behind in this process or with the kernel. */
struct leaks {
    unsigned files, tasks, mounts, groups, children;
};
/* This process becomes the parent of whatever loses its own, so nothing can hide from it; and a
 * folder is made that runs may write. */
int leaks_begin(struct err *err);
void leaks_end(void);
/* Waits for who was killed but has not gone yet; a minute, then they count as left. */
struct leaks leaks_now(void);
bool leaks_same(const struct leaks *before, const struct leaks *after, struct buf *why);

/* The mix's row `number` modulo its length: 0 when it ended as it must. A tier's own rows: those of
 * the container tier work in the folder. */
int leaks_run(unsigned number, enum sandbox_tier tier, struct err *err);
const char *leaks_word(unsigned number);
enum sandbox_profile leaks_profile(unsigned number);
unsigned leaks_mix(void);

/* A parent of one run of the mix, killed as it enters its system call `at` (from 0). False: it
 * ended before that. */
bool leaks_kill(unsigned number, enum sandbox_tier tier, unsigned at);
/* How many system calls the parent makes in such a run, from its start to its end. */
unsigned leaks_calls(unsigned number, enum sandbox_tier tier);
