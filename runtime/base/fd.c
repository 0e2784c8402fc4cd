/* fd - descriptors: system calls that have traps, wrapped once. */
#include "base/fd.h"

#include "base/fault.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READ_STEP = 64 * 1024 };

void fd_closep(int *fd)
{
    /* Linux closes even when close says EINTR: a second try could hit another thread's descriptor.
     */
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int fd_steal(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

int write_all(int fd, const void *data, size_t size, struct err *err)
{
    for (const char *p = data; size > 0;) {
        ssize_t n = FAULTY(write(fd, p, size));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, "write %zu bytes", size);
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

int read_all(int fd, void *data, size_t size, struct err *err)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = FAULTY(read(fd, (char *)data + got, size - got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, "read %zu bytes", size - got);
        if (n == 0)
            return err_set(err, ERR_PEER, "end of file after %zu of %zu bytes", got, size);
        got += (size_t)n;
    }
    return 0;
}

int read_to_end(int fd, struct buf *buf, size_t max, struct err *err)
{
    for (size_t got = 0;;) {
        /* One byte more than allowed tells "too long" from "exactly that long". */
        size_t left = max - got, step = buf->room - buf->size;
        step = step > READ_STEP ? step - 1 : READ_STEP;
        step = step > left ? left + 1 : step;
        char *to = buf_reserve(buf, step);
        ssize_t n = FAULTY(read(fd, to, step));
        if (n < 0 && errno == EINTR)
            continue;
        to[n > 0 && (size_t)n <= left ? n : 0] = '\0';
        if (n < 0)
            return err_sys(err, "read");
        if (n == 0)
            return 0;
        if ((size_t)n > left)
            return err_set(err, ERR_LIMIT, "more than %zu bytes", max);
        got += (size_t)n;
        buf->size += (size_t)n;
    }
}

static int change_flags(int fd, int get, int set, int flag, bool on, struct err *err)
{
    int flags = fcntl(fd, get);
    if (flags < 0)
        return err_sys(err, "flags of descriptor %d", fd);
    if (fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
        return err_sys(err, "set flags of descriptor %d", fd);
    return 0;
}

int fd_cloexec(int fd, bool on, struct err *err)
{
    return change_flags(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on, err);
}

int fd_nonblock(int fd, bool on, struct err *err)
{
    return change_flags(fd, F_GETFL, F_SETFL, O_NONBLOCK, on, err);
}

/* Room for exactly one descriptor: CMSG_SPACE would admit two, and the second would leak. */
union passed {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

/* unix(7): the kernel counts them for a user, whoever of his programs it is that does not receive.
 * By poll, which a filter around this process is most likely to allow. False: long enough. */
static bool wait_for_room(int *waits)
{
    enum { WAITS_MAX = 25, WAIT_MS = 20 };
    if (++*waits > WAITS_MAX)
        return false;
    poll(NULL, 0, WAIT_MS);
    return true;
}

int fd_send(int socket, int fd, struct err *err)
{
    char byte = 0;
    union passed control = { 0 };
    struct iovec io = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &io,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_LEN(sizeof(int)),
    };
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    ssize_t n;
    int waits = 0;
    do
        n = FAULTY(sendmsg(socket, &message, MSG_NOSIGNAL));
    while (n < 0 && (errno == EINTR || (errno == ETOOMANYREFS && wait_for_room(&waits))));
    if (n < 0 && errno == ETOOMANYREFS) {
        err_sys(err, "pass a descriptor: too many of this user's wait in sockets to be received");
        return err_hint(err, "end the program that leaves them there, or raise the limit of "
                             "descriptors (ulimit -n)");
    }
    return n < 0 ? err_sys(err, "pass descriptor %d", fd) : 0;
}

int fd_receive(int socket, struct err *err)
{
    char byte;
    union passed control = { 0 };
    struct iovec io = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &io,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_LEN(sizeof(int)),
    };
    ssize_t n;
    do
        n = FAULTY(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_sys(err, "receive a descriptor");
    if (n == 0)
        return err_set(err, ERR_PEER, "end of file in place of a descriptor");
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int)))
        return err_set(err, ERR_PEER, "a message without its descriptor");
    CLEANUP(fd_closep) int fd = -1;
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    if (message.msg_flags & MSG_CTRUNC)
        return err_set(err, ERR_PEER, "more than one descriptor in a message");
    return fd_steal(&fd);
}

int fd_seal(const char *name, struct str data, struct err *err)
{
    CLEANUP(fd_closep) int fd = FAULTY(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd < 0)
        return err_sys(err, "memfd for %s", name);
    if (write_all(fd, data.at, data.size, err) < 0)
        return err_while(err, "fill memfd for %s", name);
    if (FAULTY(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) <
        0)
        return err_sys(err, "seal memfd for %s", name);
    return fd_steal(&fd);
}

int fd_move(int fd, int want, struct err *err)
{
    if (fd == want)
        return fd_cloexec(fd, false, err);
    if (dup2(fd, want) < 0)
        return err_sys(err, "descriptor %d as %d", fd, want);
    return 0;
}
