/* wire/shown.c: which results are cut, and that requests which differ have different numbers. */
#include "wire/shown.h"

#include "base/mem.h"
#include "wire/effect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static char was[20000], now[20000];

/* from: how many bytes of the large result are left, with a remark of so many behind them. */
static const struct row {
    const char *name;
    size_t size, from, remark;
    bool cut;
} rows[] = {
    { "its beginning", 20000, 8192, 0, true },
    { "half of that", 20000, 4096, 0, true },
    { "the least", 20000, 2048, 0, true },
    { "with a remark", 20000, 8000, 160, true },
    { "next to nothing", 20000, 2047, 0, false },
    { "nothing", 20000, 0, 0, false },
    { "more than it may be", 20000, 8193, 0, false },
    { "a remark that brings it over", 20000, 8100, 100, false },
    { "a story instead of a remark", 20000, 4096, 161, false },
    { "of one that was not large", 8192, 4096, 0, false },
};

static void a_cut_is_a_beginning_and_no_more(void **state)
{
    (void)state;
    memset(was, 'x', sizeof(was));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        memcpy(now, was, row->from);
        memset(now + row->from, '.', row->remark);
        struct str large = { was, row->size }, left = { now, row->from + row->remark };
        if (wire_is_cut(large, left) != row->cut)
            fail_msg("%s", row->name);
        uint64_t shown = wire_shown_result(0, 3, large, left);
        assert_int_equal(shown == wire_shown_cut(0, 3), row->cut);
        assert_true(shown != 0);
    }
}

static void the_end_of_a_result_is_no_beginning(void **state)
{
    (void)state;
    memset(was, 'x', sizeof(was));
    was[0] = 'y';
    assert_false(wire_is_cut((struct str){ was, 20000 }, (struct str){ was + 12000, 8000 }));
}

static void what_differs_has_another_number(void **state)
{
    (void)state;
    const struct str a = STR("a"), b = STR("b"), none = { 0 };
    const uint64_t numbers[] = {
        0,
        wire_shown_result(0, 1, a, b),
        wire_shown_result(0, 2, a, b),
        wire_shown_result(0, 1, a, none),
        wire_shown_cut(0, 1),
        wire_shown_without(0, 1),
        wire_shown_without(0, 2),
        wire_shown_without(wire_shown_without(0, 1), 2),
        wire_shown_without(wire_shown_without(0, 2), 1),
        wire_shown_added(0, a),
        wire_shown_added(0, b),
        wire_shown_asked(0, false, 1, none),
        wire_shown_asked(0, true, 0, a),
        wire_shown_else(0, a),
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        for (size_t k = 0; k < i; k++)
            assert_true(numbers[i] != numbers[k]);
}

static void what_is_the_same_has_none(void **state)
{
    (void)state;
    assert_int_equal(wire_shown_result(0, 1, STR("a"), STR("a")), 0);
    assert_int_equal(wire_shown_asked(0, true, 3, (struct str){ 0 }), 0);
    uint64_t end = wire_end_digest(WIRE_STEP_ANSWERED, NULL, 0);
    assert_int_equal(wire_shown_end(end, 0), end);
    assert_true(wire_shown_end(end, wire_shown_cut(0, 1)) != end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_is_a_beginning_and_no_more),
        cmocka_unit_test(the_end_of_a_result_is_no_beginning),
        cmocka_unit_test(what_differs_has_another_number),
        cmocka_unit_test(what_is_the_same_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
