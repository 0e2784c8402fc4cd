/* chain - what was reviewed is what was tested is what will run: the links that an approval names
 * belong together, now.
 *
 * An approval shows that a person meant these digests. That the commit has that tree, that the
 * report is of that build and that the gate passes that report nobody has signed: it is found out
 * again from the documents, whatever the candidate's row says. A journal that does not hold
 * promotes nothing. */
#pragma once

#include "promote/driver.h"

/* ERR_VERIFY names the link that does not fit; ERR_STATE: it was made for another generation, or
 * was not gated; ERR_DENIED: the gate does not pass it. */
int chain_check(struct driver *driver, const struct candidate *candidate, struct err *err);
