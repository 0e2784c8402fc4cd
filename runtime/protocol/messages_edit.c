/* messages_edit - chat messages as an Anthropic conversation: edited, or made from nothing.
 *
 * What the chat format keeps apart belongs together here: results and the user's text stand in one
 * message, and roles take turns. So messages are put into groups, one for each message that will be
 * sent; a group that is exactly a message of the client is copied. A result must be the first in
 * its message (the provider refuses text before it), and empty messages are left out. */
#include "protocol/carry.h"
#include "protocol/content.h"
#include "protocol/messages.h"

#include "base/mem.h"

/* --- what is written */

struct list {
    struct str *at;
    uint32_t count, room;
};

static void list_add(struct list *list, struct arena *arena, struct str raw)
{
    if (list->count == list->room) {
        uint32_t room = list->room ? 2 * list->room : 8;
        list->at =
            arena_grow(arena, list->at, list->room * sizeof(*list->at), room * sizeof(*list->at));
        list->room = room;
    }
    list->at[list->count++] = raw;
}

enum role { ROLE_USER, ROLE_ASSISTANT, ROLE_SYSTEM };
static const char *const role_words[] = {
    [ROLE_USER] = "user", [ROLE_ASSISTANT] = "assistant", [ROLE_SYSTEM] = "system"
};
struct group {
    enum role role;
    uint32_t element; /* of the request's messages; CODEC_NONE: of none */
    const struct json *node;
    bool whole;       /* its blocks so far are those of the element, from the first on */
    uint32_t covered; /* blocks of the element */
    struct list results, blocks;
    bool words; /* something but thinking */
};

struct blocks {
    const struct json *node; /* whose they are */
    const struct json **at;
    uint32_t count;
};

struct writer {
    const struct protocol_request *request; /* NULL: a fresh one */
    struct arena *arena;
    struct buf *out; /* elements with commas between */
    uint32_t written;
    struct list system; /* blocks */
    bool system_kept;   /* it is the client's own, byte for byte */
    struct group group;
    bool open;
    struct blocks blocks;
    struct content_rights *rights; /* of a fresh one */
};

/* --- blocks of the request */

/* Every block of an element; a text alone becomes one. The latest is remembered: an element may be
 * as many messages as it has blocks. */
static void load_blocks(struct writer *writer, const struct json *node, const struct json *content)
{
    static const struct json_limits limits = { .duplicates = true };
    struct blocks *blocks = &writer->blocks;
    *blocks = (struct blocks){ .node = node };
    blocks->at = arena_alloc(writer->arena, (content->count + 1) * sizeof(*blocks->at));
    if (json_is(content, JSON_STRING) && content->raw.size > 2)
        blocks->at[blocks->count++] = json_read(
            writer->arena, messages_text_block(writer->arena, content->raw), &limits, NULL);
    JSON_EACH(block, content)
    {
        blocks->at[blocks->count++] = block;
    }
}

/* The blocks that a message of the view is. */
static uint32_t blocks_of(
    struct writer *writer, const struct codec_place *place, const struct json *const **ret)
{
    if (writer->blocks.node != place->node)
        load_blocks(writer, place->node,
            place->element == CODEC_NONE ? place->node : codec_member(place->node, "content"));
    *ret = writer->blocks.at + place->block;
    return place->blocks ? place->blocks : writer->blocks.count;
}

static bool is_thinking(const struct json *block)
{
    struct str type =
        codec_member(block, "type") ? codec_member(block, "type")->raw : (struct str){ 0 };
    return str_equal(type, STR("\"thinking\"")) || str_equal(type, STR("\"redacted_thinking\""));
}

/* --- groups */

static void write_element(struct writer *writer, struct str raw)
{
    if (writer->written++ > 0)
        buf_char(writer->out, ',');
    buf_str(writer->out, raw);
}

static void write_list(struct buf *out, const struct list *list, bool more)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (i > 0 || more)
            buf_char(out, ',');
        buf_str(out, list->at[i]);
    }
}

static struct str content_of(struct writer *writer, const struct group *group)
{
    CLEANUP(buf_done) struct buf content = { 0 };
    buf_char(&content, '[');
    write_list(&content, &group->results, false);
    write_list(&content, &group->blocks, group->results.count > 0);
    buf_char(&content, ']');
    return codec_keep(writer->arena, &content);
}

static bool untouched(const struct group *group)
{
    const struct json *content = codec_member(group->node, "content");
    return group->whole && (!json_is(content, JSON_ARRAY) || group->covered == content->count);
}

static void close_group(struct writer *writer)
{
    struct group *group = &writer->group;
    bool open = writer->open;
    writer->open = false;
    if (!open)
        return;
    if (group->element != CODEC_NONE && untouched(group)) {
        write_element(writer, group->node->raw);
        return;
    }
    if (group->results.count + group->blocks.count == 0 || !group->words)
        return;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str content = content_of(writer, group);
    if (group->element != CODEC_NONE) {
        struct codec_changes changes = { 0 };
        codec_set(&changes, group->node, "content", content);
        codec_object_write(&out, group->node, &changes);
    } else {
        buf_format(&out, "{\"role\":\"%s\",\"content\":", role_words[group->role]);
        buf_str(&out, content);
        buf_char(&out, '}');
    }
    write_element(writer, codec_keep(writer->arena, &out));
}

/* What is new joins what is there; two messages of the client stay two. */
static void open_group(struct writer *writer, enum role role, const struct codec_place *place)
{
    struct group *group = &writer->group;
    uint32_t element = place ? place->element : CODEC_NONE;
    bool joins =
        writer->open && group->role == role &&
        (element == CODEC_NONE || group->element == CODEC_NONE || group->element == element);
    if (!joins) {
        close_group(writer);
        *group = (struct group){ .role = role, .element = CODEC_NONE, .whole = true };
        writer->open = true;
    }
    if (group->element == CODEC_NONE && element != CODEC_NONE) {
        group->whole &= group->results.count + group->blocks.count == 0;
        group->element = element;
        group->node = place->node;
    }
}

static void add_block(struct writer *writer, struct str raw, bool result, bool thinking)
{
    struct group *group = &writer->group;
    list_add(result ? &group->results : &group->blocks, writer->arena, raw);
    group->words |= !thinking;
}

static void keep_message(struct writer *writer, enum role role, const struct codec_place *place)
{
    open_group(writer, role, place);
    struct group *group = &writer->group;
    group->whole &= place->block == group->covered;
    const struct json *const *blocks;
    uint32_t count = blocks_of(writer, place, &blocks);
    for (uint32_t i = 0; i < count; i++)
        add_block(writer, blocks[i]->raw, messages_kind(blocks[i]) == MESSAGES_RESULT,
            is_thinking(blocks[i]));
    group->covered += count;
}

/* --- new messages */

static void add_assistant(
    struct writer *writer, const struct json *chat, const struct codec_place *instead)
{
    const struct json *const *old = NULL;
    uint32_t old_count = instead ? blocks_of(writer, instead, &old) : 0;
    struct spoken said = spoken_of(chat, writer->arena);
    struct messages_block *blocks;
    uint32_t count = messages_merge(&blocks, old, old_count, &said, writer->arena);
    for (uint32_t i = 0; i < count; i++)
        add_block(writer, blocks[i].raw, false, blocks[i].node && is_thinking(blocks[i].node));
}

/* The content of a result, or empty where it says nothing. */
static int result_content(struct str *ret, const struct json *content, const struct spoken_old *old,
    struct arena *arena, struct err *err)
{
    *ret = (struct str){ 0 };
    if (json_is(content, JSON_STRING)) {
        *ret = content->raw;
        return 0;
    }
    CLEANUP(buf_done) struct buf parts = { 0 };
    uint32_t count = 0;
    buf_char(&parts, '[');
    int r = messages_parts_write(&parts, &count, content, old, arena, err);
    if (r < 0)
        return r;
    buf_char(&parts, ']');
    if (count > 0)
        *ret = codec_keep(arena, &parts);
    return 0;
}

static struct str chat_of(const struct writer *writer, const struct codec_place *place)
{
    return writer->request->messages[place - writer->request->places].chat;
}

/* The block of the result that was here, and what it held. */
static const struct json *old_result(
    struct writer *writer, const struct codec_place *instead, struct spoken_old *ret)
{
    const struct json *const *blocks = NULL, *const *parts = NULL;
    *ret = (struct spoken_old){ .rights = writer->rights };
    if (!instead || blocks_of(writer, instead, &blocks) != 1)
        return NULL;
    uint32_t count = spoken_list(&parts, codec_member(blocks[0], "content"), writer->arena);
    *ret = spoken_old_of(chat_of(writer, instead), parts, count, writer->arena);
    return blocks[0];
}

static int add_result(struct writer *writer, const struct json *chat,
    const struct codec_place *instead, struct err *err)
{
    struct str content;
    struct spoken_old parts;
    const struct json *old = old_result(writer, instead, &parts);
    int r = result_content(&content, codec_member(chat, "content"), &parts, writer->arena, err);
    if (r < 0)
        return r;
    const struct json *id = codec_member(chat, "tool_call_id");
    const struct json *old_id = codec_member(old, "tool_use_id");
    CLEANUP(buf_done) struct buf out = { 0 };
    if (id && old_id && str_equal(id->raw, old_id->raw)) {
        struct codec_changes changes = { 0 };
        codec_set(&changes, old, "content", content.at ? content : STR("\"\""));
        codec_object_write(&out, old, &changes);
    } else {
        buf_text(&out, "{\"type\":\"tool_result\",\"tool_use_id\":");
        buf_str(&out, json_is(id, JSON_STRING) ? id->raw : STR("\"\""));
        buf_text(&out, content.at ? ",\"content\":" : "");
        buf_str(&out, content);
        buf_char(&out, '}');
    }
    add_block(writer, codec_keep(writer->arena, &out), true, false);
    return 0;
}

static int add_parts(struct writer *writer, struct list *list, const struct json *content,
    const struct codec_place *instead, struct err *err)
{
    CLEANUP(buf_done) struct buf parts = { 0 };
    const struct json *const *blocks = NULL;
    uint32_t count = instead ? blocks_of(writer, instead, &blocks) : 0, written = 0;
    struct spoken_old old = { .rights = writer->rights };
    if (instead)
        old = spoken_old_of(chat_of(writer, instead), blocks, count, writer->arena);
    int r = messages_parts_write(&parts, &written, content, &old, writer->arena, err);
    if (r == 0 && written > 0)
        list_add(list, writer->arena, codec_keep(writer->arena, &parts));
    return r;
}

/* A text in place of a message with pictures keeps them. */
static int add_text(struct writer *writer, struct list *list, const struct json *chat,
    const struct codec_place *instead, struct err *err)
{
    struct arena *arena = writer->arena;
    const struct json *content = codec_member(chat, "content");
    if (!instead || !json_is(content, JSON_STRING))
        return add_parts(writer, list, content, instead, err);
    const struct json *const *old;
    uint32_t old_count = blocks_of(writer, instead, &old);
    struct spoken said = { .text = json_string(arena, content) };
    struct messages_block *blocks;
    uint32_t count = messages_merge(&blocks, old, old_count, &said, arena);
    for (uint32_t i = 0; i < count; i++)
        list_add(list, arena, blocks[i].raw);
    return 0;
}

static int add_user(struct writer *writer, const struct json *chat,
    const struct codec_place *instead, struct err *err)
{
    struct group *group = &writer->group;
    int r = add_text(writer, &group->blocks, chat, instead, err);
    group->words |= group->blocks.count > 0;
    return r;
}

/* --- units */

static const struct codec_place *place_of(const struct writer *writer, uint32_t number)
{
    return number == CODEC_NONE ? NULL : &writer->request->places[number];
}

static enum role role_of_place(const struct writer *writer, uint32_t number)
{
    if (writer->request->messages[number].model)
        return ROLE_ASSISTANT;
    const struct json *node = writer->request->places[number].node;
    return spoken_role(node, "system") ? ROLE_SYSTEM : ROLE_USER;
}

static enum role role_of_new(
    const struct writer *writer, const struct codec_unit *unit, const struct codec_place *instead)
{
    if (spoken_role(unit->node, "assistant"))
        return ROLE_ASSISTANT;
    if (instead && spoken_system(unit->node))
        return role_of_place(writer, unit->instead);
    return ROLE_USER;
}

static int add_new(struct writer *writer, const struct codec_unit *unit, struct err *err)
{
    const struct codec_place *instead = place_of(writer, unit->instead);
    if (instead && instead->element == CODEC_NONE)
        instead = NULL;
    enum role role = role_of_new(writer, unit, instead);
    open_group(writer, role, instead);
    writer->group.whole = false;
    if (spoken_result(unit->node))
        return add_result(writer, unit->node, instead, err);
    if (role != ROLE_ASSISTANT)
        return add_user(writer, unit->node, instead, err);
    add_assistant(writer, unit->node, instead);
    return 0;
}

/* System texts before the conversation go beside it; a later one keeps its place, as text of the
 * user, since the protocol has no other. Returns true if the unit was one. */
static bool take_system(struct writer *writer, const struct codec_unit *unit, bool begun)
{
    const struct codec_place *from = place_of(writer, unit->from);
    const struct codec_place *instead = place_of(writer, unit->instead);
    if (from)
        return from->element == CODEC_NONE;
    return spoken_system(unit->node) && (!begun || (instead && instead->element == CODEC_NONE));
}

static int add_system(struct writer *writer, const struct codec_unit *unit, struct err *err)
{
    const struct codec_place *from = place_of(writer, unit->from);
    writer->system_kept = from && writer->system.count == 0;
    if (!from)
        return add_text(writer, &writer->system, unit->node, place_of(writer, unit->instead), err);
    const struct json *const *blocks;
    uint32_t count = blocks_of(writer, from, &blocks);
    for (uint32_t i = 0; i < count; i++)
        list_add(&writer->system, writer->arena, blocks[i]->raw);
    return 0;
}

static int write_units(struct writer *writer, struct codec_units units, struct err *err)
{
    bool begun = false;
    for (uint32_t i = 0; i < units.count; i++) {
        const struct codec_unit *unit = &units.at[i];
        int r = 0;
        if (take_system(writer, unit, begun)) {
            r = add_system(writer, unit, err);
        } else {
            begun = true;
            if (unit->from != CODEC_NONE)
                keep_message(
                    writer, role_of_place(writer, unit->from), place_of(writer, unit->from));
            else
                r = add_new(writer, unit, err);
        }
        if (r < 0)
            return r;
    }
    close_group(writer);
    if (writer->written == 0)
        return err_set(err, ERR_INPUT, "no message is left for the model");
    return 0;
}

static struct str system_of(struct writer *writer)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_char(&out, '[');
    write_list(&out, &writer->system, false);
    buf_char(&out, ']');
    return codec_keep(writer->arena, &out);
}

int messages_request_edit(const struct protocol_request *request, struct codec_units units,
    struct codec_changes *changes, struct arena *scratch, struct err *err)
{
    CLEANUP(buf_done) struct buf list = { 0 };
    struct writer writer = { .request = request, .arena = scratch, .out = &list };
    buf_char(&list, '[');
    int r = write_units(&writer, units, err);
    if (r < 0)
        return r;
    buf_char(&list, ']');
    codec_set(changes, request->root, "messages", codec_keep(scratch, &list));
    if (writer.system.count > 0 && !writer.system_kept)
        codec_set(changes, request->root, "system", system_of(&writer));
    else if (writer.system.count == 0 && request->system)
        codec_drop(changes, "system");
    return 0;
}

/* --- fresh requests */

void messages_tool_write(struct buf *out, const struct json *tool)
{
    const struct json *function = codec_member(tool, "function");
    const struct json *name = codec_member(function, "name");
    const struct json *about = codec_member(function, "description");
    const struct json *schema = codec_member(function, "parameters");
    buf_text(out, "{\"name\":");
    buf_str(out, json_is(name, JSON_STRING) ? name->raw : STR("\"\""));
    if (json_is(about, JSON_STRING)) {
        buf_text(out, ",\"description\":");
        buf_str(out, about->raw);
    }
    buf_text(out, ",\"input_schema\":");
    buf_str(out, json_is(schema, JSON_OBJECT) ? schema->raw : STR("{\"type\":\"object\"}"));
    buf_char(out, '}');
}

static struct codec_units units_of(
    const struct protocol_fresh *fresh, const struct json *const *messages, struct arena *arena)
{
    struct codec_unit *units = arena_alloc(arena, (fresh->messages_count + 1) * sizeof(*units));
    for (uint32_t i = 0; i < fresh->messages_count; i++)
        units[i] = (struct codec_unit){ .from = CODEC_NONE,
            .instead = CODEC_NONE,
            .chat = fresh->messages[i],
            .node = messages[i] };
    return (struct codec_units){ units, fresh->messages_count };
}

int messages_request_fresh(struct buf *out, const struct protocol_fresh *fresh,
    const struct json *const *messages, struct arena *scratch, struct err *err)
{
    enum { TOKENS_MAX = 4096 }; /* the provider wants to be told a number */
    CLEANUP(buf_done) struct buf list = { 0 };
    struct content_rights rights = { .fresh = fresh, .nodes = messages, .arena = scratch };
    struct writer writer = { .arena = scratch, .out = &list, .rights = &rights };
    int r = write_units(&writer, units_of(fresh, messages, scratch), err);
    if (r < 0)
        return r;
    buf_text(out, "{\"model\":");
    json_quote(out, fresh->model);
    buf_format(out, ",\"max_tokens\":%u", fresh->tokens_max ? fresh->tokens_max : TOKENS_MAX);
    if (writer.system.count > 0) {
        buf_text(out, ",\"system\":");
        buf_str(out, system_of(&writer));
    }
    buf_text(out, ",\"messages\":[");
    buf_str(out, buf_view(&list));
    buf_char(out, ']');
    r = spoken_tools_write(out, fresh->tools, messages_tool_write, scratch, err);
    if (r == 0)
        r = carry_write(out, fresh, scratch, err);
    if (r < 0)
        return r;
    buf_text(out, fresh->stream ? ",\"stream\":true}" : "}");
    return 0;
}
