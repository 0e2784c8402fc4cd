/* arms - two harnesses on one group of cases, side by side, as often as the plan says.
 *
 * A provider changes by the hour, so the arms take turns run by run, and which of the two is first
 * is drawn by a keyed hash for each: nobody can arrange what the other one meets. */
#pragma once

#include "trials/sequential.h"

enum arms_end { ARMS_PASSED, ARMS_FAILED, ARMS_MISSING };
/* One run of case `of` of the group. Returns enum arms_end; a negated ERR_ code ends the group,
 * which has then not been. */
typedef int (*arms_run)(void *with, uint32_t of, bool new, uint32_t repeat, struct err *err);

bool arms_new_first(const struct sequential_plan *plan, const struct digest *of, uint32_t repeat);
/* Fills what the runs give: cases, lost, old, new. cases: the digests, each once. */
int arms_group(struct sequential_group *ret, const struct sequential_plan *plan,
    const struct digest *cases, uint32_t count, arms_run run, void *with, struct err *err);
