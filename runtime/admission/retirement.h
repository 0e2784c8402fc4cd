/* retirement - a reviewer's signed word that the gate need not ask for something any more: a case
 * that was taken in, or a recorded run of the regression corpus.
 *
 * Nothing else makes the gate ask for less. A promotion, a mandate, a file that is gone: none of
 * them takes anything out. It is a document of the journal, and one that does not hold takes
 * nothing out either. */
#pragma once

#include "admission/reviewers.h"

enum { RETIREMENT_WHY_MAX = 500 };
struct retirement {
    struct digest what; /* the row that took the case in, or the id of the session */
    bool session;
    uint64_t at_ms;
    bool unattended; /* nobody was at a terminal */
    char why[RETIREMENT_WHY_MAX + 1];
    char by[REVIEWER_NAME_MAX + 1]; /* filled by retirement_open */
};
/* The signed envelope. */
void retirement_sign(struct buf *out, const struct retirement *retirement, const struct home *home,
    const struct sign_key *key);
/* at_ms: when the journal took it; who signed was a reviewer then (as reviewers_find_in has it, of
 * `list`). ERR_DENIED otherwise; ERR_VERIFY: it does not hold, or is of another home. */
int retirement_open(struct retirement *ret, struct str envelope, const struct home *home,
    const struct reviewers *reviewers, uint64_t list, uint64_t at_ms, struct err *err);
