/* file - whole files: bounded reads, atomic durable writes.
 * A write is done in a temporary beside the target, which changes places with it (RENAME_EXCHANGE):
 * so the old file still exists until the folder is on disk too, and an error there can put it back.
 */
#include "base/file.h"

#include "base/fault.h"
#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is being written: the folder it is in, its name there, and the temporary's name. */
struct draft {
    int folder;
    const char *name;
    char temporary[48];
    bool there; /* the temporary exists */
};

static void draft_done(struct draft *draft)
{
    if (draft->there)
        unlinkat(draft->folder, draft->temporary, 0);
    fd_closep(&draft->folder);
}

int file_read(const char *path, struct buf *buf, size_t max, struct err *err)
{
    struct stat st;
    /* Without O_NONBLOCK a pipe that somebody put there would hold us at open. */
    CLEANUP(fd_closep)
    int fd = FAULTY(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, ERR_MISSING, "no file %s", path);
    if (fd < 0 || FAULTY(fstat(fd, &st)) < 0)
        return err_sys(err, "open %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "%s is not a regular file", path);
    if (st.st_size > 0 && (uint64_t)st.st_size > max)
        return err_set(err, ERR_LIMIT, "%s has more than %zu bytes", path, max);
    if (st.st_size > 0)
        buf_reserve(buf, (size_t)st.st_size + 1);
    return read_to_end(fd, buf, max, err) < 0 ? err_while(err, "%s", path) : 0;
}

/* The folder of path, or ".". */
static int open_folder(const char *path, const char **ret_name, struct err *err)
{
    const char *slash = strrchr(path, '/');
    *ret_name = slash ? slash + 1 : path;
    if (**ret_name == '\0')
        return err_set(err, ERR_INPUT, "\"%s\" names no file", path);
    CLEANUP(mem_freep)
    char *folder = slash == path ? mem_string("/")
                   : slash       ? mem_format("%.*s", (int)(slash - path), path)
                                 : mem_string(".");
    int fd = FAULTY(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd < 0 ? err_sys(err, "open folder %s", folder) : fd;
}

/* A new file that nobody else has. The name holds no more than it must, so that it fits wherever
 * the target's fits; what a killed process of the same id left is stepped over. */
static int open_temporary(struct draft *draft, struct err *err)
{
    static atomic_uint serial;
    for (int tries = 0; tries < 1000; tries++) {
        snprintf(draft->temporary, sizeof(draft->temporary), ".moult-%ld-%u.tmp", (long)getpid(),
            atomic_fetch_add(&serial, 1));
        int fd = FAULTY(openat(draft->folder, draft->temporary,
            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (fd >= 0) {
            draft->there = true;
            return fd;
        }
        if (errno != EEXIST)
            return err_sys(err, "create a temporary");
    }
    return err_set(err, ERR_STATE, "1000 temporaries are in the way");
}

/* The content, on disk, under the temporary name. draft is for draft_done in any case. */
static int draft_write(
    struct draft *draft, const char *path, struct str data, mode_t mode, struct err *err)
{
    draft->folder = open_folder(path, &draft->name, err);
    if (draft->folder < 0)
        return draft->folder;
    CLEANUP(fd_closep) int fd = open_temporary(draft, err);
    if (fd < 0)
        return fd;
    if (write_all(fd, data.at, data.size, err) < 0)
        return err_while(err, "fill the temporary");
    if (FAULTY(fchmod(fd, mode)) < 0)
        return err_sys(err, "mode");
    if (FAULTY(fsync(fd)) < 0)
        return err_sys(err, "fsync");
    /* Some file systems report a failed write only here. */
    if (FAULTY(close(fd_steal(&fd))) < 0)
        return err_sys(err, "close");
    return 0;
}

static int sync_folder(const struct draft *draft, struct err *err)
{
    /* EINVAL: a file system whose folders need no fsync. */
    if (FAULTY(fsync(draft->folder)) < 0 && errno != EINVAL)
        return err_sys(err, "fsync the folder");
    return 0;
}

static int move(const struct draft *draft, unsigned how)
{
    return FAULTY(renameat2(draft->folder, draft->temporary, draft->folder, draft->name, how));
}

/* The file did not exist: ERR_STATE if it does by now. */
static int appear(struct draft *draft, struct err *err)
{
    int rc = move(draft, RENAME_NOREPLACE);
    bool lacks_rename = rc < 0 && errno == EINVAL;
    if (lacks_rename)
        rc = FAULTY(linkat(draft->folder, draft->temporary, draft->folder, draft->name, 0));
    if (rc < 0 && errno == EEXIST)
        return err_set(err, ERR_STATE, "the file exists already");
    if (rc < 0)
        return err_sys(err, "rename");
    draft->there = lacks_rename;
    if (sync_folder(draft, err) < 0) {
        unlinkat(draft->folder, draft->name, 0);
        return -ERR_SYS;
    }
    return 0;
}

/* The file existed; afterwards the temporary is the old one, or there is none. */
static int exchange(struct draft *draft, struct err *err)
{
    int rc = move(draft, RENAME_EXCHANGE);
    bool exchanged = rc == 0;
    if (rc < 0 && (errno == EINVAL || errno == ENOENT))
        rc = move(draft, 0);
    if (rc < 0)
        return err_sys(err, "rename");
    draft->there = exchanged;
    if (sync_folder(draft, err) < 0) {
        if (exchanged)
            renameat2(draft->folder, draft->temporary, draft->folder, draft->name, RENAME_EXCHANGE);
        return -ERR_SYS;
    }
    return 0;
}

static bool is_there(const struct draft *draft)
{
    struct stat st;
    return fstatat(draft->folder, draft->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Somebody may create or remove the file between the look and the rename: each of the two ways
 * finds out and the other is tried. */
static int replace(struct draft *draft, struct err *err)
{
    if (is_there(draft))
        return exchange(draft, err);
    int rc = appear(draft, err);
    return rc == -ERR_STATE ? exchange(draft, err) : rc;
}

int file_write(const char *path, struct str data, mode_t mode, struct err *err)
{
    CLEANUP(draft_done) struct draft draft = { .folder = -1 };
    if (draft_write(&draft, path, data, mode, err) < 0 || replace(&draft, err) < 0)
        return err_while(err, "write %s", path);
    return 0;
}

/* Whether path holds exactly data. */
static int holds(const char *path, struct str data, struct err *err)
{
    CLEANUP(buf_done) struct buf old = { 0 };
    int rc = file_read(path, &old, data.size, err);
    if (rc == -ERR_LIMIT || (rc == 0 && !str_equal(buf_view(&old), data)))
        return err_set(err, ERR_STATE, "%s exists with other content", path);
    return rc;
}

int file_give(const char *path, struct str data, mode_t mode, struct err *err)
{
    struct stat there;
    if (stat(path, &there) < 0 || S_ISREG(there.st_mode))
        return file_write(path, data, mode, err);
    CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "open %s", path);
    return write_all(fd, data.at, data.size, err) < 0 ? err_while(err, "write %s", path) : 0;
}

int file_create(const char *path, struct str data, mode_t mode, struct err *err)
{
    CLEANUP(draft_done) struct draft draft = { .folder = -1 };
    int rc = file_exists(path) ? -ERR_STATE : draft_write(&draft, path, data, mode, err);
    if (rc == 0)
        rc = appear(&draft, err);
    if (rc == -ERR_STATE)
        return holds(path, data, err);
    return rc < 0 ? err_while(err, "create %s", path) : 0;
}

bool file_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

int file_mkdirs(const char *path, mode_t mode, struct err *err)
{
    struct stat st;
    CLEANUP(mem_freep) char *copy = mem_string(path);
    for (char *p = copy;; p++) {
        if (*p && *p != '/')
            continue;
        char end = *p;
        *p = '\0';
        if (*copy && FAULTY(mkdir(copy, mode)) < 0 && errno != EEXIST)
            return err_sys(err, "create folder %s", copy);
        if (!end)
            break;
        *p = end;
    }
    if (stat(path, &st) < 0)
        return err_sys(err, "create folder %s", path);
    return S_ISDIR(st.st_mode) ? 0 : err_set(err, ERR_STATE, "%s is no folder", path);
}

int file_program_dir(char *out, size_t size, struct err *err)
{
    char path[PATH_MAX];
    ssize_t n = FAULTY(readlink("/proc/self/exe", path, sizeof(path) - 1));
    if (n < 0)
        return err_sys(err, "where this program is");
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length == 0 || length >= size)
        return err_set(err, ERR_LIMIT, "the folder of this program has too long a name");
    memcpy(out, path, length);
    out[length] = '\0';
    return 0;
}
