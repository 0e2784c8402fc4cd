/* worker_peer - see worker_peer.h. Everything here goes the way that a broker goes: sealed memfds,
 * the sandbox's worker profile, one socket. */
#include "worker_peer.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_BUILD = 4 };

const char peer_tools[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"lookup\",\"parameters\":{\"type\":\"object\","
    "\"properties\":{\"id\":{\"type\":\"string\"},\"ids\":{\"type\":\"array\",\"items\":{\"type\":"
    "\"string\"}}},\"required\":[]}}},{\"name\":\"change\",\"parameters\":{\"type\":\"object\"}}]";

static int seal_file(const char *path)
{
    CLEANUP(buf_done) struct buf bytes = { 0 };
    struct err err;
    if (file_read(path, &bytes, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    int fd = fd_seal("build", buf_view(&bytes), &err);
    if (fd < 0)
        fail_msg("%s", err.text);
    return fd;
}

/* Plugin files of a harness as LOAD lists them; their descriptors in fds behind the socket. */
static unsigned list_builds(const char *harness, struct wire_plugin *plugins, int *fds)
{
    char pattern[512];
    glob_t files = { 0 };
    snprintf(pattern, sizeof(pattern), "%s/../plugins/%s/*.so", MOULT_BIN_DIR, harness);
    if (glob(pattern, 0, NULL, &files) != 0)
        fail_msg("no builds at %s", pattern);
    for (unsigned i = 0; i < files.gl_pathc; i++) {
        const char *slash = strrchr(files.gl_pathv[i], '/') + 1;
        size_t size = strlen(slash) - 3;
        fds[i] = seal_file(files.gl_pathv[i]);
        plugins[i] = (struct wire_plugin){
            .name = { mem_copy(slash, size), size },
            .build = { { (uint8_t)(i + 1) } },
            .fd = FIRST_BUILD + i,
        };
    }
    unsigned count = (unsigned)files.gl_pathc;
    globfree(&files);
    return count;
}

/* This end of a fresh socket; the other end is returned. */
static int connect_peer(struct peer *peer)
{
    int pair[2];
    struct timeval patience = { .tv_sec = 10 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    peer->fd = pair[0];
    frame_init(&peer->channel, peer->fd);
    return pair[1];
}

static bool start(struct peer *peer, const char *program, const int *builds, unsigned count)
{
    int fds[1 + WIRE_PLUGINS_MAX];
    char path[512];
    fds[0] = connect_peer(peer);
    memcpy(fds + 1, builds, count * sizeof(*builds));
    snprintf(path, sizeof(path), "%s/%s", MOULT_BIN_DIR, program);
    const char *argv[] = { path, NULL };
    struct sandbox_run run = {
        .profile = SANDBOX_WORKER,
        .tier = SANDBOX_CONTAINER,
        .argv = argv,
        .fds = fds,
        .fds_count = count + 1,
    };

    struct err err;
    int r = sandbox_start(&peer->box, &run, &err);
    close(fds[0]);
    if (r < 0 && r != -ERR_LACKS)
        fail_msg("%s (%s)", err.text, err.hint);
    if (r < 0)
        print_message("skipped: %s\n", err.text);
    return r == 0;
}

static bool start_bare(struct peer *peer, const char *program, const int *builds, unsigned count)
{
    char path[512];
    int socket = connect_peer(peer), high[WIRE_PLUGINS_MAX];
    snprintf(path, sizeof(path), "%s/%s", MOULT_BIN_DIR, program);
    fflush(NULL);
    peer->bare = fork();
    if (peer->bare != 0) {
        close(socket);
        return peer->bare > 0;
    }
    for (unsigned i = 0; i < count; i++)
        high[i] = fcntl(builds[i], F_DUPFD, 200);
    dup2(socket, FIRST_BUILD - 1);
    for (unsigned i = 0; i < count; i++)
        dup2(high[i], (int)(FIRST_BUILD + i));
    execl(path, program, (char *)NULL);
    _exit(127);
}

static bool load(struct peer *peer, const char *program, const char *harness, const char *pipeline,
    uint32_t events, bool bare)
{
    struct wire_plugin plugins[WIRE_PLUGINS_MAX];
    int fds[WIRE_PLUGINS_MAX];
    *peer = (struct peer){ 0 };
    unsigned count = list_builds(harness, plugins, fds);
    bool started = (bare ? start_bare : start)(peer, program, fds, count);
    struct wire message = { WIRE_LOAD,
        .load = { WIRE_VERSION, { { 1 } }, str_of(pipeline), plugins, count, events } };
    if (started)
        peer_send(peer, &message);
    for (unsigned i = 0; i < count; i++) {
        close(fds[i]);
        mem_freep(&plugins[i].name.at);
    }
    return started;
}

bool peer_start(struct peer *peer, const char *program, const char *harness, uint32_t events)
{
    if (!load(peer, program, harness, "order", events, false))
        return false;
    peer_want(peer, WIRE_READY);
    return true;
}

void peer_load(struct peer *peer, const char *program, const char *harness, const char *pipeline,
    uint32_t events)
{
    if (!load(peer, program, harness, pipeline, events, false))
        skip();
}

void peer_load_bare(struct peer *peer, const char *program, const char *harness)
{
    assert_true(load(peer, program, harness, "order", 0, true));
}

void peer_stop(struct peer *peer, struct sandbox_result *ret)
{
    struct sandbox_result mine = { 0 };
    struct err err;
    if (peer->fd > 0)
        close(peer->fd);
    if (peer->box && sandbox_wait(peer->box, ret ? ret : &mine, &err) < 0)
        fail_msg("%s", err.text);
    if (peer->bare > 0)
        waitpid(peer->bare, NULL, 0);
    sandbox_result_done(&mine);
    frame_done(&peer->channel);
    arena_done(&peer->arena);
    *peer = (struct peer){ 0 };
}

void peer_send(struct peer *peer, const struct wire *message)
{
    struct err err;
    if (frame_put(&peer->channel, message, &err) < 0 || frame_flush(&peer->channel, &err) < 0)
        fail_msg("%s", err.text);
}

int peer_get(struct peer *peer)
{
    struct err err;
    int r = frame_get(&peer->channel, &peer->arena, WIRE_FROM_WORKER, &peer->got, &err);
    return r < 0 ? 0 : r;
}

void peer_want(struct peer *peer, enum wire_type type)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    if (!peer_get(peer))
        fail_msg("the worker ended; wanted %s", wire_words[type]);
    wire_describe(&line, &peer->got);
    if (peer->got.type != type)
        fail_msg("wanted %s, got %s", wire_words[type], line.at);
}

void peer_open(struct peer *peer, uint64_t lease, enum wire_session kind)
{
    struct wire message = { WIRE_OPEN, .open = { .lease = lease,
                                           .kind = (uint8_t)kind,
                                           .seed = 42,
                                           .tools = str_of(peer_tools),
                                           .models = STR("[\"main\",\"spare\"]") } };
    peer_send(peer, &message);
}

void peer_put(struct peer *peer, uint64_t lease, uint32_t keep, const char *const *messages)
{
    struct wire_message list[32];
    uint32_t count = 0;
    for (; messages[count]; count++)
        list[count] = (struct wire_message){ str_of(messages[count]),
            strstr(messages[count], "Error") != NULL };
    struct wire message = { WIRE_PUT, .put = { lease, keep, list, count } };
    peer_send(peer, &message);
}

void peer_run(struct peer *peer, uint64_t lease, bool turn_start)
{
    struct wire message = { WIRE_RUN,
        .run = { .lease = lease, .elapsed_ms = 5, .turn_start = turn_start } };
    peer_send(peer, &message);
}

void peer_say(struct peer *peer, uint64_t lease, const char *text)
{
    CLEANUP(buf_done) struct buf user = { 0 };
    buf_text(&user, "{\"role\":\"user\",\"content\":");
    json_quote(&user, str_of(text));
    buf_char(&user, '}');
    peer_put(peer, lease, 0, (const char *const[]){ user.at, NULL });
    peer_run(peer, lease, true);
}

static void send_result(
    struct peer *peer, uint64_t lease, uint8_t status, uint8_t error_class, struct str bytes)
{
    struct wire message = { WIRE_RESULT,
        .result = { lease, peer->got.effect.number, status, error_class, 0, 9, bytes } };
    peer_send(peer, &message);
}

void peer_answer(struct peer *peer, uint64_t lease, const char *bytes)
{
    send_result(peer, lease, WIRE_OK, 0, str_of(bytes));
}

void peer_fail(struct peer *peer, uint64_t lease, uint8_t status, uint8_t error_class)
{
    send_result(peer, lease, status, error_class, (struct str){ 0 });
}
