/* decide - the requests in which something is decided, from their bytes to the store. */
#pragma once

#include "broker/store.h"

/* One request (OP_MOVE_CANDIDATES and those behind it), in the open transaction: the caller commits
 * it when this returns 0, and rolls it back otherwise. The role was checked. */
int decide(struct store *store, enum journal_op op, struct unpack *in, struct arena *arena,
    struct buf *out, struct err *err);
