/* root - see root.h. Every source is opened before anything is mounted, so that the new root can
 * stand on /tmp of the host without hiding what it is made of. */
#include "sandbox/root.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_ROOT "/tmp"
#define OWN NEW_ROOT "/.own"
#define ROOT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)
enum { PLACE_MAX = 512, INODES_MAX = 65536 };

static const struct {
    const char *to, *at;
    bool proc;
} links[] = {
    { "usr/bin", NEW_ROOT "/bin", false },
    { "usr/sbin", NEW_ROOT "/sbin", false },
    { "usr/lib", NEW_ROOT "/lib", false },
    { "usr/lib64", NEW_ROOT "/lib64", false },
    { "/proc/self/fd", NEW_ROOT "/dev/fd", true },
    { "/proc/self/fd/0", NEW_ROOT "/dev/stdin", true },
    { "/proc/self/fd/1", NEW_ROOT "/dev/stdout", true },
    { "/proc/self/fd/2", NEW_ROOT "/dev/stderr", true },
};

/* mkdir -p of all but the last part; ret is where the path is meanwhile. */
static int make_folders(char ret[PLACE_MAX], const char *path, struct err *err)
{
    if (snprintf(ret, PLACE_MAX, NEW_ROOT "%s", path) >= PLACE_MAX)
        return err_set(err, ERR_LIMIT, "the place of a mount is too long");
    for (char *p = ret + sizeof NEW_ROOT; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        if (mkdir(ret, 0755) < 0 && errno != EEXIST)
            return err_sys(err, "make %s", path);
        *p = '/';
    }
    return 0;
}

static int make_place(const char *path, bool folder, struct err *err)
{
    char part[PLACE_MAX];
    struct stat st;
    int rc = make_folders(part, path, err);
    if (rc < 0 || (stat(part, &st) == 0 && S_ISDIR(st.st_mode) == folder))
        return rc;
    if (folder)
        return mkdir(part, 0755) < 0 && errno != EEXIST ? err_sys(err, "make %s", path) : 0;
    int fd = open(part, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_sys(err, "make %s", path);
    close(fd);
    return 0;
}

/* A folder of the run's own tmpfs: there is one, so that one bound holds for all of them. */
static int open_own(unsigned number, struct err *err)
{
    char path[64];
    snprintf(path, sizeof path, OWN "/%u", number);
    if (mkdir(path, 0777) < 0)
        return err_sys(err, "make %s", path);
    int fd = open(path, O_PATH | O_CLOEXEC);
    return fd < 0 ? err_sys(err, "open %s", path) : fd;
}

static int attach(int fd, bool mapped, const char *place)
{
    char source[64];
    if (mapped)
        return (int)syscall(SYS_move_mount, fd, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);
    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    return mount(source, place, NULL, MS_BIND | MS_REC, NULL);
}

static int bind_one(const struct sandbox_mount *mount_, int fd, bool mapped, struct err *err)
{
    char place[PLACE_MAX];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_sys(err, "look at %s", mount_->to);
    int rc = make_place(mount_->to, S_ISDIR(st.st_mode), err);
    if (rc < 0)
        return rc;
    snprintf(place, sizeof place, NEW_ROOT "%s", mount_->to);
    if (attach(fd, mapped, place) < 0)
        return err_sys(err, "mount %s", mount_->to);
    bool device = S_ISCHR(st.st_mode);
    /* What is mounted below it, too; flags that the host's mounts have stay. */
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };
    attr.attr_set |= mount_->write ? 0 : MOUNT_ATTR_RDONLY;
    attr.attr_set |= mount_->run ? 0 : MOUNT_ATTR_NOEXEC;
    attr.attr_set |= device ? 0 : MOUNT_ATTR_NODEV;
    if (syscall(SYS_mount_setattr, AT_FDCWD, place, AT_RECURSIVE, &attr, sizeof attr) < 0)
        return err_sys(err, "limit the mount of %s", mount_->to);
    return 0;
}

static int guard(const struct root_plan *plan, unsigned given, const char *to, struct err *err)
{
    char place[PLACE_MAX];
    snprintf(place, sizeof place, NEW_ROOT "%s", to);
    CLEANUP(fd_closep) int folder = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return folder < 0 ? 0 : guard_orders(plan->orders, given, folder, err);
}

/* What the run may write is held in memory, and counted. */
static int mount_own(const struct root_plan *plan, struct err *err)
{
    char options[64];
    snprintf(options, sizeof options, "size=%llu,nr_inodes=%u,mode=0700",
        (unsigned long long)plan->disk, INODES_MAX);
    if (mkdir(OWN, 0700) < 0 || mount("none", OWN, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        return err_sys(err, "mount a tmpfs");
    return 0;
}

static int unmount_own(struct root_sources *sources, struct err *err)
{
    sources->own = open(OWN, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (sources->own < 0)
        return err_sys(err, "open the tmpfs");
    return umount2(OWN, MNT_DETACH) < 0 || rmdir(OWN) < 0 ? err_sys(err, "hide the tmpfs") : 0;
}

static int mount_all(
    const struct root_plan *plan, const struct root_sources *sources, struct err *err)
{
    for (unsigned i = 0; i < plan->mounts_count; i++) {
        const struct sandbox_mount *mount_ = plan->mounts[i];
        int fd = mount_->from ? sources->fds[i] : open_own(i, err);
        int rc = fd < 0 ? fd : bind_one(mount_, fd, sources->mapped >> i & 1, err);
        if (rc == 0 && mount_->write && (plan->given >> i & 1))
            rc = guard(plan, i - plan->given_first, mount_->to, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Where the host's own /proc is covered in part, as in many containers, the kernel gives no other:
 * programs then get on without. */
static void mount_proc(void)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mkdir(NEW_ROOT "/proc", 0555) == 0 &&
        mount("none", NEW_ROOT "/proc", "proc", flags, NULL) < 0)
        rmdir(NEW_ROOT "/proc");
}

static int make_link(const struct root_link *link, struct err *err)
{
    char at[PLACE_MAX];
    int rc = make_folders(at, link->at, err);
    return rc == 0 && symlink(link->to, at) < 0 ? err_sys(err, "link %s", link->at) : rc;
}

static int make_links(const struct root_plan *plan, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; i < COUNT_OF(links); i++)
        if ((plan->proc || !links[i].proc) && symlink(links[i].to, links[i].at) < 0)
            return err_sys(err, "link %s", links[i].at);
    for (unsigned i = 0; rc == 0 && i < plan->links_count; i++)
        rc = make_link(&plan->links[i], err);
    return rc;
}

/* Some systems give namespaces, but no right to mount in them. */
static int lacks_root(const char *step, struct err *err)
{
    err_sys(err, "layer root: %s", step);
    if (err)
        err->code = ERR_LACKS;
    return err_hint(err, ROOT_HINT);
}

/* Before anything is mounted: what the caller mounts there is not written. */
static int make_hosts(struct err *err)
{
    static const char text[] = "127.0.0.1 localhost\n::1 localhost\n";
    int rc = make_place(ROOT_HOSTS, false, err);
    if (rc < 0)
        return rc;
    CLEANUP(fd_closep) int fd = open(NEW_ROOT ROOT_HOSTS, O_WRONLY | O_CLOEXEC);
    return fd < 0 ? err_sys(err, "make " ROOT_HOSTS) : write_all(fd, text, sizeof text - 1, err);
}

static int fill(const struct root_plan *plan, struct root_sources *sources, struct err *err)
{
    int rc = 0;
    if (mount("none", NEW_ROOT, "tmpfs", ROOT_FLAGS, "size=64k,nr_inodes=256,mode=755") < 0)
        return lacks_root("mount the new root", err);
    if (plan->hosts && (rc = make_hosts(err)) < 0)
        return rc;
    if ((rc = mount_own(plan, err)) < 0 || (rc = mount_all(plan, sources, err)) < 0)
        return rc;
    if (plan->proc)
        mount_proc();
    if ((rc = make_links(plan, err)) < 0)
        return rc;
    return unmount_own(sources, err);
}

static int pivot(const struct root_plan *plan, struct err *err)
{
    if (chdir(NEW_ROOT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return err_sys(err, "pivot to the new root");
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | ROOT_FLAGS, NULL) < 0)
        return err_sys(err, "make the new root read-only");
    return chdir(plan->cwd) < 0 ? err_sys(err, "go to %s", plan->cwd) : 0;
}

static bool is_checked(const struct root_checked *checked, const struct stat *st)
{
    return !checked || (checked->st.st_dev == st->st_dev && checked->st.st_ino == st->st_ino);
}

/* Not the descriptor that was checked: it is of another mount namespace, which can be mounted from
 * only with that one's rights. */
int root_open(const struct root_plan *plan, struct root_sources *sources, struct err *err)
{
    for (unsigned i = 0; i < plan->mounts_count; i++) {
        const char *from = plan->mounts[i]->from;
        struct stat st;
        if (!from || sources->fds[i] >= 0)
            continue;
        if ((sources->fds[i] = open(from, O_PATH | O_CLOEXEC)) < 0 ||
            fstat(sources->fds[i], &st) < 0)
            return err_sys(err, "find %s", from);
        if (!is_checked(plan->checked[i], &st))
            return err_set(err, ERR_DENIED, "%s was replaced while the run started", from);
    }
    return 0;
}

int root_enter(const struct root_plan *plan, struct root_sources *sources, struct err *err)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return lacks_root("make mounts private", err);
    int rc = fill(plan, sources, err);
    return rc < 0 ? rc : pivot(plan, err);
}
