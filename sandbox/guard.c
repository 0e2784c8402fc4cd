/* guard - see guard.h. By descriptors alone: what a path leads to could change between two looks.
 * A mount of its own cannot be renamed or removed, so what is below a held folder stays below it.
 */
#include "sandbox/guard.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_or_make(int folder, const struct order *order)
{
    int at = orders_open(folder, order->path);
    if (at >= 0 || errno != ENOENT || order->how != ORDER_MADE)
        return at;
    if (mkdirat(folder, order->path, 0755) == 0)
        return orders_open(folder, order->path);
    errno = ENOENT;
    return -1;
}

/* Another run in the same folder, or the person, has taken it away since. */
static int is_gone(const struct order *order, struct err *err)
{
    return order->there ? err_set(err, ERR_STATE, "%s of the workspace went while the run started",
                              order->path)
                        : 0;
}

static int guard_one(const struct order *order, int folder, struct err *err)
{
    struct mount_attr attr = { .attr_set = 0 };
    struct stat st;
    CLEANUP(fd_closep) int at = open_or_make(folder, order);
    if (at < 0 && (errno == ENOENT || errno == ENOTDIR))
        return is_gone(order, err);
    if (at < 0 || fstat(at, &st) < 0)
        return err_sys(err, "%s of the workspace must be no link", order->path);
    /* A .git that is a file names the folder that git obeys. */
    if (order->how != ORDER_HELD || !S_ISDIR(st.st_mode))
        attr.attr_set = MOUNT_ATTR_RDONLY;
    CLEANUP(fd_closep)
    int tree = (int)syscall(
        SYS_open_tree, at, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0 ||
        syscall(SYS_move_mount, tree, "", at, "",
            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return err_sys(err, "protect %s of the workspace", order->path);
    return 0;
}

static void become_guard(const struct order *order, const char *place, int user_ns, int mount_ns)
    __attribute__((noreturn));
static void become_guard(const struct order *order, const char *place, int user_ns, int mount_ns)
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (setns(user_ns, CLONE_NEWUSER) < 0 || setns(mount_ns, CLONE_NEWNS) < 0 ||
        syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
        _exit(1);
    int folder = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _exit(folder < 0 || guard_one(order, folder, NULL) < 0);
}

/* By a process of its own, since a thread cannot enter a user namespace. It makes system calls
 * only; the run does not see it (its pid namespace) and cannot trace (its filter). */
bool guard_again(const struct order *order, const char *place, int user_ns, int mount_ns)
{
    int status;
    pid_t pid = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (pid == 0)
        become_guard(order, place, user_ns, mount_ns);
    while (pid > 0 && waitpid(pid, &status, __WALL) != pid)
        if (errno != EINTR)
            return false;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int guard_orders(const struct orders *orders, unsigned mount, int folder, struct err *err)
{
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < orders->count; i++) {
        const struct order *order = &orders->at[i];
        if (order->mount == mount && (order->there || order->how == ORDER_MADE))
            rc = guard_one(order, folder, err);
    }
    return rc;
}
