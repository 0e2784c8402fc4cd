/* builds - the shared objects of a folder, sealed: a generation to replay. */
#pragma once

#include "trials/replay.h"
#include "wire/journal.h"

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
int builds_add(struct builds *builds, const char *path, struct err *err);
/* The same from bytes. */
int builds_add_image(struct builds *builds, const char *name, struct str image, struct err *err);
/* The builds of an admitted generation, out of the home's store. */
#define BUILDS_ACTIVE UINT64_MAX
int builds_generation(struct builds *ret, struct journal *journal, const struct home *home,
    uint64_t number, struct err *err);
/* The same by its digest, whether it was admitted or not. */
int builds_named(struct builds *ret, struct journal *journal, const struct home *home,
    const struct digest *generation, struct err *err);
/* Puts a candidate's build, named by the first digits of its id, in the place of its plugin's. */
int builds_candidate(struct builds *builds, struct journal *journal, const struct home *home,
    struct str digits, struct err *err);
void builds_done(struct builds *builds);
