/* claim - what an approved candidate does beside its parent on groups that nobody has seen: not the
 * one who made it, nor the gate, nor who approved it.
 *
 * The gate's held-out groups answer one bit a candidate and are asked again and again; a shard of
 * the sealed split is opened once, for one candidate, when nothing hangs on it any more. It is a
 * report to people: no stage moves by it. */
#pragma once

#include "base/sign.h"
#include "promote/driver.h"

struct claim { /* a document of kind "claim", JSON, schema 1 */
    struct str candidate, parent, detector;
    uint32_t shard, sessions, left_out;   /* left_out: could not be read as runs, or had no room */
    uint32_t groups, worse;               /* of the shard; where the candidate does worse */
    uint32_t failing, fixed;              /* groups with the failure; mended by it */
    double worse_at_most, fixed_at_least; /* bounds at level */
    double level;
    bool claims; /* rests on what clients or imports brought */
};
void claim_print(struct buf *out, const struct claim *claim);
int claim_read(struct claim *ret, struct str text, struct arena *arena, struct err *err);

/* Opens a shard with the reviewer's key, replays, and puts the claim into the journal. After a kill
 * the same candidate goes on with the same shard. ERR_STATE: it has its claim (claim_find);
 * ERR_DENIED, ERR_MISSING: as journal_open_shard. */
int claim_make(struct claim *ret, struct driver *driver, const struct candidate *candidate,
    const struct sign_key *reviewer, struct err *err);
/* The claim that the candidate has: 1 found, 0 none. */
int claim_find(
    struct claim *ret, struct driver *driver, const struct candidate *candidate, struct err *err);
