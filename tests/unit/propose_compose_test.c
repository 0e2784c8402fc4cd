/* compose.c: two patches that follow one another as edits of the first source. */
#include "propose/compose.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

enum { EDITS_MAX = 3 };

struct edit {
    uint32_t from, to;
    const char *text; /* NULL: no edit */
};

static uint32_t list(struct target_edit *ret, const struct edit edits[EDITS_MAX])
{
    uint32_t count = 0;
    for (; count < EDITS_MAX && edits[count].text; count++)
        ret[count] =
            (struct target_edit){ edits[count].from, edits[count].to, str_of(edits[count].text) };
    return count;
}

static int compose(struct target_edit *ret, struct arena *arena, const char *source,
    const struct edit first[EDITS_MAX], const struct edit second[EDITS_MAX])
{
    struct target_edit a[EDITS_MAX], b[EDITS_MAX];
    struct compose_list one = { a, list(a, first) }, two = { b, list(b, second) };
    return compose_edits(ret, arena, (uint32_t)strlen(source), one, two, NULL);
}

static void both_are_edits_of_the_first_source(void **state)
{
    static const struct {
        const char *name, *source;
        struct edit first[EDITS_MAX], second[EDITS_MAX], want[EDITS_MAX];
    } rows[] = {
        { "nothing and nothing", "abc", { { 0 } }, { { 0 } }, { { 0 } } },
        { "the second alone", "abc", { { 0 } }, { { 1, 2, "X" } }, { { 1, 2, "X" } } },
        { "the first alone", "abc", { { 1, 1, "X" } }, { { 0 } }, { { 1, 1, "X" } } },
        { "apart, the second in front", "abcdef", { { 4, 5, "XYZ" } }, { { 1, 1, "q" } },
            { { 1, 1, "q" }, { 4, 5, "XYZ" } } },
        { "apart, the second behind: its place is of the middle source", "abcdef",
            { { 1, 1, "XYZ" } }, { { 8, 9, "q" } }, { { 1, 1, "XYZ" }, { 5, 6, "q" } } },
        { "behind what was put in there", "abcdef", { { 2, 2, "XY" } }, { { 4, 4, "q" } },
            { { 2, 2, "XYq" } } },
        { "in front of what was put in there", "abcdef", { { 2, 2, "XY" } }, { { 2, 2, "q" } },
            { { 2, 2, "qXY" } } },
        { "within what was put in", "abcdef", { { 2, 2, "XYZ" } }, { { 3, 4, "q" } },
            { { 2, 2, "XqZ" } } },
        { "over both edges of it", "abcdef", { { 2, 3, "XY" } }, { { 1, 5, "q" } },
            { { 1, 4, "q" } } },
        { "over one edge of it", "abcdef", { { 2, 3, "XY" } }, { { 3, 5, "q" } },
            { { 2, 4, "Xq" } } },
        { "what was put in goes again", "abcdef", { { 2, 2, "XY" } }, { { 2, 4, "" } }, { { 0 } } },
        { "what was taken out does not come back", "abcdef", { { 1, 3, "" } }, { { 1, 2, "" } },
            { { 1, 4, "" } } },
        { "over two edits of the first", "abcdef", { { 1, 2, "X" }, { 4, 5, "Y" } },
            { { 0, 6, "q" } }, { { 0, 6, "q" } } },
        { "at the end", "abc", { { 3, 3, "X" } }, { { 4, 4, "q" } }, { { 3, 3, "Xq" } } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct target_edit got[COMPOSE_EDITS_MAX], want[EDITS_MAX];
        print_message("%s\n", rows[i].name);
        int count = compose(got, &arena, rows[i].source, rows[i].first, rows[i].second);
        assert_int_equal(count, list(want, rows[i].want));
        for (int k = 0; k < count; k++) {
            assert_int_equal(got[k].from, want[k].from);
            assert_int_equal(got[k].to, want[k].to);
            assert_true(str_equal(got[k].text, want[k].text));
        }
    }
}

static void what_is_out_of_place_is_refused(void **state)
{
    static const struct {
        const char *name;
        struct edit first[EDITS_MAX], second[EDITS_MAX];
    } rows[] = {
        { "the first reaches over the end", { { 2, 7, "" } }, { { 0 } } },
        { "the second reaches over the end of the middle", { { 2, 4, "" } }, { { 3, 5, "" } } },
        { "backwards", { { 4, 2, "" } }, { { 0 } } },
        { "out of order", { { 4, 5, "" }, { 1, 2, "" } }, { { 0 } } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct target_edit got[COMPOSE_EDITS_MAX];
        print_message("%s\n", rows[i].name);
        assert_int_equal(compose(got, &arena, "abcdef", rows[i].first, rows[i].second), -ERR_INPUT);
    }
}

static void more_edits_than_there_is_room_for_are_refused(void **state)
{
    enum { MANY = 7 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct target_edit got[COMPOSE_EDITS_MAX], first[MANY], second[MANY];
    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        first[i] = (struct target_edit){ 4 * i, 4 * i + 1, STR("X") };
        second[i] = (struct target_edit){ 4 * i + 2, 4 * i + 3, STR("Y") };
    }
    struct compose_list one = { first, MANY }, two = { second, MANY - 1 };
    assert_int_equal(compose_edits(got, &arena, 40, one, two, NULL), -ERR_LIMIT);
    one.count = two.count = COMPOSE_EDITS_MAX / 2;
    assert_int_equal(compose_edits(got, &arena, 40, one, two, NULL), COMPOSE_EDITS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_are_edits_of_the_first_source),
        cmocka_unit_test(what_is_out_of_place_is_refused),
        cmocka_unit_test(more_edits_than_there_is_room_for_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
