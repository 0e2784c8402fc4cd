/* crew_worker - from a generation and a principal to a locked process, and to its end.
 *
 * To be ready takes a worker some milliseconds, in which only moult's own code runs in it, so that
 * is waited for. Whatever comes after is plugin code: nothing here waits for it. */
#include "broker/crew_worker.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/ended.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_BUILD = 4,
    READY_S = 20,
    LAST_WORDS_MS = 2000, /* a sanitised one says what it died of */
    OUT_MAX = 64 << 20    /* bytes that wait for one worker */
};

/* --- its birth */

static int connect_worker(struct crew_worker *worker, struct err *err)
{
    int pair[2];
    const struct timeval patience = { .tv_sec = READY_S };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, "socket of a worker");
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    worker->fd = pair[0];
    frame_init(&worker->channel, worker->fd);
    return pair[1];
}

static int birth(struct crew_worker *worker, struct err *err)
{
    int fds[WIRE_PLUGINS_MAX + 1];
    const struct crew_generation *generation = worker->generation;
    const struct crew_plan *plan = &generation->crew->plan;
    if (access(plan->worker, X_OK) < 0) {
        err_set(err, ERR_LACKS, "no worker at %s", plan->worker);
        return err_hint(err, "build it: ./dev build");
    }
    CLEANUP(fd_closep) int theirs = connect_worker(worker, err);
    if (theirs < 0)
        return theirs;
    fds[0] = theirs;
    for (uint32_t i = 0; i < generation->spec.builds_count; i++)
        fds[i + 1] = generation->parts[i].fd;
    const char *argv[] = { plan->worker, NULL };
    const struct sandbox_run run = { .profile = SANDBOX_WORKER,
        .tier = (enum sandbox_tier)plan->tier,
        .waived = plan->waived,
        .argv = argv,
        .fds = fds,
        .fds_count = generation->spec.builds_count + 1 };
    return sandbox_start(&worker->box, &run, err);
}

/* Its socket was reset or is closed: no matter of this side's. */
static int gone(struct err *err)
{
    return err_set(err, ERR_PEER, "the worker ended before it was ready");
}

static int load(struct crew_worker *worker, struct err *err)
{
    struct wire_plugin plugins[WIRE_PLUGINS_MAX];
    const struct crew_generation *generation = worker->generation;
    for (uint32_t i = 0; i < generation->spec.builds_count; i++) {
        const struct crew_build *build = &generation->parts[i].named;
        plugins[i] = (struct wire_plugin){ build->name, build->build, FIRST_BUILD + i };
    }
    const struct wire message = { WIRE_LOAD, .load = { .version = WIRE_VERSION,
                                                 .generation = generation->spec.generation,
                                                 .pipeline = generation->spec.pipeline,
                                                 .plugins = plugins,
                                                 .plugins_count = generation->spec.builds_count,
                                                 .events = WIRE_EVENTS_DECISIONS } };
    int rc = frame_put(&worker->channel, &message, err);
    if (rc < 0)
        return rc;
    rc = frame_flush(&worker->channel, err);
    return rc == -ERR_SYS ? gone(err) : rc;
}

/* No plugin has run yet: that the machine lacks a layer is not the build's fault. */
static int refused(const struct wire_fault *fault, struct err *err)
{
    bool lacks = fault->code == ERR_LACKS;
    err_set(err, lacks ? ERR_LACKS : ERR_PEER, "the worker refuses: %.*s", (int)fault->text.size,
        fault->text.at);
    return lacks ? err_hint(err, "moult sandbox check says what lacks") : -ERR_PEER;
}

static int await_ready(struct crew_worker *worker, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct wire got;
    int rc = frame_get(&worker->channel, &arena, WIRE_FROM_WORKER, &got, err);
    if (rc == 0 || rc == -ERR_SYS)
        return gone(err);
    if (rc < 0)
        return rc;
    if (got.type == WIRE_FAULT)
        return refused(&got.fault, err);
    if (got.type != WIRE_READY || got.ready.version != WIRE_VERSION)
        return err_set(err, ERR_PEER, "the worker does not say that it is ready");
    worker->layers = got.ready.layers;
    worker->hooks = got.ready.hooks;
    return 0;
}

/* --- what it says */

static void take(struct crew_worker *worker, const struct wire *message)
{
    const struct crew_plan *plan = &worker->generation->crew->plan;
    struct err err;
    int rc = owed_take(&worker->owed, message, &err);
    if (rc < 0) {
        crew_worker_end(worker, CREW_BROKE, "it sent %s", err.text);
        return;
    }
    worker->messages++;
    if (rc > 0)
        worker->watch = (struct crew_watch){ 0 };
    plan->events.on_message(plan->with, worker, message);
}

/* What is whole in the buffer; the callback may end this worker. */
static void take_all(struct crew_worker *worker)
{
    struct arena *arena = &worker->generation->crew->arena;
    struct wire message;
    struct err err;
    while (!worker->ending) {
        arena_reset(arena);
        int rc = frame_next(&worker->channel, arena, WIRE_FROM_WORKER, &message, &err);
        if (rc == 0)
            return;
        if (rc < 0)
            crew_worker_end(worker, CREW_BROKE, "it sent what is no message: %s", err.text);
        else
            take(worker, &message);
    }
}

/* Its socket has ended: most often because it has, so it is given the time to say of what. */
static void hung_up(struct crew_worker *worker)
{
    uv_poll_stop(worker->socket);
    worker->ending = true;
    worker->end = CREW_CRASHED;
    worker->ends_ms = uv_now(worker->generation->crew->plan.loop) + LAST_WORDS_MS;
    crew_keep_watch(worker->generation->crew);
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct crew_worker *worker = handle->data;
    if (worker->ending)
        return;
    if (status == 0 && (events & UV_WRITABLE))
        crew_worker_flush(worker);
    if (status == 0 && !(events & UV_READABLE))
        return;
    int rc = frame_fill(&worker->channel, NULL);
    worker->heard = true;
    take_all(worker);
    worker->heard = false;
    if (rc <= 0 && !worker->ending)
        hung_up(worker);
}

static void on_writable_too(struct crew_worker *worker, bool on)
{
    if (worker->writes == on)
        return;
    worker->writes = on;
    uv_poll_start(worker->socket, UV_READABLE | (on ? UV_WRITABLE : 0), on_socket);
}

void crew_worker_flush(struct crew_worker *worker)
{
    if (worker->ending)
        return;
    int rc = frame_write(&worker->channel, NULL);
    if (rc < 0)
        buf_clear(&worker->channel.out); /* its end is read from the socket */
    if (worker->channel.out.size > OUT_MAX) {
        crew_worker_end(worker, CREW_BROKE, "it does not read what it is sent");
        return;
    }
    on_writable_too(worker, rc > 0);
}

/* --- its time */

uint64_t crew_worker_cpu_ns(const struct crew_worker *worker)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(sandbox_pid(worker->box), &clock) != 0 ||
        clock_gettime(clock, &used) < 0)
        return 0;
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static bool has_spoken(const struct crew_worker *worker)
{
    struct pollfd look = { worker->fd, POLLIN, 0 };
    return poll(&look, 1, 0) > 0;
}

/* One that waits for a processor is not to blame for the machine. */
static bool sleeps(const struct crew_worker *worker)
{
    char path[64];
    CLEANUP(buf_done) struct buf text = { 0 };
    snprintf(path, sizeof path, "/proc/%d/stat", (int)sandbox_pid(worker->box));
    if (file_read(path, &text, 4096, NULL) < 0)
        return false; /* its end will be seen */
    const char *name_end = memrchr(text.at, ')', text.size);
    size_t at = name_end ? (size_t)(name_end - text.at) + 2 : text.size;
    return at < text.size && text.at[at] != 'R';
}

/* It counts looks, not hours: when this process was stopped meanwhile, the worker is not to blame.
 */
static void judge(struct crew_worker *worker, uint32_t period_ms)
{
    const struct crew *crew = worker->generation->crew;
    struct crew_watch *watch = &worker->watch;
    uint64_t now = uv_now(crew->plan.loop), passed = watch->seen_ms ? now - watch->seen_ms : 0;
    uint64_t cpu_ns = crew_worker_cpu_ns(worker);
    /* The first look behind an answer: a clock read at each answer would cost more than the answer.
     */
    if (!watch->seen_ms)
        watch->cpu_ns = cpu_ns;
    watch->seen_ms = now;
    if (sleeps(worker))
        watch->slept_ms += passed > 2 * (uint64_t)period_ms ? 2 * (uint64_t)period_ms : passed;
    uint64_t used_ms = cpu_ns > watch->cpu_ns ? (cpu_ns - watch->cpu_ns) / 1000000 : 0;
    if (used_ms > crew->plan.hang_ms)
        crew_worker_end(worker, CREW_HUNG, "%llu ms of processor time without an answer",
            (unsigned long long)used_ms);
    else if (watch->slept_ms > crew->plan.sleep_ms)
        crew_worker_end(worker, CREW_HUNG, "it slept for %llu ms and owed an answer",
            (unsigned long long)watch->slept_ms);
}

void crew_worker_watch(struct crew_worker *worker, uint32_t period_ms)
{
    if (worker->ends_ms && uv_now(worker->generation->crew->plan.loop) >= worker->ends_ms)
        crew_worker_end(worker, CREW_BROKE, "it closed its socket and stayed");
    else if (!worker->ending && worker->owed.waiting > 0 && !has_spoken(worker))
        judge(worker, period_ms);
}

/* --- its end */

void crew_worker_end(struct crew_worker *worker, enum crew_end end, const char *format, ...)
{
    va_list args;
    if (worker->ending && !worker->ends_ms)
        return;
    va_start(args, format);
    vsnprintf(worker->why, sizeof worker->why, format, args);
    va_end(args);
    uv_poll_stop(worker->socket);
    worker->ending = true;
    worker->ends_ms = 0;
    worker->end = end;
    sandbox_kill(worker->box);
}

static void say_why(struct crew_worker *worker, const struct sandbox_result *result)
{
    char ended[SANDBOX_ENDED_MAX];
    if (sandbox_sanitizer_spoke(result))
        snprintf(worker->why, sizeof worker->why, "it was ended by a sanitiser");
    else
        snprintf(worker->why, sizeof worker->why, "it %s", sandbox_ended(ended, result));
}

static void reap(struct crew_worker *worker)
{
    struct sandbox_result result = { 0 };
    if (sandbox_wait(worker->box, &result, NULL) == 0) {
        if (worker->end == CREW_CRASHED)
            say_why(worker, &result);
        sandbox_result_done(&result);
    }
    worker->box = NULL;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void close_poll(uv_poll_t **poll)
{
    if (*poll)
        uv_close((uv_handle_t *)*poll, free_handle);
    *poll = NULL;
}

void crew_worker_free(struct crew_worker *worker)
{
    close_poll(&worker->socket);
    close_poll(&worker->process);
    if (worker->box) {
        sandbox_kill(worker->box);
        reap(worker);
    }
    fd_closep(&worker->fd);
    frame_done(&worker->channel);
    owed_done(&worker->owed);
    mem_freep(&worker->principal);
    mem_freep(&worker);
}

/* It has ended; what it said before is still taken. */
static void on_process(uv_poll_t *handle, int status, int events)
{
    struct crew_worker *worker = handle->data;
    (void)status;
    (void)events;
    worker->heard = true;
    while (!worker->ending && has_spoken(worker) && frame_fill(&worker->channel, NULL) > 0)
        take_all(worker);
    if (!worker->ending)
        worker->end = CREW_CRASHED;
    worker->ending = true;
    close_poll(&worker->socket);
    close_poll(&worker->process);
    reap(worker);
    crew_bury(worker);
}

static int open_poll(
    uv_poll_t **ret, struct crew_worker *worker, int fd, uv_poll_cb call, struct err *err)
{
    uv_poll_t *poll = mem_zero(1, sizeof *poll);
    int rc = uv_poll_init(worker->generation->crew->plan.loop, poll, fd);
    if (rc < 0) {
        mem_freep(&poll);
        return err_set(err, ERR_SYS, "watch a worker: %s", uv_strerror(rc));
    }
    poll->data = worker;
    *ret = poll;
    uv_poll_start(poll, UV_READABLE, call);
    return 0;
}

int crew_worker_start(struct crew_worker **ret, struct crew_generation *generation,
    struct str principal, struct err *err)
{
    struct crew_worker *worker = mem_zero(1, sizeof *worker);
    worker->generation = generation;
    worker->fd = -1;
    worker->principal = mem_format("%.*s", (int)principal.size, principal.at);
    int rc = birth(worker, err);
    if (rc == 0)
        rc = load(worker, err);
    if (rc == 0)
        rc = await_ready(worker, err);
    if (rc == 0)
        rc = open_poll(&worker->socket, worker, worker->fd, on_socket, err);
    if (rc == 0)
        rc = open_poll(&worker->process, worker, sandbox_pidfd(worker->box), on_process, err);
    if (rc < 0) {
        crew_worker_free(worker);
        return rc;
    }
    *ret = worker;
    return 0;
}
