/* runtime/admission/admission.c: a list of admissions that is read on where it ended. */
#include "broker_home.h"

#include "admission/admission.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define COMMIT "0123456789012345678901234567890123456789"
enum { ALL = 40, STEPS = 3 };

static void admit(struct journal *journal, const struct home *home, struct digest *before, int i)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    const struct admission next = { .home = str_of(home->id),
        .number = (uint32_t)i,
        .before = *before,
        .kind = i ? ADMIT_ROLLBACK : ADMIT_INIT,
        .commit = STR(COMMIT) };
    struct err err;
    admission_print(&body, &next);
    if (journal_admit(journal, buf_view(&body), NULL, 0, before, &err) < 0)
        fail_msg("%d: %s", i, err.text);
}

static void a_list_is_read_on_where_it_ended(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct digest before = { 0 };
    struct admission *list = NULL, *whole = NULL, *first = NULL;
    uint32_t count = 0, all = 0;
    struct err err;
    assert_int_equal(admission_list(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 0);
    for (int i = 0; i < ALL; i++) {
        admit(journal, &home, &before, i);
        if (i % STEPS)
            continue; /* now and then there is more than one that is new */
        assert_int_equal(admission_list(journal, &arena, &list, &count, &err), 0);
        assert_int_equal(count, i + 1);
        first = first ? first : list;
    }
    assert_int_equal(admission_list(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, ALL);
    assert_int_equal(admission_list(journal, &arena, &list, &count, &err), 0); /* nothing new */
    assert_int_equal(admission_list(journal, &arena, &whole, &all, &err), 0);
    assert_int_equal(all, ALL);
    for (uint32_t i = 0; i < all; i++) {
        assert_int_equal(list[i].number, i);
        assert_true(hash_equal(&list[i].digest, &whole[i].digest));
        assert_true(hash_equal(&list[i].before, &whole[i].before));
    }
    assert_ptr_not_equal(list, first); /* it has moved, and the first is as it was */
    assert_true(hash_equal(&first[0].digest, &list[0].digest));
    journal_close(journal);
}

static void what_is_no_admission_adds_nothing(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_DRIVE);
    struct digest before = { 0 };
    struct admission *list = NULL;
    uint32_t count = 0;
    struct err err;
    for (int i = 0; i < 2; i++)
        admit(journal, &home, &before, i);
    assert_int_equal(admission_list(journal, &arena, &list, &count, &err), 0);
    admit(journal, &home, &before, 2);
    assert_int_equal(home_sql(&home, "DROP TRIGGER admission_update;"
                                     "UPDATE admission SET body = '{}' WHERE number = 2"),
        0);
    assert_int_equal(admission_list(journal, &arena, &list, &count, &err), -ERR_VERIFY);
    assert_int_equal(count, 2);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_on_where_it_ended),
        cmocka_unit_test(what_is_no_admission_adds_nothing),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
