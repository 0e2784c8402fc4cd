/* permit - which role may ask what of the journal. One table; what is not in it is refused. */
#pragma once

#include "wire/journal_op.h"

/* 0, or -ERR_DENIED with the role and the operation in words. */
int permit_check(enum journal_role role, enum journal_op op, struct err *err);
/* May this role ask the running service that? -ERR_DENIED, or -ERR_MISSING: there is no such verb.
 */
int permit_verb(enum journal_role role, struct str verb, struct err *err);
/* May this role see sessions of that split (JOURNAL_NO_SPLIT: not decided yet)? */
bool permit_sees(enum journal_role role, uint8_t split);
/* May this role write documents of that kind? */
bool permit_writes(enum journal_role role, struct str kind);
bool permit_reads(enum journal_role role, struct str kind);
