/* chat - requests of OpenAI's chat completions, which is also the format of every message inside
 * moult: reading takes slices, and an unchanged message is its slice.
 *
 * A changed message comes from a plugin. Only members that a message has in this format are taken
 * from it, and only text: anything else that it holds must be, byte for byte, a part or call of the
 * message that it stands in for. So no plugin brings a field, a kind of content or an address into
 * a request that the client did not put there. */
#include "protocol/chat.h"
#include "protocol/carry.h"
#include "protocol/content.h"

#include "base/mem.h"

#include <string.h>

enum { CALL_SHOWN_MAX = 100 }; /* of its id */

static const char *const with_tools[] = { "tools", "tool_choice", "parallel_tool_calls", NULL };

const struct codec codec_chat = {
    .done = "[DONE]",
    .conversation = "messages",
    .with_tools = with_tools,
    .request_read = chat_request_read,
    .tool_write = chat_tool_write,
    .request_edit = chat_request_edit,
    .request_fresh = chat_request_fresh,
    .reply_json = chat_reply_json,
    .reply_event = chat_reply_event,
    .answer_write = chat_answer_write,
    .stream_begin = chat_stream_begin,
    .stream_text = chat_stream_text,
    .stream_end = chat_stream_end,
};

int chat_request_read(struct protocol_request *request, struct err *err)
{
    const struct json *messages = request->conversation;
    if (messages->kind != JSON_ARRAY)
        return codec_refuse(request, messages, err, "messages is not an array");
    uint32_t element = 0;
    JSON_EACH(message, messages)
    {
        if (message->kind != JSON_OBJECT)
            return codec_refuse(request, message, err, "a message is not an object");
        struct codec_place place = {
            .node = message, .raw = message->raw, .element = element++, .elements = 1
        };
        int rc = codec_message_add(request, message->raw, message, false, &place, err);
        if (rc < 0)
            return rc;
    }
    for (uint32_t i = 0; i < request->tools_count; i++)
        request->tools[i].chat = request->tools[i].raw;
    return 0;
}

/* --- tools */

static void add_member(struct buf *out, const char *key, struct str value)
{
    bool first = out->size == 0 || out->at[out->size - 1] == '{';
    buf_text(out, first ? "\"" : ",\"");
    buf_text(out, key);
    buf_text(out, "\":");
    buf_str(out, value);
}

void chat_tool_write(struct buf *out, const struct json *tool)
{
    static const struct {
        const char *key;
        enum json_kind kind;
    } members[] = {
        { "name", JSON_STRING },
        { "description", JSON_STRING },
        { "parameters", JSON_OBJECT },
        { "strict", JSON_TRUE },
    };
    const struct json *function = codec_member(tool, "function");
    buf_text(out, "{\"type\":\"function\",\"function\":{");
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const struct json *member = codec_member(function, members[i].key);
        if (json_is(member, members[i].kind))
            add_member(out, members[i].key, member->raw);
    }
    buf_text(out, "}}");
}

/* --- messages */

/* One message being written; old: what it stands in for, or NULL. */
struct message {
    const struct json *node, *old;
    struct content_rights *rights; /* of a fresh one */
    struct buf *shown;             /* of a result whose pictures stand behind it, or NULL */
    struct arena *scratch;
    struct err *err;
};

static int refuse(const struct message *message, enum err_code code, const char *what)
{
    return err_set(message->err, code, "a changed message: %s", what);
}

static bool is_text(struct arena *scratch, const struct json *part, const char **ret_key)
{
    struct str type = json_string(scratch, codec_member(part, "type"));
    *ret_key = str_equal(type, STR("refusal")) ? "refusal" : "text";
    return str_equal(type, str_of(*ret_key)) && json_is(codec_member(part, *ret_key), JSON_STRING);
}

static const struct json *same_bytes(const struct json *array, const struct json *value)
{
    if (json_is(array, JSON_ARRAY))
        JSON_EACH(one, array)
    if (str_equal(one->raw, value->raw))
        return one;
    return NULL;
}

static int write_other(struct buf *out, const struct message *message, const struct json *part)
{
    return content_write(out, PROTOCOL_CHAT, part, message->rights, message->scratch, message->err);
}

/* OpenAI takes nothing but text in a result: its pictures and files are shown as the user's, behind
 * all results that stand together. */
static int show_behind(struct buf *out, const struct message *message, const struct json *part)
{
    CLEANUP(buf_done) struct buf said = { 0 };
    struct buf *shown = message->shown;
    int rc = write_other(&said, message, part);
    if (rc < 0)
        return rc;
    if (str_starts(buf_view(&said), STR("{\"type\":\"text\""))) {
        buf_str(out, buf_view(&said));
        return 0;
    }
    struct str id = json_string(message->scratch, codec_member(message->node, "tool_call_id"));
    buf_text(out, "{\"type\":\"text\",\"text\":\"(shown behind the results)\"}");
    buf_text(shown, shown->size ? "," : "");
    buf_text(shown, "{\"type\":\"text\",\"text\":");
    json_quote(shown, str_of(arena_format(message->scratch, "(of the result of the call %.*s)",
                          (int)(id.size < CALL_SHOWN_MAX ? id.size : CALL_SHOWN_MAX), id.at)));
    buf_text(shown, "},");
    buf_str(shown, buf_view(&said));
    return 0;
}

static int write_part(struct buf *out, const struct message *message, const struct json *part)
{
    const char *key;
    if (is_text(message->scratch, part, &key)) {
        buf_format(out, "{\"type\":\"%s\",\"%s\":", key, key);
        buf_str(out, codec_member(part, key)->raw);
        buf_char(out, '}');
        return 0;
    }
    return message->shown ? show_behind(out, message, part) : write_other(out, message, part);
}

static int write_content(struct buf *out, const struct message *message, const struct json *content)
{
    enum { COMPARED_MAX = 256 };
    if (content->kind == JSON_STRING || content->kind == JSON_NULL) {
        buf_str(out, content->raw);
        return 0;
    }
    if (content->kind != JSON_ARRAY)
        return refuse(message, ERR_INPUT, "content is neither text nor parts");
    const struct json *old = codec_member(message->old, "content");
    uint32_t compared = 0;
    buf_char(out, '[');
    JSON_EACH(part, content)
    {
        const struct json *same = compared++ < COMPARED_MAX ? same_bytes(old, part) : NULL;
        if (part != content + 1)
            buf_char(out, ',');
        if (same)
            buf_str(out, same->raw);
        int rc = same ? 0 : write_part(out, message, part);
        if (rc < 0)
            return rc;
    }
    buf_char(out, ']');
    return 0;
}

/* The call of the old message with that id. */
static const struct json *old_call(const struct message *message, const struct json *id)
{
    const struct json *calls = codec_member(message->old, "tool_calls");
    if (json_is(calls, JSON_ARRAY))
        JSON_EACH(call, calls)
        {
            const struct json *old_id = codec_member(call, "id");
            if (old_id && str_equal(old_id->raw, id->raw))
                return call;
        }
    return NULL;
}

/* Name and arguments into the call as it was: what else it carries (a signature) stays. */
static void splice_call(struct buf *out, const struct json *old, struct str name, struct str args,
    struct arena *scratch)
{
    struct codec_changes inner = { 0 }, outer = { 0 };
    struct buf text = { 0 };
    const struct json *function = codec_member(old, "function");
    codec_set(&inner, function, "name", name);
    codec_set(&inner, function, "arguments", args);
    codec_object_write(&text, function, &inner);
    codec_set(&outer, old, "function", codec_keep(scratch, &text));
    codec_object_write(out, old, &outer);
}

static int write_call(struct buf *out, const struct message *message, const struct json *call)
{
    const struct json *old = same_bytes(codec_member(message->old, "tool_calls"), call);
    if (old) {
        buf_str(out, old->raw);
        return 0;
    }
    const struct json *id = codec_member(call, "id"), *function = codec_member(call, "function");
    const struct json *name = codec_member(function, "name");
    const struct json *args = codec_member(function, "arguments");
    if (!json_is(id, JSON_STRING) || !json_is(name, JSON_STRING) || !json_is(args, JSON_STRING))
        return refuse(message, ERR_INPUT, "a call without id, name or arguments");
    old = old_call(message, id);
    if (json_is(codec_member(old, "function"), JSON_OBJECT)) {
        splice_call(out, old, name->raw, args->raw, message->scratch);
        return 0;
    }
    buf_char(out, '{');
    add_member(out, "id", id->raw);
    buf_text(out, ",\"type\":\"function\",\"function\":{");
    add_member(out, "name", name->raw);
    add_member(out, "arguments", args->raw);
    buf_text(out, "}}");
    return 0;
}

static int write_calls(struct buf *out, const struct message *message, const struct json *calls)
{
    if (calls->kind != JSON_ARRAY)
        return refuse(message, ERR_INPUT, "tool_calls is no array");
    if (calls->count > CODEC_CALLS_MAX)
        return refuse(message, ERR_LIMIT, "too many calls");
    buf_char(out, '[');
    JSON_EACH(call, calls)
    {
        if (call != calls + 1)
            buf_char(out, ',');
        int rc = write_call(out, message, call);
        if (rc < 0)
            return rc;
    }
    buf_char(out, ']');
    return 0;
}

static int write_role(struct buf *out, const struct message *message, const struct json *role)
{
    static const char *const roles[] = { "system", "developer", "user", "assistant", "tool",
        "function" };
    struct str says = json_string(message->scratch, role);
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        if (str_equal(says, str_of(roles[i]))) {
            json_quote(out, says);
            return 0;
        }
    return refuse(message, ERR_INPUT, "an unknown role");
}

static int write_text(struct buf *out, const struct message *message, const struct json *text)
{
    if (text->kind != JSON_STRING && text->kind != JSON_NULL)
        return refuse(message, ERR_INPUT, "a name, an id or a refusal that is no string");
    buf_str(out, text->raw);
    return 0;
}

typedef int write_fn(struct buf *out, const struct message *message, const struct json *value);
/* The members that a message is made of here. */
static const struct member {
    const char *key;
    write_fn *write;
} members[] = {
    { "role", write_role },
    { "content", write_content },
    { "name", write_text },
    { "refusal", write_text },
    { "tool_calls", write_calls },
    { "tool_call_id", write_text },
};

/* Of the old message stays what is no member of the list: it is the client's. */
static int write_message(struct buf *out, const struct message *message)
{
    struct codec_changes changes = { 0 };
    if (!codec_member(message->node, "role"))
        return refuse(message, ERR_INPUT, "no role");
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const struct json *value = codec_member(message->node, members[i].key);
        const struct json *old = codec_member(message->old, members[i].key);
        if (!value)
            codec_drop(&changes, members[i].key);
        if (!value || (old && str_equal(old->raw, value->raw)))
            continue;
        struct buf text = { 0 };
        int rc = members[i].write(&text, message, value);
        struct str kept = codec_keep(message->scratch, &text);
        if (rc < 0)
            return rc;
        codec_set(&changes, message->old, members[i].key, kept);
    }
    static const struct json nothing = { .raw = { "{}", 2 }, .next = 1, .kind = JSON_OBJECT };
    codec_object_write(out, message->old ? message->old : &nothing, &changes);
    return 0;
}

/* --- the conversation */

static uint32_t place_of(const struct codec_unit *unit)
{
    return unit->from != CODEC_NONE ? unit->from : unit->instead;
}

/* What stands between two elements, if they are neighbours there; else a comma. */
static void write_gap(
    struct buf *out, const struct codec_place *places, uint32_t before, uint32_t place)
{
    if (place == CODEC_NONE || place == 0 || before != place - 1) {
        buf_char(out, ',');
        return;
    }
    const char *from = places[before].raw.at + places[before].raw.size;
    buf_add(out, from, (size_t)(places[place].raw.at - from));
}

int chat_request_edit(const struct protocol_request *request, struct codec_units units,
    struct codec_changes *changes, struct arena *scratch, struct err *err)
{
    struct buf out = { 0 };
    int rc = 0;
    buf_char(&out, '[');
    for (uint32_t i = 0; i < units.count && rc == 0; i++) {
        const struct codec_unit *unit = &units.at[i];
        uint32_t place = place_of(unit);
        if (i > 0)
            write_gap(&out, request->places, place_of(unit - 1), place);
        struct message message = {
            .node = unit->node,
            .old = place == CODEC_NONE ? NULL : request->places[place].node,
            .scratch = scratch,
            .err = err,
        };
        if (unit->from != CODEC_NONE)
            buf_str(&out, request->places[unit->from].raw);
        else
            rc = write_message(&out, &message);
    }
    buf_char(&out, ']');
    struct str kept = codec_keep(scratch, &out);
    if (rc == 0)
        codec_set(changes, request->root, "messages", kept);
    return rc;
}

static void write_shown(struct buf *out, struct buf *shown)
{
    if (shown->size == 0)
        return;
    buf_text(out, ",{\"role\":\"user\",\"content\":[");
    buf_str(out, buf_view(shown));
    buf_text(out, "]}");
    shown->size = 0;
}

/* A client of this protocol knows what its provider takes in a result. */
static int fresh_messages(struct buf *out, const struct protocol_fresh *fresh,
    const struct json *const *messages, struct arena *scratch, struct err *err)
{
    struct content_rights rights = { .fresh = fresh, .nodes = messages, .arena = scratch };
    CLEANUP(buf_done) struct buf shown = { 0 };
    bool knows = fresh->like && fresh->like->view.protocol == PROTOCOL_CHAT;
    for (uint32_t i = 0; i < fresh->messages_count; i++) {
        bool result = spoken_role(messages[i], "tool");
        struct message message = { .node = messages[i],
            .rights = &rights,
            .shown = result && !knows ? &shown : NULL,
            .scratch = scratch,
            .err = err };
        if (!result)
            write_shown(out, &shown);
        if (i > 0)
            buf_char(out, ',');
        int rc = write_message(out, &message);
        if (rc < 0)
            return rc;
    }
    write_shown(out, &shown);
    return 0;
}

static int fresh_tools(struct buf *out, struct str list, struct arena *scratch, struct err *err)
{
    struct json_limits limits = { .duplicates = true };
    const struct json *tools = json_read(scratch, list, &limits, err);
    if (!tools || tools->kind != JSON_ARRAY)
        return err_set(err, ERR_INPUT, "a list of tools is no array");
    if (tools->count == 0)
        return 0;
    buf_text(out, ",\"tools\":[");
    JSON_EACH(tool, tools)
    {
        if (tool != tools + 1)
            buf_char(out, ',');
        chat_tool_write(out, tool);
    }
    buf_char(out, ']');
    return 0;
}

int chat_request_fresh(struct buf *out, const struct protocol_fresh *fresh,
    const struct json *const *messages, struct arena *scratch, struct err *err)
{
    buf_text(out, "{\"model\":");
    json_quote(out, fresh->model);
    buf_text(out, ",\"messages\":[");
    int rc = fresh_messages(out, fresh, messages, scratch, err);
    buf_char(out, ']');
    if (rc == 0 && fresh->tools.size > 0)
        rc = fresh_tools(out, fresh->tools, scratch, err);
    /* What it costs is counted, and in a stream that must be asked for. */
    if (fresh->stream)
        buf_text(out, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
    if (fresh->tokens_max)
        buf_format(out, ",\"max_completion_tokens\":%u", fresh->tokens_max);
    if (rc == 0)
        rc = carry_write(out, fresh, scratch, err);
    buf_char(out, '}');
    return rc;
}
