/* evidence - the runs of one case, or of one group, as a document of the journal.
 *
 * Runs may be thousands and conversations long, and a document has a bound: conversations and rows
 * of requests are kept while there is room, then what came of each run, then their number. */
#pragma once

#include "trials/live/run.h"

struct live_evidence { /* zeroed: empty */
    struct buf runs;
    uint32_t left_out;
};
/* arm: "old", "new", or NULL: there is only one. */
void live_evidence_add(struct live_evidence *evidence, const struct live_run *run,
    const struct trial_case *of, const char *arm, uint32_t repeat);
/* comparison: the document of its plan, or NULL. Empties it. */
int live_evidence_put(struct live_evidence *evidence, struct journal *journal,
    const struct digest *comparison, struct digest *ret, struct err *err);
void live_evidence_done(struct live_evidence *evidence);
