/* transfer - HTTP requests out (libcurl's multi interface) on a libuv loop.
 *
 * One thread, the loop's. Connections are kept and used again. A redirect is not followed, cookies
 * are not kept, no content coding is asked for: bytes go and come as they are. Every wait has a
 * limit. A request goes out once at most: a kept connection that turns out to be dead is CUT, and
 * whether to try again is for the caller to say. The program ignores SIGPIPE, which a TLS write may
 * raise. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <uv.h>

struct transfers; /* of one loop: connections, DNS, TLS */
struct transfer;

struct transfer_limits {
    uint32_t connect_ms, first_byte_ms, idle_ms, total_ms; /* 0: transfer_limits_default's */
    size_t body_max;                                       /* of the answer; 0: the default */
};
extern const struct transfer_limits transfer_limits_default;

struct transfer_request {
    const char *method, *url;
    /* "Name: value", NULL-terminated; ERR_INPUT if malformed. HTTP's own (length, transfer coding,
     * connection) are left out; none is added that is not here but Host and the length. */
    const char *const *headers;
    bool decode;     /* an answer that is coded comes as it was before; nobody asks for one */
    struct str body; /* must live until on_end; empty: none */
    const char *proxy, *ca_file, *unix_socket; /* NULL: none (no proxy from the environment) */
    struct transfer_limits limits;
};
enum transfer_end {
    TRANSFER_DONE,
    TRANSFER_CONNECT, /* no connection: refused, no such host, TLS */
    TRANSFER_TIMEOUT, /* which limit: err */
    TRANSFER_CUT,     /* the connection broke, or the answer was not whole */
    TRANSFER_TOO_LARGE,
    TRANSFER_CANCELLED
};
struct transfer_events {
    /* The final status (1xx are swallowed) and each header, before any byte of the body. */
    void (*on_head)(void *with, unsigned status); /* all but on_end may be NULL */
    void (*on_header)(void *with, struct str name, struct str value);
    void (*on_data)(void *with, struct str bytes);
    /* The last event; the transfer is gone when it returns. sent: the peer may have got the
     * request, so that its outcome is not known if the end is not DONE. */
    void (*on_end)(void *with, enum transfer_end end, bool sent, const struct err *err);
};
int transfers_new(struct transfers **ret, uv_loop_t *loop, struct err *err);
/* Cancels what is open; the loop must run once more behind it. NULL is fine. */
void transfers_free(struct transfers *transfers);
/* Events come later, never from within this call. Headers order: on_head, then on_header each. */
int transfer_start(struct transfer **ret, struct transfers *transfers,
    const struct transfer_request *request, const struct transfer_events *events, void *with,
    struct err *err);
/* Closes the connection at once; on_end runs with CANCELLED before this returns. */
void transfer_cancel(struct transfer *transfer);
/* Stops reading (the peer is held back by TCP) and goes on; idle time does not run meanwhile. */
void transfer_pause(struct transfer *transfer, bool paused);
