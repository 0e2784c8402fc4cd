/* orders - see orders.h. */
#include "sandbox/orders.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/gitorders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NUMBERED = 9, TRIES = 16, YOUNG_S = 2 };

int orders_open(int folder, const char *path)
{
    struct open_how how = { O_PATH | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH };
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

static struct order *find(struct orders *orders, unsigned mount, const char *path)
{
    for (unsigned i = 0; i < orders->count; i++)
        if (orders->at[i].mount == mount && strcmp(orders->at[i].path, path) == 0)
            return &orders->at[i];
    return NULL;
}

/* Of two runs in one folder, one may make an order just before the other starts: what its parent is
 * about to move aside is not the person's. */
static bool is_young(const struct stat *st)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - st->st_ctim.tv_sec < YOUNG_S;
}

static int add_one(
    struct orders *orders, unsigned mount, const char *path, enum order_how how, struct err *err)
{
    struct stat st = { 0 };
    struct order *order = find(orders, mount, path);
    if (order) {
        order->how = order->how == ORDER_MADE || how != ORDER_KEPT ? order->how : how;
        order->looked |= order->how == ORDER_KEPT && !order->there;
        return 0;
    }
    if (orders->count == ORDERS_MAX)
        return err_set(err, ERR_LIMIT, "too much in the workspaces is obeyed by git");
    CLEANUP(fd_closep) int at = orders_open(orders->roots[mount], path);
    bool link = at < 0 && errno == ELOOP; /* for guard.h to refuse: without namespaces none is */
    if ((at < 0 && !link && errno != ENOENT && errno != ENOTDIR) || (at >= 0 && fstat(at, &st) < 0))
        return err_sys(err, "%.160s of the workspace", path);
    if (orders->count == orders->room)
        orders->at = mem_grow(orders->at, orders->room = orders->room * 2 + 32, sizeof *orders->at);
    order = &orders->at[orders->count++];
    *order = (struct order){
        .mount = mount, .path = mem_string(path), .how = how, .there = at >= 0 || link
    };
    order->inode = st.st_ino;
    order->looked = how == ORDER_KEPT && (!order->there || is_young(&st));
    return 0;
}

/* Whether a folder above it is read-only: then nothing of it can be made or changed. */
static bool is_covered(struct orders *orders, unsigned mount, const char *path)
{
    for (unsigned i = 0; i < orders->count; i++) {
        const struct order *order = &orders->at[i];
        size_t size = strlen(order->path);
        if (order->mount == mount && order->how != ORDER_HELD && order->there &&
            strncmp(order->path, path, size) == 0 && path[size] == '/')
            return true;
    }
    return false;
}

int orders_add(
    struct orders *orders, unsigned mount, const char *path, enum order_how how, struct err *err)
{
    char part[ORDERS_PATH_MAX];
    if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
        return err_set(err, ERR_LIMIT, "%.100s...: too long for what git obeys", path);
    for (char *slash = strchr(part, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (is_covered(orders, mount, part))
            return 0;
        CLEANUP(fd_closep) int at = orders_open(orders->roots[mount], part);
        int rc = add_one(orders, mount, part, at < 0 ? how : ORDER_HELD, err);
        if (rc < 0 || at < 0)
            return rc;
        *slash = '/';
    }
    return is_covered(orders, mount, part) ? 0 : add_one(orders, mount, part, how, err);
}

/* What would be below a .git that is not there is no order: nobody has a repository yet. */
static int add_named(
    struct orders *orders, unsigned mount, const struct obeyed *name, struct err *err)
{
    const char *slash = strchr(name->path, '/');
    int root = orders->roots[mount];
    if (slash) {
        struct stat st;
        CLEANUP(fd_closep) int git = orders_open(root, ".git");
        if (git < 0 || fstat(git, &st) < 0 || !S_ISDIR(st.st_mode))
            return 0;
    }
    int rc = add_one(orders, mount, name->path, name->how, err);
    if (rc < 0 || name->host == HOST_NOTHING)
        return rc;
    struct order *order = find(orders, mount, name->path);
    order->host = name->host;
    order->looked &= !(order->there && name->host == HOST_REPLACES);
    if (name->host == HOST_WITH_CONFIG)
        fstatat(root, ".git/config", &order->config, AT_SYMLINK_NOFOLLOW);
    return 0;
}

static int find_in(struct orders *orders, unsigned mount, struct err *err)
{
    int rc = 0;
    for (const struct obeyed *name = obeyed_names; rc == 0 && name->path; name++)
        rc = add_named(orders, mount, name, err);
    return rc < 0 ? rc : gitorders_find(orders, mount, err);
}

int orders_find(
    struct orders *ret, const struct sandbox_run *run, const struct grant *grant, struct err *err)
{
    int rc = 0;
    *ret = (struct orders){ .roots_count = run->mounts_count };
    for (unsigned i = 0; i < run->mounts_count; i++)
        ret->roots[i] = -1;
    for (unsigned i = 0; rc == 0 && i < run->mounts_count; i++) {
        const struct root_checked *mount = &grant->mounts[i];
        if (!run->mounts[i].write || mount->fd < 0 || !S_ISDIR(mount->st.st_mode))
            continue;
        ret->roots[i] = fcntl(mount->fd, F_DUPFD_CLOEXEC, 0);
        ret->places[i] = mem_string(run->mounts[i].to);
        rc =
            ret->roots[i] < 0 ? err_sys(err, "find %s", run->mounts[i].from) : find_in(ret, i, err);
    }
    return rc;
}

/* A run may take away the right to look into its folder, which is the parent's own, too. */
static bool open_up(int folder)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    return fstat(folder, &st) == 0 && (st.st_mode & 0300) != 0300 &&
           chmod(path, (st.st_mode | 0300) & 07777) == 0;
}

static bool looks(int folder, const char *name, struct stat *ret)
{
    int rc = fstatat(folder, name, ret, AT_SYMLINK_NOFOLLOW);
    if (rc < 0 && errno == EACCES && open_up(folder))
        rc = fstatat(folder, name, ret, AT_SYMLINK_NOFOLLOW);
    return rc == 0;
}

/* The folder that the last part of a path is in; -1: it is not there, and so neither is that. */
static int open_above(const struct orders *orders, const struct order *order, const char **ret_name)
{
    char above[ORDERS_PATH_MAX];
    const char *slash = strrchr(order->path, '/');
    int root = orders->roots[order->mount];
    *ret_name = slash ? slash + 1 : order->path;
    snprintf(above, sizeof above, "%.*s", slash ? (int)(slash - order->path) : 1,
        slash ? order->path : ".");
    int fd = orders_open(root, above);
    return fd < 0 && errno == EACCES && open_up(root) ? orders_open(root, above) : fd;
}

/* Beyond the first few names one that cannot be foreseen, since a run may have taken the others. */
static void name_aside(char ret[NAME_MAX + 1], const char *name, unsigned number)
{
    uint64_t chance = 0;
    if (number == 1)
        snprintf(ret, NAME_MAX + 1, "%.200s" ORDERS_ASIDE, name);
    else if (number <= NUMBERED)
        snprintf(ret, NAME_MAX + 1, "%.200s" ORDERS_ASIDE "-%u", name, number);
    else if (getrandom(&chance, sizeof chance, 0) == sizeof chance)
        snprintf(
            ret, NAME_MAX + 1, "%.200s" ORDERS_ASIDE "-%016llx", name, (unsigned long long)chance);
}

/* A file system that cannot refuse to replace gets a name that nobody has. */
static bool move_aside(int folder, const char *name)
{
    char other[NAME_MAX + 1] = "";
    unsigned flags = RENAME_NOREPLACE, number = 1;
    for (unsigned tries = 0; tries < TRIES; tries++) {
        name_aside(other, name, number);
        if (renameat2(folder, name, folder, other, flags) == 0)
            return true;
        if (errno == EEXIST) {
            number++;
        } else if (errno == EINVAL && flags) {
            flags = 0;
            number = NUMBERED + 1;
        } else if (errno != EACCES || !open_up(folder)) {
            return false;
        }
    }
    return false;
}

static bool config_changed(const struct order *order, int folder)
{
    struct stat now = { 0 };
    const struct stat *before = &order->config;
    fstatat(folder, "config", &now, AT_SYMLINK_NOFOLLOW);
    return now.st_ino != before->st_ino || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

static bool take(const struct orders *orders, const struct order *order)
{
    struct stat st;
    const char *name;
    CLEANUP(fd_closep) int folder = open_above(orders, order, &name);
    return folder >= 0 && looks(folder, name, &st) &&
           !(order->there && st.st_ino == order->inode) &&
           !(order->host == HOST_WITH_CONFIG && config_changed(order, folder)) &&
           move_aside(folder, name);
}

const char *orders_look(const struct orders *orders, unsigned *next)
{
    while (*next < orders->count) {
        const struct order *order = &orders->at[(*next)++];
        if (order->looked && take(orders, order))
            return order->path;
    }
    return NULL;
}

/* What is gone, and what a run may have made in its place, is looked for from now on. */
static bool is_replaced(const struct orders *orders, struct order *order)
{
    struct stat st = { 0 };
    const char *name;
    CLEANUP(fd_closep) int folder = open_above(orders, order, &name);
    bool was = order->there, first = order->inode == 0;
    order->there = folder >= 0 && looks(folder, name, &st);
    bool same = st.st_ino == order->inode;
    order->inode = st.st_ino;
    order->looked |= was && !order->there && order->how == ORDER_KEPT;
    return order->there && !same && !first;
}

const struct order *orders_replaced(struct orders *orders, unsigned *next)
{
    while (*next < orders->count) {
        struct order *order = &orders->at[(*next)++];
        if ((order->there || order->how == ORDER_MADE) && !order->looked &&
            is_replaced(orders, order))
            return order;
    }
    return NULL;
}

void orders_done(struct orders *orders)
{
    for (unsigned i = 0; i < orders->roots_count; i++) {
        fd_closep(&orders->roots[i]);
        free(orders->places[i]);
    }
    for (unsigned i = 0; i < orders->count; i++)
        free(orders->at[i].path);
    free(orders->at);
    *orders = (struct orders){ 0 };
}
