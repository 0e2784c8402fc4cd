/* trials/stats.c against the printed tables of docs/reference/statistics.md. */
#include "trials/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NEAR(got, want, within)                                                                    \
    do {                                                                                           \
        double got_ = (got), want_ = (want);                                                       \
        if (!(fabs(got_ - want_) <= (within)))                                                     \
            fail_msg("%s is %.9g, not %.9g", #got, got_, want_);                                   \
    } while (0)

static void tails_are_exact(void **state)
{
    (void)state;
    NEAR(stats_up(3, 3, .2), .008, 1e-12);
    NEAR(stats_lo(0, 14, .2), pow(.8, 14), 1e-12);
    NEAR(stats_up(2, 5, .3), 1 - pow(.7, 5) - 5 * .3 * pow(.7, 4), 1e-12);
    NEAR(stats_up(0, 7, .4), 1, 0);
    NEAR(stats_up(8, 7, .4), 0, 0);
    NEAR(stats_lo(7, 7, .4), 1, 0);
    NEAR(stats_up(1, 4, 0), 0, 0);
    NEAR(stats_lo(3, 4, 1), 0, 0);
    /* both tails share the middle term */
    for (uint32_t n = 1; n < 40; n++)
        for (uint32_t x = 1; x <= n; x++)
            NEAR(stats_up(x, n, .37) + stats_lo(x - 1, n, .37), 1, 1e-10);
}

static const struct bound {
    uint32_t n;
    double none_worse, one_worse, all_fixed;
} bounds[] = {
    { 3, .63, .86, .37 },
    { 5, .45, .66, .55 },
    { 10, .26, .39, .74 },
    { 14, .19, .30, .81 },
    { 18, .15, .24, .85 },
    { 29, .10, .15, .90 },
    { 59, .05, .08, .95 },
};

static void bounds_are_those_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        const struct bound *row = &bounds[i];
        NEAR(stats_upper(0, row->n, .05), row->none_worse, .00501);
        NEAR(stats_upper(1, row->n, .05), row->one_worse, .00501);
        NEAR(stats_lower(row->n, row->n, .05), row->all_fixed, .00501);
        NEAR(stats_upper(0, row->n, .05), 1 - pow(.05, 1.0 / row->n), 1e-9);
        NEAR(stats_lower(row->n, row->n, .05), pow(.05, 1.0 / row->n), 1e-9);
    }
    NEAR(stats_upper(4, 4, .05), 1, 0);
    NEAR(stats_lower(0, 4, .05), 0, 0);
    NEAR(stats_upper(0, 0, .05), 1, 0);
    NEAR(stats_lower(0, 0, .05), 0, 0);
}

static const struct least {
    double p0, margin, A;
    uint32_t k, fixed, none_worse; /* none_worse at the look's level, or at .05 where A is .10 */
} leasts[] = {
    { .2, .20, .10, 1, 3, 14 },
    { .2, .20, .10, 5, 4, 14 },
    { .2, .20, .10, 10, 5, 14 },
    { .5, .10, .05, 1, 7, 42 },
    { .5, .10, .05, 5, 11, 68 },
    { .5, .10, .05, 10, 13, 80 },
};

static void least_groups_are_those_of_the_tiers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof leasts / sizeof *leasts; i++) {
        const struct least *row = &leasts[i];
        double level = stats_level(row->A, row->k, 0), harm = row->A == .10 ? .05 : level;
        assert_int_equal(stats_groups_fixed(row->p0, level), row->fixed);
        assert_int_equal(stats_groups_not_worse(0, row->margin, harm), row->none_worse);
    }
    assert_int_equal(stats_groups_not_worse(1, .20, .05), 22);
    assert_int_equal(stats_groups_not_worse(2, .20, .05), 30);
    assert_true(stats_groups_fixed(1, .05) >= 1000000); /* never */
    assert_true(stats_groups_not_worse(0, 0, .05) >= 1000000);
}

static void levels_spend_less_than_the_shard(void **state)
{
    (void)state;
    double sum = 0, choose;
    for (uint32_t k = 1; k <= 30; k++)
        for (uint32_t i = 0; i < k; i++) {
            choose = round(exp(lgamma(k) - lgamma(i + 1.0) - lgamma(k - i)));
            sum += choose * stats_level(.10, k, i);
        }
    NEAR(sum, .66089 * .10, 5e-7);
    NEAR(stats_level(.10, 1, 0), .025, 1e-15);
    NEAR(stats_level(.10, 0, 0), 0, 0);
    NEAR(stats_level(.10, 3, 3), 0, 0); /* three passes before the third look: no such history */
}

static void wealth_of_six_wins_and_of_one_loss(void **state)
{
    (void)state;
    struct stats_bet bet;
    double log_wealth = 0;
    stats_bet_init(&bet, 0, 1);
    for (int i = 0; i < 6; i++)
        log_wealth = stats_bet_add(&bet, 1);
    NEAR(exp(log_wealth), 28.783, 1e-3);
    stats_bet_init(&bet, 0, 1);
    for (int i = 0; i < 10; i++)
        log_wealth = stats_bet_add(&bet, i == 4 ? -1 : 1);
    NEAR(exp(log_wealth), 18.923, 1e-3);
}

static const struct straight {
    double a;
    int wins;
} straights[] = { { .05, 6 }, { .025, 7 }, { .01, 8 } };

static void straight_wins_needed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof straights / sizeof *straights; i++) {
        struct stats_bet bet;
        int wins = 1;
        stats_bet_init(&bet, 0, 1);
        while (stats_bet_add(&bet, 1) < -log(straights[i].a))
            wins++;
        assert_int_equal(wins, straights[i].wins);
    }
}

static void order_does_not_matter_and_a_draw_bets_nothing(void **state)
{
    (void)state;
    static const double forth[] = { 1, 1, -1, .4, -.2, 1, 1 },
                        back[] = { 1, 1, 0, -.2, .4, -1, 1, 1 };
    struct stats_bet a, b;
    double got = 0, want = 0;
    stats_bet_init(&a, -.2, 1);
    stats_bet_init(&b, -.2, 1);
    for (size_t i = 0; i < sizeof forth / sizeof *forth; i++)
        want = stats_bet_add(&a, forth[i]);
    for (size_t i = 0; i < sizeof back / sizeof *back; i++)
        if (back[i] != 0)
            got = stats_bet_add(&b, back[i]);
    NEAR(got, want, 1e-9);
    stats_bet_init(&a, 0, 1);
    NEAR(stats_bet_add(&a, 0), 0, 1e-12);
}

/* A small generator with a fixed seed: the rates below are facts, not chance. */
static double uniform(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

static void stopping_anywhere_keeps_the_level(void **state)
{
    (void)state;
    enum { RUNS = 20000, GROUPS = 80 };
    int passes = 0;
    uint64_t seed = 7;
    for (int r = 0; r < RUNS; r++) {
        struct stats_bet bet;
        stats_bet_init(&bet, 0, 1);
        for (int g = 0; g < GROUPS; g++)
            if (stats_bet_add(&bet, uniform(&seed) < .5 ? 1 : -1) >= -log(.05)) {
                passes++;
                break;
            }
    }
    NEAR((double)passes / RUNS, .03, .015);
    assert_true((double)passes / RUNS <= .05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_are_exact),
        cmocka_unit_test(bounds_are_those_of_the_table),
        cmocka_unit_test(least_groups_are_those_of_the_tiers),
        cmocka_unit_test(levels_spend_less_than_the_shard),
        cmocka_unit_test(wealth_of_six_wins_and_of_one_loss),
        cmocka_unit_test(straight_wins_needed),
        cmocka_unit_test(order_does_not_matter_and_a_draw_bets_nothing),
        cmocka_unit_test(stopping_anywhere_keeps_the_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
