/* commit - see commit.h.
 *
 * While somebody waits an idle handle keeps the loop from sleeping: it takes what has come in
 * meanwhile, all of that joins the group, and the check handle behind it commits. So one sync of
 * the disk serves everybody who was ready, and nobody waits for company that does not come. A group
 * that nobody waits for stays open for a moment: the next one who does takes it along. */
#include "broker/commit.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

enum { LAZY_MS = 5 };

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
    struct store *store;
    bool open, freed;
    bool urgent; /* the loop's next check ends the group, and tells */
    unsigned handles;
    struct waiter *waiters;
    uint32_t count, room;
};

/* --- the group's end */

static void settle(struct commit *commit, int rc, const struct err *err)
{
    for (uint32_t i = 0; i < commit->count; i++) {
        struct waiter *waiter = &commit->waiters[i];
        if (waiter->settled)
            continue;
        waiter->settled = true;
        waiter->rc = rc;
        if (rc < 0)
            waiter->err = *err;
    }
}

static int end_group(struct commit *commit, struct err *err)
{
    struct err own = { 0 };
    int rc = 0;
    if (commit->open && store_writing(commit->store))
        rc = store_commit(commit->store, &own);
    else if (commit->open)
        rc = err_set(&own, ERR_SYS, "the journal could not be written");
    commit->open = false;
    uv_timer_stop(&commit->lazy);
    settle(commit, rc, &own);
    if (rc < 0 && err)
        *err = own;
    return rc;
}

/* Who is told may write again, and wait again: that is the next group's. */
static void tell(struct commit *commit)
{
    struct waiter *told = commit->waiters;
    uint32_t count = commit->count;
    commit->waiters = NULL;
    commit->count = commit->room = 0;
    for (uint32_t i = 0; i < count; i++)
        told[i].then(told[i].with, told[i].rc, &told[i].err);
    free(told);
}

static void on_check(uv_check_t *check)
{
    struct commit *commit = check->data;
    struct err err;
    if (!commit->urgent)
        return;
    commit->urgent = false;
    if (commit->open && end_group(commit, &err) < 0)
        log_line(LOG_ERROR, "%s", err.text);
    settle(commit, 0, NULL);
    tell(commit);
    if (!commit->urgent)
        uv_idle_stop(&commit->idle);
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void awake(struct commit *commit)
{
    commit->urgent = true;
    if (!commit->freed)
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
        if (end_group(commit, &err) < 0)
            log_line(LOG_ERROR, "%s", err.text);
        tell(commit);
    }
    uv_close((uv_handle_t *)&commit->idle, on_closed);
    uv_close((uv_handle_t *)&commit->check, on_closed);
    uv_close((uv_handle_t *)&commit->lazy, on_closed);
}

/* --- a group */

int commit_begin(struct commit *commit, struct err *err)
{
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
    if (commit->count > 0)
        awake(commit);
    return commit->open ? end_group(commit, err) : 0;
}
