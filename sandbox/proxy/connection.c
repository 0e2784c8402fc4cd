/* connection - one client of a run's proxy: what it asks for, and the way there. Each has a thread,
 * so that what it does stands in one function from its first line to its last. */
#include "sandbox/proxy/inside.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/proxy/head.h"
#include "sandbox/proxy/relay.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINGER_MS = 1000, LINGER_MAX = 1 << 20, MS_NS = 1000000 };

bool connection_wait(struct proxy *proxy, int fd, short events, int ms)
{
    struct pollfd polled[] = { { fd, events, 0 }, { proxy->stop, POLLIN, 0 } };
    int n;
    do
        n = poll(polled, 2, ms);
    while (n < 0 && errno == EINTR);
    return n > 0 && !polled[1].revents;
}

/* All of it or nothing: the client may have gone. */
static bool send_all(struct proxy *proxy, int fd, struct str bytes)
{
    while (bytes.size > 0) {
        ssize_t n = send(fd, bytes.at, bytes.size, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (n < 0 && !connection_wait(proxy, fd, POLLOUT, proxy->plan.connect_ms))
            return false;
        bytes.at += n > 0 ? n : 0;
        bytes.size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static void answer(struct proxy *proxy, int client, const char *status, const char *text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out,
        "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n"
        "\r\n%s\n",
        status, strlen(text) + 1, text);
    if (!send_all(proxy, client, buf_view(&out)))
        return;
    shutdown(client, SHUT_WR);
    /* Bytes that nobody reads would reset the connection before the client has its answer. */
    ssize_t n = 1;
    char chunk[4096];
    for (size_t read = 0; n != 0 && read<LINGER_MAX; read += n> 0 ? (size_t)n : 0) {
        if (!connection_wait(proxy, client, POLLIN, LINGER_MS))
            return;
        n = recv(client, chunk, sizeof chunk, 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return;
    }
}

static bool read_head(struct proxy *proxy, int client, struct buf *in)
{
    char chunk[4096];
    const uint64_t end = clock_mono_ns() + (uint64_t)proxy->plan.head_ms * MS_NS;
    in->max = HEAD_MAX;
    while (head_size(buf_view(in)) == 0) {
        uint64_t now = clock_mono_ns();
        if (in->over || now >= end ||
            !connection_wait(proxy, client, POLLIN, (int)((end - now) / MS_NS)))
            return false;
        ssize_t n = recv(client, chunk, sizeof chunk, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        buf_add(in, chunk, n > 0 ? (size_t)n : 0);
    }
    return true;
}

int connection_resolve(void *with, const char *host, struct sockaddr_storage *ret)
{
    const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *found;
    int count = 0;
    (void)with;
    if (getaddrinfo(host, NULL, &wanted, &found) != 0)
        return -1;
    for (struct addrinfo *one = found; one && count < PROXY_ADDRESSES_MAX; one = one->ai_next)
        if (one->ai_addrlen <= sizeof *ret)
            memcpy(&ret[count++], one->ai_addr, one->ai_addrlen);
    freeaddrinfo(found);
    return count;
}

/* proxy_stop does not wait for a lookup: false says that it came meanwhile. */
static bool look_up(
    struct proxy *proxy, const struct place *place, struct sockaddr_storage *ret, int *ret_count)
{
    *ret_count = 1;
    if (place_socket(place, ret))
        return true;
    pthread_mutex_lock(&proxy->lock);
    proxy->looking++;
    pthread_cond_broadcast(&proxy->changed);
    pthread_mutex_unlock(&proxy->lock);
    *ret_count = proxy->plan.resolve(proxy->plan.with, place->host, ret);
    pthread_mutex_lock(&proxy->lock);
    bool goes_on = !proxy->stopping;
    if (goes_on)
        proxy->looking--;
    pthread_mutex_unlock(&proxy->lock);
    return goes_on;
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

static int connect_to(struct proxy *proxy, const struct sockaddr_storage *address)
{
    int on = 1, error = 0;
    socklen_t size = sizeof error;
    CLEANUP(fd_closep)
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    socklen_t length =
        address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (connect(fd, (const struct sockaddr *)address, length) == 0)
        return fd_steal(&fd);
    if (errno != EINPROGRESS || !connection_wait(proxy, fd, POLLOUT, proxy->plan.connect_ms) ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0)
        return -1;
    return fd_steal(&fd);
}

/* A descriptor, or -1: none of the addresses may be reached (*ret_refused), or answers. */
static int connect_any(struct proxy *proxy, const struct place *place,
    struct sockaddr_storage *addresses, int count, bool *ret_refused)
{
    int fd = -1;
    *ret_refused = count > 0;
    for (int i = 0; fd < 0 && i < count; i++) {
        const struct sockaddr *address = (const struct sockaddr *)&addresses[i];
        if (!reach_address(&proxy->reach, address, place->port))
            continue;
        *ret_refused = false;
        set_port(&addresses[i], place->port);
        fd = connect_to(proxy, &addresses[i]);
    }
    return fd;
}

static void refuse(struct proxy *proxy, int client, const struct place *place, const char *why)
{
    char text[PLACE_HOST_SIZE + 120];
    snprintf(text, sizeof text, "moult: %s:%u %s", place->host, place->port, why);
    proxy_note(proxy, place, CONTACT_REFUSED);
    answer(proxy, client, "403 Forbidden", text);
}

static void fail(struct proxy *proxy, int client, const struct place *place, const char *why)
{
    char text[PLACE_HOST_SIZE + 120];
    snprintf(text, sizeof text, "moult: %s:%u %s", place->host, place->port, why);
    proxy_note(proxy, place, CONTACT_FAILED);
    answer(proxy, client, "502 Bad Gateway", text);
}

/* What the client wrote behind its head belongs to the host, too. */
static void carry(struct proxy *proxy, int client, int server, const struct head *head,
    struct str first, struct str behind)
{
    struct relay relay = { .client = client,
        .server = server,
        .stop = proxy->stop,
        .idle_ms = proxy->plan.idle_ms,
        .left = &proxy->bytes_left,
        .sent = first.size + behind.size };
    proxy_note(proxy, &head->place, CONTACT_REACHED);
    bool begun = head->tunnel ? send_all(proxy, client,
                                    STR("HTTP/1.1 200 Connection established"
                                        "\r\n\r\n"))
                              : send_all(proxy, server, first);
    if (begun && send_all(proxy, server, behind))
        relay_run(&relay);
    proxy_note_bytes(proxy, &head->place, &relay);
}

/* False: proxy_stop came during the lookup. */
static bool reach(
    struct proxy *proxy, int client, const struct head *head, struct str first, struct str behind)
{
    struct sockaddr_storage addresses[PROXY_ADDRESSES_MAX];
    const struct place *place = &head->place;
    int count;
    bool refused;
    if (!reach_host(&proxy->reach, place)) {
        refuse(proxy, client, place, "is not in the network grant of this run");
        return true;
    }
    if (!look_up(proxy, place, addresses, &count))
        return false;
    CLEANUP(fd_closep) int server = connect_any(proxy, place, addresses, count, &refused);
    if (refused)
        refuse(proxy, client, place,
            "has no public address; one that is not public must be granted as such");
    else if (server < 0)
        fail(proxy, client, place, count > 0 ? "does not answer" : "is not known");
    else
        carry(proxy, client, server, head, first, behind);
    return true;
}

/* By the inode that is held: its path may be too long for an address, or another's by now. */
static int connect_model(const struct proxy *proxy)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d", proxy->model);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) < 0)
        return -1;
    return fd_steal(&fd);
}

/* There is one way, so nothing has to be asked for, and no request is read where keys may be. */
static void lead_to_model(struct proxy *proxy, int client)
{
    static const struct head model = { .place = { .host = "model", .port = MODEL_PORT } };
    CLEANUP(fd_closep) int server = connect_model(proxy);
    if (server < 0)
        fail(proxy, client, &model.place, "does not answer");
    else
        carry(proxy, client, server, &model, (struct str){ 0 }, (struct str){ 0 });
}

bool connection_serve(struct proxy *proxy, int client)
{
    CLEANUP(buf_done) struct buf in = { 0 }, first = { 0 };
    struct head head;
    struct err err = { 0 };
    if (proxy->model >= 0) {
        lead_to_model(proxy, client);
        return true;
    }
    if (!read_head(proxy, client, &in)) {
        answer(proxy, client, "400 Bad Request", "moult: no whole request came");
        return true;
    }
    size_t size = head_size(buf_view(&in));
    if (head_read(&head, (struct str){ in.at, size }, &first, &err) < 0) {
        answer(proxy, client, err.code == ERR_DENIED ? "405 Method Not Allowed" : "400 Bad Request",
            err.text);
        return true;
    }
    return reach(
        proxy, client, &head, buf_view(&first), (struct str){ in.at + size, in.size - size });
}
