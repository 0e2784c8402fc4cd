/* import_known - which sessions the journal has by the names that their sources gave them.
 *
 * A session log grows while its agent works. Imported again it would be another session, with all
 * that the first has: so it is told apart by its name, and taken only when the person says so. */
#pragma once

#include "wire/journal.h"

enum known_as { KNOWN_NOT, KNOWN_SAME, KNOWN_GROWN };
struct known;
/* Reads the journal's list once. */
int known_open(struct known **ret, const struct home *home, struct err *err);
void known_free(struct known *known);
/* By format and the `session` of its meta; one without that is never known. What is taken, because
 * it is not known or because newer ones are, is known from then on. */
enum known_as known_take(struct known *known, const struct journal_session *session, bool newer);
