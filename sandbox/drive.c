/* drive - see drive.h. */
#include "sandbox/drive.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/filter.h"
#include "sandbox/guard.h"
#include "sandbox/watch.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* SOON: for children that nobody waits for, whose time is known up to the last look only. */
enum { MS_NS = 1000000, MS_US = 1000, WATCH_MS = 25, SOON_MS = 3, SHARE = 5 };
enum { FIRST_LOOK_MS = 5, DYING_MS = 1 };
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

static void note(struct sandbox_result *result, const char *name, bool is_path)
{
    for (unsigned i = 0; i < result->denied_count; i++)
        if (strcmp(result->denied[i].what, name) == 0)
            return;
    if (result->denied_count == COUNT_OF(result->denied)) {
        result->denied_more++;
        return;
    }
    struct sandbox_denied *denied = &result->denied[result->denied_count++];
    denied->is_path = is_path;
    snprintf(denied->what, sizeof denied->what, "%s", name);
}

/* Not a look-up of users by a Unix socket, which the C library tries by itself. */
static bool is_network(const struct seccomp_data *call)
{
    return call->nr == SYS_socket && (call->args[0] == AF_INET || call->args[0] == AF_INET6);
}

/* A process that was killed meanwhile is no longer there to be answered: that is no failure. */
static bool answer_denied(struct sandbox *sandbox)
{
    struct seccomp_notif asked;
    char name[FILTER_NAME_MAX];
    memset(&asked, 0, sizeof asked);
    if (ioctl(sandbox->born.listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
        return errno == ENOENT || errno == EINTR;
    int refusal = filter_refusal(&asked.data);
    if (refusal && is_network(&asked.data))
        sandbox->result.asked_network = true;
    if (refusal)
        note(&sandbox->result, filter_call_name(asked.data.nr, name), false);
    struct seccomp_notif_resp answer = { .id = asked.id, .error = -refusal };
    ioctl(sandbox->born.listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    return true;
}

/* The slow looks. Each has its own pace, but both together say what is hidden: so the quicker one
 * comes along with the other. */
static void look_slowly(struct sandbox *sandbox)
{
    struct held *held = &sandbox->held;
    struct usage *usage = &sandbox->usage;
    bool walk = usage_is_due(usage), look = held_is_due(held);
    look |= walk && held->cost_ns <= usage->cost_ns;
    walk |= look && usage->folders_count > 0 && usage->cost_ns <= held->cost_ns;
    if (walk)
        usage_begin(usage);
    if (look)
        held_look(held, sandbox->born.pid);
    if (walk)
        usage_walk(
            usage, &(struct usage_hints){ held->disk, held->hides, held->hides_lasting, look });
}

/* In order of how surely each is to blame: a run that is over in two gets the first. */
static enum sandbox_limit over(struct sandbox *sandbox, const struct watch_use *use)
{
    const struct sandbox_limits *limits = &sandbox->limits;
    const struct sandbox_result *result = &sandbox->result;
    if (sandbox->cpu_us > (uint64_t)limits->cpu_ms * MS_US)
        return LIMIT_CPU;
    if (use->tasks > limits->processes)
        return LIMIT_PROCESSES;
    look_slowly(sandbox);
    uint64_t of_kernel = use->tables + sandbox->held.sockets + sandbox->held.mappings;
    if (use->memory + of_kernel > limits->memory &&
        watch_memory(sandbox->born.pid) + of_kernel > limits->memory)
        return LIMIT_MEMORY;
    if (use->files > limits->files)
        return LIMIT_FILES;
    if (result->out_truncated || result->err_truncated)
        return LIMIT_OUTPUT;
    uint64_t disk = usage_bytes(&sandbox->usage) + sandbox->held.disk;
    return disk >= limits->disk ? LIMIT_DISK : LIMIT_NONE;
}

static void undo_orders(struct sandbox *sandbox)
{
    unsigned next = 0;
    for (const char *path; (path = orders_look(&sandbox->orders, &next));)
        note(&sandbox->result, path, true);
}

/* Where the kernel sums, too, nothing of it escapes, however rarely it is read. */
static void take_time(struct sandbox *sandbox, const struct watch_use *use)
{
    uint64_t told_us = cgroup_cpu_us(&sandbox->cgroup);
    uint64_t us = told_us > use->cpu_us ? told_us : use->cpu_us;
    sandbox->cpu_us = us > sandbox->cpu_us ? us : sandbox->cpu_us;
    sandbox->unwaited = use->unwaited && told_us == 0;
}

/* What there is, not what there could be. */
static void take_peak(struct sandbox *sandbox, const struct watch_use *use)
{
    const struct held *held = &sandbox->held;
    uint64_t bytes = use->memory + use->tables + held->mappings + (held->told ? held->sockets : 0);
    if (bytes > sandbox->result.memory_peak)
        sandbox->result.memory_peak = bytes;
}

/* A run whose orders cannot be guarded any more does not go on. */
static void guard_replaced(struct sandbox *sandbox)
{
    const struct born *born = &sandbox->born;
    unsigned next = 0;
    for (const struct order *order;
         born->mount_ns >= 0 && (order = orders_replaced(&sandbox->orders, &next));) {
        const char *place = sandbox->orders.places[order->mount];
        if (guard_again(order, place, born->user_ns, born->mount_ns))
            continue;
        note(&sandbox->result, order->path, true);
        sandbox_kill(sandbox);
    }
}

/* Sums over the run: a limit of one process is passed by forking. */
static void watch(struct sandbox *sandbox)
{
    struct watch_use use = watch_sum(&sandbox->ledger, sandbox->born.pid);
    undo_orders(sandbox);
    guard_replaced(sandbox);
    take_time(sandbox, &use);
    enum sandbox_limit passed = over(sandbox, &use);
    take_peak(sandbox, &use);
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

/* Looking soon again may take a fifth of the time, no more. */
static uint64_t pause_ns(const struct sandbox *sandbox, uint64_t look_ns)
{
    const uint64_t usual = (uint64_t)WATCH_MS * MS_NS, soon = (uint64_t)SOON_MS * MS_NS;
    uint64_t shortest = look_ns * (SHARE - 1) > soon ? look_ns * (SHARE - 1) : soon;
    return sandbox->unwaited && shortest < usual ? shortest : usual;
}

/* A look costs as much as a short run, and whoever writes or asks much would have one for each
 * line; so it has its times, but for output that is too much already. */
static int next_look_ms(struct sandbox *sandbox)
{
    uint64_t now_ns = clock_mono_ns();
    if (sandbox->look_ns == 0)
        sandbox->look_ns = sandbox->started_ns + FIRST_LOOK_MS * MS_NS;
    if (now_ns >= sandbox->look_ns || sandbox->result.out_truncated ||
        sandbox->result.err_truncated) {
        uint64_t began_ns = now_ns;
        watch(sandbox);
        now_ns = clock_mono_ns();
        sandbox->look_ns = now_ns + pause_ns(sandbox, now_ns - began_ns);
    }
    return (int)((sandbox->look_ns - now_ns) / MS_NS) + 1;
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
    int look = next_look_ms(sandbox);
    return left < 0 || left > look ? look : left;
}

static void take_output(struct sandbox *sandbox, struct pollfd *polled)
{
    struct sandbox_result *result = &sandbox->result;
    if (!capture(sandbox->out, &result->out, &result->out_truncated))
        polled[ON_OUT].fd = -1;
    if (!capture(sandbox->err, &result->err, &result->err_truncated))
        polled[ON_ERR].fd = -1;
}

/* Nobody holds anything any more. */
static uint64_t disk_at_end(struct usage *usage)
{
    usage_begin(usage);
    usage_walk(usage, &(struct usage_hints){ 0 });
    return usage_bytes(usage);
}

/* What the looks in between could miss. */
static void look_back(struct sandbox *sandbox)
{
    struct sandbox_result *result = &sandbox->result;
    struct cgroup_events events = cgroup_events(&sandbox->cgroup);
    undo_orders(sandbox);
    take_time(sandbox, &(struct watch_use){ 0 });
    if (result->limit != LIMIT_NONE || !sandbox->watched)
        return;
    if (result->out_truncated || result->err_truncated)
        result->limit = LIMIT_OUTPUT;
    else if (events.memory)
        result->limit = LIMIT_MEMORY;
    else if (events.tasks)
        result->limit = LIMIT_PROCESSES;
    else if (disk_at_end(&sandbox->usage) >= sandbox->limits.disk)
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
