/* margin.c: which of several thresholds that do as well is taken, by candidates made by hand. */
#include "propose/margin.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { ROWS = 7 };
static const struct row {
    const char *name;
    bool below;
    int64_t prior, want;
    struct margin_row rows[ROWS];
} rows[] = {
    { "one that does is taken", false, 3, 3, { { 2, false }, { 3, true }, { 4, false } } },
    { "none to three: the middle", false, 3, 2,
        { { 1, true }, { 2, true }, { 3, true }, { 4, false } } },
    { "one of two: both touch a side, so the prior stays", false, 3, 3,
        { { 1, false }, { 2, true }, { 3, true }, { 4, false } } },
    { "the list ends above: the prior stays", false, 3, 3,
        { { 1, true }, { 2, true }, { 3, true }, { 4, true } } },
    { "the list ends below: the prior stays", false, 8192, 8192,
        { { 1024, true }, { 2048, true }, { 4096, true }, { 8192, true }, { 16384, false } } },
    { "sizes: by ratios, not by differences", false, 16384, 4096,
        { { 512, false }, { 1024, true }, { 2048, true }, { 4096, true }, { 8192, true },
            { 16384, true }, { 32768, false } } },
    { "one that does behind one that does not is not looked at", false, 2, 2,
        { { 1, false }, { 2, true }, { 3, false }, { 4, true }, { 5, true }, { 6, true },
            { 7, false } } },
    { "what is below: the same from the other side", true, 60000, 10000,
        { { 100, false }, { 1000, true }, { 10000, true }, { 60000, true }, { 600000, false } } },
    { "a little wider is no margin to speak of", false, 100, 100,
        { { 90, false }, { 100, true }, { 101, true }, { 102, true }, { 103, false } } },
};

static void the_widest_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        uint32_t count = 0, prior = 0;
        for (; count < ROWS && row->rows[count].value > 0; count++)
            if (row->rows[count].value == row->prior)
                prior = count;
        uint32_t got = margin_widest(row->rows, count, prior, row->below);
        if (got >= count || row->rows[got].value != row->want)
            fail_msg("%s: %lld", row->name, (long long)(got < count ? row->rows[got].value : -1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_widest_is_taken) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
