/* trials_split_test - the split is fixed by key and group, and about half of the groups are held
 * out. */
#include "trials/split.h"

#include "base/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static const char key_a[32] = "key a", key_b[32] = "key b";

static enum split at(const char *key, unsigned group, bool sealed)
{
    char name[32];
    snprintf(name, sizeof(name), "customer_%u", group);
    return split_of((struct str){ key, 32 }, str_of(name), sealed);
}

static void half_is_held_out(void **state)
{
    (void)state;
    unsigned counts[SPLITS] = { 0 }, sealed[SPLITS] = { 0 }, moved = 0;
    for (unsigned i = 0; i < 4000; i++) {
        counts[at(key_a, i, false)]++;
        sealed[at(key_a, i, true)]++;
        moved += at(key_a, i, false) != at(key_b, i, false);
        assert_int_equal(at(key_a, i, false), at(key_a, i, false));
        if (at(key_a, i, false) == SPLIT_HELD_IN) /* sealing opens nothing that was held out */
            assert_int_equal(at(key_a, i, true), SPLIT_HELD_IN);
    }
    assert_in_range(counts[SPLIT_HELD_IN], 1850, 2150);
    assert_int_equal(counts[SPLIT_TEST], 0);
    assert_in_range(sealed[SPLIT_TEST], 650, 950);
    assert_in_range(moved, 1800, 2200);
}

static void every_split_has_a_word(void **state)
{
    (void)state;
    for (int i = 0; i < SPLITS; i++)
        assert_int_equal(NAME_FIND(split_words, str_of(split_words[i])), i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_is_held_out),
        cmocka_unit_test(every_split_has_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
