/* compose - a patch of what another patch left, joined with that one: both as one list of edits of
 * the source that was there first. A pure function of two lists. */
#pragma once

#include "propose/target.h"

enum { COMPOSE_EDITS_MAX = 12 };

/* first: of a source of `size` bytes; second: of what comes of that. Both in the order of their
 * places, as the result is. Edits that touch become one, so the result is apart, too. Texts of the
 * result are in the arena. Returns how many. ERR_INPUT: an edit reaches outside its source, or
 * stands before the one in front of it. ERR_LIMIT: more edits than COMPOSE_EDITS_MAX. */
struct compose_list {
    const struct target_edit *at;
    uint32_t count;
};
int compose_edits(struct target_edit ret[COMPOSE_EDITS_MAX], struct arena *arena, uint32_t size,
    struct compose_list first, struct compose_list second, struct err *err);
