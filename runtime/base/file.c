/* file - see file.h. */
#include "base/file.h"

#include "base/fault.h"
#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    unsigned countdown, calls;
    int error;
} fault;

unsigned file_fail(unsigned nth, int error)
{
    unsigned calls = fault.calls;
    fault.countdown = nth;
    fault.error = error;
    fault.calls = 0;
    return calls;
}

bool fault_now(void)
{
    fault.calls++;
    if (fault.countdown == 0 || --fault.countdown > 0)
        return false;
    errno = fault.error;
    return true;
}

int file_read(const char *path, struct buf *buf, size_t max, struct err *err)
{
    CLEANUP(fd_closep) int fd = fault_now() ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, ERR_MISSING, "no file %s", path);
    if (fd < 0)
        return err_sys(err, "open %s", path);
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "%s is not a regular file", path);
    int rc = read_to_end(fd, buf, max, err);
    return rc < 0 ? err_while(err, "read %s", path) : 0;
}

static int sync_folder(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    else
        snprintf(folder, sizeof folder, ".");
    CLEANUP(fd_closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fault_now() || fsync(fd) < 0)
        return err_sys(err, "sync folder %s", folder);
    return 0;
}

static int write_temporary(int fd, struct str data, mode_t mode, struct err *err)
{
    int rc = write_all(fd, data.at, data.size, err);
    if (rc < 0)
        return rc;
    if (fault_now() || fchmod(fd, mode) < 0)
        return err_sys(err, "mode");
    if (fault_now() || fsync(fd) < 0)
        return err_sys(err, "sync");
    return 0;
}

/* The bytes in a temporary file beside `path`, durable. */
static int make_temporary(
    char *temporary, size_t size, const char *path, struct str data, mode_t mode, struct err *err)
{
    if ((size_t)snprintf(temporary, size, "%s.XXXXXX", path) >= size)
        return err_set(err, ERR_LIMIT, "path too long: %s", path);
    CLEANUP(fd_closep) int fd = fault_now() ? -1 : mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "temporary file for %s", path);
    int rc = write_temporary(fd, data, mode, err);
    if (rc < 0) {
        unlink(temporary);
        return err_while(err, "write %s", path);
    }
    return 0;
}

int file_write(const char *path, struct str data, mode_t mode, struct err *err)
{
    char temporary[PATH_MAX];
    int rc = make_temporary(temporary, sizeof temporary, path, data, mode, err);
    if (rc < 0)
        return rc;
    if (fault_now() || rename(temporary, path) < 0) {
        rc = err_sys(err, "rename to %s", path);
        unlink(temporary);
        return rc;
    }
    return sync_folder(path, err);
}

static int same_content(const char *path, struct str data, struct err *err)
{
    CLEANUP(buf_done) struct buf old = { 0 };
    int rc = file_read(path, &old, data.size + 1, err);
    if (rc == 0 && str_equal(buf_view(&old), data))
        return 0;
    return err_set(err, ERR_STATE, "%s exists with other content", path);
}

int file_create(const char *path, struct str data, mode_t mode, struct err *err)
{
    char temporary[PATH_MAX];
    if (file_exists(path))
        return same_content(path, data, err);
    int rc = make_temporary(temporary, sizeof temporary, path, data, mode, err);
    if (rc < 0)
        return rc;
    if (fault_now() || link(temporary, path) < 0) {
        rc = errno == EEXIST ? same_content(path, data, err) : err_sys(err, "create %s", path);
        unlink(temporary);
        return rc;
    }
    unlink(temporary);
    return sync_folder(path, err);
}

int file_mkdirs(const char *path, mode_t mode, struct err *err)
{
    char part[PATH_MAX];
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof part)
        return err_set(err, ERR_LIMIT, "bad path for a folder");
    memcpy(part, path, size + 1);
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p != 0)
            continue;
        char old = *p;
        *p = 0;
        if ((fault_now() || mkdir(part, mode) < 0) && errno != EEXIST)
            return err_sys(err, "make folder %s", part);
        *p = old;
        if (old == 0)
            break;
    }
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(err, ERR_STATE, "%s is not a folder", path);
    return 0;
}

bool file_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Removes what stands in the folder `name` of `parent`, without following links. */
static int remove_at(int parent, const char *name, unsigned depth, struct err *err)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if ((errno != EISDIR && errno != EPERM) || depth == 0)
        return err_sys(err, "remove %s", name);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return err_sys(err, "open %s", name);
    int rc = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = remove_at(dirfd(folder), entry->d_name, depth - 1, err);
    closedir(folder);
    if (rc == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
        rc = err_sys(err, "remove folder %s", name);
    return rc;
}

int file_remove_tree(const char *path, struct err *err)
{
    enum { DEPTH_MAX = 128 };
    return remove_at(AT_FDCWD, path, DEPTH_MAX, err);
}

int file_program_dir(char *out, size_t size, struct err *err)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n < 0)
        return err_sys(err, "path of the running program");
    out[n] = 0;
    char *slash = strrchr(out, '/');
    if (slash)
        slash[slash == out] = 0;
    return 0;
}
