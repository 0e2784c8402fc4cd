/* fd - see fd.h. */
#include "base/fd.h"

#include "base/fault.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

void fd_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int fd_steal(int *fd)
{
    int value = *fd;
    *fd = -1;
    return value;
}

int write_all(int fd, const void *data, size_t size, struct err *err)
{
    for (const char *p = data; size > 0;) {
        ssize_t n = fault_now() ? -1 : write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, "write %zu bytes", size);
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

static ssize_t read_some(int fd, void *data, size_t size)
{
    ssize_t n;
    do
        n = fault_now() ? -1 : read(fd, data, size);
    while (n < 0 && errno == EINTR);
    return n;
}

int read_all(int fd, void *data, size_t size, struct err *err)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = read_some(fd, (char *)data + got, size - got);
        if (n < 0)
            return err_sys(err, "read %zu bytes", size);
        if (n == 0)
            return err_set(err, ERR_PEER, "end of file after %zu of %zu bytes", got, size);
        got += (size_t)n;
    }
    return 0;
}

int read_to_end(int fd, struct buf *buf, size_t max, struct err *err)
{
    char chunk[65536];
    for (size_t got = 0;;) {
        ssize_t n = read_some(fd, chunk, sizeof chunk);
        if (n < 0)
            return err_sys(err, "read");
        if (n == 0)
            return 0;
        got += (size_t)n;
        if (got > max)
            return err_set(err, ERR_LIMIT, "more than %zu bytes", max);
        buf_add(buf, chunk, (size_t)n);
    }
}

static int set_flag(int fd, int get, int set, int flag, bool on, struct err *err)
{
    int flags = fcntl(fd, get);
    if (flags < 0 || fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
        return err_sys(err, "flags of descriptor %d", fd);
    return 0;
}

int fd_cloexec(int fd, bool on, struct err *err)
{
    return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on, err);
}

int fd_nonblock(int fd, bool on, struct err *err)
{
    return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on, err);
}

int fd_send(int socket, int fd, struct err *err)
{
    char byte = 0;
    union {
        struct cmsghdr align;
        char at[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.at,
        .msg_controllen = sizeof control.at };
    struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    if (sendmsg(socket, &msg, MSG_NOSIGNAL) != 1)
        return err_sys(err, "pass a descriptor");
    return 0;
}

int fd_receive(int socket, struct err *err)
{
    char byte;
    union {
        struct cmsghdr align;
        char at[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.at,
        .msg_controllen = sizeof control.at };
    ssize_t n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return err_sys(err, "take a descriptor");
    struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
    if (n != 1 || !head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
        return err_set(err, ERR_PEER, "no descriptor came");
    int fd;
    memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

int fd_seal(const char *name, struct str data, struct err *err)
{
    CLEANUP(fd_closep) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_sys(err, "memfd for %s", name);
    if (write_all(fd, data.at, data.size, err) < 0)
        return err_while(err, "fill memfd for %s", name);
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
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
