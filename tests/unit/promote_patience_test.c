/* Who is asked again, when, and how often. */
#include "promote/patience.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct row {
    const char *name;
    unsigned status;
    struct door_head head;
    unsigned again;
    uint64_t left_ms;
    int64_t want;
} rows[] = {
    { "a rate limit", 429, { .refused = "peer" }, 0, 60000, 500 },
    { "the second time it waits longer", 429, { .refused = "peer" }, 1, 60000, 1000 },
    { "the third time, too", 503, { .refused = "peer" }, 2, 60000, 2000 },
    { "there is no fourth", 503, { .refused = "peer" }, 3, 60000, -1 },
    { "the provider's own pause", 529, { .refused = "peer", .retry_after_ms = 7000 }, 0, 60000,
        7000 },
    { "a pause that the run does not have", 429, { .refused = "peer", .retry_after_ms = 60000 }, 0,
        60000, -1 },
    { "no time is left", 500, { .refused = "peer" }, 0, 500, -1 },
    { "a budget that is used up is no provider", 429, { .refused = "limit" }, 0, 60000, -1 },
    { "an answer", 200, { .refused = "" }, 0, 60000, -1 },
    { "what was wrong stays wrong", 400, { .refused = "peer" }, 0, 60000, -1 },
    { "the service ends", 503, { .refused = "state" }, 0, 60000, -1 },
};

static void test_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("%s\n", rows[i].name);
        assert_int_equal(
            patience_wait_ms(rows[i].status, &rows[i].head, rows[i].again, rows[i].left_ms),
            rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_waits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
