/* messages_read - an Anthropic request as chat messages.
 *
 * A message of the user is cut where results stand, since each is a message of its own in the chat
 * format. Text is taken over as the JSON strings that it came in, never unescaped and quoted again.
 * What stands beside results was said by the client with them (a reminder, an interruption) and
 * begins no turn, so it does not count as a person's message. */
#include "protocol/messages.h"

#include "base/mem.h"

/* --- content */

/* Text blocks as one JSON string, or null if there are none. */
static void write_text(struct buf *out, const struct json *content)
{
    if (json_is(content, JSON_STRING)) {
        buf_str(out, content->raw);
        return;
    }
    bool any = false;
    JSON_EACH(block, content)
    {
        if (messages_kind(block) != MESSAGES_TEXT)
            continue;
        buf_text(out, any ? "" : "\"");
        any = true;
        codec_text_add(out, codec_member(block, "text"));
    }
    buf_text(out, any ? "\"" : "null");
}

/* The blocks from `first` on as the content of a chat message: a string where one text is all. */
static void write_parts(struct buf *out, const struct json *content, const struct json *first,
    uint32_t count, struct arena *arena)
{
    if (count == 0) {
        buf_text(out, "\"\"");
        return;
    }
    if (count == 1 && messages_kind(first) == MESSAGES_TEXT) {
        buf_str(out, codec_member(first, "text")->raw);
        return;
    }
    buf_char(out, '[');
    for (uint32_t i = 0; i < count; i++, first = json_next(content, first)) {
        if (i > 0)
            buf_char(out, ',');
        messages_part_read(out, first, arena);
    }
    buf_char(out, ']');
}

static void write_content(struct buf *out, const struct json *content, struct arena *arena)
{
    if (json_is(content, JSON_STRING))
        buf_str(out, content->raw);
    else
        write_parts(out, content, json_first(content), content ? content->count : 0, arena);
}

/* --- messages */

static int add(struct protocol_request *request, struct buf *chat, bool failed,
    const struct codec_place *place, struct err *err)
{
    return codec_message_add(request, codec_keep(request->arena, chat), NULL, failed, place, err);
}

static int add_system(struct protocol_request *request, struct err *err)
{
    const struct json *system = request->system;
    if (!system || system->kind == JSON_NULL)
        return 0;
    if (!json_is(system, JSON_STRING) && !json_is(system, JSON_ARRAY))
        return codec_refuse(request, system, err, "system is neither a text nor a list of blocks");
    bool said = system->kind == JSON_STRING ? system->raw.size > 2 : system->count > 0;
    if (!said)
        return 0;
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_text(&chat, "{\"role\":\"system\",\"content\":");
    write_content(&chat, system, request->arena);
    buf_char(&chat, '}');
    struct codec_place place = { .node = system, .raw = system->raw, .element = CODEC_NONE };
    return add(request, &chat, false, &place, err);
}

static void write_call(struct buf *out, const struct json *block, struct arena *arena)
{
    const struct json *id = codec_member(block, "id"), *input = codec_member(block, "input");
    buf_text(out, "{\"id\":");
    buf_str(out, json_is(id, JSON_STRING) ? id->raw : STR("\"\""));
    buf_text(out, ",\"type\":\"function\",\"function\":{\"name\":");
    json_quote(out, json_string(arena, codec_member(block, "name")));
    buf_text(out, ",\"arguments\":");
    json_quote(out, input ? input->raw : STR("{}"));
    buf_text(out, "}}");
}

static int add_assistant(struct protocol_request *request, const struct codec_place *place,
    const struct json *content, struct err *err)
{
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_text(&chat, "{\"role\":\"assistant\",\"content\":");
    write_text(&chat, content);
    uint32_t calls = 0;
    JSON_EACH(block, content)
    {
        if (messages_kind(block) != MESSAGES_CALL)
            continue;
        if (calls == CODEC_CALLS_MAX)
            return codec_refuse(
                request, block, err, "a message has over %d calls", CODEC_CALLS_MAX);
        buf_text(&chat, calls++ ? "," : ",\"tool_calls\":[");
        write_call(&chat, block, request->arena);
    }
    buf_text(&chat, calls ? "]}" : "}");
    return add(request, &chat, false, place, err);
}

static int add_result(struct protocol_request *request, const struct codec_place *place,
    const struct json *block, struct err *err)
{
    const struct json *id = codec_member(block, "tool_use_id");
    if (!json_is(id, JSON_STRING))
        return codec_refuse(request, block, err, "a tool_result has no tool_use_id");
    const struct json *content = codec_member(block, "content");
    if (content && content->kind != JSON_STRING && content->kind != JSON_ARRAY)
        return codec_refuse(request, content, err, "a result is neither a text nor blocks");
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_text(&chat, "{\"role\":\"tool\",\"tool_call_id\":");
    buf_str(&chat, id->raw);
    buf_text(&chat, ",\"content\":");
    write_content(&chat, content, request->arena);
    buf_char(&chat, '}');
    return add(request, &chat, json_bool(codec_member(block, "is_error"), false), place, err);
}

/* Blocks [at, at + count) of a message, none of them a result, in the role that it has. */
static int add_said(struct protocol_request *request, const struct codec_place *place,
    const char *role, const struct json *first, uint32_t count, struct err *err)
{
    const struct json *content = codec_member(place->node, "content");
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_format(&chat, "{\"role\":\"%s\",\"content\":", role);
    if (json_is(content, JSON_STRING))
        buf_str(&chat, content->raw);
    else
        write_parts(&chat, content, first, count, request->arena);
    buf_char(&chat, '}');
    return add(request, &chat, false, place, err);
}

static uint32_t count_results(const struct json *content)
{
    uint32_t count = 0;
    JSON_EACH(block, content)
    {
        count += messages_kind(block) == MESSAGES_RESULT;
    }
    return count;
}

static struct str span(const struct json *first, const struct json *last)
{
    return (struct str){ first->raw.at, (size_t)(last->raw.at + last->raw.size - first->raw.at) };
}

/* Neighbouring blocks of a message that are no results. */
struct run {
    const struct json *first, *last;
    uint32_t at, count;
};

/* What stands beside results: no person's message. */
static int add_run(struct protocol_request *request, const struct codec_place *whole,
    const struct run *run, struct err *err)
{
    if (run->count == 0)
        return 0;
    struct codec_place place = *whole;
    place.raw = span(run->first, run->last);
    place.block = run->at;
    place.blocks = run->count;
    int r = add_said(request, &place, "user", run->first, run->count, err);
    if (r == 0)
        request->messages[request->view.messages_count - 1].user = false;
    return r;
}

/* A message with results and what stands around them, one chat message each. */
static int add_pieces(struct protocol_request *request, const struct codec_place *whole,
    const struct json *content, struct err *err)
{
    struct run run = { 0 };
    uint32_t at = 0;
    JSON_EACH(block, content)
    {
        if (messages_kind(block) != MESSAGES_RESULT) {
            if (run.count == 0)
                run = (struct run){ .first = block, .at = at };
            run.last = block;
            run.count++;
            at++;
            continue;
        }
        struct codec_place place = *whole;
        place.raw = block->raw;
        place.block = at++;
        place.blocks = 1;
        int r = add_run(request, whole, &run, err);
        if (r == 0)
            r = add_result(request, &place, block, err);
        if (r < 0)
            return r;
        run.count = 0;
    }
    return add_run(request, whole, &run, err);
}

static int check_blocks(
    const struct protocol_request *request, const struct json *content, struct err *err)
{
    JSON_EACH(block, content)
    {
        if (!json_is(block, JSON_OBJECT))
            return codec_refuse(request, block, err, "a block is no object");
    }
    return 0;
}

static int add_message(
    struct protocol_request *request, const struct json *message, uint32_t number, struct err *err)
{
    const struct json *content = codec_member(message, "content");
    if (!json_is(content, JSON_STRING) && !json_is(content, JSON_ARRAY))
        return codec_refuse(request, message, err, "a message has no content");
    int r = check_blocks(request, content, err);
    if (r < 0)
        return r;
    struct codec_place place = {
        .node = message, .raw = message->raw, .element = number, .elements = 1
    };
    if (spoken_role(message, "assistant"))
        return add_assistant(request, &place, content, err);
    bool system = spoken_role(message, "system");
    if (!system && !spoken_role(message, "user"))
        return codec_refuse(request, message, err, "a message has no role that is known");
    if (count_results(content) > 0)
        return add_pieces(request, &place, content, err);
    return add_said(
        request, &place, system ? "system" : "user", json_first(content), content->count, err);
}

/* --- tools */

static void read_tool(struct codec_tool *ret, const struct json *tool, struct arena *arena)
{
    const struct json *name = codec_member(tool, "name");
    const struct json *schema = codec_member(tool, "input_schema");
    const struct json *about = codec_member(tool, "description");
    if (!json_is(name, JSON_STRING) || !json_is(schema, JSON_OBJECT))
        return;
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_text(&chat, "{\"type\":\"function\",\"function\":{\"name\":");
    buf_str(&chat, name->raw);
    if (json_is(about, JSON_STRING)) {
        buf_text(&chat, ",\"description\":");
        buf_str(&chat, about->raw);
    }
    buf_text(&chat, ",\"parameters\":");
    buf_str(&chat, schema->raw);
    buf_text(&chat, "}}");
    ret->chat = codec_keep(arena, &chat);
}

static void read_tools(struct protocol_request *request)
{
    uint32_t number = 0;
    JSON_EACH(tool, request->tools_node)
    {
        read_tool(&request->tools[number++], tool, request->arena);
    }
}

int messages_request_read(struct protocol_request *request, struct err *err)
{
    if (!json_is(request->conversation, JSON_ARRAY))
        return codec_refuse(request, request->root, err, "messages is no list");
    int r = add_system(request, err);
    uint32_t number = 0;
    JSON_EACH(message, request->conversation)
    {
        if (r < 0)
            return r;
        r = add_message(request, message, number++, err);
    }
    if (r == 0)
        read_tools(request);
    return r;
}
