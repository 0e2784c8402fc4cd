/* responses_items - items: what they are, and how text and calls are merged into them.
 *
 * The same rule as in messages_blocks.c: what says the same stays byte for byte, a changed item
 * keeps its other members, what is neither text nor call stays. */
#include "protocol/responses.h"

#include "base/mem.h"

#include <string.h>

bool responses_type(const struct json *object, const char *type)
{
    return spoken_is(codec_member(object, "type"), type);
}

/* A message may come without its type. */
static enum responses_kind kind_of_message(const struct json *item)
{
    const struct json *role = codec_member(item, "role");
    if (spoken_is(role, "assistant"))
        return RESPONSES_TEXT;
    if (spoken_is(role, "user"))
        return RESPONSES_USER;
    return spoken_is(role, "system") || spoken_is(role, "developer") ? RESPONSES_SYSTEM
                                                                     : RESPONSES_OTHER;
}

enum responses_kind responses_kind(const struct json *item)
{
    const struct json *type = codec_member(item, "type");
    static const char output[] = "_output\"";
    size_t tail = sizeof output - 1;
    if (!type || spoken_is(type, "message"))
        return kind_of_message(item);
    if (spoken_is(type, "function_call"))
        return RESPONSES_CALL;
    if (spoken_is(type, "custom_tool_call"))
        return RESPONSES_CUSTOM;
    bool result = type->raw.size > tail &&
                  memcmp(type->raw.at + type->raw.size - tail, output, tail) == 0 &&
                  json_is(codec_member(item, "call_id"), JSON_STRING);
    return result ? RESPONSES_RESULT : RESPONSES_OTHER;
}

bool responses_text_part(const struct json *part)
{
    return (responses_type(part, "output_text") || responses_type(part, "input_text") ||
               responses_type(part, "text")) &&
           json_is(codec_member(part, "text"), JSON_STRING);
}

void responses_text_add(struct buf *text, const struct json *item)
{
    const struct json *content = codec_member(item, "content");
    codec_text_add(text, content);
    if (!json_is(content, JSON_ARRAY))
        return;
    JSON_EACH(part, content)
    {
        if (responses_text_part(part))
            codec_text_add(text, codec_member(part, "text"));
    }
}

void responses_custom_args(struct buf *out, const struct json *input)
{
    CLEANUP(buf_done) struct buf args = { 0 };
    buf_text(&args, "{\"input\":");
    buf_str(&args, json_is(input, JSON_STRING) ? input->raw : STR("\"\""));
    buf_char(&args, '}');
    json_quote(out, buf_view(&args));
}

/* --- merging */

struct merge {
    struct arena *arena;
    const struct spoken *said;
    struct str id;
    bool *used; /* calls that have their item */
    bool text_same, text_done;
    struct responses_item *out;
    uint32_t count;
};

static void keep(struct merge *merge, uint32_t from, const struct json *node, bool says)
{
    merge->out[merge->count++] =
        (struct responses_item){ .from = from, .raw = node->raw, .node = node, .says = says };
}

static void put(struct merge *merge, struct buf *raw)
{
    merge->out[merge->count++] = (struct responses_item){
        .from = CODEC_NONE, .raw = codec_keep(merge->arena, raw), .says = true
    };
}

static bool says(const struct json *const *items, uint32_t count, struct str text)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf inside = { 0 };
    buf_char(&inside, '"');
    for (uint32_t i = 0; i < count; i++)
        if (responses_kind(items[i]) == RESPONSES_TEXT)
            responses_text_add(&inside, items[i]);
    buf_char(&inside, '"');
    const struct json *string = json_read(&arena, buf_view(&inside), NULL, NULL);
    return str_equal(json_string(&arena, string), text);
}

static void write_text_content(struct buf *out, struct str text)
{
    buf_text(out, "[{\"type\":\"output_text\",\"text\":");
    json_quote(out, text);
    buf_text(out, ",\"annotations\":[]}]");
}

static void new_text(struct merge *merge)
{
    if (merge->text_done || merge->said->text.size == 0)
        return;
    merge->text_done = true;
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"type\":\"message\",");
    if (merge->id.size > 0) {
        buf_text(&out, "\"id\":\"msg_");
        codec_text_quote(&out, merge->id);
        buf_text(&out, "\",\"status\":\"completed\",");
    }
    buf_text(&out, "\"role\":\"assistant\",\"content\":");
    write_text_content(&out, merge->said->text);
    buf_char(&out, '}');
    put(merge, &out);
}

static void merge_text(struct merge *merge, uint32_t number, const struct json *item)
{
    if (merge->text_same) {
        keep(merge, number, item, true);
        return;
    }
    if (merge->text_done || merge->said->text.size == 0)
        return;
    merge->text_done = true;
    CLEANUP(buf_done) struct buf out = { 0 }, content = { 0 };
    if (json_is(codec_member(item, "content"), JSON_STRING))
        json_quote(&content, merge->said->text);
    else
        write_text_content(&content, merge->said->text);
    struct codec_changes changes = { 0 };
    codec_set(&changes, item, "content", buf_view(&content));
    codec_object_write(&out, item, &changes);
    put(merge, &out);
}

static const struct protocol_call *call_of(struct merge *merge, const struct json *item)
{
    struct str id = json_string(merge->arena, codec_member(item, "call_id"));
    for (uint32_t i = 0; i < merge->said->calls_count; i++) {
        if (merge->used[i] || !str_equal(merge->said->calls[i].id, id))
            continue;
        merge->used[i] = true;
        return &merge->said->calls[i];
    }
    return NULL;
}

/* The text of a custom call out of {"input": text}; other arguments are the text as they are. */
static struct str custom_input(struct arena *arena, struct str args)
{
    const struct json *root = json_read(arena, args, NULL, NULL);
    const struct json *input = json_get(root, "input");
    return json_is(input, JSON_STRING) && root->count == 1 ? json_string(arena, input) : args;
}

/* No text is no arguments. */
static struct str plain_args(struct str args)
{
    return args.size > 0 ? args : STR("{}");
}

static void merge_call(struct merge *merge, uint32_t number, const struct json *item, bool custom)
{
    const struct protocol_call *call = call_of(merge, item);
    if (!call)
        return;
    const char *member = custom ? "input" : "arguments";
    struct str args = custom ? custom_input(merge->arena, call->args) : plain_args(call->args);
    struct str old_args = json_string(merge->arena, codec_member(item, member));
    struct str old_name = json_string(merge->arena, codec_member(item, "name"));
    struct codec_changes changes = { 0 };
    if (!str_equal(old_name, call->name))
        codec_set(&changes, item, "name", spoken_quoted(merge->arena, call->name));
    if (!str_equal(custom ? old_args : plain_args(old_args), args))
        codec_set(&changes, item, member, spoken_quoted(merge->arena, args));
    if (changes.count == 0) {
        keep(merge, number, item, true);
        return;
    }
    CLEANUP(buf_done) struct buf out = { 0 };
    codec_object_write(&out, item, &changes);
    put(merge, &out);
}

static void new_call(struct merge *merge, const struct protocol_call *call)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"type\":\"function_call\",");
    if (merge->id.size > 0) {
        buf_text(&out, "\"id\":\"fc_");
        codec_text_quote(&out, call->id);
        buf_text(&out, "\",\"status\":\"completed\",");
    }
    buf_text(&out, "\"call_id\":");
    json_quote(&out, call->id);
    buf_text(&out, ",\"name\":");
    json_quote(&out, call->name);
    buf_text(&out, ",\"arguments\":");
    json_quote(&out, plain_args(call->args));
    buf_char(&out, '}');
    put(merge, &out);
}

static bool has_text(const struct json *const *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (responses_kind(items[i]) == RESPONSES_TEXT)
            return true;
    return false;
}

uint32_t responses_merge(struct responses_item **ret, const struct json *const *items,
    uint32_t count, const struct spoken *said, struct str id, struct arena *arena)
{
    struct merge merge = { .arena = arena, .said = said, .id = id };
    merge.out = arena_alloc(arena, (count + said->calls_count + 1) * sizeof(*merge.out));
    merge.used = arena_alloc(arena, said->calls_count + 1);
    merge.text_same = says(items, count, said->text);
    bool late = !merge.text_same && !has_text(items, count);
    for (uint32_t i = 0; i < count; i++) {
        enum responses_kind kind = responses_kind(items[i]);
        bool call = kind == RESPONSES_CALL || kind == RESPONSES_CUSTOM;
        if (call && late)
            new_text(&merge);
        if (kind == RESPONSES_TEXT)
            merge_text(&merge, i, items[i]);
        else if (call)
            merge_call(&merge, i, items[i], kind == RESPONSES_CUSTOM);
        else
            keep(&merge, i, items[i], false);
    }
    if (late)
        new_text(&merge);
    for (uint32_t i = 0; i < said->calls_count; i++)
        if (!merge.used[i])
            new_call(&merge, &said->calls[i]);
    *ret = merge.out;
    return merge.count;
}
