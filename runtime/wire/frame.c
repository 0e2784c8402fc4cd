/* frame - messages over a stream socket.
 *
 * Both directions are buffered: a worker that is sent a hundred small messages reads them with one
 * system call and answers with one. Bytes that were read stay where they are until the next message
 * is asked for, since the slices of a decoded message point at them. */
#include "wire/frame.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 4, READ_LEAST = 64 << 10, FLUSH_AT = 256 << 10 };

void frame_init(struct frame_channel *channel, int fd)
{
    *channel = (struct frame_channel){ .fd = fd };
}

void frame_done(struct frame_channel *channel)
{
    buf_done(&channel->in);
    buf_done(&channel->out);
    channel->in_at = 0;
}

static uint32_t read_size(const char *at)
{
    uint32_t size = 0;
    for (unsigned i = 0; i < HEAD; i++)
        size |= (uint32_t)(uint8_t)at[i] << (8 * i);
    return size;
}

static void write_size(char *at, uint32_t size)
{
    for (unsigned i = 0; i < HEAD; i++)
        at[i] = (char)(uint8_t)(size >> (8 * i));
}

int frame_put(struct frame_channel *channel, const struct wire *message, struct err *err)
{
    size_t start = channel->out.size;
    buf_add(&channel->out, "\0\0\0\0", HEAD);
    wire_encode(&channel->out, message);
    size_t size = channel->out.size - start - HEAD;
    if (size > WIRE_FRAME_MAX) {
        channel->out.size = start;
        return err_set(err, ERR_LIMIT, "%s of %zu bytes does not fit a frame of %d",
            wire_words[message->type], size, WIRE_FRAME_MAX);
    }
    write_size(channel->out.at + start, (uint32_t)size);
    return 0;
}

int frame_flush(struct frame_channel *channel, struct err *err)
{
    if (channel->out.size == 0)
        return 0;
    int r = write_all(channel->fd, channel->out.at, channel->out.size, err);
    buf_clear(&channel->out);
    return r;
}

/* Room for the rest of the frame that is being read, at least. */
static void make_room(struct frame_channel *channel)
{
    struct buf *in = &channel->in;
    if (channel->in_at > 0) {
        memmove(in->at, in->at + channel->in_at, in->size - channel->in_at);
        in->size -= channel->in_at;
        channel->in_at = 0;
    }
    size_t want = in->size + READ_LEAST;
    if (in->size >= HEAD && HEAD + (size_t)read_size(in->at) > want)
        want = HEAD + (size_t)read_size(in->at);
    if (in->room < want) {
        in->at = mem_grow(in->at, want, 1);
        in->room = want;
    }
}

/* A locked worker may read and nothing else; a poll loop must not block. */
static ssize_t read_once(int fd, void *to, size_t size, bool block)
{
    return block ? read(fd, to, size) : recv(fd, to, size, MSG_DONTWAIT);
}

static int read_some(struct frame_channel *channel, bool block, struct err *err)
{
    make_room(channel);
    struct buf *in = &channel->in;
    for (;;) {
        ssize_t n = read_once(channel->fd, in->at + in->size, in->room - in->size, block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return block ? err_set(err, ERR_TIMEOUT, "the peer says nothing") : 1;
        if (n < 0)
            return err_sys(err, "read from the peer");
        in->size += (size_t)n;
        return n > 0;
    }
}

int frame_next(struct frame_channel *channel, struct arena *arena, enum wire_direction direction,
    struct wire *ret, struct err *err)
{
    const struct buf *in = &channel->in;
    size_t left = in->size - channel->in_at;
    if (left < HEAD)
        return 0;
    uint32_t size = read_size(in->at + channel->in_at);
    if (size > WIRE_FRAME_MAX)
        return err_set(
            err, ERR_LIMIT, "a frame of %u bytes; at most %d are taken", size, WIRE_FRAME_MAX);
    if (left - HEAD < size)
        return 0;
    struct str payload = { in->at + channel->in_at + HEAD, size };
    channel->in_at += HEAD + (size_t)size;
    int r = wire_decode(ret, arena, payload, direction, err);
    return r < 0 ? r : 1;
}

int frame_get(struct frame_channel *channel, struct arena *arena, enum wire_direction direction,
    struct wire *ret, struct err *err)
{
    if (channel->out.size >= FLUSH_AT) {
        int r = frame_flush(channel, err);
        if (r < 0)
            return r;
    }
    for (;;) {
        int r = frame_next(channel, arena, direction, ret, err);
        if (r != 0)
            return r;
        r = frame_flush(channel, err);
        if (r < 0)
            return r;
        r = read_some(channel, true, err);
        if (r < 0)
            return r;
        if (r == 0 && channel->in.size > channel->in_at)
            return err_set(err, ERR_PEER, "the stream ended inside a message");
        if (r == 0)
            return 0;
    }
}

int frame_fill(struct frame_channel *channel, struct err *err)
{
    return read_some(channel, false, err);
}

int frame_write(struct frame_channel *channel, struct err *err)
{
    struct buf *out = &channel->out;
    size_t at = 0;
    while (at < out->size) {
        ssize_t n = send(channel->fd, out->at + at, out->size - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0)
            return err_sys(err, "write to the peer");
        at += (size_t)n;
    }
    if (at == 0)
        return out->size > 0;
    memmove(out->at, out->at + at, out->size - at);
    out->size -= at;
    return out->size > 0;
}
