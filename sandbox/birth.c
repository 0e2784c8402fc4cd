/* birth - see birth.h. Between clone and exec the child makes system calls only: the parent may
 * have threads, and what it held in memory is gone with the exec. */
#include "sandbox/birth.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "lock/lock.h"

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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, HIGH_FD = 200 };

static const uint32_t namespace_layers = LAYER_BIT(LAYER_USER_NS) | LAYER_BIT(LAYER_MOUNT_NS) |
                                         LAYER_BIT(LAYER_PID_NS) | LAYER_BIT(LAYER_NET_NS) |
                                         LAYER_BIT(LAYER_IPC_NS) | LAYER_BIT(LAYER_UTS_NS) |
                                         LAYER_BIT(LAYER_OWN_UID);

struct child {
    const struct birth *birth;
    int program_fd, go_fd, report_fd;
    bool root; /* the parent is uid 0 */
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
    unsigned id = child->birth->namespaces ? 0 : NOBODY;
    if (!child->birth->namespaces && !child->root)
        return 0;
    int rc = child->birth->namespaces ? 0 : lock_drop_bound(err);
    if (rc < 0)
        return rc;
    if (child->root && setgroups(0, NULL) < 0)
        return err_sys(err, "groups");
    if (setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
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
    struct lock_rule rules[ROOT_MOUNTS_MAX];
    const struct root_plan *root = child->birth->root;
    bool inside = child->birth->namespaces;
    unsigned count = 0;
    for (unsigned i = 0; i < root->mounts_count; i++) {
        const struct sandbox_mount *mount = root->mounts[i];
        if (inside || mount->from)
            rules[count++] = (struct lock_rule){ inside ? mount->to : mount->from, mount->write };
    }
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

/* The uid changes on the way: see root.h. */
static int change_root(const struct child *child, struct err *err)
{
    const struct root_plan *root = child->birth->root;
    bool build = root && child->birth->namespaces;
    int fds[ROOT_MOUNTS_MAX];
    int rc = build ? root_open(root, fds, err) : 0;
    if (rc < 0 || (rc = change_uid(child, err)) < 0)
        return rc;
    if (build)
        return root_enter(root, fds, err);
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
    child->report_fd = fcntl(child->report_fd, F_DUPFD_CLOEXEC, HIGH_FD);
    child->program_fd = fcntl(child->program_fd, F_DUPFD_CLOEXEC, HIGH_FD);
    if (child->report_fd < 0 || child->program_fd < 0)
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

static int write_maps(pid_t pid, bool root, struct err *err)
{
    char uid[32], gid[32];
    snprintf(uid, sizeof uid, "0 %u 1", root ? NOBODY : (unsigned)geteuid());
    snprintf(gid, sizeof gid, "0 %u 1", root ? NOBODY : (unsigned)getegid());
    int rc = root ? 0 : write_map(pid, "setgroups", "deny", err);
    if (rc < 0 || (rc = write_map(pid, "uid_map", uid, err)) < 0)
        return rc;
    return write_map(pid, "gid_map", gid, err);
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

static int fill(struct child *child, const struct birth *birth, struct err *err)
{
    child->birth = birth;
    child->root = geteuid() == 0;
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
    int rc = child->birth->namespaces ? write_maps(born.pid, child->root, err) : 0;
    if (rc == 0)
        rc = write_all(go[1], "g", 1, err);
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
    if (rc == 0 && (pipe2(go, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0))
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
