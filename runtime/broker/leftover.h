/* leftover - what a turn that ended early has left open: calls without a result, which no provider
 * takes. The next turn of the session begins with their results, and these say what is known. */
#pragma once

#include "broker/engine.h"

/* Rows of `turn`, in an open group of writes. */
int leftover_close(struct session *session, uint64_t turn, struct err *err);
