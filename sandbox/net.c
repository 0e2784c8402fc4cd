/* net - see net.h. A namespace is made without anything that is up. */
#include "sandbox/net.h"

#include "base/fd.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { QUEUE_MAX = 128 };

static int raise_loopback(struct err *err)
{
    struct ifreq request = { .ifr_name = "lo" };
    CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? err_sys(err, "layer net_ns: loopback")
                                                           : 0;
}

static int open_proxy(uint16_t port, struct err *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, QUEUE_MAX) < 0)
        return err_sys(err, "layer net_ns: socket of the proxy");
    return fd_steal(&fd);
}

int net_enter(const struct birth_net *net, int *ret, struct err *err)
{
    *ret = -1;
    int rc = raise_loopback(err);
    if (rc < 0 || net->proxy == 0)
        return rc;
    *ret = rc = open_proxy(net->proxy, err);
    return rc < 0 ? rc : 0;
}
