/* chat_reply - replies of OpenAI's chat completions, whole or in chunks, as their many servers
 * write them. Only the first choice counts; thoughts (reasoning_content) are no text. */
#include "protocol/chat.h"

static void add_content(struct protocol_reply *reply, const struct json *message)
{
    const struct json *content = codec_member(message, "content");
    codec_text_add(&reply->text, content);
    if (json_is(content, JSON_ARRAY))
        JSON_EACH(part, content)
    codec_text_add(&reply->text, codec_member(part, "text"));
}

static int too_many(struct err *err)
{
    return err_set(err, ERR_LIMIT, "a reply with more than %d calls", CODEC_CALLS_MAX);
}

static void set_text(struct buf *text, const struct json *string)
{
    if (!json_is(string, JSON_STRING) || string->raw.size <= 2)
        return;
    buf_clear(text);
    codec_text_add(text, string);
}

/* One call or a fragment of it: id and name come once (or again in each fragment), arguments grow.
 */
static void add_call(struct codec_call *call, const struct json *from)
{
    const struct json *function = codec_member(from, "function");
    const struct json *custom = codec_member(from, "custom");
    const struct json *args = codec_member(function, "arguments");
    set_text(&call->id, codec_member(from, "id"));
    set_text(&call->name, codec_member(function ? function : custom, "name"));
    if (json_is(args, JSON_OBJECT))
        codec_text_quote(&call->args, args->raw);
    codec_text_add(&call->args, function ? args : codec_member(custom, "input"));
}

static bool other_id(const struct codec_call *call, const struct json *id)
{
    if (!json_is(id, JSON_STRING) || id->raw.size <= 2 || call->id.size == 0)
        return false;
    struct str inside = { id->raw.at + 1, id->raw.size - 2 };
    return !str_equal(inside, buf_view(&call->id));
}

/* The call that a fragment belongs to: by its index. Some servers leave the index out, or give 0 to
 * every one of several calls: then another id begins another call. */
static struct codec_call *call_of(struct protocol_reply *reply, const struct json *fragment)
{
    const struct json *id = codec_member(fragment, "id");
    uint64_t index = (uint32_t)json_int(codec_member(fragment, "index"), 0);
    for (uint32_t i = reply->calls_count; i-- > 0;) {
        struct codec_call *call = &reply->calls[i];
        if ((uint32_t)call->index == index && !other_id(call, id))
            return call;
        if ((uint32_t)call->index == index)
            break;
    }
    return codec_call(reply, (uint64_t)reply->calls_count << 32 | index);
}

static int add_calls(struct protocol_reply *reply, const struct json *calls, struct err *err)
{
    if (json_is(calls, JSON_ARRAY))
        JSON_EACH(from, calls)
        {
            struct codec_call *call = call_of(reply, from);
            if (!call)
                return too_many(err);
            add_call(call, from);
        }
    return 0;
}

static void add_usage(struct protocol_reply *reply, const struct json *usage)
{
    int64_t input = json_int(codec_member(usage, "prompt_tokens"), 0);
    int64_t output = json_int(codec_member(usage, "completion_tokens"), 0);
    if (input > 0)
        reply->usage.input = (uint64_t)input;
    if (output > 0)
        reply->usage.output = (uint64_t)output;
}

/* What a whole reply and a chunk have in common. Returns the first choice, or NULL. */
static const struct json *read_envelope(struct protocol_reply *reply, const struct json *root)
{
    const struct json *error = codec_member(root, "error");
    const struct json *choices = codec_member(root, "choices");
    if (json_is(error, JSON_OBJECT) || json_is(error, JSON_STRING))
        codec_reply_error(reply, error);
    codec_note(reply, &reply->id, codec_member(root, "id"));
    codec_note(reply, &reply->model, codec_member(root, "model"));
    add_usage(reply, codec_member(root, "usage"));
    if (json_is(choices, JSON_ARRAY))
        JSON_EACH(choice, choices)
    if (json_int(codec_member(choice, "index"), 0) == 0)
        return choice;
    return NULL;
}

int chat_reply_json(struct protocol_reply *reply, const struct json *root, struct err *err)
{
    const struct json *choice = read_envelope(reply, root);
    if (reply->error_class)
        return 0;
    const struct json *message = codec_member(choice, "message");
    if (!json_is(message, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "the reply has no message");
    codec_note(reply, &reply->finish, codec_member(choice, "finish_reason"));
    add_content(reply, message);
    if (reply->text.size == 0)
        codec_text_add(&reply->text, codec_member(message, "refusal"));
    const struct json *calls = codec_member(message, "tool_calls");
    if (!json_is(calls, JSON_ARRAY))
        return 0;
    /* All whole, so each is one of its own, whatever index it says. */
    JSON_EACH(from, calls)
    {
        struct codec_call *call = codec_call(reply, reply->calls_count);
        if (!call)
            return too_many(err);
        add_call(call, from);
    }
    return 0;
}

int chat_reply_event(
    struct protocol_reply *reply, struct str name, const struct json *data, struct err *err)
{
    (void)name;
    const struct json *choice = read_envelope(reply, data);
    const struct json *delta = codec_member(choice, "delta");
    const struct json *finish = codec_member(choice, "finish_reason");
    add_content(reply, delta);
    codec_text_add(&reply->text, codec_member(delta, "refusal"));
    codec_note(reply, &reply->finish, finish);
    reply->whole |= json_is(finish, JSON_STRING);
    return add_calls(reply, codec_member(delta, "tool_calls"), err);
}
