/* shell - one command in a shell of its own, to its end or its time limit.
 *
 * The call ends with the shell, not with what it left running: a server that was started with '&'
 * stays (until the box ends), and nobody waits for it. Its output is bounded in the middle: how a
 * command began and how it ended say more than what it said between. */
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "tool/builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MS_NS = 1000000,
    SECONDS_DEFAULT = 120,
    HEAD_MAX = 24 << 10, /* bytes of output shown from its begin and from its end */
    TAIL_MAX = 40 << 10,
    CHUNK = 1 << 16
};

static const char *const shells[] = { "/bin/bash", "/bin/sh" };

struct job {
    pid_t pid;
    int out; /* read end, non-blocking */
    struct buf head, tail;
    uint64_t left_out;
};

static void job_done(struct job *job)
{
    fd_closep(&job->out);
    buf_done(&job->head);
    buf_done(&job->tail);
}

static int spawn(struct job *job, int root, const char *command, int out)
{
    const char *shell = shells[access(shells[0], X_OK) == 0 ? 0 : 1];
    char *argv[] = { (char *)shell, "-c", (char *)command, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addfchdir_np(&actions, root);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    int error = posix_spawn(&job->pid, shell, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int start(
    struct job *job, const struct builtin *builtin, struct str command, struct err *err)
{
    int pipes[2];
    CLEANUP(mem_freep) char *text = mem_format("%.*s", (int)command.size, command.at);
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return err_sys(err, "pipe");
    job->out = pipes[0];
    int rc = fd_nonblock(job->out, true, err);
    errno = rc < 0 ? 0 : spawn(job, builtin->root, text, pipes[1]);
    if (errno != 0)
        rc = err_sys(err, "start a shell");
    close(pipes[1]);
    return rc;
}

/* The first bytes stay, of what follows the last ones. */
static void keep(struct job *job, const char *bytes, size_t size)
{
    size_t first = HEAD_MAX - job->head.size;
    first = first < size ? first : size;
    buf_add(&job->head, bytes, first);
    buf_add(&job->tail, bytes + first, size - first);
    if (job->tail.size <= 2 * TAIL_MAX)
        return;
    size_t gone = job->tail.size - TAIL_MAX;
    memmove(job->tail.at, job->tail.at + gone, TAIL_MAX);
    job->tail.size = TAIL_MAX;
    job->left_out += gone;
}

/* Takes what is there; false at its end. */
static bool take_output(struct job *job)
{
    char chunk[CHUNK];
    for (int rounds = 0; rounds < 16; rounds++) {
        ssize_t n = read(job->out, chunk, sizeof chunk);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        keep(job, chunk, (size_t)n);
    }
    return true;
}

/* Reaps what the shell left behind, too, where it comes to this process. */
static bool has_ended(const struct builtin *builtin, pid_t pid, int *status)
{
    struct signalfd_siginfo info;
    bool ended = false;
    pid_t one;
    int its;
    while (read(builtin->signals, &info, sizeof info) > 0)
        continue;
    while ((one = waitpid(-1, &its, WNOHANG)) > 0)
        if (one == pid) {
            *status = its;
            ended = true;
        }
    return ended;
}

static int left_ms(uint64_t deadline_ns)
{
    uint64_t now = clock_mono_ns();
    return now >= deadline_ns ? 0 : (int)((deadline_ns - now + MS_NS - 1) / MS_NS);
}

/* False: its time was over, and its group was ended. */
static bool wait_for_end(
    struct job *job, const struct builtin *builtin, uint64_t deadline_ns, int *status)
{
    struct pollfd fds[] = { { builtin->signals, POLLIN, 0 }, { job->out, POLLIN, 0 } };
    while (!has_ended(builtin, job->pid, status)) {
        int left = left_ms(deadline_ns);
        if (left == 0) {
            kill(-job->pid, SIGKILL);
            while (waitpid(job->pid, status, 0) < 0 && errno == EINTR)
                continue;
            return false;
        }
        poll(fds, 2, left);
        if (fds[1].revents && !take_output(job))
            fds[1].fd = -1;
    }
    return true;
}

static void print_output(struct buf *out, struct job *job)
{
    if (job->tail.size > TAIL_MAX) {
        size_t gone = job->tail.size - TAIL_MAX;
        memmove(job->tail.at, job->tail.at + gone, TAIL_MAX);
        job->tail.size = TAIL_MAX;
        job->left_out += gone;
    }
    buf_str(out, buf_view(&job->head));
    if (job->left_out > 0)
        buf_format(out, "\n[%llu bytes left out]\n", (unsigned long long)job->left_out);
    buf_str(out, buf_view(&job->tail));
}

/* Each note stands in a line of its own behind the output. */
static void note(struct buf *out, const char *format, int number)
{
    if (out->size > 0 && out->at[out->size - 1] != '\n')
        buf_char(out, '\n');
    buf_char(out, '[');
    buf_format(out, format, number);
    buf_char(out, ']');
}

static int print_end(struct buf *out, bool in_time, int64_t seconds, int status)
{
    if (!in_time)
        note(out, "ended: it took longer than %d s", (int)seconds);
    else if (WIFSIGNALED(status))
        note(out, "ended by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        note(out, "exit code %d", WEXITSTATUS(status));
    else if (out->size == 0)
        note(out, "no output, exit code %d", 0);
    return in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

int tool_shell(struct builtin *builtin, const struct builtin_value *values, struct err *err)
{
    CLEANUP(job_done) struct job job = { .out = -1 };
    int64_t seconds = values[1].given ? values[1].number : SECONDS_DEFAULT;
    int status = 0;
    if (memchr(values[0].text.at, 0, values[0].text.size))
        return err_set(err, ERR_INPUT, "a command has no NUL byte");
    uint64_t deadline_ns = clock_mono_ns() + (uint64_t)seconds * 1000 * MS_NS;
    int rc = start(&job, builtin, values[0].text, err);
    if (rc < 0)
        return rc;
    bool in_time = wait_for_end(&job, builtin, deadline_ns, &status);
    take_output(&job);
    print_output(&builtin->text, &job);
    return print_end(&builtin->text, in_time, seconds, status);
}
