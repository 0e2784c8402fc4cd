/* server - see server.h. */
#include "tool/server.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MS_NS = 1000000, CHUNK = 1 << 16, ENDING_MS = 500, ENDING_STEP_MS = 5 };

struct pipes {
    int in[2], out[2];
};

static void pipes_done(struct pipes *pipes)
{
    for (int i = 0; i < 2; i++) {
        fd_closep(&pipes->in[i]);
        fd_closep(&pipes->out[i]);
    }
}

static int pipes_open(struct pipes *pipes, struct err *err)
{
    if (pipe2(pipes->in, O_CLOEXEC) < 0 || pipe2(pipes->out, O_CLOEXEC) < 0)
        return err_sys(err, "pipe");
    int rc = fd_nonblock(pipes->in[1], true, err);
    return rc < 0 ? rc : fd_nonblock(pipes->out[0], true, err);
}

/* A group of its own, and the signals as a new program expects them. */
static int spawn(pid_t *ret, char *const *argv, const struct pipes *pipes)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes->in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipes->out[1], STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    int error = posix_spawnp(ret, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int server_start(
    struct server *server, char *const *argv, const struct server_limits *limits, struct err *err)
{
    CLEANUP(pipes_done) struct pipes pipes = { { -1, -1 }, { -1, -1 } };
    pid_t pid;
    int rc = pipes_open(&pipes, err);
    if (rc < 0)
        return rc;
    errno = spawn(&pid, argv, &pipes);
    if (errno == ENOENT) {
        err_set(err, ERR_MISSING, "no program %s", argv[0]);
        return err_hint(err, "the command of an MCP server is a program in PATH, or a path");
    }
    if (errno != 0)
        return err_sys(err, "start %s", argv[0]);
    *server = (struct server){ .limits = *limits, .pid = pid, .alive = true };
    server->in = fd_steal(&pipes.in[1]);
    server->out = fd_steal(&pipes.out[0]);
    return 0;
}

void server_say(struct server *server, struct str bytes)
{
    buf_str(&server->unsent, bytes);
}

void server_expect(struct server *server)
{
    server->expected = 0;
}

static int left_ms(uint64_t deadline_ns)
{
    uint64_t now = clock_mono_ns();
    if (now >= deadline_ns)
        return 0;
    uint64_t ms = (deadline_ns - now + MS_NS - 1) / MS_NS;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Waits for its end, and leaves it to be reaped: until then nobody else gets its number. */
static bool wait_for(const struct server *server, uint32_t ms, siginfo_t *ret)
{
    uint64_t deadline = clock_mono_ns() + (uint64_t)ms * MS_NS;
    for (;;) {
        *ret = (siginfo_t){ 0 };
        int rc = waitid(P_PID, (id_t)server->pid, ret, WEXITED | WNOHANG | WNOWAIT);
        if (rc == 0 && ret->si_pid == server->pid)
            return true;
        if ((rc < 0 && errno != EINTR) || left_ms(deadline) == 0)
            return false;
        poll(NULL, 0, ENDING_STEP_MS);
    }
}

/* Ends what is left of its group, too. */
static void reap(struct server *server)
{
    kill(-server->pid, SIGKILL);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    server->alive = false;
}

/* It said its last; how it ended is worth a moment's wait. */
static int ended(struct server *server, struct err *err)
{
    siginfo_t info;
    bool gone = wait_for(server, ENDING_MS, &info);
    reap(server);
    if (!gone)
        return err_set(err, ERR_PEER, "the server closed its output");
    if (info.si_code != CLD_EXITED)
        return err_set(err, ERR_PEER, "the server was ended by signal %d", info.si_status);
    return err_set(err, ERR_PEER, "the server ended with exit code %d", info.si_status);
}

/* A server that does not read any more will be seen by its output. */
static void write_some(struct server *server)
{
    ssize_t n =
        write(server->in, server->unsent.at + server->sent, server->unsent.size - server->sent);
    server->sent += n > 0 ? (size_t)n : 0;
    if (server->sent == server->unsent.size || (n < 0 && errno == EPIPE)) {
        buf_clear(&server->unsent);
        server->sent = 0;
    }
}

/* Bytes read, 0 at the end of its output. */
static ssize_t read_some(struct server *server, struct err *err)
{
    char *at = buf_reserve(&server->unread, CHUNK);
    ssize_t n = read(server->out, at, CHUNK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 1;
    if (n < 0)
        return err_sys(err, "read from the server");
    server->unread.size += (size_t)n;
    server->expected += (size_t)n;
    return n;
}

/* Moves what can be moved; waits until something can. */
static int pump(struct server *server, uint64_t deadline_ns, struct err *err)
{
    bool sending = server->unsent.size > 0;
    struct pollfd fds[] = { { server->out, POLLIN, 0 }, { server->in, POLLOUT, 0 } };
    int ready = poll(fds, sending ? 2 : 1, left_ms(deadline_ns));
    if (ready < 0 && errno != EINTR)
        return err_sys(err, "wait for the server");
    if (ready == 0)
        return err_set(err, ERR_TIMEOUT, "the server did not answer in time");
    if (ready > 0 && sending && fds[1].revents)
        write_some(server);
    if (ready <= 0 || !fds[0].revents)
        return 0;
    ssize_t n = read_some(server, err);
    return n < 0 ? (int)n : n == 0 ? ended(server, err) : 0;
}

/* Gives up the lines that were handed out. */
static void forget_handed(struct server *server)
{
    struct buf *unread = &server->unread;
    if (server->handed == 0)
        return;
    memmove(unread->at, unread->at + server->handed, unread->size - server->handed);
    unread->size -= server->handed;
    server->known -= server->handed;
    server->handed = 0;
}

/* A whole line, if there is one. */
static bool take_line(struct server *server, struct str *ret)
{
    struct buf *unread = &server->unread;
    while (unread->size > server->known) {
        char *from = unread->at + server->known;
        char *end = memchr(from, '\n', unread->size - server->known);
        server->known = end ? (size_t)(end - unread->at) + 1 : unread->size;
        if (!end)
            return false;
        char *start = unread->at + server->handed;
        server->handed = server->known;
        *ret = str_trim((struct str){ start, (size_t)(end - start) });
        if (ret->size > 0)
            return true;
    }
    return false;
}

int server_line(struct server *server, struct str *ret, uint64_t deadline_ns, struct err *err)
{
    for (;;) {
        if (!server->alive)
            return err_set(err, ERR_PEER, "the server has ended");
        if (take_line(server, ret))
            return ret->size <= server->limits.line_max
                       ? 0
                       : err_set(err, ERR_LIMIT, "a line of %zu bytes; at most %zu are taken",
                             ret->size, server->limits.line_max);
        forget_handed(server);
        if (server->unread.size > server->limits.line_max)
            return err_set(err, ERR_LIMIT, "a line of more than %zu bytes without an end",
                server->limits.line_max);
        if (server->expected > server->limits.bytes_max)
            return err_set(err, ERR_LIMIT, "more than %zu bytes, and no answer among them",
                server->limits.bytes_max);
        int rc = pump(server, deadline_ns, err);
        if (rc < 0)
            return rc;
    }
}

void server_end(struct server *server, uint32_t grace_ms)
{
    siginfo_t info;
    if (server->pid == 0)
        return;
    fd_closep(&server->in);
    if (server->alive) {
        wait_for(server, grace_ms, &info);
        reap(server);
    }
    fd_closep(&server->out);
    buf_done(&server->unsent);
    buf_done(&server->unread);
    *server = (struct server){ 0 };
}
