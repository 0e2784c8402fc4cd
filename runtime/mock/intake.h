/* intake - HTTP/1.1 requests out of bytes, as they come.
 *
 * The scripted model speaks HTTP with code of its own, below any library: a server that has to
 * answer half a body, a wrong length, one byte a second or nothing at all cannot be built on one
 * that prevents these, and what judges moult's own HTTP must not share its mistakes. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "mock/ask.h"

enum { INTAKE_HEAD_MAX = 64 << 10, INTAKE_HEADERS_MAX = 200 };

/* Zeroed: ready for a connection's first request. */
struct intake {
    struct buf head, body;
    struct str method, target, path;               /* slices of head */
    struct ask_header headers[INTAKE_HEADERS_MAX]; /* names in lower case */
    uint32_t headers_count;
    uint64_t left; /* of the body, or of its current chunk */
    uint8_t state;
    bool old;       /* HTTP/1.0 */
    bool keep;      /* the connection may be used again */
    bool wants_100; /* Expect: 100-continue: cleared by who sent it */
    bool whole;     /* the request is here */
};
/* Takes bytes until the request is whole; returns how many were taken, or what the client did
 * wrong: ERR_INPUT (answer 400), ERR_LIMIT (413). */
ptrdiff_t intake_feed(struct intake *intake, struct str bytes, struct err *err);
struct str intake_header(const struct intake *intake, const char *name);
/* Ready for the next request of the same connection. */
void intake_next(struct intake *intake);
void intake_done(struct intake *intake);
