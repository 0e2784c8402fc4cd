/* bounds - how much work a patch may leave behind: functions that are long, branch often or nest
 * deeply, functions that come back to themselves, loops without an end that can be read off.
 *
 * A reviewer has to be able to say that a hook ends, from its text. What cannot be read is refused
 * with the reason. What the source before had already, and no worse, is not the patch's: an
 * operator's own loop keeps no repair out. A bound says that a hook ends, not that it is fast: the
 * worker's deadline is for that. */
#pragma once

#include "patch/rules.h"

enum bounds_tier {
    BOUNDS_USUAL,
    BOUNDS_STRICT, /* of a plugin that the policy names */
    BOUNDS_TIERS
};
struct bounds_budget {
    uint32_t lines, edits, bytes;                       /* of a patch; bytes are those put in */
    uint32_t function_lines, branches, nesting, rounds; /* of a function that it touches */
};
extern const struct bounds_budget bounds_budgets[BOUNDS_TIERS];

void bounds_check(struct findings *findings, const struct syntax *was, const struct syntax *now,
    enum bounds_tier tier);
