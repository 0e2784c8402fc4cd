/* probe_network - ways out by a socket, of every family that the kernel has. */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in loopback(const char *port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return to;
}

static bool connect_tcp(const char *port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
}

/* No connect(2): the first bytes go with the first packet. */
static bool connect_by_sending(const char *port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to) == 1;
}

static bool connect_tcp6(const char *port)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6,
        .sin6_port = htons((uint16_t)atoi(port)),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
}

static bool send_datagram(const char *port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd >= 0 && sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1;
}

/* Through the proxy of a run that was granted a network, which stands on the host. */
static bool ask_the_proxy(int fd, const char *address_and_port)
{
    char text[512];
    static const char reached[] = "HTTP/1.1 200";
    int size = snprintf(text, sizeof text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n",
        address_and_port, address_and_port);
    return write(fd, text, (size_t)size) == size &&
           read(fd, text, sizeof reached - 1) == (ssize_t)sizeof reached - 1 &&
           memcmp(text, reached, sizeof reached - 1) == 0;
}

/* "ADDRESS:PORT" of the host's own, not of its loopback. */
static bool connect_to_own_address(const char *address_and_port)
{
    char address[64];
    const char *port = strchr(address_and_port, ':');
    struct sockaddr_in proxy = loopback("3128"), to = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (!port || fd < 0)
        return false;
    if (connect(fd, (struct sockaddr *)&proxy, sizeof proxy) == 0)
        return ask_the_proxy(fd, address_and_port);
    snprintf(address, sizeof address, "%.*s", (int)(port - address_and_port), address_and_port);
    to.sin_port = htons((uint16_t)atoi(port + 1));
    int direct = socket(AF_INET, SOCK_STREAM, 0);
    return inet_pton(AF_INET, address, &to.sin_addr) == 1 &&
           connect(direct, (struct sockaddr *)&to, sizeof to) == 0;
}

static bool listen_tcp(const char *argument)
{
    (void)argument;
    struct sockaddr_in here = loopback("0");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(fd, 1) == 0;
}

/* To an address, not to an interface of this machine; no packet is sent. */
static bool connect_outside(const char *address)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) };
    inet_pton(AF_INET, address, &to.sin_addr);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
}

static bool connect_unix(int type, const char *name, size_t size)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    memcpy(to.sun_path, name, size);
    int fd = socket(AF_UNIX, type, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) == 0;
}

static bool connect_unix_path(const char *path)
{
    return connect_unix(SOCK_STREAM, path, strlen(path) + 1);
}

static bool connect_unix_abstract(const char *name)
{
    char path[64] = { 0 };
    snprintf(path + 1, sizeof path - 1, "%s", name);
    return connect_unix(SOCK_STREAM, path, strlen(name) + 1);
}

static bool send_unix_datagram(const char *path)
{
    return connect_unix(SOCK_DGRAM, path, strlen(path) + 1);
}

static bool has_family(int family, int type)
{
    int fd = socket(family, type, 0);
    return fd >= 0 && close(fd) == 0;
}

static bool family_unix(const char *argument)
{
    (void)argument;
    return has_family(AF_UNIX, SOCK_STREAM) || has_family(AF_UNIX, SOCK_DGRAM);
}

/* Any family but Unix's, any type. */
static bool family_any(const char *argument)
{
    (void)argument;
    const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_RDM };
    bool any = false;
    for (int family = AF_INET; family < 64; family++)
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            any |= has_family(family, types[i]);
    return any;
}

static bool pair_any(const char *argument)
{
    (void)argument;
    int ends[2];
    bool any = false;
    for (int family = AF_INET; family < 64; family++)
        any |= socketpair(family, SOCK_STREAM, 0, ends) == 0;
    return any;
}

/* Asks the kernel for its routes. */
static bool ask_routes(const char *argument)
{
    (void)argument;
    struct {
        struct nlmsghdr head;
        struct rtgenmsg body;
    } ask = { { sizeof ask, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { AF_UNSPEC } };
    char answer[8192];
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    return fd >= 0 && send(fd, &ask, sizeof ask, 0) == sizeof ask &&
           recv(fd, answer, sizeof answer, 0) > 0;
}

static bool hear_devices(const char *argument)
{
    (void)argument;
    struct sockaddr_nl here = { .nl_family = AF_NETLINK, .nl_groups = 1 };
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
    return fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof here) == 0;
}

static bool hear_packets(const char *argument)
{
    (void)argument;
    return has_family(AF_PACKET, SOCK_RAW);
}

static bool raw_packets(const char *argument)
{
    (void)argument;
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    return fd >= 0 && close(fd) == 0;
}

/* To the machine that this one is a guest of: no network namespace is between. */
static bool reach_hypervisor(const char *argument)
{
    (void)argument;
    return has_family(AF_VSOCK, SOCK_STREAM);
}

static bool kernel_crypto(const char *argument)
{
    (void)argument;
    return has_family(AF_ALG, SOCK_SEQPACKET);
}

const struct attempt attempts_network[] = {
    { "tcp", connect_tcp },
    { "tcp-fastopen", connect_by_sending },
    { "tcp6", connect_tcp6 },
    { "udp", send_datagram },
    { "udp-outside", connect_outside },
    { "own-address", connect_to_own_address },
    { "listen", listen_tcp },
    { "unix-path", connect_unix_path },
    { "unix-abstract", connect_unix_abstract },
    { "unix-datagram", send_unix_datagram },
    { "unix", family_unix },
    { "any-family", family_any },
    { "any-pair", pair_any },
    { "netlink-links", ask_routes },
    { "netlink-devices", hear_devices },
    { "packet", hear_packets },
    { "raw", raw_packets },
    { "vsock", reach_hypervisor },
    { "alg", kernel_crypto },
    { NULL, NULL },
};
