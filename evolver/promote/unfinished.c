/* unfinished - see unfinished.h. The mark is the one byte in the lock's own file. */
#include "promote/unfinished.h"

#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { DEPTH_MAX = 8 };

static bool is_lock(const char *name)
{
    size_t size = strlen(name);
    return size > 5 && strcmp(name + size - 5, ".lock") == 0;
}

/* References have folders of their own. */
static void remove_locks(int at, const char *name, unsigned depth)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !folder)
        close(fd);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && depth < DEPTH_MAX)
            remove_locks(dirfd(folder), entry->d_name, depth + 1);
        else if (entry->d_type == DT_REG && is_lock(entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
}

static void clear(const char *folder, bool shared)
{
    static const char *const with_person[] = { "HEAD.lock", "index.lock" };
    CLEANUP(fd_closep) int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return;
    unlinkat(at, "refs/heads/active.lock", 0);
    remove_locks(at, "refs/moult", 0);
    for (size_t i = 0; shared && i < COUNT_OF(with_person); i++)
        unlinkat(at, with_person[i], 0);
}

static enum unfinished read_mark(int lock)
{
    char mark = UNFINISHED_NOTHING;
    if (pread(lock, &mark, 1, 0) != 1)
        return UNFINISHED_NOTHING;
    return mark == UNFINISHED_CLEAN ? UNFINISHED_CLEAN : UNFINISHED_DIRTY;
}

int unfinished_clear(const char *folder, enum unfinished *ret, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_format("%smoult.lock", folder);
    CLEANUP(fd_closep) int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock < 0)
        return err_sys(err, "open %s", path);
    *ret = UNFINISHED_NOTHING;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
        *ret = read_mark(lock);
        clear(folder, *ret != UNFINISHED_NOTHING);
    }
    while (flock(lock, LOCK_SH) < 0)
        if (errno != EINTR)
            return err_sys(err, "lock %s", path);
    return fd_steal(&lock);
}

int unfinished_begin(int lock, bool clean, struct err *err)
{
    const char mark = (char)(clean ? UNFINISHED_CLEAN : UNFINISHED_DIRTY);
    if (pwrite(lock, &mark, 1, 0) != 1 || fdatasync(lock) < 0)
        return err_sys(err, "mark the move of active");
    return 0;
}

void unfinished_end(int lock)
{
    /* A mark that stays only makes the next one look again. */
    if (ftruncate(lock, 0) < 0)
        return;
}
