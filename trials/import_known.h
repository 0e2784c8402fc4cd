/* import_known - which sessions the journal has, by what their logs say and not by what the files
 * are called.
 *
 * A log that was renamed, copied or moved is the same log: a session is known when another has the
 * same content, whatever origin and group its file gave it. And a session log grows while its agent
 * works. Imported again it would be another session, with all that the first has: so it is told
 * apart by the name that its source gave it, and taken only when the person says so. */
#pragma once

#include "wire/journal.h"

enum known_as { KNOWN_NOT, KNOWN_SAME, KNOWN_GROWN };
struct known;
struct import_format;
/* Reads the journal's list once. */
int known_open(struct known **ret, const struct home *home, struct err *err);
void known_free(struct known *known);
/* KNOWN_SAME: the same content is there. KNOWN_GROWN: only the same format and `session` of its
 * meta, where it has named ones. What is taken, because it is not known or because newer ones are,
 * is known from then on. */
enum known_as known_take(struct known *known, const struct journal_session *session,
    const struct import_format *format, bool newer);
