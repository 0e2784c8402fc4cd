/* beneath - files of one folder, by paths that a model wrote: never one outside of it.
 *
 * Each part of a path is opened by itself and no link is followed by the kernel: a link is read,
 * and its text is walked in the same way. ".." goes back to a folder that was come through, so what
 * others rename meanwhile leads nowhere else. openat2 would do this in one call, but a filter of
 * system calls cannot see the mode that it is given, so the sandbox of tools does without it. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <limits.h>
#include <stdbool.h>

struct beneath {             /* a place: `name` in `folder`; there may be nothing yet */
    int folder;              /* O_PATH; the caller closes it: beneath_done */
    char name[NAME_MAX + 1]; /* "." is the folder itself */
};
void beneath_done(struct beneath *place);

/* root: an open folder. path is relative to it; make: folders on the way are made. What stands at
 * the place is no link (at the time of looking). ERR_DENIED: it would lead out; ERR_MISSING;
 * ERR_LIMIT: too long, too deep, too many links. */
int beneath_find(struct beneath *ret, int root, struct str path, bool make, struct err *err);
/* Opens what is there, without waiting (a named pipe does not hang) and without following.
 * flags: of open(2), nothing that creates. */
int beneath_open(int root, struct str path, int flags, struct err *err);
