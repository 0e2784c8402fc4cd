/* responses - what the parts of the OpenAI responses codec share: items and what they become.
 *
 * A reply is a row of items (reasoning, messages, calls), and the client sends them back the same
 * way; all that stand side by side are one assistant message of the chat format. Reasoning belongs
 * to the item behind it and has no word in the chat format, so text and calls are merged into the
 * items that were there. */
#pragma once

#include "protocol/spoken.h"

enum responses_kind {
    RESPONSES_SYSTEM,
    RESPONSES_USER,
    RESPONSES_TEXT,   /* a message of the model */
    RESPONSES_CALL,   /* function_call: of the client's tool */
    RESPONSES_CUSTOM, /* custom_tool_call: the same with a text for arguments */
    RESPONSES_RESULT,
    RESPONSES_OTHER /* reasoning, the provider's own tools: the model's */
};
enum responses_kind responses_kind(const struct json *item);
bool responses_type(const struct json *object, const char *type);
/* A part that says text: input_text, output_text. */
bool responses_text_part(const struct json *part);

struct responses_item {
    uint32_t from;  /* number of the item that it was, byte for byte; CODEC_NONE: written anew */
    struct str raw; /* one JSON object */
    const struct json *node; /* raw, read; NULL if written anew */
    bool says;               /* text or a call */
};
/* The items of a message that shall say `said` instead; unchanged ones stay byte for byte. id: of
 * the reply, which new items get theirs from; empty in a request. Returns how many; *ret is in the
 * arena. */
uint32_t responses_merge(struct responses_item **ret, const struct json *const *items,
    uint32_t count, const struct spoken *said, struct str id, struct arena *arena);
/* {"input": text} of a custom call, as the chat format's arguments: a JSON string. */
void responses_custom_args(struct buf *out, const struct json *input);
/* What the text of a message item says, added to the inside of a JSON string. */
void responses_text_add(struct buf *text, const struct json *item);

/* --- a provider's reply, for an answer */

struct responses_event {
    struct str type;
    const struct json *data;
    struct responses_event *next;
};
struct responses_source_item {
    uint64_t index;
    const struct json *node;
    struct responses_event *events, *last;
    bool ended; /* the end of the stream says what it is */
};
struct responses_source {
    const struct json *response; /* the reply, whole; NULL: there is none */
    const struct json *created;  /* the response that the stream began with, or NULL */
    struct responses_source_item *items;
    uint32_t count, room;
};
/* Reads a reply that protocol_reply_end has accepted. All of it is in the arena. */
int responses_source_read(struct responses_source *ret, const struct codec_source *source,
    struct arena *arena, struct err *err);

/* --- an answer as it is written */

struct responses_answer {
    struct buf *out;
    struct arena *arena;
    const struct protocol_answer *asked;
    const struct codec_source *from;
    struct responses_source source;
    struct responses_item *items;
    uint32_t count;
    uint32_t sequence; /* of the next event */
    struct str id;     /* of the response, plain */
};
/* Where in the response a fragment belongs. */
struct responses_spot {
    struct str item; /* its id, a JSON string */
    uint32_t index, part;
};
/* The response as it stands at the beginning of a stream, and at its end. */
void responses_begin_write(struct responses_answer *answer, const char *type);
void responses_end_write(struct responses_answer *answer);
/* An item with all its events. */
void responses_item_write(struct responses_answer *answer, uint32_t index, const struct json *item);
/* One event. item, part: JSON; content: the fragment belongs to a part of a message. */
void responses_item_event(
    struct responses_answer *answer, const char *type, uint32_t index, struct str item);
void responses_part_event(struct responses_answer *answer, const char *type,
    const struct responses_spot *spot, struct str part);
void responses_text_event(struct responses_answer *answer, const char *type,
    const struct responses_spot *spot, bool content, const char *member, struct str quoted);

/* --- the table's functions */

int responses_request_read(struct protocol_request *request, struct err *err);
void responses_tool_write(struct buf *out, const struct json *tool);
int responses_request_edit(const struct protocol_request *request, struct codec_units units,
    struct codec_changes *changes, struct arena *scratch, struct err *err);
int responses_request_fresh(struct buf *out, const struct protocol_fresh *fresh,
    const struct json *const *messages, struct arena *scratch, struct err *err);
int responses_reply_json(struct protocol_reply *reply, const struct json *root, struct err *err);
int responses_reply_event(
    struct protocol_reply *reply, struct str name, const struct json *data, struct err *err);
int responses_answer_write(struct buf *out, const struct protocol_answer *answer,
    const struct codec_source *source, struct arena *scratch, struct err *err);
/* responses_stream.c */
void responses_stream_begin(struct buf *out, struct protocol_stream *stream);
void responses_stream_text(struct buf *out, struct protocol_stream *stream, struct str more);
int responses_stream_end(struct buf *out, struct protocol_stream *stream,
    const struct protocol_answer *answer, const struct codec_source *source, struct arena *scratch,
    struct err *err);
