/* audit - does the journal still say what was decided?
 *
 * The chain shows a record that was changed. The rows that a decision wrote stand beside it, in
 * tables that change; whoever edits the file edits those. So each row is held against the last
 * record that speaks of it, and each record that has a row against what is there. */
#pragma once

#include "wire/journal.h"

struct audit {
    uint64_t records, checkpoints;
    struct digest head;
};
/* ERR_VERIFY: something does not hold, and the text names the first such record, checkpoint or row;
 * *ret is set in that case too, as far as it was read. ERR_STATE: others write all the time. Any
 * role that reads the chain. */
int audit_check(
    struct journal *journal, const struct home *home, struct audit *ret, struct err *err);
