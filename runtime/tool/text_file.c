/* text_file - a whole text file in, and out again: what reading and editing share. */
#include "base/fd.h"
#include "base/mem.h"
#include "tool/beneath.h"
#include "tool/builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_MAX = 100, NEW_MODE = 0666 };

/* The model gave several paths at once, perhaps: the answer says which one it is about. */
static int about(struct str path, struct err *err)
{
    char shown[SHOWN_MAX];
    return err_while(err, "%s", str_printable(shown, sizeof shown, path, false));
}

static int check_regular(int fd, struct stat *ret, struct err *err)
{
    if (fstat(fd, ret) < 0)
        return err_sys(err, "look at it");
    if (S_ISREG(ret->st_mode))
        return 0;
    err_set(err, ERR_INPUT, S_ISDIR(ret->st_mode) ? "it is a folder" : "it is no regular file");
    return S_ISDIR(ret->st_mode) ? err_hint(err, "list_files shows what is in it") : -ERR_INPUT;
}

static int load(int root, struct str path, struct buf *ret, struct err *err)
{
    struct stat st;
    CLEANUP(fd_closep) int fd = beneath_open(root, path, O_RDONLY, err);
    int rc = fd < 0 ? fd : check_regular(fd, &st, err);
    if (rc < 0)
        return rc;
    rc = read_to_end(fd, ret, TEXT_FILE_MAX, err);
    if (rc == -ERR_LIMIT) {
        err_set(err, ERR_LIMIT, "it has more than %d MiB", TEXT_FILE_MAX >> 20);
        return err_hint(err, "use shell to look at a part of it: grep, sed -n, head");
    }
    if (rc < 0)
        return rc;
    if (!str_utf8(buf_view(ret)) || (ret->size > 0 && memchr(ret->at, 0, ret->size))) {
        err_set(err, ERR_INPUT, "it is no UTF-8 text (%zu bytes)", ret->size);
        return err_hint(err, "use shell to look at it: file, od, strings");
    }
    return 0;
}

int builtin_load(const struct builtin *builtin, struct str path, struct buf *ret, struct err *err)
{
    path = builtin_path(builtin, path);
    int rc = load(builtin->root, path, ret, err);
    return rc < 0 ? about(path, err) : 0;
}

/* A new file beside the place, which nobody else has. */
static int make_beside(int folder, char name[40], mode_t mode, struct err *err)
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return err_sys(err, "random name");
    snprintf(name, 40, ".moult-%016llx", (unsigned long long)random);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    return fd < 0 ? err_sys(err, "new file") : fd;
}

/* fsync of the folder: the new name is as durable as the content. */
static int sync_folder(int folder, struct err *err)
{
    CLEANUP(fd_closep) int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? err_sys(err, "save the folder") : 0;
}

static int fill(int fd, struct str text, const struct stat *old, struct err *err)
{
    int rc = write_all(fd, text.at, text.size, err);
    if (rc == 0 && old && fchmod(fd, old->st_mode & 0777) < 0)
        rc = err_sys(err, "mode");
    return rc == 0 && fsync(fd) < 0 ? err_sys(err, "save") : rc;
}

static int replace(
    const struct beneath *place, struct str text, const struct stat *old, struct err *err)
{
    char name[40];
    CLEANUP(fd_closep) int fd = make_beside(place->folder, name, NEW_MODE, err);
    int rc = fd < 0 ? fd : fill(fd, text, old, err);
    if (rc == 0 && renameat(place->folder, name, place->folder, place->name) < 0)
        rc = err_sys(err, "put the new content in its place");
    if (rc < 0 && fd >= 0)
        unlinkat(place->folder, name, 0);
    return rc < 0 ? rc : sync_folder(place->folder, err);
}

static int store(int root, struct str path, struct str text, bool *ret_new, struct err *err)
{
    struct stat st;
    CLEANUP(beneath_done) struct beneath place = { .folder = -1 };
    int rc = beneath_find(&place, root, path, true, err);
    if (rc < 0)
        return rc;
    bool there = fstatat(place.folder, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && !S_ISREG(st.st_mode))
        return err_set(err, ERR_INPUT, "there is something else than a regular file");
    if (ret_new)
        *ret_new = !there;
    return replace(&place, text, there ? &st : NULL, err);
}

int builtin_store(
    const struct builtin *builtin, struct str path, struct str text, bool *ret_new, struct err *err)
{
    path = builtin_path(builtin, path);
    int rc = store(builtin->root, path, text, ret_new, err);
    return rc < 0 ? about(path, err) : 0;
}
