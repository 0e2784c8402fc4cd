/* birth - see birth.h. Between clone and exec the child makes system calls only: the parent may
 * have threads, and what it held in memory is gone with the exec. */
#include "sandbox/birth.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "lock/lock.h"
#include "sandbox/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = OWNER_NOBODY, HIGH_FD = 200 };

static const uint32_t namespace_layers = LAYER_BIT(LAYER_USER_NS) | LAYER_BIT(LAYER_MOUNT_NS) |
                                         LAYER_BIT(LAYER_PID_NS) | LAYER_BIT(LAYER_NET_NS) |
                                         LAYER_BIT(LAYER_IPC_NS) | LAYER_BIT(LAYER_UTS_NS) |
                                         LAYER_BIT(LAYER_OWN_UID);

struct child {
    const struct birth *birth;
    int program_fd, go_fd, report_fd;
    bool root;         /* the parent is uid 0 */
    uint32_t uid, gid; /* outside */
    int fds[BIRTH_FDS_MAX];
    unsigned fds_count;
};

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
    if (child->root && setgroups(0, NULL) < 0)
        return err_sys(err, "groups");
    if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return err_sys(err, "own uid");
    return 0;
}

static int limit(int resource, uint64_t value, struct err *err)
{
    struct rlimit wanted = { value, value };
    return setrlimit((__rlimit_resource_t)resource, &wanted) < 0
               ? err_sys(err, "rlimit %d", resource)
               : 0;
}

static int set_limits(const struct sandbox_limits *limits, uint64_t space, struct err *err)
{
    const struct {
        int resource;
        uint64_t value;
    } rows[] = {
        { RLIMIT_CORE, 0 },
        { RLIMIT_CPU, limits->cpu_ms / 1000 + 1 },
        { RLIMIT_AS, space },
        { RLIMIT_FSIZE, limits->disk },
        { RLIMIT_NOFILE, limits->files },
        { RLIMIT_NPROC, limits->processes },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int rc = limit(rows[i].resource, rows[i].value, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int set_filter(int fd, struct err *err)
{
    static struct sock_filter filter[4096];
    ssize_t size = pread(fd, filter, sizeof filter, 0);
    if (size <= 0 || (size_t)size % sizeof *filter)
        return err_sys(err, "read the filter");
    struct sock_fprog program = { (unsigned short)((size_t)size / sizeof *filter), filter };
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return err_sys(err, "layer seccomp");
    return 0;
}

static int landlock_mounts(const struct child *child, struct err *err)
{
    struct lock_rule rules[ROOT_MOUNTS_MAX + 1];
    const struct root_plan *root = child->birth->root;
    bool inside = child->birth->namespaces;
    unsigned count = 0;
    for (unsigned i = 0; i < root->mounts_count; i++) {
        const struct sandbox_mount *mount = root->mounts[i];
        if (inside || mount->from)
            rules[count++] = (struct lock_rule){ inside ? mount->to : mount->from, mount->write };
    }
    if (inside && root->proc && access("/proc", F_OK) == 0)
        rules[count++] = (struct lock_rule){ "/proc", false };
    return lock_landlock(rules, count, err);
}

/* The layers of a program that does not lock itself, in the order that they need. */
static int confine(const struct child *child, int filter_fd, struct err *err)
{
    int rc;
    if ((rc = set_limits(child->birth->limits, child->birth->space, err)) < 0 ||
        (rc = lock_no_new_privileges(err)) < 0 || (rc = lock_drop_capabilities(err)) < 0 ||
        (rc = landlock_mounts(child, err)) < 0)
        return rc;
    return set_filter(filter_fd, err);
}

static int receive_sources(struct child *child, struct root_sources *ret, struct err *err)
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
static int change_root(struct child *child, struct err *err)
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
        return root_enter(root, &sources, err);
    return root && chdir(root->cwd) < 0 ? err_sys(err, "go to %s", root->cwd) : 0;
}

static int run_child(struct child *child, struct err *err)
{
    int filter_fd = child->birth->filter_fd;
    char byte;
    int rc;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return err_sys(err, "death signal");
    if (read(child->go_fd, &byte, 1) != 1)
        return err_set(err, ERR_PEER, "the parent has gone");
    child->go_fd = fcntl(child->go_fd, F_DUPFD_CLOEXEC, HIGH_FD);
    child->report_fd = fcntl(child->report_fd, F_DUPFD_CLOEXEC, HIGH_FD);
    child->program_fd = fcntl(child->program_fd, F_DUPFD_CLOEXEC, HIGH_FD);
    if (child->go_fd < 0 || child->report_fd < 0 || child->program_fd < 0)
        return err_sys(err, "descriptors");
    const struct root_plan *root = child->birth->root;
    if (root && (filter_fd = fcntl(filter_fd, F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
        return err_sys(err, "descriptors");
    if ((rc = place_descriptors(child, err)) < 0)
        return rc;
    if ((rc = change_root(child, err)) < 0)
        return rc;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of uid clears it */
    if (root) {
        if ((rc = confine(child, filter_fd, err)) < 0)
            return rc;
        execve(child->birth->program, (char *const *)child->birth->argv,
            (char *const *)child->birth->env);
        return err_sys(err, "start %s", child->birth->program);
    }
    syscall(
        SYS_execveat, child->program_fd, "", child->birth->argv, child->birth->env, AT_EMPTY_PATH);
    return err_sys(err, "start %s", child->birth->program);
}

static int write_map(pid_t pid, const char *name, const char *text, struct err *err)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return err_sys(err, "write %s", path);
    return 0;
}

static int write_maps(pid_t pid, const struct child *child, struct err *err)
{
    char uid[32], gid[32];
    snprintf(uid, sizeof uid, "0 %u 1", child->uid);
    snprintf(gid, sizeof gid, "0 %u 1", child->gid);
    int rc = child->root ? 0 : write_map(pid, "setgroups", "deny", err);
    if (rc < 0 || (rc = write_map(pid, "uid_map", uid, err)) < 0)
        return rc;
    return write_map(pid, "gid_map", gid, err);
}

/* Root's folder, written by a run of another uid, on a file system that cannot map owners. */
static int refuse_owner(const char *from, struct err *err)
{
    err_set(err, ERR_LACKS, "%s belongs to root, and its file system cannot map owners", from);
    return err_hint(err, "give the folder to a user that is not root");
}

static int send_sources(const struct child *child, pid_t pid, int go_fd, struct err *err)
{
    const struct root_plan *root = child->birth->root;
    struct root_sources sources = { .mapped = 0 };
    char path[64];
    struct stat st;
    int rc = 0;
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
    CLEANUP(fd_closep) int ns_fd = open(path, O_RDONLY | O_CLOEXEC);
    for (unsigned i = 0; child->root && i < root->mounts_count; i++) {
        const struct sandbox_mount *mount = root->mounts[i];
        if (!(root->given >> i & 1) || !mount->from || stat(mount->from, &st) < 0 ||
            st.st_uid != 0 || (st.st_mode & (mount->write ? S_IWOTH : S_IROTH)))
            continue;
        sources.fds[i] = owner_map(mount->from, mount->write, ns_fd);
        if (sources.fds[i] >= 0)
            sources.mapped |= 1ull << i;
        else if (mount->write)
            rc = refuse_owner(mount->from, err);
    }
    if (rc == 0)
        rc = write_all(go_fd, &sources.mapped, sizeof sources.mapped, err);
    for (unsigned i = 0; i < root->mounts_count; i++) {
        if (rc == 0 && (sources.mapped >> i & 1))
            rc = fd_send(go_fd, sources.fds[i], err);
        if (sources.mapped >> i & 1)
            close(sources.fds[i]);
    }
    return rc;
}

static long clone_child(bool namespaces, int *ret_pidfd)
{
    unsigned long flags = SIGCHLD | CLONE_PIDFD;
    if (namespaces)
        flags |=
            CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    return syscall(SYS_clone, flags, NULL, ret_pidfd, NULL, NULL);
}

/* The child's own error, if it could not exec; nothing when the pipe was closed by the exec. */
static int read_report(int fd, struct err *err)
{
    struct err report;
    ssize_t n;
    do
        n = read(fd, &report, sizeof report);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    if (n != sizeof report)
        return err_set(err, ERR_PEER, "the child died before it could start the program");
    if (err)
        *err = report;
    return -report.code;
}

/* A parent that is root gives the run the uid of the folder that it writes; never root's own. */
static void choose_uid(struct child *child)
{
    const struct root_plan *root = child->birth->root;
    struct stat st;
    child->root = geteuid() == 0;
    child->uid = child->root ? NOBODY : geteuid();
    child->gid = child->root ? NOBODY : getegid();
    for (unsigned i = 0; child->root && root && i < root->mounts_count; i++) {
        bool written = root->mounts[i]->write && (root->given >> i & 1);
        if (!written || stat(root->mounts[i]->from, &st) < 0 || st.st_uid == 0 || st.st_gid == 0)
            continue;
        child->uid = st.st_uid;
        child->gid = st.st_gid;
        return;
    }
}

static int fill(struct child *child, const struct birth *birth, struct err *err)
{
    child->birth = birth;
    choose_uid(child);
    if (birth->fds_count + 3 > BIRTH_FDS_MAX)
        return err_set(err, ERR_LIMIT, "too many descriptors for a child");
    memcpy(child->fds, birth->stdio, sizeof birth->stdio);
    memcpy(child->fds + 3, birth->fds, birth->fds_count * sizeof *birth->fds);
    child->fds_count = birth->fds_count + 3;
    child->program_fd = birth->root ? open("/dev/null", O_PATH | O_CLOEXEC)
                                    : open(birth->program, O_PATH | O_CLOEXEC);
    if (child->program_fd < 0) {
        err_sys(err, "find %s", birth->program);
        if (err)
            err->code = ERR_LACKS;
        return -ERR_LACKS;
    }
    return 0;
}

static int raise_child(
    struct born *ret, struct child *child, int go[2], int report[2], struct err *err)
{
    struct born born = { .pidfd = -1 };
    born.pid = (pid_t)clone_child(child->birth->namespaces, &born.pidfd);
    if (born.pid < 0) {
        err_sys(err, "new namespaces");
        if (err && child->birth->namespaces)
            err->code = ERR_LACKS;
        return -ERR_LACKS;
    }
    if (born.pid == 0) {
        struct err mine = { 0 };
        close(go[1]);
        run_child(child, &mine);
        if (write(child->report_fd, &mine, sizeof mine) < 0)
            _exit(126);
        _exit(127);
    }
    fd_closep(&report[1]);
    int rc = child->birth->namespaces ? write_maps(born.pid, child, err) : 0;
    if (rc == 0)
        rc = write_all(go[1], "g", 1, err);
    if (rc == 0 && child->birth->namespaces && child->birth->root)
        rc = send_sources(child, born.pid, go[1], err);
    if (rc == 0)
        rc = read_report(report[0], err);
    if (rc < 0) {
        kill(born.pid, SIGKILL);
        waitpid(born.pid, NULL, 0);
        fd_closep(&born.pidfd);
        return rc;
    }
    born.layers = child->birth->namespaces ? namespace_layers
                  : child->root            ? LAYER_BIT(LAYER_OWN_UID)
                                           : 0;
    *ret = born;
    return 0;
}

int birth_start(struct born *ret, const struct birth *birth, struct err *err)
{
    int go[2] = { -1, -1 }, report[2] = { -1, -1 };
    struct child child = { .program_fd = -1 };
    int rc = fill(&child, birth, err);
    if (rc == 0 && (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) < 0 ||
                       pipe2(report, O_CLOEXEC) < 0))
        rc = err_sys(err, "pipe");
    child.go_fd = go[0];
    child.report_fd = report[1];
    if (rc == 0)
        rc = raise_child(ret, &child, go, report, err);
    int *all[] = { &go[0], &go[1], &report[0], &report[1], &child.program_fd };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        fd_closep(all[i]);
    return rc;
}
