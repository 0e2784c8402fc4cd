/* generation - an immutable set of builds, as a document: what runs, and what each part was made
 * from. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"

struct generation_build {
    struct str name, path;
    struct digest source, build;
};
struct generation {
    uint32_t number;
    struct str commit, pipeline; /* pipeline: the build's name that says the order */
    struct digest tree;
    struct generation_build *builds;
    uint32_t builds_count;
};
/* JSON, schema 1. */
void generation_print(struct buf *out, const struct generation *generation);
/* Strings are in the arena or in text. ERR_INPUT names the path. */
int generation_read(struct generation *ret, struct str text, struct arena *arena, struct err *err);
struct generation_build *generation_find(const struct generation *generation, struct str name);
