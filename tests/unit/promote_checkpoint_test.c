/* Checkpoints: signed only over a chain that holds, and refused when anything of them is another's.
 */
#include "base/mem.h"
#include "broker_home.h"
#include "promote/checkpoint.h"
#include "promote/reviewing.h"

#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static struct journal *begin(struct home *home)
{
    struct err err;
    *home = home_fresh();
    if (reviewing_init(home, &err) < 0)
        fail_msg("%s", err.text);
    return home_as(home, JOURNAL_DRIVE);
}

static void a_checkpoint_signs_the_head(void **state)
{
    (void)state;
    struct home home, other;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = begin(&home);
    struct journal_checkpoint *list;
    struct sign_public key, other_key;
    struct digest head;
    struct err err;
    uint64_t records;
    uint32_t count;
    journal_close(begin(&other));
    assert_int_equal(checkpoint_make(journal, &home, &err), -ERR_STATE);
    assert_int_equal(journal_freeze(journal, true, STR("x"), &err), 0);
    assert_int_equal(checkpoint_make(journal, &home, &err), 0);
    assert_int_equal(checkpoint_make(journal, &home, &err), 0);
    assert_int_equal(journal_freeze(journal, false, STR("x"), &err), 0);
    assert_int_equal(checkpoint_make(journal, &home, &err), 0);
    assert_int_equal(journal_audit_verify(journal, &records, &head, &err), 0);
    assert_int_equal(journal_checkpoints(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(list[1].record, records);
    assert_true(hash_equal(&list[1].head, &head));
    assert_int_equal(checkpoint_key(&home, &key, &err), 0);
    assert_int_equal(checkpoint_key(&other, &other_key, &err), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(checkpoint_check(&list[i], &home, &key, &err), 0);
    struct journal_checkpoint bad = list[1];
    assert_int_equal(checkpoint_check(&bad, &home, &other_key, &err), -ERR_VERIFY);
    assert_int_equal(checkpoint_check(&bad, &other, &key, &err), -ERR_VERIFY);
    bad.record = 1;
    assert_int_equal(checkpoint_check(&bad, &home, &key, &err), -ERR_VERIFY);
    bad = list[1];
    bad.head.at[0] ^= 1;
    assert_int_equal(checkpoint_check(&bad, &home, &key, &err), -ERR_VERIFY);
    bad = list[1];
    bad.envelope = STR("{}");
    assert_true(checkpoint_check(&bad, &home, &key, &err) < 0);
    journal_close(journal);
}

static void a_broken_chain_is_not_signed(void **state)
{
    (void)state;
    struct home home;
    struct journal *journal = begin(&home);
    struct err err;
    assert_int_equal(journal_freeze(journal, true, STR("x"), &err), 0);
    assert_int_equal(journal_freeze(journal, false, STR("x"), &err), 0);
    assert_int_equal(
        home_sql(&home, "DROP TRIGGER audit_update; UPDATE audit SET body = '{}' WHERE number = 1"),
        0);
    assert_int_equal(checkpoint_make(journal, &home, &err), -ERR_VERIFY);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_signs_the_head),
        cmocka_unit_test(a_broken_chain_is_not_signed),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
