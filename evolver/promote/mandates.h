/* mandates - the mandates of a home as they stand now: each with what it lets, and why it lets
 * nothing any more. */
#pragma once

#include "admission/may_admit.h"
#include "promote/driver.h"

enum mandate_state {
    MANDATE_IN_FORCE,
    MANDATE_EXPIRED,
    MANDATE_REVOKED,
    MANDATE_USED_UP,
    MANDATE_POLICY_CHANGED, /* the gate judges by other rules than when it was given */
    MANDATE_REVIEWER_GONE,  /* who gave it is no reviewer any more */
    MANDATE_FORGED,         /* no reviewer of this home ever gave it, or it is for another home */
    MANDATE_STATES
};
extern const char *const mandate_state_words[MANDATE_STATES];

struct mandate_row {
    struct digest id;
    struct mandate mandate; /* of a forged one: empty */
    enum mandate_state state;
    uint32_t used;
    uint64_t ended_ms;
    struct str ended_why;
};
struct mandates {
    struct mandate_row *at; /* in the order in which they came */
    uint32_t count;
    struct reviewers *reviewers;
    struct digest policy; /* that the gate has now */
};
/* Lives in the driver's arena. */
int mandates_read(struct mandates *ret, struct driver *driver, struct err *err);
/* By the first digits (at least 6) of its id. ERR_MISSING, ERR_STATE when several begin so. */
int mandates_find(const struct mandate_row **ret, const struct mandates *mandates,
    struct str prefix, struct err *err);
/* What the admissions say of it, for that plugin. */
struct mandate_past mandates_past(
    const struct driver *driver, const struct digest *mandate, struct str plugin);

/* What the table of may_admit.h is asked of a candidate, now; its mandate, what became of it and
 * the confirmation are for the caller to fill. */
int mandates_asked(struct may_admit *ret, const struct mandates *mandates,
    const struct driver *driver, const struct candidate *candidate, struct err *err);
/* May it be admitted under its mandate, now? As the broker will ask when it is loaded. */
int mandates_check(
    struct mandate *ret, struct driver *driver, const struct candidate *candidate, struct err *err);

/* Keeps a signed one, once it holds. Refuses what no mandate can give: ERR_DENIED names the plugin.
 */
int mandates_give(struct mandate *ret, struct driver *driver, struct str envelope, struct err *err);
/* Ends it. why: one line. */
int mandates_end(
    struct driver *driver, const struct mandate_row *row, const char *why, struct err *err);
