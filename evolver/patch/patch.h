/* patch - what a patch may change, and what it changes as syntax nodes.
 *
 * Only declared plugin files change; each edit takes whole nodes out and puts whole nodes in, so
 * that a change can be shown and described as what it is to the compiler; and it is small. */
#pragma once

#include "patch/bounds.h"
#include "patch/diff.h"
#include "patch/edit.h"
#include "patch/rules.h"

struct patch {
    struct str path;
    const struct syntax *was, *now;
    const struct patch_edit *edits; /* NULL: taken from the two trees */
    uint32_t count;
    uint32_t lines_max; /* 0: as the tier has it */
    enum bounds_tier tier;
};

/* "plugins/NAME/NAME.c", NAME in small letters, digits and _, or "pipeline/order.c". */
bool patch_may_change(struct str path);
/* The source with the edits made; false: they are not in ascending order, apart and within it. */
bool patch_apply(struct buf *out, struct str old, const struct patch_edit *edits, uint32_t count);
/* Adds findings; to kinds a line an edit, "12: puts in if_statement, in compound_statement". diff
 * is that of the two trees. Returns the number of changed lines. */
uint32_t patch_check(struct findings *findings, const struct patch *patch, const struct diff *diff,
    struct buf *kinds);
