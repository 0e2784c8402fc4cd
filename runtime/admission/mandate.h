/* mandate - what a reviewer lets this home admit without asking: which plugins, how many times,
 * until when, under which policy of the gate.
 *
 * It is a signed statement, as an approval is, and stands in the journal as a document. It says
 * nothing of a candidate: what one has to be like to be admitted under it is a table (may_admit.h),
 * which is read before the admission and again whenever the generation is loaded.
 *
 * A confirmation is the home's own signed word, one a candidate: what the gate found on groups that
 * nobody had seen when the candidate was made. A mandate without one admits nothing. */
#pragma once

#include "admission/reviewers.h"
#include "base/json.h"

enum {
    MANDATE_PLUGINS_MAX = 16,
    MANDATE_NAME_MAX = 64,
    MANDATE_DAYS_MAX = 90,
    MANDATE_ADMISSIONS_MAX = 20
};

struct mandate {
    struct digest id; /* of the envelope */
    struct digest policy;
    struct digest admission_before; /* the last one when it was given */
    char plugins[MANDATE_PLUGINS_MAX][MANDATE_NAME_MAX + 1];
    uint32_t plugins_count, admissions;
    uint64_t from_ms, expires_ms;
    bool unattended;                /* nobody was at a terminal when it was given */
    char by[REVIEWER_NAME_MAX + 1]; /* filled by mandate_open */
};
/* The signed envelope. */
void mandate_sign(struct buf *out, const struct mandate *mandate, const struct home *home,
    const struct sign_key *key);
/* Who signed it is in the list, and was not revoked in the one of number `list`, at at_ms (as
 * reviewers_find_in has it; 0 and 0: whether revoked or not). ERR_DENIED otherwise; ERR_VERIFY: it
 * does not hold, or is of another home; ERR_INPUT: it is out of bounds. */
int mandate_open(struct mandate *ret, struct str envelope, const struct home *home,
    const struct reviewers *reviewers, uint64_t list, uint64_t at_ms, struct err *err);
bool mandate_names(const struct mandate *mandate, struct str plugin);

struct confirmation {
    struct digest candidate, batch, build, report, policy; /* the candidate's own links */
    struct digest mandate;
    struct digest fresh, verdict; /* report over groups first seen after it, and what the gate says
                                     of that */
    struct digest admission_before;
    uint32_t shard, look; /* the shard's number under this mandate, and the look at it, from 1 */
    uint32_t groups, worse, failing, fixed; /* of the fresh ones */
    double level;                           /* that the look could spend */
    bool claims, waived; /* a report rests on claims, or on a sandbox with a layer less */
    uint64_t at_ms;
};
/* key: the home's own. */
void confirmation_sign(struct buf *out, const struct confirmation *confirmation,
    const struct home *home, const struct sign_key *key);
/* ERR_VERIFY: not signed by the home, or for another one. */
int confirmation_open(
    struct confirmation *ret, struct str envelope, const struct home *home, struct err *err);
/* The same links: ERR_VERIFY names the one that is another. */
int confirmation_links(
    const struct confirmation *have, const struct confirmation *want, struct err *err);
