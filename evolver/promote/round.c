/* round - see round.h. */
#include "promote/round.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int round_begin(const struct home *home, struct err *err)
{
    char path[PATH_MAX];
    int rc = file_mkdirs(home_path(path, home, "run"), 0700, err);
    if (rc < 0)
        return rc;
    home_path(path, home, "run/round.lock");
    CLEANUP(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(err, "open %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd_steal(&fd);
    if (errno != EWOULDBLOCK)
        return err_sys(err, "lock %s", path);
    err_set(err, ERR_STATE, "another evolve or propose is at work in this home");
    return err_hint(err, "wait for it; a killed one holds nothing, and evolve goes on with it");
}
