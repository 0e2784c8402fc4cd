/* drive - see drive.h. */
#include "sandbox/drive.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/filter.h"
#include "sandbox/watch.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MS_NS = 1000000, WATCH_MS = 25, DYING_MS = 1 };
enum { ON_END, ON_OUT, ON_ERR, ON_DENIED, ON_STATUS, ON_COUNT };

/* Takes what is there. Returns false at end of file. */
static bool capture(int fd, struct buf *into, bool *ret_truncated)
{
    char chunk[16384];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        size_t room = into->max - into->size;
        buf_add(into, chunk, (size_t)n < room ? (size_t)n : room);
        *ret_truncated |= (size_t)n > room;
    }
}

static int wall_left_ms(const struct sandbox *sandbox)
{
    if (sandbox->limits.wall_ms == 0)
        return -1;
    uint64_t used = (clock_mono_ns() - sandbox->started_ns) / MS_NS;
    return used >= sandbox->limits.wall_ms ? 0 : (int)(sandbox->limits.wall_ms - used);
}

static void end_by(struct sandbox *sandbox, enum sandbox_limit limit_)
{
    if (sandbox->result.limit == LIMIT_NONE)
        sandbox->result.limit = limit_;
    sandbox_kill(sandbox);
}

static void note(struct sandbox_result *result, const char *name)
{
    for (unsigned i = 0; i < result->denied_count; i++)
        if (strcmp(result->denied[i].what, name) == 0)
            return;
    if (result->denied_count == COUNT_OF(result->denied)) {
        result->denied_more++;
        return;
    }
    struct sandbox_denied *denied = &result->denied[result->denied_count++];
    snprintf(denied->what, sizeof denied->what, "%s", name);
}

/* A process that was killed meanwhile is no longer there to be answered: that is no failure. */
static bool answer_denied(struct sandbox *sandbox)
{
    struct seccomp_notif asked;
    char name[FILTER_NAME_MAX];
    memset(&asked, 0, sizeof asked);
    if (ioctl(sandbox->born.listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
        return errno == ENOENT || errno == EINTR;
    note(&sandbox->result, filter_call_name(asked.data.nr, name));
    struct seccomp_notif_resp answer = { .id = asked.id, .error = -EPERM };
    ioctl(sandbox->born.listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    return true;
}

/* In order of how surely each is to blame: a run that is over in two gets the first. */
static enum sandbox_limit over(struct sandbox *sandbox, const struct watch_use *use)
{
    const struct sandbox_limits *limits = &sandbox->limits;
    const struct sandbox_result *result = &sandbox->result;
    if (sandbox->cpu_ms > limits->cpu_ms)
        return LIMIT_CPU;
    if (use->tasks > limits->processes)
        return LIMIT_PROCESSES;
    if (use->memory > limits->memory && watch_memory(sandbox->born.pid) > limits->memory)
        return LIMIT_MEMORY;
    if (use->files > limits->files)
        return LIMIT_FILES;
    if (result->out_truncated || result->err_truncated)
        return LIMIT_OUTPUT;
    return usage_look(&sandbox->usage, false) >= limits->disk ? LIMIT_DISK : LIMIT_NONE;
}

/* Sums over the run: a limit of one process is passed by forking. */
static void watch(struct sandbox *sandbox)
{
    struct watch_use use = watch_sum(sandbox->born.pid);
    sandbox->cpu_ms = use.cpu_ms > sandbox->cpu_ms ? use.cpu_ms : sandbox->cpu_ms;
    if (use.memory > sandbox->result.memory_peak)
        sandbox->result.memory_peak = use.memory;
    enum sandbox_limit passed = over(sandbox, &use);
    if (passed != LIMIT_NONE)
        end_by(sandbox, passed);
}

/* The program has ended: with a pid namespace init ends, too, and the kernel kills the rest;
 * without one the rest is looked for and killed here until init has nobody left. */
static void take_status(struct sandbox *sandbox)
{
    int status;
    if (read(sandbox->born.status, &status, sizeof status) != sizeof status)
        return;
    sandbox->status = status;
    sandbox->has_status = true;
}

static bool is_dying(struct sandbox *sandbox)
{
    bool over_ = sandbox->has_status || sandbox->result.limit != LIMIT_NONE || sandbox->killed;
    return sandbox->watched && over_ && sandbox->result.tier == SANDBOX_CONTAINER;
}

static int patience(struct sandbox *sandbox)
{
    int left = wall_left_ms(sandbox);
    if (left == 0) {
        end_by(sandbox, LIMIT_WALL);
        sandbox->limits.wall_ms = 0;
        left = -1;
    }
    if (is_dying(sandbox)) {
        watch_kill(sandbox->born.pid);
        return DYING_MS;
    }
    if (!sandbox->watched)
        return left;
    watch(sandbox);
    return left < 0 || left > WATCH_MS ? WATCH_MS : left;
}

static void take_output(struct sandbox *sandbox, struct pollfd *polled)
{
    struct sandbox_result *result = &sandbox->result;
    if (!capture(sandbox->out, &result->out, &result->out_truncated))
        polled[ON_OUT].fd = -1;
    if (!capture(sandbox->err, &result->err, &result->err_truncated))
        polled[ON_ERR].fd = -1;
}

/* What the looks in between could miss. */
static void look_back(struct sandbox *sandbox)
{
    struct sandbox_result *result = &sandbox->result;
    struct cgroup_events events = cgroup_events(&sandbox->cgroup);
    if (result->limit != LIMIT_NONE || !sandbox->watched)
        return;
    if (result->out_truncated || result->err_truncated)
        result->limit = LIMIT_OUTPUT;
    else if (events.memory)
        result->limit = LIMIT_MEMORY;
    else if (events.tasks)
        result->limit = LIMIT_PROCESSES;
    else if (usage_look(&sandbox->usage, true) >= sandbox->limits.disk)
        result->limit = LIMIT_DISK;
}

void drive(struct sandbox *sandbox)
{
    const struct born *born = &sandbox->born;
    struct pollfd polled[ON_COUNT] = { [ON_END] = { born->pidfd, POLLIN, 0 },
        [ON_OUT] = { sandbox->out, POLLIN, 0 },
        [ON_ERR] = { sandbox->err, POLLIN, 0 },
        [ON_DENIED] = { born->listener, POLLIN, 0 },
        [ON_STATUS] = { born->status, POLLIN, 0 } };
    while (!(polled[ON_END].revents & POLLIN)) {
        if (poll(polled, ON_COUNT, patience(sandbox)) < 0 && errno != EINTR)
            break;
        take_output(sandbox, polled);
        if (polled[ON_DENIED].revents &&
            (!(polled[ON_DENIED].revents & POLLIN) || !answer_denied(sandbox)))
            polled[ON_DENIED].fd = -1;
        if (polled[ON_STATUS].revents) {
            take_status(sandbox);
            polled[ON_STATUS].fd = -1;
        }
    }
    take_output(sandbox, polled);
    if (!sandbox->has_status && born->status >= 0)
        take_status(sandbox);
    look_back(sandbox);
}

static void *drive_thread(void *sandbox)
{
    drive(sandbox);
    return NULL;
}

/* Signals are for the threads of the caller. */
int drive_start(struct sandbox *sandbox, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&sandbox->thread, NULL, drive_thread, sandbox);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        errno = error;
        return err_sys(err, "thread for the run");
    }
    sandbox->threaded = true;
    return 0;
}

void drive_join(struct sandbox *sandbox)
{
    pthread_join(sandbox->thread, NULL);
    sandbox->threaded = false;
}
