/* cover - which marks of a trial build ran, told by session.
 *
 * Builds have one set of marks and a worker has many sessions, so marks are taken over when a
 * message of a session has been handled, and go out with the END of its turn. */
#pragma once

#include "worker/turn.h"

/* Takes over what ran since the last message. Without a build that has marks: nothing. */
void cover_note(struct session *session);
/* The bits up to now, what runs now included; a slice of the session. Empty: there is no such
 * build. */
struct str cover_list(struct session *session);
void cover_forget(struct session *session);
