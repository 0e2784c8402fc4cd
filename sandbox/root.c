/* root - see root.h. Every source is opened before anything is mounted, so that the new root can
 * stand on /tmp of the host without hiding what it is made of. */
#include "sandbox/root.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_ROOT "/tmp"
#define OWN NEW_ROOT "/.own"
enum { PLACE_MAX = 512, INODES_MAX = 65536 };

static const struct {
    const char *to, *at;
} links[] = { { "usr/bin", NEW_ROOT "/bin" }, { "usr/lib", NEW_ROOT "/lib" },
    { "usr/lib64", NEW_ROOT "/lib64" } };

/* mkdir -p of all but the last part; the last too if `folder`. */
static int make_place(const char *path, bool folder, struct err *err)
{
    char part[PLACE_MAX];
    if ((size_t)snprintf(part, sizeof part, NEW_ROOT "%s", path) >= sizeof part)
        return err_set(err, ERR_LIMIT, "the place of a mount is too long");
    for (char *p = part + sizeof NEW_ROOT; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return err_sys(err, "make %s", part);
        *p = '/';
    }
    if (folder)
        return mkdir(part, 0755) < 0 && errno != EEXIST ? err_sys(err, "make %s", part) : 0;
    int fd = open(part, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_sys(err, "make %s", part);
    close(fd);
    return 0;
}

/* A remount may not drop a flag that the host's mount has. */
static unsigned long kept_flags(const char *path)
{
    struct statvfs st;
    unsigned long flags = 0;
    if (statvfs(path, &st) < 0)
        return 0;
    flags |= st.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
    flags |= st.f_flag & ST_NOATIME ? MS_NOATIME : 0;
    flags |= st.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0;
    flags |= st.f_flag & ST_RELATIME ? MS_RELATIME : 0;
    return flags;
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

static int bind_one(const struct sandbox_mount *mount_, int fd, struct err *err)
{
    char source[64], place[PLACE_MAX];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_sys(err, "look at %s", mount_->to);
    int rc = make_place(mount_->to, S_ISDIR(st.st_mode), err);
    if (rc < 0)
        return rc;
    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    snprintf(place, sizeof place, NEW_ROOT "%s", mount_->to);
    if (mount(source, place, NULL, MS_BIND | MS_REC, NULL) < 0)
        return err_sys(err, "mount %s", mount_->to);
    bool device = S_ISCHR(st.st_mode);
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_NOSUID | kept_flags(place);
    flags |= mount_->write ? 0 : MS_RDONLY;
    flags |= device ? 0 : MS_NODEV;
    if (mount(NULL, place, NULL, flags, NULL) < 0)
        return err_sys(err, "limit the mount of %s", mount_->to);
    return 0;
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

static int unmount_own(struct err *err)
{
    return umount2(OWN, MNT_DETACH) < 0 || rmdir(OWN) < 0 ? err_sys(err, "hide the tmpfs") : 0;
}

static int fill(const struct root_plan *plan, const int *fds, struct err *err)
{
    int rc = 0;
    if (mount("none", NEW_ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,nr_inodes=256,mode=755") <
        0)
        return err_sys(err, "mount the new root");
    if ((rc = mount_own(plan, err)) < 0)
        return rc;
    for (unsigned i = 0; i < plan->mounts_count; i++) {
        int fd = plan->mounts[i]->from ? fds[i] : open_own(i, err);
        if (fd < 0 || (rc = bind_one(plan->mounts[i], fd, err)) < 0)
            return fd < 0 ? fd : rc;
    }
    for (size_t i = 0; i < COUNT_OF(links); i++)
        if (symlink(links[i].to, links[i].at) < 0)
            return err_sys(err, "link %s", links[i].at);
    return unmount_own(err);
}

static int pivot(const struct root_plan *plan, struct err *err)
{
    if (chdir(NEW_ROOT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return err_sys(err, "pivot to the new root");
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
        return err_sys(err, "make the new root read-only");
    return chdir(plan->cwd) < 0 ? err_sys(err, "go to %s", plan->cwd) : 0;
}

int root_open(const struct root_plan *plan, int fds[ROOT_MOUNTS_MAX], struct err *err)
{
    for (unsigned i = 0; i < plan->mounts_count; i++)
        if (plan->mounts[i]->from && (fds[i] = open(plan->mounts[i]->from, O_PATH | O_CLOEXEC)) < 0)
            return err_sys(err, "find %s", plan->mounts[i]->from);
    return 0;
}

int root_enter(const struct root_plan *plan, const int *fds, struct err *err)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_sys(err, "make mounts private");
    int rc = fill(plan, fds, err);
    return rc < 0 ? rc : pivot(plan, err);
}
