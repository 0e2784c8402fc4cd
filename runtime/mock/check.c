/* check - see check.h.
 *
 * The rules are those of recorded refusals; where a provider is known to be lenient, so is this. */
#include "mock/check.h"

#include "base/mem.h"
#include "mock/check_parts.h"

enum { OPEN_MAX = 1024 };

/* Calls whose results have not come yet. */
struct calls {
    struct str ids[OPEN_MAX];
    uint32_t count;
};
struct checker {
    struct arena *arena;
    struct err *err;
    struct calls open;
};

static struct str member(struct checker *checker, const struct json *object, const char *key)
{
    return json_string(checker->arena, json_get(object, key));
}

static bool is(
    struct checker *checker, const struct json *object, const char *key, const char *word)
{
    return str_equal(member(checker, object, key), str_of(word));
}

#define SHOWN(s) (int)((s).size < 60 ? (s).size : 60), (s).at ? (s).at : ""

static int open_call(struct checker *checker, struct str id)
{
    if (id.size == 0)
        return err_set(checker->err, ERR_INPUT, "a tool call without an id");
    if (checker->open.count == OPEN_MAX)
        return err_set(checker->err, ERR_INPUT, "more than %d tool calls at once", OPEN_MAX);
    for (uint32_t i = 0; i < checker->open.count; i++)
        if (str_equal(checker->open.ids[i], id))
            return err_set(
                checker->err, ERR_INPUT, "`tool_use` ids must be unique: %.*s", SHOWN(id));
    checker->open.ids[checker->open.count++] = id;
    return 0;
}

static int close_call(struct checker *checker, struct str id)
{
    struct calls *open = &checker->open;
    for (uint32_t i = 0; i < open->count; i++)
        if (str_equal(open->ids[i], id)) {
            open->ids[i] = open->ids[--open->count];
            return 0;
        }
    return err_set(checker->err, ERR_INPUT,
        "a tool result must be a response to a preceding tool call: no call %.*s is open",
        SHOWN(id));
}

static int nothing_open(struct checker *checker)
{
    if (checker->open.count == 0)
        return 0;
    return err_set(checker->err, ERR_INPUT,
        "tool calls must be followed by their results: none came for %.*s",
        SHOWN(checker->open.ids[0]));
}

/* --- one message of each protocol */

static int chat_message(struct checker *checker, const struct json *message)
{
    const struct json *calls = json_get(message, "tool_calls");
    const struct json *content = json_get(message, "content");
    bool user = is(checker, message, "role", "user");
    int rc = check_parts(ASK_CHAT, user, content, checker->arena, checker->err);
    if (rc == 0 && is(checker, message, "role", "tool"))
        return close_call(checker, member(checker, message, "tool_call_id"));
    rc = rc < 0 ? rc : nothing_open(checker);
    JSON_EACH(call, json_is(calls, JSON_ARRAY) ? calls : NULL)
    {
        rc = rc < 0 ? rc : open_call(checker, member(checker, call, "id"));
        if (rc == 0 && !json_is(json_get(json_get(call, "function"), "arguments"), JSON_STRING))
            rc = err_set(checker->err, ERR_INPUT, "tool call arguments must be a string");
    }
    if (rc == 0 && (!content || content->kind == JSON_NULL) && (!calls || calls->count == 0))
        return err_set(checker->err, ERR_INPUT, "a message must have content or tool_calls");
    return rc;
}

static int responses_item(struct checker *checker, const struct json *item)
{
    if (is(checker, item, "type", "function_call"))
        return open_call(checker, member(checker, item, "call_id"));
    bool output = is(checker, item, "type", "function_call_output");
    int rc = check_parts(ASK_RESPONSES, output || is(checker, item, "role", "user"),
        json_get(item, output ? "output" : "content"), checker->arena, checker->err);
    if (rc == 0 && output)
        return close_call(checker, member(checker, item, "call_id"));
    /* Reasoning may stand between the calls of one reply. */
    return rc < 0 || is(checker, item, "type", "reasoning") ? rc : nothing_open(checker);
}

static int messages_message(struct checker *checker, const struct json *message)
{
    const struct json *content = json_get(message, "content");
    bool list = json_is(content, JSON_ARRAY), user = is(checker, message, "role", "user");
    int rc = user ? 0 : nothing_open(checker);
    if (list && content->count == 0)
        return err_set(checker->err, ERR_INPUT, "all messages must have non-empty content");
    rc = rc < 0 ? rc : check_parts(ASK_MESSAGES, user, content, checker->arena, checker->err);
    JSON_EACH(block, list ? content : NULL)
    {
        if (rc < 0)
            return rc;
        if (is(checker, block, "type", "tool_use"))
            rc = open_call(checker, member(checker, block, "id"));
        else if (is(checker, block, "type", "tool_result"))
            rc = close_call(checker, member(checker, block, "tool_use_id"));
        else if (is(checker, block, "type", "text") && member(checker, block, "text").size == 0)
            rc = err_set(checker->err, ERR_INPUT, "text content blocks must be non-empty");
    }
    return rc < 0 || !user ? rc : nothing_open(checker);
}

static const struct form {
    const char *list;
    int (*message)(struct checker *checker, const struct json *message);
} forms[ASK_KINDS] = {
    [ASK_CHAT] = { "messages", chat_message },
    [ASK_RESPONSES] = { "input", responses_item },
    [ASK_MESSAGES] = { "messages", messages_message },
    [ASK_COUNT_TOKENS] = { "messages", messages_message },
};

static int check_tools(struct checker *checker, const struct ask *ask)
{
    for (uint32_t i = 0; i < ask->tools_count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (ask->tools[i].size > 0 && str_equal(ask->tools[i], ask->tools[j]))
                return err_set(checker->err, ERR_INPUT, "tools: Tool names must be unique: %.*s",
                    SHOWN(ask->tools[i]));
    return 0;
}

int check(const struct ask *ask, struct arena *arena, struct err *err)
{
    struct checker *checker = arena_alloc(arena, sizeof *checker);
    *checker = (struct checker){ .arena = arena, .err = err };
    const struct json *list = json_get(ask->root, forms[ask->kind].list);
    if (ask->kind == ASK_MESSAGES && json_int(json_get(ask->root, "max_tokens"), 0) < 1)
        return err_set(err, ERR_INPUT, "max_tokens: Field required");
    int rc = check_tools(checker, ask);
    JSON_EACH(message, json_is(list, JSON_ARRAY) ? list : NULL)
    {
        rc = rc < 0 ? rc : forms[ask->kind].message(checker, message);
    }
    return rc < 0 ? rc : nothing_open(checker);
}
