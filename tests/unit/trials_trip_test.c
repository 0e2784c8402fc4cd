/* The canary's stop rule: its error under identical builds with a look at each vote, its power, and
 * the clean units that a bound takes. */
#include "trials/trip.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { RUNS = 2000, UNITS = 400 };

static uint64_t chance = 20260112;
static double draw(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (double)(chance >> 11) * 0x1p-53;
}

/* Units come; each is in the new arm with chance f and goes bad with its arm's chance. */
static bool trips(double f, double bad_old, double bad_new, uint32_t *ret_at)
{
    struct trip trip;
    trip_begin(&trip, f);
    for (uint32_t unit = 1; unit <= UNITS; unit++) {
        bool in_new = draw() < f;
        if (draw() >= (in_new ? bad_new : bad_old))
            continue;
        *ret_at = unit;
        if (trip_vote(&trip, in_new))
            return true;
    }
    return false;
}

static double rate(double f, double bad_old, double bad_new, double *ret_mean)
{
    uint32_t count = 0, at;
    double sum = 0;
    for (int run = 0; run < RUNS; run++)
        if (trips(f, bad_old, bad_new, &at)) {
            count++;
            sum += at;
        }
    *ret_mean = count ? sum / count : 0;
    return (double)count / RUNS;
}

/* A rate meets bound b at <= b + 3 sqrt(b(1-b)/R). */
static void identical_builds_rarely_trip(void **state)
{
    (void)state;
    static const double shares[] = { .05, .2, .5, .8 }, bads[] = { .05, .3, 1 };
    double mean, room = 3 * sqrt(.05 * .95 / RUNS);
    for (size_t s = 0; s < sizeof shares / sizeof *shares; s++)
        for (size_t b = 0; b < sizeof bads / sizeof *bads; b++) {
            double got = rate(shares[s], bads[b], bads[b], &mean);
            if (got > .05 + room)
                fail_msg("share %.2f, bad %.2f: %.4f trip", shares[s], bads[b], got);
        }
}

/* STATISTICS: f = .2, failure 5 -> 50 % after 45 units on average, 5 -> 20 % after 160, 5 -> 10 %
 * in 23 % of 400. */
static void worse_builds_trip(void **state)
{
    (void)state;
    double mean;
    assert_true(rate(.2, .05, .5, &mean) > .99);
    assert_true(mean > 38 && mean < 52);
    assert_true(rate(.2, .05, .2, &mean) > .7);
    assert_true(mean > 120 && mean < 190);
    double some = rate(.2, .05, .1, &mean);
    assert_true(some > .18 && some < .28);
    assert_true(rate(.2, .5, .05, &mean) < .01); /* a better one does not */
}

/* Looking at each vote with a test that was made for one look errs far more often: the martingale
 * is what the rule is for. */
static void a_fixed_test_at_each_look_errs_more(void **state)
{
    (void)state;
    uint32_t wrong = 0;
    for (int run = 0; run < RUNS; run++) {
        uint32_t votes = 0, in_new = 0;
        bool tripped = false;
        for (int unit = 0; unit < UNITS && !tripped; unit++) {
            bool new = draw() < .2;
            if (draw() >= .3)
                continue;
            votes++;
            in_new += new;
            double z = (in_new - .2 * votes) / sqrt(.2 * .8 * votes);
            tripped = z > 1.6449;
        }
        wrong += tripped;
    }
    assert_true((double)wrong / RUNS > .15);
}

static void what_a_vote_is_worth(void **state)
{
    (void)state;
    struct trip trip;
    trip_begin(&trip, .5);
    assert_true(fabs(trip_log_worth(&trip)) < 1e-12);
    trip_vote(&trip, true); /* mean of 4/3, 8/5, 16/9, 32/17 */
    assert_true(
        fabs(exp(trip_log_worth(&trip)) - (4. / 3 + 8. / 5 + 16. / 9 + 32. / 17) / 4) < 1e-12);
    int votes = 1;
    while (!trip_vote(&trip, true) && votes < 100)
        votes++;
    assert_true(votes < 10);
    for (int i = 0; i < 1000; i++)
        assert_true(trip_vote(&trip, false)); /* for good */
    assert_true(isfinite(trip_log_worth(&trip)));
}

/* All turns, or none: there is nobody to compare with. */
static void without_two_arms_nothing_is_compared(void **state)
{
    (void)state;
    static const double shares[] = { 0, 1, -1, 2 };
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        struct trip trip;
        trip_begin(&trip, shares[i]);
        for (int k = 0; k < 100; k++)
            assert_false(trip_vote(&trip, true));
        assert_true(isfinite(trip_log_worth(&trip)));
    }
}

static void clean_units(void **state)
{
    (void)state;
    static const struct {
        double m;
        uint32_t units;
    } rows[] = { { .10, 29 }, { .05, 59 }, { .26, 10 }, { .95, 1 }, { .01, 299 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(trip_clean_units(rows[i].m), rows[i].units);
        assert_true(trip_clean_bound(rows[i].units) <= rows[i].m);
    }
    assert_true(trip_clean_bound(0) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identical_builds_rarely_trip),
        cmocka_unit_test(worse_builds_trip),
        cmocka_unit_test(a_fixed_test_at_each_look_errs_more),
        cmocka_unit_test(what_a_vote_is_worth),
        cmocka_unit_test(without_two_arms_nothing_is_compared),
        cmocka_unit_test(clean_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
