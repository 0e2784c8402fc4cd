/* birth - see birth.h. What the child does until its exec is in child.c. */
#include "sandbox/birth.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/child.h"
#include "sandbox/init/init.h"
#include "sandbox/said.h"
#include "sandbox/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BIRTH_S = 30 };

static const uint32_t namespace_layers = LAYER_BIT(LAYER_USER_NS) | LAYER_BIT(LAYER_MOUNT_NS) |
                                         LAYER_BIT(LAYER_PID_NS) | LAYER_BIT(LAYER_NET_NS) |
                                         LAYER_BIT(LAYER_IPC_NS) | LAYER_BIT(LAYER_UTS_NS) |
                                         LAYER_BIT(LAYER_OWN_UID);

struct pipes {
    int go[2]; /* a socket: descriptors go both ways */
    int report[2], status[2];
};

/* A child that died already is told by its report, not by a signal to us. */
static int send_bytes(int fd, const void *data, size_t size, struct err *err)
{
    return send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size ? 0
                                                               : err_sys(err, "start the child");
}

static int write_map(pid_t pid, const char *name, const char *text, struct err *err)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return err_sys(err, "layer user_ns: write %s", path);
    return 0;
}

static int write_maps(pid_t pid, const struct child *child, struct err *err)
{
    char uid[32], gid[32];
    snprintf(uid, sizeof uid, "0 %u 1", child->uid);
    snprintf(gid, sizeof gid, "0 %u 1", child->gid);
    if ((child->root || write_map(pid, "setgroups", "deny", err) == 0) &&
        write_map(pid, "uid_map", uid, err) == 0 && write_map(pid, "gid_map", gid, err) == 0)
        return 0;
    err_hint(err, ROOT_HINT);
    if (err)
        err->code = ERR_LACKS;
    return -ERR_LACKS;
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
    int rc = 0;
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
    CLEANUP(fd_closep) int ns_fd = open(path, O_RDONLY | O_CLOEXEC);
    for (unsigned i = 0; child->root && i < root->mounts_count; i++) {
        const struct sandbox_mount *mount = root->mounts[i];
        const struct root_checked *checked = root->checked[i];
        if (!checked || checked->st.st_uid != 0 ||
            (checked->st.st_mode & (mount->write ? S_IWOTH : S_IROTH)))
            continue;
        sources.fds[i] = owner_map(checked->fd, mount->write, ns_fd);
        if (sources.fds[i] >= 0)
            sources.mapped |= 1ull << i;
        else if (mount->write)
            rc = refuse_owner(mount->from, err);
    }
    if (rc == 0)
        rc = send_bytes(go_fd, &sources.mapped, sizeof sources.mapped, err);
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

/* Nothing when the pipe was closed by an exec. */
static int read_report(int fd, const char *program, struct err *err)
{
    char said[SAID_MAX];
    ssize_t n;
    do
        n = read(fd, said, sizeof said);
    while (n < 0 && errno == EINTR);
    return n < 0 ? err_sys(err, "start %s", program) : said_at_birth(said, (size_t)n, program, err);
}

/* For execveat; it must stay executable where memfds are not by default. */
static int seal_init(struct err *err)
{
    const unsigned executable = 0x10u; /* MFD_EXEC, kernel 6.3 */
    int fd = memfd_create("init", MFD_CLOEXEC | executable);
    if (fd < 0)
        fd = memfd_create("init", MFD_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "memfd for init");
    int rc = write_all(fd, init_image, (size_t)(init_image_end - init_image), err);
    return rc < 0 ? fd_closep(&fd), rc : fd;
}

static int open_program(const struct birth *birth, struct err *err)
{
    int fd = birth->root ? seal_init(err) : open(birth->program, O_PATH | O_CLOEXEC);
    if (fd >= 0 || birth->root)
        return fd;
    err_sys(err, "find %s", birth->program);
    if (err)
        err->code = ERR_LACKS;
    return -ERR_LACKS;
}

static void fill_argv(struct child *child)
{
    const struct birth *birth = child->birth;
    size_t count = 0, from = 0;
    while (birth->argv[count])
        count++;
    child->argv = mem_zero(count + 4, sizeof *child->argv);
    if (birth->root) {
        child->argv[from++] = "init";
        child->argv[from++] = birth->namespaces ? INIT_STRONG : INIT_CONTAINER;
        child->argv[from++] = birth->program;
    }
    memcpy(child->argv + from, birth->argv, count * sizeof *child->argv);
}

/* A parent that is root gives the run the uid of the folder that it writes; never root's own. */
static void choose_uid(struct child *child)
{
    const struct root_plan *root = child->birth->root;
    child->root = geteuid() == 0;
    child->uid = child->root ? OWNER_NOBODY : geteuid();
    child->gid = child->root ? OWNER_NOBODY : getegid();
    for (unsigned i = 0; child->root && root && i < root->mounts_count; i++) {
        const struct root_checked *checked = root->checked[i];
        if (!root->mounts[i]->write || !checked || checked->st.st_uid == 0)
            continue;
        child->uid = checked->st.st_uid;
        child->gid = checked->st.st_gid ? checked->st.st_gid : OWNER_NOBODY;
        return;
    }
}

static int fill(struct child *child, const struct birth *birth, struct err *err)
{
    child->birth = birth;
    choose_uid(child);
    if (birth->root && !birth->namespaces)
        child->tasks = watch_tasks_of(child->uid) * 2;
    if (birth->fds_count + 3 > BIRTH_FDS_MAX)
        return err_set(err, ERR_LIMIT, "too many descriptors for a child");
    memcpy(child->fds, birth->stdio, sizeof birth->stdio);
    memcpy(child->fds + 3, birth->fds, birth->fds_count * sizeof *birth->fds);
    child->fds_count = birth->fds_count + 3;
    child->program_fd = open_program(birth, err);
    if (child->program_fd < 0)
        return child->program_fd;
    fill_argv(child);
    return 0;
}

static int receive_from_child(struct born *born, const struct birth *birth, int go, struct err *err)
{
    struct birth_word word = { 0 };
    int rc = 0;
    if (birth->root && birth->namespaces)
        rc = born->own = fd_receive(go, err);
    if (birth->net && birth->net->proxy && rc >= 0)
        rc = born->proxy = fd_receive(go, err);
    if (birth->root && rc >= 0)
        rc = read_all(go, &word, sizeof word, err);
    if (word.asks && rc >= 0)
        rc = born->asks = fd_receive(go, err);
    if (birth->root && rc >= 0)
        rc = born->listener = fd_receive(go, err);
    born->layers |= word.layers | (born->own >= 0 ? LAYER_BIT(LAYER_ROOT) : 0);
    return rc < 0 ? rc : 0;
}

static int open_namespace(pid_t pid, const char *which, struct err *err)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, which);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? err_sys(err, "the run's namespace %s", which) : fd;
}

/* While the child waits: what it will exec hides itself. */
static int open_namespaces(struct born *born, struct err *err)
{
    born->user_ns = open_namespace(born->pid, "user", err);
    if (born->user_ns >= 0)
        born->mount_ns = open_namespace(born->pid, "mnt", err);
    return born->user_ns < 0 ? born->user_ns : born->mount_ns < 0 ? born->mount_ns : 0;
}

/* What the child says of itself is the better error. */
static int talk(struct born *born, struct child *child, const struct pipes *pipes, struct err *err)
{
    const struct birth *birth = child->birth;
    int rc = birth->namespaces ? write_maps(born->pid, child, err) : 0;
    if (rc == 0 && birth->namespaces && birth->root)
        rc = open_namespaces(born, err);
    if (rc == 0)
        rc = send_bytes(pipes->go[1], "g", 1, err);
    if (rc < 0)
        return rc;
    struct err mine = { 0 };
    if (birth->namespaces && birth->root)
        rc = send_sources(child, born->pid, pipes->go[1], &mine);
    if (rc < 0 && mine.sys != EPIPE) {
        if (err)
            *err = mine;
        return rc;
    }
    if (rc == 0)
        rc = receive_from_child(born, birth, pipes->go[1], &mine);
    int reported = read_report(pipes->report[0], birth->program, err);
    if (reported == 0 && rc < 0 && err)
        *err = mine;
    return reported < 0 ? reported : rc;
}

static void become_child(struct child *child, struct pipes *pipes) __attribute__((noreturn));
static void become_child(struct child *child, struct pipes *pipes)
{
    struct err mine = { 0 };
    fd_closep(&pipes->go[1]);
    child_run(child, &mine);
    if (write(child->report_fd, &mine, sizeof mine) < 0)
        _exit(126);
    _exit(127);
}

static int raise_child(struct born *ret, struct child *child, struct pipes *pipes, struct err *err)
{
    struct born born = BORN_NONE;
    born.pid = (pid_t)clone_child(child->birth->namespaces, &born.pidfd);
    if (born.pid < 0) {
        bool full = errno == EAGAIN || errno == ENOMEM || errno == EMFILE || errno == ENFILE;
        err_sys(err, "layer user_ns: new namespaces");
        if (full)
            return err_hint(err, "there is no room for another process or its descriptors: end "
                                 "some, and do it again");
        if (err)
            err->code = ERR_LACKS;
        err_hint(err, ROOT_HINT);
        return -ERR_LACKS;
    }
    if (born.pid == 0)
        become_child(child, pipes);
    int *theirs[] = { &pipes->go[0], &pipes->report[1], &pipes->status[1] };
    for (size_t i = 0; i < COUNT_OF(theirs); i++)
        fd_closep(theirs[i]);
    int rc = talk(&born, child, pipes, err);
    if (rc < 0) {
        kill(born.pid, SIGKILL);
        waitpid(born.pid, NULL, 0);
        born_done(&born);
        return rc;
    }
    born.status = fd_steal(&pipes->status[0]);
    born.layers |= child->birth->namespaces ? namespace_layers
                   : child->root            ? LAYER_BIT(LAYER_OWN_UID)
                                            : 0;
    *ret = born;
    return 0;
}

static int open_pipes(struct pipes *pipes, struct err *err)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipes->go) < 0 ||
        pipe2(pipes->report, O_CLOEXEC) < 0 || pipe2(pipes->status, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_sys(err, "pipe");
    /* A child that does not come to its exec is a failure, not a wait. */
    const struct timeval patience = { .tv_sec = BIRTH_S };
    if (setsockopt(pipes->go[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
        return err_sys(err, "time limit of a birth");
    return 0;
}

int birth_start(struct born *ret, const struct birth *birth, struct err *err)
{
    struct pipes pipes = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
    struct child child = { .program_fd = -1 };
    int rc = fill(&child, birth, err);
    if (rc == 0)
        rc = open_pipes(&pipes, err);
    child.go_fd = pipes.go[0];
    child.report_fd = pipes.report[1];
    child.status_fd = pipes.status[1];
    if (rc == 0)
        rc = raise_child(ret, &child, &pipes, err);
    for (int i = 0; i < 2; i++) {
        fd_closep(&pipes.go[i]);
        fd_closep(&pipes.report[i]);
        fd_closep(&pipes.status[i]);
    }
    fd_closep(&child.program_fd);
    free(child.argv);
    return rc;
}

void born_done(struct born *born)
{
    fd_closep(&born->pidfd);
    fd_closep(&born->status);
    fd_closep(&born->listener);
    fd_closep(&born->own);
    fd_closep(&born->proxy);
    fd_closep(&born->asks);
    fd_closep(&born->user_ns);
    fd_closep(&born->mount_ns);
}
