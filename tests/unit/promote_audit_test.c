/* Whoever edits a row of journal.db by hand is found, with the row's id; a journal that nobody
 * edited is not accused, also while it is written. */
#include "base/mem.h"
#include "broker_home.h"
#include "promote/audit.h"
#include "promote/checkpoint.h"
#include "promote/reviewing.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define A "aaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbb"

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static void add_session(const struct home *home, const char *group)
{
    struct journal *journal = home_as(home, JOURNAL_IMPORT);
    struct journal_message message = { 1, JOURNAL_CLAIM, false, STR("{}") };
    const struct journal_session session = { .principal = STR("p"),
        .format = STR("f"),
        .source = STR("s"),
        .origin = STR("o"),
        .group = str_of(group),
        .meta = STR("{}"),
        .messages = &message,
        .messages_count = 1 };
    uint64_t added, known;
    struct err err;
    must(journal_add(journal, &session, &err), &err);
    must(journal_flush(journal, &added, &known, &err), &err);
    journal_close(journal);
}

static void admit(struct journal *journal, const struct home *home, const struct digest *before)
{
    char body[400], hex[DIGEST_HEX];
    struct digest digest;
    struct err err;
    snprintf(body, sizeof body,
        "{\"home\":\"%s\",\"number\":%d,\"kind\":\"%s\",\"before\":%s%s%s,\"commit\":"
        "\"0123456789012345678901234567890123456789\"}",
        home->id, before ? 1 : 0, before ? "promotion" : "init", before ? "\"" : "",
        before ? hash_hex(hex, before) : "null", before ? "\"" : "");
    must(journal_admit(journal, str_of(body), NULL, 0, &digest, &err), &err);
    if (!before)
        admit(journal, home, &digest);
}

/* A home in which everything was decided once. */
static struct journal *filled(struct home *home)
{
    const struct digest shard = { { 7 } };
    struct journal_cluster cluster = { STR("c1"), STR("leak"), STR("batched"), { { 1 } } };
    const struct journal_move moves[] = { { STR(A), { 0 }, STR("proposed"), STR("{\"a\":1}") },
        { STR(B), { 0 }, STR("proposed"), STR("{}") },
        { STR(A), STR("proposed"), STR("patched"), STR("{\"a\":2}") } };
    struct journal_look look;
    struct err err;
    *home = home_fresh();
    must(reviewing_init(home, &err), &err);
    struct journal *journal = home_as(home, JOURNAL_DRIVE);
    add_session(home, "ann");
    add_session(home, "bob");
    must(journal_split(journal, STR("ann"), 1, &err), &err);
    must(journal_move_cluster(journal, &cluster, "", &err), &err);
    must(journal_move_candidates(journal, moves, 3, &err), &err);
    must(journal_look(journal, &shard, STR(A), &(struct journal_debit){ 0 }, &look, &err), &err);
    must(journal_look_end(journal, &shard, STR(A), false, &err), &err);
    must(journal_look(journal, &shard, STR(B), &(struct journal_debit){ 0 }, &look, &err), &err);
    must(journal_freeze(journal, true, STR("holidays"), &err), &err);
    must(checkpoint_make(journal, home, &err), &err);
    must(journal_freeze(journal, false, STR("back"), &err), &err);
    admit(journal, home, NULL);
    must(checkpoint_make(journal, home, &err), &err);
    return journal;
}

static void an_honest_journal_holds(void **state)
{
    (void)state;
    struct home home;
    struct journal *journal = filled(&home);
    struct audit audit;
    struct digest head;
    struct err err;
    uint64_t records;
    must(audit_check(journal, &home, &audit, &err), &err);
    must(journal_audit_verify(journal, &records, &head, &err), &err);
    assert_int_equal(audit.records, records);
    assert_int_equal(audit.records, 12);
    assert_int_equal(audit.checkpoints, 2);
    assert_true(hash_equal(&audit.head, &head));
    journal_close(journal);
    home = home_fresh();
    journal = home_as(&home, JOURNAL_VIEW);
    must(audit_check(journal, &home, &audit, &err), &err);
    assert_int_equal(audit.records, 0);
    journal_close(journal);
}

static void an_edited_row_is_found(void **state)
{
    (void)state;
    static const struct row {
        const char *name, *sql, *found;
    } rows[] = {
        { "a candidate's state", "UPDATE candidate SET state = 'active' WHERE id = '" B "'",
            "candidate " B ": its row is not" },
        { "a candidate's body", "UPDATE candidate SET body = '{\"a\":1}' WHERE id = '" A "'",
            "candidate " A ": its row is not" },
        { "a candidate taken out",
            "DROP TRIGGER candidate_delete; DELETE FROM candidate WHERE id = '" A "'",
            "candidate " A ": its row is gone" },
        { "a candidate put in",
            "INSERT INTO candidate(id, state, body) VALUES('cccccccc', 'active', '{}')",
            "candidate cccccccc: no audit record" },
        { "an admission's body",
            "DROP TRIGGER admission_update; UPDATE admission SET body = replace(body, '0123', "
            "'1123') WHERE number = 1",
            "admission 1: its row is not" },
        { "an admission's digest",
            "DROP TRIGGER admission_update; UPDATE admission SET digest = x'00' WHERE number = 0",
            "admission 0: its row is not" },
        { "an admission taken out",
            "DROP TRIGGER admission_delete; DELETE FROM admission WHERE number = 1",
            "admission 1: its row is gone" },
        { "an admission put in",
            "INSERT INTO admission SELECT 2, at_ms, randomblob(32), body FROM admission WHERE "
            "number = 1",
            "admission 2: no audit record" },
        { "a cluster's state", "UPDATE cluster SET state = 'resolved'", "cluster c1: its row" },
        { "a split", "UPDATE split SET split = 0", "the split of group ann: its row is not" },
        { "a split taken out", "DELETE FROM split", "the split of group ann: its row is not" },
        { "a split put in", "INSERT INTO split VALUES('bob', 0, 0)",
            "the split of group bob: no audit record" },
        { "a look that passed", "DROP TRIGGER look_update; UPDATE look SET passed = 1 WHERE k = 1",
            "answer of look " A ": its row is not" },
        { "an answer taken back",
            "DROP TRIGGER look_update; UPDATE look SET passed = NULL WHERE k = 1",
            "answer of look " A ": its row is gone" },
        { "an answer put in", "UPDATE look SET passed = 1 WHERE k = 2",
            "answer of look " B ": no audit record" },
        { "a look that is cheaper", "DROP TRIGGER look_update; UPDATE look SET passes = 9",
            "look " A ": its row is not" },
        { "a look taken out", "DROP TRIGGER look_delete; DELETE FROM look WHERE k = 2",
            "look " B ": its row is gone" },
        { "a shard that was opened for nobody", "INSERT INTO opening VALUES(1, '" A "', NULL, 5)",
            "opening of shard 1: no audit record" },
        { "a freeze", "INSERT INTO freeze VALUES(9, 1, 'x', 0)", "freeze: its row is not" },
        { "a record", "DROP TRIGGER audit_update; UPDATE audit SET at_ms = 1 WHERE number = 4",
            "audit record 4: its content" },
        { "the end of the chain", "DROP TRIGGER audit_delete; DELETE FROM audit WHERE number > 11",
            "checkpoint 12: the chain ends at record 11" },
        { "a checkpoint's head", "DROP TRIGGER checkpoint_update; UPDATE checkpoint SET head = x''",
            "checkpoint 9: the chain has another digest" },
        { "a checkpoint's signature",
            "DROP TRIGGER checkpoint_update; UPDATE checkpoint SET envelope = (SELECT envelope FROM"
            " checkpoint WHERE record = 12) WHERE record = 9",
            "checkpoint 9: its statement is of another" },
        { "a checkpoint without a signature",
            "DROP TRIGGER checkpoint_update;"
            "UPDATE checkpoint SET envelope = '{}'",
            "checkpoint 9: " },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct home home;
        struct audit audit;
        struct err err = { 0 };
        struct journal *journal = filled(&home);
        if (home_sql(&home, rows[i].sql) != 0)
            fail_msg("%s: SQL", rows[i].name);
        int rc = audit_check(journal, &home, &audit, &err);
        if (rc != -ERR_VERIFY || !strstr(err.text, rows[i].found))
            fail_msg("%s: %d %s", rows[i].name, rc, err.text);
        journal_close(journal);
    }
}

/* The whole chain computed anew by somebody who has the file but not the key. */
static void a_chain_made_anew_does_not_fit_its_checkpoints(void **state)
{
    (void)state;
    struct home home, other;
    char sql[PATH_MAX + 300];
    struct audit audit;
    struct err err;
    struct journal *journal = filled(&home);
    journal_close(filled(&other));
    snprintf(sql, sizeof sql,
        "ATTACH '%s/journal.db' AS o; DROP TRIGGER audit_update; DROP TRIGGER audit_delete;"
        "PRAGMA foreign_keys = OFF; DELETE FROM audit; INSERT INTO audit SELECT * FROM o.audit",
        other.path);
    assert_int_equal(home_sql(&home, sql), 0);
    assert_int_equal(audit_check(journal, &home, &audit, &err), -ERR_VERIFY);
    assert_non_null(strstr(err.text, "checkpoint 9"));
    journal_close(journal);
}

static void a_journal_that_is_written_is_not_accused(void **state)
{
    (void)state;
    enum { MOVES = 400 };
    struct home home;
    struct journal *journal = filled(&home);
    pid_t writer = fork();
    if (writer == 0) {
        struct journal *own = home_as(&home, JOURNAL_DRIVE);
        for (int i = 0; i < MOVES; i++) {
            bool odd = i % 2;
            const struct journal_move move = { STR(B), odd ? STR("patched") : STR("proposed"),
                odd ? STR("proposed") : STR("patched"), STR("{}") };
            journal_move_candidates(own, &move, 1, NULL);
        }
        _exit(0);
    }
    int status, rounds = 0;
    do {
        struct audit audit;
        struct err err;
        int rc = audit_check(journal, &home, &audit, &err);
        if (rc != 0 && rc != -ERR_STATE)
            fail_msg("round %d: %s", rounds, err.text);
        rounds++;
    } while (waitpid(writer, &status, WNOHANG) == 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_journal_holds),
        cmocka_unit_test(an_edited_row_is_found),
        cmocka_unit_test(a_chain_made_anew_does_not_fit_its_checkpoints),
        cmocka_unit_test(a_journal_that_is_written_is_not_accused),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
