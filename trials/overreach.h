/* overreach - a detector's made cases as runs of one step each: nothing may change there. */
#pragma once

#include "trials/detect.h"

/* The cases that stand in the detector's row, in the arena; session is "DETECTOR overreach N" by
 * the first of the table with these cases, group the same, origin "overreach", meta.why what the
 * case is about. 0 and none for a detector without any. */
int overreach_runs(const struct detector *detector, struct arena *arena, struct run ***ret,
    unsigned *ret_count, struct err *err);
