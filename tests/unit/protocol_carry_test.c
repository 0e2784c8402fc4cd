/* carry.c and members.c: what a client asks for in one protocol is asked for in another, or the
 * request fails by the member's name, or the client is told what was left out. */
#include "base/file.h"
#include "base/mem.h"
#include "protocol/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;

static int arena_empty(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

#define TOOLS                                                                                      \
    "[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"parameters\":{\"type\":\"object\"}" \
    "}}]"

enum { CHAT = PROTOCOL_CHAT, RESPONSES = PROTOCOL_RESPONSES, MESSAGES = PROTOCOL_MESSAGES };
/* Members that every request has, by protocol. */
static const char *const read_members[] = { "model", "messages", "input", "tools", "max_tokens",
    "store" };

static const struct row {
    const char *name;
    uint8_t from, to;
    const char *asks;    /* the client's other members */
    const char *want;    /* the provider's; NULL: refused */
    const char *dropped; /* or the words of the error */
} rows[] = {
    { "nothing", CHAT, MESSAGES, "", "", "" },
    { "null is nothing", CHAT, MESSAGES, "\"temperature\":null,\"n\":null,\"own\":null", "", "" },
    { "numbers as they stand", CHAT, MESSAGES, "\"temperature\":0.70,\"top_p\":1.0",
        "\"temperature\":0.70,\"top_p\":1.0", "" },
    { "up from messages", MESSAGES, CHAT, "\"temperature\":1,\"top_p\":0.5",
        "\"temperature\":1,\"top_p\":0.5", "" },
    { "more than messages takes", CHAT, MESSAGES, "\"temperature\":1.5", NULL, "temperature is" },
    { "as much between the others", CHAT, RESPONSES, "\"temperature\":1.5", "\"temperature\":1.5",
        "" },
    { "top_k", MESSAGES, CHAT, "\"top_k\":4", NULL, "top_k cannot" },
    { "top_k within messages", MESSAGES, MESSAGES, "\"top_k\":4", "\"top_k\":4", "" },
    { "penalties", CHAT, MESSAGES, "\"frequency_penalty\":0.5", NULL, "frequency_penalty cannot" },
    { "penalties of none", CHAT, RESPONSES, "\"frequency_penalty\":0.0,\"presence_penalty\":0", "",
        "" },
    { "a bias", CHAT, MESSAGES, "\"logit_bias\":{\"1\":2}", NULL, "logit_bias cannot" },
    /* stop */
    { "a stop text", CHAT, MESSAGES, "\"stop\":\"a\\u00e9\"", "\"stop_sequences\":[\"a\\u00e9\"]",
        "" },
    { "stop texts", CHAT, MESSAGES, "\"stop\":[\"a\",\"b\"]", "\"stop_sequences\":[\"a\",\"b\"]",
        "" },
    { "stop texts back", MESSAGES, CHAT, "\"stop_sequences\":[\"a\"]", "\"stop\":[\"a\"]", "" },
    { "no stop texts", MESSAGES, RESPONSES, "\"stop_sequences\":[]", "", "" },
    { "stop to responses", CHAT, RESPONSES, "\"stop\":\"a\"", NULL, "stop cannot" },
    /* tools */
    { "any tool", CHAT, MESSAGES, "\"tool_choice\":\"required\"",
        "\"tool_choice\":{\"type\":\"any\"}", "" },
    { "any tool back", MESSAGES, CHAT, "\"tool_choice\":{\"type\":\"any\"}",
        "\"tool_choice\":\"required\"", "" },
    { "no tool", RESPONSES, MESSAGES, "\"tool_choice\":\"none\"",
        "\"tool_choice\":{\"type\":\"none\"}", "" },
    { "this tool", CHAT, MESSAGES,
        "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"look\"}}",
        "\"tool_choice\":{\"type\":\"tool\",\"name\":\"look\"}", "" },
    { "this tool to responses", CHAT, RESPONSES,
        "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"look\"}}",
        "\"tool_choice\":{\"type\":\"function\",\"name\":\"look\"}", "" },
    { "this tool to chat", RESPONSES, CHAT,
        "\"tool_choice\":{\"type\":\"function\",\"name\":\"look\"}",
        "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"look\"}}", "" },
    { "this tool back", MESSAGES, CHAT, "\"tool_choice\":{\"type\":\"tool\",\"name\":\"look\"}",
        "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"look\"}}", "" },
    { "a tool that is hidden", CHAT, MESSAGES,
        "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"gone\"}}", NULL,
        "tool_choice names \"gone\"" },
    { "a tool that is hidden, one protocol", MESSAGES, MESSAGES,
        "\"tool_choice\":{\"type\":\"tool\",\"name\":\"gone\"}", NULL, "names \"gone\"" },
    { "a choice of some", CHAT, MESSAGES,
        "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{}}", NULL,
        "tool_choice cannot" },
    { "one at a time", CHAT, MESSAGES, "\"parallel_tool_calls\":false",
        "\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}", "" },
    { "one at a time of any", RESPONSES, MESSAGES,
        "\"parallel_tool_calls\":false,\"tool_choice\":\"required\"",
        "\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}", "" },
    { "one at a time of none", RESPONSES, MESSAGES,
        "\"parallel_tool_calls\":false,\"tool_choice\":\"none\"",
        "\"tool_choice\":{\"type\":\"none\"}", "" },
    { "one at a time back", MESSAGES, CHAT,
        "\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}",
        "\"tool_choice\":\"auto\",\"parallel_tool_calls\":false", "" },
    { "one at a time within messages", MESSAGES, MESSAGES,
        "\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}",
        "\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}", "" },
    { "several at a time", CHAT, MESSAGES, "\"parallel_tool_calls\":true", "", "" },
    /* the answer's format */
    { "plain text", CHAT, MESSAGES, "\"response_format\":{\"type\":\"text\"}", "", "" },
    { "a schema", CHAT, MESSAGES,
        "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"strict\":"
        "true,\"schema\":{\"type\":\"object\"}}}",
        "\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":"
        "\"object\"}}}",
        "" },
    { "a schema to responses", CHAT, RESPONSES,
        "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\",\"strict\":"
        "true,\"schema\":{\"type\":\"object\"}}}",
        "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"a\",\"schema\":{\"type\":"
        "\"object\"},\"strict\":true}}",
        "" },
    { "a schema to chat", RESPONSES, CHAT,
        "\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":\"json_schema\",\"name\":\"a\","
        "\"schema\":{}}}",
        "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\","
        "\"schema\":{}}},\"verbosity\":\"low\"",
        "" },
    { "a schema back", MESSAGES, RESPONSES,
        "\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{}}}",
        "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"answer\",\"strict\":true,"
        "\"schema\":{}}}",
        "" },
    { "any JSON", CHAT, MESSAGES, "\"response_format\":{\"type\":\"json_object\"}", NULL,
        "response_format cannot" },
    { "any JSON to responses", CHAT, RESPONSES, "\"response_format\":{\"type\":\"json_object\"}",
        "\"text\":{\"format\":{\"type\":\"json_object\"}}", "" },
    { "a schema that is none", CHAT, MESSAGES, "\"response_format\":{\"type\":\"json_schema\"}",
        NULL, "response_format has no schema" },
    /* thinking */
    { "effort", CHAT, MESSAGES, "\"reasoning_effort\":\"high\"",
        "\"output_config\":{\"effort\":\"high\"}", "" },
    { "effort and schema", RESPONSES, MESSAGES,
        "\"reasoning\":{\"effort\":\"minimal\",\"summary\":\"auto\"},\"text\":{\"format\":{"
        "\"type\":\"json_schema\",\"schema\":{}}}",
        "\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{}},\"effort\":\"low\""
        "}",
        "reasoning.summary" },
    { "effort back", MESSAGES, RESPONSES, "\"output_config\":{\"effort\":\"max\"}",
        "\"reasoning\":{\"effort\":\"max\"}", "" },
    { "no effort", CHAT, MESSAGES, "\"reasoning_effort\":\"none\"", "", "" },
    { "an effort that nobody knows", CHAT, MESSAGES, "\"reasoning_effort\":\"huge\"", "",
        "reasoning_effort" },
    { "thinking", MESSAGES, CHAT, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}", "",
        "thinking" },
    { "no thinking", MESSAGES, CHAT, "\"thinking\":{\"type\":\"disabled\"}", "", "" },
    /* who and where */
    { "a user", CHAT, MESSAGES, "\"user\":\"u\"", "\"metadata\":{\"user_id\":\"u\"}", "" },
    { "a user back", MESSAGES, CHAT, "\"metadata\":{\"user_id\":\"u\"}", "\"user\":\"u\"", "" },
    { "metadata", RESPONSES, MESSAGES, "\"metadata\":{\"a\":\"b\"},\"seed\":null", "", "metadata" },
    { "metadata to chat", RESPONSES, CHAT, "\"metadata\":{\"a\":\"b\"}",
        "\"metadata\":{\"a\":\"b\"}", "" },
    { "a tier", CHAT, MESSAGES, "\"service_tier\":\"default\"",
        "\"service_tier\":\"standard_only\"", "" },
    { "a tier back", MESSAGES, CHAT, "\"service_tier\":\"standard_only\"",
        "\"service_tier\":\"default\"", "" },
    { "a tier that is not there", CHAT, MESSAGES, "\"service_tier\":\"flex\"", "", "service_tier" },
    { "a place", MESSAGES, CHAT, "\"inference_geo\":\"eu\"", NULL, "inference_geo cannot" },
    { "harmless ones, named once", CHAT, MESSAGES,
        "\"seed\":1,\"seed\":2,\"prompt_cache_key\":\"k\",\"store\":true", "",
        "seed, store, prompt_cache_key" },
    /* the answer's form */
    { "more than one answer", CHAT, MESSAGES, "\"n\":2", NULL, "n cannot" },
    { "more than one answer, hosted", CHAT, CHAT, "\"n\":2", NULL, "n cannot" },
    { "one answer", CHAT, MESSAGES, "\"n\":1,\"logprobs\":false,\"modalities\":[\"text\"]", "",
        "" },
    { "a conversation of the provider's", RESPONSES, CHAT, "\"previous_response_id\":\"r\"", NULL,
        "previous_response_id cannot" },
    /* all else */
    { "one that nobody knows", CHAT, MESSAGES, "\"enable_magic\":false", NULL,
        "enable_magic is not known" },
    { "one within that nobody knows", RESPONSES, CHAT, "\"text\":{\"colour\":1}", NULL,
        "text.colour is not known" },
    { "one that may be left out", CHAT, MESSAGES, "\"may_go\":1,\"stop\":\"a\"",
        "\"stop_sequences\":[\"a\"]", "may_go" },
    { "one without a word that may be", CHAT, RESPONSES, "\"logit_bias\":{\"1\":1}", NULL,
        "logit_bias cannot" },
    { "two of which the last counts", CHAT, MESSAGES, "\"top_p\":1,\"top_p\":0.5", "\"top_p\":0.5",
        "" },
};

/* A request that says "hi" and asks for more. */
static struct protocol_request *client(uint8_t protocol, const char *asks)
{
    static const char *const base[] = {
        [PROTOCOL_CHAT] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]",
        [PROTOCOL_RESPONSES] = "{\"model\":\"m\",\"input\":\"hi\"",
        [PROTOCOL_MESSAGES] = ("{\"model\":\"m\",\"max_tokens\":9,"
                               "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"),
    };
    struct err err = { 0 };
    struct protocol_request *request;
    const char *body = arena_format(&arena, "%s%s%s}", base[protocol], *asks ? "," : "", asks);
    if (protocol_request_read(&request, protocol, str_of(body), &arena, &err) < 0)
        fail_msg("%s: %s", body, err.text);
    return request;
}

static int ask(struct buf *out, struct buf *dropped, const struct row *row, bool hosted,
    const char *tools, struct err *err)
{
    static const struct str drop[] = { { "may_go", 6 } };
    static const struct str message = { "{\"role\":\"user\",\"content\":\"hi\"}", 30 };
    const struct protocol_fresh fresh = { .protocol = row->to,
        .model = STR("m"),
        .messages = &message,
        .messages_count = 1,
        .tools = str_of(tools),
        .like = client(row->from, row->asks),
        .hosted = hosted,
        .drop = drop,
        .drop_count = COUNT_OF(drop),
        .dropped = dropped };
    return protocol_request_fresh(out, &fresh, err);
}

static bool is_read(const struct json *member)
{
    for (size_t i = 0; i < COUNT_OF(read_members); i++)
        if (str_equal(member->key, str_of(read_members[i])))
            return true;
    return false;
}

/* The members of a request that the table has brought, as an object. */
static void carried(struct buf *ret, const struct buf *body)
{
    struct err err = { 0 };
    const struct json *root = json_read(&arena, buf_view(body), NULL, &err);
    if (!root)
        fail_msg("%s: %s", err.text, body->at);
    JSON_EACH(member, root)
    {
        if (is_read(member))
            continue;
        buf_text(ret, ret->size ? "," : "");
        buf_format(ret, "\"%.*s\":%.*s", (int)member->key.size, member->key.at,
            (int)member->raw.size, member->raw.at);
    }
}

static void check(const struct row *row)
{
    struct err err = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 }, got = { 0 }, dropped = { 0 };
    int rc = ask(&out, &dropped, row, false, TOOLS, &err);
    if (!row->want) {
        if (rc != -ERR_INPUT || !strstr(err.text, row->dropped))
            fail_msg("%s: %d %s", row->name, rc, rc < 0 ? err.text : out.at);
        return;
    }
    if (rc < 0)
        fail_msg("%s: %s", row->name, err.text);
    carried(&got, &out);
    if (!str_equal(buf_view(&got), str_of(row->want)))
        fail_msg("%s:\ngot  %s\nwant %s", row->name, got.at ? got.at : "", row->want);
    if (!str_equal(buf_view(&dropped), str_of(row->dropped)))
        fail_msg("%s: left out %s", row->name, dropped.at ? dropped.at : "nothing");
}

static void what_is_asked_for_is_carried_or_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&rows[i]);
}

static void without_tools_none_is_chosen(void **state)
{
    (void)state;
    static const struct row row = { "", CHAT, MESSAGES,
        "\"tool_choice\":\"required\",\"parallel_tool_calls\":false", "", "" };
    static const struct row named = { "", CHAT, MESSAGES,
        "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"look\"}}", NULL, "" };
    CLEANUP(buf_done) struct buf out = { 0 }, got = { 0 };
    assert_int_equal(ask(&out, NULL, &row, false, "", NULL), 0);
    carried(&got, &out);
    assert_int_equal(got.size, 0);
    assert_int_equal(ask(&out, NULL, &named, false, "", NULL), -ERR_INPUT);
}

static void a_hosted_conversation_is_not_the_provider_s(void **state)
{
    (void)state;
    static const struct row row = { "", RESPONSES, RESPONSES,
        "\"previous_response_id\":\"r\",\"top_p\":0.5", "", "" };
    CLEANUP(buf_done) struct buf out = { 0 }, got = { 0 }, dropped = { 0 };
    assert_int_equal(ask(&out, &dropped, &row, true, "", NULL), 0);
    carried(&got, &out);
    assert_string_equal(got.at, "\"top_p\":0.5");
    assert_string_equal(dropped.at, "previous_response_id");
}

/* Within one protocol, where bytes are kept: a plugin's list has not the tool that must be called.
 */
static void a_tool_that_a_plugin_hid_is_not_forced(void **state)
{
    (void)state;
    static const struct {
        uint8_t protocol;
        const char *asks, *shown;
        int rc;
    } cases[] = {
        { CHAT,
            "\"tools\":" TOOLS ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":"
            "\"look\"}}",
            "[]", -ERR_INPUT },
        { CHAT, "\"tools\":" TOOLS ",\"tool_choice\":\"required\"", "[]", 0 },
        { RESPONSES,
            "\"tools\":[{\"type\":\"function\",\"name\":\"find\"}],\"tool_choice\":{"
            "\"type\":\"function\",\"name\":\"find\"}",
            TOOLS, -ERR_INPUT },
        { MESSAGES,
            "\"tools\":[{\"name\":\"look\",\"input_schema\":{}},{\"name\":\"x\","
            "\"input_schema\":{}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"look\"}",
            TOOLS, 0 },
        { MESSAGES, "\"tool_choice\":{\"type\":\"tool\",\"name\":\"gone\"}", "", 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        struct err err = { 0 };
        struct protocol_request *request = client(cases[i].protocol, cases[i].asks);
        const struct protocol_part all = { 0, 1, { 0 } };
        const struct protocol_edit edit = { &all, 1, { 0 }, str_of(cases[i].shown) };
        if (protocol_request_edit(&out, request, &edit, &err) != cases[i].rc)
            fail_msg("%zu: %s", i, err.text);
    }
}

static void a_name_is_shown_without_its_control_bytes(void **state)
{
    (void)state;
    static const struct row row = { "", CHAT, MESSAGES, "\"a\\u001b[2J\":1", NULL, "" };
    struct err err = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    assert_int_equal(ask(&out, NULL, &row, false, "", &err), -ERR_INPUT);
    assert_null(strchr(err.text, '\033'));
}

/* --- what messages hold */

#define PDF "data:application/pdf;base64,QQ=="
#define SOURCE(type, media) "\"source\":{\"type\":\"" type "\"," media "}"
#define PDF_SOURCE SOURCE("base64", "\"media_type\":\"application/pdf\",\"data\":\"QQ==\"")

static const struct part_row {
    const char *name;
    uint8_t from, to;
    const char *part;
    const char *want; /* the provider's; NULL: refused */
    const char *dropped;
} parts[] = {
    { "a picture's address", CHAT, MESSAGES,
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://p/\"}}",
        "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://p/\"}}", "" },
    { "a picture", CHAT, MESSAGES,
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,QQ==\",\"detail\":"
        "\"low\"}}",
        "{\"type\":\"image\"," SOURCE(
            "base64", "\"media_type\":\"image/png\",\"data\":\"QQ==\"") "}",
        "detail" },
    { "a picture as it comes", RESPONSES, MESSAGES,
        "{\"type\":\"input_image\",\"image_url\":\"https://p/\",\"detail\":\"auto\"}",
        "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://p/\"}}", "" },
    { "a picture back", MESSAGES, CHAT,
        "{\"type\":\"image\"," SOURCE(
            "base64", "\"media_type\":\"image/png\",\"data\":\"QQ==\"") "}",
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,QQ==\"}}", "" },
    { "a picture with its detail", RESPONSES, CHAT,
        "{\"type\":\"input_image\",\"image_url\":\"https://p/\",\"detail\":\"high\"}",
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://p/\",\"detail\":\"high\"}}", "" },
    { "and on", CHAT, RESPONSES,
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://p/\",\"detail\":\"high\"}}",
        "{\"type\":\"input_image\",\"detail\":\"high\",\"image_url\":\"https://p/\"}", "" },
    { "a picture that is kept", MESSAGES, CHAT,
        "{\"type\":\"image\"," SOURCE("file", "\"file_id\":\"f1\"") "}", NULL, "\"image\" cannot" },
    { "a picture that Anthropic keeps", MESSAGES, RESPONSES,
        "{\"type\":\"image\"," SOURCE("file", "\"file_id\":\"f1\"") "}", NULL, "\"image\" cannot" },
    { "a document that Anthropic keeps", MESSAGES, CHAT,
        "{\"type\":\"document\"," SOURCE("file", "\"file_id\":\"f1\"") "}", NULL,
        "\"document\" cannot" },
    { "a picture that OpenAI keeps", RESPONSES, MESSAGES,
        "{\"type\":\"input_image\",\"file_id\":\"f1\"}", NULL, "\"input_image\" cannot" },
    { "a file", CHAT, MESSAGES,
        "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":\"" PDF "\"}}",
        "{\"type\":\"document\"," PDF_SOURCE ",\"title\":\"a.pdf\"}", "" },
    { "a file to responses", CHAT, RESPONSES,
        "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":\"" PDF "\"}}",
        "{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":\"" PDF "\"}", "" },
    { "a file's id to responses", CHAT, RESPONSES,
        "{\"type\":\"file\",\"file\":{\"file_id\":\"f1\"}}",
        "{\"type\":\"input_file\",\"file_id\":\"f1\"}", "" },
    { "a file's id", CHAT, MESSAGES, "{\"type\":\"file\",\"file\":{\"file_id\":\"f1\"}}", NULL,
        "\"file\" cannot" },
    { "a file of another kind", CHAT, MESSAGES,
        "{\"type\":\"file\",\"file\":{\"file_data\":\"data:text/csv;base64,QQ==\"}}", NULL,
        "\"file\" cannot" },
    { "a document", MESSAGES, CHAT,
        "{\"type\":\"document\"," PDF_SOURCE ",\"cache_control\":{\"type\":\"ephemeral\"}}",
        "{\"type\":\"file\",\"file\":{\"filename\":\"document.pdf\",\"file_data\":\"" PDF "\"}}",
        "cache_control" },
    { "a document's address", MESSAGES, RESPONSES,
        "{\"type\":\"document\"," SOURCE("url", "\"url\":\"https://d/\"") ",\"title\":\"D\"}",
        "{\"type\":\"input_file\",\"filename\":\"D\",\"file_url\":\"https://d/\"}", "" },
    { "a document's address to chat", MESSAGES, CHAT,
        "{\"type\":\"document\"," SOURCE("url", "\"url\":\"https://d/\"") "}", NULL,
        "\"document\" cannot" },
    { "a document of text", MESSAGES, CHAT,
        "{\"type\":\"document\",\"citations\":{\"enabled\":true}," SOURCE(
            "text", "\"media_type\":\"text/plain\",\"data\":\"words\"") "}",
        "{\"type\":\"text\",\"text\":\"words\"}", "citations" },
    { "a document within one protocol", MESSAGES, MESSAGES,
        "{\"type\":\"document\"," SOURCE("url", "\"url\":\"https://d/\"") ",\"title\":\"D\"}",
        "{\"type\":\"document\"," SOURCE("url", "\"url\":\"https://d/\"") ",\"title\":\"D\"}", "" },
    { "a sound", CHAT, MESSAGES,
        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QQ==\",\"format\":\"wav\"}}", NULL,
        "\"input_audio\" cannot" },
    { "a sound within one protocol", CHAT, CHAT,
        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QQ==\",\"format\":\"wav\"}}",
        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QQ==\",\"format\":\"wav\"}}", "" },
    { "what nobody knows", MESSAGES, CHAT, "{\"type\":\"of_tomorrow\"}", NULL,
        "\"of_tomorrow\" cannot" },
};

/* A client's request whose only message holds the part beside a text. */
static struct protocol_request *holding(const struct part_row *row)
{
    const char *more = row->from == MESSAGES ? ",\"max_tokens\":9" : "";
    const char *text = row->from == RESPONSES ? "input_text" : "text";
    const char *list = row->from == RESPONSES ? "input" : "messages";
    struct protocol_request *request;
    struct err err = { 0 };
    const char *body = arena_format(&arena,
        "{\"model\":\"m\"%s,\"%s\":[{\"role\":\"user\",\"content\":[{\"type\":\"%s\",\"text\":"
        "\"hi\"}"
        ",%s]}]}",
        more, list, text, row->part);
    if (protocol_request_read(&request, row->from, str_of(body), &arena, &err) < 0)
        fail_msg("%s: %s", body, err.text);
    return request;
}

static int send_on(struct buf *out, struct buf *dropped, uint8_t to,
    const struct protocol_request *like, struct str message, const bool *given, struct err *err)
{
    const struct protocol_fresh fresh = { .protocol = to,
        .model = STR("m"),
        .messages = &message,
        .messages_count = 1,
        .like = like,
        .given = given,
        .dropped = dropped };
    return protocol_request_fresh(out, &fresh, err);
}

static void parts_are_carried_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const struct part_row *row = &parts[i];
        CLEANUP(buf_done) struct buf out = { 0 }, dropped = { 0 };
        struct err err = { 0 };
        const struct protocol_request *like = holding(row);
        struct str message = protocol_request_view(like)->messages[0].chat;
        int rc = send_on(&out, &dropped, row->to, like, message, NULL, &err);
        if (!row->want && (rc != -ERR_INPUT || !strstr(err.text, row->dropped)))
            fail_msg("%s: %d %s", row->name, rc, rc < 0 ? err.text : out.at);
        if (!row->want)
            continue;
        if (rc < 0)
            fail_msg("%s: %s", row->name, err.text);
        const char *want = arena_format(&arena, "\"text\":\"hi\"},%s]}", row->want);
        if (str_find(buf_view(&out), str_of(want)) < 0)
            fail_msg("%s:\ngot  %s\nwant %s", row->name, out.at, row->want);
        if (!str_equal(buf_view(&dropped), str_of(row->dropped)))
            fail_msg("%s: left out %s", row->name, dropped.at ? dropped.at : "nothing");
    }
}

#define SEEN "{\"type\":\"image\"," SOURCE("url", "\"url\":\"https://p/\"") "}"
#define SHOWN "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://p/\"}}"
#define RESULT(id, content)                                                                        \
    "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":[" content "]}"
#define CALLED(id) "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"look\",\"input\":{}}"

/* OpenAI's chat takes text alone in a result, and nothing between results of one reply. */
static void a_result_s_picture_stands_behind_all_results(void **state)
{
    (void)state;
    static const char asked[] =
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"assistant\",\"content\":"
        "[" CALLED("c1") "," CALLED("c2") "]},{\"role\":\"user\",\"content\":[" RESULT(
            "c1", SEEN) "," RESULT("c2",
            "{\"type\":\"text\",\"text\":\"two\"}") ",{\"type\":\"text\",\"text\":\"go\"}]}]}";
    static const char want[] =
        "{\"role\":\"tool\",\"content\":[{\"type\":\"text\",\"text\":\"(shown behind the "
        "results)\"}],"
        "\"tool_call_id\":\"c1\"},"
        "{\"role\":\"tool\",\"content\":\"two\",\"tool_call_id\":\"c2\"},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"(of the result of the call "
        "c1)\"}," SHOWN "]},{\"role\":\"user\",\"content\":\"go\"}]";
    CLEANUP(buf_done) struct buf out = { 0 };
    struct protocol_request *like;
    struct err err = { 0 };
    if (protocol_request_read(&like, PROTOCOL_MESSAGES, str_of(asked), &arena, &err) < 0)
        fail_msg("%s", err.text);
    const struct protocol_view *view = protocol_request_view(like);
    struct str messages[8];
    for (uint32_t i = 0; i < view->messages_count; i++)
        messages[i] = view->messages[i].chat;
    const struct protocol_fresh fresh = { .protocol = PROTOCOL_CHAT,
        .model = STR("m"),
        .messages = messages,
        .messages_count = view->messages_count,
        .like = like };
    if (protocol_request_fresh(&out, &fresh, &err) < 0)
        fail_msg("%s", err.text);
    if (str_find(buf_view(&out), STR(want)) < 0)
        fail_msg("got  %s\nwant %s", out.at, want);
}

/* A plugin may move what the client brought, and the conversation holds what came before; neither
 * lets an address in that nobody brought. */
static void only_what_was_brought_goes_up(void **state)
{
    (void)state;
    const struct protocol_request *like = holding(&parts[0]);
    static const bool given = true;
    for (int address = 0; address < 2; address++)
        for (int known = 0; known < 2; known++) {
            CLEANUP(buf_done) struct buf out = { 0 };
            struct str message = str_of(arena_format(&arena,
                "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
                "\"https://%s/\"}}]}",
                address ? "evil" : "p"));
            int rc = send_on(&out, NULL, MESSAGES, like, message, known ? &given : NULL, NULL);
            assert_int_equal(rc, address && !known ? -ERR_DENIED : 0);
        }
}

static const struct lost_row {
    const char *name;
    uint8_t from, to;
    const char *body;
    const char *dropped; /* or, refused, what the error says */
    bool refused;
} losts[] = {
    { "thoughts", MESSAGES, CHAT,
        "\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":"
        "\"t\","
        "\"signature\":\"s\"},{\"type\":\"redacted_thinking\",\"data\":\"d\"},{\"type\":\"text\","
        "\"text\":\"a\"}]}]",
        "thinking, redacted_thinking", false },
    { "what a provider's tool found", MESSAGES, CHAT,
        "\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"server_tool_use\"}]}]",
        "server_tool_use cannot", true },
    { "a result that failed", MESSAGES, CHAT,
        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
        "\"a\","
        "\"is_error\":true,\"content\":[{\"type\":\"text\",\"text\":\"x\",\"cache_control\":{"
        "\"type\":"
        "\"ephemeral\"}}]}]}]",
        "is_error, cache_control", false },
    { "the system's mark", MESSAGES, RESPONSES,
        "\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{\"type\":\"ephemeral\"}}]"
        ","
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]",
        "cache_control", false },
    { "reasoning", RESPONSES, MESSAGES,
        "\"input\":[{\"type\":\"reasoning\",\"summary\":[]},{\"type\":\"message\",\"role\":"
        "\"assistant\","
        "\"content\":[{\"type\":\"output_text\",\"text\":\"a\",\"annotations\":[]}]}]",
        "reasoning", false },
    { "an item of the provider's", RESPONSES, MESSAGES,
        "\"input\":[{\"type\":\"item_reference\",\"id\":\"i\"}]", "item_reference cannot", true },
    { "a name and thoughts", CHAT, MESSAGES,
        "\"messages\":[{\"role\":\"user\",\"name\":\"n\",\"content\":\"hi\"},{\"role\":"
        "\"assistant\","
        "\"content\":\"a\",\"refusal\":null,\"annotations\":[],\"reasoning_content\":\"r\"}]",
        "name, reasoning_content", false },
    { "an old call", CHAT, MESSAGES,
        "\"messages\":[{\"role\":\"assistant\",\"function_call\":{\"name\":\"f\"}}]",
        "function_call cannot", true },
    { "a custom call", CHAT, RESPONSES,
        "\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\",\"type\":\"custom\"}]}"
        "]",
        "custom tool cannot", true },
    { "a custom tool", CHAT, RESPONSES,
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"type\":\"custom\"}]",
        "no function cannot", true },
    { "a provider's tool", MESSAGES, CHAT,
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"type\":"
        "\"web_search_20250305\",\"name\":\"web_search\"}]",
        "tools", false },
    { "a provider's tool that must be called", MESSAGES, CHAT,
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"type\":"
        "\"web_search_20250305\",\"name\":\"web_search\"}],\"tool_choice\":{\"type\":\"tool\","
        "\"name\":"
        "\"web_search\"}",
        "tool_choice names", true },
    { "what a tool says besides", MESSAGES, CHAT,
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"name\":\"f\",\"input_"
        "schema\":"
        "{},\"strict\":true,\"cache_control\":{\"type\":\"ephemeral\"}}]",
        "cache_control, strict", false },
    { "a strict tool", CHAT, MESSAGES,
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"type\":\"function\","
        "\"function\":{\"name\":\"f\",\"strict\":true}}]",
        "strict", false },
    { "a strict tool to responses", CHAT, RESPONSES,
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[{\"type\":\"function\","
        "\"function\":{\"name\":\"f\",\"strict\":true}}]",
        "", false },
};

static void what_the_chat_format_lacks_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(losts); i++) {
        const struct lost_row *row = &losts[i];
        CLEANUP(buf_done) struct buf out = { 0 }, dropped = { 0 };
        struct err err = { 0 };
        struct protocol_request *like;
        const char *body = arena_format(&arena, "{\"model\":\"m\",%s}", row->body);
        if (protocol_request_read(&like, row->from, str_of(body), &arena, &err) < 0)
            fail_msg("%s: %s", row->name, err.text);
        struct str message = STR("{\"role\":\"user\",\"content\":\"hi\"}");
        int rc = send_on(&out, &dropped, row->to, like, message, NULL, &err);
        if (row->refused != (rc == -ERR_INPUT) || (rc < 0 && !strstr(err.text, row->dropped)))
            fail_msg("%s: %d %s", row->name, rc, err.text);
        if (rc == 0 && !str_equal(buf_view(&dropped), str_of(row->dropped)))
            fail_msg("%s: left out %s", row->name, dropped.at ? dropped.at : "nothing");
    }
}

/* --- the page */

static const char *word_of(const struct protocol_member *member, enum protocol protocol)
{
    return member->words[protocol] ? arena_format(&arena, "`%s`", member->words[protocol]) : "";
}

static const char *fate_of(const struct protocol_member *member)
{
    static const char *const hows[] = { [MEMBER_RANGE] = "the number; messages takes at most 1",
        [MEMBER_STOP] = "one text becomes a list",
        [MEMBER_CHOICE] = "`required` is `any`; a named tool by name",
        [MEMBER_PARALLEL] = "the other way round in messages",
        [MEMBER_FORMAT] = "a schema; `json_object` not to messages",
        [MEMBER_EFFORT] = "the word; `minimal` is `low` in messages, `none` nothing",
        [MEMBER_TIER] = "`default` is `standard_only`; others are left out" };
    static const char *const fates[] = { [MEMBER_REFUSED] = "refused",
        [MEMBER_DROPPED] = "left out, told",
        [MEMBER_READ] = "read, and said anew" };
    bool twice = false, all = true;
    for (unsigned i = 0, words = 0; i < PROTOCOLS; i++) {
        words += member->words[i] != NULL;
        twice = words > 1;
        all &= member->words[i] != NULL;
    }
    const char *how = hows[member->how] ? hows[member->how] : "as it stands";
    const char *lost = fates[member->lost];
    bool carried_at_all = !member->own && member->lost != MEMBER_READ && twice;
    const char *fate = !carried_at_all ? lost
                       : all           ? how
                                       : arena_format(&arena, "%s; else %s", how, lost);
    return member->neutral && !all ? arena_format(&arena, "%s, but for `%s`", fate, member->neutral)
                                   : fate;
}

static void the_page_has_the_table(void **state)
{
    (void)state;
    struct err err = { 0 };
    CLEANUP(buf_done) struct buf page = { 0 }, table = { 0 };
    const char *path = arena_format(&arena, "%s/docs/reference/protocols.md", MOULT_SOURCE_DIR);
    if (file_read(path, &page, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    for (unsigned i = 0; i < protocol_members_count; i++) {
        const struct protocol_member *member = &protocol_members[i];
        buf_format(&table, "| %s | %s | %s | %s |\n", word_of(member, PROTOCOL_CHAT),
            word_of(member, PROTOCOL_RESPONSES), word_of(member, PROTOCOL_MESSAGES),
            fate_of(member));
    }
    if (str_find(buf_view(&page), buf_view(&table)) < 0)
        fail_msg("docs/reference/protocols.md has another table than members.c:\n%s", table.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_asked_for_is_carried_or_named, arena_empty),
        cmocka_unit_test_teardown(without_tools_none_is_chosen, arena_empty),
        cmocka_unit_test_teardown(a_hosted_conversation_is_not_the_provider_s, arena_empty),
        cmocka_unit_test_teardown(a_tool_that_a_plugin_hid_is_not_forced, arena_empty),
        cmocka_unit_test_teardown(a_name_is_shown_without_its_control_bytes, arena_empty),
        cmocka_unit_test_teardown(parts_are_carried_or_refused, arena_empty),
        cmocka_unit_test_teardown(a_result_s_picture_stands_behind_all_results, arena_empty),
        cmocka_unit_test_teardown(only_what_was_brought_goes_up, arena_empty),
        cmocka_unit_test_teardown(what_the_chat_format_lacks_is_named, arena_empty),
        cmocka_unit_test_teardown(the_page_has_the_table, arena_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
