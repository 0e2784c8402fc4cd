/* spoken - reading chat messages apart. See spoken.h. */
#include "protocol/spoken.h"

#include "base/mem.h"

#include <string.h>

bool spoken_is(const struct json *value, const char *text)
{
    struct str want = str_of(text);
    return json_is(value, JSON_STRING) && value->raw.size == want.size + 2 &&
           memcmp(value->raw.at + 1, want.at, want.size) == 0;
}

bool spoken_role(const struct json *chat, const char *role)
{
    return spoken_is(codec_member(chat, "role"), role);
}

bool spoken_system(const struct json *chat)
{
    return spoken_role(chat, "system") || spoken_role(chat, "developer");
}

bool spoken_result(const struct json *chat)
{
    return spoken_role(chat, "tool") || spoken_role(chat, "function");
}

struct str spoken_quoted(struct arena *arena, struct str text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    json_quote(&out, text);
    return codec_keep(arena, &out);
}

struct str spoken_text(const struct json *content, struct arena *arena)
{
    if (json_is(content, JSON_STRING))
        return json_string(arena, content);
    CLEANUP(buf_done) struct buf text = { 0 };
    if (json_is(content, JSON_ARRAY)) {
        JSON_EACH(part, content)
        {
            buf_str(&text, json_string(arena, codec_member(part, "text")));
        }
    }
    return codec_keep(arena, &text);
}

static void read_call(struct protocol_call *ret, const struct json *node, struct arena *arena)
{
    const struct json *function = codec_member(node, "function");
    const struct json *args = codec_member(function, "arguments");
    ret->id = json_string(arena, codec_member(node, "id"));
    ret->name = json_string(arena, codec_member(function, "name"));
    ret->args = json_is(args, JSON_STRING) ? json_string(arena, args)
                : args                     ? args->raw
                                           : (struct str){ 0 };
}

struct spoken spoken_of(const struct json *chat, struct arena *arena)
{
    const struct json *list = codec_member(chat, "tool_calls");
    struct spoken spoken = { .text = spoken_text(codec_member(chat, "content"), arena) };
    if (!json_is(list, JSON_ARRAY) || list->count == 0)
        return spoken;
    struct protocol_call *calls = arena_alloc(arena, list->count * sizeof(*calls));
    JSON_EACH(node, list)
    {
        read_call(&calls[spoken.calls_count++], node, arena);
    }
    spoken.calls = calls;
    return spoken;
}

uint32_t spoken_list(const struct json *const **ret, const struct json *list, struct arena *arena)
{
    uint32_t count = 0;
    if (!json_is(list, JSON_ARRAY))
        return 0;
    const struct json **all = arena_alloc(arena, (list->count + 1) * sizeof(*all));
    JSON_EACH(one, list)
    {
        all[count++] = one;
    }
    *ret = all;
    return count;
}

struct spoken_old spoken_old_of(
    struct str chat, const struct json *const *content, uint32_t count, struct arena *arena)
{
    static const struct json_limits limits = { .duplicates = true };
    const struct json *parts = codec_member(json_read(arena, chat, &limits, NULL), "content");
    if (!json_is(parts, JSON_ARRAY) || parts->count != count)
        return (struct spoken_old){ 0 };
    return (struct spoken_old){ parts, content, count };
}

const struct json *spoken_old_part(const struct spoken_old *old, const struct json *part)
{
    enum { COMPARED_MAX = 256 };
    uint32_t number = 0;
    JSON_EACH(one, old->parts)
    {
        if (number == COMPARED_MAX)
            break;
        if (str_equal(one->raw, part->raw))
            return old->content[number];
        number++;
    }
    return NULL;
}

struct str spoken_picture(const struct json *part, struct arena *arena)
{
    if (!spoken_is(codec_member(part, "type"), "image_url"))
        return (struct str){ 0 };
    struct str url = json_string(arena, codec_member(codec_member(part, "image_url"), "url"));
    return str_starts(url, STR("data:")) ? url : (struct str){ 0 };
}

int spoken_deny(struct err *err)
{
    return err_set(err, ERR_DENIED, "a changed message: content that was not there before");
}

int spoken_tools_write(struct buf *out, struct str tools,
    void (*write)(struct buf *out, const struct json *tool), struct arena *arena, struct err *err)
{
    static const struct json_limits limits = { .duplicates = true };
    if (tools.size == 0)
        return 0;
    const struct json *list = json_read(arena, tools, &limits, err);
    if (!list)
        return -err->code;
    if (!json_is(list, JSON_ARRAY))
        return err_set(err, ERR_INPUT, "tools is no list");
    if (list->count == 0)
        return 0;
    const char *before = ",\"tools\":[";
    JSON_EACH(tool, list)
    {
        buf_text(out, before);
        before = ",";
        write(out, tool);
    }
    buf_char(out, ']');
    return 0;
}
