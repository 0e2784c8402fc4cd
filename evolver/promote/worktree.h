/* worktree - the harness as files for a program that is not trusted, and what it made of them.
 *
 * No repository: what counts is the bytes of the files that were there, read again when every
 * process of the program has ended. So commits, hooks and attributes of a tree mean nothing, and
 * there is no place for them: whatever else stands in the tree is a reason to refuse all of it. */
#pragma once

#include "promote/harness.h"

enum {
    WORKTREE_FILE_MAX = 64 << 10, /* bytes, as of an edit (proposal.h) */
    WORKTREE_ENTRIES_MAX = 1024
};

/* Each source at its path below folder (there, empty), for anybody to change: the folder itself is
 * what keeps others out. */
int worktree_write(const char *folder, const struct harness *harness, struct err *err);

struct worktree_change {
    const struct harness_source *source; /* NULL: nothing was changed */
    struct buf text;                     /* what it holds now */
};
void worktree_change_done(struct worktree_change *change);
/* The one source that is not as it was. ERR_DENIED says in words what else there is: a file that
 * was not there or is not any more, a link, a program, a repository, too much; or more than one
 * change. Other errors are the machine's. */
int worktree_read(struct worktree_change *ret, const char *folder, const struct harness *harness,
    struct err *err);
