/* grant - see grant.h. */
#include "sandbox/grant.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/profile.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "keys/home.id"
#define WORKSPACES "workspaces"
enum { DEPTH_MAX = 4096 };

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int refuse(const char *from, const char *home, struct err *err)
{
    err_set(err, ERR_DENIED, "%.90s overlaps the moult home %.90s", from, home);
    return err_hint(err, "give the run a folder that is no part of a home");
}

/* Steps to the folder above; false at the root. */
static bool go_up(int *fd, struct stat *st)
{
    struct stat above;
    int up = openat(*fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    fd_closep(fd);
    *fd = up;
    if (up < 0 || fstat(up, &above) < 0 || same(st, &above))
        return false;
    *st = above;
    return true;
}

/* The folder of a mount; of a file, the one that it is in. */
static int open_folder(const char *from, struct stat *ret, struct err *err)
{
    CLEANUP(fd_closep) int fd = open(from, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        CLEANUP(mem_freep) char *path = mem_string(from);
        char *slash = strrchr(path, '/');
        if (slash)
            *(slash == path ? slash + 1 : slash) = 0;
        fd = open(slash ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0 || fstat(fd, ret) < 0)
        return err_sys(err, "find %s", from);
    return fd_steal(&fd);
}

/* In a home only what is below its workspaces is anybody's: `before` and `last` are the two folders
 * that the way up came through. */
static bool is_workspace(int home, const struct stat *before, const struct stat *last)
{
    struct stat workspaces;
    return before->st_ino && fstatat(home, WORKSPACES, &workspaces, AT_SYMLINK_NOFOLLOW) == 0 &&
           same(&workspaces, last);
}

static int check_above(const char *from, struct err *err)
{
    struct stat here, last = { 0 }, before = { 0 }, mark;
    CLEANUP(fd_closep) int fd = open_folder(from, &here, err);
    if (fd < 0)
        return fd;
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        if (fstatat(fd, MARK, &mark, AT_SYMLINK_NOFOLLOW) == 0 && !is_workspace(fd, &before, &last))
            return refuse(from, "that it is in", err);
        before = last;
        last = here;
        if (!go_up(&fd, &here))
            return 0;
    }
    return err_set(err, ERR_LIMIT, "%s is too deep", from);
}

/* Another name of something in the home, as by a bind mount. */
static bool is_entry(int home, const struct stat *mount)
{
    CLEANUP(fd_closep) int fd = openat(home, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    bool found = false;
    if (!folder)
        return false;
    fd_steal(&fd);
    for (struct dirent *entry; !found && (entry = readdir(folder));) {
        struct stat st;
        found = strcmp(entry->d_name, "..") != 0 &&
                fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                same(&st, mount);
    }
    closedir(folder);
    return found;
}

static int check_below(const char *from, const char *home, struct err *err)
{
    struct stat mount, here;
    CLEANUP(fd_closep) int fd = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &here) < 0)
        return 0; /* a home that has gone */
    if (stat(from, &mount) < 0)
        return err_sys(err, "find %s", from);
    if (is_entry(fd, &mount))
        return refuse(from, home, err);
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        if (same(&mount, &here))
            return refuse(from, home, err);
        if (!go_up(&fd, &here))
            return 0;
    }
    return 0;
}

/* "/etc" covers "/etc/passwd" and itself. */
static bool covers(const char *to, const char *place)
{
    size_t size = strlen(to);
    return strncmp(to, place, size) == 0 && (place[size] == 0 || place[size] == '/');
}

static bool is_plain(const char *to)
{
    return to[0] == '/' && to[1] && !strstr(to, "//") && !strstr(to, "/./") &&
           !strstr(to, "/../") && to[strlen(to) - 1] != '/' && to[strlen(to) - 1] != '.';
}

/* What the profile has in a place is not for the caller to replace, nor to make writable. */
static int check_place(const struct profile *profile, const char *to, struct err *err)
{
    const char *covered = profile->proc && covers(to, "/proc") ? "/proc" : NULL;
    if (!is_plain(to))
        return err_set(err, ERR_DENIED, "%.100s is no place for a mount", to);
    for (unsigned i = 0; i < profile->mounts_count; i++)
        if (covers(to, profile->mounts[i].to))
            covered = profile->mounts[i].to;
    if (!covered)
        return 0;
    err_set(err, ERR_DENIED, "a mount at %.100s would cover %s of the profile", to, covered);
    return err_hint(err, "use a folder that the system does not");
}

int grant_check(const struct sandbox_run *run, struct err *err)
{
    const struct profile *profile = &profiles[run->profile];
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < run->mounts_count; i++) {
        const char *from = run->mounts[i].from;
        if (profile->own_root)
            rc = check_place(profile, run->mounts[i].to, err);
        if (rc == 0 && from)
            rc = check_above(from, err);
        for (const char *const *home = run->homes; rc == 0 && from && home && *home; home++)
            rc = check_below(from, *home, err);
    }
    return rc;
}
