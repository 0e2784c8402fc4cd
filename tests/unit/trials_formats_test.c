/* trials_formats_test - foreign formats: what becomes of each shape, what is refused, what is
 * counted as not mapped, and that a log of requests becomes conversations. */
#include "import_said.h"

#include <sys/resource.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
#define REPLY "{\"role\":\"assistant\",\"content\":\"yes\"}"
#define CALLS                                                                                      \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"             \
    "\"function\","                                                                                \
    "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}"
#define RESULT "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"1\"}"
#define ASK(messages, reply)                                                                       \
    "{\"request\":{\"messages\":[" messages "]},\"response\":{\"choices\":[{\"message\":" reply    \
    "}]}}\n"
#define ATIF(steps)                                                                                \
    "{\"schema_version\":\"ATIF-v1.4\",\"agent\":{\"name\":\"a\"},\"steps\":[" steps "]}"
#define OWN(messages)                                                                              \
    "{\"moult\":\"session\",\"version\":1,\"format\":\"x\",\"origin\":\"o\",\"group\":\"g\","      \
    "\"offered\":true,\"meta\":{\"format\":\"x\"},\"tools\":null,\"messages\":[" messages "]}\n"

#define SAYS(key, text) "\"" key "\":\"" text "\""
#define CHAT SAYS("gen_ai.operation.name", "chat")
#define TOOL SAYS("gen_ai.operation.name", "execute_tool")
#define INPUT "\"gen_ai.input.messages\":[" USER "]"
#define OUTPUT                                                                                     \
    "\"gen_ai.output.messages\":[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\","           \
    "\"content\":\"yes\"}]}]"
#define ASKS "\"gen_ai.output\":\"[{\\\"tool.name\\\":\\\"f\\\",\\\"tool.args\\\":{}}]\""
#define SPAN(start, operation, more)                                                               \
    "{\"spans\":[{\"traceId\":\"a\",\"startTimeUnixNano\":\"" start                                \
    "\",\"attributes\":{" operation "," more "}}]}\n"

static const struct row {
    const char *name, *format, *text, *want;
} rows[] = {
    { "a request and its reply", "openai", ASK(USER, REPLY), "task: u=hi a=yes;" },
    { "as the batch interface has it", "openai",
        "{\"request\":{\"body\":{\"messages\":[" USER "]}},\"response\":{\"status_code\":200,"
        "\"body\":{\"choices\":[{\"message\":" REPLY "}]}}}",
        "task: u=hi a=yes;" },
    { "messages alone", "openai", "{\"messages\":[" USER "," REPLY "]}", "task: u=hi a=yes;" },
    { "requests that go on with it", "openai",
        ASK(USER, CALLS) ASK(USER "," CALLS "," RESULT, REPLY),
        "task: u=hi a>c:f({}) t<c=1 a=yes;" },
    { "two talks between each other", "openai",
        ASK(USER, CALLS) ASK("{\"role\":\"user\",\"content\":\"b\"}", REPLY)
            ASK(USER "," CALLS "," RESULT, REPLY),
        "task: u=hi a>c:f({}) t<c=1 a=yes;task: u=b a=yes;" },
    { "the same request twice is two talks", "openai", ASK(USER, REPLY) ASK(USER, CALLS),
        "task: u=hi a=yes;task: u=hi a>c:f({});" },
    { "a failed request and its repeat", "openai",
        "{\"request\":{\"messages\":[" USER "]},\"response\":{\"status_code\":529,\"body\":"
        "{\"error\":{\"type\":\"overloaded\"}}}}\n" ASK(USER, REPLY),
        "task: u=hi e529 a=yes;" },
    { "a failed request without a status", "openai",
        "{\"request\":{\"messages\":[" USER "]},\"error\":\"connection reset\"}",
        "task: u=hi e0;" },
    { "another system text is another talk", "openai",
        ASK(USER, REPLY)
            ASK("{\"role\":\"system\",\"content\":\"s\"}," USER "," REPLY "," USER, REPLY),
        "task: u=hi a=yes;task: s=s u=hi a=yes u=hi a=yes;" },
    { "a user is the group", "openai", "{\"messages\":[" USER "],\"user\":\"u1\"}", "u1: u=hi;" },
    { "tools", "openai",
        "{\"messages\":[" USER "],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
        "\"parameters\":{\"type\":\"object\"}}}]}",
        "task: u=hi +tools;" },
    { "tools that are none", "openai", "{\"messages\":[" USER "],\"tools\":[7]}",
        "~list of tools;task: u=hi;" },
    { "a picture", "openai",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"},{\"type\":"
        "\"text\","
        "\"text\":\"hi\"}]}]}",
        "~part image_url;task: u=hi;" },
    { "a second choice", "openai",
        "{\"messages\":[" USER "],\"response\":{\"choices\":[{\"message\":" REPLY "},{}]}}",
        "~choice beyond the first;task: u=hi a=yes;" },
    { "functions of old", "openai",
        "{\"messages\":[" USER ",{\"role\":\"assistant\",\"function_call\":{\"name\":\"f\","
        "\"arguments\":\"{}\"}},{\"role\":\"function\",\"name\":\"f\",\"content\":\"1\"}]}",
        "task: u=hi a>call_1:f({}) t<call_1=1;" },
    { "a broken line takes no other along", "openai",
        "{\"messages\":7}\nno\n{\"messages\":[]}\n{\"messages\":[{\"role\":\"x\"}]}\n" ASK(
            USER, REPLY),
        "-1 neither `messages` nor a;-2 read the line: JSON: not;-3 a request without messag;"
        "-4 message 0 has no known r;task: u=hi a=yes;" },

    { "a trajectory", "atif",
        ATIF("{\"source\":\"system\",\"message\":\"s\"},{\"source\":\"user\",\"message\":\"hi\"},"
             "{\"source\":\"agent\",\"message\":\"m\",\"tool_calls\":[{\"tool_call_id\":\"c\","
             "\"function_name\":\"f\",\"arguments\":{\"a\": 1}}],\"observation\":{\"results\":["
             "{\"source_call_id\":\"c\",\"content\":\"1\"}]}}"),
        "task: s=s u=hi a=m>c:f({\"a\": 1}) t<c=1;" },
    { "an observation of the one call", "atif",
        ATIF("{\"source\":\"agent\",\"message\":\"\",\"tool_calls\":[{\"tool_call_id\":\"c\","
             "\"function_name\":\"f\",\"arguments\":{}}],\"observation\":{\"results\":["
             "{\"content\":\"1\"}]}}"),
        "no task: a>c:f({}) t<c=1;" },
    { "what has no place", "atif",
        ATIF("{\"source\":\"agent\",\"message\":\"m\",\"reasoning_content\":\"r\",\"metrics\":{},"
             "\"observation\":{\"results\":[{\"content\":\"1\"}]}}"),
        "~reasoning_content;~metrics;~observation without a call;no task: a=m;" },
    { "arguments that are no object", "atif",
        ATIF("{\"source\":\"agent\",\"message\":\"\",\"tool_calls\":[{\"tool_call_id\":\"c\","
             "\"function_name\":\"f\",\"arguments\":{}}],\"extra\":{\"arguments\":{\"c\":\"{'a'\"}}"
             "}"),
        "no task: a>c:f({'a');" },
    { "an error", "atif",
        ATIF("{\"source\":\"agent\",\"message\":\"\",\"extra\":{\"error\":{\"role\":\"error\","
             "\"class\":\"rate_limit\",\"status\":429}}}"),
        "no task: e429;" },
    { "another version", "atif", "{\"schema_version\":\"ATIF-v2.0\",\"steps\":[]}",
        "-1 no trajectory of ATIF v1;" },
    { "an unknown source", "atif", ATIF("{\"step_id\":4,\"source\":\"x\"}"),
        "-1 step 4: a step whose sou;" },
    { "a trajectory without steps", "atif", ATIF(""), "-1 a trajectory without ste;" },

    { "a span of a model", "otlp", SPAN("1", CHAT, INPUT "," OUTPUT), "task: u=hi a=yes;" },
    { "spans in the order of their beginnings", "otlp",
        SPAN("20", CHAT, SAYS("gen_ai.output", "done"))
            SPAN("12", TOOL, SAYS("gen_ai.tool.name", "f") "," SAYS("gen_ai.output", "1"))
                SPAN("9", CHAT, INPUT "," ASKS),
        "task: u=hi a>call_1:f({}) t<call_1=1 a=done;" },
    { "a tool that nobody asked for", "otlp",
        SPAN("1", CHAT, INPUT "," OUTPUT) SPAN("2", TOOL, SAYS("gen_ai.output", "1")),
        "~tool without call or result;task: u=hi a=yes;" },
    { "a model that failed", "otlp",
        "{\"spans\":[{\"traceId\":\"a\",\"startTimeUnixNano\":1,\"status\":{\"code\":2},"
        "\"attributes\":{" CHAT "," INPUT "," SAYS("error.type", "503") "}}]}\n",
        "task: u=hi e503;" },
    { "other spans", "otlp", SPAN("1", SAYS("gen_ai.operation.name", "embeddings"), INPUT),
        "~span embeddings;" },
    { "a span of no trace", "otlp", "{\"spans\":[{\"attributes\":{}}]}",
        "-1 a span without its trace;" },
    { "no spans", "otlp", "{\"a\":1}", "-1 neither `resourceSpans` ;" },
    { "messages that are none", "otlp", SPAN("1", CHAT, SAYS("gen_ai.input.messages", "[7]")),
        "-ce a message 0 has no known r;" },

    { "a whole session", "moult", OWN("{\"message\":" USER "},{\"message\":" REPLY "}"),
        "g: u=hi a=yes;" },
    { "one of another version", "moult",
        "{\"moult\":\"session\",\"version\":2,\"format\":\"x\",\"messages\":[]}",
        "-1 version is not 1;" },
    { "one with a message that is none", "moult",
        OWN("{\"message\":7}") OWN("{\"message\":" USER "}"),
        "-1 message 0 is no object;g: u=hi;" },
    { "entries", "moult",
        "{\"session\":\"abc\",\"kind\":\"message\",\"data\":{\"message\":" USER "}}\n"
        "{\"session\":\"abc\",\"kind\":\"effect\",\"data\":{}}\n"
        "{\"session\":\"abc\",\"kind\":\"message\",\"data\":{\"message\":" REPLY "}}\n"
        "{\"session\":\"abd\",\"kind\":\"message\",\"data\":{\"message\":" USER "}}\n",
        "~entry effect;session abc: u=hi a=yes;session abd: u=hi;" },
    { "neither", "moult", "{\"a\":1}", "-1 neither a session nor an;" },
};

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct seen seen = { 0 };
        assert_int_equal(read_file(rows[i].format, put("a.jsonl", str_of(rows[i].text)), &seen), 0);
        if (!seen.out.at || strcmp(seen.out.at, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].name, seen.out.at ? seen.out.at : "nothing");
        buf_done(&seen.out);
    }
}

static void each_format_has_a_reader(void **state)
{
    (void)state;
    struct seen seen = { 0 };
    for (const struct import_format *format = import_formats; format->name; format++) {
        assert_ptr_equal(import_format_find(format->name), format);
        assert_true(read_file(format->name, "/no/such/file", &seen) < 0);
    }
    assert_null(import_format_find("tau"));
    assert_int_equal(seen.sessions, 0);
}

/* So many conversations at once, each with so many requests: all are whole, none twice. The bound
 * on open ones sends the oldest on, which then begins again: said here as it is. */
static void many_talks_stay_apart(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    for (int step = 0; step < 20; step++)
        for (int talk = 0; talk < 60; talk++) {
            buf_text(&text, "{\"request\":{\"messages\":[");
            for (int i = 0; i <= step; i++)
                buf_format(&text, "%s{\"role\":\"user\",\"content\":\"%d of %d\"}%s", i ? "," : "",
                    i, talk, i < step ? "," REPLY : "");
            buf_text(&text, "]},\"response\":{\"choices\":[{\"message\":" REPLY "}]}}\n");
        }
    struct seen seen = { 0 };
    assert_int_equal(read_file("openai", put("many.jsonl", buf_view(&text)), &seen), 0);
    assert_int_equal(seen.sessions, 60);
    buf_done(&seen.out);
}

/* Many short conversations: memory stays where it was. */
static void memory_is_bounded(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    for (int i = 0; i < 60000; i++)
        buf_format(&text, "{\"messages\":[{\"role\":\"user\",\"content\":\"%0200d\"}]}\n", i);
    const char *path = put("long.jsonl", buf_view(&text));
    struct rusage before, after;
    struct seen seen = { .out = { .max = 1 } };
    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(read_file("openai", path, &seen), 0);
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(seen.sessions, 60000);
    buf_done(&seen.out);
#if !defined(__SANITIZE_ADDRESS__) && !SANITIZED
    assert_true(after.ru_maxrss - before.ru_maxrss < 8192);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(each_format_has_a_reader),
        cmocka_unit_test(many_talks_stay_apart),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
