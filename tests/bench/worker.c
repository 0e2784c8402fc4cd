/* worker - from sandbox_start to READY of a locked worker with twelve plugins, and what it weighs.
 */
#include "bench.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "wire/frame.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PLUGINS = 12, BUILDS = PLUGINS + 1, STARTS = 51, FIRST_BUILD = 4 };

struct builds {
    char program[PATH_MAX], names[BUILDS][16];
    int fds[BUILDS];
};

static int seal(const char *path, struct err *err)
{
    CLEANUP(buf_done) struct buf bytes = { 0 };
    int r = file_read(path, &bytes, 1 << 20, err);
    return r < 0 ? r : fd_seal("build", buf_view(&bytes), err);
}

static int find_builds(struct builds *ret, struct err *err)
{
    char folder[PATH_MAX - 64], path[PATH_MAX];
    int r = file_program_dir(folder, sizeof(folder), err);
    if (r < 0)
        return r;
    snprintf(ret->program, sizeof(ret->program), "%s/moult-worker", folder);
    for (int i = 0; i < BUILDS; i++) {
        snprintf(ret->names[i], sizeof(ret->names[i]), i < PLUGINS ? "p%d" : "order", i + 1);
        snprintf(path, sizeof(path), "%s/../plugins/bench/%s.so", folder, ret->names[i]);
        ret->fds[i] = seal(path, err);
        if (ret->fds[i] < 0)
            return ret->fds[i];
    }
    return 0;
}

/* LOAD, and READY awaited. */
static int speak(const struct builds *builds, int socket, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct wire_plugin plugins[BUILDS];
    struct frame_channel channel;
    struct wire got,
        load = { WIRE_LOAD, .load = { WIRE_VERSION, { { 1 } }, STR("order"), plugins, BUILDS, 0 } };
    for (uint32_t i = 0; i < BUILDS; i++)
        plugins[i] = (struct wire_plugin){ str_of(builds->names[i]), { { 1 } }, FIRST_BUILD + i };
    frame_init(&channel, socket);
    int r = frame_put(&channel, &load, err);
    if (r == 0)
        r = frame_get(&channel, &arena, WIRE_FROM_WORKER, &got, err);
    frame_done(&channel);
    if (r == 1 && got.type == WIRE_FAULT)
        return err_set(err, ERR_PEER, "%.*s", (int)got.fault.text.size, got.fault.text.at);
    if (r < 0)
        return r;
    return r == 1 && got.type == WIRE_READY ? 0 : err_set(err, ERR_PEER, "the worker is not ready");
}

static int start_once(
    const struct builds *builds, double *ret_ms, uint64_t *ret_memory, struct err *err)
{
    int pair[2], fds[1 + BUILDS];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, "socketpair");
    CLEANUP(fd_closep) int mine = pair[0];
    CLEANUP(fd_closep) int theirs = pair[1];
    fds[0] = theirs;
    memcpy(fds + 1, builds->fds, sizeof(builds->fds));
    const char *argv[] = { builds->program, NULL };
    struct sandbox_run run = {
        .profile = SANDBOX_WORKER,
        .tier = SANDBOX_CONTAINER,
        .argv = argv,
        .fds = fds,
        .fds_count = 1 + BUILDS,
    };
    struct sandbox *box;
    struct sandbox_result result = { 0 };
    uint64_t start = clock_mono_ns();
    int r = sandbox_start(&box, &run, err);
    if (r < 0)
        return r;
    fd_closep(&theirs);
    r = speak(builds, mine, err);
    *ret_ms = (double)(clock_mono_ns() - start) / 1e6;
    fd_closep(&mine);
    int waited = sandbox_wait(box, &result, r < 0 ? NULL : err);
    *ret_memory = result.memory_peak;
    sandbox_result_done(&result);
    return r < 0 ? r : waited;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int bench_worker(struct buf *out, struct err *err)
{
    struct builds builds;
    double ms[STARTS];
    uint64_t memory = 0;
    for (int i = 0; i < BUILDS; i++)
        builds.fds[i] = -1;
    int r = find_builds(&builds, err);
    for (int i = 0; i < STARTS && r == 0; i++)
        r = start_once(&builds, &ms[i], &memory, err);
    for (int i = 0; i < BUILDS; i++)
        fd_closep(&builds.fds[i]);
    if (r < 0)
        return r;
    qsort(ms, STARTS, sizeof(*ms), compare);
    bench_figure(out, "start to ready, median", ms[STARTS / 2], "ms", 5);
    bench_figure(out, "start to ready, ninth decile", ms[STARTS * 9 / 10], "ms", 0);
    bench_figure(out, "resident, at most", (double)memory / (1 << 20), "MiB", 6);
    return 0;
}
