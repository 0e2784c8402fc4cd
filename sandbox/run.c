/* run - from a caller's wish to a running child, and from its end to a result. What happens in
 * between is in drive.c. */
#include "sandbox/sandbox.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/calls.h"
#include "sandbox/drive.h"
#include "sandbox/filter_kept.h"
#include "sandbox/grant.h"
#include "sandbox/profile.h"
#include "sandbox/toolchain.h"
#include "sandbox/waive.h"
#include "sandbox/proxy/proxy.h"
#include "sandbox/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENV_MAX = 64, ENV_OWN = 20, PAGES_SLACK = 64 << 20 };

static int open_capture(int ret[2], struct err *err)
{
    if (pipe2(ret, O_CLOEXEC) < 0)
        return err_sys(err, "pipe");
    return fd_nonblock(ret[0], true, err);
}

struct starting {
    int input, filter, out[2], err[2];
    const struct profile *profile;
    struct grant grant;
    struct root_plan root;
    struct sandbox_mount program;
    const struct toolchain *toolchain; /* NULL: the profile has none */
    struct sandbox_limits limits;
    int fds[BIRTH_FDS_MAX];
    unsigned fds_count;
    char lock[3][64];
    char own[2][PATH_MAX + 16]; /* TMPDIR and HOME, where there is no /tmp of its own */
    const char *env[ENV_MAX];
    struct birth_net net;
};

static bool has_variable(const char *const *env, unsigned count, const char *variable)
{
    size_t name = (size_t)(strchr(variable, '=') - variable) + 1;
    for (unsigned i = 0; i < count; i++)
        if (strncmp(env[i], variable, name) == 0)
            return true;
    return false;
}

/* How programs find the proxy; what the caller says of that goes before. Returns how many there
 * are. */
static unsigned add_proxy_env(struct starting *starting, unsigned count)
{
    const char *const *env = starting->net.proxy == MODEL_PORT ? proxy_env_model
                             : starting->net.loopback          ? proxy_env_loopback
                                                               : proxy_env;
    const unsigned own = count;
    for (; starting->net.proxy && *env; env++)
        if (!has_variable(starting->env, own, *env))
            starting->env[count++] = *env;
    return count;
}

/* The environment starts from nothing: what the caller names, what a granted network needs, and
 * what the lock needs. */
static int fill_env(struct starting *starting, const struct sandbox_run *run, uint32_t layers,
    uint32_t required, struct err *err)
{
    unsigned count = 0;
    const char *const *env = run->env ? run->env : starting->profile->env;
    for (; env && env[count] && count < ENV_MAX - ENV_OWN; count++)
        starting->env[count] = env[count];
    if (env && env[count])
        return err_set(err, ERR_LIMIT, "too many variables for a run");
    count = add_proxy_env(starting, count);
    starting->env[count] = NULL;
    if (starting->profile->own_root)
        return 0;
    snprintf(starting->lock[0], sizeof starting->lock[0], "MOULT_LOCK_FD=%u", run->fds_count + 3);
    snprintf(starting->lock[1], sizeof starting->lock[1], "MOULT_LOCK_LAYERS=%x", layers);
    snprintf(starting->lock[2], sizeof starting->lock[2], "MOULT_LOCK_REQUIRED=%x", required);
    for (int i = 0; i < 3; i++)
        starting->env[count++] = starting->lock[i];
    starting->env[count] = NULL;
    return 0;
}

/* Without a root of its own a run has the folder that it works in, and no other. */
static int keep_to_folder(struct starting *starting, const char *cwd, struct err *err)
{
    static const char *const names[] = { "TMPDIR=", "HOME=" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if ((size_t)snprintf(starting->own[i], sizeof starting->own[i], "%s%s", names[i], cwd) >=
            sizeof starting->own[i])
            return err_set(err, ERR_LIMIT, "the folder's path is too long");
        for (unsigned j = 0; starting->env[j]; j++)
            if (strncmp(starting->env[j], names[i], strlen(names[i])) == 0)
                starting->env[j] = starting->own[i];
    }
    return 0;
}

/* The profile's numbers where the run names none. */
static void fill_limits(struct starting *starting, const struct sandbox_limits *run)
{
    const struct sandbox_limits *own = &starting->profile->limits;
    starting->limits = (struct sandbox_limits){
        .wall_ms = run->wall_ms ? run->wall_ms : own->wall_ms,
        .cpu_ms = run->cpu_ms ? run->cpu_ms : own->cpu_ms,
        .processes = run->processes ? run->processes : own->processes,
        .files = run->files ? run->files : own->files,
        .memory = run->memory ? run->memory : own->memory,
        .disk = run->disk ? run->disk : own->disk,
        .output = run->output ? run->output : own->output,
    };
}

/* The loopback of its net namespace is up. */
static bool has_net(const struct sandbox_run *run)
{
    return run->network || run->model;
}

static int fill_toolchain(struct starting *starting, const struct sandbox_run *run, struct err *err)
{
    struct root_plan *root = &starting->root;
    int rc = toolchain_take(&starting->toolchain, run, err);
    if (rc < 0)
        return rc;
    const struct toolchain *toolchain = starting->toolchain;
    for (unsigned i = 0; i < toolchain->parts_count; i++) {
        root->parts |= 1ull << root->mounts_count;
        root->mounts[root->mounts_count++] = &toolchain->parts[i];
    }
    root->links = toolchain->links;
    root->links_count = toolchain->links_count;
    return 0;
}

static int fill_root(struct starting *starting, const struct sandbox_run *run, struct err *err)
{
    const struct profile *profile = starting->profile;
    struct root_plan *root = &starting->root;
    unsigned parts = profile->toolchain ? TOOLCHAIN_PARTS_MAX : 0;
    if (profile->mounts_count + parts + run->mounts_count + 1 > ROOT_MOUNTS_MAX)
        return err_set(err, ERR_LIMIT, "too many mounts");
    for (unsigned i = 0; i < profile->mounts_count; i++)
        if (!profile->mounts[i].from || access(profile->mounts[i].from, F_OK) == 0)
            root->mounts[root->mounts_count++] = &profile->mounts[i];
    int rc = profile->toolchain ? fill_toolchain(starting, run, err) : 0;
    if (rc < 0)
        return rc;
    if (profile->program_place) {
        starting->program =
            (struct sandbox_mount){ run->argv[0], profile->program_place, false, true };
        root->mounts[root->mounts_count++] = &starting->program;
    }
    root->given_first = root->mounts_count;
    for (unsigned i = 0; i < run->mounts_count; i++) {
        root->given |= 1ull << root->mounts_count;
        root->checked[root->mounts_count] = run->mounts[i].from ? &starting->grant.mounts[i] : NULL;
        root->mounts[root->mounts_count++] = &run->mounts[i];
    }
    root->proc = grant_proc(run);
    root->hosts = has_net(run);
    root->disk = starting->limits.disk * 2; /* so that the watch can see the limit passed */
    root->cwd = run->cwd ? run->cwd : profile->cwd;
    return 0;
}

static int open_input(const struct sandbox_run *run, struct err *err)
{
    if (run->input.size > 0) {
        int fd = fd_seal("input", run->input, err);
        return fd >= 0 && lseek(fd, 0, SEEK_SET) < 0 ? err_sys(err, "input") : fd;
    }
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? err_sys(err, "/dev/null") : fd;
}

/* Without a grant the calls that make a socket are not even allowed. */
static int make_filter(
    const struct starting *starting, const struct sandbox_run *run, struct err *err)
{
    const struct profile *profile = starting->profile;
    const struct filter_set *sets[PROFILE_SETS_MAX + 3] = { NULL };
    unsigned count = 0;
    for (; profile->calls[count]; count++)
        sets[count] = profile->calls[count];
    if (has_net(run))
        sets[count++] = &calls_connect;
    if (starting->net.loopback)
        sets[count++] = &calls_listen;
    return filter_kept(sets, profile->own_root ? FILTER_NOTIFY : FILTER_KILL, err);
}

static int prepare(struct starting *starting, const struct sandbox_run *run, struct err *err)
{
    const struct profile *profile = starting->profile;
    int rc;
    if (run->fds_count + 4 > BIRTH_FDS_MAX)
        return err_set(err, ERR_LIMIT, "too many descriptors for a run");
    fill_limits(starting, &run->limits);
    if ((rc = grant_check(&starting->grant, run, err)) < 0)
        return rc;
    if (profile->own_root && (rc = fill_root(starting, run, err)) < 0)
        return rc;
    if ((starting->input = open_input(run, err)) < 0)
        return starting->input;
    if (run->network)
        starting->net =
            (struct birth_net){ run->network->count > 0 ? PROXY_PORT : 0, run->network->loopback };
    if (run->model)
        starting->net.proxy = MODEL_PORT;
    if ((starting->filter = make_filter(starting, run, err)) < 0)
        return starting->filter;
    if (run->fds_count > 0)
        memcpy(starting->fds, run->fds, run->fds_count * sizeof *run->fds);
    starting->fds_count = run->fds_count;
    if (!profile->own_root)
        starting->fds[starting->fds_count++] = starting->filter;
    if ((rc = open_capture(starting->out, err)) < 0)
        return rc;
    return open_capture(starting->err, err);
}

static uint32_t layers_of(bool namespaces)
{
    const uint32_t namespace_bits = LAYER_BIT(LAYER_USER_NS) | LAYER_BIT(LAYER_MOUNT_NS) |
                                    LAYER_BIT(LAYER_PID_NS) | LAYER_BIT(LAYER_NET_NS) |
                                    LAYER_BIT(LAYER_IPC_NS) | LAYER_BIT(LAYER_UTS_NS);
    uint32_t own = namespaces || geteuid() == 0 ? LAYER_BIT(LAYER_OWN_UID) : 0;
    return own | (namespaces ? namespace_bits : 0);
}

static int try_tier(struct sandbox *sandbox, struct starting *starting,
    const struct sandbox_run *run, enum sandbox_tier tier, struct err *err)
{
    bool strong = tier == SANDBOX_STRONG;
    const struct profile *profile = starting->profile;
    if (!strong && profile->own_root && !run->cwd)
        return err_set(err, ERR_USAGE, "without namespaces a run needs a folder to work in");
    if (!strong && has_net(run)) {
        err_set(err, ERR_LACKS, "layer net_ns: a %s is granted to namespaces of its own only",
            run->model ? "model" : "network");
        return err_hint(err, "allow user namespaces, or take the grant away");
    }
    uint32_t waived = run->waived | sandbox_waived();
    uint32_t required = (strong ? profile->required : profile->container_required) & ~waived;
    int rc = fill_env(starting, run, layers_of(strong), required, err);
    if (rc == 0 && !strong && profile->own_root && !run->env)
        rc = keep_to_folder(starting, run->cwd, err);
    if (rc < 0)
        return rc;
    const struct birth birth = {
        .program = strong && profile->program_place ? profile->program_place : run->argv[0],
        .argv = run->argv,
        .env = starting->env,
        .stdio = { starting->input, starting->out[1], starting->err[1] },
        .fds = starting->fds,
        .fds_count = starting->fds_count,
        .namespaces = strong,
        .signals = profile->calls[0] != &calls_compile,
        .sockets = profile->calls[0] != &calls_compile,
        .root = profile->own_root ? &starting->root : NULL,
        .limits = &starting->limits,
        .filter_fd = starting->filter,
        .hold_fd = profile->own_root ? run->hold_fd : 0,
        .cgroup = &sandbox->cgroup,
        .waived = waived,
        .net = has_net(run) ? &starting->net : NULL,
    };
    sandbox->result.tier = tier;
    return birth_start(&sandbox->born, &birth, err);
}

static int start_best(struct sandbox *sandbox, struct starting *starting,
    const struct sandbox_run *run, struct err *err)
{
    int rc = try_tier(sandbox, starting, run, SANDBOX_STRONG, err);
    bool of_host = !starting->profile->own_root || starting->profile->program_place;
    if (rc != -ERR_LACKS || (of_host && access(run->argv[0], X_OK) < 0))
        return rc;
    return run->tier == SANDBOX_CONTAINER ? try_tier(sandbox, starting, run, SANDBOX_CONTAINER, err)
                                          : rc;
}

static void finish_start(struct sandbox *sandbox, const struct starting *starting)
{
    sandbox->limits = starting->limits;
    sandbox->watched = starting->profile->own_root;
    sandbox->result.layers = sandbox->born.layers;
    sandbox->result.out.max = sandbox->result.err.max = starting->limits.output;
}

static void sandbox_free(struct sandbox *sandbox)
{
    proxy_stop(sandbox->proxy, &sandbox->result);
    cgroup_done(&sandbox->cgroup);
    ledger_done(&sandbox->ledger);
    held_done(&sandbox->held);
    usage_done(&sandbox->usage);
    orders_done(&sandbox->orders);
    born_done(&sandbox->born);
    fd_closep(&sandbox->out);
    fd_closep(&sandbox->err);
    free(sandbox);
}

/* Room for the program, its tmpfs, and some for the pages that the kernel keeps for them. */
static void make_cgroup(struct sandbox *sandbox, const struct starting *starting)
{
    const struct sandbox_limits *limits = &starting->limits;
    if (starting->profile->own_root)
        cgroup_make(&sandbox->cgroup, limits->memory + starting->root.disk + PAGES_SLACK,
            limits->processes + BIRTH_SLACK);
}

static int start_proxy(struct sandbox *sandbox, const struct sandbox_run *run, struct err *err)
{
    const struct proxy_plan plan = {
        .listener = fd_steal(&sandbox->born.proxy), .reach = run->network, .model = run->model
    };
    return plan.listener < 0 ? 0 : proxy_start(&sandbox->proxy, &plan, err);
}

static int start(struct sandbox *sandbox, struct starting *starting, const struct sandbox_run *run,
    struct err *err)
{
    int rc = prepare(starting, run, err);
    if (rc < 0)
        return rc;
    if (starting->profile->own_root) {
        usage_init(&sandbox->usage, run);
        held_init(&sandbox->held, run);
        starting->root.orders = &sandbox->orders;
        if ((rc = orders_find(&sandbox->orders, run, &starting->grant, err)) < 0)
            return rc;
    }
    make_cgroup(sandbox, starting);
    if ((rc = start_best(sandbox, starting, run, err)) < 0)
        return rc;
    finish_start(sandbox, starting);
    sandbox->usage.own = sandbox->born.own;
    sandbox->held.asks = sandbox->born.asks;
    sandbox->out = fd_steal(&starting->out[0]);
    sandbox->err = fd_steal(&starting->err[0]);
    sandbox->started_ns = clock_mono_ns();
    if ((rc = start_proxy(sandbox, run, err)) < 0 ||
        (sandbox->watched && (rc = drive_start(sandbox, err)) < 0)) {
        sandbox_kill(sandbox);
        waitpid(sandbox->born.pid, NULL, 0);
    }
    return rc;
}

int sandbox_start(struct sandbox **ret, const struct sandbox_run *run, struct err *err)
{
    struct starting starting = { .input = -1, .filter = -1, .out = { -1, -1 }, .err = { -1, -1 } };
    struct sandbox *sandbox = mem_zero(1, sizeof *sandbox);
    starting.profile = &profiles[run->profile];
    sandbox->born = (struct born)BORN_NONE;
    sandbox->out = sandbox->err = -1;
    int rc = start(sandbox, &starting, run, err);
    int *gone[] = { &starting.input, &starting.filter, &starting.out[0], &starting.out[1],
        &starting.err[0], &starting.err[1] };
    for (size_t i = 0; i < COUNT_OF(gone); i++)
        fd_closep(gone[i]);
    grant_done(&starting.grant);
    toolchain_drop(starting.toolchain);
    if (rc < 0)
        sandbox_free(sandbox);
    else
        *ret = sandbox;
    return rc;
}

int sandbox_pidfd(const struct sandbox *sandbox)
{
    return sandbox->born.pidfd;
}

pid_t sandbox_pid(const struct sandbox *sandbox)
{
    return sandbox->born.pid;
}

/* With a pid namespace the kernel ends the rest with the first process; without one the first must
 * stay until the rest is found. */
void sandbox_kill(struct sandbox *sandbox)
{
    sandbox->killed = true;
    if (sandbox->watched && sandbox->result.tier == SANDBOX_CONTAINER)
        watch_kill(sandbox->born.pid);
    else
        syscall(SYS_pidfd_send_signal, sandbox->born.pidfd, SIGKILL, NULL, 0);
}

unsigned sandbox_contacts(
    const struct sandbox *sandbox, struct sandbox_contact ret[SANDBOX_CONTACTS_MAX])
{
    return sandbox->proxy ? proxy_contacts(sandbox->proxy, ret) : 0;
}

static uint64_t microseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

/* SIGXCPU of a part of the run its first program may tell as an exit status, as a shell does. Any
 * program may end so of its own will: the time must agree. */
static bool ended_by_cpu(const struct sandbox *sandbox)
{
    const struct sandbox_result *result = &sandbox->result;
    return (result->signal == SIGXCPU || result->exit_code == 128 + SIGXCPU) &&
           result->cpu_us >= (uint64_t)sandbox->limits.cpu_ms * 1000;
}

static void fill_result(struct sandbox *sandbox, int status, const struct rusage *usage)
{
    struct sandbox_result *result = &sandbox->result;
    if (sandbox->has_status)
        status = sandbox->status;
    result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result->cpu_us = microseconds(usage->ru_utime) + microseconds(usage->ru_stime);
    if (result->cpu_us < sandbox->cpu_us)
        result->cpu_us = sandbox->cpu_us;
    result->wall_us = (clock_mono_ns() - sandbox->started_ns) / 1000;
    if (result->memory_peak < (uint64_t)usage->ru_maxrss << 10)
        result->memory_peak = (uint64_t)usage->ru_maxrss << 10;
    if (result->limit == LIMIT_NONE && sandbox->watched && result->signal == SIGXFSZ)
        result->limit = LIMIT_DISK;
    if (result->limit == LIMIT_NONE && ended_by_cpu(sandbox))
        result->limit = LIMIT_CPU;
}

int sandbox_wait(struct sandbox *sandbox, struct sandbox_result *ret, struct err *err)
{
    struct rusage usage = { 0 };
    int status = 0, rc = 0;
    if (sandbox->threaded)
        drive_join(sandbox);
    else
        drive(sandbox);
    pid_t pid;
    do
        pid = wait4(sandbox->born.pid, &status, 0, &usage);
    while (pid < 0 && errno == EINTR);
    if (pid < 0)
        rc = err_sys(err, "wait for the run");
    proxy_stop(sandbox->proxy, &sandbox->result);
    sandbox->proxy = NULL;
    fill_result(sandbox, status, &usage);
    if (rc == 0)
        *ret = sandbox->result;
    else
        sandbox_result_done(&sandbox->result);
    sandbox_free(sandbox);
    return rc;
}

void sandbox_result_done(struct sandbox_result *result)
{
    buf_done(&result->out);
    buf_done(&result->err);
}

int sandbox_run(const struct sandbox_run *run, struct sandbox_result *ret, struct err *err)
{
    struct sandbox *sandbox;
    int rc = sandbox_start(&sandbox, run, err);
    return rc < 0 ? rc : sandbox_wait(sandbox, ret, err);
}
