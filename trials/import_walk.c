/* import_walk - see import_walk.h. */
#include "trials/import_walk.h"

#include "base/mem.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

static bool ends_with(const char *name, size_t size, const char *end)
{
    size_t length = strlen(end);
    return size > length && memcmp(name + size - length, end, length) == 0;
}

static bool is_log(const char *name)
{
    static const char *const ends[] = { ".json", ".jsonl", ".traj" };
    size_t size = strlen(name);
    if (ends_with(name, size, ".gz"))
        size -= 3;
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (ends_with(name, size, ends[i]))
            return true;
    return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void fts_closep(FTS **fts)
{
    if (*fts)
        fts_close(*fts);
}

int import_walk(const char *path, int (*each)(void *with, const char *file, struct err *err),
    void *with, struct err *err)
{
    struct stat info;
    if (stat(path, &info) < 0 || !S_ISDIR(info.st_mode))
        return each(with, path, err); /* which says what is wrong with it */
    char *const roots[] = { (char *)path, NULL };
    CLEANUP(fts_closep)
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (!fts)
        return err_sys(err, "read the folder %s", path);
    int status = 0;
    errno = 0;
    for (FTSENT *entry; status >= 0 && (entry = fts_read(fts)); errno = 0) {
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            errno = entry->fts_errno;
            return err_sys(err, "read the folder %s", entry->fts_path);
        }
        if (entry->fts_info == FTS_F && is_log(entry->fts_name))
            status = each(with, entry->fts_path, err);
    }
    return status < 0 || errno == 0 ? status : err_sys(err, "read the folder %s", path);
}
