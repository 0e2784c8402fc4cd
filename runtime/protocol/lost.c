/* lost - what a client's messages and tools hold that the chat format has no word for.
 *
 * Inside moult a conversation is chat messages, so this is what a provider of another protocol
 * never gets. Parts of messages are not here: they are carried or refused one by one (content.h).
 * Thoughts are of no use to another provider, which could not check their signatures; what a
 * provider's own tools found is: without it the conversation says something else. */
#include "protocol/carry.h"
#include "protocol/messages.h"
#include "protocol/responses.h"

#include "base/mem.h"

enum where { OF_MESSAGE, OF_PART, OF_TOOL };
static const struct mark {
    enum protocol from;
    enum where where;
    const char *key;
    enum member_lost lost;
} marks[] = {
    { PROTOCOL_CHAT, OF_MESSAGE, "audio", MEMBER_REFUSED },
    { PROTOCOL_CHAT, OF_MESSAGE, "function_call", MEMBER_REFUSED },
    { PROTOCOL_CHAT, OF_MESSAGE, "refusal", MEMBER_DROPPED },
    { PROTOCOL_CHAT, OF_MESSAGE, "name", MEMBER_DROPPED },
    { PROTOCOL_CHAT, OF_MESSAGE, "annotations", MEMBER_DROPPED },
    { PROTOCOL_CHAT, OF_MESSAGE, "reasoning", MEMBER_DROPPED },
    { PROTOCOL_CHAT, OF_MESSAGE, "reasoning_content", MEMBER_DROPPED },
    { PROTOCOL_CHAT, OF_MESSAGE, "reasoning_details", MEMBER_DROPPED },
    { PROTOCOL_CHAT, OF_PART, "cache_control", MEMBER_DROPPED },
    { PROTOCOL_CHAT, OF_PART, "prompt_cache_breakpoint", MEMBER_DROPPED },
    { PROTOCOL_RESPONSES, OF_PART, "annotations", MEMBER_DROPPED },
    { PROTOCOL_RESPONSES, OF_PART, "prompt_cache_breakpoint", MEMBER_DROPPED },
    { PROTOCOL_RESPONSES, OF_TOOL, "format", MEMBER_DROPPED },
    { PROTOCOL_RESPONSES, OF_TOOL, "defer_loading", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_PART, "cache_control", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_PART, "citations", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_PART, "context", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_PART, "is_error", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_PART, "transformations", MEMBER_REFUSED },
    { PROTOCOL_MESSAGES, OF_TOOL, "allowed_callers", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_TOOL, "cache_control", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_TOOL, "defer_loading", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_TOOL, "eager_input_streaming", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_TOOL, "input_examples", MEMBER_DROPPED },
    { PROTOCOL_MESSAGES, OF_TOOL, "strict", MEMBER_DROPPED },
};

static bool says_nothing(const struct json *value)
{
    bool list = json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT);
    return !value || value->kind == JSON_NULL || value->kind == JSON_FALSE ||
           (value->kind == JSON_STRING && value->raw.size <= 2) || (list && value->count == 0);
}

static int check_marks(struct carry *carry, enum where where, const struct json *object)
{
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        const struct mark *mark = &marks[i];
        if (mark->from != carry->from || mark->where != where ||
            says_nothing(codec_member(object, mark->key)))
            continue;
        int rc = carry_lose(carry, mark->lost, str_of(mark->key), carry_no_word);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* How closely a picture is to be looked at: OpenAI's two protocols have a word for it. */
static int check_detail(struct carry *carry, const struct json *part)
{
    const struct json *detail = codec_member(part, "detail");
    if (!detail)
        detail = codec_member(codec_member(part, "image_url"), "detail");
    if (carry->to != PROTOCOL_MESSAGES || says_nothing(detail) || spoken_is(detail, "auto"))
        return 0;
    return carry_lose(carry, MEMBER_DROPPED, STR("detail"), carry_no_word);
}

static int check_parts(struct carry *carry, const struct json *list)
{
    if (json_is(list, JSON_ARRAY))
        JSON_EACH(part, list)
        {
            int rc = check_marks(carry, OF_PART, part);
            if (rc == 0)
                rc = check_detail(carry, part);
            if (rc == 0 && json_is(codec_member(part, "content"), JSON_ARRAY))
                rc = check_parts(carry, codec_member(part, "content"));
            if (rc < 0)
                return rc;
        }
    return 0;
}

/* A block or item of the model that is neither text nor a call. */
static int check_model_s(struct carry *carry, const struct json *one)
{
    static const char *const thoughts[] = { "thinking", "redacted_thinking", "reasoning" };
    const struct json *type = codec_member(one, "type");
    for (size_t i = 0; i < COUNT_OF(thoughts); i++)
        if (spoken_is(type, thoughts[i]))
            return carry_lose(carry, MEMBER_DROPPED, str_of(thoughts[i]), carry_no_word);
    return carry_lose(carry, MEMBER_REFUSED, json_string(carry->arena, type), carry_no_word);
}

/* --- each protocol's messages */

static int check_chat(struct carry *carry, const struct json *message)
{
    const struct json *calls = codec_member(message, "tool_calls");
    int rc = check_marks(carry, OF_MESSAGE, message);
    if (rc == 0)
        rc = check_parts(carry, codec_member(message, "content"));
    if (rc == 0 && json_is(calls, JSON_ARRAY))
        JSON_EACH(call, calls)
    if (spoken_is(codec_member(call, "type"), "custom"))
        return err_set(carry->err, ERR_INPUT, "a call of a custom tool %s", carry_no_word);
    return rc;
}

static int check_message(struct carry *carry, const struct json *message)
{
    const struct json *content = codec_member(message, "content");
    int rc = check_parts(carry, content);
    if (rc < 0 || !spoken_role(message, "assistant") || !json_is(content, JSON_ARRAY))
        return rc;
    JSON_EACH(block, content)
    {
        rc = messages_kind(block) == MESSAGES_OTHER ? check_model_s(carry, block) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_item(struct carry *carry, const struct json *item)
{
    if (responses_kind(item) == RESPONSES_OTHER)
        return check_model_s(carry, item);
    int rc = check_parts(carry, codec_member(item, "content"));
    return rc < 0 ? rc : check_parts(carry, codec_member(item, "output"));
}

/* --- tools */

/* A tool that the provider would run itself is only offered, and a model may do without; one that
 * must be called stands in tool_choice, which is refused then. */
static int check_tool(struct carry *carry, const struct codec_tool *tool)
{
    struct json_limits limits = { .duplicates = true };
    const struct json *node = json_read(carry->arena, tool->raw, &limits, carry->err);
    const struct json *type = codec_member(node, "type");
    const struct json *strict = codec_member(codec_member(node, "function"), "strict");
    if (carry->from == PROTOCOL_CHAT && !spoken_is(type, "function"))
        return err_set(carry->err, ERR_INPUT, "a tool that is no function %s", carry_no_word);
    if (tool->chat.size == 0)
        return carry_lose(carry, MEMBER_DROPPED, STR("tools"), carry_no_word);
    if (carry->from == PROTOCOL_RESPONSES)
        strict = codec_member(node, "strict");
    if (carry->to == PROTOCOL_MESSAGES && json_bool(strict, false)) {
        int rc = carry_lose(carry, MEMBER_DROPPED, STR("strict"), carry_no_word);
        if (rc < 0)
            return rc;
    }
    return check_marks(carry, OF_TOOL, node);
}

static int check_tools(struct carry *carry)
{
    const struct protocol_request *like = carry->fresh->like;
    if (like->tools_count > 0 && carry->fresh->hosted)
        return carry_lose(carry, MEMBER_DROPPED, STR("tools"), carry_no_word);
    for (uint32_t i = 0; i < like->tools_count && carry->from != carry->to; i++) {
        int rc = check_tool(carry, &like->tools[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int lost_check(struct carry *carry)
{
    static int (*const checks[])(struct carry *, const struct json *) = {
        [PROTOCOL_CHAT] = check_chat,
        [PROTOCOL_RESPONSES] = check_item,
        [PROTOCOL_MESSAGES] = check_message,
    };
    const struct protocol_request *like = carry->fresh->like;
    int rc = check_tools(carry);
    if (rc < 0 || carry->from == carry->to)
        return rc;
    if (carry->from == PROTOCOL_MESSAGES)
        rc = check_parts(carry, like->system);
    if (json_is(like->conversation, JSON_ARRAY))
        JSON_EACH(one, like->conversation)
        {
            if (rc == 0)
                rc = checks[carry->from](carry, one);
        }
    return rc;
}
