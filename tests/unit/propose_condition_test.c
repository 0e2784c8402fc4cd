/* condition.c: the shortest conjunction that is wrong nowhere, and what makes it narrower. */
#include "propose/condition.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

enum { ROWS_MAX = 6000, ATOMS = 16 };

static uint8_t bits[ROWS_MAX][ATOMS / 8];
static struct condition_row rows[ROWS_MAX];
static struct condition_atom atoms[ATOMS];
static struct condition_problem problem;
static struct condition found[CONDITION_SIZES];
static uint64_t tried;

static int set_up(void **state)
{
    (void)state;
    memset(bits, 0, sizeof(bits));
    memset(atoms, 0, sizeof(atoms));
    for (unsigned i = 0; i < ATOMS; i++)
        atoms[i] = (struct condition_atom){ .cost = 1, .related = true };
    problem = (struct condition_problem){ .rows = rows, .atoms = atoms, .atoms_count = ATOMS };
    tried = 0;
    return 0;
}

/* held: the atoms that hold there, one a bit. */
static void add_row(bool failing, uint32_t step, bool want, uint32_t held)
{
    uint32_t at = problem.rows_count++;
    bits[at][0] = (uint8_t)held;
    bits[at][1] = (uint8_t)(held >> 8);
    rows[at] = (struct condition_row){ step, failing ? step : 0, failing, want, bits[at] };
    problem.failing_count += failing;
    if (failing && step >= problem.groups_count)
        problem.groups_count = step + 1;
}

/* The condition with the least score. */
static const struct condition *best(void)
{
    uint32_t count = condition_search(&problem, found, &tried), at = 0;
    for (uint32_t i = 1; i < count; i++)
        if (found[i].score < found[at].score)
            at = i;
    return count ? &found[at] : NULL;
}

static bool has(const struct condition *condition, uint16_t atom, bool negated)
{
    for (uint32_t i = 0; i < condition->count; i++)
        if (condition->at[i].atom == atom && condition->at[i].negated == negated)
            return true;
    return false;
}

static void without_other_rows_none_is_needed(void **state)
{
    (void)state;
    add_row(true, 0, true, 1);
    add_row(true, 1, true, 2);
    const struct condition *condition = best();
    assert_int_equal(condition->count, 0);
    assert_int_equal(condition->mended_groups, 2);
}

static void one_two_and_three_literals_are_found(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= 3; size++) {
        set_up(state);
        uint32_t all = (1u << size) - 1;
        for (uint32_t step = 0; step < 4; step++)
            add_row(true, step, true, all | 1u << (4 + step));
        for (uint32_t without = 0; without < size; without++)
            add_row(false, 0, false, (all & ~(1u << without)) | 0xf0);
        const struct condition *condition = best();
        assert_non_null(condition);
        assert_int_equal(condition->count, size);
        assert_int_equal(condition->mended_groups, 4);
        for (uint16_t i = 0; i < size; i++)
            assert_true(has(condition, i, false));
    }
}

static void a_literal_may_be_negated_unless_it_counts(void **state)
{
    (void)state;
    for (int upwards = 0; upwards < 2; upwards++) {
        set_up(state);
        atoms[3].upwards = upwards;
        add_row(true, 0, true, 0);
        add_row(false, 0, false, 1 << 3);
        const struct condition *condition = best();
        assert_int_equal(condition != NULL, !upwards);
        if (condition)
            assert_true(has(condition, 3, true));
    }
}

/* A count that is reached: atoms 0 to 3 say at least 1, 2, 3 and 4. */
static void add_count(bool failing, uint32_t step, bool want, uint32_t count)
{
    add_row(failing, step, want, (1u << (count < 4 ? count : 4)) - 1);
}

static void set_up_counts(void **state)
{
    static const uint16_t costs[] = { 15, 5, 0, 10 }; /* 3, 2, 4, 1: the prior */
    set_up(state);
    for (uint16_t i = 0; i < COUNT_OF(costs); i++) {
        atoms[i].upwards = true;
        atoms[i].cost = costs[i];
        atoms[i].series = 1;
        atoms[i].threshold = i + 1;
    }
}

/* What stays has none, what fails has three: 3 is as good as 2, and errs at the next that has two.
 */
static void a_threshold_keeps_away_from_both_sides(void **state)
{
    set_up_counts(state);
    for (uint32_t step = 0; step < 4; step++)
        add_count(true, step, true, 3);
    for (uint32_t i = 0; i < 20; i++)
        add_count(false, 0, false, 0);
    const struct condition *condition = best();
    assert_int_equal(condition->count, 1);
    assert_true(has(condition, 1, false));
}

/* As many as the list goes: nobody knows how far the next is, so the prior stays. */
static void without_a_margin_the_prior_stays(void **state)
{
    set_up_counts(state);
    for (uint32_t step = 0; step < 4; step++)
        add_count(true, step, true, 4);
    for (uint32_t i = 0; i < 20; i++)
        add_count(false, 0, false, 1);
    const struct condition *condition = best();
    assert_int_equal(condition->count, 1);
    assert_true(has(condition, 2, false));
}

/* One passing step among thousands decides: rows are never sampled. */
static void one_row_of_thousands_decides(void **state)
{
    (void)state;
    for (uint32_t step = 0; step < 5; step++)
        add_row(true, step, true, 0x3);
    for (uint32_t i = 0; i < 5000; i++)
        add_row(false, 0, false, i == 4711 ? 0x1 : 0x0);
    const struct condition *condition = best();
    assert_true(has(condition, 1, false));
    assert_false(has(condition, 0, false));
}

static void what_no_atom_tells_apart_has_no_condition(void **state)
{
    (void)state;
    add_row(true, 0, true, 0x5);
    add_row(false, 0, false, 0x5);
    assert_null(best());
    assert_true(tried > 0);
}

/* Of two that do, the one that looks at what the action uses. */
static void a_related_literal_is_better(void **state)
{
    (void)state;
    atoms[0].related = false;
    for (uint32_t step = 0; step < 3; step++)
        add_row(true, step, true, 0x3 | 1u << (4 + step));
    add_row(false, 0, false, 0xf0);
    const struct condition *condition = best();
    assert_int_equal(condition->count, 1);
    assert_true(has(condition, 1, false));
}

/* A step is mended when all that must be true are, and a step that is half done is changed. */
static void a_step_is_a_whole(void **state)
{
    (void)state;
    add_row(true, 0, true, 0x1);
    add_row(true, 0, true, 0x3);
    add_row(true, 1, true, 0x3);
    add_row(true, 1, false, 0x2);
    add_row(false, 0, false, 0x0);
    const struct condition *condition = best();
    assert_true(has(condition, 0, false));
    assert_int_equal(condition->mended_groups, 2);
    assert_int_equal(condition->mended_steps, 2);
    assert_int_equal(condition->changed_groups, 0);
}

/* One literal more is not worth a step of a group that is mended at others. */
static void a_group_of_both_kinds_weighs_little(void **state)
{
    (void)state;
    atoms[1].related = false;
    add_row(true, 0, true, 0x3);
    add_row(true, 1, false, 0x1); /* of the same group as the first */
    rows[1].group = 0;
    add_row(false, 0, false, 0x2);
    const struct condition *condition = best();
    assert_int_equal(condition->count, 1);
    assert_true(has(condition, 0, false));
    assert_int_equal(condition->mixed_groups, 1);
    assert_int_equal(condition->changed_groups, 0);
}

static void what_fits_is_added_where_nothing_is_lost(void **state)
{
    (void)state;
    atoms[5].tight = true; /* holds at each failing step */
    atoms[6].tight = true; /* not at one of them */
    add_row(true, 0, true, 0x1 | 1 << 5 | 1 << 6);
    add_row(true, 1, true, 0x1 | 1 << 5);
    add_row(false, 0, false, 0x0);
    uint32_t count = condition_search(&problem, found, &tried);
    assert_true(count > 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(has(&found[i], 5, false));
        assert_false(has(&found[i], 6, false));
        assert_false(has(&found[i], 0, false)); /* idle beside it */
    }
}

static void the_narrowest_way_of_being_alike_is_taken(void **state)
{
    (void)state;
    atoms[0].narrower[0] = 1;
    atoms[0].narrower_count = 1;
    atoms[1].narrower[0] = 2;
    atoms[1].narrower_count = 1;
    atoms[1].cost = 2;
    atoms[2].cost = 3;
    add_row(true, 0, true, 0x3); /* alike in the ways of 0 and 1, not of 2 */
    add_row(true, 1, true, 0x3);
    add_row(false, 0, false, 0x0);
    const struct condition *condition = best();
    assert_int_equal(condition->count, 1);
    assert_true(has(condition, 1, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_other_rows_none_is_needed, set_up),
        cmocka_unit_test_setup(one_two_and_three_literals_are_found, set_up),
        cmocka_unit_test_setup(a_literal_may_be_negated_unless_it_counts, set_up),
        cmocka_unit_test_setup(a_threshold_keeps_away_from_both_sides, set_up),
        cmocka_unit_test_setup(without_a_margin_the_prior_stays, set_up),
        cmocka_unit_test_setup(one_row_of_thousands_decides, set_up),
        cmocka_unit_test_setup(what_no_atom_tells_apart_has_no_condition, set_up),
        cmocka_unit_test_setup(a_related_literal_is_better, set_up),
        cmocka_unit_test_setup(a_step_is_a_whole, set_up),
        cmocka_unit_test_setup(a_group_of_both_kinds_weighs_little, set_up),
        cmocka_unit_test_setup(what_fits_is_added_where_nothing_is_lost, set_up),
        cmocka_unit_test_setup(the_narrowest_way_of_being_alike_is_taken, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
