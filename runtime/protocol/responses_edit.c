/* responses_edit - chat messages as items: an edited conversation, or one made from nothing.
 *
 * Items stand in a row without roles that take turns, so what nobody changed is copied where it
 * stands. Reasoning is refused by the provider without the item it led to: where a message of the
 * model says nothing any more, its reasoning goes as well. */
#include "protocol/carry.h"
#include "protocol/content.h"
#include "protocol/responses.h"

#include "base/mem.h"

struct writer {
    const struct protocol_request *request; /* NULL: a fresh one */
    struct arena *arena;
    struct buf out; /* items with commas between */
    uint32_t written;
    struct str instructions; /* a JSON string; at == NULL: none */
    bool instructions_kept;
    struct content_rights *rights; /* of a fresh one */
};

static void writer_done(struct writer *writer)
{
    buf_done(&writer->out);
}

static void write_item(struct writer *writer, struct str raw)
{
    if (writer->written++ > 0)
        buf_char(&writer->out, ',');
    buf_str(&writer->out, raw);
}

/* --- parts */

static int write_part(struct buf *out, const struct json *part, const struct spoken_old *old,
    struct arena *arena, struct err *err)
{
    const struct json *was = spoken_old_part(old, part);
    if (was) {
        buf_str(out, was->raw);
        return 0;
    }
    if (responses_text_part(part)) {
        buf_text(out, "{\"type\":\"input_text\",\"text\":");
        buf_str(out, codec_member(part, "text")->raw);
        buf_char(out, '}');
        return 0;
    }
    return content_write(out, PROTOCOL_RESPONSES, part, old->rights, arena, err);
}

/* A text stays one; null says nothing. */
static int write_content(struct buf *out, const struct json *content, const struct spoken_old *old,
    struct arena *arena, struct err *err)
{
    if (!json_is(content, JSON_ARRAY)) {
        buf_str(out, json_is(content, JSON_STRING) ? content->raw : STR("\"\""));
        return 0;
    }
    buf_char(out, '[');
    uint32_t count = 0;
    JSON_EACH(part, content)
    {
        if (count++ > 0)
            buf_char(out, ',');
        int r = write_part(out, part, old, arena, err);
        if (r < 0)
            return r;
    }
    buf_char(out, ']');
    return 0;
}

/* What the message that was here held. */
static struct spoken_old old_parts(
    const struct writer *writer, const struct codec_place *instead, const char *member)
{
    const struct json *const *parts = NULL;
    if (!instead)
        return (struct spoken_old){ .rights = writer->rights };
    const struct protocol_request *request = writer->request;
    uint32_t count = spoken_list(&parts, codec_member(instead->node, member), writer->arena);
    return spoken_old_of(
        request->messages[instead - request->places].chat, parts, count, writer->arena);
}

/* --- messages of the user and the system */

/* The content of the message that was here with another text: its pictures stay. */
static void other_text(struct buf *out, const struct json *old, const struct json *text)
{
    buf_char(out, '[');
    bool done = text->raw.size <= 2;
    const char *between = "";
    JSON_EACH(part, old)
    {
        bool says = responses_text_part(part);
        if (says && done)
            continue;
        buf_text(out, between);
        between = ",";
        struct codec_changes changes = { 0 };
        if (says)
            codec_set(&changes, part, "text", text->raw);
        done |= says;
        codec_object_write(out, part, &changes);
    }
    if (!done) {
        buf_text(out, between);
        buf_text(out, "{\"type\":\"input_text\",\"text\":");
        buf_str(out, text->raw);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static int add_said(struct writer *writer, const struct json *chat, const char *role,
    const struct codec_place *instead, struct err *err)
{
    const struct json *content = codec_member(chat, "content");
    const struct json *old = instead ? codec_member(instead->node, "content") : NULL;
    CLEANUP(buf_done) struct buf out = { 0 }, said = { 0 };
    struct spoken_old parts = old_parts(writer, instead, "content");
    bool splice = json_is(old, JSON_ARRAY) && json_is(content, JSON_STRING);
    int r = 0;
    if (splice)
        other_text(&said, old, content);
    else
        r = write_content(&said, content, &parts, writer->arena, err);
    if (r < 0)
        return r;
    if (old) {
        struct codec_changes changes = { 0 };
        codec_set(&changes, instead->node, "content", buf_view(&said));
        codec_object_write(&out, instead->node, &changes);
    } else {
        buf_format(&out, "{\"type\":\"message\",\"role\":\"%s\",\"content\":", role);
        buf_str(&out, buf_view(&said));
        buf_char(&out, '}');
    }
    write_item(writer, buf_view(&out));
    return 0;
}

static int add_result(struct writer *writer, const struct json *chat,
    const struct codec_place *instead, struct err *err)
{
    const struct json *id = codec_member(chat, "tool_call_id");
    const struct json *old_id = instead ? codec_member(instead->node, "call_id") : NULL;
    CLEANUP(buf_done) struct buf out = { 0 }, said = { 0 };
    struct spoken_old parts = old_parts(writer, instead, "output");
    int r = write_content(&said, codec_member(chat, "content"), &parts, writer->arena, err);
    if (r < 0)
        return r;
    if (id && old_id && str_equal(id->raw, old_id->raw)) {
        struct codec_changes changes = { 0 };
        codec_set(&changes, instead->node, "output", buf_view(&said));
        codec_object_write(&out, instead->node, &changes);
    } else {
        buf_text(&out, "{\"type\":\"function_call_output\",\"call_id\":");
        buf_str(&out, json_is(id, JSON_STRING) ? id->raw : STR("\"\""));
        buf_text(&out, ",\"output\":");
        buf_str(&out, buf_view(&said));
        buf_char(&out, '}');
    }
    write_item(writer, buf_view(&out));
    return 0;
}

/* --- messages of the model */

static const struct json **items_of(const struct writer *writer, const struct codec_place *place)
{
    const struct json **items = arena_alloc(writer->arena, (place->elements + 1) * sizeof(*items));
    const struct json *item = place->node;
    for (uint32_t i = 0; i < place->elements; i++, item += item->next)
        items[i] = item;
    return items;
}

static void add_assistant(
    struct writer *writer, const struct json *chat, const struct codec_place *instead)
{
    const struct json **old = instead ? items_of(writer, instead) : NULL;
    struct spoken said = spoken_of(chat, writer->arena);
    struct responses_item *items;
    uint32_t count = responses_merge(
        &items, old, instead ? instead->elements : 0, &said, (struct str){ 0 }, writer->arena);
    bool says = false;
    for (uint32_t i = 0; i < count; i++)
        says |= items[i].says;
    for (uint32_t i = 0; says && i < count; i++)
        write_item(writer, items[i].raw);
}

/* --- units */

static const struct codec_place *place_of(const struct writer *writer, uint32_t number)
{
    return number == CODEC_NONE ? NULL : &writer->request->places[number];
}

static void keep_message(struct writer *writer, const struct codec_place *place)
{
    if (place->element == CODEC_NONE) {
        writer->instructions = place->raw;
        writer->instructions_kept = true;
        return;
    }
    if (json_is(place->node, JSON_OBJECT)) {
        write_item(writer, place->raw);
        return;
    }
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"type\":\"message\",\"role\":\"user\",\"content\":");
    buf_str(&out, place->raw);
    buf_char(&out, '}');
    write_item(writer, buf_view(&out));
}

static int add_new(struct writer *writer, const struct codec_unit *unit, struct err *err)
{
    const struct codec_place *instead = place_of(writer, unit->instead);
    const struct json *chat = unit->node;
    if (instead && instead->element == CODEC_NONE) {
        CLEANUP(buf_done) struct buf text = { 0 };
        json_quote(&text, spoken_text(codec_member(chat, "content"), writer->arena));
        writer->instructions = codec_keep(writer->arena, &text);
        return 0;
    }
    if (instead && !json_is(instead->node, JSON_OBJECT))
        instead = NULL;
    if (spoken_result(chat))
        return add_result(writer, chat, instead, err);
    if (!spoken_role(chat, "assistant"))
        return add_said(writer, chat, spoken_system(chat) ? "system" : "user", instead, err);
    add_assistant(writer, chat, instead);
    return 0;
}

static int write_units(struct writer *writer, struct codec_units units, struct err *err)
{
    for (uint32_t i = 0; i < units.count; i++) {
        const struct codec_unit *unit = &units.at[i];
        int r = 0;
        if (unit->from != CODEC_NONE)
            keep_message(writer, place_of(writer, unit->from));
        else
            r = add_new(writer, unit, err);
        if (r < 0)
            return r;
    }
    if (writer->written == 0)
        return err_set(err, ERR_INPUT, "no message is left for the model");
    return 0;
}

int responses_request_edit(const struct protocol_request *request, struct codec_units units,
    struct codec_changes *changes, struct arena *scratch, struct err *err)
{
    CLEANUP(writer_done) struct writer writer = { .request = request, .arena = scratch };
    int r = write_units(&writer, units, err);
    if (r < 0)
        return r;
    CLEANUP(buf_done) struct buf list = { 0 };
    buf_char(&list, '[');
    buf_str(&list, buf_view(&writer.out));
    buf_char(&list, ']');
    codec_set(changes, request->root, "input", codec_keep(scratch, &list));
    if (writer.instructions.at && !writer.instructions_kept)
        codec_set(changes, request->root, "instructions", writer.instructions);
    else if (!writer.instructions.at && request->system)
        codec_drop(changes, "instructions");
    return 0;
}

/* --- fresh requests */

void responses_tool_write(struct buf *out, const struct json *tool)
{
    const struct json *function = codec_member(tool, "function");
    const struct json *name = codec_member(function, "name");
    const struct json *about = codec_member(function, "description");
    const struct json *schema = codec_member(function, "parameters");
    const struct json *strict = codec_member(function, "strict");
    buf_text(out, "{\"type\":\"function\",\"name\":");
    buf_str(out, json_is(name, JSON_STRING) ? name->raw : STR("\"\""));
    if (json_is(about, JSON_STRING)) {
        buf_text(out, ",\"description\":");
        buf_str(out, about->raw);
    }
    buf_text(out, ",\"parameters\":");
    buf_str(out, json_is(schema, JSON_OBJECT) ? schema->raw : STR("{\"type\":\"object\"}"));
    /* Not said means strict here, and not strict in the chat format. */
    buf_text(out, ",\"strict\":");
    buf_text(out, json_bool(strict, false) ? "true" : "false");
    buf_char(out, '}');
}

int responses_request_fresh(struct buf *out, const struct protocol_fresh *fresh,
    const struct json *const *messages, struct arena *scratch, struct err *err)
{
    struct content_rights rights = { .fresh = fresh, .nodes = messages, .arena = scratch };
    CLEANUP(writer_done) struct writer writer = { .arena = scratch, .rights = &rights };
    struct codec_unit *units = arena_alloc(scratch, (fresh->messages_count + 1) * sizeof(*units));
    for (uint32_t i = 0; i < fresh->messages_count; i++)
        units[i] = (struct codec_unit){ .from = CODEC_NONE,
            .instead = CODEC_NONE,
            .chat = fresh->messages[i],
            .node = messages[i] };
    int r = write_units(&writer, (struct codec_units){ units, fresh->messages_count }, err);
    if (r < 0)
        return r;
    buf_text(out, "{\"model\":");
    json_quote(out, fresh->model);
    buf_text(out, ",\"input\":[");
    buf_str(out, buf_view(&writer.out));
    buf_char(out, ']');
    r = spoken_tools_write(out, fresh->tools, responses_tool_write, scratch, err);
    if (r == 0)
        r = carry_write(out, fresh, scratch, err);
    if (r < 0)
        return r;
    if (fresh->tokens_max > 0)
        buf_format(out, ",\"max_output_tokens\":%u", fresh->tokens_max);
    /* moult brings the whole conversation each time. */
    buf_text(out, fresh->stream ? ",\"store\":false,\"stream\":true}" : ",\"store\":false}");
    return 0;
}
