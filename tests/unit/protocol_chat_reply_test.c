/* chat_reply.c, chat_answer.c, chat_stream.c: replies as they were recorded say the same however
 * they are cut; an answer made from one says what it is told to and leaves all else as it was. */
#include "base/file.h"
#include "base/mem.h"
#include "protocol/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static struct str sample(const char *name)
{
    struct err err = { 0 };
    struct buf bytes = { 0 };
    char *path = mem_format("%s/tests/data/wire/chat/%s", MOULT_SOURCE_DIR, name);
    if (file_read(path, &bytes, 1 << 20, &err) < 0)
        fail_msg("%s: %s", path, err.text);
    free(path);
    struct str kept = { arena_copy(&arena, bytes.at, bytes.size), bytes.size };
    buf_done(&bytes);
    return kept;
}

static bool is_stream(const char *name)
{
    return strstr(name, ".sse") != NULL;
}

/* Feeds in pieces of `step` bytes, each a copy of its own. */
static int read_reply(struct protocol_said *said, bool *ret_complete, bool stream, struct str bytes,
    size_t step, struct err *err)
{
    struct protocol_reply *reply = protocol_reply_new(PROTOCOL_CHAT, stream);
    int rc = 0;
    for (size_t at = 0; at < bytes.size && rc == 0; at += step) {
        size_t n = bytes.size - at < step ? bytes.size - at : step;
        char *piece = mem_copy(bytes.at + at, n);
        rc = protocol_reply_feed(reply, (struct str){ piece, n }, err);
        free(piece);
    }
    *ret_complete = protocol_reply_complete(reply);
    int ended = protocol_reply_end(reply, &arena, said, err);
    protocol_reply_free(reply);
    return rc < 0 ? rc : ended;
}

/* --- reading */

#define CALLS(calls) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" calls "]}"
#define CALL(id, name, args)                                                                       \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name                      \
    "\",\"arguments\":\"" args "\"}}"
#define SAID(text) "{\"role\":\"assistant\",\"content\":\"" text "\"}"

static const struct recorded {
    const char *name, *chat, *id, *model, *finish;
    struct protocol_usage usage;
} recorded[] = {
    { "text.json",
        SAID("Today, the weather in Seattle is 50 degrees and raining, while in San Francisco, "
             "it's 70 degrees and sunny."),
        "chatcmpl-ASYMVzdmBGDbUoHFmt6R16tdtZUzR", "gpt-4o-mini-2024-07-18", "stop", { 99, 25 } },
    { "calls.json",
        CALLS(CALL("call_JpNb8OiAkbIbHzDggfpdDHpi", "get_current_weather",
            "{\\\"location\\\": \\\"Seattle, WA\\\"}") "," CALL("call_vaFQc3zK6hHTRZKXRI5Eo2cJ",
            "get_current_weather", "{\\\"location\\\": \\\"San Francisco, CA\\\"}")),
        "chatcmpl-ASYMU9Ntix7ePttk0MSuerJstef6U", "gpt-4o-mini-2024-07-18", "tool_calls",
        { 75, 51 } },
    { "stream_text_usage.sse", SAID("The capital of the UK is London."), NULL,
        "gpt-4o-mini-2024-07-18", "stop", { 78, 9 } },
    { "stream_call_usage.sse",
        CALLS(CALL("call_ZR5UUuTt3pf61kjwAJIYdVMj", "get_capital", "{\\\"country\\\":\\\"UK\\\"}")),
        NULL, "gpt-4o-mini-2024-07-18", "tool_calls", { 53, 15 } },
    { "stream_calls_parallel.sse",
        CALLS(CALL("call_fHCjJqt9Pysde6vcJcvbXGBx", "get_current_weather",
            "{\\\"location\\\": \\\"Seattle, WA\\\"}") "," CALL("call_3J9foSw3CUb48lrqIXoTky6U",
            "get_current_weather", "{\\\"location\\\": \\\"San Francisco, CA\\\"}")),
        NULL, "gpt-4o-mini-2024-07-18", "tool_calls", { 75, 51 } },
    { "stream_fallback.sse",
        "{\"role\":\"assistant\",\"content\":\"Reading it.\",\"tool_calls\":[" CALL(
            "toolu_sanitized", "read_file", "{\\\"path\\\": \\\"a.txt\\\"}") "]}",
        "msg_sanitized", "claude-haiku-4-5-20251001", "tool_calls", { 0, 0 } },
    { "stream_groq.sse", CALLS(CALL("tk85n1k4m", "weather", "{}")), NULL, "llama-3.3-70b-versatile",
        "tool_calls", { 210, 15 } },
    { "stream_mistral.sse",
        CALLS(CALL("chatcmpl-tool-9f149c74c42f265b", "webSearchTool",
            "{\\\"query\\\": \\\"current Berlin weather\\\"}")),
        NULL, "zai-glm-5-2", "tool_calls", { 171, 14 } },
    { "stream_alibaba.sse",
        CALLS(CALL("call_eee11723464a4b9eb8cee71d", "weather",
            "{\\\"location\\\": \\\"San Francisco\\\"}")),
        NULL, "qwen3-max", "tool_calls", { 295, 22 } },
    { "stream_deepseek.sse",
        CALLS(CALL("call_00_ioIn7yN9p1ZOMNpDLwd4MgAF", "weather",
            "{\\\"location\\\": \\\"San Francisco\\\"}")),
        NULL, "deepseek-reasoner", "tool_calls", { 339, 83 } },
};

static void check_said(const struct recorded *row, const struct protocol_said *said)
{
    char *chat = arena_string(&arena, said->chat.at, said->chat.size);
    if (strcmp(chat, row->chat) != 0)
        fail_msg("%s:\ngot  %s\nwant %s", row->name, chat, row->chat);
    assert_true(!row->id || str_equal(said->id, str_of(row->id)));
    assert_true(said->id.size > 0);
    assert_true(str_equal(said->model, str_of(row->model)));
    assert_true(str_equal(said->finish, str_of(row->finish)));
    assert_int_equal(said->usage.input, row->usage.input);
    assert_int_equal(said->usage.output, row->usage.output);
}

static void recorded_replies_say_the_same_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(recorded); i++) {
        struct str bytes = sample(recorded[i].name);
        size_t steps[] = { 1, 2, 3, 7, 64, 1000, bytes.size };
        for (size_t k = 0; k < COUNT_OF(steps); k++) {
            struct protocol_said said;
            struct err err = { 0 };
            bool complete;
            int rc =
                read_reply(&said, &complete, is_stream(recorded[i].name), bytes, steps[k], &err);
            if (rc < 0)
                fail_msg("%s: %s", recorded[i].name, err.text);
            check_said(&recorded[i], &said);
            assert_true(str_equal(said.raw, bytes));
            assert_true(complete || !is_stream(recorded[i].name));
        }
    }
}

/* A stream that ends anywhere before its last word was said is no reply. */
static void a_cut_stream_is_no_reply(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(recorded); i++) {
        struct str bytes = sample(recorded[i].name);
        const char *word = is_stream(recorded[i].name) ? "\"finish_reason\":\"" : "\n}";
        const char *last = memmem(bytes.at, bytes.size, word, strlen(word));
        for (size_t size = 0; size <= (size_t)(last - bytes.at); size += 11) {
            struct protocol_said said;
            bool complete;
            struct str cut = { bytes.at, size };
            int rc = read_reply(&said, &complete, is_stream(recorded[i].name), cut, 64, NULL);
            if (rc != -ERR_INPUT)
                fail_msg("%s cut at %zu: %d", recorded[i].name, size, rc);
            assert_false(complete);
        }
    }
}

#define CHUNK(delta) "data: {\"choices\":[{\"index\":0,\"delta\":" delta "}]}\n\n"
#define END "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define DONE "data: [DONE]\n\n"
#define JSON(message) "{\"choices\":[{\"message\":" message "}]}"

static const struct row {
    const char *name;
    bool stream;
    const char *bytes, *chat; /* NULL: refused with code */
    int code, error_class;
} rows[] = {
    { "no [DONE] behind a finish_reason", true, CHUNK("{\"content\":\"a\"}") END, SAID("a") },
    { "[DONE] without a finish_reason", true, CHUNK("{\"content\":\"a\"}") DONE, SAID("a") },
    { "nothing said", true, END DONE, SAID("") },
    { "comments and blank events", true, ": hello\n\ndata:\n\n" END DONE, SAID("") },
    { "what comes behind [DONE] is not read", true, END DONE CHUNK("{\"content\":\"a\"}"),
        SAID("") },
    { "a surrogate pair cut in two", true,
        CHUNK("{\"content\":\"\\ud83d\"}") CHUNK("{\"content\":\"\\ude00\"}") END,
        SAID("\\ud83d\\ude00") },
    { "escapes stay as they came", true, CHUNK("{\"content\":\"\\u0000\\/\"}") END,
        SAID("\\u0000\\/") },
    { "thoughts are no text", true,
        CHUNK("{\"reasoning_content\":\"t\",\"content\":null}") CHUNK("{\"content\":\"a\"}") END,
        SAID("a") },
    { "a refusal is said", true, CHUNK("{\"content\":null,\"refusal\":\"no\"}") END, SAID("no") },
    { "the second choice is not read", true,
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\n" END, SAID("") },
    { "no choices", true, "data: {\"choices\":[]}\n\n" END, SAID("") },
    { "two calls of one index are told apart by their ids", true,
        CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
              "\"arguments\":\"{}\"}}]}")
            CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\","
                  "\"arguments\":\"{\"}}]}")
                CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}") END,
        CALLS(CALL("a", "f", "{}") "," CALL("b", "g", "{}")) },
    { "calls without an index", true,
        CHUNK("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
              "{\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}") END,
        CALLS(CALL("a", "f", "{}") "," CALL("b", "f", "{}")) },
    { "fragments that take turns", true,
        CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"a\"},{\"index\":1,\"id\":\"b\"}]}")
            CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1\"}},{\"index\":1,"
                  "\"function\":{\"arguments\":\"2\"}}]}")
                CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"3\"}}]}") END,
        CALLS(CALL("a", "", "13") "," CALL("b", "", "2")) },
    { "an id that every fragment repeats", true,
        CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]}")
            CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
                  "\"arguments\":\"{}\"}}]}") END,
        CALLS(CALL("a", "f", "{}")) },
    { "an error in the stream", true,
        CHUNK("{\"content\":\"a\"}") "data: {\"error\":{\"message\":\"Overloaded\",\"type\":"
                                     "\"overloaded_error\"}}\n\n" DONE,
        NULL, ERR_PEER, PROTOCOL_OVERLOADED },
    { "an error with a status as its code", true, "data: {\"error\":{\"code\":429}}\n\n", NULL,
        ERR_PEER, PROTOCOL_RATE_LIMIT },
    { "an event that is no JSON", true, "data: {\"choices\":\n\n" END DONE, NULL, ERR_INPUT },
    { "an event that is no object", true, "data: 1\n\n" END DONE, NULL, ERR_INPUT },
    { "a page in place of a stream", true, "<html>\n\n", NULL, ERR_INPUT },

    { "blanks before the reply", false, " \n\n" JSON("{\"content\":\"a\"}") "\n", SAID("a") },
    { "parts of content", false,
        JSON("{\"content\":[{\"type\":\"thinking\",\"thinking\":[]},{\"type\":\"text\",\"text\":"
             "\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}"),
        SAID("ab") },
    { "a refusal in place of content", false, JSON("{\"content\":null,\"refusal\":\"no\"}"),
        SAID("no") },
    { "arguments that are an object", false,
        JSON("{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1.0}}}]}"),
        CALLS(CALL("", "f", "{\\\"a\\\":1.0}")) },
    { "calls that all say index 0", false,
        JSON("{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\"}},{\"index\":0,"
             "\"function\":"
             "{\"name\":\"g\"}}]}"),
        CALLS(CALL("", "f", "") "," CALL("", "g", "")) },
    { "members in odd kinds are not there", false,
        JSON("{\"content\":{\"a\":1},\"tool_calls\":{\"a\":1},\"refusal\":7}"), SAID("") },
    { "an error with status 200", false, "{\"error\":{\"code\":\"context_length_exceeded\"}}", NULL,
        ERR_PEER, PROTOCOL_TOO_LONG },
    { "no choices in it", false, "{\"choices\":[]}", NULL, ERR_INPUT },
    { "no message in it", false, "{\"choices\":[{\"message\":null}]}", NULL, ERR_INPUT },
    { "no object", false, "[]", NULL, ERR_INPUT },
    { "nothing", false, "", NULL, ERR_INPUT },
    { "cut off", false, "{\"choices\":[{\"mess", NULL, ERR_INPUT },
};

static void replies_of_many_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct protocol_said said;
        struct err err = { 0 };
        bool complete;
        int rc = read_reply(&said, &complete, rows[i].stream, str_of(rows[i].bytes), 5, &err);
        if (rc != -rows[i].code || said.error_class != rows[i].error_class)
            fail_msg("%s: %d, class %d: %s", rows[i].name, rc, said.error_class, err.text);
        if (rows[i].chat && !str_equal(said.chat, str_of(rows[i].chat)))
            fail_msg("%s: %.*s", rows[i].name, (int)said.chat.size, said.chat.at);
    }
}

static void refuses_too_many_calls(void **state)
{
    (void)state;
    for (int stream = 0; stream < 2; stream++) {
        struct buf bytes = { 0 };
        struct protocol_said said;
        bool complete;
        buf_text(
            &bytes, stream ? "data: {\"choices\":[{\"delta\":" : "{\"choices\":[{\"message\":");
        buf_text(&bytes, "{\"tool_calls\":[");
        for (int i = 0; i < 2000; i++)
            buf_format(&bytes, "%s{\"index\":%d,\"id\":\"%d\"}", i ? "," : "", i, i);
        buf_text(&bytes, "]},\"finish_reason\":\"x\"}]}\n\n");
        int rc = read_reply(&said, &complete, stream, buf_view(&bytes), 4096, NULL);
        assert_int_equal(rc, -ERR_LIMIT);
        buf_done(&bytes);
    }
}

static void refuses_more_bytes_than_a_reply_may_have(void **state)
{
    (void)state;
    for (int stream = 0; stream < 2; stream++) {
        struct protocol_reply *reply = protocol_reply_new(PROTOCOL_CHAT, stream);
        struct protocol_said said;
        struct err err = { 0 };
        enum { PIECE = 1 << 20 };
        char *comment = mem_alloc(PIECE);
        memset(comment, ':', PIECE);
        comment[PIECE - 1] = '\n';
        for (int i = 0; i < PROTOCOL_BODY_MAX / PIECE; i++)
            assert_int_equal(protocol_reply_feed(reply, (struct str){ comment, PIECE }, &err), 0);
        assert_int_equal(protocol_reply_feed(reply, STR("{"), &err), -ERR_LIMIT);
        assert_int_equal(protocol_reply_feed(reply, STR("{}"), &err), -ERR_LIMIT);
        assert_int_equal(protocol_reply_end(reply, &arena, &said, &err), -ERR_LIMIT);
        protocol_reply_free(reply);
        free(comment);
    }
}

/* --- writing */

static const struct protocol_call made_calls[] = {
    { { "call_1", 6 }, { "f", 1 }, { "{\"a\":\"\n\"}", 9 } },
    { { "call_2", 6 }, { "g", 1 }, { "no JSON", 7 } },
};
static const struct said_row {
    const char *name, *text;
    uint32_t calls;
    const char *chat, *finish;
} says[] = {
    { "text", "new \"text\" \xc3\xa9", 0, SAID("new \\\"text\\\" \xc3\xa9"), "stop" },
    { "calls", "", 2,
        CALLS(CALL("call_1", "f", "{\\\"a\\\":\\\"\\n\\\"}") "," CALL("call_2", "g", "no JSON")),
        "tool_calls" },
    { "both", "a", 1,
        "{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[" CALL(
            "call_1", "f", "{\\\"a\\\":\\\"\\n\\\"}") "]}",
        "tool_calls" },
    { "nothing", "", 0, SAID(""), "stop" },
};

static uint32_t count(struct str in, const char *word)
{
    uint32_t found = 0;
    for (const char *p = in.at, *end = in.at + in.size;
         (p = memmem(p, (size_t)(end - p), word, strlen(word))); p++)
        found++;
    return found;
}

static void check_answer(const struct recorded *row, const struct said_row *say, bool stream)
{
    struct buf out = { 0 };
    struct err err = { 0 };
    struct protocol_said said;
    bool complete;
    struct protocol_answer answer = {
        .protocol = PROTOCOL_CHAT,
        .stream = stream,
        .model = STR("asked"),
        .id = STR("made"),
        .text = str_of(say->text),
        .calls = made_calls,
        .calls_count = say->calls,
        .from_protocol = PROTOCOL_CHAT,
        .from_stream = row && is_stream(row->name),
        .from = row ? sample(row->name) : (struct str){ 0 },
        .at_s = 7,
    };
    const char *name = row ? row->name : "made";
    if (protocol_answer_write(&out, &answer, &err) < 0)
        fail_msg("%s, %s: %s", name, say->name, err.text);
    if (read_reply(&said, &complete, stream, buf_view(&out), 100, &err) < 0)
        fail_msg("%s, %s: %s\n%s", name, say->name, err.text, out.at);
    if (!str_equal(said.chat, str_of(say->chat)))
        fail_msg("%s, %s, stream %d:\n%s", name, say->name, stream, out.at);
    assert_true(str_equal(said.finish, str_of(say->finish)));
    assert_true(str_equal(said.model, str_of(row ? row->model : "asked")));
    if (stream) {
        assert_int_equal(count(buf_view(&out), "[DONE]"), 1);
        assert_int_equal(count(buf_view(&out), "\"finish_reason\":\""), 1);
        assert_int_equal(count(buf_view(&out), "\"role\":"), 1);
        assert_true(complete);
    }
    if (row && is_stream(row->name) == stream) {
        assert_int_equal(said.usage.input, row->usage.input);
        assert_int_equal(said.usage.output, row->usage.output);
    }
    buf_done(&out);
}

static void answers_say_what_they_are_told(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT_OF(says); k++)
        for (int stream = 0; stream < 2; stream++) {
            check_answer(NULL, &says[k], stream);
            for (size_t i = 0; i < COUNT_OF(recorded); i++)
                check_answer(&recorded[i], &says[k], stream);
        }
}

/* Writes an answer that says `text` and calls, and compares it with what is expected. */
static void check_bytes(const char *what, const char *from, bool stream, const char *text,
    const struct protocol_call *calls, uint32_t calls_count, const char *want)
{
    struct buf out = { 0 };
    struct err err = { 0 };
    struct protocol_answer answer = {
        .protocol = PROTOCOL_CHAT,
        .stream = stream,
        .text = str_of(text),
        .calls = calls,
        .calls_count = calls_count,
        .from_protocol = PROTOCOL_CHAT,
        .from_stream = stream,
        .from = str_of(from),
    };
    if (protocol_answer_write(&out, &answer, &err) < 0)
        fail_msg("%s: %s", what, err.text);
    if (strcmp(out.at, want) != 0)
        fail_msg("%s:\ngot  %s\nwant %s", what, out.at, want);
    buf_done(&out);
}

static void what_is_said_again_is_the_same_bytes(void **state)
{
    (void)state;
    const struct protocol_call calls[] = {
        { STR("call_JpNb8OiAkbIbHzDggfpdDHpi"), STR("get_current_weather"),
            STR("{\"location\": \"Seattle, WA\"}") },
        { STR("call_vaFQc3zK6hHTRZKXRI5Eo2cJ"), STR("get_current_weather"),
            STR("{\"location\": \"San Francisco, CA\"}") },
    };
    struct str text = sample("text.json"), two = sample("calls.json");
    check_bytes("text", arena_string(&arena, text.at, text.size), false,
        "Today, the weather in Seattle is 50 degrees and raining, while in San Francisco, it's 70 "
        "degrees and sunny.",
        NULL, 0, arena_string(&arena, text.at, text.size));
    check_bytes("calls", arena_string(&arena, two.at, two.size), false, "", calls, 2,
        arena_string(&arena, two.at, two.size));
}

static void all_else_stays_as_it_was(void **state)
{
    (void)state;
    check_bytes("members and other choices of a reply",
        " {\"x\":1.0,\"choices\": [ {\"index\":1,\"message\":{\"content\":\"b\"}}, "
        "{\"message\":{\"content\":\"a\",\"reasoning_content\":\"r\",\"tool_calls\":null},"
        "\"finish_reason\":\"stop\",\"logprobs\":{\"a\":1.0}} "
        "],\"usage\":{\"z\":12345678901234567890}}",
        false, "new", NULL, 0,
        "{\"x\":1.0,\"choices\": [ {\"index\":1,\"message\":{\"content\":\"b\"}}, "
        "{\"message\":{\"content\":\"new\",\"reasoning_content\":\"r\",\"role\":\"assistant\"},"
        "\"finish_reason\":\"stop\",\"logprobs\":{\"a\":1.0}} "
        "],\"usage\":{\"z\":12345678901234567890}}");
    check_bytes("a cut reply stays a cut one",
        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"a\"},\"finish_reason\":"
        "\"length\"}]}",
        false, "new", NULL, 0,
        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"new\"},\"finish_reason\":"
        "\"length\"}]}");
    check_bytes("a refusal that is said no more",
        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"},"
        "\"finish_reason\":\"stop\"}]}",
        false, "yes", NULL, 0,
        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"yes\",\"refusal\":null},"
        "\"finish_reason\":\"stop\"}]}");
    check_bytes("events that say nothing pass as they are, thoughts too",
        ": hi\r\n\r\ndata: { \"n\":1.0, "
        "\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":"
        "\"\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"r\"}}]}\n\n"
        "data: {\"n\":1.0,\"choices\":[{\"delta\":{\"reasoning_content\":\"q\",\"content\":\"a\"},"
        "\"logprobs\":{}}],\"obfuscation\":\"o\"}\n\n" CHUNK(
            "{\"content\":\"b\"}") "data: "
                                   "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
                                   "\"usage\":{\"a\":1.0}}\n\n"
                                   ": bye\ndata: {\"choices\":[],\"usage\":{\"a\": 1.0}}\n\nid: "
                                   "7\n" DONE,
        true, "new", NULL, 0,
        ": hi\r\n\r\ndata: { \"n\":1.0, "
        "\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":"
        "\"\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"r\"}}]}\n\n"
        "data: {\"n\":1.0,\"choices\":[{\"delta\":{\"reasoning_content\":\"q\"},"
        "\"logprobs\":null,\"finish_reason\":null}]}\n\n"
        "data: {\"n\":1.0,\"choices\":[{\"delta\":{\"content\":\"new\"},"
        "\"logprobs\":null,\"finish_reason\":null}]}\n\n"
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"a\":1.0}}\n\n"
        ": bye\ndata: {\"choices\":[],\"usage\":{\"a\": 1.0}}\n\nid: 7\n" DONE);
}

static void an_answer_ends_even_if_the_reply_forgot_to(void **state)
{
    (void)state;
    check_bytes("no [DONE]", CHUNK("{\"role\":\"assistant\"}") END, true, "a", NULL, 0,
        CHUNK("{\"role\":\"assistant\"}") "data: "
                                          "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_"
                                          "reason\":null}]}\n\n" END DONE);
    check_bytes("[DONE] alone", CHUNK("{\"content\":\"a\"}") DONE, true, "", NULL, 0,
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
        "\"finish_reason\":null}]}\n\n"
        "data: {\"id\":\"\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"\","
        "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}"
        "\n\n" DONE);
}

static void no_answer_from_what_is_no_reply(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct protocol_answer answer = {
        .protocol = PROTOCOL_CHAT,
        .from_protocol = PROTOCOL_CHAT,
        .from = STR("{\"choices\":[]}"),
    };
    assert_int_equal(protocol_answer_write(&out, &answer, NULL), -ERR_INPUT);
    answer.from_stream = true;
    answer.from = STR(CHUNK("{\"content\":\"a\"}"));
    assert_int_equal(protocol_answer_write(&out, &answer, NULL), -ERR_INPUT);
    assert_int_equal(out.size, 0);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_replies_say_the_same_in_any_pieces),
        cmocka_unit_test(a_cut_stream_is_no_reply),
        cmocka_unit_test(replies_of_many_servers),
        cmocka_unit_test(refuses_too_many_calls),
        cmocka_unit_test(refuses_more_bytes_than_a_reply_may_have),
        cmocka_unit_test(answers_say_what_they_are_told),
        cmocka_unit_test(what_is_said_again_is_the_same_bytes),
        cmocka_unit_test(all_else_stays_as_it_was),
        cmocka_unit_test(an_answer_ends_even_if_the_reply_forgot_to),
        cmocka_unit_test(no_answer_from_what_is_no_reply),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
