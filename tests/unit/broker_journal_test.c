/* The journal through the real broker: what is kept, what is refused, what survives. */
#include "base/file.h"
#include "base/mem.h"
#include "broker/schema.h"
#include "broker_home.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static struct journal_session sample(const char *group, const char *text)
{
    static struct journal_message messages[3];
    static char bytes[200];
    snprintf(bytes, sizeof bytes, "{\"role\":\"user\",\"content\":\"%s\"}", text);
    messages[0] = (struct journal_message){ 1, JOURNAL_CLAIM, false, str_of(bytes) };
    messages[1] =
        (struct journal_message){ 1, JOURNAL_CLAIM, false, STR("{\"role\":\"assistant\"}") };
    messages[2] = (struct journal_message){ 1, JOURNAL_CLAIM, true,
        STR("{\"role\":\"tool\",\"x\":\"a\\u0000b\"}") };
    return (struct journal_session){ .gateway = true,
        .principal = STR("owner"),
        .format = STR("tau"),
        .source = STR("file"),
        .origin = STR("model"),
        .group = str_of(group),
        .tools = STR("[]"),
        .offered = true,
        .meta = STR("{\"reward\":1}"),
        .messages = messages,
        .messages_count = 3 };
}

static void add(const struct home *home, const char *group, const char *text, uint64_t want_added)
{
    struct journal *journal = home_as(home, JOURNAL_IMPORT);
    struct journal_session session = sample(group, text);
    struct err err;
    uint64_t added, known;
    assert_int_equal(journal_add(journal, &session, &err), 0);
    if (journal_flush(journal, &added, &known, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(added, want_added);
    assert_int_equal(known, 1 - want_added);
    journal_close(journal);
}

static void keeps_sessions_byte_for_byte_and_once(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct arena arena = { 0 };
    struct err err;
    add(&home, "ann", "one", 1);
    add(&home, "ann", "one", 0);
    add(&home, "bob", "two", 1);
    struct journal *journal = home_as(&home, JOURNAL_VIEW);
    struct journal_session *list, session, want = sample("ann", "one");
    uint32_t count;
    assert_int_equal(journal_list(journal, 0, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(str_equal(list[0].group, STR("ann")));
    uint64_t first = list[0].number;
    char hex[DIGEST_HEX];
    hash_hex(hex, &list[0].id);
    assert_int_equal(journal_read(journal, first, &arena, &session, &err), 0);
    struct digest id = journal_session_id(&want);
    assert_true(hash_equal(&id, &session.id));
    for (uint32_t i = 0; i < 3; i++)
        assert_true(str_equal(session.messages[i].bytes, want.messages[i].bytes));
    assert_true(session.messages[2].failed);
    uint64_t number;
    assert_int_equal(journal_find(journal, (struct str){ hex, 8 }, &number, &err), 0);
    assert_int_equal(number, first);
    assert_int_equal(journal_find(journal, STR("abc"), &number, &err), -ERR_USAGE);
    assert_int_equal(journal_find(journal, STR("' OR 1=1"), &number, &err), -ERR_USAGE);
    assert_int_equal(journal_read(journal, 99, &arena, &session, &err), -ERR_MISSING);
    assert_int_equal(journal_list(journal, 2, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 0);
    journal_close(journal);
    arena_done(&arena);
}

static void a_role_may_only_what_its_row_says(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct arena arena = { 0 };
    struct err err;
    add(&home, "in", "one", 1);
    add(&home, "out", "two", 1);
    struct journal *mine = home_as(&home, JOURNAL_MINE), *view = home_as(&home, JOURNAL_VIEW);
    struct journal *import = home_as(&home, JOURNAL_IMPORT),
                   *propose = home_as(&home, JOURNAL_PROPOSE);
    struct journal_session session = sample("x", "x"), *list;
    struct digest digest;
    struct str text;
    uint64_t added, known;
    uint32_t count;
    assert_int_equal(journal_split(mine, STR("in"), 0, &err), 0);
    assert_int_equal(journal_split(mine, STR("out"), 1, &err), 1);
    assert_int_equal(journal_split(view, STR("new"), 0, &err), -ERR_DENIED);
    assert_int_equal(journal_list(import, 0, &arena, &list, &count, &err), -ERR_DENIED);
    assert_int_equal(journal_put(view, "batch", STR("{}"), &digest, &err), -ERR_DENIED);
    assert_int_equal(journal_put(mine, "nonsense", STR("{}"), &digest, &err), -ERR_DENIED);
    assert_int_equal(journal_add(view, &session, &err), 0);
    assert_int_equal(journal_flush(view, &added, &known, &err), -ERR_DENIED);

    assert_int_equal(journal_list(propose, 0, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_true(str_equal(list[0].group, STR("in")));
    assert_int_equal(journal_read(propose, 2, &arena, &session, &err), -ERR_DENIED);
    assert_int_equal(journal_put(mine, "held-out", STR("{}"), &digest, &err), 0);
    assert_int_equal(journal_get(propose, "held-out", &digest, &arena, &text, &err), -ERR_DENIED);
    assert_int_equal(journal_get(mine, "held-out", &digest, &arena, &text, &err), 0);
    journal_close(mine);
    journal_close(view);
    journal_close(import);
    journal_close(propose);
    arena_done(&arena);
}

static void splits_move_down_only(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct err err;
    struct journal *journal = home_as(&home, JOURNAL_MINE);
    assert_int_equal(journal_split(journal, STR("g"), 1, &err), 1);
    assert_int_equal(journal_split(journal, STR("g"), 1, &err), 1);
    assert_int_equal(journal_split(journal, STR("g"), 2, &err), -ERR_DENIED);
    assert_int_equal(journal_split(journal, STR("g"), 0, &err), 0);
    assert_int_equal(journal_split(journal, STR("g"), 1, &err), -ERR_DENIED);
    assert_int_equal(journal_split(journal, STR(""), 1, &err), -ERR_INPUT);
    uint64_t records;
    struct digest head;
    assert_int_equal(journal_audit_verify(journal, &records, &head, &err), 0);
    assert_int_equal(records, 2);
    journal_close(journal);
}

static void clusters_move_by_compare_and_swap(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct arena arena = { 0 };
    struct err err;
    struct journal *journal = home_as(&home, JOURNAL_MINE);
    struct journal_cluster cluster = { STR("c1"), STR("leak"), STR("clustered"), { { 1 } } }, *list;
    uint32_t count;
    assert_int_equal(journal_move_cluster(journal, &cluster, "", &err), 0);
    assert_int_equal(journal_move_cluster(journal, &cluster, "", &err), -ERR_STATE);
    cluster.state = STR("batched");
    assert_int_equal(journal_move_cluster(journal, &cluster, "clustered", &err), 0);
    assert_int_equal(journal_clusters(journal, &arena, &list, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_true(str_equal(list[0].state, STR("batched")));
    journal_close(journal);
    arena_done(&arena);
}

static void tampering_is_seen(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct err err;
    struct digest head;
    uint64_t records;
    struct journal *journal = home_as(&home, JOURNAL_MINE);
    for (int i = 0; i < 5; i++) {
        char group[] = { (char)('a' + i), 0 };
        assert_int_equal(journal_split(journal, str_of(group), 0, &err), 0);
    }
    journal_close(journal);
    assert_int_not_equal(
        home_sql(&home, "UPDATE audit SET body = '{}' WHERE number = 3"), SQLITE_OK);
    assert_int_not_equal(home_sql(&home, "DELETE FROM audit"), SQLITE_OK);
    assert_int_equal(
        home_sql(&home, "DROP TRIGGER audit_update; UPDATE audit SET body = '{}' WHERE number = 3"),
        SQLITE_OK);
    journal = home_as(&home, JOURNAL_VIEW);
    assert_int_equal(journal_audit_verify(journal, &records, &head, &err), -ERR_VERIFY);
    assert_non_null(strstr(err.text, "record 3"));
    journal_close(journal);
}

static void another_file_is_refused(void **state)
{
    (void)state;
    static const struct row {
        const char *name, *content;
        const char *after; /* SQL on a good journal instead */
    } rows[] = {
        { "not a database",
            "this is not a database, and long enough to be sure of that.............", NULL },
        { "a newer schema", NULL, "PRAGMA user_version = 99" },
        { "another home", NULL, "DROP TRIGGER home_update; UPDATE home SET id = 'x'" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct home home = home_fresh();
        struct journal *journal = NULL;
        struct err err = { 0 };
        char path[PATH_MAX];
        home_path(path, &home, "journal.db");
        if (rows[i].content) {
            assert_int_equal(file_write(path, str_of(rows[i].content), 0600, NULL), 0);
        } else {
            journal_close(home_as(&home, JOURNAL_VIEW));
            assert_int_equal(home_sql(&home, rows[i].after), SQLITE_OK);
        }
        if (journal_open(&journal, &home, JOURNAL_VIEW, &err) != -ERR_STATE)
            fail_msg("%s: opened, or %s", rows[i].name, err.text);
    }
}

/* A journal of an older schema gets the tables that it lacks; what it holds stays. */
static void an_older_journal_grows(void **state)
{
    (void)state;
    for (unsigned version = 1; version < SCHEMA_VERSION; version++) {
        CLEANUP(buf_done) struct buf old = { 0 };
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct home home = home_fresh();
        struct journal_session *list;
        uint32_t count;
        struct err err;
        schema_print(&old, 0, version);
        buf_format(&old, "INSERT INTO home VALUES(1, '%s');", home.id);
        buf_text(&old, "INSERT INTO blob VALUES(1, x'01', CAST('{\"role\":\"user\"}' AS BLOB));"
                       "INSERT INTO session VALUES(1, zeroblob(32), 1, 'ann', 'tau', 's', 'o', 'g',"
                       " NULL, 0, '{}', 1, 5);"
                       "INSERT INTO message(session, seq, turn, standing, failed, blob)"
                       " VALUES(1, 0, 0, 'claim', 0, 1);");
        assert_int_equal(home_sql(&home, old.at), SQLITE_OK);
        add(&home, "ann", "one", 1);
        add(&home, "ann", "one", 0);
        struct journal *journal = home_as(&home, JOURNAL_DRIVE);
        struct journal_move move = { STR("abcdef"), { 0 }, STR("proposed"), STR("{}") };
        assert_int_equal(journal_move_candidates(journal, &move, 1, &err), 0);
        assert_int_equal(journal_list(journal, 0, &arena, &list, &count, &err), 0);
        assert_int_equal(count, 2);
        struct journal_session session;
        assert_int_equal(journal_read(journal, 1, &arena, &session, &err), 0);
        assert_true(str_equal(session.messages[0].bytes, STR("{\"role\":\"user\"}")));
        journal_close(journal);
        assert_int_not_equal(home_sql(&home, "DELETE FROM candidate"), SQLITE_OK);
        assert_int_not_equal(home_sql(&home, "DELETE FROM message"), SQLITE_OK);
        static const char standing[] =
            "INSERT INTO message(session, seq, turn, standing, failed, blob)"
            " VALUES(1, 7, 0, 'rumour', 0, 1)";
        assert_int_equal(home_sql(&home, standing), SQLITE_CONSTRAINT);
        assert_int_equal(
            home_sql(&home, "INSERT INTO turn VALUES(1, 1, 0, x'00', 0, 0)"), SQLITE_OK);
        assert_int_not_equal(home_sql(&home, "UPDATE turn SET ordinal = 1"), SQLITE_OK);
    }
}

/* Its id is in no index: what is imported cannot pass for the service's own. */
static void only_the_service_has_live_sessions(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_IMPORT);
    struct journal_session session = sample("g", "text");
    struct err err;
    uint64_t added, known;
    session.origin = STR("live");
    assert_int_equal(journal_add(journal, &session, &err), 0);
    assert_int_equal(journal_flush(journal, &added, &known, &err), -ERR_INPUT);
    journal_close(journal);
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct arena arena = { 0 };
    for (int round = 0; round < 20; round++) {
        struct journal *journal = home_as(&home, JOURNAL_IMPORT);
        struct err err;
        uint64_t added, known;
        char text[32];
        snprintf(text, sizeof text, "kept %d", round);
        struct journal_session session = sample("g", text);
        assert_int_equal(journal_add(journal, &session, &err), 0);
        assert_int_equal(journal_flush(journal, &added, &known, &err), 0);
        snprintf(text, sizeof text, "lost %d", round);
        session = sample("g", text);
        journal_add(journal, &session, &err);
        home_kill_broker(&home);
        assert_true(journal_flush(journal, &added, &known, &err) < 0);
        journal_close(journal);
    }
    struct journal *journal = home_as(&home, JOURNAL_VIEW);
    struct journal_session *list, session;
    struct err err;
    uint32_t count, kept = 0;
    assert_int_equal(journal_list(journal, 0, &arena, &list, &count, &err), 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(journal_read(journal, list[i].number, &arena, &session, &err), 0);
        kept += str_find(session.messages[0].bytes, STR("kept")) >= 0;
    }
    assert_int_equal(kept, 20);
    journal_close(journal);
    arena_done(&arena);
}

static void a_second_broker_is_refused(void **state)
{
    (void)state;
    struct home home = home_fresh();
    struct journal *journal = home_as(&home, JOURNAL_VIEW);
    CLEANUP(mem_freep)
    char *command =
        mem_format("%s/moult-broker --home %s 2>%s/second", MOULT_BIN_DIR, home.path, homes_base());
    int status = system(command);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    journal_close(journal);
}

/* A broker with a limit on the size of its files: what the kernel answers is, as far as SQLite can
 * tell, what a full disk answers. */
static pid_t limited_broker(const struct home *home)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = { 1 << 20, 1 << 20 };
        setrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, SIG_IGN);
        dup2(ready[1], STDOUT_FILENO);
        close(ready[0]);
        execl(MOULT_BIN_DIR "/moult-broker", "moult-broker", "--home", home->path, "--while-used",
            NULL);
        _exit(127);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void a_full_disk_loses_nothing_acknowledged(void **state)
{
    (void)state;
    struct home home = home_fresh();
    add(&home, "g", "before", 1);
    pid_t pid = limited_broker(&home);
    struct journal *journal = home_as(&home, JOURNAL_IMPORT);
    static char large[4 << 20];
    memset(large, 'x', sizeof large);
    struct journal_session session = sample("g", "large");
    session.messages[0].bytes = (struct str){ large, sizeof large };
    uint64_t added, known;
    struct err err = { 0 };
    assert_int_equal(journal_add(journal, &session, &err), 0);
    assert_int_equal(journal_flush(journal, &added, &known, &err), -ERR_SYS);
    session = sample("g", "after");
    assert_int_equal(journal_add(journal, &session, &err), 0);
    if (journal_flush(journal, &added, &known, &err) < 0)
        fail_msg("after the refusal: %s", err.text);
    journal_close(journal);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    add(&home, "g", "before", 0);
    add(&home, "g", "after", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_sessions_byte_for_byte_and_once),
        cmocka_unit_test(a_role_may_only_what_its_row_says),
        cmocka_unit_test(splits_move_down_only),
        cmocka_unit_test(clusters_move_by_compare_and_swap),
        cmocka_unit_test(tampering_is_seen),
        cmocka_unit_test(another_file_is_refused),
        cmocka_unit_test(an_older_journal_grows),
        cmocka_unit_test(only_the_service_has_live_sessions),
        cmocka_unit_test(what_was_acknowledged_survives_a_kill),
        cmocka_unit_test(a_second_broker_is_refused),
        cmocka_unit_test(a_full_disk_loses_nothing_acknowledged),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
