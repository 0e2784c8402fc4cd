/* body - the bytes of an answer, in pieces that may be repeated.
 *
 * An answer of a gigabyte is a piece of 64 KiB said 16,384 times, so nothing of that size is ever
 * held. A piece that begins an event is marked: streams are cut, paused and spoilt at events. */
#pragma once

#include "base/str.h"

struct body_piece {
    size_t from, size; /* of bytes */
    uint64_t repeat;
    bool event; /* an event begins here; the pieces behind belong to it */
};
struct body {
    struct buf bytes;
    struct body_piece *pieces;
    uint32_t count, room;
    size_t marked; /* bytes behind it are in no piece yet */
    bool inside;   /* an event has begun */
};
enum { BODY_FILL = 64 << 10 };

void body_done(struct body *body);
/* What was written since the last piece becomes one, said `repeat` times. Nothing: no piece. */
void body_piece(struct body *body, uint64_t repeat);
/* The same; what comes next is another event. */
void body_event(struct body *body);
/* `size` times the character, as pieces. */
void body_fill(struct body *body, char c, uint64_t size);
uint64_t body_size(const struct body *body);
uint64_t body_events(const struct body *body);
struct str body_at(const struct body *body, const struct body_piece *piece);
