/* trials_choose_test - which sessions are taken where not all of them fit. */
#include "trials/choose.h"

#include "base/mem.h"
#include "trials/id_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ALL = 1000 };

static struct choose_item items[ALL];
static bool taken[ALL];

static void make(unsigned count)
{
    memset(items, 0, sizeof items);
    for (unsigned i = 0; i < count; i++)
        items[i] = (struct choose_item){ .number = i + 1,
            .id = hash_of((struct str){ (const char *)&i, sizeof i }),
            .group = 1000 + i };
}

static uint32_t choose(unsigned count, unsigned most)
{
    uint32_t *order, kept;
    memset(taken, 0, sizeof taken);
    choose_order(&order, &kept, items, count, most);
    for (uint32_t i = 0; i < kept; i++) {
        assert_in_range(order[i], 0, count - 1);
        assert_false(taken[order[i]]); /* each once */
        taken[order[i]] = true;
    }
    free(order);
    return kept;
}

static unsigned count_of(unsigned from, unsigned to)
{
    unsigned count = 0;
    for (unsigned i = from; i < to; i++)
        count += taken[i];
    return count;
}

static void all_where_all_fit(void **state)
{
    (void)state;
    assert_int_equal(choose(0, 10), 0);
    make(10);
    assert_int_equal(choose(10, 10), 10);
    assert_int_equal(choose(10, 1000), 10);
    assert_int_equal(choose(10, 0), 0);
}

static void half_are_the_newest_and_half_of_all_times(void **state)
{
    (void)state;
    make(ALL);
    assert_int_equal(choose(ALL, 100), 100);
    assert_in_range(count_of(ALL - 50, ALL), 50, 60);
    assert_in_range(count_of(0, ALL / 2), 10, 40); /* of about fifty that are drawn, half */
}

static void the_named_ones_are_always_there(void **state)
{
    (void)state;
    make(ALL);
    for (unsigned i = 0; i < 30; i++)
        items[i * 7].named = true;
    assert_int_equal(choose(ALL, 10), 40);
    for (unsigned i = 0; i < 30; i++)
        assert_true(taken[i * 7]);
}

/* The newest nine hundred are of one client, in a group each: the others are heard all the same. */
static void a_client_that_floods_has_a_quarter(void **state)
{
    (void)state;
    make(ALL);
    for (unsigned i = 100; i < ALL; i++)
        items[i].principal = 7;
    assert_int_equal(choose(ALL, 100), 100);
    assert_in_range(count_of(100, ALL), 1, 26);
    assert_in_range(count_of(0, 100), 74, 100);
}

static void a_group_that_floods_has_a_sixteenth(void **state)
{
    (void)state;
    make(ALL);
    for (unsigned i = 100; i < ALL; i++)
        items[i].group = 7;
    assert_int_equal(choose(ALL, 160), 160); /* the hundred others, and only then more of it */
    assert_int_equal(count_of(0, 100), 100);
    assert_int_equal(choose(ALL, 96), 96);
    assert_in_range(count_of(100, ALL), 1, 7);
}

static void a_set_has_what_was_put_in(void **state)
{
    (void)state;
    CLEANUP(id_set_done) struct id_set set = { 0 };
    make(ALL);
    id_set_seal(&set);
    assert_false(id_set_has(&set, &items[0].id));
    assert_false(id_set_has(NULL, &items[0].id));
    for (unsigned i = 0; i < ALL; i += 2)
        for (int twice = 0; twice < 2; twice++)
            id_set_add(&set, &items[i].id);
    id_set_seal(&set);
    assert_int_equal(set.count, ALL / 2);
    for (unsigned i = 0; i < ALL; i++)
        assert_int_equal(id_set_has(&set, &items[i].id), i % 2 == 0);
    assert_int_equal(id_set_add_hex(&set, STR("12"), NULL), -ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_where_all_fit),
        cmocka_unit_test(half_are_the_newest_and_half_of_all_times),
        cmocka_unit_test(the_named_ones_are_always_there),
        cmocka_unit_test(a_client_that_floods_has_a_quarter),
        cmocka_unit_test(a_group_that_floods_has_a_sixteenth),
        cmocka_unit_test(a_set_has_what_was_put_in) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
