/* llm_talk - see llm_talk.h. */
#include "propose/llm_talk.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_KEPT = 4 << 10, NAME_KEPT = 64, WHY_SIZE = 200, OK = 200 };

void talk_done(struct talk *talk)
{
    buf_done(&talk->messages);
}

static struct buf *begin(struct talk *talk, const char *role)
{
    struct buf *out = &talk->messages;
    buf_format(out, "%s{\"role\":\"%s\",\"content\":", out->size ? "," : "", role);
    return out;
}

void talk_say(struct talk *talk, const char *role, struct str text)
{
    struct buf *out = begin(talk, role);
    json_quote(out, text);
    buf_char(out, '}');
}

void talk_answer(struct talk *talk, const struct talk_call *call, struct str text)
{
    struct buf *out = begin(talk, "tool");
    json_quote(out, text);
    buf_format(out, ",\"tool_call_id\":\"%s\"}", call->id);
}

/* --- the reply */

static struct str cut(struct str text, size_t max)
{
    while (text.size > max || (text.size > 0 && !str_utf8(text)))
        text.size = text.size > max ? max : text.size - 1;
    return text;
}

static void read_call(
    struct talk *talk, struct arena *arena, const struct json *item, struct talk_call *ret)
{
    const struct json_limits limits = {
        .size_max = TALK_ARGS_MAX, .nodes_max = 4096, .depth_max = 16
    };
    const struct json *function = json_get(item, "function");
    struct str args = json_string(arena, json_get(function, "arguments"));
    *ret = (struct talk_call){ .name =
                                   cut(json_string(arena, json_get(function, "name")), NAME_KEPT) };
    snprintf(ret->id, sizeof ret->id, "call_%u", ++talk->calls);
    ret->args = json_read(arena, args.size ? args : STR("{}"), &limits, NULL);
    if (!json_is(ret->args, JSON_OBJECT)) {
        ret->args = NULL;
        ret->wrong = args.size > TALK_ARGS_MAX ? "its arguments are larger than 64 KiB"
                                               : "its arguments are no JSON object";
    }
}

/* Providers refuse a conversation in which a call has another name. */
static bool is_word(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_' && c != '-')
            return false;
    }
    return name.size > 0;
}

/* As the next request has to repeat it: a call whose arguments are none has none there. */
static void keep(struct talk *talk, struct str text, const struct talk_reply *reply)
{
    struct buf *out = begin(talk, "assistant");
    json_quote(out, cut(text, TEXT_KEPT));
    for (uint32_t i = 0; i < reply->count; i++) {
        const struct talk_call *call = &reply->calls[i];
        buf_format(out, "%s{\"id\":\"%s\",\"type\":\"function\",\"function\":{\"name\":",
            i ? "," : ",\"tool_calls\":[", call->id);
        json_quote(out, is_word(call->name) ? call->name : STR("none"));
        buf_text(out, ",\"arguments\":");
        json_quote(out, call->args ? call->args->raw : STR("{}"));
        buf_text(out, "}}");
    }
    buf_text(out, reply->count ? "]}" : "}");
}

static const char *words(struct arena *arena, const char *what, struct str text)
{
    char shown[WHY_SIZE];
    return arena_format(arena, "%s: %s", what, str_printable(shown, sizeof shown, text, false));
}

static const char *read_refusal(struct arena *arena, unsigned status, struct str body)
{
    const struct json_limits lenient = { .duplicates = true };
    const struct json *root = json_read(arena, body, &lenient, NULL);
    struct str text = json_string(arena, json_get(json_get(root, "error"), "message"));
    return words(arena,
        status ? arena_format(arena, "its model was not asked, status %u", status)
               : "its model did not answer",
        text.size ? text : body);
}

static int read_reply(struct talk *talk, struct arena *arena, struct str body,
    struct talk_reply *ret, const char **ret_why)
{
    const struct json_limits lenient = { .duplicates = true };
    struct err err = { 0 };
    const struct json *root = json_read(arena, body, &lenient, &err);
    const struct json *message = json_get(json_first(json_get(root, "choices")), "message");
    if (!json_is(message, JSON_OBJECT)) {
        *ret_why = words(arena, "its model's answer is no reply",
            str_of(root ? "no message of a choice is in it" : err.text));
        return 1;
    }
    const struct json *calls = json_get(message, "tool_calls");
    *ret = (struct talk_reply){ 0 };
    JSON_EACH(item, json_is(calls, JSON_ARRAY) ? calls : NULL)
    {
        if (ret->count == TALK_CALLS_MAX)
            ret->dropped++;
        else
            read_call(talk, arena, item, &ret->calls[ret->count++]);
    }
    keep(talk, json_string(arena, json_get(message, "content")), ret);
    return 0;
}

int talk_ask(struct talk *talk, struct judge *judge, struct str tools, struct arena *arena,
    struct talk_reply *ret, const char **ret_why, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    unsigned status;
    struct str answer;
    if (talk->messages.size > TALK_SIZE_MAX) {
        *ret_why = "the conversation with its model has grown over its bound";
        return 1;
    }
    buf_format(&body, "{\"model\":\"proposer\",\"max_tokens\":%d,\"messages\":[", TALK_TOKENS_MAX);
    buf_str(&body, buf_view(&talk->messages));
    buf_text(&body, "],\"tools\":");
    buf_str(&body, tools);
    buf_char(&body, '}');
    talk->asked++;
    int r = judge_model(judge, arena, buf_view(&body), &status, &answer, err);
    if (r == -ERR_DENIED) {
        *ret_why = arena_string(arena, err->text, strlen(err->text));
        return 1;
    }
    if (r < 0)
        return r;
    if (status == OK)
        return read_reply(talk, arena, answer, ret, ret_why);
    *ret_why = read_refusal(arena, status, answer);
    return 1;
}
