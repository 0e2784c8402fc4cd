/* search_risks.c: which steps that must stay a patch says that it comes closest to. */
#include "propose/search.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

enum { STEPS = 40 };

/* Steps of one search: their numbers are their places, two a group. */
static struct bundle_step steps[STEPS];
static struct bundle bundle = { .steps = steps, .steps_count = STEPS };
static struct search search = { .bundle = &bundle };

static int open_steps(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STEPS; i++)
        steps[i] = (struct bundle_step){ .id = i, .group = i / 2, .kind = BUNDLE_PASS };
    return 0;
}

struct rows {
    struct condition_row at[STEPS];
    uint32_t places[STEPS], count;
};

static void add(struct rows *rows, uint32_t place, const uint8_t *bits, bool failing)
{
    rows->places[rows->count] = place;
    rows->at[rows->count++] = (struct condition_row){ .bits = bits, .failing = failing };
}

/* Atoms 0 and 1 hold, atom 2 does not: what a row must say to be true. */
static struct patch patch_of(uint32_t literals)
{
    struct patch patch = { .condition.count = literals };
    for (uint16_t i = 0; i < literals; i++)
        patch.condition.at[i].atom = i;
    patch.condition.at[2].negated = true;
    return patch;
}

static void one_literal_away(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bits;
        bool near;
    } rows[] = { { "all hold", 3, false }, { "the first does not", 2, true },
        { "the second does not", 1, true }, { "what must not hold does", 7, true },
        { "two do not", 0, false }, { "none does", 4, false } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct patch patch = patch_of(3);
        struct rows made = { 0 };
        print_message("%s\n", rows[i].name);
        add(&made, 5, &rows[i].bits, false);
        search_risks(&search, &patch, made.at, made.places, made.count);
        assert_int_equal(patch.risks_count, rows[i].near);
        assert_true(!rows[i].near || patch.risks[0] == 5);
    }
}

static void a_condition_of_one_literal_has_none(void **state)
{
    (void)state;
    const uint8_t bits = 0;
    struct patch patch = patch_of(1);
    struct rows made = { 0 };
    add(&made, 5, &bits, false);
    search_risks(&search, &patch, made.at, made.places, made.count);
    assert_int_equal(patch.risks_count, 0);
}

static void failing_steps_are_none(void **state)
{
    (void)state;
    const uint8_t bits = 1;
    struct patch patch = patch_of(3);
    struct rows made = { 0 };
    add(&made, 5, &bits, true);
    add(&made, 6, &bits, false);
    add(&made, 6, &bits, false); /* another time of the same step */
    search_risks(&search, &patch, made.at, made.places, made.count);
    assert_int_equal(patch.risks_count, 1);
    assert_int_equal(patch.risks[0], 6);
}

static void few_and_one_of_each_group_first(void **state)
{
    (void)state;
    const uint8_t bits = 1;
    struct patch patch = patch_of(3);
    struct rows made = { 0 };
    for (uint32_t i = 0; i < STEPS; i++)
        add(&made, i, &bits, false);
    search_risks(&search, &patch, made.at, made.places, made.count);
    assert_int_equal(patch.risks_count, SEARCH_RISKS_MAX);
    for (uint32_t i = 0; i < SEARCH_RISKS_MAX; i++)
        assert_int_equal(patch.risks[i], 2 * i);
    made.count = 4;
    search_risks(&search, &patch, made.at, made.places, made.count);
    assert_int_equal(patch.risks_count, 4);
    assert_int_equal(patch.risks[2], 1); /* then the second ones */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_literal_away, open_steps),
        cmocka_unit_test_setup(a_condition_of_one_literal_has_none, open_steps),
        cmocka_unit_test_setup(failing_steps_are_none, open_steps),
        cmocka_unit_test_setup(few_and_one_of_each_group_first, open_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
