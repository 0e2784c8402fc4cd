/* chat - the parts of the chat completions codec. Inside this folder only. */
#pragma once

#include "protocol/codec.h"

/* chat.c: requests */
int chat_request_read(struct protocol_request *request, struct err *err);
void chat_tool_write(struct buf *out, const struct json *tool);
int chat_request_edit(const struct protocol_request *request, struct codec_units units,
    struct codec_changes *changes, struct arena *scratch, struct err *err);
int chat_request_fresh(struct buf *out, const struct protocol_fresh *fresh,
    const struct json *const *messages, struct arena *scratch, struct err *err);
/* chat_reply.c */
int chat_reply_json(struct protocol_reply *reply, const struct json *root, struct err *err);
int chat_reply_event(
    struct protocol_reply *reply, struct str name, const struct json *data, struct err *err);
/* chat_answer.c */
int chat_answer_write(struct buf *out, const struct protocol_answer *answer,
    const struct codec_source *source, struct arena *scratch, struct err *err);
/* Why an answer ends, given why the provider's own did. */
struct str chat_finish(const struct protocol_answer *answer, struct str finish);
/* The members of a call, without braces. */
void chat_call_write(struct buf *out, const struct protocol_call *call);
void chat_usage_write(struct buf *out, const struct protocol_usage *usage);
/* The head of an answer that is made. */
struct chat_made {
    struct str id, model, finish;
};
struct chat_made chat_made(const struct protocol_answer *answer, const struct codec_source *source);
/* chat_stream.c */
int chat_stream_write(struct buf *out, const struct protocol_answer *answer,
    const struct codec_source *source, struct arena *scratch, struct err *err);
void chat_stream_begin(struct buf *out, struct protocol_stream *stream);
void chat_stream_text(struct buf *out, struct protocol_stream *stream, struct str more);
int chat_stream_end(struct buf *out, struct protocol_stream *stream,
    const struct protocol_answer *answer, const struct codec_source *source, struct arena *scratch,
    struct err *err);
