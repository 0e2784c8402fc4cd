/* peer - see peer.h. No blocking call: poll with the time that is left stands before each. */
#include "promote/peer.h"

#include "base/clock.h"
#include "base/mem.h"
#include "wire/pack.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum { HEAD = 5, NS_A_MS = 1000000 };

void peer_done(struct peer *peer)
{
    if (peer)
        buf_done(&peer->in);
}

uint64_t peer_left_ns(const struct peer *peer)
{
    uint64_t now = clock_mono_ns();
    return now < peer->deadline_ns ? peer->deadline_ns - now : 0;
}

static int wait_for(const struct peer *peer, short events, struct err *err)
{
    for (;;) {
        uint64_t left = peer_left_ns(peer);
        if (left == 0)
            return err_set(err, ERR_TIMEOUT, "the proposer's time is over");
        struct pollfd fd = { .fd = peer->fd, .events = events };
        int n = poll(&fd, 1, (int)(left / NS_A_MS < 60000 ? left / NS_A_MS + 1 : 60000));
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return err_sys(err, "wait for the proposer");
    }
}

/* All of size, or how much was there when the stream ended. */
static ssize_t read_some(struct peer *peer, char *to, size_t size, struct err *err)
{
    size_t at = 0;
    while (at < size) {
        int rc = wait_for(peer, POLLIN, err);
        if (rc < 0)
            return rc;
        ssize_t n = recv(peer->fd, to + at, size - at, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            break;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n < 0)
            return err_sys(err, "read from the proposer");
        at += (size_t)n;
    }
    return (ssize_t)at;
}

static int check_head(struct peer *peer, uint32_t size, uint8_t type, struct err *err)
{
    if (type == 0 || (type > PROPOSER_STOP && type != PROPOSER_ASK))
        return err_set(err, ERR_INPUT, "the proposer sends no message of type %u", type);
    if (size > PROPOSER_FRAME_MAX)
        return err_set(err, ERR_LIMIT, "a message of %u bytes; at most %d are taken", size,
            PROPOSER_FRAME_MAX);
    peer->received += HEAD + size;
    if (peer->received > peer->bytes_max)
        return err_set(err, ERR_LIMIT, "more than %llu bytes from the proposer",
            (unsigned long long)peer->bytes_max);
    return 0;
}

int peer_receive(
    struct peer *peer, enum proposer_type *ret_type, struct str *ret_payload, struct err *err)
{
    char head[HEAD];
    ssize_t n = read_some(peer, head, HEAD, err);
    if (n <= 0)
        return (int)n;
    struct unpack in = unpack_begin((struct str){ head, (size_t)n });
    uint32_t size = unpack_u32(&in);
    uint8_t type = unpack_u8(&in);
    if (n < HEAD)
        return err_set(err, ERR_PEER, "the proposer ended within a message");
    int rc = check_head(peer, size, type, err);
    if (rc < 0)
        return rc;
    buf_clear(&peer->in);
    n = read_some(peer, buf_reserve(&peer->in, size), size, err);
    if (n < 0)
        return (int)n;
    if ((size_t)n < size)
        return err_set(err, ERR_PEER, "the proposer ended within a message");
    peer->in.size = size;
    *ret_type = type;
    *ret_payload = buf_view(&peer->in);
    return 1;
}

int peer_send(struct peer *peer, enum proposer_type type, struct str payload, struct err *err)
{
    CLEANUP(buf_done) struct buf frame = { 0 };
    if (payload.size > PROPOSER_FRAME_MAX)
        return err_set(err, ERR_LIMIT, "an answer of %zu bytes; at most %d are sent", payload.size,
            PROPOSER_FRAME_MAX);
    pack_u32(&frame, (uint32_t)payload.size);
    pack_u8(&frame, (uint8_t)type);
    buf_str(&frame, payload);
    peer->sent += frame.size;
    if (peer->sent > peer->bytes_max)
        return err_set(err, ERR_LIMIT, "more than %llu bytes to the proposer",
            (unsigned long long)peer->bytes_max);
    for (size_t at = 0; at < frame.size;) {
        int rc = wait_for(peer, POLLOUT, err);
        if (rc < 0)
            return rc;
        ssize_t n = send(peer->fd, frame.at + at, frame.size - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n < 0)
            return err_set(err, ERR_PEER, "the proposer has gone");
        at += (size_t)n;
    }
    return 0;
}
