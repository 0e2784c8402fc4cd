/* check - which layers this machine has, each shown by trying in a child what it must stop.
 *
 * A layer that the kernel only claims to have is not one: each trial first does to itself what the
 * layer is, then the thing that must not work. A trial gets through if the thing works. */
#include "sandbox/sandbox.h"

#include "base/fd.h"
#include "base/mem.h"
#include "lock/lock.h"
#include "sandbox/cgroup.h"
#include "sandbox/filter.h"
#include "sandbox/profile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, LANDLOCK_ABI_QUERY = 1 };

/* What the parent has that a child must not reach. */
struct bait {
    pid_t parent;
    bool root; /* the parent is */
    struct sockaddr_in listener;
    int shm;
    char host[256];
    struct cgroup cgroup;
};
/* Shared with the child; -1 in `through`: it could not begin, and error says why. */
struct outcome {
    int through, error;
};

static int lacks(void)
{
    return -1;
}

/* Root of its own namespace, who is nobody outside, makes no device. */
static int try_user(const struct bait *bait)
{
    (void)bait;
    if (setresuid(0, 0, 0) < 0)
        return lacks();
    bool made = mknod("/tmp/.moult-check", S_IFCHR | 0600, 259) == 0;
    if (made)
        unlink("/tmp/.moult-check");
    return made;
}

static int try_mount(const struct bait *bait)
{
    (void)bait;
    struct stat before, after;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || stat("/tmp", &before) < 0 ||
        mount("none", "/tmp", "tmpfs", 0, "size=4k") < 0)
        return lacks();
    return stat("/tmp", &after) < 0 || before.st_dev == after.st_dev;
}

static int try_pid(const struct bait *bait)
{
    return getpid() != 1 || kill(bait->parent, 0) == 0;
}

static int try_net(const struct bait *bait)
{
    CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 &&
           connect(fd, (const struct sockaddr *)&bait->listener, sizeof bait->listener) == 0;
}

static int try_ipc(const struct bait *bait)
{
    struct shmid_ds st;
    return shmctl(bait->shm, IPC_STAT, &st) == 0;
}

static int try_uts(const struct bait *bait)
{
    (void)bait;
    return sethostname("moult-check", 11) < 0 ? lacks() : 0; /* the parent looks at its own */
}

static int try_root(const struct bait *bait)
{
    (void)bait;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/tmp", "tmpfs", 0, "size=4k") < 0 || chdir("/tmp") < 0 ||
        syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return lacks();
    return access("/usr", F_OK) == 0 || access("/..//usr", F_OK) == 0;
}

static int try_landlock(const struct bait *bait)
{
    (void)bait;
    const struct lock_ports none = { .connect = 0 };
    if (lock_no_new_privileges(NULL) < 0 || lock_landlock(NULL, 0, &none, NULL) < 0)
        return lacks();
    return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0;
}

static int try_seccomp(const struct bait *bait)
{
    (void)bait;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { COUNT_OF(filter), filter };
    if (lock_no_new_privileges(NULL) < 0)
        return lacks();
    long listener =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener < 0)
        return lacks();
    close((int)listener); /* nobody answers: ENOSYS */
    return syscall(SYS_getppid) >= 0;
}

static int try_privileges(const struct bait *bait)
{
    (void)bait;
    if (lock_no_new_privileges(NULL) < 0)
        return lacks();
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
           prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static int try_capabilities(const struct bait *bait)
{
    (void)bait;
    if ((geteuid() == 0 && chroot(".") < 0) || lock_drop_capabilities(NULL) < 0)
        return lacks();
    return chroot(".") == 0;
}

static int try_limits(const struct bait *bait)
{
    (void)bait;
    struct rlimit none = { 0, 0 };
    if (setrlimit(RLIMIT_NOFILE, &none) < 0)
        return lacks();
    return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0;
}

/* In a group of one task. */
static int try_cgroup(const struct bait *bait)
{
    if (bait->cgroup.count == 0)
        errno = ENOENT;
    if (!cgroup_join(&bait->cgroup))
        return lacks();
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

/* In a user namespace its root is another uid outside; without one only root can become another. */
static int try_uid(const struct bait *bait)
{
    if (!bait->root)
        return geteuid() == 0 ? 0 : (errno = EPERM, lacks());
    if (setresuid(0, 0, 0) < 0 ||
        (kill(bait->parent, 0) == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0))
        return lacks();
    return kill(bait->parent, 0) == 0;
}

/* The control: without the layer the bait is reached. */
static bool is_reached(enum sandbox_layer layer, const struct bait *bait)
{
    switch (layer) {
    case LAYER_PID_NS:
        return kill(bait->parent, 0) == 0;
    case LAYER_NET_NS:
        return try_net(bait);
    case LAYER_IPC_NS:
        return try_ipc(bait);
    default:
        return true;
    }
}

#define USER CLONE_NEWUSER
static const struct trial {
    unsigned long flags;
    int (*run)(const struct bait *bait);
    const char *shows;
    bool alone; /* there is a weaker way, without a namespace */
} trials[LAYERS] = {
    [LAYER_USER_NS] = { USER, try_user, "its root makes no device" },
    [LAYER_MOUNT_NS] = { USER | CLONE_NEWNS, try_mount, "its mounts are not the host's" },
    [LAYER_PID_NS] = { USER | CLONE_NEWPID, try_pid, "a process of the host has no number" },
    [LAYER_NET_NS] = { USER | CLONE_NEWNET, try_net, "a port of the host is not reached" },
    [LAYER_IPC_NS] = { USER | CLONE_NEWIPC, try_ipc, "shared memory of the host is not there" },
    [LAYER_UTS_NS] = { USER | CLONE_NEWUTS, try_uts, "the host keeps its name" },
    [LAYER_ROOT] = { USER | CLONE_NEWNS, try_root, "no file of the host is there" },
    [LAYER_LANDLOCK] = { 0, try_landlock, "a folder without a rule is not opened" },
    [LAYER_SECCOMP] = { 0, try_seccomp, "a call in no table fails, and the parent is told" },
    [LAYER_NO_NEW_PRIVS] = { 0, try_privileges, "it cannot be taken back" },
    [LAYER_CAPS] = { USER, try_capabilities, "a dropped right is gone", true },
    [LAYER_RLIMITS] = { 0, try_limits, "one file over the limit is refused" },
    [LAYER_CGROUP] = { 0, try_cgroup, "one task over the limit is refused" },
    [LAYER_OWN_UID] = { USER, try_uid, "it is not root, whatever its own uid is", true },
};

static void map_ids(pid_t pid)
{
    const char *names[] = { "setgroups", "uid_map", "gid_map" };
    char texts[3][32] = { "deny" };
    snprintf(texts[1], sizeof texts[1], "0 %u 1", geteuid() ? geteuid() : NOBODY);
    snprintf(texts[2], sizeof texts[2], "0 %u 1", geteuid() ? getegid() : NOBODY);
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, names[i]);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, texts[i], strlen(texts[i])) < 0)
            errno = EPERM; /* the child says what that leads to */
        fd_closep(&fd);
    }
}

static void run_trial(const struct trial *trial, const struct bait *bait, struct outcome *outcome)
{
    int go[2];
    char byte = 0;
    *outcome = (struct outcome){ -1, 0 };
    if (pipe2(go, O_CLOEXEC) < 0)
        return;
    unsigned long flags = trial->flags;
    pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid < 0 && trial->alone)
        pid = (pid_t)syscall(SYS_clone, (flags = 0) | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        close(go[1]);
        if (read(go[0], &byte, 1) == 1 || errno == 0)
            outcome->through = trial->run(bait);
        outcome->error = errno;
        _exit(0);
    }
    outcome->error = errno;
    if (pid > 0) {
        outcome->error = EPROTO; /* it died before it could say anything */
        if (flags & CLONE_NEWUSER)
            map_ids(pid);
        if (write(go[1], "g", 1) == 1)
            waitpid(pid, NULL, 0);
    }
    close(go[0]);
    close(go[1]);
}

static int set_bait(struct bait *bait, int *ret_socket, struct err *err)
{
    socklen_t size = sizeof bait->listener;
    bait->parent = getpid();
    bait->root = geteuid() == 0;
    bait->listener = (struct sockaddr_in){ .sin_family = AF_INET };
    bait->listener.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *ret_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*ret_socket >= 0 &&
        (bind(*ret_socket, (struct sockaddr *)&bait->listener, sizeof bait->listener) < 0 ||
            listen(*ret_socket, 2) < 0 || /* the control, and who gets through */
            getsockname(*ret_socket, (struct sockaddr *)&bait->listener, &size) < 0))
        return err_sys(err, "listen on the loopback");
    bait->shm = shmget(IPC_PRIVATE, 1, 0600);
    gethostname(bait->host, sizeof bait->host - 1);
    cgroup_make(&bait->cgroup, 64 << 20, 1);
    return 0;
}

static void tell(struct sandbox_check *check, enum sandbox_layer layer,
    const struct outcome *outcome, bool host_changed)
{
    bool present = outcome->through >= 0;
    bool stopped = outcome->through == 0 && !host_changed;
    char *detail = check->layer[layer].detail;
    size_t size = sizeof check->layer[layer].detail;
    check->layer[layer].present = present;
    check->layer[layer].effective = stopped;
    if (stopped && layer == LAYER_LANDLOCK)
        snprintf(detail, size, "ABI %ld: %s",
            syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_ABI_QUERY), trials[layer].shows);
    else if (stopped)
        snprintf(detail, size, "%s", trials[layer].shows);
    else if (present)
        snprintf(detail, size, "does not hold: %s", trials[layer].shows);
    else
        snprintf(detail, size, "not to be had: %s", strerror(outcome->error));
}

static void doubt(struct sandbox_check *check, enum sandbox_layer layer)
{
    check->layer[layer].effective = false;
    snprintf(check->layer[layer].detail, sizeof check->layer[layer].detail,
        "cannot be shown: without it, too, %s", trials[layer].shows);
}

static void fill_needs(struct sandbox_check *check)
{
    for (int layer = 0; layer < LAYERS; layer++)
        for (int profile = 0; profile < SANDBOX_PROFILES; profile++)
            check->layer[layer].need[profile] =
                profiles[profile].required & LAYER_BIT(layer) ? NEED_REQUIRED
                : profiles[profile].wanted & LAYER_BIT(layer) ? NEED_WANTED
                                                              : NEED_NONE;
}

static void best_tier(struct sandbox_check *check)
{
    check->tier = SANDBOX_STRONG;
    for (int layer = 0; layer < LAYERS; layer++)
        if (check->layer[layer].need[SANDBOX_TOOL] == NEED_REQUIRED &&
            !check->layer[layer].effective)
            check->tier = SANDBOX_CONTAINER;
}

int sandbox_check(struct sandbox_check *ret, struct err *err)
{
    struct bait bait = { .parent = 0 };
    int listener = -1;
    memset(ret, 0, sizeof *ret);
    struct outcome *outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcome == MAP_FAILED)
        return err_sys(err, "shared page");
    int rc = set_bait(&bait, &listener, err);
    fill_needs(ret);
    for (int layer = 0; rc == 0 && layer < LAYERS; layer++) {
        char host[256] = "";
        run_trial(&trials[layer], &bait, outcome);
        gethostname(host, sizeof host - 1);
        tell(ret, (enum sandbox_layer)layer, outcome, strcmp(host, bait.host) != 0);
        if (ret->layer[layer].effective && !is_reached((enum sandbox_layer)layer, &bait))
            doubt(ret, (enum sandbox_layer)layer);
    }
    best_tier(ret);
    fd_closep(&listener);
    if (bait.shm >= 0)
        shmctl(bait.shm, IPC_RMID, NULL);
    cgroup_done(&bait.cgroup);
    munmap(outcome, sizeof *outcome);
    return rc;
}
