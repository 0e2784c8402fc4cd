/* gather - see gather.h. Other files than the log are opened by the VFS below, and stay its own.
 *
 * What a sync at the end of a commit has to put on the disk is nothing but frames, each chained to
 * the one before by its checksum: until it is done they are there or not, and no write behind them
 * needs them. So it can be waited for elsewhere. The sync of the log's header cannot: frames that
 * reach the disk before it would be read with the header before (sqlite.org/src/info/ff5be73dee).
 */
#include "broker/gather.h"

#include "base/fd.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 * 1024 };

struct log {
    sqlite3_file file;
    sqlite3_file *below;
    char *bytes; /* not written yet: used of them, for the place at */
    int used;
    sqlite3_int64 at;
    int fd;     /* of the log, for who syncs it; -1: none */
    bool head;  /* its header is not synced yet */
    bool defer; /* the syncs of commits are left to the caller */
    bool owed;  /* one is */
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
    log->head |= at == 0;
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
    fd_closep(&log->fd);
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
    struct log *log = log_of(file);
    int rc = flush(log);
    if (rc != SQLITE_OK)
        return rc;
    log->owed = log->defer && log->fd >= 0 && !log->head;
    if (log->owed)
        return SQLITE_OK;
    rc = log->below->pMethods->xSync(log->below, flags);
    log->head &= rc != SQLITE_OK;
    return rc;
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
    *log = (struct log){ .below = (sqlite3_file *)(log + 1), .fd = -1 };
    int rc = below->xOpen(below, name, log->below, flags, ret_flags);
    if (!log->below->pMethods)
        return rc;
    log->file.pMethods = &methods;
    log->bytes = mem_zero(ROOM, 1);
    /* SQLite holds no lock by this file, which closing it would give up. */
    log->fd = open(name, O_RDWR | O_CLOEXEC);
    return rc;
}

/* NULL: another VFS has it, or there is no log yet. */
static struct log *find(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK ||
        !file || file->pMethods != &methods)
        return NULL;
    return log_of(file);
}

void gather_defer(sqlite3 *db, bool defer)
{
    struct log *log = find(db);
    if (log)
        log->defer = defer;
}

int gather_owed(sqlite3 *db)
{
    struct log *log = find(db);
    if (!log || !log->owed)
        return -1;
    log->owed = false;
    return log->fd;
}

bool gather_sync(sqlite3 *db)
{
    struct log *log = find(db);
    return log && log->below->pMethods->xSync(log->below, SQLITE_SYNC_NORMAL) == SQLITE_OK;
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
