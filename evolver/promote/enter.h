/* enter - how a proposal becomes a candidate, whoever made it. */
#pragma once

#include "promote/driver.h"
#include "promote/proposal.h"

/* Keeps the proposal and makes the row: its id is the digest of proposal, parent and batch, so the
 * same proposal for the same harness and evidence is the same candidate. batch: zero where nothing
 * mined speaks for it. proposer: who made it, whatever it says of itself. 0 new, 1 known already
 * (then *ret is as it stands). */
int enter(struct candidate *ret, struct driver *driver, const struct proposal *proposal,
    const char *proposer, const struct digest *batch, const struct digest *from, struct err *err);
/* The id that it has, or would have. */
struct str enter_id(
    struct driver *driver, const struct proposal *proposal, const struct digest *batch);
/* The batch of a cluster; ERR_MISSING, ERR_STATE when it has none. */
int enter_batch(struct digest *ret, struct driver *driver, struct str cluster, struct err *err);
