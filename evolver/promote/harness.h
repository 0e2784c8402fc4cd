/* harness - the sources of one commit, and what they become.
 *
 * A harness has plugins, plugins/NAME/NAME.c, and one pipeline, pipeline/order.c. Each is one
 * translation unit and one build. Other files of the commit (a page for people) are part of the
 * tree's digest and of nothing else. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "promote/lineage.h"

#define HARNESS_PIPELINE "order"
enum { HARNESS_SOURCES_MAX = 64, HARNESS_NAME_MAX = 63 };

struct harness_source {
    struct str name, path, text;
};
struct harness {
    struct harness_source at[HARNESS_SOURCES_MAX]; /* in tree order: the same for the same tree */
    uint32_t count;
    struct digest tree; /* over path and content of every file */
};
/* Texts are in the arena. ERR_INPUT when there is no pipeline or a name is not one. */
int harness_read(struct harness *ret, struct lineage *lineage, const struct lineage_id *commit,
    struct arena *arena, struct err *err);
const struct harness_source *harness_find(const struct harness *harness, struct str name);
/* The path that a plugin of that name has, in the arena; ERR_INPUT for what is no name. */
int harness_path(struct str *ret, struct str name, struct arena *arena, struct err *err);
