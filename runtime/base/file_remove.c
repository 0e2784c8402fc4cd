/* file_remove - takes a whole tree away, whatever somebody put into it.
 * The tree may be deeper than there are descriptors or stack, and links may lead out of it. So
 * nothing recurses and nothing is opened through a path: folders found inside are first moved up
 * into the top one, which flattens the tree until only files are left. */
#include "base/file.h"

#include "base/fault.h"
#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void dir_closep(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static DIR *open_dir(int folder, const char *name)
{
    int fd = FAULTY(openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !dir)
        close(fd);
    return dir;
}

static const char *next_name(DIR *dir)
{
    struct dirent *entry;
    do
        entry = readdir(dir);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry ? entry->d_name : NULL;
}

/* True when name was no folder and is gone. */
static bool unlinked(int folder, const char *name)
{
    return FAULTY(unlinkat(folder, name, 0)) == 0 || errno == ENOENT;
}

/* Empties the folder `name` of top: files go, folders move to top under names that nobody has. */
static int empty_into(int top, const char *name, unsigned *serial, struct err *err)
{
    CLEANUP(dir_closep) DIR *dir = open_dir(top, name);
    if (!dir)
        return err_sys(err, "open folder %s", name);
    for (const char *inner; (inner = next_name(dir));) {
        if (unlinked(dirfd(dir), inner))
            continue;
        if (errno != EISDIR && errno != EPERM)
            return err_sys(err, "remove %s", inner);
        char moved[32];
        int rc;
        do {
            snprintf(moved, sizeof(moved), ".removed-%u", (*serial)++);
            rc = FAULTY(renameat2(dirfd(dir), inner, top, moved, RENAME_NOREPLACE));
        } while (rc < 0 && errno == EEXIST);
        if (rc < 0)
            return err_sys(err, "move %s up", inner);
    }
    return 0;
}

/* One pass over top. Returns how many folders it found: their content is in top now. */
static int pass(DIR *top, unsigned *serial, struct err *err)
{
    int found = 0;
    rewinddir(top);
    for (const char *name; (name = next_name(top)); found++) {
        if (unlinked(dirfd(top), name))
            continue;
        if (errno != EISDIR && errno != EPERM)
            return err_sys(err, "remove %s", name);
        int rc = empty_into(dirfd(top), name, serial, err);
        if (rc < 0)
            return rc;
        if (FAULTY(unlinkat(dirfd(top), name, AT_REMOVEDIR)) < 0)
            return err_sys(err, "remove folder %s", name);
    }
    return found;
}

int file_remove_tree(const char *path, struct err *err)
{
    if (unlinked(AT_FDCWD, path) || errno == ENOTDIR)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return err_sys(err, "remove %s", path);
    CLEANUP(dir_closep) DIR *top = open_dir(AT_FDCWD, path);
    if (!top)
        return err_sys(err, "open folder %s", path);
    unsigned serial = 0;
    int left;
    do
        left = pass(top, &serial, err);
    while (left > 0);
    if (left < 0)
        return err_while(err, "remove %s", path);
    if (FAULTY(rmdir(path)) < 0)
        return err_sys(err, "remove %s", path);
    return 0;
}
