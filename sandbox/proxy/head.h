/* head - what a program of a run asks of the proxy: CONNECT HOST:PORT, or a request for an http
 * URL.
 *
 * Hostile bytes, read where keys may be: one strict reader, which takes what RFC 9112 calls well
 * formed and nothing that two readers could understand in two ways. */
#pragma once

#include "sandbox/proxy/place.h"

enum { HEAD_MAX = 16384 };
struct head {
    struct place place;
    bool tunnel; /* CONNECT: bytes are passed on as they are */
};
/* Bytes of the head at the start of text, its blank line included; 0: it is not whole yet. */
size_t head_size(struct str text);
/* text: a whole head. A request that is no tunnel is written to out as the host itself wants it:
 * the path alone, Host of the URL, nothing that is for a proxy, and the connection's end behind the
 * answer, so that no second request can go where the first did. ERR_INPUT, ERR_DENIED (not http).
 */
int head_read(struct head *ret, struct str text, struct buf *out, struct err *err);
