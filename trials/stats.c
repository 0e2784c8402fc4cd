/* stats - exact binomial bounds, shard spending, and the bet on a mean.
 *
 * Terms are summed in logarithms by lgamma: with hundreds of groups the plain products leave the
 * range of a double long before the tail does. */
#include "trials/stats.h"

#include <math.h>
#include <stdbool.h>

static double log_choose(uint32_t n, uint32_t x)
{
    return lgamma(n + 1.0) - lgamma(x + 1.0) - lgamma(n - x + 1.0);
}

/* P(from <= Bin(n, p) <= to). Each term comes from the one before it: bounds are searched for by
 * bisection, and three lgamma a term were nearly all that a verdict cost. */
static double between(uint32_t from, uint32_t to, uint32_t n, double p)
{
    if (p <= 0)
        return from == 0 ? 1 : 0;
    if (p >= 1)
        return to >= n ? 1 : 0;
    double sum = 0, odds = log(p) - log1p(-p);
    double term = log_choose(n, from) + from * log(p) + (n - from) * log1p(-p);
    for (uint32_t x = from; x <= to && x <= n; x++) {
        sum += exp(term);
        term += log((n - x) / (x + 1.0)) + odds;
    }
    return fmin(sum, 1);
}

double stats_up(uint32_t x, uint32_t n, double p)
{
    return x == 0 ? 1 : x > n ? 0 : between(x, n, n, p);
}

double stats_lo(uint32_t x, uint32_t n, double p)
{
    return x >= n ? 1 : between(0, x, n, p);
}

/* The p where tail(x, n, p) crosses a. up grows with p, lo falls. */
static double crossing(
    double (*tail)(uint32_t, uint32_t, double), uint32_t x, uint32_t n, double a, bool grows)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double p = (low + high) / 2;
        if ((tail(x, n, p) > a) == grows)
            high = p;
        else
            low = p;
    }
    return (low + high) / 2;
}

double stats_upper(uint32_t y, uint32_t n, double a)
{
    return y >= n ? 1 : crossing(stats_lo, y, n, a, false);
}

double stats_lower(uint32_t x, uint32_t n, double a)
{
    return x == 0 || n == 0 ? 0 : crossing(stats_up, x, n, a, true);
}

/* Beyond any number of groups that a home will see: the answer "never". */
enum { GROUPS_MAX = 1000000 };

uint32_t stats_groups_fixed(double p0, double level)
{
    if (p0 >= 1 || level <= 0)
        return GROUPS_MAX;
    uint32_t n = 1;
    while (n < GROUPS_MAX && stats_up(n, n, p0) > level)
        n++;
    return n;
}

uint32_t stats_groups_not_worse(uint32_t worse, double margin, double level)
{
    if (margin <= 0 || level <= 0)
        return GROUPS_MAX;
    uint32_t low = worse, high = GROUPS_MAX; /* lo falls as n grows */
    while (high - low > 1) {
        uint32_t n = low + (high - low) / 2;
        if (stats_lo(worse, n, margin) <= level)
            high = n;
        else
            low = n;
    }
    return high;
}

double stats_level(double A, uint32_t k, uint32_t i)
{
    if (k == 0 || i >= k)
        return 0;
    return A / ((double)k * (k + 1.0)) * exp2(-(i + 1.0)) / exp(log_choose(k - 1, i));
}

void stats_bet_init(struct stats_bet *bet, double mu0, int sign)
{
    *bet = (struct stats_bet){ .sign = sign, .mu0 = mu0 };
    for (int j = 0; j < STATS_BETS; j++)
        bet->share[j] = sin(M_PI * (j + .5) / (2 * STATS_BETS));
}

double stats_bet_add(struct stats_bet *bet, double d)
{
    double y = bet->sign * (d - bet->mu0) / (1 + bet->sign * bet->mu0);
    double most = -INFINITY, sum = 0;
    if (y == 0)
        return bet->log_mean; /* nothing was bet, as in most groups */
    for (int j = 0; j < STATS_BETS; j++) {
        bet->log_wealth[j] += log1p(bet->share[j] * y);
        most = fmax(most, bet->log_wealth[j]);
    }
    for (int j = 0; j < STATS_BETS; j++)
        sum += exp(bet->log_wealth[j] - most);
    bet->log_mean = most + log(sum / STATS_BETS);
    return bet->log_mean;
}
