/* The rates that docs/reference/statistics.md prints, with fewer runs: what the gate's own code
 * does in worlds where the truth is known, and what rules do that leave out one of its precautions.
 *
 * A rate meets a bound b at <= b + 3 sqrt(b(1-b)/R). Seeds are fixed: a failure is a change. */
#include "simulated.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static double within(double rate, unsigned runs)
{
    return 3 * sqrt(rate * (1 - rate) / runs);
}

static void meets(const char *name, double rate, double bound, unsigned runs)
{
    if (rate > bound + within(bound, runs))
        fail_msg("%s: %.3f of %u, at most %.3f", name, rate, runs, bound);
}

static void is_near(const char *name, double rate, double want, unsigned runs)
{
    if (fabs(rate - want) > within(want, runs) + .01)
        fail_msg("%s: %.3f of %u, not %.3f", name, rate, runs, want);
}

enum { RUNS = 300, MANY = 100 };

/* --- regime L */

/* The better of two rules, by repeats and groups: STATISTICS, "power". */
static const struct power {
    uint32_t repeats;
    double votes[LIVE_SIZES], fixed[LIVE_SIZES], keep[LIVE_SIZES];
} powers[] = {
    { 1, { .20, .50, .83 }, { .32, .70, .96 }, { .95, .99, 1 } },
    { 3, { .52, .86, .99 }, { .71, .97, 1 }, { 1, 1, 1 } },
    { 5, { .68, .96, 1 }, { .86, 1, 1 }, { 1, 1, 1 } },
};

static void power_is_that_of_the_table(void **state)
{
    (void)state;
    struct chance chance = { 1 };
    for (size_t i = 0; i < COUNT_OF(powers); i++) {
        double rates[LIVE_RULES][LIVE_SIZES];
        live_rates(rates, &chance, LIVE_BETTER, powers[i].repeats, RUNS);
        for (int n = 0; n < LIVE_SIZES; n++) {
            is_near("bet on votes", rates[LIVE_VOTES][n], powers[i].votes[n], RUNS);
            is_near("sign test", rates[LIVE_FIXED][n], powers[i].fixed[n], RUNS);
            is_near("keep if better", rates[LIVE_KEEP][n], powers[i].keep[n], RUNS);
            assert_true(rates[LIVE_VERDICT][n] <= rates[LIVE_VOTES][n]);
        }
    }
}

static void nothing_is_promoted_more_often_than_said(void **state)
{
    (void)state;
    struct chance chance = { 2 };
    double same[LIVE_RULES][LIVE_SIZES], mean_0[LIVE_RULES][LIVE_SIZES];
    live_rates(same, &chance, LIVE_SAME, 3, RUNS);
    live_rates(mean_0, &chance, LIVE_MEAN_0, 3, RUNS);
    for (int n = 0; n < LIVE_SIZES; n++) {
        meets("the same build", same[LIVE_VERDICT][n], .05, RUNS);
        meets("the same build, votes", same[LIVE_VOTES][n], .05, RUNS);
        meets("effects of mean 0", mean_0[LIVE_VERDICT][n], .05, RUNS);
        meets("effects of mean 0, votes", mean_0[LIVE_VOTES][n], .05, RUNS);
    }
    /* what the precautions are good for */
    assert_true(mean_0[LIVE_PEEKING][2] > .25);
    assert_true(mean_0[LIVE_PER_REPEAT][2] > .05);
    assert_true(same[LIVE_KEEP][2] > .40);
}

/* At the margin itself "not worse" is false. */
static void worse_by_the_margin_is_not_called_not_worse(void **state)
{
    (void)state;
    struct chance chance = { 3 };
    unsigned passed = 0, runs = RUNS;
    const struct sequential_plan plan = live_plan(3, 80, .05);
    for (unsigned i = 0; i < runs; i++) {
        struct stats_bet bet;
        bool won = false;
        stats_bet_init(&bet, -plan.margin, 1);
        for (uint32_t g = 0; g < plan.groups; g++) {
            struct sequential_group group = live_group(&chance, LIVE_EDGE, plan.repeats, g, NULL);
            double d = ((double)group.new.passed - group.old.passed) / plan.repeats;
            won |= stats_bet_add(&bet, d) >= -log(plan.level_harm);
        }
        passed += won;
    }
    meets("not worse, at the margin", (double)passed / runs, .05, runs);
}

static void keep_if_better_keeps_what_does_nothing(void **state)
{
    (void)state;
    struct chance chance = { 4 };
    enum { KEPT = 4000 };
    is_near("5 % of 20", live_kept(&chance, .05, 20, KEPT), .27, KEPT);
    is_near("20 % of 40", live_kept(&chance, .20, 40, KEPT), .43, KEPT);
}

/* Missing is failed in the new arm and passed in the old one: who ends badly where it would lose
 * has the same evidence, or less. */
static void who_hides_losses_is_never_better_for_it(void **state)
{
    (void)state;
    struct chance chance = { 5 };
    const struct sequential_plan plan = live_plan(3, 80, .05);
    for (int i = 0; i < 40; i++) {
        CLEANUP(sequential_done) struct sequential open = { 0 }, hidden = { 0 };
        assert_int_equal(sequential_init(&open, &plan, NULL), 0);
        assert_int_equal(sequential_init(&hidden, &plan, NULL), 0);
        for (uint32_t g = 0; g < plan.groups && open.end == SEQUENTIAL_OPEN; g++) {
            struct sequential_group group = live_group(&chance, LIVE_SAME, plan.repeats, g, NULL);
            assert_true(sequential_add(&open, &group, NULL) >= 0);
            group.new.missing = group.new.failed;
            group.new.failed = 0;
            if (hidden.end == SEQUENTIAL_OPEN)
                assert_true(sequential_add(&hidden, &group, NULL) >= 0);
            assert_true(hidden.log_most[PROCESS_BETTER] <= open.log_most[PROCESS_BETTER] + 1e-9);
        }
        assert_true(hidden.end != SEQUENTIAL_PASS);
    }
}

/* --- regime S */

static void proposers_learn_nothing_from_a_bit(void **state)
{
    (void)state;
    struct chance chance = { 6 };
    struct learning *few = learning_new(20, MANY), *more = learning_new(40, MANY);
    unsigned by_luck = 0, by_riders = 0, by_climbing = 0, each = 0, riders_each = 0;
    for (int i = 0; i < RUNS; i++) {
        by_luck += learning_false_pass(few, &chance, LEARNS_BIT, SPENDS_SHARE);
        each += learning_false_pass(few, &chance, LEARNS_BIT, SPENDS_EACH);
        by_climbing += learning_false_pass(few, &chance, LEARNS_BETTER, SPENDS_SHARE);
    }
    for (int i = 0; i < RUNS / 6; i++) {
        by_riders += learning_false_pass(more, &chance, LEARNS_RIDERS, SPENDS_SHARE);
        riders_each += learning_false_pass(more, &chance, LEARNS_RIDERS, SPENDS_EACH);
    }
    learning_free(few);
    learning_free(more);
    meets("a hundred candidates, a bit each", by_luck / (double)RUNS, .05, RUNS);
    meets("riders on true repairs", by_riders / (double)(RUNS / 6), .05, RUNS / 6);
    assert_true(each > .5 * RUNS);
    assert_true(by_climbing > .5 * RUNS);
    assert_true(riders_each > .5 * (RUNS / 6));
}

static const struct at_p0 {
    uint32_t k;
} looks[] = { { 1 }, { 5 }, { 10 } };

/* The level is what a candidate of the share p0 passes with at most; a memory never does. */
static void a_share_of_p0_passes_at_the_level_and_a_memory_never(void **state)
{
    (void)state;
    struct chance chance = { 7 };
    enum { TRIES = 1500 };
    const struct home home = { .in = 6, .out = 12, .others = 12, .regression = 4 };
    const struct policy policy = policy_default();
    const struct made luck = { "luck", 1, policy.p0, 0, 0, 0 },
                      memory = { "memory", 1, 1, 0, 0, 1 };
    for (size_t i = 0; i < COUNT_OF(looks); i++) {
        struct ledger_look look = { looks[i].k, 0 };
        unsigned lucky = 0;
        for (int t = 0; t < TRIES; t++) {
            CLEANUP(arena_done) struct arena arena = { 0 };
            struct verdict_result result;
            struct report report = made_report(&arena, &chance, &home, &luck, true);
            verdict_of(&result, &report, &policy, look);
            lucky += result.verdict == VERDICT_PASS;
            if (t >= 20)
                continue;
            report = made_report(&arena, &chance, &home, &memory, true);
            verdict_of(&result, &report, &policy, look);
            assert_int_equal(result.verdict, VERDICT_FAIL);
        }
        meets("a share of p0", lucky / (double)TRIES, stats_level(policy.level_shard, look.k, 0),
            TRIES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_is_that_of_the_table),
        cmocka_unit_test(nothing_is_promoted_more_often_than_said),
        cmocka_unit_test(worse_by_the_margin_is_not_called_not_worse),
        cmocka_unit_test(keep_if_better_keeps_what_does_nothing),
        cmocka_unit_test(who_hides_losses_is_never_better_for_it),
        cmocka_unit_test(proposers_learn_nothing_from_a_bit),
        cmocka_unit_test(a_share_of_p0_passes_at_the_level_and_a_memory_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
