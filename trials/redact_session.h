/* redact_session - a session as it may leave the home. */
#pragma once

#include "base/arena.h"
#include "wire/journal.h"

/* What leaves the home is cut as what comes in is, by its configuration and its key: a live session
 * has been cut by nobody. Slices of the session are changed, their bytes not. */
int redact_session(
    struct journal_session *session, const struct home *home, struct arena *arena, struct err *err);
