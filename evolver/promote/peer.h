/* peer - the driver's end of a proposer's socket.
 *
 * The other end is a program that is not trusted. It may send half a message, a byte a minute, or
 * never read: each call ends by the deadline, each message is bounded before memory is had for it,
 * and all bytes together are. */
#pragma once

#include "propose/proposer.h"

struct peer {
    int fd;                             /* the caller's */
    uint64_t deadline_ns;               /* of clock_mono_ns */
    uint64_t received, sent, bytes_max; /* bytes, frames' heads included; max: each way */
    struct buf in;
};
void peer_done(struct peer *peer);
/* 1 and *ret_type, *ret_payload (valid until the next call); 0 at the stream's end. ERR_TIMEOUT
 * behind the deadline, ERR_LIMIT over a bound, ERR_INPUT for what only the driver may send or is
 * no message, ERR_PEER for half of one. */
int peer_receive(
    struct peer *peer, enum proposer_type *ret_type, struct str *ret_payload, struct err *err);
/* ERR_TIMEOUT, ERR_LIMIT, ERR_PEER: it has gone. */
int peer_send(struct peer *peer, enum proposer_type type, struct str payload, struct err *err);
/* Nanoseconds until the deadline, 0 when it has passed. */
uint64_t peer_left_ns(const struct peer *peer);
