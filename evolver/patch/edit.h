/* edit - a change of a source as bytes, which both the driver and the patcher speak of. */
#pragma once

#include "base/str.h"

/* The bytes [from, to) of the old source become text. Edits of one patch are in ascending order and
 * do not overlap; two may touch only if neither is empty at that place. */
struct patch_edit {
    uint32_t from, to;
    struct str text;
};
enum { PATCH_EDITS_MAX = 32, PATCH_LINES_MAX = 400 };
