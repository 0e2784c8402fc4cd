/* ask - see ask.h. */
#include "mock/ask.h"

#include "base/mem.h"

const char *const ask_kind_words[] = { "chat", "responses", "messages", "count_tokens", NULL };
const char *const ask_role_words[] = { "system", "user", "assistant", "tool", NULL };

struct reader {
    struct arena *arena;
    struct ask_message *messages;
    uint32_t count, room;
    struct err *err;
};

static int add(struct reader *reader, enum ask_role role, struct str text)
{
    if (reader->count == ASK_MESSAGES_MAX)
        return err_set(reader->err, ERR_LIMIT, "more than %d messages", ASK_MESSAGES_MAX);
    if (reader->count == reader->room) {
        uint32_t room = reader->room ? reader->room * 2 : 16;
        reader->messages = arena_grow(reader->arena, reader->messages,
            reader->room * sizeof *reader->messages, room * sizeof *reader->messages);
        reader->room = room;
    }
    reader->messages[reader->count++] = (struct ask_message){ role, text };
    return 0;
}

/* A content: a string, or parts whose texts are joined; what is no text says nothing. */
static struct str text_of(struct reader *reader, const struct json *content)
{
    if (!json_is(content, JSON_ARRAY))
        return json_string(reader->arena, content);
    CLEANUP(buf_done) struct buf out = { 0 };
    JSON_EACH(part, content)
    {
        buf_str(&out, json_string(reader->arena, json_get(part, "text")));
    }
    return (struct str){ arena_string(reader->arena, out.at ? out.at : "", out.size), out.size };
}

static bool type_is(struct reader *reader, const struct json *object, const char *word)
{
    return str_equal(json_string(reader->arena, json_get(object, "type")), str_of(word));
}

static int role_of(struct reader *reader, const struct json *message)
{
    static const struct {
        const char *word;
        enum ask_role role;
    } roles[] = {
        { "system", ASK_SYSTEM },
        { "developer", ASK_SYSTEM },
        { "user", ASK_USER },
        { "assistant", ASK_ASSISTANT },
        { "tool", ASK_TOOL },
        { "function", ASK_TOOL },
    };
    struct str word = json_string(reader->arena, json_get(message, "role"));
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        if (str_equal(word, str_of(roles[i].word)))
            return (int)roles[i].role;
    return err_set(reader->err, ERR_INPUT, "a message without a known role");
}

/* --- one message of each protocol */

static int chat_message(struct reader *reader, const struct json *message)
{
    int role = role_of(reader, message);
    return role < 0 ? role : add(reader, role, text_of(reader, json_get(message, "content")));
}

/* The calls of one reply are items of their own: one message, as in the other protocols. */
static int responses_item(struct reader *reader, const struct json *item)
{
    if (type_is(reader, item, "function_call_output"))
        return add(reader, ASK_TOOL, text_of(reader, json_get(item, "output")));
    if (type_is(reader, item, "function_call")) {
        bool joins = reader->count > 0 && reader->messages[reader->count - 1].role == ASK_ASSISTANT;
        return joins ? 0 : add(reader, ASK_ASSISTANT, (struct str){ 0 });
    }
    return json_get(item, "role") ? chat_message(reader, item) : 0;
}

/* Results in a user's message are messages of their own; the texts around them are the user's. */
static int messages_message(struct reader *reader, const struct json *message)
{
    const struct json *content = json_get(message, "content");
    int rc = role_of(reader, message);
    if (rc != ASK_USER || !json_is(content, JSON_ARRAY))
        return rc < 0 ? rc : chat_message(reader, message);
    CLEANUP(buf_done) struct buf said = { 0 };
    bool other = content->count == 0;
    rc = 0;
    JSON_EACH(block, content)
    {
        if (type_is(reader, block, "tool_result")) {
            rc = add(reader, ASK_TOOL, text_of(reader, json_get(block, "content")));
        } else {
            buf_str(&said, json_string(reader->arena, json_get(block, "text")));
            other = true;
        }
        if (rc < 0)
            return rc;
    }
    if (!other)
        return 0;
    const char *text = arena_string(reader->arena, said.at ? said.at : "", said.size);
    return add(reader, ASK_USER, (struct str){ text, said.size });
}

static const struct form {
    const char *system, *conversation;
    int (*message)(struct reader *reader, const struct json *message);
} forms[ASK_KINDS] = {
    [ASK_CHAT] = { NULL, "messages", chat_message },
    [ASK_RESPONSES] = { "instructions", "input", responses_item },
    [ASK_MESSAGES] = { "system", "messages", messages_message },
    [ASK_COUNT_TOKENS] = { "system", "messages", messages_message },
};

static int read_messages(struct reader *reader, const struct json *root, const struct form *form)
{
    const struct json *system = form->system ? json_get(root, form->system) : NULL;
    const struct json *list = json_get(root, form->conversation);
    int rc = 0;
    if (system && system->kind != JSON_NULL)
        rc = add(reader, ASK_SYSTEM, text_of(reader, system));
    if (rc == 0 && json_is(list, JSON_STRING) && form->message == responses_item)
        return add(reader, ASK_USER, json_string(reader->arena, list));
    if (rc == 0 && !json_is(list, JSON_ARRAY))
        return err_set(
            reader->err, ERR_INPUT, "Missing required parameter: '%s'.", form->conversation);
    JSON_EACH(message, list)
    {
        rc = rc < 0 ? rc : form->message(reader, message);
    }
    return rc;
}

/* Names of tools; OpenAI's chat form keeps them one level down. */
static int read_tools(struct ask *ret, const struct json *tools, struct reader *reader)
{
    if (!json_is(tools, JSON_ARRAY))
        return 0;
    if (tools->count > ASK_TOOLS_MAX)
        return err_set(reader->err, ERR_LIMIT, "more than %d tools", ASK_TOOLS_MAX);
    struct str *names = arena_alloc(reader->arena, (tools->count + 1) * sizeof *names);
    JSON_EACH(tool, tools)
    {
        const struct json *in = json_get(tool, "function");
        names[ret->tools_count++] = json_string(reader->arena, json_get(in ? in : tool, "name"));
    }
    ret->tools = names;
    return 0;
}

int ask_read(
    struct ask *ret, enum ask_kind kind, struct str body, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = { .size_max = ASK_BODY_MAX, .duplicates = true };
    struct reader reader = { .arena = arena, .err = err };
    const struct json *root = json_read(arena, body, &limits, err);
    if (!root)
        return err_while(err, "We could not parse the JSON body of your request");
    if (!json_is(root, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "the body of the request is no JSON object");
    struct ask ask = { .kind = kind,
        .stream = json_bool(json_get(root, "stream"), false),
        .usage = json_bool(json_get(json_get(root, "stream_options"), "include_usage"), false),
        .model = json_string(arena, json_get(root, "model")),
        .root = root,
        .headers = ret->headers,
        .headers_count = ret->headers_count };
    if (ask.model.size == 0)
        return err_set(err, ERR_INPUT, "you must provide a model parameter");
    int rc = read_messages(&reader, root, &forms[kind]);
    if (rc == 0)
        rc = read_tools(&ask, json_get(root, "tools"), &reader);
    if (rc < 0)
        return rc;
    ask.messages = reader.messages;
    ask.messages_count = reader.count;
    *ret = ask;
    return 0;
}

struct str ask_header(const struct ask *ask, struct str name)
{
    for (uint32_t i = 0; i < ask->headers_count; i++)
        if (str_equal(ask->headers[i].name, name))
            return ask->headers[i].value;
    return (struct str){ 0 };
}

const struct ask_message *ask_last(const struct ask *ask, enum ask_role role)
{
    for (uint32_t i = ask->messages_count; i > 0; i--)
        if (ask->messages[i - 1].role == role)
            return &ask->messages[i - 1];
    return NULL;
}
