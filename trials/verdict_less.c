/* verdict_less - see verdict_less.h. */
#include "trials/verdict_less.h"

#include "trials/stats.h"

#include <math.h>
#include <stdio.h>

double verdict_less_margin(const struct policy *policy)
{
    return fmin(policy->margin, VERDICT_LESS_MARGIN);
}

double verdict_less_level(double level, uint32_t of)
{
    return level / (of > 0 ? of : 1);
}

enum verdict verdict_suites_less(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size, "cases: regression %u, safety %u", f->tally.cases[SUITE_REGRESSION],
        f->tally.cases[SUITE_SAFETY]);
    return f->tally.cases[SUITE_REGRESSION] && f->tally.cases[SUITE_SAFETY] ? VERDICT_PASS
                                                                            : VERDICT_INCONCLUSIVE;
}

/* Asked of what everybody may see, so that no look is spent on a hook that no recording comes to.
 */
enum verdict verdict_could_act(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size,
        f->tally.in_asked ? "in %u held-in groups every hook is asked at which it stood"
                          : "in %u held-in groups every hook is asked at which it stood: what it "
                            "would do there nobody has seen",
        f->tally.in_asked);
    return f->tally.in_asked ? VERDICT_PASS : VERDICT_INCONCLUSIVE;
}

/* STATISTICS: lo(0, n, m) <= level. The claim is that nothing gets worse, so one that does is no
 * chance to be bounded but the answer. */
enum verdict verdict_harmless(const struct verdict_facts *f, char *text, size_t size)
{
    uint32_t y = f->tally.worse, n = f->tally.out_asked;
    double margin = verdict_less_margin(f->policy);
    double level = verdict_less_level(f->level, f->report->less_of);
    if (f->level <= 0) {
        snprintf(text, size, "the held-out shard is exhausted at look %u", f->look.k);
        return VERDICT_INCONCLUSIVE;
    }
    if (y > 0) {
        snprintf(text, size, "held-out: %u of %u groups worse without it", y, f->tally.all_groups);
        return VERDICT_FAIL;
    }
    if (n > 0 && stats_lo(0, n, margin) <= level) {
        snprintf(text, size,
            "held-out: none of %u groups that ask its hooks is worse: under %.0f %% at level %.4f",
            n, margin * 100, level);
        return VERDICT_PASS;
    }
    uint32_t least = stats_groups_not_worse(0, margin, level);
    snprintf(text, size,
        "held-out: none of %u groups that ask its hooks is worse; at level %.4f %u more are needed",
        n, level, least > n ? least - n : 0);
    return VERDICT_INCONCLUSIVE;
}
