/* gather - see gather.h. Other files than the log are opened by the VFS below, and stay its own. */
#include "broker/gather.h"

#include "base/mem.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 * 1024 };

struct log {
    sqlite3_file file;
    sqlite3_file *below;
    char *bytes; /* not written yet: used of them, for the place at */
    int used;
    sqlite3_int64 at;
};

static struct log *log_of(sqlite3_file *file)
{
    return (struct log *)file;
}

/* What could not be written is gone: SQLite takes the whole commit back and writes the place anew.
 */
static int flush(struct log *log)
{
    int used = log->used;
    log->used = 0;
    return used ? log->below->pMethods->xWrite(log->below, log->bytes, used, log->at) : SQLITE_OK;
}

static int log_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    struct log *log = log_of(file);
    int rc = SQLITE_OK;
    if (at != log->at + log->used || size > ROOM - log->used)
        rc = flush(log);
    if (rc != SQLITE_OK)
        return rc;
    if (size > ROOM)
        return log->below->pMethods->xWrite(log->below, bytes, size, at);
    if (log->used == 0)
        log->at = at;
    memcpy(log->bytes + log->used, bytes, (size_t)size);
    log->used += size;
    return SQLITE_OK;
}

static int log_close(sqlite3_file *file)
{
    struct log *log = log_of(file);
    int flushed = flush(log), rc = log->below->pMethods->xClose(log->below);
    free(log->bytes);
    return rc == SQLITE_OK ? flushed : rc;
}

/* Everything else acts on what is in the file. */
#define BELOW(verb, ...)                                                                           \
    struct log *log = log_of(file);                                                                \
    int rc = flush(log);                                                                           \
    return rc == SQLITE_OK ? log->below->pMethods->verb(log->below, ##__VA_ARGS__) : rc

static int log_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    BELOW(xRead, bytes, size, at);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    BELOW(xTruncate, size);
}

static int log_sync(sqlite3_file *file, int flags)
{
    BELOW(xSync, flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    BELOW(xFileSize, ret);
}

static int log_lock(sqlite3_file *file, int level)
{
    BELOW(xLock, level);
}

static int log_unlock(sqlite3_file *file, int level)
{
    BELOW(xUnlock, level);
}

static int log_locked(sqlite3_file *file, int *ret)
{
    BELOW(xCheckReservedLock, ret);
}

static int log_control(sqlite3_file *file, int verb, void *with)
{
    BELOW(xFileControl, verb, with);
}

static int log_sector(sqlite3_file *file)
{
    return log_of(file)->below->pMethods->xSectorSize(log_of(file)->below);
}

static int log_device(sqlite3_file *file)
{
    return log_of(file)->below->pMethods->xDeviceCharacteristics(log_of(file)->below);
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_locked,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_device,
};

/* --- the VFS */

static int open_file(
    sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *ret_flags)
{
    sqlite3_vfs *below = vfs->pAppData;
    struct log *log = log_of(file);
    if (!(flags & SQLITE_OPEN_WAL))
        return below->xOpen(below, name, file, flags, ret_flags);
    *log = (struct log){ .below = (sqlite3_file *)(log + 1) };
    int rc = below->xOpen(below, name, log->below, flags, ret_flags);
    if (!log->below->pMethods)
        return rc;
    log->file.pMethods = &methods;
    log->bytes = mem_zero(ROOM, 1);
    return rc;
}

const char *gather_vfs(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    if (vfs.zName)
        return vfs.zName;
    if (!below)
        return NULL;
    vfs = *below;
    vfs.pNext = NULL;
    vfs.pAppData = below;
    vfs.szOsFile = (int)sizeof(struct log) + below->szOsFile;
    vfs.xOpen = open_file;
    vfs.zName = "moult";
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
        vfs.zName = NULL;
    return vfs.zName;
}
