/* trials/pass.c: in five passes every run has every time and five seeds, and leases never meet. */
#include "trials/pass.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

enum { RUNS = 200, STEPS = 12, A_DAY = 86400000 };

static bool grows(unsigned pass, const struct run *run)
{
    return pass_elapsed(pass, run, 1, 0) > pass_elapsed(pass, run, 0, 0);
}

static void every_run_has_every_time(void **state)
{
    (void)state;
    unsigned at_pass_1[2] = { 0 };
    for (int i = 0; i < RUNS; i++) {
        char name[32];
        unsigned growing = 0, minute = 0, day = 0;
        snprintf(name, sizeof name, "run %d", i);
        const struct run run = { .session = str_of(name) };
        for (unsigned pass = 0; pass < PASSES; pass++) {
            uint32_t at = pass_elapsed(pass, &run, 0, 0);
            assert_int_equal(pass == 0, at == 0);
            growing += grows(pass, &run);
            minute += !grows(pass, &run) && at > 60000 && at < A_DAY;
            day += !grows(pass, &run) && at == A_DAY;
        }
        assert_int_equal(growing, 1);
        assert_int_equal(minute, 1);
        assert_int_equal(day, 1);
        at_pass_1[grows(1, &run)]++;
    }
    assert_in_range(at_pass_1[1], RUNS / 8, RUNS / 2); /* a quarter, by name */
}

static void a_growing_clock_comes_to_days_and_never_back(void **state)
{
    (void)state;
    const struct run run = { .session = STR("run") };
    unsigned pass = 1;
    while (!grows(pass, &run))
        pass++;
    uint32_t last = 0;
    for (uint32_t step = 0; step < STEPS; step++)
        for (uint32_t answers = 0; answers < 3; answers++) {
            uint32_t at = pass_elapsed(pass, &run, step, answers);
            assert_true(at >= last && (at > last || at == UINT32_MAX));
            last = at;
        }
    assert_true(last > A_DAY);
}

static void seeds_and_leases_are_others(void **state)
{
    (void)state;
    for (unsigned pass = 1; pass < PASSES; pass++) {
        assert_int_not_equal(pass_seed(pass, 5), pass_seed(pass - 1, 5));
        assert_true(pass_lease(pass) >= pass_lease(pass - 1) + 1000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_has_every_time),
        cmocka_unit_test(a_growing_clock_comes_to_days_and_never_back),
        cmocka_unit_test(seeds_and_leases_are_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
