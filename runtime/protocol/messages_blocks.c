/* messages_blocks - content blocks: what they are, and what a chat message becomes as blocks.
 *
 * Merging goes by id for calls and by the whole text for text: a hook says what a reply shall say,
 * not which of its blocks it changed. */
#include "protocol/content.h"
#include "protocol/messages.h"

#include "base/mem.h"

static bool is_type(const struct json *block, const char *type)
{
    return spoken_is(codec_member(block, "type"), type);
}

enum messages_kind messages_kind(const struct json *block)
{
    static const struct {
        const char *type, *member;
        enum messages_kind kind;
    } kinds[] = {
        { "text", "text", MESSAGES_TEXT },
        { "tool_use", "name", MESSAGES_CALL },
        { "tool_result", NULL, MESSAGES_RESULT },
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (is_type(block, kinds[i].type) &&
            (!kinds[i].member || json_is(codec_member(block, kinds[i].member), JSON_STRING)))
            return kinds[i].kind;
    return MESSAGES_OTHER;
}

/* --- parts of a user's message */

static void read_image(struct buf *out, const struct json *block, struct arena *arena)
{
    const struct json *source = codec_member(block, "source");
    buf_text(out, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
    if (is_type(source, "url")) {
        json_quote(out, json_string(arena, codec_member(source, "url")));
    } else {
        buf_text(out, "\"data:");
        codec_text_add(out, codec_member(source, "media_type"));
        buf_text(out, ";base64,");
        codec_text_add(out, codec_member(source, "data"));
        buf_char(out, '"');
    }
    buf_text(out, "}}");
}

void messages_part_read(struct buf *out, const struct json *block, struct arena *arena)
{
    const struct json *source = codec_member(block, "source");
    if (messages_kind(block) == MESSAGES_TEXT) {
        buf_text(out, "{\"type\":\"text\",\"text\":");
        buf_str(out, codec_member(block, "text")->raw);
        buf_char(out, '}');
    } else if (is_type(block, "image") && (is_type(source, "base64") || is_type(source, "url"))) {
        read_image(out, block, arena);
    } else {
        /* Clients move the marks of their cache from request to request: they say nothing. */
        struct codec_changes changes = { 0 };
        codec_drop(&changes, "cache_control");
        codec_object_write(out, block, &changes);
    }
}

struct str messages_text_block(struct arena *arena, struct str quoted)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"type\":\"text\",\"text\":");
    buf_str(&out, quoted);
    buf_char(&out, '}');
    return codec_keep(arena, &out);
}

static int write_part(struct buf *out, const struct json *part, const struct spoken_old *old,
    struct arena *arena, struct err *err)
{
    const struct json *was = spoken_old_part(old, part);
    if (was) {
        buf_str(out, was->raw);
        return 0;
    }
    if (is_type(part, "text")) {
        buf_str(out, messages_text_block(arena, codec_member(part, "text")->raw));
        return 0;
    }
    return content_write(out, PROTOCOL_MESSAGES, part, old->rights, arena, err);
}

/* The provider refuses a text block without text. */
static bool empty_text(const struct json *part)
{
    const struct json *text = codec_member(part, "text");
    return is_type(part, "text") && (!json_is(text, JSON_STRING) || text->raw.size <= 2);
}

int messages_parts_write(struct buf *out, uint32_t *count, const struct json *content,
    const struct spoken_old *old, struct arena *arena, struct err *err)
{
    if (json_is(content, JSON_STRING) && content->raw.size > 2) {
        if ((*count)++ > 0)
            buf_char(out, ',');
        buf_str(out, messages_text_block(arena, content->raw));
        return 0;
    }
    JSON_EACH(part, content)
    {
        if (empty_text(part))
            continue;
        if ((*count)++ > 0)
            buf_char(out, ',');
        int r = write_part(out, part, old, arena, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- merging */

struct str messages_input(struct arena *arena, struct str args)
{
    static const struct json_limits limits = { .duplicates = true };
    if (str_trim(args).size == 0)
        return STR("{}");
    struct arena_mark mark = arena_mark(arena);
    const struct json *node = json_read(arena, args, &limits, NULL);
    struct str raw = json_is(node, JSON_OBJECT) ? node->raw : (struct str){ 0 };
    arena_release(arena, mark);
    if (raw.at)
        return raw;
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"_raw\":");
    json_quote(&out, args);
    buf_char(&out, '}');
    return codec_keep(arena, &out);
}

struct merge {
    struct arena *arena;
    const struct spoken *said;
    bool *used; /* calls that have their block */
    bool text_same, text_done;
    struct messages_block *out;
    uint32_t count;
};

static void put(struct merge *merge, uint32_t from, const struct json *node, struct str raw)
{
    merge->out[merge->count++] = (struct messages_block){ from, raw, node };
}

static struct str splice(
    struct arena *arena, const struct json *block, struct codec_changes *changes)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    codec_object_write(&out, block, changes);
    return codec_keep(arena, &out);
}

static bool says(
    const struct json *const *blocks, uint32_t count, struct str text, struct arena *arena)
{
    for (uint32_t i = 0; i < count; i++) {
        if (messages_kind(blocks[i]) != MESSAGES_TEXT)
            continue;
        struct arena_mark mark = arena_mark(arena);
        struct str part = json_string(arena, codec_member(blocks[i], "text"));
        bool same = str_starts(text, part);
        arena_release(arena, mark);
        if (!same)
            return false;
        text.at += part.size;
        text.size -= part.size;
    }
    return text.size == 0;
}

static void new_text(struct merge *merge)
{
    if (merge->text_done || merge->said->text.size == 0)
        return;
    merge->text_done = true;
    struct str text = spoken_quoted(merge->arena, merge->said->text);
    put(merge, CODEC_NONE, NULL, messages_text_block(merge->arena, text));
}

/* Citations point into the text that was, so they go with it. */
static void merge_text(struct merge *merge, uint32_t number, const struct json *block)
{
    if (merge->text_same) {
        put(merge, number, block, block->raw);
        return;
    }
    if (merge->text_done || merge->said->text.size == 0)
        return;
    merge->text_done = true;
    struct codec_changes changes = { 0 };
    codec_set(&changes, block, "text", spoken_quoted(merge->arena, merge->said->text));
    codec_drop(&changes, "citations");
    put(merge, CODEC_NONE, NULL, splice(merge->arena, block, &changes));
}

static const struct protocol_call *call_of(struct merge *merge, const struct json *block)
{
    struct str id = json_string(merge->arena, codec_member(block, "id"));
    for (uint32_t i = 0; i < merge->said->calls_count; i++) {
        if (merge->used[i] || !str_equal(merge->said->calls[i].id, id))
            continue;
        merge->used[i] = true;
        return &merge->said->calls[i];
    }
    return NULL;
}

static void merge_call(struct merge *merge, uint32_t number, const struct json *block)
{
    const struct protocol_call *call = call_of(merge, block);
    if (!call)
        return;
    struct str name = json_string(merge->arena, codec_member(block, "name"));
    const struct json *input = codec_member(block, "input");
    bool same_name = str_equal(name, call->name);
    struct str args = messages_input(merge->arena, call->args);
    bool same_args = str_equal(input ? input->raw : STR("{}"), args);
    if (same_name && same_args) {
        put(merge, number, block, block->raw);
        return;
    }
    struct codec_changes changes = { 0 };
    if (!same_name)
        codec_set(&changes, block, "name", spoken_quoted(merge->arena, call->name));
    if (!same_args)
        codec_set(&changes, block, "input", args);
    put(merge, CODEC_NONE, NULL, splice(merge->arena, block, &changes));
}

static void new_call(struct merge *merge, const struct protocol_call *call)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"type\":\"tool_use\",\"id\":");
    json_quote(&out, call->id);
    buf_text(&out, ",\"name\":");
    json_quote(&out, call->name);
    buf_text(&out, ",\"input\":");
    buf_str(&out, messages_input(merge->arena, call->args));
    buf_char(&out, '}');
    put(merge, CODEC_NONE, NULL, codec_keep(merge->arena, &out));
}

static bool has_text(const struct json *const *blocks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (messages_kind(blocks[i]) == MESSAGES_TEXT)
            return true;
    return false;
}

uint32_t messages_merge(struct messages_block **ret, const struct json *const *blocks,
    uint32_t count, const struct spoken *said, struct arena *arena)
{
    struct merge merge = { .arena = arena, .said = said };
    merge.out = arena_alloc(arena, (count + said->calls_count + 1) * sizeof(*merge.out));
    merge.used = arena_alloc(arena, said->calls_count + 1);
    merge.text_same = says(blocks, count, said->text, arena);
    bool late = !merge.text_same && !has_text(blocks, count);
    for (uint32_t i = 0; i < count; i++) {
        enum messages_kind kind = messages_kind(blocks[i]);
        if (kind == MESSAGES_CALL && late)
            new_text(&merge);
        if (kind == MESSAGES_TEXT)
            merge_text(&merge, i, blocks[i]);
        else if (kind == MESSAGES_CALL)
            merge_call(&merge, i, blocks[i]);
        else
            put(&merge, i, blocks[i], blocks[i]->raw);
    }
    if (late)
        new_text(&merge);
    for (uint32_t i = 0; i < said->calls_count; i++)
        if (!merge.used[i])
            new_call(&merge, &said->calls[i]);
    *ret = merge.out;
    return merge.count;
}
