/* candidate - one proposed change of the harness, and what is known of it at its stage.
 *
 * The row in the journal is the only place where a stage stands. A move is checked by the stage
 * table, then made by compare-and-swap; the audit record of the move holds the whole row, so what
 * each stage rested on stays readable. Every document is named by its digest. */
#pragma once

#include "base/arena.h"
#include "promote/stage.h"
#include "wire/journal.h"

struct candidate {
    struct str id; /* hex: SHA-256 of its proposal */
    enum stage stage;
    struct str cluster, plugin, path, proposer;
    struct str parent, commit; /* git ids, hex; commit empty before it is patched */
    struct str why;            /* of a side stage: one line in moult's own words */
    struct digest batch, proposal, patch, source, tree;
    struct digest build, build_before; /* build_before: of the active plugin at its parent */
    struct digest report, verdict, policy, approval;
    struct digest mandate, confirmation; /* in place of an approval */
    struct digest corpus; /* of an approved one: the regression corpus as it will be */
    struct digest provenance, test_result; /* statements */
    struct digest from;        /* id of the archived candidate whose source it started from */
    struct digest ablation;    /* what the fix is made of */
    struct digest diagnostics; /* what a compiler or the source gate said, if it refused */
    uint32_t made_s; /* since 1970: the time that its commit carries, so that it is made again the
                        same */
};

/* The row's body: every member but id and stage. */
void candidate_print(struct buf *out, const struct candidate *candidate);
int candidate_read(struct candidate *ret, const struct journal_candidate *row, struct arena *arena,
    struct err *err);

/* All candidates, in the order in which they were made. */
int candidate_list(struct journal *journal, struct arena *arena, struct candidate **ret,
    uint32_t *ret_count, struct err *err);
/* By the first digits (at least 6) of its id. ERR_MISSING, or ERR_STATE when several begin so. */
int candidate_find(struct journal *journal, struct arena *arena, struct str prefix,
    struct candidate *ret, struct err *err);

/* A new row at stage `proposed`. One that is there already is left as it is and read: 0 new, 1
 * known. */
int candidate_add(
    struct journal *journal, struct arena *arena, struct candidate *candidate, struct err *err);
/* Fills *move for journal_admit; body is the buffer that the move's body lives in. */
int candidate_move_to(struct journal_move *move, struct buf *body,
    const struct candidate *candidate, enum stage_event event, struct err *err);
/* Checks the move by the stage table and makes it with the row as it stands; candidate->stage
 * follows. ERR_STATE: no such move, or somebody else moved it. */
int candidate_move(
    struct journal *journal, struct candidate *candidate, enum stage_event event, struct err *err);
/* The same to `rejected` (or `superseded`), with the reason. */
int candidate_end(struct journal *journal, struct arena *arena, struct candidate *candidate,
    enum stage_event event, const char *why, struct err *err);
