/* toolbox_lock - see toolbox_lock.h. */
#include "broker/toolbox_lock.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TEXT_MAX = 16384, BEHIND_NAME = 20 };

static int taken(struct err *err)
{
    err_set(err, ERR_STATE, "the tools of another run are on this workspace");
    return err_hint(err, "end the other session, or wait until its last process is gone");
}

/* proc(5): "pid (name) state ..."; the start is the 22nd field, the 20th behind the name. */
struct toolbox_holder toolbox_holder_of(pid_t pid)
{
    char path[64], text[1024];
    struct toolbox_holder holder = { .pid = pid };
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[size > 0 ? size : 0] = 0;
    char *at = strrchr(text, ')');
    for (int field = 0; at && field < BEHIND_NAME; field++)
        at = strchr(at + 1, ' ');
    unsigned long long started;
    if (at && sscanf(at, "%llu", &started) == 1)
        holder.started = started;
    return holder;
}

/* A pidfd is readable when the process has ended: for the first of a namespace after all others. */
static bool is_alive(const struct toolbox_holder *holder)
{
    CLEANUP(fd_closep) int fd = (int)syscall(SYS_pidfd_open, holder->pid, 0);
    struct toolbox_holder now = toolbox_holder_of(holder->pid);
    struct pollfd polled = { fd, POLLIN, 0 };
    return fd >= 0 && now.started == holder->started && poll(&polled, 1, 0) == 0;
}

static bool anybody_left(int fd)
{
    char text[TEXT_MAX];
    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    for (char *line = text; *line; line += strcspn(line, "\n") + 1) {
        struct toolbox_holder holder;
        unsigned long long started;
        int pid;
        if (sscanf(line, "%d %llu\n", &pid, &started) != 2)
            break;
        holder = (struct toolbox_holder){ pid, started };
        if (is_alive(&holder))
            return true;
        if (!strchr(line, '\n'))
            break;
    }
    return false;
}

int toolbox_lock(const char *path, struct err *err)
{
    CLEANUP(fd_closep) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(err, "lock %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? taken(err) : err_sys(err, "lock %s", path);
    return anybody_left(fd) ? taken(err) : fd_steal(&fd);
}

int toolbox_lock_note(int fd, const struct toolbox_holder *holders, unsigned count, struct err *err)
{
    char text[TEXT_MAX];
    size_t size = 0;
    for (unsigned i = 0; i < count && size + 64 < sizeof text; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d %llu\n", (int)holders[i].pid,
            (unsigned long long)holders[i].started);
    if (pwrite(fd, text, size, 0) != (ssize_t)size || ftruncate(fd, (off_t)size) < 0)
        return err_sys(err, "note who holds the workspace");
    return 0;
}
