/* reply_openai - the assistant message of the OpenAI chat format, in and out.
 *
 * What nobody changed is written again as it was read: members that this file does not know, calls
 * that no hook touched. The reader is strict where a plugin would be misled (a call without a
 * name). */
#include "worker/turn.h"

#include "base/mem.h"

#include <string.h>

static const struct json_limits reply_limits = { .size_max = WIRE_BYTES_MAX };

void call_complete(struct call *call, struct arena *arena, struct str name, struct str raw)
{
    call->face.tool = arena_string(arena, name.at, name.size);
    call->face.name = (moult_text){ call->face.tool, (uint32_t)name.size };
    call->face.raw = (moult_text){ raw.at, (uint32_t)raw.size };
    const struct json *args = json_read(arena, raw, NULL, NULL);
    call->face.args = (const moult_json *)(json_is(args, JSON_OBJECT) ? args : NULL);
    CLEANUP(buf_done) struct buf canonical = { 0 };
    if (args)
        json_canonical(&canonical, args);
    struct str text = args ? buf_view(&canonical) : raw;
    call->name_digest = hash_fast(name.at, name.size, 0);
    call->args_digest = hash_fast(text.at, text.size, 0);
    call->face.digest = wire_call_digest_of(name, text);
}

static int read_call(
    struct call *call, struct arena *arena, const struct json *node, struct err *err)
{
    const struct json *function = json_get(node, "function");
    const struct json *args = json_get(function, "arguments");
    struct str name = json_string(arena, json_get(function, "name"));
    if (name.size == 0 || name.size > WIRE_TEXT_MAX)
        return err_set(err, ERR_INPUT, "a call has no name");
    *call = (struct call){ .node = node, .past = NONE, .by = NONE };
    call->id = json_string(arena, json_get(node, "id"));
    if (call->id.size > WIRE_TEXT_MAX)
        return err_set(err, ERR_LIMIT, "a call's id has %zu bytes", call->id.size);
    struct str raw = { 0 };
    if (json_is(args, JSON_STRING))
        raw = json_string(arena, args);
    else if (args)
        raw = args->raw;
    call_complete(call, arena, name, raw);
    return 0;
}

int reply_parse(struct reply *ret, struct arena *arena, struct str bytes, struct err *err)
{
    struct err mine;
    err = err ? err : &mine;
    struct reply reply = { .by = NONE };
    reply.bytes = (struct str){ arena_copy(arena, bytes.at, bytes.size), bytes.size };
    reply.root = json_read(arena, reply.bytes, &reply_limits, err);
    if (!reply.root)
        return -err->code;
    if (!json_is(reply.root, JSON_OBJECT) ||
        !str_equal(json_string(arena, json_get(reply.root, "role")), STR("assistant")))
        return err_set(err, ERR_INPUT, "the reply is no assistant message");
    reply.content = json_get(reply.root, "content");
    reply.text = content_text(arena, reply.content);
    const struct json *calls = json_get(reply.root, "tool_calls");
    if (json_is(calls, JSON_ARRAY) && calls->count > WIRE_CALLS_MAX)
        return err_set(err, ERR_LIMIT, "the reply has %u calls", calls->count);
    if (json_is(calls, JSON_ARRAY) && calls->count > 0) {
        reply.calls_room = calls->count;
        reply.calls = arena_alloc(arena, calls->count * sizeof(struct call));
        JSON_EACH(node, calls)
        {
            int r = read_call(&reply.calls[reply.calls_count++], arena, node, err);
            if (r < 0)
                return r;
        }
    }
    *ret = reply;
    return 0;
}

static void print_call(struct buf *out, const struct call *call)
{
    if (call->node && !call->changed) {
        buf_str(out, call->node->raw);
        return;
    }
    buf_text(out, "{\"id\":");
    json_quote(out, call->id);
    buf_text(out, ",\"type\":\"function\",\"function\":{\"name\":");
    json_quote(out, (struct str){ call->face.name.at, call->face.name.size });
    buf_text(out, ",\"arguments\":");
    json_quote(out, (struct str){ call->face.raw.at, call->face.raw.size });
    buf_text(out, "}}");
}

static void print_calls(struct buf *out, const struct reply *reply)
{
    buf_char(out, '[');
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        if (i > 0)
            buf_char(out, ',');
        print_call(out, &reply->calls[i]);
    }
    buf_char(out, ']');
}

static void print_text(struct buf *out, const struct reply *reply)
{
    if (reply->text.size == 0 && reply->calls_count > 0)
        buf_text(out, "null");
    else
        json_quote(out, reply->text);
}

static void print_key(struct buf *out, bool *first, struct str raw_key)
{
    buf_text(out, *first ? "{\"" : ",\"");
    *first = false;
    buf_str(out, raw_key);
    buf_text(out, "\":");
}

static struct str take(struct arena *arena, const struct buf *buf)
{
    return (struct str){ arena_string(arena, buf->at, buf->size), buf->size };
}

struct str reply_print(const struct reply *reply, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    bool first = true, content = false, calls = false;
    JSON_EACH(member, reply->root)
    {
        bool is_content = str_equal(member->key, STR("content"));
        bool is_calls = str_equal(member->key, STR("tool_calls"));
        if (is_calls && reply->calls_count == 0)
            continue;
        print_key(&out, &first, member->key);
        if (is_content && reply->text_changed)
            print_text(&out, reply);
        else if (is_calls && reply->calls_changed)
            print_calls(&out, reply);
        else
            buf_str(&out, member->raw);
        content |= is_content;
        calls |= is_calls;
    }
    if (!reply->root)
        buf_text(&out, "{\"role\":\"assistant\"");
    first = false;
    if (!content) {
        print_key(&out, &first, STR("content"));
        print_text(&out, reply);
    }
    if (!calls && reply->calls_count > 0) {
        print_key(&out, &first, STR("tool_calls"));
        print_calls(&out, reply);
    }
    buf_char(&out, '}');
    return take(arena, &out);
}

struct str message_print(struct arena *arena, const char *role, struct str text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"role\":\"%s\",\"content\":", role);
    json_quote(&out, text);
    buf_char(&out, '}');
    return take(arena, &out);
}

struct str result_print(struct arena *arena, struct str id, struct str name, struct str text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"role\":\"tool\"");
    if (id.size > 0) {
        buf_text(&out, ",\"tool_call_id\":");
        json_quote(&out, id);
    }
    buf_text(&out, ",\"name\":");
    json_quote(&out, name);
    buf_text(&out, ",\"content\":");
    json_quote(&out, text);
    buf_char(&out, '}');
    return take(arena, &out);
}

struct str message_with(struct arena *arena, const struct json *root, struct str text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    bool first = true;
    JSON_EACH(member, root)
    {
        print_key(&out, &first, member->key);
        if (str_equal(member->key, STR("content")))
            json_quote(&out, text);
        else
            buf_str(&out, member->raw);
    }
    buf_char(&out, '}');
    return take(arena, &out);
}
