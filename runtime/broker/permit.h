/* permit - which role may ask what of the journal. One table; what is not in it is refused. */
#pragma once

#include "wire/journal_op.h"

/* 0, or -ERR_DENIED with the role and the operation in words. */
int permit_check(enum journal_role role, enum journal_op op, struct err *err);
/* May this role ask the running service that? -ERR_DENIED, or -ERR_MISSING: there is no such verb.
 */
int permit_verb(enum journal_role role, struct str verb, struct err *err);
/* What decides who may see a session. */
struct permit_seen {
    uint8_t split; /* enum split of trials, or JOURNAL_NO_SPLIT: not decided yet */
    bool sealed, open;
};
/* May this role see in lists that it is there; and find it by its name? */
bool permit_sees(enum journal_role role, struct permit_seen seen);
bool permit_finds(enum journal_role role, struct permit_seen seen);
/* Is what it reads shown to people? Then the group is held-in from there on. */
bool permit_shows(enum journal_role role);
/* May it read what was said? -ERR_DENIED, -ERR_STATE: it is sealed. */
int permit_reading(enum journal_role role, struct permit_seen seen, struct err *err);
/* May this role write documents of that kind? */
bool permit_writes(enum journal_role role, struct str kind);
bool permit_reads(enum journal_role role, struct str kind);
