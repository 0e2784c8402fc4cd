/* dropping - proposals that are no candidates: they change nothing, they are one that was judged,
 * or nothing of them runs.
 *
 * What is dropped costs one reading, and for code that never runs one build with marks over the
 * evidence; it costs no look at held-out groups, no clean build, and nobody's time. Why stands in
 * the result of the round. What is refused by the source gate is not dropped: it becomes a
 * candidate, whose refusal the next proposer sees. */
#pragma once

#include "promote/driver.h"
#include "promote/evidence.h"
#include "promote/proposal.h"

struct dropping {
    struct driver *driver;
    const struct evidence *evidence; /* NULL: what never runs is not looked for */
    const struct digest *batch;
    unsigned workers;
    /* By somebody who says what for, and not by a round: what was taken back, quarantined, or
     * rejected without a look may be tried again. A person may also try again what passed its
     * look and was rejected by somebody, and a removal whatever its look said: each pays. */
    bool by_word, by_person;
};
extern const char dropping_never_runs[]; /* one of the reasons */
/* *ret: "duplicate of ID", "changes nothing", ..., in the driver's arena; NULL: it is kept. */
int dropping_look(const char **ret, const struct dropping *dropping,
    const struct proposal *proposal, struct err *err);
