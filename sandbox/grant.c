/* grant - see grant.h. */
#include "sandbox/grant.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
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

/* A file does not know the folder that it is in: it must be found there again. */
static int open_parent(int file)
{
    char name[64], path[PATH_MAX];
    struct stat st, found;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t size = readlink(name, path, sizeof path - 1);
    if (size <= 0 || path[0] != '/')
        return -1;
    path[size] = 0;
    char *slash = strrchr(path, '/');
    const char *last = slash + 1;
    *slash = 0;
    CLEANUP(fd_closep)
    int fd = open(slash == path ? "/" : path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(file, &st) < 0 || fstatat(fd, last, &found, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
    errno = ENOENT;
    return same(&st, &found) ? fd_steal(&fd) : -1;
}

/* The folder of a mount; of a file, the one that it is in. */
static int open_folder(
    const char *from, const struct root_checked *mount, struct stat *ret, struct err *err)
{
    CLEANUP(fd_closep)
    int fd =
        S_ISDIR(mount->st.st_mode) ? fcntl(mount->fd, F_DUPFD_CLOEXEC, 0) : open_parent(mount->fd);
    if (fd < 0 || fstat(fd, ret) < 0)
        return err_sys(err, "find the folder of %s", from);
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

static int check_above(const char *from, const struct root_checked *mount, struct err *err)
{
    struct stat here, last = { 0 }, before = { 0 }, mark;
    CLEANUP(fd_closep) int fd = open_folder(from, mount, &here, err);
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

static int check_below(
    const char *from, const struct root_checked *mount, const char *home, struct err *err)
{
    struct stat here;
    CLEANUP(fd_closep) int fd = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &here) < 0)
        return 0; /* a home that has gone */
    if (is_entry(fd, &mount->st))
        return refuse(from, home, err);
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        if (same(&mount->st, &here))
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

bool grant_proc(const struct sandbox_run *run)
{
    return profiles[run->profile].proc || (run->profile == SANDBOX_PROPOSE && run->proc);
}

/* What the profile has in a place is not for the caller to replace, nor to make writable. */
static int check_place(const struct sandbox_run *run, const char *to, struct err *err)
{
    const struct profile *profile = &profiles[run->profile];
    const char *covered = grant_proc(run) && covers(to, "/proc") ? "/proc" : NULL;
    if (!is_plain(to))
        return err_set(err, ERR_DENIED, "%.100s is no place for a mount", to);
    for (unsigned i = 0; i < profile->mounts_count; i++)
        if (covers(to, profile->mounts[i].to))
            covered = profile->mounts[i].to;
    for (const char *const *held = profile->held; held && *held; held++)
        if (covers(to, *held))
            covered = *held;
    if (!covered)
        return 0;
    err_set(err, ERR_DENIED, "a mount at %.100s would cover %s of the profile", to, covered);
    return err_hint(err, "use a folder that the system does not");
}

/* What the checks look at is what is held: paths are not followed again. */
static int check_source(
    struct root_checked *mount, const char *from, const char *const *homes, struct err *err)
{
    mount->fd = open(from, O_PATH | O_CLOEXEC);
    if (mount->fd < 0 || fstat(mount->fd, &mount->st) < 0)
        return err_sys(err, "find %s", from);
    int rc = check_above(from, mount, err);
    for (; rc == 0 && homes && *homes; homes++)
        rc = check_below(from, mount, *homes, err);
    return rc;
}

/* Who can write a program and start it has every instruction at hand. */
static int check_rights(
    const struct profile *profile, const struct sandbox_mount *mount, struct err *err)
{
    if (profile->builds || !mount->write || !mount->run)
        return 0;
    return err_set(
        err, ERR_DENIED, "%.100s can be written or run, in this profile not both", mount->to);
}

int grant_check(struct grant *ret, const struct sandbox_run *run, struct err *err)
{
    const struct profile *profile = &profiles[run->profile];
    int rc = 0;
    ret->count = 0;
    if (run->network && !profile->network)
        return err_set(err, ERR_DENIED, "the profile %s never has a network",
            sandbox_profile_words[run->profile]);
    if (run->model && !profile->model)
        return err_set(err, ERR_DENIED, "the profile %s never asks a model",
            sandbox_profile_words[run->profile]);
    if (run->proc && !grant_proc(run))
        return err_set(err, ERR_DENIED, "the profile %s never has a /proc",
            sandbox_profile_words[run->profile]);
    if (run->mounts_count > ROOT_MOUNTS_MAX)
        return err_set(err, ERR_LIMIT, "too many mounts");
    for (unsigned i = 0; rc == 0 && i < run->mounts_count; i++) {
        const char *from = run->mounts[i].from;
        if (profile->own_root && (rc = check_place(run, run->mounts[i].to, err)) == 0)
            rc = check_rights(profile, &run->mounts[i], err);
        struct root_checked *mount = &ret->mounts[ret->count++];
        *mount = (struct root_checked){ .fd = -1 };
        if (rc == 0 && from)
            rc = check_source(mount, from, run->homes, err);
    }
    return rc;
}

void grant_done(struct grant *grant)
{
    for (unsigned i = 0; i < grant->count; i++)
        fd_closep(&grant->mounts[i].fd);
    grant->count = 0;
}
