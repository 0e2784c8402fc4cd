/* resize - the same run with longer lists: each list of words or numbers that a model wrote has one
 * more. A patch that counts on two items, where it should go by the schema, mends nothing there. */
#pragma once

#include "trials/run.h"

/* In the arena, and slices of run. NULL: no model wrote such a list. */
int run_resize(struct run **ret, const struct run *run, struct arena *arena, struct err *err);
