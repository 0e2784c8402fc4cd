/* conversion - how far clusters came, from a failure that was seen to a repair that held. Counted
 * from the journal's rows, so it says of the home what its audit says. */
#pragma once

#include "wire/journal.h"

enum { CONVERSION_TURNS = 100 }; /* that a promotion must have behind it to have held */

/* In clusters; each of a word is also of the words before it. */
struct conversion {
    uint32_t observed;
    uint32_t clustered; /* could be mended */
    uint32_t batched;   /* has cases that are frozen */
    uint32_t proposed;  /* somebody proposed something */
    uint32_t gated;     /* and the gate gave a verdict */
    uint32_t promoted;  /* and it became active */
    uint32_t held;      /* and is in what is active after so many turns */
};
struct conversion_rows {
    struct journal_cluster *clusters;
    struct journal_candidate *candidates;
    struct journal_admission *admissions;
    uint32_t clusters_count, candidates_count, admissions_count;
};
void conversion_of(struct conversion *ret, const struct conversion_rows *rows, uint64_t since_ms);
/* Of what the journal has. since_ms: CONVERSION_TURNS turns began then or later; 0: there were not
 * as many. */
int conversion_count(
    struct conversion *ret, struct journal *journal, uint64_t since_ms, struct err *err);
void conversion_print(struct buf *out, const struct conversion *of); /* one JSON object */
