/* http_peer - a raw HTTP client for tests: sends bytes as they are given, reads one answer at a
 * time. If it has a loop, the loop runs while it waits, so that a server in the same thread can be
 * its peer. Nothing waits longer than PEER_WAIT_MS; what did not come is a failed assertion. */
#pragma once

#include "base/str.h"

#include <uv.h>

enum { PEER_WAIT_MS = 20000 };

struct http_peer {
    int fd;
    uv_loop_t *loop; /* or NULL */
    struct buf in;   /* read and not yet taken */
    bool ended;      /* by the other side */
    bool reset;      /* and not in good order */
};

struct http_said {
    unsigned status;
    char *head; /* status line and headers, NUL-terminated */
    struct buf body;
    bool whole; /* complete by its length or last chunk, or closed where that is the rule */
};

void peer_unix(struct http_peer *peer, const char *path, uv_loop_t *loop);
void peer_tcp(struct http_peer *peer, uint16_t port, uv_loop_t *loop);
void peer_close(struct http_peer *peer);
void peer_send(struct http_peer *peer, struct str bytes);
void peer_say(struct http_peer *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The next answer (1xx too). bodiless: to a HEAD. false: the connection ended before a head. */
bool peer_hear(struct http_peer *peer, struct http_said *ret, bool bodiless);
void peer_said_done(struct http_said *said);
/* A header's value in any case; or NULL. Valid until the next call. */
const char *peer_header(const struct http_said *said, const char *name);
/* Until that many bytes lie in `in`, or these, or the end came: whether they are there. */
bool peer_wait_size(struct http_peer *peer, size_t size);
bool peer_wait_text(struct http_peer *peer, const char *text);
/* Until the other side ends the connection; more bytes are kept. */
void peer_wait_end(struct http_peer *peer);
/* One round of the loop, or a millisecond. */
void peer_turn(struct http_peer *peer);
