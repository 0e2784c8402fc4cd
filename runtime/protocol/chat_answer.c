/* chat_answer - an answer in the form of one chat completion: the provider's own reply with
 * content, calls and finish_reason of its first choice replaced, or one that is made. */
#include "protocol/chat.h"

#include "base/mem.h"

static const struct json nothing = { .raw = { "{}", 2 }, .next = 1, .kind = JSON_OBJECT };

struct str chat_finish(const struct protocol_answer *answer, struct str finish)
{
    bool cut = str_equal(finish, STR("length")) || str_equal(finish, STR("content_filter"));
    bool calls = str_equal(finish, STR("tool_calls")) || str_equal(finish, STR("function_call"));
    if (cut)
        return finish;
    if (answer->calls_count > 0)
        return STR("tool_calls");
    return calls || finish.size == 0 ? STR("stop") : finish;
}

static bool says(struct arena *scratch, const struct json *string, struct str text)
{
    if (!json_is(string, JSON_STRING) || string->raw.size - 2 < text.size)
        return false;
    if (string->raw.size - 2 > 6 * text.size)
        return false;
    return str_equal(json_string(scratch, string), text);
}

/* The provider's own call, if it is that one. Its arguments are unescaped only where they can be
 * the same by their size: a reply full of calls with one id must not take quadratic time. */
static const struct json *own_call(
    const struct json *calls, const struct protocol_call *call, struct arena *scratch)
{
    const struct json *own = NULL;
    if (json_is(calls, JSON_ARRAY))
        JSON_EACH(one, calls)
    if (!own && says(scratch, codec_member(one, "id"), call->id))
        own = one;
    const struct json *function = codec_member(own, "function");
    bool same = says(scratch, codec_member(function, "name"), call->name) &&
                says(scratch, codec_member(function, "arguments"), call->args);
    return same ? own : NULL;
}

void chat_call_write(struct buf *out, const struct protocol_call *call)
{
    buf_text(out, "\"id\":");
    json_quote(out, call->id);
    buf_text(out, ",\"type\":\"function\",\"function\":{\"name\":");
    json_quote(out, call->name);
    buf_text(out, ",\"arguments\":");
    json_quote(out, call->args);
    buf_char(out, '}');
}

/* The provider's own calls where they are these, in this order; else a list with those that are. */
static struct str make_calls(
    const struct protocol_answer *answer, const struct json *own_calls, struct arena *scratch)
{
    struct buf out = { 0 };
    bool same = json_is(own_calls, JSON_ARRAY) && own_calls->count == answer->calls_count;
    const struct json *next = same ? json_first(own_calls) : NULL;
    for (uint32_t i = 0; i < answer->calls_count; i++) {
        const struct json *own = own_call(own_calls, &answer->calls[i], scratch);
        same = same && own == next;
        next = same ? json_next(own_calls, own) : NULL;
        buf_char(&out, i ? ',' : '[');
        if (own) {
            buf_str(&out, own->raw);
            continue;
        }
        buf_char(&out, '{');
        chat_call_write(&out, &answer->calls[i]);
        buf_char(&out, '}');
    }
    buf_char(&out, ']');
    struct str list = codec_keep(scratch, &out);
    return same ? own_calls->raw : list;
}

static struct str quoted(struct str text, struct arena *scratch)
{
    struct buf out = { 0 };
    json_quote(&out, text);
    return codec_keep(scratch, &out);
}

/* The message with what it says replaced; own: the provider's, or an empty object. */
static struct str make_message(
    const struct protocol_answer *answer, const struct json *own, struct arena *scratch)
{
    struct codec_changes changes = { 0 };
    struct buf out = { 0 };
    const struct json *content = codec_member(own, "content");
    const struct json *refusal = codec_member(own, "refusal");
    const struct json *calls = codec_member(own, "tool_calls");
    if (!codec_member(own, "role"))
        codec_set(&changes, own, "role", STR("\"assistant\""));
    bool refused = json_is(content, JSON_NULL) && says(scratch, refusal, answer->text);
    bool silent = answer->text.size == 0 && answer->calls_count > 0;
    if (silent && !json_is(content, JSON_NULL))
        codec_set(&changes, own, "content", STR("null"));
    else if (!silent && !refused && !says(scratch, content, answer->text))
        codec_set(&changes, own, "content", quoted(answer->text, scratch));
    if (json_is(refusal, JSON_STRING) && !refused)
        codec_set(&changes, own, "refusal", STR("null"));
    if (answer->calls_count > 0)
        codec_set(&changes, own, "tool_calls", make_calls(answer, calls, scratch));
    else if (calls)
        codec_drop(&changes, "tool_calls");
    codec_object_write(&out, own, &changes);
    return codec_keep(scratch, &out);
}

/* The choices with the first one replaced, all others as they were. */
static struct str make_choices(
    const struct json *choices, const struct json *own, struct str choice, struct arena *scratch)
{
    struct buf out = { 0 };
    const char *begin = choices->raw.at, *behind = own->raw.at + own->raw.size;
    buf_add(&out, begin, (size_t)(own->raw.at - begin));
    buf_str(&out, choice);
    buf_add(&out, behind, (size_t)(begin + choices->raw.size - behind));
    return codec_keep(scratch, &out);
}

static int splice(struct buf *out, const struct protocol_answer *answer,
    const struct codec_source *source, struct arena *scratch)
{
    struct codec_changes changes = { 0 }, outer = { 0 };
    struct buf text = { 0 };
    const struct json *choices = codec_member(source->root, "choices"), *own = NULL;
    JSON_EACH(choice, choices)
    if (!own && json_int(codec_member(choice, "index"), 0) == 0)
        own = choice;
    struct str finish = chat_finish(answer, source->said.finish);
    codec_set(
        &changes, own, "message", make_message(answer, codec_member(own, "message"), scratch));
    if (!str_equal(finish, source->said.finish))
        codec_set(&changes, own, "finish_reason", quoted(finish, scratch));
    codec_object_write(&text, own, &changes);
    struct str choice = codec_keep(scratch, &text);
    codec_set(&outer, source->root, "choices", make_choices(choices, own, choice, scratch));
    codec_object_write(out, source->root, &outer);
    return 0;
}

/* Why another protocol's reply ended, in this one's words: only what cuts it short matters. */
static struct str made_finish(
    const struct protocol_answer *answer, const struct codec_source *source)
{
    static const struct {
        const char *from, *to;
    } words[] = {
        { "max_tokens", "length" },
        { "max_output_tokens", "length" },
        { "model_context_window_exceeded", "length" },
        { "refusal", "content_filter" },
        { "length", "length" },
        { "content_filter", "content_filter" },
    };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_equal(source->said.finish, str_of(words[i].from)))
            return str_of(words[i].to);
    return chat_finish(answer, (struct str){ 0 });
}

struct chat_made chat_made(const struct protocol_answer *answer, const struct codec_source *source)
{
    return (struct chat_made){
        .id = source->same_protocol && source->said.id.size ? source->said.id : answer->id,
        .model =
            source->same_protocol && source->said.model.size ? source->said.model : answer->model,
        .finish = made_finish(answer, source),
    };
}

void chat_usage_write(struct buf *out, const struct protocol_usage *usage)
{
    buf_format(out, "{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu}",
        (unsigned long long)usage->input, (unsigned long long)usage->output,
        (unsigned long long)(usage->input + usage->output));
}

static int make(struct buf *out, const struct protocol_answer *answer,
    const struct codec_source *source, struct arena *scratch)
{
    struct chat_made made = chat_made(answer, source);
    buf_text(out, "{\"id\":");
    json_quote(out, made.id);
    buf_format(out, ",\"object\":\"chat.completion\",\"created\":%llu,\"model\":",
        (unsigned long long)answer->at_s);
    json_quote(out, made.model);
    buf_text(out, ",\"choices\":[{\"index\":0,\"message\":");
    buf_str(out, make_message(answer, &nothing, scratch));
    buf_text(out, ",\"logprobs\":null,\"finish_reason\":");
    json_quote(out, made.finish);
    buf_text(out, "}],\"usage\":");
    chat_usage_write(out, &source->said.usage);
    buf_char(out, '}');
    return 0;
}

int chat_answer_write(struct buf *out, const struct protocol_answer *answer,
    const struct codec_source *source, struct arena *scratch, struct err *err)
{
    if (answer->stream)
        return chat_stream_write(out, answer, source, scratch, err);
    if (source->same)
        return splice(out, answer, source, scratch);
    return make(out, answer, source, scratch);
}
