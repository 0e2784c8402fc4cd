/* round - see round.h. */
#include "promote/round.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static int lock(const struct home *home, const char *name, int how, struct err *err)
{
    char path[PATH_MAX];
    int rc = file_mkdirs(home_path(path, home, "run"), 0700, err);
    if (rc < 0)
        return rc;
    home_path(path, home, name);
    CLEANUP(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(err, "open %s", path);
    while (flock(fd, how) < 0)
        if (errno == EWOULDBLOCK)
            return err_set(err, ERR_STATE, "%s is held", path);
        else if (errno != EINTR)
            return err_sys(err, "lock %s", path);
    return fd_steal(&fd);
}

int round_begin(const struct home *home, struct err *err)
{
    int rc = lock(home, "run/round.lock", LOCK_EX | LOCK_NB, err);
    if (rc != -ERR_STATE)
        return rc;
    err_set(err, ERR_STATE, "another evolve or propose is at work in this home");
    return err_hint(err, "wait for it; a killed one holds nothing, and evolve goes on with it");
}

int round_follow(const struct home *home, struct err *err)
{
    return lock(home, "run/follow.lock", LOCK_EX, err);
}
