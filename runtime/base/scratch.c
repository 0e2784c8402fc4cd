/* scratch - see scratch.h. */
#include "base/scratch.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A name of its own: what others call /tmp/moult-... is not touched. */
#define PLACE "/tmp/moult-scratch-"
enum { YOUNG_S = 10 }; /* its maker may not have locked it yet */

static int open_folder(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int scratch_make(struct scratch *ret, const char *kind, mode_t mode, struct err *err)
{
    *ret = (struct scratch){ .lock = -1 };
    snprintf(ret->path, sizeof ret->path, PLACE "%s.XXXXXX", kind);
    if (!mkdtemp(ret->path)) {
        ret->path[0] = 0;
        return err_sys(err, "temporary folder");
    }
    ret->lock = open_folder(ret->path);
    if (ret->lock >= 0 && flock(ret->lock, LOCK_EX | LOCK_NB) == 0 && chmod(ret->path, mode) == 0)
        return 0;
    err_sys(err, "temporary folder %s", ret->path);
    scratch_remove(ret);
    return -ERR_SYS;
}

void scratch_remove(struct scratch *scratch)
{
    if (!scratch->path[0])
        return;
    file_remove_tree(scratch->path, NULL);
    fd_closep(&scratch->lock);
    scratch->path[0] = 0;
}

static void sweep_one(const char *path, unsigned seconds)
{
    struct stat st;
    CLEANUP(fd_closep) int fd = open_folder(path);
    if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
        time(NULL) - st.st_ctime < (time_t)seconds || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return;
    file_remove_tree(path, NULL);
}

void scratch_sweep_kind(const char *kind, unsigned seconds)
{
    glob_t found = { 0 };
    CLEANUP(mem_freep) char *pattern = mem_format(PLACE "%s.??????", kind);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            sweep_one(found.gl_pathv[i], seconds);
    globfree(&found);
}

void scratch_sweep(void)
{
    scratch_sweep_kind("*", YOUNG_S);
}
