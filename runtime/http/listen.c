/* listen - see listen.h.
 *
 * Made here and not by the daemon, since a unix socket must never be there with a wider mode, not
 * even between bind and chmod: its inode's mode is set before bind gives it a name. */
#include "http/listen.h"

#include "base/fd.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

union address {
    struct sockaddr any;
    struct sockaddr_un un;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* What an earlier process left there, if it is a socket; anything else is somebody's file. */
static int clear_path(const char *path, struct err *err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : err_sys(err, "look at %s", path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_STATE, "%s is there and is no socket", path);
    return unlink(path) < 0 && errno != ENOENT ? err_sys(err, "remove %s", path) : 0;
}

static int unix_address(const char *path, union address *ret, socklen_t *ret_size, struct err *err)
{
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof ret->un.sun_path) {
        err_set(err, ERR_LIMIT, "a socket's path has 1 to %zu bytes, this one %zu: %s",
            sizeof ret->un.sun_path - 1, size, path);
        return err_hint(err, "choose a shorter folder");
    }
    ret->un.sun_family = AF_UNIX;
    memcpy(ret->un.sun_path, path, size + 1);
    *ret_size = sizeof ret->un;
    return clear_path(path, err);
}

static int tcp_address(
    const struct http_listen *where, union address *ret, socklen_t *ret_size, struct err *err)
{
    if (inet_pton(AF_INET, where->host, &ret->in.sin_addr) == 1) {
        ret->in.sin_family = AF_INET;
        ret->in.sin_port = htons(where->port);
        *ret_size = sizeof ret->in;
        return 0;
    }
    if (inet_pton(AF_INET6, where->host, &ret->in6.sin6_addr) == 1) {
        ret->in6.sin6_family = AF_INET6;
        ret->in6.sin6_port = htons(where->port);
        *ret_size = sizeof ret->in6;
        return 0;
    }
    err_set(err, ERR_USAGE, "%s is no IP address", where->host);
    return err_hint(err, "127.0.0.1 is this machine alone");
}

static int cannot_listen(const struct http_listen *where, const char *name, struct err *err)
{
    if (where->unix_path || errno != EADDRINUSE)
        return err_sys(err, "listen on %s", name);
    err_sys(err, "listen on %s:%u", name, where->port);
    return err_hint(err, "end who has the port, or give listen.tcp another one; 0 is a free one");
}

int listen_open(const struct http_listen *where, uint16_t *ret_port, struct err *err)
{
    union address address = { 0 };
    socklen_t size = 0;
    int got = where->unix_path ? unix_address(where->unix_path, &address, &size, err)
                               : tcp_address(where, &address, &size, err);
    if (got < 0)
        return got;
    const char *name = where->unix_path ? where->unix_path : where->host;
    CLEANUP(fd_closep)
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_sys(err, "socket for %s", name);
    int on = 1;
    if (where->unix_path ? fchmod(fd, 0600) < 0
                         : setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        return err_sys(err, "prepare the socket for %s", name);
    if (bind(fd, &address.any, size) < 0 || listen(fd, BACKLOG) < 0)
        return cannot_listen(where, name, err);
    size = sizeof address;
    if (getsockname(fd, &address.any, &size) < 0)
        return err_sys(err, "name of the socket for %s", name);
    *ret_port = address.any.sa_family == AF_INET    ? ntohs(address.in.sin_port)
                : address.any.sa_family == AF_INET6 ? ntohs(address.in6.sin6_port)
                                                    : 0;
    return fd_steal(&fd);
}
