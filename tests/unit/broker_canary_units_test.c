/* Whose turns a candidate gets: one side for each unit, by a key that nobody knows, and one vote.
 */
#include "broker/canary_units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct canary_units units;

static void begin(uint32_t share)
{
    assert_int_equal(canary_units_begin(&units, share, NULL), 0);
}

static const char *told(void)
{
    static char text[2000];
    struct buf out = { 0 };
    canary_units_tell(&units, &out);
    snprintf(text, sizeof text, "%s", out.at);
    buf_done(&out);
    return text;
}

static uint32_t count_new(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < units.count; i++)
        count += units.at[i].in_new;
    return count;
}

static void one_principal_is_told_apart_by_session(void **state)
{
    (void)state;
    begin(20);
    for (uint64_t session = 1; session <= 1000; session++) {
        struct canary_unit *unit = canary_unit_of(&units, STR("local"), session);
        assert_ptr_equal(unit, canary_unit_of(&units, STR("local"), session));
    }
    assert_int_equal(units.count, 1000);
    assert_in_range(count_new(), 130, 270); /* more than five deviations */
}

static void principals_are_the_unit_where_there_are_several(void **state)
{
    (void)state;
    begin(50);
    canary_unit_of(&units, STR("ann"), 1);
    for (uint64_t session = 2; session <= 100; session++) {
        canary_unit_of(&units, STR("bob"), session);
        canary_unit_of(&units, STR("ann"), session);
    }
    assert_int_equal(units.count, 3); /* the first came before it was known */
}

/* Another candidate, another key: who was in is in by chance again. */
static void sides_are_drawn_anew(void **state)
{
    (void)state;
    bool was[200];
    uint32_t other = 0;
    begin(50);
    for (uint64_t i = 0; i < 200; i++)
        was[i] = canary_unit_of(&units, STR("local"), i)->in_new;
    begin(50);
    for (uint64_t i = 0; i < 200; i++)
        other += was[i] != canary_unit_of(&units, STR("local"), i)->in_new;
    assert_in_range(other, 60, 140);
}

static void a_unit_votes_once_and_on_its_side(void **state)
{
    (void)state;
    begin(100);
    struct canary_unit *new = canary_unit_of(&units, STR("local"), 1);
    canary_unit_bad(&units, new, false); /* its turn ran on the other side: that says nothing */
    canary_unit_done(new, false);
    assert_string_equal(told(), "\"units\":0,\"clean\":0,\"votes\":\"\"");
    canary_unit_done(new, true);
    assert_string_equal(told(), "\"units\":1,\"clean\":1,\"votes\":\"\"");
    for (int i = 0; i < 3; i++)
        canary_unit_bad(&units, new, true);
    canary_unit_done(new, true);
    assert_string_equal(told(), "\"units\":1,\"clean\":0,\"votes\":\"n\"");
    begin(1);
    struct canary_unit *old = NULL;
    for (uint64_t i = 0; !old || old->in_new; i++)
        old = canary_unit_of(&units, STR("local"), i);
    canary_unit_bad(&units, old, false);
    assert_string_equal(told(), "\"units\":0,\"clean\":0,\"votes\":\"o\"");
}

static void a_flood_is_bounded(void **state)
{
    (void)state;
    begin(100);
    for (uint64_t i = 0; i < 5000; i++)
        canary_unit_bad(&units, canary_unit_of(&units, STR("local"), i), true);
    assert_int_equal(units.count, CANARY_UNITS_MAX);
    assert_int_equal(units.votes_count, CANARY_VOTES_MAX);
    assert_int_equal(strlen(units.votes), CANARY_VOTES_MAX);
    begin(0);
    assert_null(canary_unit_of(&units, STR("local"), 1));
    canary_unit_done(NULL, true);
    canary_unit_bad(&units, NULL, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_principal_is_told_apart_by_session),
        cmocka_unit_test(principals_are_the_unit_where_there_are_several),
        cmocka_unit_test(sides_are_drawn_anew),
        cmocka_unit_test(a_unit_votes_once_and_on_its_side),
        cmocka_unit_test(a_flood_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
