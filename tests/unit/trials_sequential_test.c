/* trials/sequential.c: how a comparison ends, what it refuses, and that a row which is read back is
 * the row that was written. Rates are in trials_simulated_test.c. */
#include "base/mem.h"
#include "trials/sequential.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct sequential_plan usual = { .look = 1,
    .level = .025,
    .level_harm = .05,
    .margin = .2,
    .missing_max = .1,
    .repeats = 3,
    .cases = 40,
    .groups = 40 };

static struct sequential_group group_of(uint32_t number, uint32_t old_passed, uint32_t new_passed)
{
    struct sequential_group group = { .signature = true, .cases = 1 };
    memcpy(group.group.at, &number, sizeof number);
    group.old = (struct sequential_arm){ old_passed, 3 - old_passed, 0 };
    group.new = (struct sequential_arm){ new_passed, 3 - new_passed, 0 };
    group.lost = old_passed == 3 && new_passed == 0;
    return group;
}

/* A letter a group: better (B), worse (W), lost at once (L), nothing (.); without the failure,
 * worse (w) or nothing (,); old or new arm missing (o, n). */
static struct sequential_group group_by(char letter, uint32_t number)
{
    struct sequential_group group = group_of(number, 1,
        letter == 'B'                    ? 3
        : letter == 'W' || letter == 'w' ? 0
                                         : 1);
    if (letter == 'L')
        group = group_of(number, 3, 0);
    if (letter == ',' || letter == 'w')
        group.signature = false;
    if (letter == 'o')
        group.old = (struct sequential_arm){ 0, 0, 3 };
    if (letter == 'n')
        group.new = (struct sequential_arm){ 0, 0, 3 };
    return group;
}

static int add_all(struct sequential *row, const char *letters)
{
    int end = SEQUENTIAL_OPEN;
    for (uint32_t i = 0; letters[i] && end == SEQUENTIAL_OPEN; i++) {
        struct sequential_group group = group_by(letters[i], 100 + row->groups_count);
        end = sequential_add(row, &group, NULL);
    }
    return end;
}

static const struct row {
    const char *name, *groups;
    struct sequential_plan plan;
    int want;
} rows[] = {
    { "seven straight wins at .025", "BBBBBBB", { 0 }, SEQUENTIAL_PASS },
    { "six are not enough", "BBBBBB", { 0 }, SEQUENTIAL_OPEN },
    { "groups that do not differ cost nothing", "B.B.B.B.B.B.B", { 0 }, SEQUENTIAL_PASS },
    { "worse again and again", "WWWWWW", { 0 }, SEQUENTIAL_HARM },
    { "harm where the failure never was", "wwwwww", { 0 }, SEQUENTIAL_HARM },
    { "nothing, for long", "............................................", { 0 },
        SEQUENTIAL_FUTILE },
    { "of other groups nothing follows for the failure", ",,,,,,,,,,,,,,,,,,,,", { 0 },
        SEQUENTIAL_OPEN },
    { "all have bet", ",,,,,", { .groups = 5 }, SEQUENTIAL_SPENT },
    { "one case alone, of few, with many repeats", "L", { .cases = 1, .groups = 1 },
        SEQUENTIAL_HARM },
    { "one case alone, of forty", "L", { 0 }, SEQUENTIAL_OPEN },
    { "a new arm that is missing has failed", "nnnnnn", { 0 }, SEQUENTIAL_HARM },
    { "wins, with too much missing", "oBBBBBBBB", { 0 }, SEQUENTIAL_OPEN },
    { "a fixed number is not looked at before it is there", "BBBBBBBBB",
        { .groups = 10, .stop = SEQUENTIAL_FIXED }, SEQUENTIAL_OPEN },
    { "and then once", "BBBBBBBB..", { .groups = 10, .stop = SEQUENTIAL_FIXED }, SEQUENTIAL_PASS },
    { "with one more worse than the sign test takes", "BBBBBWWB..",
        { .groups = 10, .stop = SEQUENTIAL_FIXED }, SEQUENTIAL_SPENT },
};

static struct sequential_plan plan_of(const struct row *row)
{
    struct sequential_plan plan = usual;
    plan.stop = row->plan.stop;
    if (row->plan.groups)
        plan.groups = row->plan.groups;
    if (row->plan.cases) {
        plan.cases = row->plan.cases;
        plan.repeats = 3;
    }
    return plan;
}

static void comparisons_end_as_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(sequential_done) struct sequential row = { 0 };
        struct sequential_plan plan = plan_of(&rows[i]);
        assert_int_equal(sequential_init(&row, &plan, NULL), 0);
        int end = add_all(&row, rows[i].groups);
        CLEANUP(buf_done) struct buf told = { 0 };
        sequential_tell(&told, &row);
        if (end != rows[i].want)
            fail_msg("%s: %s", rows[i].name, told.at);
    }
}

static void an_old_arm_that_is_missing_has_passed(void **state)
{
    (void)state;
    CLEANUP(sequential_done) struct sequential row = { 0 };
    struct sequential_group group = group_of(1, 0, 3), less = group_of(2, 0, 2);
    group.old = less.old = (struct sequential_arm){ 0, 0, 3 };
    assert_int_equal(sequential_init(&row, &usual, NULL), 0);
    assert_int_equal(sequential_add(&row, &group, NULL), SEQUENTIAL_OPEN);
    assert_int_equal(sequential_add(&row, &less, NULL), SEQUENTIAL_OPEN);
    assert_int_equal(row.wins, 0);
    assert_int_equal(row.losses, 1);
    assert_int_equal(row.missing, 2);
}

static void a_row_goes_on_where_it_was(void **state)
{
    (void)state;
    CLEANUP(sequential_done) struct sequential whole = { 0 };
    assert_int_equal(sequential_init(&whole, &usual, NULL), 0);
    for (uint32_t i = 0; whole.end == SEQUENTIAL_OPEN; i++) {
        CLEANUP(sequential_done) struct sequential again = { 0 };
        CLEANUP(buf_done) struct buf text = { 0 };
        struct sequential_group group = group_by("B.BW"[i % 4], i);
        struct err err;
        sequential_print(&text, &whole);
        if (sequential_resume(&again, buf_view(&text), &usual, &err) < 0)
            fail_msg("%s at %s", err.text, err.where);
        assert_true(!sequential_has(&again, &group.group));
        assert_int_equal(
            sequential_add(&again, &group, NULL), sequential_add(&whole, &group, NULL));
        assert_true(sequential_has(&again, &group.group));
        for (int p = 0; p < PROCESSES; p++)
            assert_true(fabs(again.log_wealth[p] - whole.log_wealth[p]) < 1e-12);
    }
}

static void the_order_changes_no_wealth(void **state)
{
    (void)state;
    enum { N = 6 };
    struct digest names[N], back[N];
    CLEANUP(sequential_done) struct sequential forth = { 0 }, other = { 0 };
    assert_int_equal(sequential_init(&forth, &usual, NULL), 0);
    assert_int_equal(sequential_init(&other, &usual, NULL), 0);
    for (uint32_t i = 0; i < N; i++) {
        struct sequential_group a = group_by("BWB.BW"[i], i),
                                b = group_by("BWB.BW"[N - 1 - i], N - 1 - i);
        assert_int_equal(sequential_add(&forth, &a, NULL), SEQUENTIAL_OPEN);
        assert_int_equal(sequential_add(&other, &b, NULL), SEQUENTIAL_OPEN);
        names[i] = back[N - 1 - i] = a.group;
    }
    for (int p = 0; p < PROCESSES; p++)
        assert_true(fabs(forth.log_wealth[p] - other.log_wealth[p]) < 1e-9);
    sequential_order(&usual, names, N);
    sequential_order(&usual, back, N);
    assert_memory_equal(names, back, sizeof names);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    CLEANUP(sequential_done) struct sequential row = { 0 };
    struct sequential_group group = group_of(1, 1, 3), more = group_of(2, 1, 3);
    assert_int_equal(sequential_init(&row, &usual, NULL), 0);
    assert_int_equal(sequential_add(&row, &group, NULL), SEQUENTIAL_OPEN);
    assert_int_equal(sequential_add(&row, &group, NULL), -ERR_STATE); /* a group bets once */
    more.new.passed = 4;
    assert_int_equal(sequential_add(&row, &more, NULL), -ERR_INPUT);
    more = group_of(2, 1, 3);
    more.lost = 1;
    assert_int_equal(sequential_add(&row, &more, NULL), -ERR_INPUT);
    more = group_of(2, 1, 3);
    more.cases = 0;
    assert_int_equal(sequential_add(&row, &more, NULL), -ERR_INPUT);
    more.cases = 40; /* one has bet already */
    more.old = more.new = (struct sequential_arm){ 120, 0, 0 };
    assert_int_equal(sequential_add(&row, &more, NULL), -ERR_INPUT);
    assert_int_equal(row.groups_count, 1);
    assert_int_equal(add_all(&row, "BBBBBBBBBB"), SEQUENTIAL_PASS);
    more = group_of(99, 1, 3);
    assert_int_equal(sequential_add(&row, &more, NULL), -ERR_STATE); /* it has ended */
}

static const struct change {
    const char *name, *from, *to;
} changes[] = {
    { "another schema", "\"schema\": 1", "\"schema\": 2" },
    { "an unknown member", "\"look\"", "\"luck\"" },
    { "a look that is none", "\"look\": 1", "\"look\": 0" },
    { "an exhausted shard", "\"level\": 0.025", "\"level\": 0" },
    { "no margin", "\"margin\": 0.2", "\"margin\": 0" },
    { "no repeats", "\"repeats\": 3", "\"repeats\": 0" },
    { "fewer cases than groups", "\"cases\": 40", "\"cases\": 39" },
    { "more passes than runs", "\"new_passed\": 3", "\"new_passed\": 9" },
    { "another way to stop", "\"any\"", "\"some\"" },
    { "a group that bets twice", "\"group\": \"65", "\"group\": \"64" },
    { "cut short", "]}", "]" },
};

static void rows_are_read_strictly(void **state)
{
    (void)state;
    CLEANUP(sequential_done) struct sequential row = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    assert_int_equal(sequential_init(&row, &usual, NULL), 0);
    add_all(&row, "B.B");
    sequential_print(&text, &row);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        CLEANUP(sequential_done) struct sequential read = { 0 };
        CLEANUP(buf_done) struct buf changed = { 0 };
        ptrdiff_t at = str_find(buf_view(&text), str_of(changes[i].from));
        if (at < 0)
            fail_msg("%s: no %s in %s", changes[i].name, changes[i].from, text.at);
        buf_add(&changed, text.at, (size_t)at);
        buf_text(&changed, changes[i].to);
        buf_text(&changed, text.at + at + strlen(changes[i].from));
        if (sequential_read(&read, buf_view(&changed), NULL) != -ERR_INPUT)
            fail_msg("%s is read", changes[i].name);
    }
}

/* A plan that is changed on the way, or a row that goes on behind its end, would be a second try.
 */
static void a_row_is_never_restarted(void **state)
{
    (void)state;
    CLEANUP(sequential_done) struct sequential row = { 0 }, again = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct sequential_plan other = usual;
    assert_int_equal(sequential_init(&row, &usual, NULL), 0);
    add_all(&row, "WWB");
    sequential_print(&text, &row);
    other.repeats = 5;
    assert_int_equal(sequential_resume(&again, buf_view(&text), &other, NULL), -ERR_STATE);
    other = usual;
    other.candidate.at[0] = 1;
    assert_int_equal(sequential_resume(&again, buf_view(&text), &other, NULL), -ERR_STATE);
    assert_int_equal(add_all(&row, "BBBBBBBBBBBBBBBBBB"), SEQUENTIAL_PASS);
    row.groups = mem_grow(row.groups, row.groups_count + 1, sizeof *row.groups);
    row.groups[row.groups_count++] = group_of(99, 1, 3);
    buf_clear(&text);
    sequential_print(&text, &row);
    assert_int_equal(sequential_read(&again, buf_view(&text), NULL), -ERR_INPUT);
}

static void the_interval_closes_in(void **state)
{
    (void)state;
    CLEANUP(sequential_done) struct sequential row = { 0 };
    struct sequential_plan plan = usual;
    double low, high;
    plan.level = 1e-9;
    assert_int_equal(sequential_init(&row, &plan, NULL), 0);
    sequential_interval(&row, .05, &low, &high);
    assert_true(low == -1 && high == 1);
    add_all(&row, "BBBBBBBBBBBBBBBB");
    sequential_interval(&row, .05, &low, &high);
    assert_true(low > .2 && low < 2 / 3.0 && high > 2 / 3.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_end_as_they_should),
        cmocka_unit_test(an_old_arm_that_is_missing_has_passed),
        cmocka_unit_test(a_row_goes_on_where_it_was),
        cmocka_unit_test(the_order_changes_no_wealth),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(rows_are_read_strictly),
        cmocka_unit_test(a_row_is_never_restarted),
        cmocka_unit_test(the_interval_closes_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
