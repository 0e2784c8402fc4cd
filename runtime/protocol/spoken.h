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
/* Adds ,"tools":[...] with what `write` makes of each tool; nothing if there is none. */
int spoken_tools_write(struct buf *out, struct str tools,
    void (*write)(struct buf *out, const struct json *tool), struct arena *arena, struct err *err);
