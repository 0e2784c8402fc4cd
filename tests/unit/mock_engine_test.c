/* The engine of the scripted model: which rule answers, in which words, and what goes wrong with
 * them when a rule says so. */
#include "mock/engine.h"

#include "base/json.h"
#include "base/mem.h"

// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

static const char *const paths[] = { "/v1/chat/completions", "/v1/responses", "/v1/messages",
    "/v1/messages/count_tokens", "/v1/models" };
enum { CHAT, RESPONSES, MESSAGES, COUNT, MODELS };

static struct engine *engine_of(const char *script)
{
    struct engine *engine = NULL;
    struct err err = { 0 };
    if (engine_new(&engine, str_of(script), "s", MOULT_SOURCE_DIR "/tests/data", &err) < 0)
        fail_msg("%s (%s)", err.text, err.where);
    return engine;
}

/* The answer's body with its pieces repeated (NUL-terminated, at most TEXT_MAX); status returned.
 */
static unsigned ask(struct engine *engine, int path, const char *body, struct buf *out,
    const struct ask_header *headers, uint32_t headers_count)
{
    struct play play = { 0 };
    const struct engine_request request = { path == MODELS ? STR("GET") : STR("POST"),
        str_of(paths[path]), headers, headers_count, str_of(body) };
    engine_play(engine, &request, &play);
    buf_clear(out);
    buf_str(out, buf_view(&play.head));
    buf_text(out, "\n");
    for (uint32_t i = 0; i < play.body.count; i++)
        for (uint64_t n = 0; n < play.body.pieces[i].repeat && out->size < TEXT_MAX; n++)
            buf_str(out, body_at(&play.body, &play.body.pieces[i]));
    unsigned status = play.status;
    play_done(&play);
    return status;
}

#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define SAID(text) "{\"role\":\"assistant\",\"content\":\"" text "\"}"
#define RESULT(text) "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"" text "\"}"
#define ASK(more) "{\"model\":\"m\",\"messages\":[" more "]}"
#define STREAM(more) "{\"model\":\"m\",\"stream\":true,\"messages\":[" more "]}"
#define RULE(when, then) "{\"rules\":[{\"when\":{" when "}," then "}]}"

/* --- which rule */

static const struct choice {
    const char *name, *when, *body;
    int path;
    bool holds;
} choices[] = {
    { "the model", "\"model\":\"m\"", ASK(USER("a")), CHAT, true },
    { "another model", "\"model\":\"n\"", ASK(USER("a")), CHAT, false },
    { "the protocol", "\"protocol\":\"chat\"", ASK(USER("a")), CHAT, true },
    { "another protocol", "\"protocol\":\"messages\"", ASK(USER("a")), CHAT, false },
    { "the user's text", "\"user\":\"abc\"", ASK(USER("x") "," SAID("y") "," USER("abc")), CHAT,
        true },
    { "not the last user's text", "\"user\":\"x\"", ASK(USER("x") "," SAID("y") "," USER("abc")),
        CHAT, false },
    { "a part of it", "\"user_contains\":\"b\"", ASK(USER("abc")), CHAT, true },
    { "not a part of it", "\"user_contains\":\"d\"", ASK(USER("abc")), CHAT, false },
    { "parts are joined", "\"user\":\"ab\"",
        ASK("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
            "\"text\":\"b\"}]}"),
        CHAT, true },
    { "the system's text", "\"system_contains\":\"be\"",
        ASK("{\"role\":\"developer\",\"content\":\"be kind\"}," USER("a")), CHAT, true },
    { "Anthropic's system", "\"system_contains\":\"be\"",
        "{\"model\":\"m\",\"system\":[{\"type\":\"text\",\"text\":\"be "
        "kind\"}],\"messages\":[" USER("a") "]}",
        MESSAGES, true },
    { "the last role", "\"last_role\":\"tool\"", ASK(USER("a") "," SAID("b") "," RESULT("c")), CHAT,
        true },
    { "another last role", "\"last_role\":\"user\"", ASK(USER("a") "," SAID("b") "," RESULT("c")),
        CHAT, false },
    { "Anthropic's result is a tool's",
        "\"last_role\":\"tool\",\"messages\":3,\"result_contains\":\"gone\"",
        ASK(USER("a") "," SAID("b") ",{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
                                    "\"tool_use_id\":\"t\",\"content\":\"is gone\"}]}"),
        MESSAGES, true },
    { "items of the responses protocol", "\"last_role\":\"tool\",\"messages\":3",
        "{\"model\":\"m\",\"instructions\":\"s\",\"input\":[{\"role\":\"user\",\"content\":\"a\"},"
        "{\"type\":\"function_call\",\"name\":\"f\"},{\"type\":\"function_call\",\"name\":\"g\"},"
        "{\"type\":\"function_call_output\",\"output\":\"x\"}]}",
        RESPONSES, true },
    { "a plain input", "\"user\":\"a\"", "{\"model\":\"m\",\"input\":\"a\"}", RESPONSES, true },
    { "a result", "\"result_contains\":\"c\"", ASK(USER("a") "," SAID("b") "," RESULT("c")), CHAT,
        true },
    { "a result of before", "\"result_contains\":\"c\"",
        ASK(RESULT("c") "," SAID("b") "," USER("a")), CHAT, false },
    { "how many messages", "\"messages\":1",
        ASK("{\"role\":\"system\",\"content\":\"s\"}," USER("a")), CHAT, true },
    { "other than so many", "\"messages\":2", ASK(USER("a")), CHAT, false },
    { "a tool", "\"tool\":\"f\"",
        "{\"model\":\"m\",\"messages\":[],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
        "\"f\"}}]}",
        CHAT, true },
    { "Anthropic's tool", "\"tool\":\"f\"",
        "{\"model\":\"m\",\"messages\":[],\"tools\":[{\"name\":\"f\"}]}", MESSAGES, true },
    { "no such tool", "\"tool\":\"f\"", ASK(USER("f")), CHAT, false },
    { "never", "\"times\":0", ASK(USER("a")), CHAT, false },
    { "streamed", "\"stream\":true", STREAM(USER("a")), CHAT, true },
    { "not streamed", "\"stream\":true", ASK(USER("a")), CHAT, false },
    { "a header", "\"header\":{\"X-A\":\"1\"}", ASK(USER("a")), CHAT, true },
    { "a header that is there", "\"header\":{\"x-a\":true}", ASK(USER("a")), CHAT, true },
    { "a header of another value", "\"header\":{\"x-a\":\"2\"}", ASK(USER("a")), CHAT, false },
    { "a header that is not there", "\"header\":{\"x-b\":true}", ASK(USER("a")), CHAT, false },
    { "a header that is to be missing", "\"header\":{\"x-b\":false}", ASK(USER("a")), CHAT, true },
    { "a header that is there though it should not be", "\"header\":{\"x-a\":false}",
        ASK(USER("a")), CHAT, false },
};

static void choose(void **state)
{
    (void)state;
    static const struct ask_header headers[] = { { { "x-a", 3 }, { "1", 1 } } };
    CLEANUP(buf_done) struct buf out = { 0 }, script = { 0 };
    for (size_t i = 0; i < COUNT_OF(choices); i++) {
        const struct choice *row = &choices[i];
        buf_clear(&script);
        buf_format(&script, RULE("%s", "\"say\":\"chosen\""), row->when);
        struct engine *engine = engine_of(script.at);
        unsigned status = ask(engine, row->path, row->body, &out, headers, 1);
        if ((status == 200) != row->holds || (status == 200 && !strstr(out.at, "chosen")))
            fail_msg("%s: %u %s", row->name, status, out.at);
        engine_free(engine);
    }
}

static void take_turns(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct engine *engine =
        engine_of("{\"rules\":[{\"when\":{\"model\":\"m\",\"times\":1},\"status\":429},"
                  "{\"when\":{\"after\":1,\"times\":1},\"say\":\"second\"},"
                  "{\"say\":\"rest\"}]}");
    static const struct {
        unsigned status;
        const char *says;
    } want[] = { { 429, "rate_limit_exceeded" }, { 200, "rest" }, { 200, "second" },
        { 200, "rest" } };
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_int_equal(ask(engine, CHAT, ASK(USER("a")), &out, NULL, 0), want[i].status);
        assert_non_null(strstr(out.at, want[i].says));
    }
    engine_free(engine);
}

/* --- in which words */

static const struct words {
    const char *name, *rule, *body;
    int path;
    unsigned status;
    const char *has, *lacks; /* lacks may be NULL */
} wordings[] = {
    { "chat", "\"say\":\"hi\"", ASK(USER("a")), CHAT, 200,
        "\"message\":{\"role\":\"assistant\",\"content\":\"hi\"", "tool_calls" },
    { "chat, a call", "\"call\":{\"name\":\"f\",\"arguments\":{\"a\":1.0}}", ASK(USER("a")), CHAT,
        200, "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1.0}\"}", "\"content\":\"" },
    { "chat, finish", "\"call\":{\"name\":\"f\"}", ASK(USER("a")), CHAT, 200,
        "\"finish_reason\":\"tool_calls\"", NULL },
    { "chat, streamed", "\"say\":\"hi\"", STREAM(USER("a")), CHAT, 200,
        "\"delta\":{\"content\":\"hi\"}", "usage" },
    { "chat, streamed end", "\"say\":\"hi\"", STREAM(USER("a")), CHAT, 200, "data: [DONE]\n\n",
        NULL },
    { "chat, usage where it was asked for", "\"say\":\"hi\",\"usage\":{\"input\":7,\"output\":5}",
        "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":"
        "[]}",
        CHAT, 200, "\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,", NULL },
    { "chat, raw arguments", "\"call\":{\"name\":\"f\",\"arguments\":\"{a\"}", ASK(USER("a")), CHAT,
        200, "\"arguments\":\"{a\"", NULL },
    { "parts of a text", "\"say\":[\"a\",\"b\"]", STREAM(USER("a")), CHAT, 200,
        "{\"content\":\"b\"}", "\"ab\"" },
    { "parts are whole where nothing is streamed", "\"say\":[\"a\",\"b\"]", ASK(USER("a")), CHAT,
        200, "\"ab\"", NULL },
    { "no part splits a character", "\"say\":\"\\u20ac\\u20ac\",\"chunk\":2", STREAM(USER("a")),
        CHAT, 200, "{\"content\":\"\xe2\x82\xac\"}", NULL },
    { "messages", "\"say\":\"hi\"", ASK(USER("a")), MESSAGES, 200,
        "\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"stop_reason\":\"end_turn\"", NULL },
    { "messages, a call", "\"say\":\"hi\",\"call\":{\"name\":\"f\",\"id\":\"i\"}", ASK(USER("a")),
        MESSAGES, 200,
        "{\"type\":\"text\",\"text\":\"hi\"},{\"type\":\"tool_use\",\"id\":\"i\",\"name\":\"f\","
        "\"input\":{}}",
        NULL },
    { "messages, thought", "\"think\":\"hm\",\"say\":\"hi\"", ASK(USER("a")), MESSAGES, 200,
        "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"", NULL },
    { "messages, streamed thought", "\"think\":\"hm\",\"say\":\"hi\"", STREAM(USER("a")), MESSAGES,
        200, "\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}", NULL },
    { "messages, streamed call", "\"call\":{\"name\":\"f\",\"arguments\":\"{a\"}",
        STREAM(USER("a")), MESSAGES, 200,
        "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{a\"}", "text_delta" },
    { "messages, streamed end", "\"say\":\"hi\"", STREAM(USER("a")), MESSAGES, 200,
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "[DONE]" },
    { "messages, refused", "\"say\":\"no\",\"finish\":\"filter\"", ASK(USER("a")), MESSAGES, 200,
        "\"stop_reason\":\"refusal\"", NULL },
    { "responses", "\"say\":\"hi\"", "{\"model\":\"m\",\"input\":\"a\"}", RESPONSES, 200,
        "\"content\":[{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"hi\"}"
        "]",
        NULL },
    { "responses, cut short", "\"say\":\"hi\",\"finish\":\"length\"",
        "{\"model\":\"m\",\"input\":\"a\"}", RESPONSES, 200,
        "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}", NULL },
    { "responses, streamed", "\"say\":\"hi\"", "{\"model\":\"m\",\"input\":\"a\",\"stream\":true}",
        RESPONSES, 200,
        "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":8,",
        "[DONE]" },
    { "responses, streamed call", "\"call\":{\"name\":\"f\"}",
        "{\"model\":\"m\",\"input\":\"a\",\"stream\":true}", RESPONSES, 200,
        "event: response.function_call_arguments.done", "output_text" },
    { "tokens, guessed", "\"say\":\"hi\"", ASK(USER("a")), COUNT, 200, "{\"input_tokens\":5}",
        NULL },
    { "tokens, said", "\"count\":42", ASK(USER("a")), COUNT, 200, "{\"input_tokens\":42}", NULL },
    { "an error, OpenAI's", "\"status\":429,\"headers\":{\"retry-after\":\"3\"}", ASK(USER("a")),
        CHAT, 429, "retry-after: 3\r\n", NULL },
    { "an error, Anthropic's", "\"status\":529", ASK(USER("a")), MESSAGES, 529,
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"", NULL },
    { "an error's own words",
        "\"status\":400,\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"long\"}",
        ASK(USER("a")), CHAT, 400,
        "{\"error\":{\"message\":\"long\",\"type\":\"invalid_request_error\",\"param\":null,"
        "\"code\":\"context_length_exceeded\"}}",
        NULL },
    { "HTML", "\"status\":502,\"headers\":{\"Content-Type\":\"text/html\"},\"body\":\"<html>\"",
        ASK(USER("a")), CHAT, 502, "\n<html>", "application/json" },
    { "a body as it is written", "\"body\":{\"a\" : 1.0}", ASK(USER("a")), CHAT, 200,
        "{\"a\" : 1.0}", NULL },
    { "a recorded stream",
        "\"headers\":{\"content-type\":\"text/event-stream\"},\"body\":\"data: "
        "x\\n\\n\"",
        STREAM(USER("a")), CHAT, 200, "\ndata: x\n\n", NULL },
    { "no JSON", "\"say\":\"hi\"", "{", CHAT, 400, "We could not parse the JSON body", NULL },
    { "no model", "\"say\":\"hi\"", "{\"messages\":[]}", MESSAGES, 400,
        "\"type\":\"invalid_request_error\"", NULL },
    { "no messages", "\"say\":\"hi\"", "{\"model\":\"m\"}", CHAT, 400, "'messages'", NULL },
    { "a role that nobody knows", "\"say\":\"hi\"", ASK("{\"role\":\"root\"}"), CHAT, 400,
        "a message without a known role", NULL },
    { "models", "\"say\":\"hi\"", "", MODELS, 200,
        "{\"object\":\"list\",\"data\":[{\"id\":\"mock\",\"object\":\"model\"", NULL },
};

static void word(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 }, script = { 0 };
    for (size_t i = 0; i < COUNT_OF(wordings); i++) {
        const struct words *row = &wordings[i];
        buf_clear(&script);
        buf_format(&script, "{\"rules\":[{%s}]}", row->rule);
        struct engine *engine = engine_of(script.at);
        unsigned status = ask(engine, row->path, row->body, &out, NULL, 0);
        if (status != row->status || !strstr(out.at, row->has) ||
            (row->lacks && strstr(strchr(out.at, '\n'), row->lacks)))
            fail_msg("%s: %u %s", row->name, status, out.at);
        engine_free(engine);
    }
}

/* Everything that is written is JSON: each whole body, and each event's data. */
static void write_json(void **state)
{
    (void)state;
    static const char script[] =
        "{\"rules\":[{\"think\":\"\\\"h\",\"say\":[\"a\\n\",\"\\u0001\"],\"fill\":3,\"call\":["
        "{\"name\":\"f\",\"arguments\":\"{a\"},{\"name\":\"g\",\"arguments\":{\"a\":[1]}}]}]}";
    static const char body[] =
        "{\"model\":\"m\",\"stream\":%s,\"stream_options\":{\"include_usage\":"
        "true},\"messages\":[],\"input\":\"a\"}";
    CLEANUP(buf_done) struct buf out = { 0 }, request = { 0 };
    for (int path = CHAT; path <= MODELS; path++)
        for (int stream = 0; stream < 2; stream++) {
            struct engine *engine = engine_of(script);
            buf_clear(&request);
            buf_format(&request, body, stream ? "true" : "false");
            assert_int_equal(ask(engine, path, request.at, &out, NULL, 0), 200);
            char *at = strstr(out.at, "\r\n\n") + 3;
            bool events = stream && path <= MESSAGES;
            for (char *line = strtok(at, "\n"); line; line = strtok(NULL, "\n")) {
                CLEANUP(arena_done) struct arena arena = { 0 };
                struct err err = { 0 };
                if (events && (strncmp(line, "event: ", 7) == 0 || strstr(line, "[DONE]")))
                    continue;
                line += events ? strlen("data: ") : 0;
                if (!json_read(&arena, str_of(line), NULL, &err))
                    fail_msg("%s: %s", err.text, line);
            }
            engine_free(engine);
        }
}

static void know_keys(void **state)
{
    (void)state;
    static const struct ask_header good[] = { { { "authorization", 13 }, { "bearer k2", 9 } } };
    static const struct ask_header other[] = { { { "x-api-key", 9 }, { "k2", 2 } } };
    static const struct ask_header bad[] = { { { "authorization", 13 }, { "Bearer k", 8 } } };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct engine *engine = engine_of("{\"keys\":[\"k1\",\"k2\"],\"rules\":[{\"say\":\"hi\"}]}");
    assert_int_equal(ask(engine, CHAT, ASK(USER("a")), &out, good, 1), 200);
    assert_int_equal(ask(engine, MESSAGES, ASK(USER("a")), &out, other, 1), 200);
    assert_int_equal(ask(engine, CHAT, ASK(USER("a")), &out, bad, 1), 401);
    assert_int_equal(ask(engine, MESSAGES, ASK(USER("a")), &out, NULL, 0), 401);
    assert_non_null(strstr(out.at, "authentication_error"));
    assert_int_equal(ask(engine, MODELS, "", &out, NULL, 0), 401);
    engine_free(engine);
}

#define CALLS(ids) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" ids "]}"
#define CALL(id)                                                                                   \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"
#define USES(ids) "{\"role\":\"assistant\",\"content\":[" ids "]}"
#define USE(id) "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{}}"
#define GIVES(blocks) "{\"role\":\"user\",\"content\":[" blocks "]}"
#define GIVE(id) "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":\"x\"}"
#define ASK_MAX(more) "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[" more "]}"
#define ITEMS(more) "{\"model\":\"m\",\"input\":[" more "]}"
#define ITEM(type) "{\"type\":\"" type "\",\"call_id\":\"a\",\"name\":\"f\",\"output\":\"x\"}"
#define SAYS(role, part) "{\"role\":\"" role "\",\"content\":[" part "]}"
#define PICTURE "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://p/\"}}"
#define SEEN(media, data)                                                                          \
    "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/" media            \
    "\",\"data\":\"" data "\"}}"

static const struct strict {
    const char *name;
    int path;
    const char *body, *says; /* says NULL: it is taken */
} stricts[] = {
    { "a call and its result", CHAT, ASK(USER("u") "," CALLS(CALL("a")) "," RESULT("x")), NULL },
    { "a call without a result", CHAT, ASK(USER("u") "," CALLS(CALL("a"))), "none came for a" },
    { "words before the result", CHAT, ASK(CALLS(CALL("a")) "," USER("u") "," RESULT("x")),
        "none came for a" },
    { "one result of two", CHAT, ASK(CALLS(CALL("a") "," CALL("b")) "," RESULT("x")),
        "none came for b" },
    { "a result without a call", CHAT, ASK(USER("u") "," RESULT("x")), "no call a is open" },
    { "a result twice", CHAT, ASK(CALLS(CALL("a")) "," RESULT("x") "," RESULT("x")),
        "no call a is open" },
    { "two calls of one id", CHAT, ASK(CALLS(CALL("a") "," CALL("a")) "," RESULT("x")), "unique" },
    { "an id again later", CHAT,
        ASK(CALLS(CALL("a")) "," RESULT("x") "," CALLS(CALL("a")) "," RESULT("y")), NULL },
    { "nothing said", CHAT, ASK("{\"role\":\"assistant\",\"content\":null}"),
        "content or tool_calls" },
    { "two tools of one name", CHAT,
        "{\"model\":\"m\",\"messages\":[],\"tools\":[{\"function\":{\"name\":\"f\"}},"
        "{\"function\":{\"name\":\"f\"}}]}",
        "Tool names must be unique" },
    { "a use and its result", MESSAGES, ASK_MAX(USES(USE("a")) "," GIVES(GIVE("a"))), NULL },
    { "a use without a result", MESSAGES, ASK_MAX(USES(USE("a")) "," USER("u")),
        "none came for a" },
    { "a result without a use", MESSAGES, ASK_MAX(GIVES(GIVE("a"))), "no call a is open" },
    { "no content", MESSAGES, ASK_MAX(GIVES("")), "non-empty content" },
    { "an empty text", MESSAGES, ASK_MAX(GIVES("{\"type\":\"text\",\"text\":\"\"}")), "non-empty" },
    { "no max_tokens", MESSAGES, ASK(USER("u")), "max_tokens: Field required" },
    { "an item and its output", RESPONSES,
        ITEMS(ITEM("function_call") "," ITEM("function_call_output")), NULL },
    { "an item without an output", RESPONSES, ITEMS(ITEM("function_call") "," USER("u")),
        "none came for a" },
    { "a picture", CHAT, ASK(SAYS("user", PICTURE)), NULL },
    { "a picture of another protocol's", CHAT, ASK(SAYS("user", SEEN("png", "QQ=="))),
        "'image' cannot stand" },
    { "a picture in a result", CHAT,
        ASK(CALLS(CALL("a")) ",{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":[" PICTURE
                             "]}"),
        "'image_url' cannot stand" },
    { "a picture without its address", CHAT, ASK(SAYS("user", "{\"type\":\"image_url\"}")),
        "'image_url' is not whole" },
    { "a file without its name", CHAT,
        ASK(SAYS("user", "{\"type\":\"file\",\"file\":{\"file_data\":\"data:a\"}}")),
        "'file' is not whole" },
    { "what nobody knows yet", CHAT, ASK(SAYS("user", "{\"type\":\"smell\"}")), NULL },
    { "a picture in a block", MESSAGES, ASK_MAX(SAYS("user", SEEN("png", "QQ=="))), NULL },
    { "a picture in a block's result", MESSAGES,
        ASK_MAX(USES(USE("a")) "," GIVES("{\"type\":\"tool_result\",\"tool_use_id\":\"a\","
                                         "\"content\":[" SEEN("png", "QQ==") "]}")),
        NULL },
    { "an address where bytes are wanted", MESSAGES, ASK_MAX(SAYS("user", SEEN("png", "data:a"))),
        "'image' is not whole" },
    { "a picture that it does not read", MESSAGES, ASK_MAX(SAYS("user", SEEN("bmp", "QQ=="))),
        "'image' is not whole" },
    { "a picture that the model says", MESSAGES, ASK_MAX(SAYS("assistant", SEEN("png", "QQ=="))),
        "'image' cannot stand" },
    { "OpenAI's picture", MESSAGES, ASK_MAX(SAYS("user", PICTURE)), "'image_url' cannot stand" },
    { "a picture as an item has it", RESPONSES,
        ITEMS(SAYS("user", "{\"type\":\"input_image\",\"image_url\":\"https://p/\"}")), NULL },
    { "chat's picture in an item", RESPONSES, ITEMS(SAYS("user", PICTURE)),
        "'image_url' cannot stand" },
    { "a file that is no address", RESPONSES,
        ITEMS(SAYS("user", "{\"type\":\"input_file\",\"filename\":\"a\",\"file_data\":\"QQ\"}")),
        "'input_file' is not whole" },
    { "an output without an item", RESPONSES, ITEMS(ITEM("function_call_output")),
        "no call a is open" },
};

static void be_strict(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct engine *strict = engine_of("{\"strict\":true,\"rules\":[{\"say\":\"ok\"}]}");
    struct engine *lenient = engine_of("{\"rules\":[{\"say\":\"ok\"}]}");
    for (size_t i = 0; i < COUNT_OF(stricts); i++) {
        const struct strict *row = &stricts[i];
        unsigned status = ask(strict, row->path, row->body, &out, NULL, 0);
        if (status != (row->says ? 400 : 200) || (row->says && !strstr(out.at, row->says)))
            fail_msg("%s: %u %s", row->name, status, out.at);
        assert_int_equal(ask(lenient, row->path, row->body, &out, NULL, 0), 200);
    }
    engine_free(strict);
    engine_free(lenient);
}

/* --- what goes wrong */

static const struct wrong {
    const char *name, *fault, *body;
    int path;
    const char *has, *lacks;
} wrongs[] = {
    { "no end", "\"no_end\":true", STREAM(USER("a")), CHAT, "\"finish_reason\":\"stop\"",
        "[DONE]" },
    { "no end of Anthropic's", "\"no_end\":true", STREAM(USER("a")), MESSAGES, "message_delta",
        "message_stop" },
    { "no end of a response", "\"no_end\":true",
        "{\"model\":\"m\",\"input\":\"a\",\"stream\":true}", RESPONSES, "response.output_item.done",
        "response.completed" },
    { "an error in the stream", "\"error_after\":2", STREAM(USER("a")), CHAT,
        "data: {\"error\":{\"message\":\"Overloaded\"", "[DONE]" },
    { "an error in Anthropic's stream", "\"error_after\":0", STREAM(USER("a")), MESSAGES,
        "\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"",
        "message_start" },
    { "an error in a response", "\"error_after\":1",
        "{\"model\":\"m\",\"input\":\"a\",\"stream\":true}", RESPONSES,
        "event: error\ndata: {\"type\":\"error\",\"code\":", "in_progress\"}" },
    { "comments", "\"comments\":true", STREAM(USER("a")), CHAT, ": keep-alive\n\ndata: {", NULL },
    { "CRLF", "\"crlf\":true", STREAM(USER("a")), MESSAGES,
        "event: message_stop\r\ndata: {\"type\":\"message_stop\"}\r\n\r\n", "}\n" },
    { "a long line", "\"pad\":170000", STREAM(USER("a")), CHAT, ",\"obfuscation\":\"xxx", NULL },
    { "Anthropic's long line", "\"pad\":4", STREAM(USER("a")), MESSAGES,
        "{\"type\":\"message_stop\"}    \n\n", NULL },
    { "a second start", "\"duplicate_start\":true", STREAM(USER("a")), MESSAGES,
        "\"service_tier\":\"standard\"}}}\n\nevent: message_start\n", NULL },
    { "blanks before JSON", "\"blanks\":3", ASK(USER("a")), CHAT, "\r\n\n\n\n\n{\"id\"", NULL },
    { "JSON that is none", "\"bad_json\":true", ASK(USER("a")), CHAT, "\"fp_mock\"",
        "\"fp_mock\"}" },
    { "an event that is none", "\"bad_json\":true", STREAM(USER("a")), CHAT,
        "\"finish_reason\":null}]\n\n", NULL },
    { "half an event goes through", "\"cut_events\":1", STREAM(USER("a")), CHAT, "[DONE]", NULL },
};

static void spoil_bytes(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 }, script = { 0 };
    for (size_t i = 0; i < COUNT_OF(wrongs); i++) {
        const struct wrong *row = &wrongs[i];
        buf_clear(&script);
        buf_format(&script, "{\"rules\":[{\"say\":\"hi\",\"fault\":{%s}}]}", row->fault);
        struct engine *engine = engine_of(script.at);
        ask(engine, row->path, row->body, &out, NULL, 0);
        if (!strstr(out.at, row->has) ||
            (row->lacks && strstr(strstr(out.at, "\r\n\n"), row->lacks)))
            fail_msg("%s: %s", row->name, out.at);
        engine_free(engine);
    }
}

/* Where a body breaks off is counted in bytes of what is sent. */
static void cut_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        uint64_t cut; /* UINT64_MAX: none; 0 here: in the second event */
    } rows[] = { { "\"no_end\":true", UINT64_MAX }, { "\"cut_bytes\":5", 5 },
        { "\"cut_events\":1", 0 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf script = { 0 };
        struct play play = { 0 };
        buf_format(&script, "{\"rules\":[{\"say\":\"hi\",\"fault\":{%s}}]}", rows[i].fault);
        struct engine *engine = engine_of(script.at);
        const struct engine_request request = { STR("POST"), str_of(paths[CHAT]), NULL, 0,
            STR(STREAM(USER("a"))) };
        engine_play(engine, &request, &play);
        const struct body_piece *pieces = play.body.pieces;
        if (rows[i].cut > 0)
            assert_true(play.cut == rows[i].cut);
        else
            assert_true(play.cut > pieces[0].size && play.cut < pieces[0].size + pieces[1].size);
        play_done(&play);
        engine_free(engine);
    }
}

/* A gigabyte costs what one of its pieces costs. */
static void stay_small(void **state)
{
    (void)state;
    struct engine *engine = engine_of("{\"rules\":[{\"fill\":1000000007}]}");
    for (int path = CHAT; path <= MESSAGES; path++)
        for (int stream = 0; stream < 2; stream++) {
            struct play play = { 0 };
            const char *body =
                stream ? "{\"model\":\"m\",\"stream\":true,\"messages\":[],\"input\":\"\"}"
                       : "{\"model\":\"m\",\"messages\":[],\"input\":\"\"}";
            const struct engine_request request = { STR("POST"), str_of(paths[path]), NULL, 0,
                str_of(body) };
            engine_play(engine, &request, &play);
            assert_true(body_size(&play.body) > 1000000007);
            assert_true(play.body.bytes.size < 1 << 20);
            play_done(&play);
        }
    engine_free(engine);
}

/* --- recordings */

/* What stands between two texts when their places are put together, but for the lengths. */
#define NULS "\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"
#define JOIN "\\u0001" NULS "\\u0000" NULS "\\u0000" NULS

static void play_recorded(void **state)
{
    (void)state;
    static const char script[] = "{\"rules\":[{\"recorded\":\"mock/runs.jsonl\"}]}";
    static const struct {
        const char *name, *body;
        unsigned status;
        const char *has;
    } rows[] = {
        { "the first reply", ASK("{\"role\":\"system\",\"content\":\"other\"}," USER("Cancel it")),
            200, "Which order?" },
        { "the next, whatever the assistant said",
            ASK(USER("Cancel it") "," SAID("x") "," USER("#W1")), 200,
            "\"arguments\":\"{\\\"order_id\\\": \\\"#W1\\\"}\"" },
        { "behind a result",
            ASK(USER("Cancel it") "," SAID("x") "," USER("#W1") "," SAID("") "," RESULT("ok")), 200,
            "Done." },
        { "another result",
            ASK(USER("Cancel it") "," SAID("x") "," USER("#W1") "," SAID("") "," RESULT("OK")), 404,
            "no recorded conversation goes on from here" },
        { "another first text", ASK(USER("Cancel it ")), 404, "mock_no_answer" },
        { "the other way round", ASK(USER("#W1") "," USER("Cancel it")), 404, "mock_no_answer" },
        { "a user's text as a result", ASK(RESULT("Cancel it")), 404, "mock_no_answer" },
        { "one text is not two", ASK(USER("Cancel it") "," USER("")), 404, "mock_no_answer" },
        { "one text that spells the join of two", ASK(USER("Cancel it" JOIN "#W1")), 404,
            "mock_no_answer" },
        { "the assistant had the last word", ASK(USER("Cancel it") "," SAID("x")), 404,
            "mock_no_answer" },
        { "a result that is JSON, printed otherwise",
            ASK(USER("Where is it?") "," SAID("") "," RESULT(
                "[{\\\"b\\\":\\\"1.0 \\\\\\\"2.0\\\",\\\"a\\\":7}]")),
            200, "There." },
        { "a result that is other JSON",
            ASK(USER("Where is it?") "," SAID("") "," RESULT(
                "[{\\\"b\\\":\\\"1 \\\\\\\"2.0\\\",\\\"a\\\":7}]")),
            404, "mock_no_answer" },
        { "flat calls with objects", ASK(USER("Where is it?")), 200,
            "\"arguments\":\"{\\\"order_id\\\": \\\"#W2\\\"}\"" },
    };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct engine *engine = engine_of(script);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        unsigned status = ask(engine, CHAT, rows[i].body, &out, NULL, 0);
        if (status != rows[i].status || !strstr(out.at, rows[i].has))
            fail_msg("%s: %u %s", rows[i].name, status, out.at);
    }
    engine_free(engine);
}

static void refuse_recordings(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int code;
    } rows[] = { { "mock/none.jsonl", ERR_MISSING }, { "mock/broken.jsonl", ERR_INPUT },
        { "mock/no_run.jsonl", ERR_INPUT }, { "mock/cut.jsonl.gz", ERR_INPUT } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf script = { 0 };
        struct engine *engine = NULL;
        struct err err = { 0 };
        buf_format(&script, "{\"rules\":[{\"recorded\":\"%s\"}]}", rows[i].file);
        int rc = engine_new(&engine, buf_view(&script), "s", MOULT_SOURCE_DIR "/tests/data", &err);
        if (rc != -rows[i].code || !err.where[0])
            fail_msg("%s: %d %s (%s)", rows[i].file, rc, err.text, err.where);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choose),
        cmocka_unit_test(take_turns),
        cmocka_unit_test(word),
        cmocka_unit_test(write_json),
        cmocka_unit_test(know_keys),
        cmocka_unit_test(be_strict),
        cmocka_unit_test(spoil_bytes),
        cmocka_unit_test(cut_bytes),
        cmocka_unit_test(stay_small),
        cmocka_unit_test(play_recorded),
        cmocka_unit_test(refuse_recordings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
