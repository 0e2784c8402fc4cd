/* messages - what the parts of the Anthropic codec share: content blocks and what they become.
 *
 * One message of this protocol may be several chat messages (each tool_result is one, what stands
 * between them another) and has blocks that the chat format has no word for (thinking with its
 * signature, calls that the provider carries out itself). So an assistant message is never written
 * from its chat form alone: text and calls are merged into the blocks that were there. */
#pragma once

#include "protocol/spoken.h"

/* --- blocks */

enum messages_kind {
    MESSAGES_TEXT,
    MESSAGES_CALL,   /* tool_use: the client's tool */
    MESSAGES_RESULT, /* tool_result */
    MESSAGES_OTHER
};
enum messages_kind messages_kind(const struct json *block);

/* A block of a message that is written again. */
struct messages_block {
    uint32_t from;  /* number of the block that it was, byte for byte; CODEC_NONE: written anew */
    struct str raw; /* one JSON object */
    const struct json *node; /* raw, read; NULL if written anew */
};
/* The blocks of a message that shall say `said` instead: blocks that say what they said before stay
 * byte for byte, a changed one keeps its other members, those that are neither text nor call stay.
 * Returns how many; *ret is in the arena. */
uint32_t messages_merge(struct messages_block **ret, const struct json *const *blocks,
    uint32_t count, const struct spoken *said, struct arena *arena);
/* {"type":"text","text":...}; text is a JSON string. */
struct str messages_text_block(struct arena *arena, struct str quoted);
/* Arguments as a tool_use block wants them: an object. What is none goes as {"_raw": text}. */
struct str messages_input(struct arena *arena, struct str args);
/* Adds the content of a chat message as blocks with commas between, *count more than before.
 * ERR_DENIED: see spoken.h. */
int messages_parts_write(struct buf *out, uint32_t *count, const struct json *content,
    const struct spoken_old *old, struct arena *arena, struct err *err);
/* A block of a user message as a part of a chat message. */
void messages_part_read(struct buf *out, const struct json *block, struct arena *arena);

/* --- a provider's reply, for an answer */

struct messages_event {
    struct str type, bytes; /* bytes: its lines, blank one included */
    const struct json *data;
    struct messages_event *next;
};
struct messages_source_block {
    int64_t index;
    const struct json *node; /* the block, put together */
    struct messages_event *events, *last;
};
struct messages_source {
    const struct json *message;                /* the reply without its end, or NULL */
    struct messages_event *start, *end, *stop; /* message_start, message_delta, message_stop */
    struct messages_source_block *blocks;
    uint32_t count, room;
};
/* Reads a reply that protocol_reply_end has accepted. All of it is in the arena. */
int messages_source_read(struct messages_source *ret, const struct codec_source *source,
    struct arena *arena, struct err *err);

/* --- an answer that is made */

struct messages_made {
    struct str id, model; /* no id: one is made up */
    struct str content;   /* a JSON array */
    struct str stop;      /* a JSON value */
    struct protocol_usage usage;
};
void messages_made_write(struct buf *out, const struct messages_made *made);
void messages_usage_write(struct buf *out, const struct protocol_usage *usage);
/* Why an answer ends: in this protocol's words, and as its calls want it. */
struct str messages_stop_reason(
    const struct protocol_answer *asked, const struct codec_source *from);
/* An event of that type; data is emptied. */
void messages_event_write(struct buf *out, const char *type, struct buf *data);
/* A block as the events that say it. */
void messages_block_write(
    struct buf *out, uint32_t index, const struct json *block, struct arena *arena);

/* --- the table's functions */

int messages_request_read(struct protocol_request *request, struct err *err);
void messages_tool_write(struct buf *out, const struct json *tool);
int messages_request_edit(const struct protocol_request *request, struct codec_units units,
    struct codec_changes *changes, struct arena *scratch, struct err *err);
int messages_request_fresh(struct buf *out, const struct protocol_fresh *fresh,
    const struct json *const *messages, struct arena *scratch, struct err *err);
int messages_reply_json(struct protocol_reply *reply, const struct json *root, struct err *err);
int messages_reply_event(
    struct protocol_reply *reply, struct str name, const struct json *data, struct err *err);
int messages_answer_write(struct buf *out, const struct protocol_answer *answer,
    const struct codec_source *source, struct arena *scratch, struct err *err);
/* messages_stream.c */
void messages_stream_begin(struct buf *out, struct protocol_stream *stream);
void messages_stream_text(struct buf *out, struct protocol_stream *stream, struct str more);
int messages_stream_end(struct buf *out, struct protocol_stream *stream,
    const struct protocol_answer *answer, const struct codec_source *source, struct arena *scratch,
    struct err *err);
