/* child - see child.h. */
#include "sandbox/child.h"

#include "base/fd.h"
#include "base/mem.h"
#include "lock/lock.h"
#include "sandbox/filter.h"
#include "sandbox/init/init.h"
#include "sandbox/net.h"
#include "sandbox/queues.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HIGH_FD = 200 };

/* Every descriptor goes high first, so that none is overwritten before it was moved. */
static int place_descriptors(struct child *child, struct err *err)
{
    int high[BIRTH_FDS_MAX];
    for (unsigned i = 0; i < child->fds_count; i++)
        if ((high[i] = fcntl(child->fds[i], F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
            return err_sys(err, "descriptor %u", i);
    for (unsigned i = 0; i < child->fds_count; i++)
        if (dup2(high[i], (int)i) < 0)
            return err_sys(err, "descriptor %u", i);
    if (close_range(child->fds_count, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        return err_sys(err, "close descriptors");
    return 0;
}

/* Inside a user namespace: its own root, which is nobody outside. Without one: nobody, if root. */
static int change_uid(const struct child *child, struct err *err)
{
    unsigned uid = child->birth->namespaces ? 0 : child->uid;
    unsigned gid = child->birth->namespaces ? 0 : child->gid;
    if (!child->birth->namespaces && !child->root)
        return 0;
    int rc = child->birth->namespaces ? 0 : lock_drop_bound(err);
    if (rc < 0)
        return rc;
    /* The kernel's calls: the library's would wait for the parent's other threads, which this
     * process does not have. */
    if (child->root && syscall(SYS_setgroups, 0, NULL) < 0)
        return err_sys(err, "groups");
    if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
        return err_sys(err, "own uid");
    return 0;
}

/* Never above what the parent itself may have. */
static int limit(int resource, uint64_t value, struct err *err)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && value > now.rlim_max)
        value = now.rlim_max;
    now = (struct rlimit){ value, value };
    return setrlimit((__rlimit_resource_t)resource, &now) < 0 ? err_sys(err, "rlimit %d", resource)
                                                              : 0;
}

/* A little above what the watch counts, so that it sees a limit passed and can name it. Not address
 * space: script engines and sanitizers reserve far more of it than they use. */
static int set_limits(const struct child *child, struct err *err)
{
    const struct birth *birth = child->birth;
    const struct sandbox_limits *limits = birth->limits;
    const struct {
        int resource;
        uint64_t value;
    } rows[] = {
        { RLIMIT_CORE, 1 }, /* core(5): stops a handler behind a pipe, too, which 0 does not */
        { RLIMIT_CPU, limits->cpu_ms / 1000 + 1 },
        { RLIMIT_FSIZE, limits->disk },
        { RLIMIT_NPROC, limits->processes + BIRTH_SLACK + child->tasks },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int rc = limit(rows[i].resource, rows[i].value, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Last, since by this limit the kernel says, too, how many descriptors of all programs of the user
 * may be on their way before one can be passed: unix(7). The run has as many as it may open. */
static int limit_files(const struct child *child, struct err *err)
{
    const struct birth *birth = child->birth;
    int rc = limit(RLIMIT_NOFILE, birth->limits->files + BIRTH_SLACK, err);
    return rc < 0 && !(birth->waived & LAYER_BIT(LAYER_RLIMITS)) ? rc : 0;
}

static int set_filter(int fd, struct err *err)
{
    static struct sock_filter filter[FILTER_ROWS_MAX];
    ssize_t size = pread(fd, filter, sizeof filter, 0);
    if (size <= 0 || (size_t)size % sizeof *filter)
        return err_sys(err, "read the filter");
    struct sock_fprog program = { (unsigned short)((size_t)size / sizeof *filter), filter };
    long listener =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener >= 0)
        return fd_send(INIT_SOCKET_FD, (int)listener, err);
    err_sys(err, "layer seccomp: a filter with notifications");
    err_hint(err, "use a kernel that has it (5.0 or newer), and no other such filter around moult");
    if (err)
        err->code = ERR_LACKS;
    return -ERR_LACKS;
}

static int landlock_mounts(const struct child *child, struct err *err)
{
    struct lock_rule rules[ROOT_MOUNTS_MAX + 3]; /* and the toolchain's, /proc, hosts */
    const struct root_plan *root = child->birth->root;
    bool inside = child->birth->namespaces;
    unsigned count = 0;
    for (unsigned i = 0; i < root->mounts_count; i++) {
        const struct sandbox_mount *mount = root->mounts[i];
        if (inside ? !(root->parts >> i & 1) : mount->from != NULL)
            rules[count++] = (struct lock_rule){ inside ? mount->to : mount->from, mount->write,
                mount->run, inside || !root->checked[i] ? NULL : &root->checked[i]->st };
    }
    /* Inside nothing else is there, and a compiler may list it to find others. */
    if (inside && root->parts)
        rules[count++] = (struct lock_rule){ ROOT_SYSTEM, false, true, NULL };
    if (inside && root->proc && access("/proc", F_OK) == 0)
        rules[count++] = (struct lock_rule){ "/proc", false, false, NULL };
    if (inside && root->hosts)
        rules[count++] = (struct lock_rule){ ROOT_HOSTS, false, false, NULL };
    const struct birth_net *net = child->birth->net;
    const struct lock_ports ports = { net && net->loopback, net ? net->proxy : 0 };
    return lock_landlock(rules, count, &ports, err);
}

static int no_new_privileges(const struct child *child, struct err *err)
{
    (void)child;
    return lock_no_new_privileges(err);
}

static int drop_capabilities(const struct child *child, struct err *err)
{
    (void)child;
    return lock_drop_capabilities(err);
}

/* The layers of a program that does not lock itself, in the order that they need; the filter comes
 * behind them, and says to the parent which of them there are. */
static const struct step {
    int (*run)(const struct child *, struct err *);
    enum sandbox_layer layer;
} steps[] = {
    { set_limits, LAYER_RLIMITS },
    { no_new_privileges, LAYER_NO_NEW_PRIVS },
    { drop_capabilities, LAYER_CAPS },
    { landlock_mounts, LAYER_LANDLOCK },
};

/* err holds why. */
static int lacks_layer(enum sandbox_layer layer, struct err *err)
{
    if (err) {
        err_while(err, "layer %s", sandbox_layer_words[layer]);
        err_hint(err, "use a kernel that has it (5.13 or newer), or waive it: $.sandbox.waive");
        err->code = ERR_LACKS;
    }
    return -ERR_LACKS;
}

/* The socket stays in the net namespace that it was made in, whoever has it. */
static int say_word(const struct child *child, uint32_t layers, struct err *err)
{
    const struct birth *birth = child->birth;
    CLEANUP(fd_closep) int asks = birth->namespaces && birth->sockets ? queues_open() : -1;
    const struct birth_word word = { layers, asks >= 0 };
    if (write(INIT_SOCKET_FD, &word, sizeof word) != sizeof word)
        return err_sys(err, "tell the layers");
    return asks < 0 ? 0 : fd_send(INIT_SOCKET_FD, asks, err);
}

static int confine(const struct child *child, uint32_t layers, int filter_fd, struct err *err)
{
    layers |= LAYER_BIT(LAYER_SECCOMP);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        uint32_t bit = LAYER_BIT(steps[i].layer);
        int rc = steps[i].run(child, err);
        if (rc == 0) {
            layers |= bit;
            continue;
        }
        if (rc == -ERR_DENIED)
            return rc;
        if (child->birth->waived & bit)
            continue;
        return lacks_layer(steps[i].layer, err);
    }
    if (!child->birth->namespaces && child->birth->signals && (layers & LAYER_BIT(LAYER_LANDLOCK)))
        child->argv[1] = INIT_SCOPED;
    int rc = say_word(child, layers, err);
    if (rc == 0 && (rc = set_filter(filter_fd, err)) == 0)
        rc = limit_files(child, err);
    return rc;
}

static int receive_sources(const struct child *child, struct root_sources *ret, struct err *err)
{
    int rc = read_all(child->go_fd, &ret->mapped, sizeof ret->mapped, err);
    for (unsigned i = 0; rc >= 0 && i < ROOT_MOUNTS_MAX; i++) {
        ret->fds[i] = -1;
        if (ret->mapped >> i & 1)
            rc = ret->fds[i] = fd_receive(child->go_fd, err);
    }
    return rc < 0 ? rc : 0;
}

/* The uid changes on the way: see root.h. */
static int change_root(const struct child *child, struct err *err)
{
    const struct root_plan *root = child->birth->root;
    bool build = root && child->birth->namespaces;
    struct root_sources sources;
    int rc = build ? receive_sources(child, &sources, err) : 0;
    if (rc == 0 && build)
        rc = root_open(root, &sources, err);
    if (rc < 0 || (rc = change_uid(child, err)) < 0)
        return rc;
    if (build)
        return (rc = root_enter(root, &sources, err)) < 0 ? rc
                                                          : fd_send(child->go_fd, sources.own, err);
    return root && chdir(root->cwd) < 0 ? err_sys(err, "go to %s", root->cwd) : 0;
}

/* While there are capabilities for it. */
static int enter_net(const struct child *child, struct err *err)
{
    int rc = 0, listener = -1;
    if (child->birth->net)
        rc = net_enter(child->birth->net, &listener, err);
    if (rc == 0 && listener >= 0)
        rc = fd_send(child->go_fd, listener, err);
    fd_closep(&listener);
    return rc;
}

/* What else the parent has open is no matter of the run's, and would fill the places below. */
static int close_others(
    int *const *kept, size_t kept_count, const int *fds, unsigned fds_count, struct err *err)
{
    for (unsigned from = STDERR_FILENO + 1, next; from != ~0u; from = next + 1) {
        next = ~0u - 1; /* the lowest that is kept, from there on */
        for (size_t i = 0; i < kept_count; i++)
            if ((unsigned)*kept[i] >= from && (unsigned)*kept[i] < next)
                next = (unsigned)*kept[i];
        for (unsigned i = 0; i < fds_count; i++)
            if ((unsigned)fds[i] >= from && (unsigned)fds[i] < next)
                next = (unsigned)fds[i];
        if (next > from && close_range(from, next - 1, 0) < 0)
            return err_sys(err, "close descriptors");
    }
    return 0;
}

static int move_high(int *fd, struct err *err)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, HIGH_FD);
    if (high < 0)
        return err_sys(err, "descriptors");
    *fd = high;
    return high < INIT_REPORT_FD ? 0 : err_set(err, ERR_LIMIT, "too many descriptors are open");
}

/* The places of init are high, where nothing that a run is given stands in their way. The soft
 * limit may be below them; a hard one cannot be. See limit_files for why it is raised in any case.
 */
static int room_for_init(const struct birth *birth, struct err *err)
{
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) < 0 || (now.rlim_cur > INIT_HOLD_FD && !birth->root))
        return 0;
    if (now.rlim_max <= INIT_HOLD_FD) {
        err_set(err, ERR_LACKS, "descriptors: the hard limit is %llu, and a run needs %d",
            (unsigned long long)now.rlim_max, INIT_HOLD_FD + 1);
        return err_hint(err, "raise it (ulimit -Hn 4096, or LimitNOFILE= of the unit)");
    }
    now.rlim_cur = now.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &now) < 0 ? err_sys(err, "limit of descriptors") : 0;
}

static int place_for_init(struct child *child, int hold_fd, struct err *err)
{
    if (hold_fd > 0 && dup2(hold_fd, INIT_HOLD_FD) < 0)
        return err_sys(err, "descriptor that is held");
    if (dup2(child->report_fd, INIT_REPORT_FD) < 0 || dup2(child->status_fd, INIT_STATUS_FD) < 0 ||
        dup3(child->program_fd, INIT_PROGRAM_FD, O_CLOEXEC) < 0 ||
        dup3(child->go_fd, INIT_SOCKET_FD, O_CLOEXEC) < 0)
        return err_sys(err, "descriptors of the first process");
    close(child->report_fd);
    child->report_fd = INIT_REPORT_FD;
    if (!child->birth->namespaces && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return err_sys(err, "subreaper");
    return 0;
}

/* What the parent ignores, blocks or masks is its own affair. */
static void reset_process(void)
{
    enum { LAST = 64, FILES_MASK = 022 };
    sigset_t none;
    for (int number = 1; number <= LAST; number++)
        signal(number, SIG_DFL); /* not every number may be set */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(FILES_MASK);
}

/* A change of uid has cleared the signal: a parent that died before it was set again left no trace
 * but the end of its socket. */
static int die_with_parent(const struct child *child, struct err *err)
{
    char byte;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return err_sys(err, "death signal");
    return recv(child->go_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0
               ? err_set(err, ERR_PEER, "the parent has gone")
               : 0;
}

int child_run(struct child *child, struct err *err)
{
    const struct birth *birth = child->birth;
    int filter_fd = birth->filter_fd, hold_fd = birth->hold_fd, rc;
    int *high[] = { &child->go_fd, &child->report_fd, &child->program_fd, &child->status_fd,
        &filter_fd, &hold_fd };
    const size_t high_count = COUNT_OF(high) - (hold_fd > 0 ? 0 : 1);
    char byte;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return err_sys(err, "death signal");
    if (read(child->go_fd, &byte, 1) != 1)
        return err_set(err, ERR_PEER, "the parent has gone");
    uint32_t layers = birth->cgroup && cgroup_join(birth->cgroup) ? LAYER_BIT(LAYER_CGROUP) : 0;
    if ((rc = room_for_init(birth, err)) < 0 ||
        (rc = close_others(high, high_count, child->fds, child->fds_count, err)) < 0)
        return rc;
    for (size_t i = 0; i < high_count; i++)
        if ((rc = move_high(high[i], err)) < 0)
            return rc;
    if ((rc = place_descriptors(child, err)) < 0 || (rc = change_root(child, err)) < 0 ||
        (rc = enter_net(child, err)) < 0)
        return rc;
    reset_process();
    setsid();
    if ((rc = die_with_parent(child, err)) < 0)
        return rc;
    if (birth->root && ((rc = place_for_init(child, hold_fd, err)) < 0 ||
                           (rc = confine(child, layers, filter_fd, err)) < 0))
        return rc;
    syscall(SYS_execveat, birth->root ? INIT_PROGRAM_FD : child->program_fd, "", child->argv,
        birth->env, AT_EMPTY_PATH);
    return err_sys(err, "start %s", birth->program);
}
