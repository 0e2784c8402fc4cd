/* simulated_learning - proposers that make the most of what a gate tells them. See simulated.h. */
#include "simulated.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define P0 .2          /* policy_default's, and the worth of every false candidate */
#define P0_Z -.8416212 /* a standard normal number is below it with chance P0 */
enum { HELD_IN = 6, UNKNOWN = 0 };

struct learning {
    uint32_t out, candidates;
    uint32_t *thresholds; /* [spends][k][i]: fewest groups fixed that pass, and one */
    double *best, *tried; /* [out]: what the proposer makes of each group */
};

struct learning *learning_new(uint32_t out, uint32_t candidates)
{
    struct learning *ret = mem_zero(1, sizeof *ret);
    size_t looks = candidates + 1;
    *ret = (struct learning){ .out = out,
        .candidates = candidates,
        .thresholds = mem_zero(2 * looks * looks, sizeof *ret->thresholds),
        .best = mem_zero(out, sizeof *ret->best),
        .tried = mem_zero(out, sizeof *ret->tried) };
    return ret;
}

void learning_free(struct learning *learning)
{
    if (!learning)
        return;
    free(learning->thresholds);
    free(learning->best);
    free(learning->tried);
    free(learning);
}

/* --- the gate */

static bool passes(
    const struct learning *learning, enum spends spends, uint32_t fixed, struct ledger_look look)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct home home = { .in = HELD_IN, .out = learning->out, .regression = 1 };
    const struct policy policy = policy_default();
    struct report report = counted_report(&arena, &home, fixed, 0);
    struct verdict_result result;
    if (spends == SPENDS_SHARE)
        verdict_of(&result, &report, &policy, look);
    else
        verdict_at(&result, &report, &policy, look.k, .05);
    return result.verdict == VERDICT_PASS;
}

/* out + 1: even a perfect result does not. */
static uint32_t least_fixed(struct learning *learning, enum spends spends, struct ledger_look look)
{
    size_t looks = learning->candidates + 1;
    uint32_t *known = &learning->thresholds[(spends * looks + look.k) * looks + look.i];
    if (*known == UNKNOWN) {
        uint32_t low = 0, high = learning->out + 1; /* more groups fixed are never worse */
        while (high - low > 1) {
            uint32_t middle = low + (high - low) / 2;
            if (passes(learning, spends, middle, look))
                high = middle;
            else
                low = middle;
        }
        *known = high;
    }
    return *known;
}

/* --- proposers */

static bool pass_by_luck(struct learning *learning, struct chance *chance, enum spends spends)
{
    for (uint32_t k = 1; k <= learning->candidates; k++) {
        uint32_t fixed = 0;
        for (uint32_t g = 0; g < learning->out; g++)
            fixed += chance_hits(chance, P0);
        if (fixed >= least_fixed(learning, spends, (struct ledger_look){ k, 0 }))
            return true;
    }
    return false;
}

/* A few groups are thrown for anew in each candidate, and kept if that was better: it comes to know
 * these groups, and is worth p0 anywhere else. */
static bool pass_by_climbing(struct learning *learning, struct chance *chance, enum spends spends)
{
    uint32_t most = 0;
    memset(learning->best, 0, learning->out * sizeof *learning->best);
    for (uint32_t k = 1; k <= learning->candidates; k++) {
        uint32_t fixed = 0;
        for (uint32_t g = 0; g < learning->out; g++) {
            bool anew = k == 1 || chance_hits(chance, 3.0 / learning->out);
            learning->tried[g] = anew ? chance_hits(chance, P0) : learning->best[g];
            fixed += learning->tried[g] > 0;
        }
        if (fixed >= least_fixed(learning, spends, (struct ledger_look){ k, 0 }))
            return true;
        if (fixed <= most)
            continue;
        most = fixed;
        memcpy(learning->best, learning->tried, learning->out * sizeof *learning->best);
    }
    return false;
}

static double normal(struct chance *chance)
{
    double radius = sqrt(-2 * log(1 - chance_uniform(chance)));
    return radius * cos(2 * M_PI * chance_uniform(chance));
}

/* A share that a normal number is above -x with: how good a repair is, as a shift. */
static double shift_of(double share)
{
    double low = -8, high = 8;
    for (int i = 0; i < 40; i++) {
        double x = (low + high) / 2;
        if (erfc(-x / M_SQRT2) / 2 < share)
            low = x;
        else
            high = x;
    }
    return low;
}

/* Every repair is true, and made to stand just at the level that the next look asks for, so that
 * the worthless part that it carries decides. What passed is taken for lucky; the last candidate is
 * nothing but the lucky parts. */
static bool pass_by_riders(struct learning *learning, struct chance *chance, enum spends spends)
{
    uint32_t n = learning->out, i = 0, k = 1;
    memset(learning->best, 0, n * sizeof *learning->best);
    for (; k < learning->candidates; k++) {
        uint32_t least = least_fixed(learning, spends, (struct ledger_look){ k, i }), fixed = 0;
        double share = least > n ? 1 : (least - .5) / n, shift = shift_of(share);
        for (uint32_t g = 0; g < n; g++) {
            learning->tried[g] = normal(chance);
            fixed += shift + learning->tried[g] > 0;
        }
        bool passed = fixed >= least;
        for (uint32_t g = 0; g < n; g++)
            learning->best[g] += passed ? learning->tried[g] : -learning->tried[g];
        i += passed;
    }
    uint32_t fixed = 0;
    for (uint32_t g = 0; g < n; g++)
        fixed += P0_Z + learning->best[g] / sqrt(k - 1.0) > 0;
    return fixed >= least_fixed(learning, spends, (struct ledger_look){ k, i });
}

bool learning_false_pass(
    struct learning *learning, struct chance *chance, enum learns learns, enum spends spends)
{
    switch (learns) {
    case LEARNS_BETTER:
        return pass_by_climbing(learning, chance, spends);
    case LEARNS_RIDERS:
        return pass_by_riders(learning, chance, spends);
    default:
        return pass_by_luck(learning, chance, spends);
    }
}
