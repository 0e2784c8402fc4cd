/* commit - see commit.h.
 *
 * While somebody waits an idle handle keeps the loop from sleeping: it takes what has come in
 * meanwhile, all of that joins the group, and the check handle behind it writes the group. Its sync
 * is for another thread, one at a time; what the loop does meanwhile is the next group, which is
 * written when that sync has come back. So one sync serves everybody who was ready, and nobody
 * waits for company that does not come. A group that nobody waits for stays open for a moment: the
 * next one who does takes it along.
 *
 * Behind a sync that failed nobody knows what the disk has, and a second one may say that all is
 * well (the kernel has marked the pages clean). So the first is the last: what waits is told that
 * it failed, nothing more is written, and the loop is stopped. */
#include "broker/commit.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LAZY_MS = 5, LAST_WORDS_MS = 1000 };

struct waiter {
    commit_then then;
    void *with;
    bool settled; /* its group has ended, as rc and err say */
    int rc;
    struct err err;
};
struct commit {
    uv_idle_t idle;
    uv_check_t check;
    uv_timer_t lazy; /* the longest that a group stays open */
    uv_fs_t sync;    /* of what is written, in another thread */
    struct store *store;
    bool open, freed;
    bool urgent;       /* the loop's next check ends the group, and tells */
    bool syncing;      /* ... when that is over */
    struct err broken; /* code 0: no sync has failed */
    unsigned handles;
    struct waiter *waiters;
    uint32_t count, room;
    uint32_t synced; /* so many of them, the first, wait for the sync under way */
};

/* --- who waits */

static void settle(
    struct commit *commit, uint32_t from, uint32_t end, int rc, const struct err *err)
{
    for (uint32_t i = from; i < end; i++) {
        struct waiter *waiter = &commit->waiters[i];
        if (waiter->settled)
            continue;
        waiter->settled = true;
        waiter->rc = rc;
        if (rc < 0)
            waiter->err = *err;
    }
}

/* Those that are settled, in order: none goes before another. Who is told may write again, and wait
 * again: that is the next group's. */
static void tell(struct commit *commit)
{
    struct waiter *told = commit->waiters;
    uint32_t count = 0;
    while (count < commit->count && told[count].settled)
        count++;
    commit->count -= count;
    commit->synced -= commit->synced < count ? commit->synced : count;
    commit->room = commit->count;
    commit->waiters = commit->count ? mem_copy(told + count, commit->count * sizeof *told) : NULL;
    for (uint32_t i = 0; i < count; i++)
        told[i].then(told[i].with, told[i].rc, &told[i].err);
    free(told);
}

/* --- the group's end */

static void on_last_words(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* Answers that say so may still go out. */
static int break_down(struct commit *commit, const struct err *err)
{
    if (commit->broken.code)
        return -commit->broken.code;
    commit->broken = *err;
    log_line(LOG_ERROR, "%s; nothing more is taken", err->text);
    if (!commit->freed)
        uv_timer_start(&commit->lazy, on_last_words, LAST_WORDS_MS, 0);
    return -err->code;
}

/* Durable when *ret_fd is synced, if there is one. */
static int write_group(struct commit *commit, int *ret_fd, struct err *err)
{
    int rc = 0;
    *ret_fd = -1;
    if (!commit->open)
        return 0;
    if (commit->broken.code) {
        store_rollback(commit->store);
        rc = commit_broken(commit, err);
    } else if (store_writing(commit->store))
        rc = store_commit_unsynced(commit->store, ret_fd, err);
    else
        rc = err_set(err, ERR_SYS, "the journal could not be written");
    commit->open = false;
    if (!commit->broken.code)
        uv_timer_stop(&commit->lazy);
    if (rc < 0)
        settle(commit, commit->synced, commit->count, rc, err);
    return rc;
}

/* Everything that was written, with the loop standing. */
static int sync_now(struct commit *commit, struct err *err)
{
    int rc = store_sync(commit->store, err);
    if (rc < 0)
        break_down(commit, err);
    settle(commit, 0, commit->count, rc, err);
    return rc;
}

static void awake(struct commit *commit);
static void on_closed(uv_handle_t *handle);

static void on_synced(uv_fs_t *sync)
{
    struct commit *commit = sync->data;
    struct err err = { 0 };
    int rc = 0;
    if (sync->result < 0) { /* a negated errno */
        store_sync_failed(-(int)sync->result, &err);
        rc = break_down(commit, &err);
    }
    uv_fs_req_cleanup(sync);
    commit->syncing = false;
    settle(commit, 0, commit->synced, rc, &err);
    commit->synced = 0;
    tell(commit);
    if (commit->freed)
        on_closed((uv_handle_t *)&commit->check);
    else if (commit->urgent)
        awake(commit);
}

static void start_sync(struct commit *commit, int fd)
{
    commit->sync.data = commit;
    if (uv_fs_fdatasync(commit->check.loop, &commit->sync, fd, on_synced) < 0)
        return;
    commit->syncing = true;
    commit->synced = commit->count;
}

static void on_check(uv_check_t *check)
{
    struct commit *commit = check->data;
    struct err err = { 0 };
    int fd = -1;
    if (!commit->urgent || commit->syncing)
        return;
    commit->urgent = false;
    if (write_group(commit, &fd, &err) < 0)
        log_line(LOG_ERROR, "%s", err.text);
    if (fd >= 0)
        start_sync(commit, fd);
    if (fd >= 0 && !commit->syncing)
        sync_now(commit, &err);
    if (!commit->syncing) {
        settle(commit, 0, commit->count, 0, NULL);
        tell(commit);
    }
    if (!commit->urgent || commit->syncing)
        uv_idle_stop(&commit->idle);
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

/* Behind a sync that is under way, that wakes the loop. */
static void awake(struct commit *commit)
{
    commit->urgent = true;
    if (!commit->freed && !commit->syncing)
        uv_idle_start(&commit->idle, on_idle);
}

static void on_lazy(uv_timer_t *lazy)
{
    awake(lazy->data);
}

/* --- made and freed */

int commit_new(struct commit **ret, uv_loop_t *loop, struct store *store, struct err *err)
{
    struct commit *commit = mem_zero(1, sizeof *commit);
    commit->store = store;
    int rc = uv_idle_init(loop, &commit->idle);
    if (rc == 0)
        rc = uv_check_init(loop, &commit->check);
    if (rc == 0)
        rc = uv_check_start(&commit->check, on_check);
    if (rc == 0)
        rc = uv_timer_init(loop, &commit->lazy);
    if (rc < 0) {
        free(commit);
        return err_set(err, ERR_SYS, "the journal's place in the loop: %s", uv_strerror(rc));
    }
    uv_unref((uv_handle_t *)&commit->check);
    commit->idle.data = commit->check.data = commit->lazy.data = commit;
    commit->handles = 3;
    *ret = commit;
    return 0;
}

/* A sync under way counts as a handle. */
static void on_closed(uv_handle_t *handle)
{
    struct commit *commit = handle->data;
    if (--commit->handles == 0)
        free(commit);
}

void commit_free(struct commit *commit)
{
    struct err err;
    if (!commit)
        return;
    commit->freed = true;
    while (commit->open || commit->count > 0) {
        if (commit_now(commit, &err) < 0)
            log_line(LOG_ERROR, "%s", err.text);
        settle(commit, 0, commit->count, 0, NULL);
        tell(commit);
    }
    commit->handles += commit->syncing;
    uv_close((uv_handle_t *)&commit->idle, on_closed);
    uv_close((uv_handle_t *)&commit->check, on_closed);
    uv_close((uv_handle_t *)&commit->lazy, on_closed);
}

int commit_broken(const struct commit *commit, struct err *err)
{
    if (commit->broken.code && err)
        *err = commit->broken;
    return -commit->broken.code;
}

/* --- a group */

int commit_begin(struct commit *commit, struct err *err)
{
    if (commit->broken.code)
        return commit_broken(commit, err);
    if (commit->open)
        return store_writing(commit->store)
                   ? 0
                   : err_set(err, ERR_SYS, "the journal could not be written just now");
    int rc = store_begin(commit->store, err);
    commit->open = rc == 0;
    if (commit->open && !commit->freed)
        uv_timer_start(&commit->lazy, on_lazy, LAZY_MS, 0);
    return rc;
}

void commit_with(struct commit *commit, commit_then then, void *with)
{
    if (commit->count == commit->room) {
        commit->room = commit->room ? 2 * commit->room : 16;
        commit->waiters = mem_grow(commit->waiters, commit->room, sizeof *commit->waiters);
    }
    commit->waiters[commit->count++] = (struct waiter){ .then = then, .with = with };
    if (!commit->open)
        awake(commit);
}

void commit_after(struct commit *commit, commit_then then, void *with)
{
    commit_with(commit, then, with);
    awake(commit);
}

int commit_mark(struct commit *commit, struct err *err)
{
    int rc = commit_begin(commit, err);
    return rc < 0 ? rc : store_mark(commit->store, err);
}

void commit_undo(struct commit *commit)
{
    store_undo(commit->store);
}

void commit_keep(struct commit *commit)
{
    store_keep(commit->store);
}

int commit_now(struct commit *commit, struct err *err)
{
    int fd = -1;
    struct err own = { 0 };
    err = err ? err : &own;
    if (commit->count > 0)
        awake(commit);
    if (commit->broken.code)
        return commit_broken(commit, err);
    int rc = write_group(commit, &fd, err);
    if (rc == 0 && (fd >= 0 || commit->syncing))
        rc = sync_now(commit, err);
    return rc;
}
