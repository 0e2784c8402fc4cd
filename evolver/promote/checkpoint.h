/* checkpoint - the home's signature under the audit chain as it stood at a record.
 *
 * The chain alone shows that no record was changed behind another; whoever can write the file could
 * still compute the whole chain anew, or cut its end off. A checkpoint ends that for everything up
 * to its record, as long as the key is not his; a copy of it elsewhere (moult audit export) shows
 * also that the newest ones were not taken away. */
#pragma once

#include "base/sign.h"
#include "wire/journal.h"

/* Reads the chain behind the newest checkpoint (all of it, if that one is not signed by this home),
 * and only if it holds signs its head with the home's own key and journals that (role DRIVE). What
 * stands before it is read whole by each promotion (chain.h) and by moult audit verify. ERR_VERIFY:
 * the chain does not hold; ERR_STATE: there is no record yet. */
int checkpoint_make(struct journal *journal, const struct home *home, struct err *err);
/* The key to check with: the public half of the home's own. */
int checkpoint_key(const struct home *home, struct sign_public *ret, struct err *err);
/* ERR_VERIFY: not signed by that key, or its statement is of another home, record or head. */
int checkpoint_check(const struct journal_checkpoint *checkpoint, const struct home *home,
    const struct sign_public *key, struct err *err);
