/* spoken - what a chat message says, for codecs that have to say it in a format of their own.
 * Inside this folder only. */
#pragma once

#include "protocol/codec.h"

/* In plain text; slices in the arena or the document. */
struct spoken {
    struct str text;
    const struct protocol_call *calls;
    uint32_t calls_count;
};
struct spoken spoken_of(const struct json *chat, struct arena *arena);
/* The text of a content: itself, or that of its parts. */
struct str spoken_text(const struct json *content, struct arena *arena);
/* A JSON string that is this text, which needs no escapes. */
bool spoken_is(const struct json *value, const char *text);
bool spoken_role(const struct json *chat, const char *role);
bool spoken_system(const struct json *chat); /* system, developer */
bool spoken_result(const struct json *chat); /* tool, function */
/* The text as a JSON string. */
struct str spoken_quoted(struct arena *arena, struct str text);
/* A chat message may come from a plugin, and no plugin brings a kind of content or an address into
 * a request that the client did not put there: besides text and pictures that are in the message
 * itself, a part must be one of the message that it stands in for. */
struct content_rights;
struct spoken_old {
    const struct json *parts;          /* the content of that message in the chat format, or NULL */
    const struct json *const *content; /* what its parts are in the protocol's own format */
    uint32_t count;
    struct content_rights *rights; /* of a request that is written anew, or NULL */
};
/* Parts in the protocol's own format as the old content of the chat message `chat`. */
struct spoken_old spoken_old_of(
    struct str chat, const struct json *const *content, uint32_t count, struct arena *arena);
/* The elements of a list; none if it is no list. *ret is in the arena. */
uint32_t spoken_list(const struct json *const **ret, const struct json *list, struct arena *arena);
/* What the part was, byte for byte; NULL: it was not there. */
const struct json *spoken_old_part(const struct spoken_old *old, const struct json *part);
/* The address of a picture that is in the part itself, or empty. */
struct str spoken_picture(const struct json *part, struct arena *arena);
/* ERR_DENIED: the part is of no kind that may be brought in. */
int spoken_deny(struct err *err);
/* Adds ,"tools":[...] with what `write` makes of each tool; nothing if there is none. */
int spoken_tools_write(struct buf *out, struct str tools,
    void (*write)(struct buf *out, const struct json *tool), struct arena *arena, struct err *err);
