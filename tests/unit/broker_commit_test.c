/* One commit for what one turn of the loop wrote; who waits is told behind it, in order; a disk
 * that is full tells everybody, and leaves nothing. */
#include "base/file.h"
#include "base/mem.h"
#include "broker/commit.h"
#include "broker/live.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define HOME_ID "0123456789abcdef0123456789abcdef"

static char base[] = "/tmp/moult-commit-test.XXXXXX";

/* --- a disk that is full when the test says so */

static bool full;
enum { PIECE = 1000 };
static size_t left; /* bytes written until the process is killed; 0: it lives */
static ssize_t (*true_write)(int, const void *, size_t, off_t);

static ssize_t faulty_write(int fd, const void *data, size_t size, off_t at)
{
    if (left > 0 && size >= left && true_write(fd, data, left, at) >= 0)
        kill(getpid(), SIGKILL);
    left -= left > 0 ? size : 0;
    if (!full)
        return true_write(fd, data, size, at);
    errno = ENOSPC;
    return -1;
}

/* Of another thread than this one: it fails, or waits until the test lets it go on. */
static pthread_t ours;
static atomic_bool sync_waits;
static atomic_int sync_error; /* 0: none */
static sem_t goes_on;
static atomic_int syncs;
static unsigned own_syncs;

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    if (!pthread_equal(pthread_self(), ours)) {
        atomic_fetch_add(&syncs, 1);
        if (sync_waits)
            sem_wait(&goes_on);
        if (sync_error) {
            errno = sync_error;
            return -1;
        }
    }
    own_syncs += pthread_equal(pthread_self(), ours) ? 1 : 0;
    return (int)syscall(SYS_fdatasync, fd);
}

static void hook(const char *name, sqlite3_syscall_ptr with, sqlite3_syscall_ptr *ret)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    *ret = vfs->xGetSystemCall(vfs, name);
    if (*ret)
        vfs->xSetSystemCall(vfs, name, with);
}

static int begin(void **state)
{
    (void)state;
    ours = pthread_self();
    sem_init(&goes_on, 0, 0);
    sqlite3_syscall_ptr was;
    hook("pwrite64", (sqlite3_syscall_ptr)faulty_write, &was);
    if (!was)
        hook("pwrite", (sqlite3_syscall_ptr)faulty_write, &was);
    true_write = (ssize_t(*)(int, const void *, size_t, off_t))was;
    return true_write && mkdtemp(base) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

/* --- one loop with its journal */

struct place {
    uv_loop_t loop;
    struct store *store;
    struct commit *commit;
    char path[80];
    char said[400]; /* what was told, in order */
    unsigned told;
};

static void start_place(struct place *place)
{
    struct err err;
    uv_loop_init(&place->loop);
    if (store_open(&place->store, place->path, HOME_ID, &err) < 0 ||
        commit_new(&place->commit, &place->loop, place->store, &err) < 0)
        fail_msg("%s", err.text);
}

static void open_place(struct place *place)
{
    static int count;
    memset(place, 0, sizeof *place);
    full = false;
    sync_error = 0; /* clang takes no atomic in a row of assignments */
    sync_waits = false;
    snprintf(place->path, sizeof place->path, "%s/%d.db", base, count++);
    start_place(place);
}

static void close_place(struct place *place)
{
    commit_free(place->commit);
    uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&place->loop), 0);
    store_free(place->store);
}

static void run(struct place *place)
{
    uv_run(&place->loop, UV_RUN_DEFAULT); /* until nobody waits */
}

/* What somebody else sees in the file: only what is committed. */
static int seen(const struct place *place)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM live", -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int count = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return count;
}

static int write_one(struct place *place, const char *name)
{
    const struct live_session session = { .principal = STR("ann"), .name = str_of(name) };
    uint64_t number;
    struct err err = { 0 };
    int rc = commit_begin(place->commit, &err);
    return rc < 0 ? rc : live_session_new(place->store, &session, &number, &err);
}

struct wait {
    struct place *place;
    const char *name;
    int want_seen; /* when it is told */
};

static void on_durable(void *with, int rc, const struct err *err)
{
    struct wait *wait = with;
    struct place *place = wait->place;
    size_t used = strlen(place->said);
    place->told++;
    snprintf(place->said + used, sizeof place->said - used, "%s%s ", wait->name,
        rc < 0 ? err->sys == ENOSPC ? ":full" : ":failed" : "");
    assert_int_equal(seen(place), wait->want_seen);
}

static void wait_for(struct wait *wait)
{
    commit_after(wait->place->commit, on_durable, wait);
}

/* --- */

static void one_turn_of_the_loop_is_one_commit(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 2 }, b = { &place, "b", 2 };
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&a);
    assert_int_equal(write_one(&place, "two"), 0);
    wait_for(&b);
    assert_int_equal(seen(&place), 0);
    assert_string_equal(place.said, "");
    run(&place);
    assert_string_equal(place.said, "a b ");
    close_place(&place);
}

static void who_waits_for_nothing_is_told_from_the_loop(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 0 };
    wait_for(&a);
    assert_string_equal(place.said, "");
    run(&place);
    assert_string_equal(place.said, "a ");
    close_place(&place);
}

/* Durable with the next that somebody waits for, and told with it. */
static void what_nobody_waits_for_joins_the_next(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait with = { &place, "with", 2 }, a = { &place, "a", 2 };
    assert_int_equal(write_one(&place, "one"), 0);
    commit_with(place.commit, on_durable, &with);
    assert_int_equal(write_one(&place, "two"), 0);
    wait_for(&a);
    run(&place);
    assert_string_equal(place.said, "with a ");
    close_place(&place);
}

/* Is the group open when the loop has turned once? False also when the machine was too slow. */
static bool left_open(void)
{
    struct place place;
    open_place(&place);
    uv_update_time(&place.loop);
    assert_int_equal(write_one(&place, "one"), 0);
    uv_run(&place.loop, UV_RUN_NOWAIT);
    bool open = store_writing(place.store);
    close_place(&place);
    return open;
}

static void nobody_hurries_for_what_nobody_waits_for(void **state)
{
    (void)state;
    int tries = 1;
    while (!left_open())
        assert_true(++tries < 1000);
}

static void what_nobody_waits_for_is_durable_soon(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait with = { &place, "with", 1 };
    assert_int_equal(write_one(&place, "one"), 0);
    commit_with(place.commit, on_durable, &with);
    run(&place);
    assert_string_equal(place.said, "with ");
    assert_false(store_writing(place.store));
    close_place(&place);
}

struct chain {
    struct wait wait;
    unsigned left;
};

static void on_chain(void *with, int rc, const struct err *err)
{
    struct chain *chain = with;
    char name[16];
    on_durable(&chain->wait, rc, err);
    if (chain->left-- == 0)
        return;
    snprintf(name, sizeof name, "s%u", chain->left);
    assert_int_equal(write_one(chain->wait.place, name), 0);
    chain->wait.want_seen++;
    commit_after(chain->wait.place->commit, on_chain, chain);
}

static void who_is_told_may_write_again(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct chain chain = { { &place, "x", 0 }, 5 };
    commit_after(place.commit, on_chain, &chain);
    run(&place);
    assert_int_equal(place.told, 6);
    assert_int_equal(seen(&place), 5);
    close_place(&place);
}

static void a_full_disk_tells_everybody_and_leaves_nothing(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 0 }, b = { &place, "b", 0 }, c = { &place, "c", 1 };
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&a);
    assert_int_equal(write_one(&place, "two"), 0);
    wait_for(&b);
    full = true;
    run(&place);
    assert_string_equal(place.said, "a:full b:full ");
    full = false; /* there is space again */
    assert_int_equal(write_one(&place, "three"), 0);
    wait_for(&c);
    run(&place);
    assert_string_equal(place.said, "a:full b:full c ");
    close_place(&place);
}

/* SQLite ends a transaction by itself when the disk refuses in the middle of it. What is written
 * behind that must not stand alone. */
static void a_group_that_has_ended_by_itself_takes_nothing_more(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 0 }, b = { &place, "b", 1 };
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&a);
    store_rollback(place.store); /* as SQLite does */
    assert_int_equal(write_one(&place, "two"), -ERR_SYS);
    run(&place);
    assert_string_equal(place.said, "a:failed ");
    assert_int_equal(write_one(&place, "three"), 0);
    wait_for(&b);
    run(&place);
    assert_string_equal(place.said, "a:failed b ");
    close_place(&place);
}

static void a_step_that_fails_half_way_is_undone_alone(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 2 };
    assert_int_equal(write_one(&place, "one"), 0);
    assert_int_equal(commit_mark(place.commit, NULL), 0);
    assert_int_equal(write_one(&place, "half"), 0);
    commit_undo(place.commit);
    assert_int_equal(commit_mark(place.commit, NULL), 0);
    assert_int_equal(write_one(&place, "half"), 0); /* its name is free again */
    commit_keep(place.commit);
    wait_for(&a);
    run(&place);
    assert_string_equal(place.said, "a ");
    close_place(&place);
}

/* The journal's socket: on disk at once, and others are told from the loop. */
static void a_commit_at_once_tells_later(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 2 }, b = { &place, "b", 2 };
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&a);
    assert_int_equal(commit_now(place.commit, NULL), 0);
    assert_int_equal(seen(&place), 1);
    assert_string_equal(place.said, "");
    assert_false(store_writing(place.store));
    assert_int_equal(write_one(&place, "two"), 0);
    wait_for(&b);
    run(&place);
    assert_string_equal(place.said, "a b ");
    close_place(&place);
}

/* What a group waits for was lost at once: its waiters are told so, others of the next are not. */
static void each_is_told_of_its_own_group(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 1 }, b = { &place, "b", 1 };
    struct err err = { 0 };
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&a);
    full = true;
    assert_int_equal(commit_now(place.commit, &err), -ERR_SYS);
    assert_int_equal(err.sys, ENOSPC);
    full = false;
    assert_int_equal(write_one(&place, "two"), 0);
    wait_for(&b);
    run(&place);
    assert_string_equal(place.said, "a:full b ");
    close_place(&place);
}

struct meanwhile {
    struct wait first, second;
    uv_timer_t timer;
};

static void on_meanwhile(uv_timer_t *timer)
{
    struct meanwhile *it = timer->data;
    struct place *place = it->first.place;
    if (atomic_load(&syncs) == 0) { /* not under way yet */
        uv_timer_again(timer);
        return;
    }
    assert_string_equal(place->said, "");
    if (it->second.name) {
        assert_int_equal(write_one(place, it->second.name), 0);
        wait_for(&it->second);
    }
    uv_close((uv_handle_t *)timer, NULL);
    sync_waits = false;
    sem_post(&goes_on);
}

static void look_meanwhile(struct meanwhile *it)
{
    struct place *place = it->first.place;
    atomic_store(&syncs, 0);
    sync_waits = true;
    uv_timer_init(&place->loop, &it->timer);
    it->timer.data = it;
    uv_timer_start(&it->timer, on_meanwhile, 1, 1);
}

static void the_loop_goes_on_while_the_disk_works(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct meanwhile it = { { &place, "a", 1 }, { &place, "b", 2 }, { 0 } };
    look_meanwhile(&it);
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&it.first);
    run(&place);
    assert_string_equal(place.said, "a b ");
    assert_int_equal(atomic_load(&syncs), 2); /* what came meanwhile has a sync of its own */
    close_place(&place);
}

/* The last one of all: nobody is told that something stays, and nothing more is written. */
static void a_sync_that_fails_is_the_last(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    /* What comes meanwhile fails, too, and is not there. */
    struct meanwhile it = { { &place, "a", 1 }, { &place, "b", 1 }, { 0 } };
    struct err err = { 0 };
    look_meanwhile(&it);
    sync_error = ENOSPC;
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&it.first);
    run(&place);
    assert_string_equal(place.said, "a:full b:full ");
    assert_int_equal(commit_broken(place.commit, &err), -ERR_SYS);
    assert_non_null(strstr(err.text, "sync the journal: No space left"));
    assert_non_null(strstr(err.hint, "free some space"));
    assert_int_equal(write_one(&place, "three"), -ERR_SYS);
    assert_int_equal(commit_now(place.commit, NULL), -ERR_SYS);
    assert_int_equal(seen(&place), 1);
    close_place(&place);
}

/* A commit at once, and the end, do not wait for the loop to hear of a sync that is under way. */
static void a_sync_under_way_is_overtaken(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 2 };
    atomic_store(&syncs, 0);
    sync_waits = true;
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&a);
    while (atomic_load(&syncs) == 0)
        uv_run(&place.loop, UV_RUN_NOWAIT);
    assert_int_equal(write_one(&place, "two"), 0);
    assert_int_equal(commit_now(place.commit, NULL), 0);
    assert_int_equal(seen(&place), 2);
    assert_string_equal(place.said, "");
    commit_free(place.commit);
    assert_string_equal(place.said, "a ");
    sync_waits = false;
    sem_post(&goes_on);
    run(&place);
    assert_int_equal(uv_loop_close(&place.loop), 0);
    store_free(place.store);
}

/* How often this thread synced for a commit that leaves its sync to another; and whether it did. */
static unsigned commit_unsynced(struct place *place, size_t size, bool left_one)
{
    CLEANUP(mem_freep) char *bytes = mem_zero(1, size);
    const struct live_session session = { .principal = STR("ann") };
    struct live_message said = { .bytes = { memset(bytes, 'x', size), size } };
    struct live_turn turn = { 0 };
    struct err err;
    int fd;
    if (store_begin(place->store, &err) < 0 ||
        live_session_new(place->store, &session, &said.session, &err) < 0)
        fail_msg("%s", err.text);
    turn.session = said.session;
    if (live_turn_new(place->store, &turn, &said.turn, &err) < 0 ||
        live_message_add(place->store, &said, &err) < 0)
        fail_msg("%s", err.text);
    own_syncs = 0;
    if (store_commit_unsynced(place->store, &fd, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(fd >= 0, left_one);
    return own_syncs;
}

/* Only what a commit adds may be waited for elsewhere: not the header of a log that begins anew,
 * nor what is about to be copied into the file. */
static void the_log_itself_is_synced_in_order(void **state)
{
    (void)state;
    struct place place;
    sqlite3 *other;
    open_place(&place);
    assert_int_equal(commit_unsynced(&place, 10, true), 0);
    assert_int_equal(sqlite3_open(place.path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "PRAGMA wal_checkpoint(RESTART)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(commit_unsynced(&place, 10, true), 1);
    assert_int_equal(commit_unsynced(&place, 20 << 20, false), 2); /* log, then file */
    close_place(&place);
}

static void what_is_open_at_the_end_is_kept(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    struct wait a = { &place, "a", 1 };
    assert_int_equal(write_one(&place, "one"), 0);
    wait_for(&a);
    close_place(&place);
    assert_string_equal(place.said, "a ");
    assert_int_equal(seen(&place), 1);
}

/* --- kill -9 */

/* A turn of one model request, as the engine writes it: asked for in one group, answered in the
 * next. */
struct life {
    struct place place;
    uint64_t session, turn, effect;
    int told; /* descriptor: a byte for each group that was acknowledged */
};

static void must(int rc, const struct err *err)
{
    if (rc < 0) {
        fprintf(stderr, "%s\n", err->text);
        _exit(99);
    }
}

static void on_answered(void *with, int rc, const struct err *err)
{
    const struct life *life = with;
    must(rc, err);
    if (write(life->told, "b", 1) != 1)
        _exit(98);
}

static void on_asked(void *with, int rc, const struct err *err)
{
    struct life *life = with;
    struct store *store = life->place.store;
    const struct live_result result = { .bytes = STR("{\"role\":\"assistant\"}"),
        .raw = STR("raw") };
    const struct live_message said = { .session = life->session,
        .turn = life->turn,
        .seq = 1,
        .origin = 1,
        .effect = life->effect,
        .bytes = result.bytes };
    struct err why;
    must(rc, err);
    if (write(life->told, "a", 1) != 1)
        _exit(98);
    must(commit_begin(life->place.commit, &why), &why);
    must(live_result_add(store, life->effect, &result, &why), &why);
    must(live_message_add(store, &said, &why), &why);
    must(live_turn_end(store, life->turn, 1, STR(""), &why), &why);
    commit_after(life->place.commit, on_answered, life);
}

static void live(struct life *life)
{
    struct store *store = life->place.store;
    const struct live_session session = { .principal = STR("ann"), .name = STR("one") };
    struct live_message user = { .bytes = STR("{\"role\":\"user\"}") };
    struct live_turn turn = { 0 };
    struct live_effect model = { .kind = WIRE_MODEL, .body = STR("{}") };
    struct err why;
    must(commit_begin(life->place.commit, &why), &why);
    must(live_session_new(store, &session, &life->session, &why), &why);
    turn.session = user.session = life->session;
    must(live_turn_new(store, &turn, &life->turn, &why), &why);
    model.turn = user.turn = life->turn;
    must(live_message_add(store, &user, &why), &why);
    must(live_effect_new(store, &model, &life->effect, &why), &why);
    commit_after(life->place.commit, on_asked, life);
    uv_run(&life->place.loop, UV_RUN_DEFAULT);
    _exit(0);
}

/* What is in the file behind the kill: 0 nothing, 1 the first group, 2 both; each whole. */
static int groups_of(struct place *place)
{
    static const char *const whole[] = { "0 0 0 0 0 0", "1 1 1 1 0 0", "1 1 2 1 1 1" };
    sqlite3 *db;
    sqlite3_stmt *row;
    char counts[40];
    assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                         "SELECT (SELECT count(*) FROM live) || ' ' || (SELECT count(*) FROM turn)"
                         " || ' ' || (SELECT count(*) FROM message) || ' ' || (SELECT count(*) FROM"
                         " effect) || ' ' || (SELECT count(*) FROM result) || ' ' ||"
                         " (SELECT count(*) FROM turn_end), (SELECT integrity_check FROM"
                         " pragma_integrity_check)",
                         -1, &row, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    snprintf(counts, sizeof counts, "%s", (const char *)sqlite3_column_text(row, 0));
    assert_string_equal(sqlite3_column_text(row, 1), "ok");
    sqlite3_finalize(row);
    sqlite3_close(db);
    for (int i = 0; i < 3; i++)
        if (strcmp(counts, whole[i]) == 0)
            return i;
    fail_msg("torn: %s", counts);
    return -1;
}

static void killed_at_any_byte_each_group_is_whole_or_not_there(void **state)
{
    (void)state;
    bool seen_count[3] = { false };
    for (int nth = 1; nth < 200; nth++) {
        struct life life = { 0 };
        int told[2], status;
        char bytes[4];
        open_place(&life.place);
        close_place(&life.place);
        assert_int_equal(pipe(told), 0);
        pid_t pid = fork();
        if (pid == 0) {
            life.told = told[1];
            start_place(&life.place);
            left = (size_t)nth * PIECE;
            live(&life);
        }
        close(told[1]);
        ssize_t acknowledged = read(told[0], bytes, sizeof bytes);
        for (ssize_t n = acknowledged; n > 0; acknowledged += n)
            n = read(told[0], bytes, sizeof bytes);
        close(told[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        int groups = groups_of(&life.place);
        assert_true(groups >= acknowledged); /* what was said stays */
        seen_count[groups] = true;
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            assert_int_equal(groups, 2);
            assert_true(seen_count[0] && seen_count[1]);
            return;
        }
    }
    fail_msg("it never lived to its end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* It forks, and its children start threads: before this process has any. */
        cmocka_unit_test(killed_at_any_byte_each_group_is_whole_or_not_there),
        cmocka_unit_test(one_turn_of_the_loop_is_one_commit),
        cmocka_unit_test(who_waits_for_nothing_is_told_from_the_loop),
        cmocka_unit_test(what_nobody_waits_for_joins_the_next),
        cmocka_unit_test(nobody_hurries_for_what_nobody_waits_for),
        cmocka_unit_test(what_nobody_waits_for_is_durable_soon),
        cmocka_unit_test(who_is_told_may_write_again),
        cmocka_unit_test(a_full_disk_tells_everybody_and_leaves_nothing),
        cmocka_unit_test(a_group_that_has_ended_by_itself_takes_nothing_more),
        cmocka_unit_test(a_step_that_fails_half_way_is_undone_alone),
        cmocka_unit_test(a_commit_at_once_tells_later),
        cmocka_unit_test(each_is_told_of_its_own_group),
        cmocka_unit_test(the_loop_goes_on_while_the_disk_works),
        cmocka_unit_test(a_sync_that_fails_is_the_last),
        cmocka_unit_test(a_sync_under_way_is_overtaken),
        cmocka_unit_test(the_log_itself_is_synced_in_order),
        cmocka_unit_test(what_is_open_at_the_end_is_kept),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
