/* responses_read - a request of the responses protocol as chat messages.
 *
 * Items of the model that stand side by side are one assistant message, since that is what one
 * reply of it was. Text is taken over as the JSON strings that it came in. */
#include "protocol/responses.h"

#include "base/mem.h"

static int add(struct protocol_request *request, struct buf *chat, const struct codec_place *place,
    struct err *err)
{
    return codec_message_add(request, codec_keep(request->arena, chat), NULL, false, place, err);
}

/* --- content */

static void write_part(struct buf *out, const struct json *part)
{
    const struct json *url = codec_member(part, "image_url");
    if (responses_text_part(part)) {
        buf_text(out, "{\"type\":\"text\",\"text\":");
        buf_str(out, codec_member(part, "text")->raw);
        buf_char(out, '}');
    } else if (responses_type(part, "input_image") && json_is(url, JSON_STRING)) {
        const struct json *detail = codec_member(part, "detail");
        bool said = json_is(detail, JSON_STRING) && !spoken_is(detail, "auto");
        buf_text(out, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
        buf_str(out, url->raw);
        buf_text(out, said ? ",\"detail\":" : "");
        buf_str(out, said ? detail->raw : (struct str){ 0 });
        buf_text(out, "}}");
    } else {
        buf_str(out, part->raw);
    }
}

/* A string where one text is all. */
static void write_content(struct buf *out, const struct json *content)
{
    if (json_is(content, JSON_STRING)) {
        buf_str(out, content->raw);
        return;
    }
    const struct json *first = json_first(content);
    if (!first) {
        buf_text(out, "\"\"");
        return;
    }
    if (content->count == 1 && responses_text_part(first)) {
        buf_str(out, codec_member(first, "text")->raw);
        return;
    }
    const char *between = "[";
    JSON_EACH(part, content)
    {
        buf_text(out, between);
        between = ",";
        write_part(out, part);
    }
    buf_char(out, ']');
}

static int check_content(const struct protocol_request *request, const struct json *item,
    const struct json *content, struct err *err)
{
    if (json_is(content, JSON_STRING))
        return 0;
    if (!json_is(content, JSON_ARRAY))
        return codec_refuse(
            request, content ? content : item, err, "neither a text nor a list of parts");
    JSON_EACH(part, content)
    {
        if (!json_is(part, JSON_OBJECT))
            return codec_refuse(request, part, err, "a part is no object");
    }
    return 0;
}

/* --- messages */

static int add_instructions(struct protocol_request *request, struct err *err)
{
    const struct json *text = request->system;
    if (!text || text->kind == JSON_NULL)
        return 0;
    if (text->kind != JSON_STRING)
        return codec_refuse(request, text, err, "instructions is no text");
    if (text->raw.size <= 2)
        return 0;
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_text(&chat, "{\"role\":\"system\",\"content\":");
    buf_str(&chat, text->raw);
    buf_char(&chat, '}');
    struct codec_place place = { .node = text, .raw = text->raw, .element = CODEC_NONE };
    return add(request, &chat, &place, err);
}

static int add_said(struct protocol_request *request, const struct codec_place *place,
    const struct json *content, const char *role, struct err *err)
{
    int r = check_content(request, place->node, content, err);
    if (r < 0)
        return r;
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_format(&chat, "{\"role\":\"%s\",\"content\":", role);
    write_content(&chat, content);
    buf_char(&chat, '}');
    return add(request, &chat, place, err);
}

static int add_result(
    struct protocol_request *request, const struct codec_place *place, struct err *err)
{
    const struct json *output = codec_member(place->node, "output");
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_text(&chat, "{\"role\":\"tool\",\"tool_call_id\":");
    buf_str(&chat, codec_member(place->node, "call_id")->raw);
    buf_text(&chat, ",\"content\":");
    if (json_is(output, JSON_STRING) || json_is(output, JSON_ARRAY)) {
        int r = check_content(request, place->node, output, err);
        if (r < 0)
            return r;
        write_content(&chat, output);
    } else {
        json_quote(&chat, output ? output->raw : STR(""));
    }
    buf_char(&chat, '}');
    return add(request, &chat, place, err);
}

/* --- the model's items */

struct run {
    const struct json *first, *last;
    uint32_t at, count, calls;
    struct buf text, list; /* insides: of the text's quotes, of the list of calls */
};

static void run_done(struct run *run)
{
    buf_done(&run->text);
    buf_done(&run->list);
}

static void write_call(struct buf *out, const struct json *item, bool custom, struct arena *arena)
{
    const struct json *id = codec_member(item, "call_id"), *args = codec_member(item, "arguments");
    buf_text(out, "{\"id\":");
    buf_str(out, json_is(id, JSON_STRING) ? id->raw : STR("\"\""));
    buf_text(out, ",\"type\":\"function\",\"function\":{\"name\":");
    json_quote(out, json_string(arena, codec_member(item, "name")));
    buf_text(out, ",\"arguments\":");
    if (custom)
        responses_custom_args(out, codec_member(item, "input"));
    else
        buf_str(out, json_is(args, JSON_STRING) ? args->raw : STR("\"{}\""));
    buf_text(out, "}}");
}

static int run_add(struct protocol_request *request, struct run *run, const struct json *item,
    uint32_t number, struct err *err)
{
    if (run->count++ == 0) {
        run->first = item;
        run->at = number;
    }
    run->last = item;
    enum responses_kind kind = responses_kind(item);
    if (kind == RESPONSES_TEXT) {
        responses_text_add(&run->text, item);
        return check_content(request, item, codec_member(item, "content"), err);
    }
    if (kind != RESPONSES_CALL && kind != RESPONSES_CUSTOM)
        return 0;
    if (run->calls == CODEC_CALLS_MAX)
        return codec_refuse(request, item, err, "over %d calls in a row", CODEC_CALLS_MAX);
    if (run->calls++ > 0)
        buf_char(&run->list, ',');
    write_call(&run->list, item, kind == RESPONSES_CUSTOM, request->arena);
    return 0;
}

static int run_end(struct protocol_request *request, struct run *run, struct err *err)
{
    if (run->count == 0)
        return 0;
    CLEANUP(buf_done) struct buf chat = { 0 };
    bool silent = run->text.size == 0;
    buf_text(&chat, "{\"role\":\"assistant\",\"content\":");
    buf_text(&chat, silent ? "null" : "\"");
    buf_str(&chat, buf_view(&run->text));
    buf_text(&chat, silent ? "" : "\"");
    if (run->calls > 0) {
        buf_text(&chat, ",\"tool_calls\":[");
        buf_str(&chat, buf_view(&run->list));
        buf_char(&chat, ']');
    }
    buf_char(&chat, '}');
    const char *from = run->first->raw.at, *to = run->last->raw.at + run->last->raw.size;
    struct codec_place place = {
        .node = run->first,
        .raw = { from, (size_t)(to - from) },
        .element = run->at,
        .elements = run->count,
    };
    int r = add(request, &chat, &place, err);
    run->count = run->calls = 0;
    buf_clear(&run->text);
    buf_clear(&run->list);
    return r;
}

static int add_item(
    struct protocol_request *request, const struct json *item, uint32_t number, struct err *err)
{
    struct codec_place place = { .node = item, .raw = item->raw, .element = number, .elements = 1 };
    const struct json *content = codec_member(item, "content");
    switch (responses_kind(item)) {
    case RESPONSES_RESULT:
        return add_result(request, &place, err);
    case RESPONSES_SYSTEM:
        return add_said(request, &place, content, "system", err);
    default:
        return add_said(request, &place, content, "user", err);
    }
}

static bool of_the_model(const struct json *item)
{
    enum responses_kind kind = responses_kind(item);
    return kind == RESPONSES_TEXT || kind == RESPONSES_CALL || kind == RESPONSES_CUSTOM ||
           kind == RESPONSES_OTHER;
}

static int add_items(struct protocol_request *request, struct err *err)
{
    CLEANUP(run_done) struct run run = { 0 };
    uint32_t number = 0;
    JSON_EACH(item, request->conversation)
    {
        if (!json_is(item, JSON_OBJECT))
            return codec_refuse(request, item, err, "an item is no object");
        int r = 0;
        if (of_the_model(item)) {
            r = run_add(request, &run, item, number++, err);
        } else {
            r = run_end(request, &run, err);
            if (r == 0)
                r = add_item(request, item, number++, err);
        }
        if (r < 0)
            return r;
    }
    return run_end(request, &run, err);
}

static int add_input(struct protocol_request *request, struct err *err)
{
    const struct json *input = request->conversation;
    if (json_is(input, JSON_ARRAY))
        return add_items(request, err);
    if (!json_is(input, JSON_STRING))
        return codec_refuse(request, input, err, "input is neither a text nor a list of items");
    struct codec_place place = { .node = input, .raw = input->raw, .elements = 1 };
    return add_said(request, &place, input, "user", err);
}

/* --- tools */

/* A custom tool takes a text: in the chat form a function of one. */
static void read_tool(struct codec_tool *ret, const struct json *tool, struct arena *arena)
{
    const struct json *name = codec_member(tool, "name");
    bool custom = responses_type(tool, "custom");
    if (!json_is(name, JSON_STRING) || !(custom || responses_type(tool, "function")))
        return;
    const struct json *about = codec_member(tool, "description");
    const struct json *schema = codec_member(tool, "parameters");
    const struct json *strict = codec_member(tool, "strict");
    CLEANUP(buf_done) struct buf chat = { 0 };
    buf_text(&chat, "{\"type\":\"function\",\"function\":{\"name\":");
    buf_str(&chat, name->raw);
    if (json_is(about, JSON_STRING)) {
        buf_text(&chat, ",\"description\":");
        buf_str(&chat, about->raw);
    }
    buf_text(&chat, ",\"parameters\":");
    if (custom)
        buf_text(&chat, "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
                        "\"required\":[\"input\"]}");
    else
        buf_str(&chat, json_is(schema, JSON_OBJECT) ? schema->raw : STR("{\"type\":\"object\"}"));
    if (strict) {
        buf_text(&chat, ",\"strict\":");
        buf_str(&chat, strict->raw);
    }
    buf_text(&chat, "}}");
    ret->chat = codec_keep(arena, &chat);
}

int responses_request_read(struct protocol_request *request, struct err *err)
{
    request->view.previous =
        json_string(request->arena, codec_member(request->root, "previous_response_id"));
    int r = add_instructions(request, err);
    if (r == 0)
        r = add_input(request, err);
    if (r < 0)
        return r;
    uint32_t number = 0;
    JSON_EACH(tool, request->tools_node)
    {
        read_tool(&request->tools[number++], tool, request->arena);
    }
    return 0;
}
