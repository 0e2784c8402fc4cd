/* tally - a report's cases counted by group, the unit of every claim.
 *
 * A group has one vote: -1 if the new arm is worse in any of its cases, else +1 if all its cases
 * with the signature are resolved now and not all were before, else 0. So neither repeats nor
 * copies of a case change a claim. */
#pragma once

#include "trials/report.h"

struct tally {
    uint32_t cases[SUITES], losses[SUITES]; /* losses: without abnormal ends */
    uint32_t abnormal;                      /* cases where only the new arm ended abnormally */
    uint32_t in_groups, in_fixed;           /* held-in groups with the signature that the old arm
                                               does not mend already */
    uint32_t out_groups, out_fixed;         /* the same of held-out groups */
    uint32_t all_groups, worse;             /* all held-out groups */
    uint32_t groups, groups_missing;        /* all groups; those where an arm has no result */
};
void tally_of(struct tally *ret, const struct report *report);
