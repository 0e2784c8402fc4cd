/* An admission with its moves, interrupted at each of the writes to the file that it takes: by
 * kill -9, and by a disk that is full. All of it is there afterwards, or nothing. */
#include "base/file.h"
#include "base/mem.h"
#include "broker/decide.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define A "aaaaaaaa"
#define B "bbbbbbbb"
#define HOME_ID "0123456789abcdef0123456789abcdef"
#define NONE "0 approved active 2"
#define ALL "1 active superseded 5"

static char base[] = "/tmp/moult-store-test.XXXXXX";

static int begin(void **state)
{
    (void)state;
    return mkdtemp(base) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

/* --- the file, as SQLite's own shell would see it */

static void ask(const char *path, const char *sql, char *ret, size_t size)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    snprintf(ret, size, "%s", (const char *)sqlite3_column_text(row, 0));
    sqlite3_finalize(row);
    sqlite3_close(db);
}

static const char *seen(const char *path)
{
    static char text[100];
    ask(path, "PRAGMA integrity_check", text, sizeof text);
    assert_string_equal(text, "ok");
    ask(path,
        "SELECT (SELECT count(*) FROM admission) || ' ' ||"
        " (SELECT group_concat(state, ' ') FROM (SELECT state FROM candidate ORDER BY id)) || ' ' "
        "|| (SELECT count(*) FROM audit)",
        text, sizeof text);
    return text;
}

/* --- one decision */

static struct store *open_store(const char *path)
{
    struct store *store;
    struct err err;
    if (store_open(&store, path, HOME_ID, &err) < 0)
        fail_msg("%s", err.text);
    return store;
}

static int request(struct store *store, enum journal_op op, struct buf *bytes, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct unpack in = unpack_begin(buf_view(bytes));
    int rc = store_begin(store, err);
    if (rc < 0)
        return rc;
    if ((rc = decide(store, op, &in, &arena, &out, err)) < 0) {
        store_rollback(store);
        return rc;
    }
    return store_commit(store, err);
}

static int make(struct store *store, struct err *err)
{
    CLEANUP(buf_done) struct buf bytes = { 0 };
    const struct journal_move moves[] = { { STR(A), { 0 }, STR("approved"), STR("{}") },
        { STR(B), { 0 }, STR("active"), STR("{}") } };
    journal_pack_moves(&bytes, moves, COUNT_OF(moves));
    return request(store, OP_MOVE_CANDIDATES, &bytes, err);
}

static int admit(struct store *store, struct err *err)
{
    CLEANUP(buf_done) struct buf bytes = { 0 };
    const struct journal_move moves[] = { { STR(A), STR("approved"), STR("active"), STR("{}") },
        { STR(B), STR("active"), STR("superseded"), STR("{}") } };
    pack_text(&bytes,
        STR("{\"home\":\"" HOME_ID "\",\"number\":0,\"kind\":\"init\",\"before\":null,\"commit\":"
            "\"0123456789012345678901234567890123456789\"}"));
    journal_pack_moves(&bytes, moves, COUNT_OF(moves));
    return request(store, OP_ADMIT, &bytes, err);
}

/* --- writes that do not happen */

enum { PIECE = 1000 };    /* what is written up to a fault, in so many bytes */
static ssize_t left = -1; /* bytes until the fault; -1: none comes */
static bool fault_kills;
static ssize_t (*true_write)(int, const void *, size_t, off_t);

/* One write may have many pages: the fault comes in the middle of it. */
static ssize_t faulty_write(int fd, const void *data, size_t size, off_t at)
{
    if (left < 0)
        return true_write(fd, data, size, at);
    ssize_t some = (ssize_t)size < left ? (ssize_t)size : left;
    if (some > 0 && true_write(fd, data, (size_t)some, at) != some)
        return -1;
    left -= some;
    if (some == (ssize_t)size)
        return some;
    if (fault_kills)
        kill(getpid(), SIGKILL);
    errno = ENOSPC;
    return some > 0 ? some : -1; /* a full disk stays full */
}

/* SQLite lets a test stand in for its system calls. */
static void hook_writes(void)
{
    static const char *const names[] = { "pwrite64", "pwrite" };
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    for (size_t i = 0; i < COUNT_OF(names) && !true_write; i++) {
        sqlite3_syscall_ptr call = vfs->xGetSystemCall(vfs, names[i]);
        if (!call)
            continue;
        true_write = (ssize_t(*)(int, const void *, size_t, off_t))call;
        vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)faulty_write);
    }
    assert_non_null(true_write);
}

static void new_journal(char path[64], const char *name, int nth)
{
    struct err err;
    snprintf(path, 64, "%s/%s%d.db", base, name, nth);
    struct store *store = open_store(path);
    if (make(store, &err) < 0)
        fail_msg("%s", err.text);
    store_free(store);
    assert_string_equal(seen(path), NONE);
}

static void killed_at_any_byte_it_is_all_or_none(void **state)
{
    (void)state;
    int none = 0;
    hook_writes();
    for (int nth = 1; nth < 100; nth++) {
        char path[64];
        int status;
        new_journal(path, "kill", nth);
        pid_t pid = fork();
        if (pid == 0) {
            struct store *store = open_store(path);
            struct err err;
            fault_kills = true;
            left = nth * PIECE;
            _exit(admit(store, &err) < 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        const char *now = seen(path);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            assert_string_equal(now, ALL); /* acknowledged, and the process went without closing */
            assert_true(none >= 3);
            return;
        }
        assert_int_equal(WTERMSIG(status), SIGKILL);
        assert_string_equal(now, NONE);
        none++;
    }
    fail_msg("it never ended");
}

static void a_full_disk_at_any_write_changes_nothing(void **state)
{
    (void)state;
    hook_writes();
    for (int nth = 1; nth < 100; nth++) {
        char path[64];
        struct err err = { 0 };
        new_journal(path, "full", nth);
        struct store *store = open_store(path);
        left = nth * PIECE;
        int rc = admit(store, &err);
        bool hit = left == 0;
        left = -1;
        assert_string_equal(seen(path), rc == 0 ? ALL : NONE);
        if (rc < 0) {
            assert_int_equal(rc, -ERR_SYS);
            assert_int_equal(err.sys, ENOSPC);
            if (admit(store, &err) < 0) /* there is space again */
                fail_msg("afterwards: %s", err.text);
            assert_string_equal(seen(path), ALL);
        }
        store_free(store);
        if (!hit && rc == 0) {
            assert_true(nth > 3);
            return;
        }
    }
    fail_msg("it never succeeded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_byte_it_is_all_or_none),
        cmocka_unit_test(a_full_disk_at_any_write_changes_nothing),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
