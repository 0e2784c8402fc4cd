/* builds - the shared objects of a folder, sealed: a generation to replay. */
#pragma once

#include "trials/replay.h"

/* A zeroed struct is valid and empty. */
struct builds {
    struct replay_build *list;
    unsigned count;
};
/* Every NAME.so of the folder, one a plugin, the pipeline among them, in the order of their names.
 * ERR_MISSING: there is none. */
int builds_read(struct builds *ret, const char *folder, struct err *err);
/* Puts the object at `path` in the place of the build of its name (path's last part without .so),
 * or beside the others. */
int builds_put(struct builds *builds, const char *path, struct err *err);
void builds_done(struct builds *builds);
