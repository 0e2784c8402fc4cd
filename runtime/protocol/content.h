/* content - what a message holds besides text, from one protocol to another: pictures, files,
 * sounds. Inside this folder only.
 *
 * A request that is written anew is made of chat messages, in which such a part stands in the chat
 * format or, where that has no word for it, as its client sent it. */
#pragma once

#include "protocol/spoken.h"

/* Which parts the client brought itself. Zeroed but for the first two: ready. */
struct content_rights {
    const struct protocol_fresh *fresh;
    const struct json *const *nodes; /* fresh->messages, read */
    struct arena *arena;
    struct str *parts; /* sorted bytes of all */
    uint32_t count, room;
    bool read;
};
/* Writes a part that is no text as `to` says it. ERR_DENIED: it is the client's no more than any
 * plugin's, and no picture that is in the message itself. ERR_INPUT: it cannot be said. rights:
 * NULL where there are none. */
int content_write(struct buf *out, enum protocol to, const struct json *part,
    struct content_rights *rights, struct arena *arena, struct err *err);
