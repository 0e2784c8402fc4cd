/* http_peer - see http_peer.h. */
#include "http_peer.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_STEP = 64 * 1024, TEXT_MAX = 8192, VALUE_MAX = 1024 };

static void open_to(struct http_peer *peer, const void *address, socklen_t size, uv_loop_t *loop)
{
    int family = ((const struct sockaddr *)address)->sa_family;
    *peer = (struct http_peer){ .fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), .loop = loop };
    assert_true(peer->fd >= 0);
    assert_int_equal(connect(peer->fd, address, size), 0);
}

void peer_unix(struct http_peer *peer, const char *path, uv_loop_t *loop)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    open_to(peer, &address, sizeof address, loop);
}

void peer_tcp(struct http_peer *peer, uint16_t port, uv_loop_t *loop)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_to(peer, &address, sizeof address, loop);
}

void peer_close(struct http_peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    buf_done(&peer->in);
}

void peer_turn(struct http_peer *peer)
{
    if (peer->loop)
        uv_run(peer->loop, UV_RUN_NOWAIT);
    poll(&(struct pollfd){ .fd = peer->fd, .events = POLLIN }, 1, 1);
}

void peer_send(struct http_peer *peer, struct str bytes)
{
    uint64_t limit = clock_mono_ns() + PEER_WAIT_MS * 1000000ull;
    while (bytes.size > 0 && clock_mono_ns() < limit) {
        ssize_t n = send(peer->fd, bytes.at, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return; /* the other side has hung up: the test sees it by what it hears */
        bytes.at += n > 0 ? n : 0;
        bytes.size -= n > 0 ? (size_t)n : 0;
        if (n < 0)
            peer_turn(peer);
    }
    assert_int_equal(bytes.size, 0);
}

void peer_say(struct http_peer *peer, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_in_range(size, 0, sizeof text - 1);
    peer_send(peer, (struct str){ text, (size_t)size });
}

/* Something more, or the end. */
static void more(struct http_peer *peer)
{
    uint64_t limit = clock_mono_ns() + PEER_WAIT_MS * 1000000ull;
    while (!peer->ended) {
        char *to = buf_reserve(&peer->in, READ_STEP);
        ssize_t n = recv(peer->fd, to, READ_STEP, MSG_DONTWAIT);
        if (n > 0) {
            peer->in.size += (size_t)n;
            return;
        }
        peer->reset = n < 0 && errno == ECONNRESET;
        peer->ended = n == 0 || (errno != EAGAIN && errno != EINTR);
        if (!peer->ended)
            peer_turn(peer);
        if (clock_mono_ns() > limit)
            fail_msg("nothing came in %d ms; so far: %.*s", PEER_WAIT_MS, (int)peer->in.size,
                peer->in.at ? peer->in.at : "");
    }
}

static void take(struct http_peer *peer, size_t size)
{
    peer->in.size -= size;
    memmove(peer->in.at, peer->in.at + size, peer->in.size);
}

bool peer_wait_size(struct http_peer *peer, size_t size)
{
    while (peer->in.size < size && !peer->ended)
        more(peer);
    return peer->in.size >= size;
}

bool peer_wait_text(struct http_peer *peer, const char *text)
{
    while (str_find(buf_view(&peer->in), str_of(text)) < 0) {
        if (peer->ended)
            return false;
        more(peer);
    }
    return true;
}

void peer_wait_end(struct http_peer *peer)
{
    while (!peer->ended)
        more(peer);
}

const char *peer_header(const struct http_said *said, const char *name)
{
    static char value[VALUE_MAX];
    size_t size = strlen(name);
    for (const char *line = strstr(said->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, size) || line[size] != ':')
            continue;
        const char *from = line + size + 1 + strspn(line + size + 1, " ");
        snprintf(value, sizeof value, "%.*s", (int)strcspn(from, "\r"), from);
        return value;
    }
    return NULL;
}

static bool take_exactly(struct http_peer *peer, struct buf *to, size_t size)
{
    bool whole = peer_wait_size(peer, size);
    size = whole ? size : peer->in.size;
    buf_add(to, peer->in.at, size);
    take(peer, size);
    return whole;
}

static bool take_chunks(struct http_peer *peer, struct buf *to)
{
    for (;;) {
        if (!peer_wait_text(peer, "\r\n"))
            return false;
        char *rest;
        size_t size = strtoul(peer->in.at, &rest, 16);
        take(peer, (size_t)(rest - peer->in.at) + 2);
        if (!take_exactly(peer, to, size) || !peer_wait_size(peer, 2))
            return false;
        take(peer, 2);
        if (size == 0)
            return true;
    }
}

bool peer_hear(struct http_peer *peer, struct http_said *ret, bool bodiless)
{
    *ret = (struct http_said){ 0 };
    if (!peer_wait_text(peer, "\r\n\r\n"))
        return false;
    size_t size = (size_t)str_find(buf_view(&peer->in), STR("\r\n\r\n")) + 4;
    ret->head = mem_format("%.*s", (int)size, peer->in.at);
    take(peer, size);
    assert_int_equal(sscanf(ret->head, "HTTP/1.%*u %u", &ret->status), 1);
    const char *length = peer_header(ret, "Content-Length");
    size_t want = length ? strtoul(length, NULL, 10) : 0;
    const char *coding = peer_header(ret, "Transfer-Encoding");
    if (bodiless || ret->status < 200 || ret->status == 204 || ret->status == 304)
        ret->whole = true;
    else if (coding && !strcasecmp(coding, "chunked"))
        ret->whole = take_chunks(peer, &ret->body);
    else if (length)
        ret->whole = take_exactly(peer, &ret->body, want);
    else {
        peer_wait_end(peer);
        ret->whole = take_exactly(peer, &ret->body, peer->in.size);
    }
    return true;
}

void peer_said_done(struct http_said *said)
{
    free(said->head);
    buf_done(&said->body);
}
