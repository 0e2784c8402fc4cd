/* serve - see serve.h. */
#include "broker/serve.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 64, FIRST_CLIENT_MS = 10000, SIGNALS = 2 };

/* --- in somebody's loop */

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0)
        peer_accept(listener->data);
}

void serving_settled(struct serving *serving)
{
    if (serving->count > 0)
        return;
    if (serving->ending && !serving->listening) {
        arena_done(&serving->arena);
        free(serving);
    } else if (!serving->ending && serving->on_empty) {
        serving->on_empty(serving->with);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct serving *serving = handle->data;
    serving->listening = false;
    serving_settled(serving);
}

int serve_attach(struct serving **ret, uv_loop_t *loop, struct store *store, struct commit *commit,
    const struct home *home, const struct serve_service *service, struct err *err)
{
    struct serving *serving = mem_zero(1, sizeof *serving);
    serving->loop = loop;
    serving->store = store;
    serving->commit = commit;
    if (service)
        serving->service = *service;
    serving->home = *home;
    home_path(serving->path, home, "run/journal.sock");
    unlink(serving->path); /* a stale one: the caller holds the lock */
    uv_pipe_init(loop, &serving->listener, 0);
    serving->listener.data = serving;
    serving->listening = true;
    mode_t old = umask(0177);
    int rc = uv_pipe_bind(&serving->listener, serving->path);
    umask(old);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&serving->listener, BACKLOG, on_connection);
    if (rc < 0) {
        err_set(err, ERR_SYS, "listen on %s: %s", serving->path, uv_strerror(rc));
        serve_detach(serving);
        return -ERR_SYS;
    }
    *ret = serving;
    return 0;
}

void serve_detach(struct serving *serving)
{
    if (!serving)
        return;
    serving->ending = true;
    unlink(serving->path);
    for (struct peer *peer = serving->peers; peer; peer = peer->next)
        peer_drop(peer);
    uv_close((uv_handle_t *)&serving->listener, on_listener_closed);
}

int serve_lock(const struct home *home, bool patient, struct err *err)
{
    /* One that is just ending holds it until its journal is on the disk: milliseconds, but seconds
     * where the disk is busy with something else. */
    enum { WAIT_US = 5000, WAITS = 4000 };
    char path[PATH_MAX];
    CLEANUP(fd_closep)
    int fd = open(home_path(path, home, "run/broker.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(err, "lock of the home");
    int rc = flock(fd, LOCK_EX | LOCK_NB);
    for (int i = 0; rc < 0 && patient && i < WAITS; i++) {
        usleep(WAIT_US);
        rc = flock(fd, LOCK_EX | LOCK_NB);
    }
    if (rc < 0) {
        err_set(err, ERR_STATE, "a broker runs for this home already");
        return err_hint(err, "end it before another is started");
    }
    serve_say(fd, false);
    return fd_steal(&fd);
}

void serve_say(int lock, bool runs)
{
    if (ftruncate(lock, 0) < 0 || (runs && pwrite(lock, "s", 1, 0) != 1))
        log_line(LOG_WARN, "run/broker.lock cannot be written: %m");
}

bool serve_runs(const struct home *home)
{
    char path[PATH_MAX];
    struct stat st;
    return stat(home_path(path, home, "run/broker.lock"), &st) == 0 && st.st_size > 0;
}

/* --- alone */

struct alone {
    uv_loop_t loop;
    uv_signal_t signals[SIGNALS];
    uv_timer_t first; /* who started this broker may have died */
    struct store *store;
    struct commit *commit;
    struct serving *serving;
};

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

static void on_nobody(uv_timer_t *timer)
{
    const struct alone *alone = timer->data;
    if (alone->serving->count == 0)
        uv_stop(timer->loop);
}

static void on_empty(void *with)
{
    struct alone *alone = with;
    uv_stop(&alone->loop);
}

static void start_handles(struct alone *alone, bool while_used)
{
    static const int numbers[SIGNALS] = { SIGTERM, SIGINT };
    for (int i = 0; i < SIGNALS; i++) {
        uv_signal_init(&alone->loop, &alone->signals[i]);
        uv_signal_start(&alone->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&alone->loop, &alone->first);
    alone->first.data = alone;
    if (while_used)
        uv_timer_start(&alone->first, on_nobody, FIRST_CLIENT_MS, 0);
}

static int run(struct alone *alone, const struct serve_options *options, struct err *err)
{
    int rc = commit_new(&alone->commit, &alone->loop, alone->store, err);
    if (rc == 0)
        rc = serve_attach(
            &alone->serving, &alone->loop, alone->store, alone->commit, options->home, NULL, err);
    if (rc == 0 && options->while_used) {
        alone->serving->on_empty = on_empty;
        alone->serving->with = alone;
    }
    if (rc == 0 && options->ready_fd >= 0) {
        rc = write_all(options->ready_fd, "r", 1, err);
        close(options->ready_fd);
    }
    if (rc == 0)
        uv_run(&alone->loop, UV_RUN_DEFAULT);
    if (alone->commit && commit_now(alone->commit, err) < 0) /* a sync may have failed before */
        rc = -err->code;
    return rc;
}

static void stop(struct alone *alone)
{
    for (int i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&alone->signals[i], NULL);
    uv_close((uv_handle_t *)&alone->first, NULL);
    serve_detach(alone->serving);
    uv_run(&alone->loop, UV_RUN_DEFAULT);
    commit_free(alone->commit);
    uv_run(&alone->loop, UV_RUN_DEFAULT);
    uv_loop_close(&alone->loop);
}

int serve(const struct serve_options *options, struct err *err)
{
    struct alone alone = { 0 };
    char path[PATH_MAX];
    CLEANUP(fd_closep) int lock = serve_lock(options->home, options->while_used, err);
    if (lock < 0)
        return lock;
    int rc = store_open(
        &alone.store, home_path(path, options->home, "journal.db"), options->home->id, err);
    if (rc < 0)
        return rc;
    uv_loop_init(&alone.loop);
    start_handles(&alone, options->while_used);
    rc = run(&alone, options, err);
    stop(&alone);
    store_free(alone.store);
    return rc;
}
