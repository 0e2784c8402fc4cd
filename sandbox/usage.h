/* usage - the bytes that a run has written to disk: its own tmpfs, and by how much the folders of
 * the host that it may write have grown. */
#pragma once

#include "sandbox/sandbox.h"

enum { USAGE_FOLDERS_MAX = 8 };
struct usage {
    int own; /* the tmpfs, or -1; not owned */
    char *folders[USAGE_FOLDERS_MAX];
    unsigned folders_count;
    uint64_t before;  /* in the folders when the run started */
    uint64_t grown;   /* seen last */
    uint64_t next_ns; /* a walk is not for every look */
};
/* Before the run starts. A folder of more than a hundred thousand files is not walked: a limit on
 * disk then holds for the tmpfs and for each file. */
void usage_init(struct usage *usage, const struct sandbox_run *run);
/* Bytes now; `fresh` walks the folders however short ago that was. */
uint64_t usage_look(struct usage *usage, bool fresh);
void usage_done(struct usage *usage);
