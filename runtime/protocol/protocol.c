/* protocol - what reading and writing requests have in common: the envelope, model and tools, and
 * which messages changed. See protocol.h; the formats themselves are codecs (codec.h). */
#include "base/mem.h"
#include "base/result_text.h"
#include "protocol/carry.h"

#include <stdio.h>
#include <string.h>

const char *const protocol_words[PROTOCOLS] = {
    [PROTOCOL_CHAT] = "chat",
    [PROTOCOL_RESPONSES] = "responses",
    [PROTOCOL_MESSAGES] = "messages",
};

const struct codec *codec_of(enum protocol protocol)
{
    static const struct codec *const codecs[PROTOCOLS] = {
        [PROTOCOL_CHAT] = &codec_chat,
        [PROTOCOL_RESPONSES] = &codec_responses,
        [PROTOCOL_MESSAGES] = &codec_messages,
    };
    return codecs[protocol];
}

/* --- reading */

int codec_refuse(const struct protocol_request *request, const struct json *node, struct err *err,
    const char *format, ...)
{
    char text[200], path[100];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err_set(err, ERR_INPUT, "%s", text);
    if (err)
        err_where(err, "%s", json_path(path, sizeof path, request->root, node));
    return -ERR_INPUT;
}

static int message_room(struct protocol_request *request, struct err *err)
{
    uint32_t count = request->view.messages_count, room = request->messages_room;
    if (count == PROTOCOL_MESSAGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d messages", PROTOCOL_MESSAGES_MAX);
    if (count < room)
        return 0;
    uint32_t more = room ? room * 2 : 64;
    request->messages = arena_grow(request->arena, request->messages,
        room * sizeof *request->messages, more * sizeof *request->messages);
    request->places = arena_grow(request->arena, request->places, room * sizeof *request->places,
        more * sizeof *request->places);
    request->messages_room = more;
    return 0;
}

/* Chat completions and responses have no mark for a result that is an error, and clients of the
 * third leave theirs out: what the miner reads in a text, the live harness reads there, too. */
static bool says_error(
    const struct protocol_request *request, struct str role, const struct json *message)
{
    return str_equal(role, STR("tool")) &&
           result_text_failed(result_text(request->arena, codec_member(message, "content")));
}

int codec_message_add(struct protocol_request *request, struct str chat, const struct json *node,
    bool failed, const struct codec_place *place, struct err *err)
{
    int rc = message_room(request, err);
    if (rc < 0)
        return rc;
    struct arena_mark mark = arena_mark(request->arena);
    struct json_limits limits = { .duplicates = true };
    if (!node && !(node = json_read(request->arena, chat, &limits, err)))
        return -ERR_INPUT;
    struct str role = json_string(request->arena, codec_member(node, "role"));
    if (role.size == 0)
        return codec_refuse(request, place->node, err, "a message without a role");
    uint32_t number = request->view.messages_count++;
    request->places[number] = *place;
    request->messages[number] = (struct protocol_message){
        .chat = chat,
        .failed = failed || says_error(request, role, node),
        .model = str_equal(role, STR("assistant")),
        .user = str_equal(role, STR("user")),
        .key = codec_key(node, request->arena),
    };
    arena_release(request->arena, mark);
    request->view.messages = request->messages;
    return 0;
}

/* Each protocol has a word of its own for it, one of them two. What is none is the provider's to
 * refuse. */
static uint32_t tokens_wanted(const struct json *root)
{
    static const char *const words[] = { "max_completion_tokens", "max_output_tokens",
        "max_tokens" };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        int64_t count = json_int(codec_member(root, words[i]), 0);
        if (count > 0 && count <= UINT32_MAX)
            return (uint32_t)count;
    }
    return 0;
}

static int read_model(struct protocol_request *request, struct err *err)
{
    const struct json *model = codec_member(request->root, "model");
    const struct json *stream = codec_member(request->root, "stream");
    if (model && model->kind != JSON_STRING && model->kind != JSON_NULL)
        return codec_refuse(request, model, err, "model is not a string");
    if (stream && stream->kind > JSON_TRUE)
        return codec_refuse(request, stream, err, "stream is neither true nor false");
    request->view.model = json_string(request->arena, model);
    request->view.stream = json_bool(stream, false);
    request->view.tokens_max = tokens_wanted(request->root);
    return 0;
}

static int read_tools(struct protocol_request *request, struct err *err)
{
    const struct json *tools = codec_member(request->root, "tools");
    if (!tools || tools->kind == JSON_NULL)
        return 0;
    if (tools->kind != JSON_ARRAY)
        return codec_refuse(request, tools, err, "tools is not an array");
    request->tools_node = tools;
    request->tools = arena_alloc(request->arena, tools->count * sizeof *request->tools);
    JSON_EACH(tool, tools)
    {
        if (tool->kind != JSON_OBJECT)
            return codec_refuse(request, tool, err, "a tool is not an object");
        request->tools[request->tools_count++].raw = tool->raw;
    }
    return 0;
}

/* The list in the chat form; the body's own where that is it. */
static void view_tools(struct protocol_request *request)
{
    struct buf out = { 0 };
    uint32_t own = 0, shown = 0;
    for (uint32_t i = 0; i < request->tools_count; i++)
        own += request->tools[i].chat.at == request->tools[i].raw.at;
    if (own == request->tools_count) {
        request->view.tools = own ? request->tools_node->raw : (struct str){ 0 };
        return;
    }
    for (uint32_t i = 0; i < request->tools_count; i++) {
        if (request->tools[i].chat.size == 0)
            continue;
        buf_char(&out, shown++ ? ',' : '[');
        buf_str(&out, request->tools[i].chat);
    }
    if (shown) {
        buf_char(&out, ']');
        request->view.tools = codec_keep(request->arena, &out);
    }
    buf_done(&out);
}

static int read_envelope(struct protocol_request *request, struct err *err)
{
    const struct codec *codec = request->codec;
    if (request->root->kind != JSON_OBJECT)
        return codec_refuse(request, request->root, err, "a request is an object");
    request->conversation = codec_member(request->root, codec->conversation);
    request->system = codec->system ? codec_member(request->root, codec->system) : NULL;
    if (!request->conversation)
        return codec_refuse(request, request->root, err, "%s is missing", codec->conversation);
    int rc = read_model(request, err);
    return rc < 0 ? rc : read_tools(request, err);
}

int protocol_request_read(struct protocol_request **ret, enum protocol protocol, struct str body,
    struct arena *arena, struct err *err)
{
    struct json_limits limits = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };
    struct err local;
    err = err ? err : &local;
    struct protocol_request *request = arena_alloc(arena, sizeof *request);
    request->codec = codec_of(protocol);
    request->arena = arena;
    request->view = (struct protocol_view){ .protocol = protocol, .body = body };
    request->root = json_read(arena, body, &limits, err);
    if (!request->root)
        return -err->code;
    int rc = read_envelope(request, err);
    if (rc == 0)
        rc = request->codec->request_read(request, err);
    if (rc < 0)
        return rc;
    view_tools(request);
    *ret = request;
    return 0;
}

const struct protocol_view *protocol_request_view(const struct protocol_request *request)
{
    return &request->view;
}

/* --- editing: messages */

static bool all_messages(const struct protocol_request *request, const struct protocol_edit *edit)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < edit->parts_count; i++) {
        const struct protocol_part *part = &edit->parts[i];
        if (part->count == 0 || part->from != next)
            return false;
        next += part->count;
    }
    return next == request->view.messages_count;
}

static int units_count(
    const struct protocol_request *request, const struct protocol_edit *edit, struct err *err)
{
    uint32_t have = request->view.messages_count;
    uint64_t count = 0;
    for (uint32_t i = 0; i < edit->parts_count; i++) {
        const struct protocol_part *part = &edit->parts[i];
        if (part->count > have || part->from > have - part->count)
            return err_set(err, ERR_INPUT, "messages %u to %llu of %u", part->from,
                (unsigned long long)part->from + part->count, have);
        count += part->count ? part->count : 1;
    }
    if (count > PROTOCOL_MESSAGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d messages", PROTOCOL_MESSAGES_MAX);
    return (int)count;
}

static int unit_new(
    struct codec_unit *unit, struct str chat, struct arena *scratch, struct err *err)
{
    struct json_limits limits = { .duplicates = true };
    *unit = (struct codec_unit){ .from = CODEC_NONE, .instead = CODEC_NONE, .chat = chat };
    unit->node = json_read(scratch, chat, &limits, err);
    if (!unit->node)
        return err ? err_while(err, "a changed message") : -ERR_INPUT;
    if (unit->node->kind != JSON_OBJECT)
        return err_set(err, ERR_INPUT, "a changed message is no object");
    return 0;
}

static bool same_member(const struct json *a, const struct json *b, const char *key)
{
    const struct json *one = codec_member(a, key), *other = codec_member(b, key);
    return (!one && !other) || (one && other && json_equal(one, other));
}

/* The first message of `from` to `behind` that has the unit's role and answers the same call. A few
 * are looked at: what was changed stands near to where it stood. */
static uint32_t find_place(const struct protocol_request *request, const struct codec_unit *unit,
    uint32_t from, uint32_t behind, struct arena *scratch)
{
    enum { NEAR = 16 };
    for (uint32_t i = from; i < behind && i - from < NEAR; i++) {
        struct json_limits limits = { .duplicates = true };
        struct arena_mark mark = arena_mark(scratch);
        const struct json *old = json_read(scratch, request->messages[i].chat, &limits, NULL);
        bool same =
            same_member(old, unit->node, "role") && same_member(old, unit->node, "tool_call_id");
        arena_release(scratch, mark);
        if (same)
            return i;
    }
    return CODEC_NONE;
}

/* New bytes between two messages of the request stand in for those that are missing there. */
static void find_places(const struct protocol_request *request, struct codec_unit *units,
    uint32_t count, struct arena *scratch)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (units[i].from != CODEC_NONE) {
            from = units[i].from + 1;
            continue;
        }
        uint32_t next = i, behind = request->view.messages_count;
        while (next < count && units[next].from == CODEC_NONE)
            next++;
        if (next < count)
            behind = units[next].from;
        for (; i < next; i++) {
            units[i].instead = find_place(request, &units[i], from, behind, scratch);
            if (units[i].instead != CODEC_NONE)
                from = units[i].instead + 1;
        }
        i--;
    }
}

static int edit_messages(const struct protocol_request *request, const struct protocol_edit *edit,
    struct codec_changes *changes, struct arena *scratch, struct err *err)
{
    if (all_messages(request, edit))
        return 0;
    int count = units_count(request, edit, err);
    if (count < 0)
        return count;
    struct codec_unit *units = arena_alloc(scratch, (size_t)count * sizeof *units), *unit = units;
    for (uint32_t i = 0; i < edit->parts_count; i++) {
        const struct protocol_part *part = &edit->parts[i];
        for (uint32_t k = 0; k < part->count; k++)
            *unit++ = (struct codec_unit){ .from = part->from + k, .instead = CODEC_NONE };
        int rc = part->count ? 0 : unit_new(unit++, part->chat, scratch, err);
        if (rc < 0)
            return rc;
    }
    find_places(request, units, (uint32_t)count, scratch);
    struct codec_units all = { units, (uint32_t)count };
    return request->codec->request_edit(request, all, changes, scratch, err);
}

/* --- editing: tools and model */

struct tools_out {
    const struct protocol_request *request;
    struct buf out;
    uint32_t written, done; /* done: tools of the request that were looked at for being hidden */
};

static void tool_next(struct tools_out *tools)
{
    buf_char(&tools->out, tools->written++ ? ',' : '[');
}

/* A server's own tools before number `behind` stay where they were: no plugin sees them. */
static void unshown_tools(struct tools_out *tools, uint32_t behind)
{
    for (; tools->done < behind; tools->done++) {
        const struct codec_tool *tool = &tools->request->tools[tools->done];
        if (tool->chat.size > 0)
            continue;
        tool_next(tools);
        buf_str(&tools->out, tool->raw);
    }
}

/* The number of the tool with these bytes, looked for from `guess` on, or CODEC_NONE. */
static uint32_t tool_number(const struct protocol_request *request, struct str chat, uint32_t guess)
{
    for (uint32_t i = 0; i < request->tools_count; i++) {
        uint32_t number = (guess + i) % request->tools_count;
        if (str_equal(request->tools[number].chat, chat))
            return number;
    }
    return CODEC_NONE;
}

static int edit_tools(const struct protocol_request *request, struct str list,
    struct codec_changes *changes, struct arena *scratch, struct err *err)
{
    if (list.size == 0 || str_equal(list, request->view.tools))
        return 0;
    struct json_limits limits = { .duplicates = true };
    const struct json *shown = json_read(scratch, list, &limits, err);
    if (!shown || shown->kind != JSON_ARRAY)
        return err_set(err, ERR_INPUT, "a changed list of tools is no array");
    int rc = carry_check_tool(codec_member(request->root, "tool_choice"), list, scratch, err);
    if (rc < 0)
        return rc;
    struct tools_out tools = { .request = request };
    uint32_t guess = 0;
    JSON_EACH(tool, shown)
    {
        uint32_t number = tool_number(request, tool->raw, guess);
        unshown_tools(&tools, number == CODEC_NONE ? tools.done : number);
        tool_next(&tools);
        if (number == CODEC_NONE)
            request->codec->tool_write(&tools.out, tool);
        else
            buf_str(&tools.out, request->tools[number].raw);
        guess = number == CODEC_NONE ? guess : number + 1;
    }
    unshown_tools(&tools, request->tools_count);
    if (tools.written) {
        buf_char(&tools.out, ']');
        codec_set(changes, request->root, "tools", codec_keep(scratch, &tools.out));
    } else {
        for (const char *const *key = request->codec->with_tools; *key; key++)
            codec_drop(changes, *key);
    }
    buf_done(&tools.out);
    return 0;
}

static void edit_model(const struct protocol_request *request, struct str model,
    struct codec_changes *changes, struct arena *scratch)
{
    if (model.size == 0 || str_equal(model, request->view.model))
        return;
    struct buf quoted = { 0 };
    json_quote(&quoted, model);
    codec_set(changes, request->root, "model", codec_keep(scratch, &quoted));
}

int protocol_request_edit(struct buf *out, const struct protocol_request *request,
    const struct protocol_edit *edit, struct err *err)
{
    struct arena scratch = { 0 };
    struct codec_changes changes = { 0 };
    edit_model(request, edit->model, &changes, &scratch);
    int rc = edit_tools(request, edit->tools, &changes, &scratch, err);
    if (rc == 0)
        rc = edit_messages(request, edit, &changes, &scratch, err);
    struct str body = request->view.body, root = request->root->raw;
    if (rc == 0 && changes.count == 0) {
        buf_str(out, body);
    } else if (rc == 0) {
        const char *behind = root.at + root.size;
        buf_add(out, body.at, (size_t)(root.at - body.at));
        codec_object_write(out, request->root, &changes);
        buf_add(out, behind, (size_t)(body.at + body.size - behind));
    }
    arena_done(&scratch);
    return rc;
}

/* --- fresh ones */

static int fresh_nodes(const struct json **nodes, const struct protocol_fresh *fresh,
    struct arena *scratch, struct err *err)
{
    struct json_limits limits = { .duplicates = true };
    for (uint32_t i = 0; i < fresh->messages_count; i++) {
        nodes[i] = json_read(scratch, fresh->messages[i], &limits, err);
        if (!nodes[i])
            return err ? err_while(err, "message %u", i) : -ERR_INPUT;
        if (nodes[i]->kind != JSON_OBJECT)
            return err_set(err, ERR_INPUT, "message %u is no object", i);
    }
    return 0;
}

int protocol_request_fresh(struct buf *out, const struct protocol_fresh *fresh, struct err *err)
{
    if (fresh->messages_count > PROTOCOL_MESSAGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d messages", PROTOCOL_MESSAGES_MAX);
    struct arena scratch = { 0 };
    const struct json **nodes = arena_alloc(&scratch, (fresh->messages_count + 1) * sizeof *nodes);
    int rc = fresh_nodes(nodes, fresh, &scratch, err);
    if (rc == 0)
        rc = codec_of(fresh->protocol)->request_fresh(out, fresh, nodes, &scratch, err);
    arena_done(&scratch);
    return rc;
}

int protocol_request_warm(const struct protocol_request **ret, struct str temperature,
    struct arena *arena, struct err *err)
{
    struct protocol_request *request;
    const char *text = arena_format(arena,
        "{\"model\":\"any\",\"messages\":[{\"role\":\"user\",\"content\":\"\"}],"
        "\"temperature\":%.*s}",
        (int)temperature.size, temperature.at);
    int rc = protocol_request_read(&request, PROTOCOL_CHAT, str_of(text), arena, err);
    if (rc == 0)
        *ret = request;
    return rc;
}
