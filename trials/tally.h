/* tally - a report's cases counted by group, the unit of every claim.
 *
 * A group has one vote: -1 if the new arm is worse in any of its cases, else +1 if all its cases
 * with the signature are resolved now and not all were before, else 0. So neither repeats nor
 * copies of a case change a claim. Who strays behind a repair has not fixed the group; where the
 * symptom is, the old arm fails as well, so it is no worse for it. */
#pragma once

#include "trials/report.h"

struct tally {
    uint32_t cases[SUITES], losses[SUITES]; /* losses: without abnormal ends; of `taken`, too */
    uint32_t strays;                        /* cases where the new arm strays behind its claim */
    uint32_t mended, mended_varied; /* cases with the signature; those of them that have variants */
    uint32_t by_heart;              /* ... of which some are not mended */
    uint32_t abnormal;              /* cases where only the new arm ended abnormally */
    uint32_t in_groups, in_fixed;   /* held-in groups with the signature that the old arm
                                       does not mend already */
    uint32_t out_groups, out_fixed; /* the same of held-out groups */
    uint32_t all_groups, worse;     /* all held-out groups */
    /* Groups with a case in which every hook is asked where a plugin stands no more. */
    uint32_t in_asked, out_asked;
    uint32_t groups, groups_missing; /* all groups; those where an arm has no result */
    uint32_t riders[SUITES][RIDERS]; /* cases */
    /* Of the cases that the home took in: */
    uint32_t taken[SUITES], flaky, unstable; /* both ways in the old arm; in the new one alone */
};
void tally_of(struct tally *ret, const struct report *report);

/* What became of one case, for people: as the votes have it. */
enum flip {
    FLIP_NONE,
    FLIP_WORSE,  /* pass to fail */
    FLIP_MENDED, /* fail to pass */
    FLIPS
};
enum flip tally_flip(const struct report_case *c);
/* The same of a case that the home took in. An arm without a result, or with an abnormal end, has
 * not passed; an old one without a result counts as one that has, so that nothing is got by failing
 * to finish. One that is flaky says nothing. */
enum flip tally_taken(const struct report_taken *c);
