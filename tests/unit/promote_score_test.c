/* Predictions held against what came: precision, recall and rank correlation, and kinds of edits.
 */
#include "promote/score.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ROWS_MAX = 6 };
static const struct row {
    const char *name;
    struct scored
        of[ROWS_MAX]; /* cases, predicted, mended, hits, worse; the first with no case ends */
    uint32_t n;
    double precision, recall, correlation;
} rows[] = {
    { "nothing", { { 0 } }, 0, NAN, NAN, NAN },
    { "all came", { { 10, 4, 4, 4, 0 } }, 1, 1, 1, NAN },
    { "half of it came, and as much beside it", { { 10, 4, 4, 2, 0 } }, 1, .5, .5, NAN },
    { "nothing came", { { 10, 4, 0, 0, 3 } }, 1, 0, NAN, NAN },
    { "who says nothing is not scored", { { 10, 0, 5, 0, 0 }, { 10, 2, 2, 2, 0 } }, 1, 1, 1, NAN },
    { "more was said of what did more",
        { { 10, 1, 1, 1, 0 }, { 10, 2, 3, 2, 0 }, { 10, 9, 5, 5, 0 } }, 3, 8 / 12., 8 / 9., 1 },
    { "more was said of what did less",
        { { 10, 1, 5, 1, 0 }, { 10, 2, 3, 2, 0 }, { 10, 9, 1, 1, 0 } }, 3, 4 / 12., 4 / 9., -1 },
    { "the same was said of all", { { 10, 2, 5, 2, 0 }, { 10, 2, 3, 2, 0 }, { 10, 2, 1, 1, 0 } }, 3,
        5 / 6., 5 / 9., NAN },
    { "ties are of one rank, and sizes do not count",
        { { 10, 1, 1, 0, 0 }, { 100, 10, 20, 0, 0 }, { 10, 5, 3, 0, 0 }, { 10, 6, 9, 0, 0 } }, 4, 0,
        0, .9486832980505138 },
};

static void same(double a, double b)
{
    assert_int_equal(isnan(a), isnan(b));
    assert_true(isnan(a) || fabs(a - b) < 1e-9);
}

static void test_scores(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct score score = { 0 };
        print_message("%s\n", rows[i].name);
        for (size_t k = 0; k < ROWS_MAX && rows[i].of[k].cases; k++)
            score_add(&score, &rows[i].of[k], &arena);
        assert_int_equal(score.n, rows[i].n);
        same(score_precision(&score), rows[i].precision);
        same(score_recall(&score), rows[i].recall);
        same(score_correlation(&score), rows[i].correlation);
    }
}

static void test_kinds(void **state)
{
    static const struct {
        struct patch_edit edits[2];
        uint32_t count;
        enum edit_kind want;
    } kinds[] = {
        { { { 5, 5, { "a", 1 } }, { 9, 9, { "b", 1 } } }, 2, EDIT_INSERTED },
        { { { 5, 8, { "", 0 } } }, 1, EDIT_DELETED },
        { { { 5, 8, { "a", 1 } } }, 1, EDIT_REPLACED },
        { { { 5, 8, { "", 0 } }, { 9, 9, { "b", 1 } } }, 2, EDIT_REPLACED },
        { { { 0, 8, { "a", 1 } } }, 1, EDIT_WHOLE },
        { { { 0, 0, { "a", 1 } } }, 1, EDIT_INSERTED },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct proposal proposal = { .edits_count = kinds[i].count };
        proposal.edits = (struct patch_edit *)kinds[i].edits;
        assert_string_equal(
            edit_kind_words[edit_kind_of(&proposal)], edit_kind_words[kinds[i].want]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_scores),
        cmocka_unit_test(test_kinds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
