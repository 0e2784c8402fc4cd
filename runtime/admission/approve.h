/* approve - a person's decision, over digests. It names every link of the chain that it rests on,
 * so it dies with any change of them; and the home and the admission before, so it cannot be used
 * twice. */
#pragma once

#include "admission/reviewers.h"
#include "base/json.h"

struct approval {
    struct digest candidate, batch, patch, tree, build, report, policy; /* what was reviewed */
    struct digest admission_before;
    struct digest corpus; /* the regression corpus as it will be: what the promotion adds */
    uint64_t at_ms, expires_ms;
    bool bare;       /* filled on reading: of an earlier version, it names no corpus */
    bool unattended; /* nobody looked: a demo or a test; shown wherever the approval is */
    char by[REVIEWER_NAME_MAX + 1]; /* filled by approval_check */
};

/* The signed envelope. */
void approval_sign(struct buf *out, const struct approval *approval, const struct home *home,
    const struct sign_key *key);
/* Holds only if a reviewer who is not revoked signed exactly these digests for this home, and it
 * has not expired at now_ms. `want` gives the digests; *ret what the envelope says. ERR_VERIFY,
 * ERR_DENIED name the link that does not hold. */
int approval_check(struct approval *ret, struct str envelope, const struct approval *want,
    const struct home *home, const struct reviewers *reviewers, uint64_t now_ms, struct err *err);
/* The same for the approval of an admission, at the time of that and by the list of reviewers that
 * it rested on: the patch, which no admission names, is whatever was signed. */
int approval_held(struct approval *ret, struct str envelope, const struct approval *want,
    const struct home *home, const struct reviewers *reviewers, uint64_t list, uint64_t at_ms,
    struct err *err);
/* Fills the links that a candidate's row names; those that it does not stay as they are. */
int approval_links_of(
    struct approval *ret, const struct json *row, struct arena *arena, struct err *err);
