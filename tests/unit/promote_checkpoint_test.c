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

/* --- what a signature costs: counted in records that are read for it */

static uint64_t records_read;
int __real_journal_audit_verify_on(
    struct journal *journal, uint64_t *records, struct digest *head, struct err *err);
int __wrap_journal_audit_verify_on(
    struct journal *journal, uint64_t *records, struct digest *head, struct err *err);
int __wrap_journal_audit_verify_on(
    struct journal *journal, uint64_t *records, struct digest *head, struct err *err)
{
    uint64_t from = *records;
    int rc = __real_journal_audit_verify_on(journal, records, head, err);
    records_read = *records - from;
    return rc;
}

enum { LONG = 40 };

/* A chain of LONG records with a signature under each second one. */
static struct journal *begin_long(struct home *home)
{
    struct journal *journal = begin(home);
    struct err err;
    for (int i = 0; i < LONG; i++) {
        assert_int_equal(journal_freeze(journal, i % 2 == 0, STR("x"), &err), 0);
        if (i % 2 == 0)
            continue;
        assert_int_equal(checkpoint_make(journal, home, &err), 0);
        assert_int_equal(records_read, 2);
    }
    return journal;
}

static int change(const struct home *home, const char *sql)
{
    return home_sql(home, "DROP TRIGGER audit_update; DROP TRIGGER checkpoint_update") == 0
               ? home_sql(home, sql)
               : -1;
}

static void one_more_signature_reads_only_what_is_new(void **state)
{
    static const struct {
        const char *name, *sql;
        uint64_t read;
        int want;
    } rows[] = {
        { "nothing was touched", "SELECT 1", 1, 0 },
        { "a record behind it", "UPDATE audit SET body = '{}' WHERE number = 41", 0, -ERR_VERIFY },
        { "the record under it",
            "UPDATE audit SET digest = zeroblob(32) WHERE number = 40;"
            "UPDATE audit SET before = zeroblob(32) WHERE number = 41",
            0, -ERR_VERIFY },
        { "a signature that is none", "UPDATE checkpoint SET envelope = '{}' WHERE record = 40",
            LONG + 1, 0 },
        { "a signature under another head",
            "UPDATE checkpoint SET head = (SELECT digest FROM audit WHERE number = 39)"
            " WHERE record = 40",
            LONG + 1, 0 },
        { "no signature, and an old record",
            "UPDATE checkpoint SET envelope = '{}' WHERE record = 40;"
            "UPDATE audit SET body = '{}' WHERE number = 1",
            0, -ERR_VERIFY },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct home home;
        struct err err = { 0 };
        struct journal *journal = begin_long(&home);
        assert_int_equal(journal_freeze(journal, true, STR("x"), &err), 0);
        assert_int_equal(change(&home, rows[i].sql), 0);
        int rc = checkpoint_make(journal, &home, &err);
        if (rc != rows[i].want || records_read != rows[i].read)
            fail_msg("%s: %d, %s, %u read", rows[i].name, rc, err.text, (unsigned)records_read);
        journal_close(journal);
    }
}

/* What was changed before a signature is not signed away: the head under it commits to it. */
static void what_is_old_is_still_seen_by_who_reads_all(void **state)
{
    (void)state;
    struct home home;
    struct digest head;
    uint64_t records;
    struct err err;
    struct journal *journal = begin_long(&home);
    assert_int_equal(journal_freeze(journal, true, STR("x"), &err), 0);
    assert_int_equal(change(&home, "UPDATE audit SET body = '{}' WHERE number = 3"), 0);
    assert_int_equal(checkpoint_make(journal, &home, &err), 0);
    assert_int_equal(journal_audit_verify(journal, &records, &head, &err), -ERR_VERIFY);
    assert_non_null(strstr(err.text, "audit record 3"));
    journal_close(journal);
}

/* Few among many, found by their index (without it the question is an error). */
static void quarantines_are_found_without_the_chain(void **state)
{
    (void)state;
    struct home home;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_record *list;
    uint32_t count;
    struct err err;
    struct journal *journal = begin_long(&home);
    assert_int_equal(journal_quarantines(journal, 0, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 0);
    assert_int_equal(
        change(&home, "UPDATE audit SET kind = 'quarantine' WHERE number IN (7, 9)"), 0);
    assert_int_equal(journal_quarantines(journal, 0, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].number, 7);
    assert_int_equal(list[1].number, 9);
    assert_int_equal(journal_quarantines(journal, 7, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 1);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_more_signature_reads_only_what_is_new),
        cmocka_unit_test(what_is_old_is_still_seen_by_who_reads_all),
        cmocka_unit_test(quarantines_are_found_without_the_chain),
        cmocka_unit_test(a_checkpoint_signs_the_head),
        cmocka_unit_test(a_broken_chain_is_not_signed),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
