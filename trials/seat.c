/* seat - see seat.h. */
#include "trials/seat.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/ended.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { FIRST_BUILD = 4, READY_S = 20, LAST_WORDS_MS = 2000 };

static int connect_seat(struct seat *seat, struct err *err)
{
    int pair[2];
    const struct timeval patience = { .tv_sec = READY_S };
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, "socket of a worker");
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    seat->fd = pair[0];
    frame_init(&seat->channel, seat->fd);
    return pair[1];
}

static int birth(struct seat *seat, const struct replay_arm *arm, struct err *err)
{
    int fds[WIRE_PLUGINS_MAX + 1];
    if (access(arm->worker, X_OK) < 0) {
        err_set(err, ERR_LACKS, "no worker at %s", arm->worker);
        return err_hint(err, "build it: ./dev build");
    }
    CLEANUP(fd_closep) int theirs = connect_seat(seat, err);
    if (theirs < 0)
        return theirs;
    fds[0] = theirs;
    for (unsigned i = 0; i < arm->builds_count; i++)
        fds[i + 1] = arm->builds[i].fd;
    const char *argv[] = { arm->worker, NULL };
    const struct sandbox_run run = { .profile = SANDBOX_WORKER,
        .tier = (enum sandbox_tier)arm->tier,
        .argv = argv,
        .fds = fds,
        .fds_count = arm->builds_count + 1 };
    return sandbox_start(&seat->box, &run, err);
}

/* What hooks decided comes as testimony: a hook that failed says so against itself. */
static int load(struct seat *seat, const struct replay_arm *arm, struct err *err)
{
    struct wire_plugin plugins[WIRE_PLUGINS_MAX];
    for (unsigned i = 0; i < arm->builds_count; i++)
        plugins[i] = (struct wire_plugin){ str_of(arm->builds[i].name), arm->builds[i].build,
            FIRST_BUILD + i };
    const struct wire message = { WIRE_LOAD, .load = { .version = WIRE_VERSION,
                                                 .pipeline = str_of(arm->pipeline),
                                                 .plugins = plugins,
                                                 .plugins_count = arm->builds_count,
                                                 .events = WIRE_EVENTS_DECISIONS } };
    int rc = frame_put(&seat->channel, &message, err);
    return rc < 0 ? rc : frame_write(&seat->channel, err);
}

/* No plugin has run yet: that the machine lacks a layer is not the build's fault. */
static int refused(const struct wire_fault *fault, struct err *err)
{
    bool lacks = fault->code == ERR_LACKS;
    err_set(err, lacks ? ERR_LACKS : ERR_PEER, "the worker refuses: %.*s", (int)fault->text.size,
        fault->text.at);
    return lacks ? err_hint(err, "moult sandbox check says what lacks") : -ERR_PEER;
}

static int await_ready(struct seat *seat, struct err *err)
{
    struct wire got;
    int rc = frame_get(&seat->channel, &seat->arena, WIRE_FROM_WORKER, &got, err);
    if (rc == 0)
        return err_set(err, ERR_PEER, "the worker ended before it was ready");
    if (rc < 0)
        return rc;
    if (got.type == WIRE_FAULT)
        return refused(&got.fault, err);
    if (got.type != WIRE_READY)
        return err_set(err, ERR_PEER, "the worker does not say that it is ready");
    seat->layers = got.ready.layers;
    return 0;
}

/* The first number of schedstat: nanoseconds on a processor, whatever else the machine does. */
static uint64_t used_ns(const struct seat *seat)
{
    char path[64];
    CLEANUP(buf_done) struct buf text = { 0 };
    if (!seat->box)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)sandbox_pid(seat->box));
    if (file_read(path, &text, 256, NULL) < 0 || text.size == 0)
        return 0;
    return strtoull(text.at, NULL, 10);
}

int seat_start(struct seat *seat, const struct replay_arm *arm, struct err *err)
{
    if (arm->builds_count == 0 || arm->builds_count > WIRE_PLUGINS_MAX)
        return err_set(
            err, ERR_LIMIT, "%u builds; 1 to %d can be run", arm->builds_count, WIRE_PLUGINS_MAX);
    seat->fd = -1;
    int rc = birth(seat, arm, err);
    if (rc == 0)
        rc = load(seat, arm, err);
    if (rc >= 0)
        rc = await_ready(seat, err);
    if (rc < 0) {
        seat_stop(seat);
        return rc;
    }
    seat->loaded_ns = used_ns(seat);
    return 0;
}

static void bury(struct seat *seat, char *ret_why, size_t size)
{
    struct sandbox_result result = { 0 };
    seat->cpu_ns = seat_cpu_ns(seat);
    seat->loaded_ns = 0;
    if (sandbox_wait(seat->box, &result, NULL) == 0) {
        char ended[SANDBOX_ENDED_MAX];
        bool spoke = sandbox_sanitizer_spoke(&result);
        seat->reports += spoke;
        if (spoke)
            snprintf(ret_why, size, "the worker was ended by a sanitiser");
        else
            snprintf(ret_why, size, "the worker %s", sandbox_ended(ended, &result));
        sandbox_result_done(&result);
    }
    seat->box = NULL;
}

static void hang_up(struct seat *seat)
{
    fd_closep(&seat->fd);
    frame_done(&seat->channel);
}

void seat_stop(struct seat *seat)
{
    char unused[64];
    if (seat->box) {
        sandbox_kill(seat->box);
        bury(seat, unused, sizeof unused);
    }
    hang_up(seat);
}

/* A build that only closes its socket gets no more time than one that dies. */
void seat_died(struct seat *seat, char *ret_why, size_t size)
{
    struct pollfd end = { sandbox_pidfd(seat->box), POLLIN, 0 };
    poll(&end, 1, LAST_WORDS_MS);
    sandbox_kill(seat->box);
    bury(seat, ret_why, size);
    hang_up(seat);
}

uint64_t seat_cpu_ns(const struct seat *seat)
{
    uint64_t now = used_ns(seat);
    return seat->cpu_ns + (now > seat->loaded_ns ? now - seat->loaded_ns : 0);
}

uint32_t seat_memory(const struct seat *seat)
{
    char path[64];
    CLEANUP(buf_done) struct buf text = { 0 };
    if (!seat->box)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)sandbox_pid(seat->box));
    if (file_read(path, &text, 1 << 16, NULL) < 0)
        return 0;
    const char *most = text.at ? strstr(text.at, "VmHWM:") : NULL;
    return most ? (uint32_t)strtoul(most + strlen("VmHWM:"), NULL, 10) : 0;
}

void seat_done(struct seat *seat)
{
    seat_stop(seat);
    arena_done(&seat->arena);
}
