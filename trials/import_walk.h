/* import_walk - the files that a path on the command line stands for.
 *
 * A file stands for itself, a folder for what is below it and looks like a log (.json, .jsonl,
 * .traj, also .gz), in the order of the names. Links below it are not followed: a folder of logs is
 * often somebody else's. */
#pragma once

#include "base/err.h"

/* A negative answer of `each` ends the walk. */
int import_walk(const char *path, int (*each)(void *with, const char *file, struct err *err),
    void *with, struct err *err);
