/* sse - server-sent events, read as they come (the event stream of the HTML standard).
 *
 * Bytes may be cut anywhere, also between CR and LF; a line may be as long as SSE_EVENT_MAX. An
 * event counts when the blank line behind it came, so a stream that is cut in mid-event says
 * nothing wrong. Comments and fields without a use here (id, retry) are passed over. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum { SSE_EVENT_MAX = 8 << 20 };

/* Zeroed: ready. */
struct sse {
    struct buf line; /* the unfinished line */
    struct buf name; /* of the event that is being read */
    struct buf data; /* its data lines so far, a newline behind each */
    bool data_seen;
    bool begun;    /* the first line, which may have a byte order mark, was read */
    bool after_cr; /* a LF that comes now belongs to the line end before */
    uint64_t at;   /* bytes read; in an event's call: behind its blank line */
};
/* name: "" if the event has none; data: without the last newline. Both only for this call. Returns
 * 0, or a negated ERR_ code that sse_feed hands on. */
typedef int sse_event_fn(void *user, struct str name, struct str data, struct err *err);

/* Reads bytes and calls event for each one that is whole. ERR_LIMIT: an event or a line of more
 * than SSE_EVENT_MAX bytes. After an error the reader is of no use. */
int sse_feed(struct sse *sse, struct str bytes, sse_event_fn *event, void *user, struct err *err);
void sse_done(struct sse *sse);
/* Writes one event; name empty: none. A line end in data (blanks of JSON) begins another data line.
 */
void sse_write(struct buf *out, struct str name, struct str data);
