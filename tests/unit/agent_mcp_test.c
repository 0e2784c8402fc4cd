/* What an MCP client may send and what goes back: the protocol's own moves, and bytes that are
 * none. */
#include "agent/mcp.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REQUEST(id, rest) "{\"jsonrpc\":\"2.0\",\"id\":" id "," rest "}"
#define BEGIN(version, name)                                                                       \
    REQUEST("1",                                                                                   \
        "\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"" version                     \
        "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"" name "\",\"version\":\"1\"}}")
#define ERROR(id, code, text)                                                                      \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" #code ",\"message\":\"" text "\"}}"
static const char tools[] = "[{\"name\":\"look\",\"inputSchema\":{\"type\":\"object\"}}]";

static const struct row {
    const char *name, *text;
    enum mcp_kind kind;
    const char *want; /* the answer begins so */
} rows[] = {
    { "ping", REQUEST("7", "\"method\":\"ping\""), MCP_ANSWERED,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}" },
    { "an id that is text comes back as it was", REQUEST("\"a\\u0062\"", "\"method\":\"ping\""),
        MCP_ANSWERED, "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\",\"result\":{}}" },
    { "tools", REQUEST("2", "\"method\":\"tools/list\""), MCP_ANSWERED,
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"look\"" },
    { "a page that there is not",
        REQUEST("2", "\"method\":\"tools/list\",\"params\":{\"cursor\":\"x\"}"), MCP_ANSWERED,
        ERROR("2", -32602, "there is no such page") },
    { "a call", REQUEST("3", "\"method\":\"tools/call\",\"params\":{\"name\":\"look\"}"), MCP_CALL,
        "" },
    { "a tool that is not offered",
        REQUEST("3", "\"method\":\"tools/call\",\"params\":{\"name\":\"harness_approve\"}"),
        MCP_ANSWERED,
        ERROR("3", -32602, "there is no such tool; tools/list says which there are") },
    { "a call of no tool", REQUEST("3", "\"method\":\"tools/call\",\"params\":{}"), MCP_ANSWERED,
        ERROR("3", -32602, "tools/call wants name, and arguments as an object") },
    { "arguments that are a list",
        REQUEST("3", "\"method\":\"tools/call\",\"params\":{\"name\":\"look\",\"arguments\":[]}"),
        MCP_ANSWERED, ERROR("3", -32602, "tools/call wants name, and arguments as an object") },
    { "a method that there is not", REQUEST("4", "\"method\":\"resources/list\""), MCP_ANSWERED,
        ERROR("4", -32601, "moult has no such method") },
    { "a notification", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", MCP_NOTED,
        "" },
    { "a notification that there is not", "{\"jsonrpc\":\"2.0\",\"method\":\"harness_approve\"}",
        MCP_NOTED, "" },
    { "cancelled",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":3}}",
        MCP_CANCEL, "" },
    { "cancelled, and nothing said", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}",
        MCP_NOTED, "" },
    { "an answer to what was not asked", "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}", MCP_NOTED,
        "" },
    { "initialize without a name",
        REQUEST("1", "\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\"}"),
        MCP_ANSWERED, ERROR("1", -32602, "initialize wants protocolVersion and clientInfo.name") },
    { "no JSON", "{\"jsonrpc\":", MCP_REFUSED, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{" },
    { "nothing", "", MCP_REFUSED, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700" },
    { "no UTF-8", "\"\xff\"", MCP_REFUSED, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{" },
    { "the same member twice", "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}",
        MCP_REFUSED, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{" },
    { "a batch", "[" REQUEST("1", "\"method\":\"ping\"") "]", MCP_REFUSED,
        ERROR("null", -32600,
            "batches are of protocol version 2025-03-26: send each message by itself") },
    { "another protocol", "{\"id\":1,\"method\":\"ping\"}", MCP_REFUSED,
        ERROR("null", -32600, "not a JSON-RPC 2.0 message") },
    { "a number as its method", REQUEST("1", "\"method\":7"), MCP_REFUSED,
        ERROR("null", -32600, "neither a request nor an answer") },
    { "an id that is an object", REQUEST("{}", "\"method\":\"ping\""), MCP_REFUSED,
        ERROR("null", -32600, "an id is a string or a number, of at most 256 bytes") },
    { "an id that is null", REQUEST("null", "\"method\":\"ping\""), MCP_REFUSED,
        ERROR("null", -32600, "an id is a string or a number, of at most 256 bytes") },
    { "params that are a list", REQUEST("1", "\"method\":\"ping\",\"params\":[]"), MCP_REFUSED,
        ERROR("null", -32600, "params are an object") },
};

static struct mcp_message take(
    struct mcp_client *client, const char *text, struct arena *arena, struct buf *out)
{
    struct mcp_sent sent = mcp_read(client, str_of(text), str_of(tools), arena);
    assert_int_equal(sent.count, 1);
    assert_false(sent.batch);
    buf_str(out, sent.messages->answer);
    return *sent.messages;
}

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf out = { 0 };
        struct mcp_client client = { 0 };
        print_message("%s\n", rows[i].name);
        struct mcp_message message = take(&client, rows[i].text, &arena, &out);
        assert_int_equal(message.kind, rows[i].kind);
        assert_true(str_starts(buf_view(&out), str_of(rows[i].want)));
        assert_int_equal(out.size > 0, rows[i].want[0] != '\0');
        assert_false(message.begins);
    }
}

static void test_call(void **state)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct mcp_client client = { 0 };
    (void)state;
    struct mcp_message message = take(&client,
        REQUEST("\"x\"", "\"method\":\"tools/"
                         "call\",\"params\":{\"name\":\"look\",\"arguments\":{\"a\":[1, 2]}}"),
        &arena, &out);
    assert_int_equal(message.kind, MCP_CALL);
    assert_true(str_equal(message.id, STR("\"x\"")));
    assert_true(str_equal(message.tool, STR("look")));
    assert_true(str_equal(message.args, STR("{\"a\":[1, 2]}")));
    mcp_result(&out, message.id, true, STR("a \"b\"\n"));
    assert_true(str_equal(buf_view(&out),
        STR("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{\"content\":[{\"type\":\"text\","
            "\"text\":\"a \\\"b\\\"\\n\"}],\"isError\":true}}")));
}

/* What is claimed becomes a word, and is behind "mcp:" whatever it is. */
static void test_begin(void **state)
{
    static const struct {
        const char *text, *version, *by;
    } begins[] = {
        { BEGIN("2024-11-05", "one"), "2024-11-05", "mcp:one" },
        { BEGIN("2025-03-26", "a b\\n\\u0000c"), "2025-03-26", "mcp:a-b--c" },
        { BEGIN("2025-06-18", "hand"), "2025-06-18", "mcp:hand" },
        { BEGIN("2031-01-01", "../../x@y \\\"--by=hand"), "2025-06-18",
            "mcp:..-..-x-y----by-hand" },
        { BEGIN("", ""), "2025-06-18", "mcp:unnamed" },
        { BEGIN("2025-06-18", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            "2025-06-18", "mcp:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf out = { 0 };
        struct mcp_client client = { 0 };
        assert_true(str_equal(mcp_by(&client), STR("mcp:unnamed")));
        assert_true(take(&client, begins[i].text, &arena, &out).begins);
        const struct json *root = json_read(&arena, buf_view(&out), NULL, NULL);
        const struct json *result = json_get(root, "result");
        assert_true(str_equal(
            json_string(&arena, json_get(result, "protocolVersion")), str_of(begins[i].version)));
        assert_true(str_equal(mcp_by(&client), str_of(begins[i].by)));
        buf_clear(&out);
        assert_false(take(&client, BEGIN("2025-06-18", "another"), &arena, &out).begins);
        assert_true(str_equal(mcp_by(&client), str_of(begins[i].by)));
    }
}

static void test_size(void **state)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 }, text = { 0 };
    struct mcp_client client = { 0 };
    (void)state;
    buf_text(&text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":");
    for (int i = 0; i < 100; i++)
        buf_char(&text, '[');
    assert_int_equal(take(&client, text.at, &arena, &out).kind, MCP_REFUSED);
    buf_clear(&text);
    buf_text(&text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":\"");
    while (text.size <= MCP_MESSAGE_MAX)
        buf_char(&text, 'x');
    buf_text(&text, "\"}}");
    assert_int_equal(take(&client, text.at, &arena, &out).kind, MCP_REFUSED);
    assert_true(out.size < 1000);
}

/* --- batches */

#define PING(id) REQUEST(id, "\"method\":\"ping\"")
#define PONG(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{}}"
#define NOTE "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"
#define LOOK(id) REQUEST(id, "\"method\":\"tools/call\",\"params\":{\"name\":\"look\"}")

static const struct batch_row {
    const char *name, *text;
    bool batch;
    const char *kinds; /* a letter each: a answered, r refused, n noted, c call, x cancel */
    const char *want;  /* what goes back, but for calls */
} batches[] = {
    { "two requests", "[" PING("1") "," PING("\"b\"") "]", true, "aa",
        "[" PONG("1") "," PONG("\"b\"") "]" },
    { "one", "[" PING("1") "]", true, "a", "[" PONG("1") "]" },
    { "nothing that is answered", "[" NOTE ",{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}]", true,
        "nn", "" },
    { "a call between", "[" PING("1") "," LOOK("2") "," NOTE "]", true, "acn", "[" PONG("1") "]" },
    { "a cancellation",
        "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{"
        "\"requestId\":2}}]",
        true, "x", "" },
    { "each that is none is refused by itself", "[1," PING("1") ",null,[" PING("2") "]]", true,
        "rarr",
        "[" ERROR("null", -32600, "not a JSON-RPC 2.0 message") "," PONG("1") "," ERROR(
            "null", -32600, "not a JSON-RPC 2.0 message") "," ERROR("null", -32600,
            "not a JSON-RPC 2.0 message") "]" },
    { "initialize", "[" BEGIN("2025-03-26", "one") "]", true, "a",
        "[" ERROR("1", -32600, "initialize stands alone, in no batch") "]" },
    { "an empty one", "[]", false, "r", ERROR("null", -32600, "a batch has 1 to 32 messages") },
    { "one that is cut off", "[" PING("1") ",", false, "r", NULL },
    { "a text behind it", "[" PING("1") "] x", false, "r", NULL },
};

static char kind_letter(enum mcp_kind kind)
{
    static const char letters[] = {
        [MCP_ANSWERED] = 'a',
        [MCP_REFUSED] = 'r',
        [MCP_NOTED] = 'n',
        [MCP_CALL] = 'c',
        [MCP_CANCEL] = 'x',
    };
    return letters[kind];
}

static void test_batches(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(batches); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct mcp_client client = { .version = mcp_version_batches };
        struct mcp_sent sent = mcp_read(&client, str_of(batches[i].text), str_of(tools), &arena);
        struct mcp_answers answers = { .batch = sent.batch };
        print_message("%s\n", batches[i].name);
        assert_int_equal(sent.batch, batches[i].batch);
        assert_int_equal(sent.count, strlen(batches[i].kinds));
        for (uint32_t k = 0; k < sent.count; k++) {
            assert_int_equal(kind_letter(sent.messages[k].kind), batches[i].kinds[k]);
            assert_false(sent.messages[k].begins);
            mcp_answers_add(&answers, sent.messages[k].answer);
        }
        if (batches[i].want)
            assert_true(str_equal(mcp_answers_end(&answers), str_of(batches[i].want)));
        assert_false(client.begun);
        buf_done(&answers.out);
    }
}

/* Of the other versions, and before any is agreed on, there are none. */
static void test_batch_version(void **state)
{
    static const char *const others[] = { NULL, "2025-06-18", "2024-11-05" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf out = { 0 };
        struct mcp_client client = { .version = mcp_version(str_of(others[i])) };
        assert_int_equal(client.version != NULL, others[i] != NULL);
        assert_int_equal(take(&client, "[" PING("1") "]", &arena, &out).kind, MCP_REFUSED);
    }
}

/* Neither more of them than there may be, nor more bytes, nor deeper ones. */
static void test_batch_size(void **state)
{
    (void)state;
    for (unsigned count = MCP_BATCH_MAX; count <= MCP_BATCH_MAX + 1; count++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf text = { 0 };
        struct mcp_client client = { .version = mcp_version_batches };
        for (unsigned i = 0; i < count; i++)
            buf_text(&text, i ? "," PING("1") : "[" PING("1"));
        buf_char(&text, ']');
        struct mcp_sent sent = mcp_read(&client, buf_view(&text), str_of(tools), &arena);
        assert_int_equal(sent.batch, count == MCP_BATCH_MAX);
        assert_int_equal(sent.count, count == MCP_BATCH_MAX ? count : 1);
    }
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct mcp_client client = { .version = mcp_version_batches };
    buf_char(&text, '[');
    for (unsigned i = 0; i < 100; i++)
        buf_char(&text, '[');
    assert_int_equal(
        mcp_read(&client, buf_view(&text), str_of(tools), &arena).messages->kind, MCP_REFUSED);
    buf_clear(&text);
    buf_text(&text, "[" PING("1"));
    while (text.size <= MCP_MESSAGE_MAX)
        buf_char(&text, ' ');
    buf_char(&text, ']');
    assert_int_equal(
        mcp_read(&client, buf_view(&text), str_of(tools), &arena).messages->kind, MCP_REFUSED);
}

static bool all(const void *with, struct str tool)
{
    return !with || !str_equal(tool, str_of(with));
}

static void test_tools(void **state)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    (void)state;
    mcp_tools(&out, all, NULL);
    const struct json *list = json_read(&arena, buf_view(&out), NULL, NULL);
    assert_int_equal(list->count, 4);
    JSON_EACH(tool, list)
    {
        const struct json *looks = json_get(json_get(tool, "annotations"), "readOnlyHint");
        bool proposes =
            str_equal(json_string(&arena, json_get(tool, "name")), STR("harness_propose"));
        assert_true(json_is(json_get(json_get(tool, "inputSchema"), "properties"), JSON_OBJECT));
        assert_int_equal(json_bool(looks, proposes), !proposes);
    }
    buf_clear(&out);
    mcp_tools(&out, all, "harness_propose");
    assert_int_equal(json_read(&arena, buf_view(&out), NULL, NULL)->count, 3);
    assert_true(str_find(buf_view(&out), STR("\"harness_propose\"")) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_batch_version),
        cmocka_unit_test(test_batch_size),
        cmocka_unit_test(test_tools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
