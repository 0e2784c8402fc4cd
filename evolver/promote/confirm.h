/* confirm - what the gate says of a candidate on groups that nobody had seen when it was made.
 *
 * A person who approves has looked; where nobody does, the numbers must carry more
 * (docs/reference/statistics.md, tier auto). So a candidate that the gate passed gets one more
 * look, at held-out groups first seen after it was made and after every earlier confirmation. They
 * are a shard that ends with its first pass. Only what happened here counts: conversations that
 * were brought from outside are left out. The look stands in the ledger before the first of the
 * groups is read, and is not made at all before there are enough of them for a perfect result to
 * pass. */
#pragma once

#include "admission/mandate.h"
#include "promote/advance.h"

struct confirm_seen { /* what there is, and what a look would want */
    uint32_t groups, groups_wanted, failing, failing_wanted;
};
enum confirm_end {
    CONFIRM_GOOD,   /* *ret_envelope is signed */
    CONFIRM_WAITS,  /* not enough fresh groups: *ret_seen */
    CONFIRM_LOOKED, /* it had its look, and did not pass */
    CONFIRM_CLAIMS, /* its batch has no case that happened here: nothing can confirm it */
    CONFIRM_COULD,  /* of confirm_ask: there are enough fresh groups for a look */
    CONFIRM_ENDS
};
/* candidate->confirmation is not changed. ret_document: of kind "confirmation", in the journal. */
int confirm_run(enum confirm_end *ret, struct confirm_seen *ret_seen, struct digest *ret_document,
    const struct advance *advance, struct candidate *candidate, const struct digest *mandate,
    struct err *err);
/* What confirm_run would come to, without any look: nothing is written. */
int confirm_ask(enum confirm_end *ret, struct confirm_seen *ret_seen, const struct advance *advance,
    struct candidate *candidate, const struct digest *mandate, struct err *err);
/* The policy of tier auto: this one, and at least as strict as that tier. */
struct policy confirm_policy(struct policy policy);
