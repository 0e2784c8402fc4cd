/* usage - the bytes that a run has written to disk: its own tmpfs, and by how much the folders of
 * the host that it may write have grown. */
#pragma once

#include "sandbox/sandbox.h"

enum { USAGE_FOLDERS_MAX = 8 };
struct usage {
    int own; /* the tmpfs, or -1; not owned */
    struct usage_folder {
        char *path;
        uint64_t before; /* in it when the run started */
        unsigned dark;   /* folders below it then that may not be read */
        dev_t device;
    } folders[USAGE_FOLDERS_MAX];
    unsigned folders_count;
    uint64_t grown;  /* seen last */
    uint64_t used;   /* of their file systems, when the look began */
    uint64_t others; /* used of their file systems, and not seen to be the run's, when it hid
                        nothing */
    uint64_t cost_ns, next_ns; /* a walk is not for every look */
};
/* What else is known of the run's files: see held.h. */
struct usage_hints {
    uint64_t nameless; /* bytes, counted elsewhere */
    bool hides;        /* it may have more, now */
    bool lasting;      /* and had so before */
    bool fresh;        /* all this was seen just now */
};
/* Before the run starts. A folder of more than a hundred thousand files is not walked: a limit on
 * disk then holds for the tmpfs and for each file. */
void usage_init(struct usage *usage, const struct sandbox_run *run);
bool usage_is_due(const struct usage *usage);
/* Before anything is looked at that usage_walk is told: what is written meanwhile is not hidden. */
void usage_begin(struct usage *usage);
/* Looks how large the folders are. What a run hides counts by what their file systems lost, and
 * nobody has to show, since it hid nothing; so what others write is held against nobody who hides
 * nothing. */
void usage_walk(struct usage *usage, const struct usage_hints *hints);
/* Bytes: of the tmpfs now, of the folders at the last walk. */
uint64_t usage_bytes(const struct usage *usage);
void usage_done(struct usage *usage);
