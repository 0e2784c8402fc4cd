/* output - the bytes of an answer on the wire, in the order and at the pace that a play says. No
 * I/O: who has the socket asks for the next bytes and for how long to wait. */
#pragma once

#include "mock/engine.h"

enum output_end { OUTPUT_GOES_ON, OUTPUT_WHOLE, OUTPUT_CUT };

struct output {
    const struct play *play;
    bool old, keep;        /* HTTP/1.0; the connection goes on behind the answer */
    bool chunked, counted; /* with a length; neither: to the end of the connection */
    bool begun;            /* the head is out */
    uint32_t piece;        /* next of the body */
    uint64_t repeated, at; /* how often it was said, and how much of it */
    uint64_t sent;         /* bytes of the body */
};
/* keep and old as the request says; play must stay. */
void output_begin(struct output *output, const struct play *play, bool old, bool keep);
/* The next bytes, at most about 64 KiB; *ret_wait_ms before more are asked for. Behind the end
 * `keep` says whether the connection may be used again. */
enum output_end output_next(struct output *output, struct buf *out, uint32_t *ret_wait_ms);
