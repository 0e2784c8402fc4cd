/* messages_answer - an Anthropic reply for a client: the provider's own with other words, or a made
 * one; as JSON or as the events that its clients put together.
 *
 * A stream that is written anew carries each new block in one fragment. The stop reason follows the
 * calls, since a client that is told end_turn does not run them. */
#include "protocol/messages.h"

#include "base/mem.h"

struct answer {
    struct buf *out;
    struct arena *arena;
    const struct protocol_answer *asked;
    const struct codec_source *from;
    struct messages_source source;
    struct messages_block *blocks;
    uint32_t count;
    struct str stop; /* the stop reason, a JSON value */
};

static const struct json_limits loose = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };

/* --- stop reasons */

struct str messages_stop_reason(
    const struct protocol_answer *asked, const struct codec_source *from)
{
    static const struct {
        struct str says, is;
    } others[] = {
        { { "length", 6 }, { "max_tokens", 10 } },
        { { "max_output_tokens", 17 }, { "max_tokens", 10 } },
        { { "content_filter", 14 }, { "refusal", 7 } },
    };
    struct str finish = from->said.finish;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (str_equal(finish, others[i].says))
            return others[i].is;
    bool calls = asked->calls_count > 0, own = from->same_protocol;
    if (calls && (!own || finish.size == 0 || str_equal(finish, STR("end_turn")) ||
                     str_equal(finish, STR("stop_sequence"))))
        return STR("tool_use");
    if (!calls && (!own || finish.size == 0 || str_equal(finish, STR("tool_use"))))
        return STR("end_turn");
    return finish;
}

/* --- the message around its blocks */

/* Members of both objects, those of `over` first; few, as a provider's are. */
static struct str merged(struct arena *arena, const struct json *base, const struct json *over)
{
    enum { MEMBERS_MAX = 64 };
    if (!json_is(over, JSON_OBJECT) || over->count > MEMBERS_MAX)
        return base ? base->raw : STR("{}");
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_char(&out, '{');
    const char *between = "\"";
    JSON_EACH(member, base)
    {
        const struct json *newer = json_get_str(over, json_key(arena, member));
        buf_text(&out, between);
        between = ",\"";
        buf_str(&out, member->key);
        buf_text(&out, "\":");
        buf_str(&out, newer ? newer->raw : member->raw);
    }
    JSON_EACH(member, over)
    {
        if (json_get_str(base, json_key(arena, member)))
            continue;
        buf_text(&out, between);
        between = ",\"";
        buf_str(&out, member->key);
        buf_text(&out, "\":");
        buf_str(&out, member->raw);
    }
    buf_char(&out, '}');
    return codec_keep(arena, &out);
}

void messages_usage_write(struct buf *out, const struct protocol_usage *usage)
{
    buf_format(out, "{\"input_tokens\":%llu,\"output_tokens\":%llu}",
        (unsigned long long)usage->input, (unsigned long long)usage->output);
}

void messages_made_write(struct buf *out, const struct messages_made *made)
{
    buf_text(out, "{\"id\":");
    json_quote(out, made->id.size ? made->id : STR("msg_made"));
    buf_text(out, ",\"type\":\"message\",\"role\":\"assistant\",\"model\":");
    json_quote(out, made->model);
    buf_text(out, ",\"content\":");
    buf_str(out, made->content);
    buf_text(out, ",\"stop_reason\":");
    buf_str(out, made->stop);
    buf_text(out, ",\"stop_sequence\":null,\"usage\":");
    messages_usage_write(out, &made->usage);
    buf_char(out, '}');
}

static void write_made(
    struct buf *out, const struct answer *answer, struct str content, struct str stop)
{
    struct str id = answer->asked->id.size ? answer->asked->id : answer->from->said.id;
    messages_made_write(out, &(struct messages_made){ .id = id,
                                 .model = answer->asked->model,
                                 .content = content,
                                 .stop = stop,
                                 .usage = answer->from->said.usage });
}

/* --- JSON */

static struct str content_of(const struct answer *answer)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_char(&out, '[');
    for (uint32_t i = 0; i < answer->count; i++) {
        if (i > 0)
            buf_char(&out, ',');
        buf_str(&out, answer->blocks[i].raw);
    }
    buf_char(&out, ']');
    return codec_keep(answer->arena, &out);
}

/* What a stream said at its beginning and at its end, as one message. */
static const struct json *whole_message(const struct answer *answer, struct err *err)
{
    const struct json *message = answer->source.message;
    if (!message || !answer->source.end)
        return message;
    const struct json *end = answer->source.end->data;
    struct codec_changes changes = { 0 };
    codec_set(&changes, message, "usage",
        merged(answer->arena, codec_member(message, "usage"), codec_member(end, "usage")));
    CLEANUP(buf_done) struct buf out = { 0 };
    codec_object_write(&out, message, &changes);
    message = json_read(answer->arena, codec_keep(answer->arena, &out), &loose, err);
    if (!message)
        return NULL;
    struct str whole = merged(answer->arena, message, codec_member(end, "delta"));
    return json_read(answer->arena, whole, &loose, err);
}

static int write_json(const struct answer *answer, struct err *err)
{
    struct str content = content_of(answer);
    if (!answer->source.message) {
        write_made(answer->out, answer, content, answer->stop);
        return 0;
    }
    const struct json *message = whole_message(answer, err);
    if (!message)
        return -err->code;
    struct codec_changes changes = { 0 };
    codec_set(&changes, message, "content", content);
    codec_set(&changes, message, "stop_reason", answer->stop);
    codec_object_write(answer->out, message, &changes);
    return 0;
}

/* --- events */

void messages_event_write(struct buf *out, const char *type, struct buf *data)
{
    sse_write(out, str_of(type), buf_view(data));
    buf_clear(data);
}

/* What a block begins with: its long texts come as fragments. */
static const struct fragment {
    const char *type, *member, *empty, *delta, *inside;
} fragments[] = {
    { "text", "text", "\"\"", "text_delta", "text" },
    { "thinking", "thinking", "\"\"", "thinking_delta", "thinking" },
    { "thinking", "signature", "\"\"", "signature_delta", "signature" },
    { "tool_use", "input", "{}", "input_json_delta", "partial_json" },
    { "server_tool_use", "input", "{}", "input_json_delta", "partial_json" },
    { "mcp_tool_use", "input", "{}", "input_json_delta", "partial_json" },
};

static bool has_fragment(const struct fragment *fragment, struct str type, const struct json *block)
{
    const struct json *member = codec_member(block, fragment->member);
    return str_equal(type, str_of(fragment->type)) &&
           (json_is(member, JSON_STRING) || json_is(member, JSON_OBJECT));
}

void messages_block_write(
    struct buf *out, uint32_t index, const struct json *block, struct arena *arena)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    struct str type = json_string(arena, codec_member(block, "type"));
    struct codec_changes begins = { 0 };
    for (size_t i = 0; i < COUNT_OF(fragments); i++)
        if (has_fragment(&fragments[i], type, block))
            codec_set(&begins, block, fragments[i].member, str_of(fragments[i].empty));
    buf_format(&data, "{\"type\":\"content_block_start\",\"index\":%u,\"content_block\":", index);
    if (json_is(block, JSON_OBJECT))
        codec_object_write(&data, block, &begins);
    else
        buf_str(&data, block->raw);
    buf_char(&data, '}');
    messages_event_write(out, "content_block_start", &data);
    for (size_t i = 0; i < COUNT_OF(fragments); i++) {
        if (!has_fragment(&fragments[i], type, block))
            continue;
        const struct json *member = codec_member(block, fragments[i].member);
        buf_format(&data,
            "{\"type\":\"content_block_delta\",\"index\":%u,\"delta\":{\"type\":\"%s\",\"%s\":",
            index, fragments[i].delta, fragments[i].inside);
        if (member->kind == JSON_STRING)
            buf_str(&data, member->raw);
        else
            json_quote(&data, member->raw);
        buf_text(&data, "}}");
        messages_event_write(out, "content_block_delta", &data);
    }
    buf_format(&data, "{\"type\":\"content_block_stop\",\"index\":%u}", index);
    messages_event_write(out, "content_block_stop", &data);
}

/* The provider's own events of a block that stays, at the number that it has now. */
static void write_events(
    const struct answer *answer, uint32_t index, const struct messages_source_block *block)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    for (const struct messages_event *event = block->events; event; event = event->next) {
        if (block->index == index) {
            buf_str(answer->out, event->bytes);
            continue;
        }
        struct codec_changes changes = { 0 };
        const char *number = arena_format(answer->arena, "%u", index);
        codec_set(&changes, event->data, "index", str_of(number));
        codec_object_write(&data, event->data, &changes);
        sse_write(answer->out, event->type, buf_view(&data));
        buf_clear(&data);
    }
}

static void write_start(const struct answer *answer)
{
    if (answer->source.start) {
        buf_str(answer->out, answer->source.start->bytes);
        return;
    }
    CLEANUP(buf_done) struct buf data = { 0 };
    buf_text(&data, "{\"type\":\"message_start\",\"message\":");
    const struct json *message = answer->source.message;
    if (message) {
        struct codec_changes changes = { 0 };
        codec_set(&changes, message, "content", STR("[]"));
        codec_set(&changes, message, "stop_reason", STR("null"));
        codec_set(&changes, message, "stop_sequence", STR("null"));
        codec_object_write(&data, message, &changes);
    } else {
        write_made(&data, answer, STR("[]"), STR("null"));
    }
    buf_char(&data, '}');
    messages_event_write(answer->out, "message_start", &data);
}

/* Members of a JSON reply that a stream says at its end. */
static void write_delta(struct buf *data, const struct answer *answer)
{
    const struct json *message = answer->source.message;
    const struct json *sequence = codec_member(message, "stop_sequence");
    const struct json *details = codec_member(message, "stop_details");
    buf_text(data, "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":");
    buf_str(data, answer->stop);
    buf_text(data, ",\"stop_sequence\":");
    buf_str(data, sequence ? sequence->raw : STR("null"));
    if (details) {
        buf_text(data, ",\"stop_details\":");
        buf_str(data, details->raw);
    }
    buf_text(data, "},\"usage\":");
    const struct json *usage = codec_member(message, "usage");
    if (json_is(usage, JSON_OBJECT))
        buf_str(data, usage->raw);
    else
        messages_usage_write(data, &answer->from->said.usage);
    buf_char(data, '}');
}

static void write_end(const struct answer *answer)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    const struct messages_event *end = answer->source.end;
    const struct json *delta = end ? codec_member(end->data, "delta") : NULL;
    if (json_is(delta, JSON_OBJECT)) {
        struct codec_changes inner = { 0 }, outer = { 0 };
        CLEANUP(buf_done) struct buf changed = { 0 };
        codec_set(&inner, delta, "stop_reason", answer->stop);
        codec_object_write(&changed, delta, &inner);
        codec_set(&outer, end->data, "delta", buf_view(&changed));
        codec_object_write(&data, end->data, &outer);
    } else {
        write_delta(&data, answer);
    }
    messages_event_write(answer->out, "message_delta", &data);
    if (answer->source.stop) {
        buf_str(answer->out, answer->source.stop->bytes);
        return;
    }
    buf_text(&data, "{\"type\":\"message_stop\"}");
    messages_event_write(answer->out, "message_stop", &data);
}

static int write_stream(const struct answer *answer, struct err *err)
{
    write_start(answer);
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct messages_block *block = &answer->blocks[i];
        if (block->from != CODEC_NONE && answer->source.blocks[block->from].events) {
            write_events(answer, i, &answer->source.blocks[block->from]);
            continue;
        }
        const struct json *node =
            block->node ? block->node : json_read(answer->arena, block->raw, &loose, err);
        if (!node)
            return -err->code;
        messages_block_write(answer->out, i, node, answer->arena);
    }
    write_end(answer);
    return 0;
}

/* --- both */

static bool untouched(const struct answer *answer)
{
    if (answer->count != answer->source.count)
        return false;
    for (uint32_t i = 0; i < answer->count; i++)
        if (answer->blocks[i].from != i)
            return false;
    return true;
}

static void merge(struct answer *answer)
{
    const struct messages_source *source = &answer->source;
    const struct json **old = arena_alloc(answer->arena, (source->count + 1) * sizeof(*old));
    for (uint32_t i = 0; i < source->count; i++)
        old[i] = source->blocks[i].node;
    struct spoken said = { answer->asked->text, answer->asked->calls, answer->asked->calls_count };
    answer->count = messages_merge(&answer->blocks, old, source->count, &said, answer->arena);
}

int messages_answer_write(struct buf *out, const struct protocol_answer *asked,
    const struct codec_source *from, struct arena *scratch, struct err *err)
{
    struct answer answer = { .out = out, .arena = scratch, .asked = asked, .from = from };
    int r = messages_source_read(&answer.source, from, scratch, err);
    if (r < 0)
        return r;
    merge(&answer);
    if (from->same && untouched(&answer)) {
        buf_str(out, from->raw);
        return 0;
    }
    answer.stop = spoken_quoted(scratch, messages_stop_reason(asked, from));
    return asked->stream ? write_stream(&answer, err) : write_json(&answer, err);
}
