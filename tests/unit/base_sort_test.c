/* sort.c: in order, nothing lost, equals as they stood. */
#include "base/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

enum { COUNT_MAX = 300 };

struct item {
    uint32_t key, place;
    char rest[40]; /* so that a few dozen are more than a kilobyte */
};

static int by_key(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static void check(const struct item *items, uint32_t count)
{
    bool seen[COUNT_MAX] = { false };
    for (uint32_t i = 0; i < count; i++) {
        assert_false(seen[items[i].place]);
        seen[items[i].place] = true;
        if (i == 0)
            continue;
        assert_true(items[i - 1].key <= items[i].key);
        if (items[i - 1].key == items[i].key)
            assert_true(items[i - 1].place < items[i].place);
    }
}

static void any_number_of_any_keys(void **state)
{
    (void)state;
    static struct item items[COUNT_MAX];
    uint32_t random = 1;
    for (uint32_t count = 0; count <= COUNT_MAX; count++)
        for (uint32_t keys = 1; keys <= 100; keys *= 10) {
            for (uint32_t i = 0; i < count; i++) {
                random = random * 1664525 + 1013904223;
                items[i] = (struct item){ .key = (random >> 8) % keys, .place = i };
            }
            sort(items, count, sizeof(*items), by_key);
            check(items, count);
        }
}

static void in_order_already_and_backwards(void **state)
{
    (void)state;
    static struct item items[COUNT_MAX];
    for (int backwards = 0; backwards < 2; backwards++) {
        for (uint32_t i = 0; i < COUNT_MAX; i++)
            items[i] = (struct item){ .key = backwards ? COUNT_MAX - i : i, .place = i };
        sort(items, COUNT_MAX, sizeof(*items), by_key);
        check(items, COUNT_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_any_keys),
        cmocka_unit_test(in_order_already_and_backwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
