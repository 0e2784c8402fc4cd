/* rename - the same run with other names for its tools and for their fields, in another order. A
 * patch that goes by a name, where it should go by the schema, mends nothing there. */
#pragma once

#include "trials/run.h"

/* In the arena, and slices of run. NULL: there is no tool, or none whose name could be another. */
int run_rename(struct run **ret, const struct run *run, struct arena *arena, struct err *err);
