/* frame - messages over a stream socket: u32 length (little endian), then the payload.
 * Buffered both ways, so that many small messages cost one system call. */
#pragma once

#include "wire/effect.h"

struct frame_channel {
    int fd;
    struct buf in, out;
    size_t in_at; /* consumed bytes of in */
};
void frame_init(struct frame_channel *channel, int fd);
void frame_done(struct frame_channel *channel); /* does not close fd */
/* Encodes into the out buffer; frame_flush writes it all (blocking). */
int frame_put(struct frame_channel *channel, const struct wire *message, struct err *err);
int frame_flush(struct frame_channel *channel, struct err *err);
/* The next message. Blocks until one is there, after flushing out. Slices stay valid until the next
 * call. Returns 1, or 0 at a clean end of the stream, or an error. */
int frame_get(struct frame_channel *channel, struct arena *arena, enum wire_direction direction,
    struct wire *ret, struct err *err);
/* For a poll loop: reads what is there without blocking, then frame_next takes messages out of the
 * buffer. frame_next returns 1, or 0 when a whole message is not there yet. frame_fill returns 0 at
 * end of stream, 1 otherwise. frame_write writes what the socket takes; 1 if some is left. */
int frame_fill(struct frame_channel *channel, struct err *err);
int frame_next(struct frame_channel *channel, struct arena *arena, enum wire_direction direction,
    struct wire *ret, struct err *err);
int frame_write(struct frame_channel *channel, struct err *err);
