/* messages_reply - an Anthropic reply, whole or as events, noted for the chat message.
 *
 * Thinking and the provider's own tools are no part of what the chat message says. Lenient where
 * real servers are sloppy (message_start twice, a block that is never closed), strict where a hook
 * would be told what nobody said: a fragment for a block that was not begun. Tokens read from a
 * cache count as input. */
#include "protocol/messages.h"

#include "base/mem.h"

enum { BLOCKS_MAX = CODEC_CALLS_MAX };
struct open_block {
    uint64_t index; /* that the provider says */
    enum messages_kind kind;
    struct str input; /* what a call began with, if it is more than {} */
};
struct stream {
    struct open_block blocks[BLOCKS_MAX];
    uint32_t count;
};

/* --- what both forms have */

static uint64_t tokens(const struct json *usage, const char *key)
{
    int64_t n = json_int(codec_member(usage, key), 0);
    return n > 0 && n < INT32_MAX ? (uint64_t)n : 0;
}

static void note_usage(struct protocol_reply *reply, const struct json *usage)
{
    uint64_t input = tokens(usage, "input_tokens") + tokens(usage, "cache_creation_input_tokens") +
                     tokens(usage, "cache_read_input_tokens");
    uint64_t output = tokens(usage, "output_tokens");
    if (input > 0)
        reply->usage.input = input;
    if (output > 0)
        reply->usage.output = output;
}

static void note_message(struct protocol_reply *reply, const struct json *message)
{
    codec_note(reply, &reply->id, codec_member(message, "id"));
    codec_note(reply, &reply->model, codec_member(message, "model"));
    codec_note(reply, &reply->finish, codec_member(message, "stop_reason"));
    note_usage(reply, codec_member(message, "usage"));
}

static int begin_call(
    struct protocol_reply *reply, uint64_t number, const struct json *block, struct err *err)
{
    const struct json *name = codec_member(block, "name");
    if (name->raw.size <= 2)
        return err_set(err, ERR_INPUT, "a tool_use block has no name");
    struct codec_call *call = codec_call(reply, number);
    if (!call)
        return err_set(err, ERR_LIMIT, "a reply has over %d calls", CODEC_CALLS_MAX);
    codec_text_add(&call->id, codec_member(block, "id"));
    codec_text_add(&call->name, name);
    return 0;
}

/* --- a JSON body */

static int read_block(
    struct protocol_reply *reply, uint64_t number, const struct json *block, struct err *err)
{
    enum messages_kind kind = messages_kind(block);
    if (kind == MESSAGES_TEXT)
        codec_text_add(&reply->text, codec_member(block, "text"));
    if (kind != MESSAGES_CALL)
        return 0;
    int r = begin_call(reply, number, block, err);
    const struct json *input = codec_member(block, "input");
    if (r == 0)
        codec_text_quote(&codec_call(reply, number)->args, input ? input->raw : STR("{}"));
    return r;
}

int messages_reply_json(struct protocol_reply *reply, const struct json *root, struct err *err)
{
    const struct json *error = codec_member(root, "error");
    const struct json *content = codec_member(root, "content");
    if (json_is(error, JSON_OBJECT)) {
        codec_reply_error(reply, error);
        return 0;
    }
    if (!json_is(content, JSON_ARRAY))
        return err_set(err, ERR_INPUT, "the reply has no content");
    note_message(reply, root);
    uint64_t number = 0;
    JSON_EACH(block, content)
    {
        int r = read_block(reply, number++, block, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- events */

static struct stream *stream_of(struct protocol_reply *reply)
{
    if (!reply->own)
        reply->own = arena_alloc(&reply->arena, sizeof(struct stream));
    return reply->own;
}

/* The newest block with that index; a sloppy server may use one again. */
static uint32_t find_block(const struct stream *stream, uint64_t index)
{
    for (uint32_t i = stream->count; i-- > 0;)
        if (stream->blocks[i].index == index)
            return i;
    return CODEC_NONE;
}

static int on_start(struct protocol_reply *reply, const struct json *data, struct err *err)
{
    (void)err;
    note_message(reply, codec_member(data, "message"));
    return 0;
}

static int on_block(struct protocol_reply *reply, const struct json *data, struct err *err)
{
    struct stream *stream = stream_of(reply);
    const struct json *block = codec_member(data, "content_block");
    int64_t index = json_int(codec_member(data, "index"), -1);
    if (!json_is(block, JSON_OBJECT) || index < 0)
        return err_set(err, ERR_INPUT, "a content_block_start has no block or no index");
    if (stream->count == BLOCKS_MAX)
        return err_set(err, ERR_LIMIT, "a reply has over %d blocks", BLOCKS_MAX);
    uint32_t number = stream->count++;
    struct open_block *open = &stream->blocks[number];
    *open = (struct open_block){ .index = (uint64_t)index, .kind = messages_kind(block) };
    if (open->kind == MESSAGES_TEXT)
        codec_text_add(&reply->text, codec_member(block, "text"));
    if (open->kind != MESSAGES_CALL)
        return 0;
    const struct json *input = codec_member(block, "input");
    if (json_is(input, JSON_OBJECT) && input->count > 0)
        open->input = (struct str){ arena_copy(&reply->arena, input->raw.at, input->raw.size),
            input->raw.size };
    return begin_call(reply, number, block, err);
}

static int on_delta(struct protocol_reply *reply, const struct json *data, struct err *err)
{
    struct stream *stream = stream_of(reply);
    const struct json *delta = codec_member(data, "delta");
    uint32_t number =
        find_block(stream, (uint64_t)json_int(codec_member(data, "index"), INT64_MAX));
    if (number == CODEC_NONE || !json_is(delta, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "a fragment for a block that was not begun");
    enum messages_kind kind = stream->blocks[number].kind;
    if (kind == MESSAGES_TEXT)
        codec_text_add(&reply->text, codec_member(delta, "text"));
    else if (kind == MESSAGES_CALL)
        codec_text_add(&codec_call(reply, number)->args, codec_member(delta, "partial_json"));
    return 0;
}

/* A call without fragments has the arguments that it began with. */
static void close_calls(struct protocol_reply *reply)
{
    struct stream *stream = stream_of(reply);
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        struct codec_call *call = &reply->calls[i];
        struct str input = stream->blocks[call->index].input;
        if (call->args.size == 0)
            codec_text_quote(&call->args, input.at ? input : STR("{}"));
    }
}

static int on_message_delta(struct protocol_reply *reply, const struct json *data, struct err *err)
{
    (void)err;
    const struct json *stop = codec_member(codec_member(data, "delta"), "stop_reason");
    codec_note(reply, &reply->finish, stop);
    note_usage(reply, codec_member(data, "usage"));
    if (!json_is(stop, JSON_STRING))
        return 0;
    close_calls(reply);
    reply->whole = true;
    return 0;
}

static int on_stop(struct protocol_reply *reply, const struct json *data, struct err *err)
{
    (void)data, (void)err;
    close_calls(reply);
    reply->complete = true;
    return 0;
}

static int on_error(struct protocol_reply *reply, const struct json *data, struct err *err)
{
    (void)err;
    codec_reply_error(reply, codec_member(data, "error"));
    return 0;
}

int messages_reply_event(
    struct protocol_reply *reply, struct str name, const struct json *data, struct err *err)
{
    static const struct {
        const char *type;
        int (*read)(struct protocol_reply *, const struct json *, struct err *);
    } events[] = {
        { "message_start", on_start },
        { "content_block_start", on_block },
        { "content_block_delta", on_delta },
        { "message_delta", on_message_delta },
        { "message_stop", on_stop },
        { "error", on_error },
    };
    struct str type = json_string(&reply->scratch, codec_member(data, "type"));
    for (size_t i = 0; i < COUNT_OF(events); i++)
        if (str_equal(type.size ? type : name, str_of(events[i].type)))
            return events[i].read(reply, data, err);
    return 0;
}
