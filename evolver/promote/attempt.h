/* attempt - one proposer on one cluster: evidence in, proposals out, each taken as far as it gets.
 *
 * The evidence is read in the journal's role for proposers, which keeps back what is not held-in.
 * Proposals are tried in the order in which they were handed in, and the first that waits for a
 * person ends the attempt: each look at the held-out groups costs the next ones. */
#pragma once

#include "promote/advance.h"
#include "promote/proposing.h"

struct attempt_plan {
    struct driver *driver;
    struct str cluster;
    struct digest batch;
    struct advance advance;     /* how far, and who is told */
    const char *const *without; /* verbs taken out of the vocabulary */
    unsigned without_count;
    const struct config_proposer *command, *model; /* both NULL: search */
    const struct candidate *from; /* of the archive: its source stands for the active one */
    struct str name;              /* of the proposer, as moult.json has it */
    uint32_t groups;              /* failing held-in ones, for the attempt's row */
    uint32_t candidates;          /* it may judge; 0: as many as it comes to */
    uint32_t seconds;             /* of the proposer; of one with its own number, at most that */
    bool stock;                   /* stock plugins may be copied from, whatever moult.json says */
    bool ablate; /* say of a fix what it is made of: the proposer runs again, often */
    uint64_t seed;
};
/* A proposal that became no candidate (dropping.h). */
struct attempt_dropped {
    struct str plugin;
    const char *why;
};
struct attempt {
    struct candidate candidates[PROPOSER_CANDIDATES_MAX]; /* made or found again */
    unsigned count;
    struct proposing_result proposing;
    struct attempt_dropped dropped[PROPOSER_CANDIDATES_MAX];
    unsigned dropped_count;
    const char *not_tried; /* why no proposer was started; NULL: one was */
};
void attempt_done(struct attempt *attempt);
int attempt_run(struct attempt *ret, const struct attempt_plan *plan, struct err *err);
