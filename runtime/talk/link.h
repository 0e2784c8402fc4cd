/* link - requests to the service of a home, over its unix socket, on one loop.
 *
 * There is nothing to log in with: who may open the socket is the home's owner. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "wire/home.h"

#include <stdbool.h>
#include <uv.h>

struct link;
/* ERR_STATE: nobody listens there; with what to do about it. */
int link_open(struct link **ret, const struct home *home, struct err *err);
void link_close(struct link *link); /* NULL is fine; every ask has ended */
uv_loop_t *link_loop(const struct link *link);

/* One request. Members down to `with` are the caller's, and stay until it has ended. */
struct ask {
    const char *method, *path;
    const char *session; /* X-Moult-Session, or NULL */
    struct str body;
    uint32_t limit_ms;                                 /* of the whole; 0: a day */
    void (*on_data)(struct ask *ask, struct str data); /* NULL: kept in `answer` */
    void (*on_end)(struct ask *ask);                   /* NULL is fine */
    void *with;
    unsigned status; /* 0: there was no answer */
    uint64_t turn;   /* X-Moult-Turn, or 0 */
    struct buf answer;
    bool going;
    struct err err; /* code 0: the answer is here and says 2xx */
    struct transfer *transfer;
};
int ask_start(struct link *link, struct ask *ask, struct err *err);
/* Until it has ended; its error, if any. */
int ask_wait(struct link *link, struct ask *ask, struct err *err);
/* Both. */
int ask_once(struct link *link, struct ask *ask, struct err *err);
/* A document of the service: GET path. Its text is in the arena. */
int ask_json(const struct json **ret, struct link *link, const char *path, struct arena *arena,
    struct err *err);
void ask_cancel(struct ask *ask);
void ask_done(struct ask *ask); /* ended, or never started */
