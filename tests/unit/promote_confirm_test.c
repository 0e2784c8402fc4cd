/* What tier auto asks of the numbers: the least groups that the statistics page has, and that a
 * hundred changes that are no repairs do not get through by trying. */
#include "promote/confirm.h"

#include "admission/may_admit.h"
#include "base/mem.h"
#include "trials/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void the_least_groups(void **state)
{
    static const struct row {
        uint32_t look, fixed, not_worse;
    } rows[] = { { 1, 7, 42 }, { 5, 11, 68 }, { 10, 13, 80 } };
    const struct policy policy = confirm_policy(policy_default());
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double level = mandate_level(1, rows[i].look);
        assert_int_equal(stats_groups_fixed(policy.p0, level), rows[i].fixed);
        assert_int_equal(stats_groups_not_worse(0, policy.margin, level), rows[i].not_worse);
    }
}

static void a_stricter_policy_stays(void **state)
{
    struct policy policy = policy_default();
    (void)state;
    policy.p0 = .8;
    policy.margin = .05;
    policy = confirm_policy(policy);
    assert_true(
        policy.p0 == .8 && policy.margin == .05 && policy.level_harm == 0 && !policy.claims);
    policy = confirm_policy(policy_default());
    assert_true(policy.p0 == .5 && policy.margin == .1);
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static uint32_t binomial(uint64_t *seed, uint32_t n, double p)
{
    uint32_t x = 0;
    for (uint32_t i = 0; i < n; i++)
        x += (double)(next(seed) >> 11) / 9007199254740992.0 < p;
    return x;
}

/* A hundred candidates that fix just the share that is to be beaten, each with groups of its own:
 * how often does one get through, and the next shard begin? */
static uint32_t false_passes(uint64_t *seed, uint32_t groups, bool spend)
{
    uint32_t passes = 0, shard = 1, look = 1;
    for (int i = 0; i < 100; i++, look++) {
        double level = spend ? mandate_level(shard, look) : .05;
        if (stats_up(binomial(seed, groups, .5), groups, .5) > level)
            continue;
        passes++;
        shard++;
        look = 0;
    }
    return passes;
}

static void a_hundred_tries_do_not_get_through(void **state)
{
    enum { RUNS = 2000 };
    static const uint32_t sizes[] = { 20, 40 };
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (size_t n = 0; n < COUNT_OF(sizes); n++) {
        uint32_t any = 0, without = 0;
        for (int i = 0; i < RUNS; i++) {
            any += false_passes(&seed, sizes[n], true) > 0;
            without += false_passes(&seed, sizes[n], false) > 0;
        }
        /* .05 and three standard errors; with a flat level nearly every time. */
        assert_true(any <= RUNS * .065);
        assert_true(without > RUNS * .8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_groups),
        cmocka_unit_test(a_stricter_policy_stays),
        cmocka_unit_test(a_hundred_tries_do_not_get_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
