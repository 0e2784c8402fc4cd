/* script - see script.h.
 *
 * What the language has is the tables here; docs/schemas/script.schema.json says the same, and a
 * test compares the two. */
#include "mock/script.h"

#include "base/mem.h"
#include "mock/script_value.h"

#include <string.h>

static const char *const finish_words[] = { "stop", "length", "filter", "calls", NULL };
static const char *const framing_words[] = { "length", "chunked", "close", NULL };

/* --- values of a shape of their own */

static bool token(struct str s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.size; i++) {
        char c = s.at[i], low = (char)(c | 0x20);
        if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr(marks, c)))
            return false;
    }
    return s.size > 0;
}

static bool field_value(struct str s)
{
    for (size_t i = 0; i < s.size; i++)
        if ((unsigned char)s.at[i] < 0x20 && s.at[i] != '\t')
            return false;
    return true;
}

static bool framing_header(struct str name)
{
    static const char *const own[] = { "content-length", "transfer-encoding", "connection" };
    for (size_t i = 0; i < COUNT_OF(own); i++)
        if (name.size == strlen(own[i]) && strncasecmp(name.at, own[i], name.size) == 0)
            return true;
    return false;
}

/* {"name": "value"}; in `when` also true (it is there) and false (it is not). */
static int headers(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    bool matched = key->table != NULL;
    struct script_headers *ret = to;
    if (!json_is(value, JSON_OBJECT) || value->count > SCRIPT_ITEMS_MAX)
        return script_refuse(reader, value, "%s wants an object", key->name);
    struct script_header *list = arena_alloc(reader->arena, (value->count + 1) * sizeof *list);
    *ret = (struct script_headers){ list, value->count };
    JSON_EACH(child, value)
    {
        struct str name = json_key(reader->arena, child), text = json_string(reader->arena, child);
        bool there = matched && child->kind == JSON_TRUE;
        bool absent = matched && child->kind == JSON_FALSE;
        if (!matched && framing_header(name))
            return script_refuse(reader, child, "HTTP's own: fault.framing says how it is sent");
        if (!token(name) || (!there && !absent && (!text.at || !field_value(text))))
            return script_refuse(reader, child, "this cannot stand in a header");
        char *low = arena_string(reader->arena, name.at, name.size);
        for (size_t i = 0; matched && i < name.size; i++)
            low[i] |= low[i] >= 'A' && low[i] <= 'Z' ? 0x20 : 0;
        *list++ = (struct script_header){ { low, name.size }, text,
            there    ? HEADER_THERE
            : absent ? HEADER_ABSENT
                     : HEADER_IS };
    }
    return 0;
}

/* An object's arguments travel as they are written in the script; a string is raw text. */
static int arguments(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    if (value->kind == JSON_STRING)
        return script_text(reader, key, value, to);
    if (value->kind != JSON_OBJECT)
        return script_refuse(reader, value, "%s wants an object, or raw text", key->name);
    *(struct str *)to = value->raw;
    return 0;
}

static const struct script_key call_keys[] = {
    { "name", script_text, offsetof(struct answer_call, name) },
    { "arguments", arguments, offsetof(struct answer_call, args) },
    { "id", script_text, offsetof(struct answer_call, id) },
    { 0 },
};

static int one_call(
    struct script_reader *reader, const struct json *value, struct answer_call *call)
{
    call->args = STR("{}");
    if (!json_is(value, JSON_OBJECT))
        return script_refuse(reader, value, "a call is an object");
    int rc = script_object(reader, value, call_keys, call);
    if (rc == 0 && call->name.size == 0)
        return script_refuse(reader, value, "a call wants a name");
    return rc;
}

static int calls(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    struct answer *answer = to;
    bool list = json_is(value, JSON_ARRAY);
    uint32_t count = list ? value->count : 1;
    if (count > SCRIPT_ITEMS_MAX)
        return script_refuse(reader, value, "%s wants at most 4096 calls", key->name);
    struct answer_call *at = arena_alloc(reader->arena, (count + 1) * sizeof *at);
    answer->calls = at;
    answer->calls_count = count;
    if (!list)
        return one_call(reader, value, at);
    JSON_EACH(item, value)
    {
        int rc = one_call(reader, item, at++);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A list of parts is streamed in these parts, unless `chunk` is said. */
static int say(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    struct answer *answer = to;
    struct script_texts texts = { 0 };
    int rc = script_text_list(reader, key, value, &texts);
    answer->says = texts.at;
    answer->says_count = texts.count;
    return rc;
}

static int body(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    struct script_rule *rule = to;
    rule->body_said = true;
    if (value->kind == JSON_STRING)
        return script_text(reader, key, value, &rule->body);
    rule->body = value->raw;
    return 0;
}

static const struct script_key error_keys[] = {
    { "type", script_text, offsetof(struct script_error, type) },
    { "code", script_text, offsetof(struct script_error, code) },
    { "message", script_text, offsetof(struct script_error, message) },
    { 0 },
};

static int error(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    struct script_error *ret = to;
    ret->said = true;
    return script_nested(
        reader, &(struct script_key){ .name = key->name, .table = error_keys }, value, to);
}

/* --- the language */

static const struct script_key when_keys[] = {
    { "model", script_text, offsetof(struct script_when, model) },
    { "protocol", script_word, offsetof(struct script_when, kind), ask_kind_words },
    { "stream", script_either, offsetof(struct script_when, stream) },
    { "user", script_text, offsetof(struct script_when, user) },
    { "user_contains", script_text, offsetof(struct script_when, user_contains) },
    { "system_contains", script_text, offsetof(struct script_when, system_contains) },
    { "result_contains", script_text, offsetof(struct script_when, result_contains) },
    { "last_role", script_word, offsetof(struct script_when, last_role), ask_role_words },
    { "messages", script_u32_or_none, offsetof(struct script_when, messages) },
    { "tool", script_text, offsetof(struct script_when, tool) },
    { "header", headers, offsetof(struct script_when, headers), when_keys },
    { "after", script_u32, offsetof(struct script_when, after) },
    { "times", script_u32_or_none, offsetof(struct script_when, times) },
    { 0 },
};

static const struct script_key usage_keys[] = {
    { "input", script_u64, offsetof(struct answer, tokens_in) },
    { "cached", script_u64, offsetof(struct answer, tokens_cached) },
    { "output", script_u64, offsetof(struct answer, tokens_out) },
    { 0 },
};

static const struct script_key fault_keys[] = {
    { "silent", script_flag, offsetof(struct script_fault, silent) },
    { "close", script_flag, offsetof(struct script_fault, close) },
    { "half", script_flag, offsetof(struct script_fault, half) },
    { "cut_bytes", script_u64_or_none, offsetof(struct script_fault, cut_bytes) },
    { "cut_events", script_u64_or_none, offsetof(struct script_fault, cut_events) },
    { "error_after", script_u64_or_none, offsetof(struct script_fault, error_after) },
    { "bad_json", script_flag, offsetof(struct script_fault, bad_json) },
    { "no_end", script_flag, offsetof(struct script_fault, no_end) },
    { "duplicate_start", script_flag, offsetof(struct script_fault, duplicate_start) },
    { "comments", script_flag, offsetof(struct script_fault, comments) },
    { "crlf", script_flag, offsetof(struct script_fault, crlf) },
    { "early_hints", script_flag, offsetof(struct script_fault, early_hints) },
    { "gzip", script_flag, offsetof(struct script_fault, gzip) },
    { "byte_ms", script_u32, offsetof(struct script_fault, byte_ms) },
    { "pad", script_u32, offsetof(struct script_fault, pad), NULL, 8 << 20 },
    { "blanks", script_u32, offsetof(struct script_fault, blanks), NULL, 1 << 20 },
    { "framing", script_word, offsetof(struct script_fault, framing), framing_words },
    { 0 },
};

static const struct script_key rule_keys[] = {
    { "when", script_nested, offsetof(struct script_rule, when), when_keys },
    { "say", say, offsetof(struct script_rule, answer) },
    { "think", script_text, offsetof(struct script_rule, answer.think) },
    { "call", calls, offsetof(struct script_rule, answer) },
    { "fill", script_u64, offsetof(struct script_rule, answer.fill) },
    { "chunk", script_u32, offsetof(struct script_rule, answer.chunk) },
    { "finish", script_word, offsetof(struct script_rule, answer.finish), finish_words },
    { "usage", script_nested, offsetof(struct script_rule, answer), usage_keys },
    { "recorded", script_text_list, offsetof(struct script_rule, recorded) },
    { "status", script_u32, offsetof(struct script_rule, status), NULL, 599 },
    { "headers", headers, offsetof(struct script_rule, headers) },
    { "error", error, offsetof(struct script_rule, error) },
    { "body", body, 0 },
    { "count", script_u32_or_none, offsetof(struct script_rule, count) },
    { "delay_ms", script_u32, offsetof(struct script_rule, delay_ms) },
    { "pause_ms", script_u32, offsetof(struct script_rule, pause_ms) },
    { "fault", script_nested, offsetof(struct script_rule, fault), fault_keys },
    { 0 },
};

/* Combinations of which one would go unheard. */
static const char *at_odds(const struct script_rule *rule)
{
    const struct answer *answer = &rule->answer;
    const struct script_fault *fault = &rule->fault;
    bool speaks = answer->says || answer->calls || answer->think.at || answer->fill;
    bool fails = rule->status >= 400;
    bool errs = rule->error.said && (fails || fault->error_after);
    int ends = fault->silent + fault->close + fault->half + (fault->cut_bytes > 0) +
               (fault->cut_events > 0) + (fault->error_after > 0);
    int answers = speaks + (rule->recorded.count > 0);
    const struct {
        bool odd;
        const char *why;
    } rows[] = {
        { rule->status < 200, "status wants 200 to 599" },
        { answers + rule->body_said > 1,
            "only one of an answer (say, think, call, fill), recorded and body" },
        { fails && answers, "a status of 400 or more has an error or a body, not an answer" },
        { rule->error.said && !errs, "error wants a status of 400 or more, or fault.error_after" },
        { rule->error.said && fails && rule->body_said, "only one of error and body" },
        { rule->when.kind == ASK_COUNT_TOKENS + 1 && answers,
            "count_tokens has a count, an error or a body, not an answer" },
        { rule->count && (answers || rule->body_said || fails),
            "count is for count_tokens: no answer, body or error beside it" },
        { fault->gzip && answer->fill > SCRIPT_GZIP_MAX,
            "gzip takes at most 2000000000 bytes of fill" },
        { ends > 1, "only one of silent, close, half, cut_bytes, cut_events, error_after" },
        { !answers && !rule->body_said && !fails && !rule->count && !fault->silent &&
                !fault->close && !fault->error_after,
            "this rule says nothing: it has no answer, recorded, body, error status or count" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].odd)
            return rows[i].why;
    return NULL;
}

static int rules(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to)
{
    struct script *script = to;
    if (!json_is(value, JSON_ARRAY) || value->count > SCRIPT_ITEMS_MAX)
        return script_refuse(reader, value, "%s wants a list of at most 4096", key->name);
    script->rules = arena_alloc(reader->arena, (value->count + 1) * sizeof *script->rules);
    JSON_EACH(item, value)
    {
        struct script_rule *rule = &script->rules[script->rules_count++];
        if (!json_is(item, JSON_OBJECT))
            return script_refuse(reader, item, "a rule is an object");
        rule->status = 200;
        rule->answer.chunk = 16;
        int rc = script_object(reader, item, rule_keys, rule);
        if (rc < 0)
            return rc;
        const char *why = at_odds(rule);
        if (why)
            return script_refuse(reader, item, "%s", why);
        if (rule->answer.says_count > 1 && !json_get(item, "chunk"))
            rule->answer.chunk = 0;
    }
    return 0;
}

static const struct script_key script_keys[] = {
    { "models", script_text_list, offsetof(struct script, models) },
    { "keys", script_text_list, offsetof(struct script, keys) },
    { "strict", script_flag, offsetof(struct script, strict) },
    { "rules", rules, 0 },
    { 0 },
};

int script_parse(
    struct script *ret, struct str text, const char *name, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = { .size_max = SCRIPT_SIZE_MAX, .depth_max = 64 };
    struct script script = { .text = json_uncomment(arena, text) };
    const struct json *root = json_read(arena, script.text, &limits, err);
    if (!root)
        return err_while(err, "read %.60s", name);
    struct script_reader reader = { arena, name, root, script.text, err };
    if (!json_is(root, JSON_OBJECT))
        return script_refuse(&reader, root, "a script is an object with rules");
    int rc = script_object(&reader, root, script_keys, &script);
    if (rc < 0)
        return rc;
    if (!script.rules)
        return script_refuse(&reader, root, "a script wants rules");
    *ret = script;
    return 0;
}
