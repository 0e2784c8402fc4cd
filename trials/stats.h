/* stats - the few numbers that the gate stands on: exact binomial bounds, the spending of a
 * held-out shard, and the bet of a stochastic comparison.
 *
 * Nothing is approximated: groups are few (five to fifty), and there a normal approximation is
 * wrong by more than the effects that are looked for. docs/reference/statistics.md has the formulas
 * and sources. */
#pragma once

#include <stdint.h>

/* P(Bin(n, p) >= x) and P(Bin(n, p) <= x). */
double stats_up(uint32_t x, uint32_t n, double p);
double stats_lo(uint32_t x, uint32_t n, double p);
/* One-sided Clopper-Pearson bounds at level a: with y events in n groups the rate is below the
 * upper one, with x events above the lower one, except with chance a. n 0: nothing is known (1 and
 * 0). */
double stats_upper(uint32_t y, uint32_t n, double a);
double stats_lower(uint32_t x, uint32_t n, double a);
/* The fewest groups that can support a claim when all goes well: all of them fixed, where a rate of
 * p0 is to be beaten; or `worse` of them worse, where a rate of margin is to be excluded. */
uint32_t stats_groups_fixed(double p0, double level);
uint32_t stats_groups_not_worse(uint32_t worse, double margin, double level);

/* What look k (from 1) at a shard may spend after i passes before it, of A in all. Over every
 * history these sum to less than A, so no proposer can steer luck. 0 if there is no such history (i
 * >= k). */
double stats_level(double A, uint32_t k, uint32_t i);

/* A bet on the mean of differences in [-1, 1], one a group. H0: the mean is <= mu0 (sign 1) or >=
 * mu0 (sign -1). Under H0 the wealth exceeds 1/a with chance at most a, whenever one stops. */
enum { STATS_BETS = 32 };
struct stats_bet {
    int sign;
    double mu0;
    double share[STATS_BETS];      /* of the wealth that is bet, on arcsine points */
    double log_wealth[STATS_BETS]; /* one a share */
    double log_mean;               /* of their mean, which is the wealth */
};
void stats_bet_init(struct stats_bet *bet, double mu0, int sign);
/* Adds one group's difference; returns the log of the wealth. */
double stats_bet_add(struct stats_bet *bet, double d);
