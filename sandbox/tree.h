/* tree - the processes of a run: its first process and everything below it. */
#pragma once

#include <sys/types.h>

struct tree {
    pid_t *pids; /* the first one first */
    unsigned count, room;
};
/* By the kernel's lists of children, where it has them; else by everybody's parent. */
void tree_find(struct tree *ret, pid_t init);
void tree_find_by_parents(struct tree *ret, pid_t init);
void tree_done(struct tree *tree);
