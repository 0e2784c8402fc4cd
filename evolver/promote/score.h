/* score - what proposers said would come, held against what came: a view of what the journal has.
 *
 * A candidate counts once it was replayed. What was predicted are the held-in cases that it would
 * mend, and the held-in runs that it might change for the worse (attempts.h); what came is the
 * report's word on those. Held-out ones have no part in it. By proposer, and by kind of edit. */
#pragma once

#include "promote/attempts.h"
#include "promote/driver.h"
#include "promote/proposal.h"
#include "trials/batch.h"
#include "trials/report.h"

enum edit_kind {
    EDIT_INSERTED, /* text is added, nothing is taken out */
    EDIT_DELETED,  /* nothing is put in its place */
    EDIT_REPLACED,
    EDIT_WHOLE, /* the source as a whole: by hand, or by a foreign program */
    EDIT_KINDS
};
extern const char *const edit_kind_words[EDIT_KINDS];
enum edit_kind edit_kind_of(const struct proposal *proposal);

/* Of one candidate. A share is of the failing held-in cases. */
struct scored {
    uint32_t cases, predicted, mended, hits; /* hits: predicted, and mended */
    uint32_t worse;                          /* cases of any suite that got worse, held-in */
    bool risks_said;                         /* it said where it may do harm, or that nowhere */
    uint32_t risks, changed, risk_hits;      /* held-in runs: named; that changed; both */
};
struct score_risks {
    uint32_t n, unspoken; /* candidates that said something of it, and that did not */
    uint32_t quiet;       /* of n: nothing was named, and nothing changed */
    uint64_t predicted, changed, hits;
};
struct score {
    uint32_t n;        /* replayed, and with a prediction */
    uint32_t unspoken; /* replayed, and nothing was predicted */
    uint64_t predicted, mended, hits, worse;
    double *said, *came; /* [n]: shares */
    struct score_risks risks;
};
void score_add(struct score *score, const struct scored *of, struct arena *arena);
/* NAN where there is nothing to divide by. */
double score_precision(const struct score *score);
double score_recall(const struct score *score);
/* Spearman's, with ties at their mean rank; NAN below three, or where all are equal. */
double score_correlation(const struct score *score);

double score_risk_precision(const struct score_risks *sum);
double score_risk_recall(const struct score_risks *sum);

/* Of a candidate that was replayed: 1; 0: it was not. said: its row of `attempt-end`, or NULL:
 * then nothing is predicted. */
int score_candidate(struct scored *ret, struct driver *driver, const struct candidate *candidate,
    const struct json *said, struct err *err);

/* --- score_risks.c */

/* risks: `risks` of that row, or NULL. */
void score_risks(struct scored *ret, const struct batch *batch, const struct report *report,
    const struct json *risks);
void score_add_risks(struct score_risks *sum, const struct scored *of);
