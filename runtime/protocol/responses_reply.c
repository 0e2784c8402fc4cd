/* responses_reply - a reply of the responses protocol, whole or as events, noted for the chat
 * message.
 *
 * An item's last event says all of it, and so does the end of the stream; but servers leave out the
 * one or the other, so fragments are taken too and what comes later counts more. A stream has its
 * end only in response.completed, .incomplete or .failed. */
#include "protocol/responses.h"

#include "base/mem.h"

/* --- what all forms have */

static uint64_t tokens(const struct json *usage, const char *key)
{
    int64_t n = json_int(codec_member(usage, key), 0);
    return n > 0 && n < INT32_MAX ? (uint64_t)n : 0;
}

static void note_response(struct protocol_reply *reply, const struct json *response)
{
    const struct json *usage = codec_member(response, "usage");
    const struct json *details = codec_member(response, "incomplete_details");
    codec_note(reply, &reply->id, codec_member(response, "id"));
    codec_note(reply, &reply->model, codec_member(response, "model"));
    codec_note(reply, &reply->finish, codec_member(response, "status"));
    codec_note(reply, &reply->finish, codec_member(details, "reason"));
    if (usage)
        reply->usage = (struct protocol_usage){ tokens(usage, "input_tokens"),
            tokens(usage, "output_tokens") };
}

static bool note_error(struct protocol_reply *reply, const struct json *response)
{
    const struct json *error = codec_member(response, "error");
    if (!json_is(error, JSON_OBJECT))
        return false;
    codec_reply_error(reply, error);
    return true;
}

static void set_text(struct buf *text, const struct json *string)
{
    if (!json_is(string, JSON_STRING) || string->raw.size <= 2)
        return;
    buf_clear(text);
    codec_text_add(text, string);
}

static int note_call(struct protocol_reply *reply, uint64_t number, const struct json *item,
    bool custom, struct err *err)
{
    const struct json *name = codec_member(item, "name");
    if (!json_is(name, JSON_STRING) || name->raw.size <= 2)
        return err_set(err, ERR_INPUT, "a function_call has no name");
    struct codec_call *call = codec_call(reply, number);
    if (!call)
        return err_set(err, ERR_LIMIT, "a reply has over %d calls", CODEC_CALLS_MAX);
    set_text(&call->id, codec_member(item, "call_id"));
    set_text(&call->name, name);
    if (!custom) {
        set_text(&call->args, codec_member(item, "arguments"));
        return 0;
    }
    CLEANUP(buf_done) struct buf args = { 0 };
    responses_custom_args(&args, codec_member(item, "input"));
    buf_clear(&call->args);
    buf_add(&call->args, args.at + 1, args.size - 2);
    return 0;
}

/* A whole item; its text only if no fragment of it came. */
static int note_item(struct protocol_reply *reply, uint64_t number, const struct json *item,
    bool with_text, struct err *err)
{
    enum responses_kind kind = responses_kind(item);
    if (kind == RESPONSES_TEXT && with_text)
        responses_text_add(&reply->text, item);
    if (kind == RESPONSES_CALL || kind == RESPONSES_CUSTOM)
        return note_call(reply, number, item, kind == RESPONSES_CUSTOM, err);
    return 0;
}

/* A call that brought no arguments has none. */
static void close_calls(struct protocol_reply *reply)
{
    for (uint32_t i = 0; i < reply->calls_count; i++)
        if (reply->calls[i].args.size == 0)
            buf_text(&reply->calls[i].args, "{}");
}

static int note_output(struct protocol_reply *reply, const struct json *response, struct err *err)
{
    const struct json *output = codec_member(response, "output");
    uint64_t number = 0;
    if (!json_is(output, JSON_ARRAY))
        return 0;
    JSON_EACH(item, output)
    {
        int r = note_item(reply, number++, item, true, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int responses_reply_json(struct protocol_reply *reply, const struct json *root, struct err *err)
{
    if (note_error(reply, root))
        return 0;
    if (!json_is(codec_member(root, "output"), JSON_ARRAY))
        return err_set(err, ERR_INPUT, "the reply has no output");
    note_response(reply, root);
    int r = note_output(reply, root, err);
    close_calls(reply);
    return r;
}

/* --- events */

/* What is known of the items, by number. */
struct stream {
    bool text_seen[CODEC_CALLS_MAX]; /* fragments of their text came */
    uint8_t kinds[CODEC_CALLS_MAX];  /* enum responses_kind and 1; 0: not said yet */
};

static bool *text_seen(struct protocol_reply *reply, uint64_t number)
{
    if (!reply->own)
        reply->own = arena_alloc(&reply->arena, sizeof(struct stream));
    struct stream *stream = reply->own;
    return number < CODEC_CALLS_MAX ? &stream->text_seen[number] : NULL;
}

/* An item stays what it was begun as: an answer passes on the events of items that it does not
 * change, and one that is a call in one event and not in the next would slip through. */
static int keep_kind(
    struct protocol_reply *reply, uint64_t number, enum responses_kind kind, struct err *err)
{
    if (!text_seen(reply, number))
        return err_set(err, ERR_LIMIT, "a reply has over %d items", CODEC_CALLS_MAX);
    uint8_t *known = &((struct stream *)reply->own)->kinds[number];
    if (*known && *known != kind + 1)
        return err_set(err, ERR_INPUT, "an output item that is two things");
    *known = (uint8_t)(kind + 1);
    return 0;
}

typedef int read_fn(
    struct protocol_reply *reply, uint64_t number, const struct json *data, struct err *err);

static int on_begin(
    struct protocol_reply *reply, uint64_t number, const struct json *data, struct err *err)
{
    (void)number, (void)err;
    note_response(reply, codec_member(data, "response"));
    return 0;
}

static int on_item(
    struct protocol_reply *reply, uint64_t number, const struct json *data, struct err *err)
{
    const struct json *item = codec_member(data, "item");
    if (!json_is(item, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "an output item is no object");
    int kept = keep_kind(reply, number, responses_kind(item), err);
    if (kept < 0)
        return kept;
    bool *seen = text_seen(reply, number);
    size_t before = reply->text.size;
    int r = note_item(reply, number, item, !*seen, err);
    *seen |= reply->text.size > before;
    return r;
}

static int on_text(
    struct protocol_reply *reply, uint64_t number, const struct json *data, struct err *err)
{
    int kept = keep_kind(reply, number, RESPONSES_TEXT, err);
    if (kept < 0)
        return kept;
    *text_seen(reply, number) = true;
    codec_text_add(&reply->text, codec_member(data, "delta"));
    return 0;
}

static struct codec_call *begun_call(struct protocol_reply *reply, uint64_t number)
{
    for (uint32_t i = reply->calls_count; i-- > 0;)
        if (reply->calls[i].index == number)
            return &reply->calls[i];
    return NULL;
}

static int on_args(
    struct protocol_reply *reply, uint64_t number, const struct json *data, struct err *err)
{
    struct codec_call *call = begun_call(reply, number);
    if (!call)
        return err_set(err, ERR_INPUT, "arguments of a call that was not begun");
    codec_text_add(&call->args, codec_member(data, "delta"));
    return 0;
}

static int on_args_done(
    struct protocol_reply *reply, uint64_t number, const struct json *data, struct err *err)
{
    struct codec_call *call = begun_call(reply, number);
    if (!call)
        return err_set(err, ERR_INPUT, "arguments of a call that was not begun");
    set_text(&call->args, codec_member(data, "arguments"));
    return 0;
}

/* What the events said gives way to what the end says it was. */
static void clear(struct protocol_reply *reply)
{
    codec_text_settle(reply);
    buf_clear(&reply->text);
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        buf_done(&reply->calls[i].id);
        buf_done(&reply->calls[i].name);
        buf_done(&reply->calls[i].args);
    }
    reply->calls_count = 0;
}

static int on_end(
    struct protocol_reply *reply, uint64_t number, const struct json *data, struct err *err)
{
    (void)number;
    const struct json *response = codec_member(data, "response");
    if (note_error(reply, response))
        return 0;
    note_response(reply, response);
    const struct json *output = codec_member(response, "output");
    int r = 0;
    if (json_is(output, JSON_ARRAY) && output->count > 0) {
        clear(reply);
        r = note_output(reply, response, err);
    }
    close_calls(reply);
    reply->complete = r == 0;
    return r;
}

static int on_failed(
    struct protocol_reply *reply, uint64_t number, const struct json *data, struct err *err)
{
    (void)number, (void)err;
    if (!note_error(reply, codec_member(data, "response")) && !note_error(reply, data))
        codec_reply_error(reply, data);
    return 0;
}

int responses_reply_event(
    struct protocol_reply *reply, struct str name, const struct json *data, struct err *err)
{
    static const struct {
        const char *type;
        read_fn *read;
    } events[] = {
        { "response.created", on_begin },
        { "response.in_progress", on_begin },
        { "response.output_item.added", on_item },
        { "response.output_item.done", on_item },
        { "response.output_text.delta", on_text },
        { "response.function_call_arguments.delta", on_args },
        { "response.function_call_arguments.done", on_args_done },
        { "response.completed", on_end },
        { "response.incomplete", on_end },
        { "response.failed", on_failed },
        { "error", on_failed },
    };
    struct str type = json_string(&reply->scratch, codec_member(data, "type"));
    uint64_t number = (uint64_t)json_int(codec_member(data, "output_index"), 0);
    for (size_t i = 0; i < COUNT_OF(events); i++)
        if (str_equal(type.size ? type : name, str_of(events[i].type)))
            return events[i].read(reply, number, data, err);
    return 0;
}
