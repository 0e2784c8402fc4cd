/* trials_agents_test - session logs of agents: what becomes of each shape, and that a hostile log
 * (cut, looped, doubled, of wrong types, too large) costs no more than itself. */
#include "import_said.h"

/* Claude Code: a line is an entry of a tree. */
#define LINE(id, parent, type, more)                                                               \
    "{\"type\":\"" type "\",\"uuid\":\"" id "\",\"parentUuid\":" parent "," more "}\n"
#define ROOT "null"
#define SAID(text) "\"message\":{\"role\":\"user\",\"content\":\"" text "\"}"
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define USE(id) "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{\"a\": 1}}"
#define BACK(id, text)                                                                             \
    "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":\"" text "\"}"
#define REPLY(id, blocks) "\"message\":{\"id\":\"" id "\",\"content\":[" blocks "]}"
#define BACKS(blocks) "\"message\":{\"role\":\"user\",\"content\":[" blocks "]}"

/* pi: a line is an entry, with or without a tree. */
#define PI(message) "{\"type\":\"message\",\"message\":{" message "}}\n"
#define NODE(id, parent, message)                                                                  \
    "{\"type\":\"message\",\"id\":\"" id "\",\"parentId\":" parent ",\"message\":{" message "}}\n"
#define PI_USER(text) "\"role\":\"user\",\"content\":\"" text "\""
#define PI_REPLY(blocks, stop)                                                                     \
    "\"role\":\"assistant\",\"content\":[" blocks "],\"stopReason\":\"" stop "\""
#define PI_CALL(id) "{\"type\":\"toolCall\",\"id\":\"" id "\",\"name\":\"f\",\"arguments\":{}}"
#define PI_BACK(id, failed)                                                                        \
    "\"role\":\"toolResult\",\"toolCallId\":\"" id                                                 \
    "\",\"content\":[" TEXT("1") "],\"isError\":" failed

/* Codex */
#define CODEX(type, payload) "{\"type\":\"" type "\",\"payload\":{" payload "}}\n"
#define ITEM(payload) CODEX("response_item", payload)
#define EVENT(type, text) CODEX("event_msg", "\"type\":\"" type "\",\"message\":\"" text "\"")
#define SPOKEN(role, text)                                                                         \
    ITEM("\"type\":\"message\",\"role\":\"" role "\",\"content\":[" TEXT(text) "]")
#define CALLED(id)                                                                                 \
    ITEM("\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"{}\",\"call_id\":\"" id "\"")
#define OUTPUT(id, output)                                                                         \
    ITEM("\"type\":\"function_call_output\",\"call_id\":\"" id "\",\"output\":" output)

#define CHAT(messages) "{\"sessionId\":\"s\",\"projectHash\":\"p\",\"messages\":[" messages "]}"
#define STEPS(messages) "{\"history\":[" messages "]}"
#define TASK(events) "{\"instance_id\":\"i\",\"history\":[" events "]}"
#define META(id, reply, calls)                                                                     \
    "\"tool_call_metadata\":{\"tool_call_id\":\"" id "\",\"model_response\":{\"id\":\"" reply      \
    "\",\"choices\":[{\"message\":{\"content\":\"m\",\"tool_calls\":[" calls "]}}]}}"
#define FUNCTION(id) "{\"id\":\"" id "\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"

static const struct row {
    const char *name, *format, *text, *want;
} rows[] = {
    { "a conversation", "claude-code",
        LINE("1", ROOT, "user", "\"cwd\":\"/w\"," SAID("hi"))
            LINE("2", "\"1\"", "assistant", REPLY("m", TEXT("I do") "," USE("c")))
                LINE("3", "\"2\"", "user", BACKS(BACK("c", "1") "," TEXT("go on")))
                    LINE("4", "\"3\"", "assistant", REPLY("n", TEXT("yes"))),
        "project: u=hi a=I do>c:f({\"a\": 1}) t<c=1 u=go on a=yes;" },
    { "a reply in pieces, its results beside the branch", "claude-code",
        LINE("1", ROOT, "user", SAID("hi")) LINE("2", "\"1\"", "assistant", REPLY("m", USE("c")))
            LINE("3", "\"2\"", "user", BACKS(BACK("c", "1"))) LINE("4", "\"2\"", "assistant",
                REPLY("m", USE("d"))) LINE("5", "\"4\"", "user", BACKS(BACK("d", "2")))
                LINE("6", "\"5\"", "assistant", REPLY("n", TEXT("yes"))),
        "file a: u=hi a>c:f({\"a\": 1})>d:f({\"a\": 1}) t<c=1 t<d=2 a=yes;" },
    { "the branch of the last message", "claude-code",
        LINE("1", ROOT, "user", SAID("hi")) LINE("2", "\"1\"", "assistant", REPLY("m", TEXT("old")))
            LINE("3", "\"1\"", "assistant", REPLY("n", TEXT("new"))),
        "~message of another branch;file a: u=hi a=new;" },
    { "a sub-agent in the same file", "claude-code",
        LINE("1", ROOT, "user", SAID("hi"))
            LINE("2", "\"1\"", "user", "\"isSidechain\":true," SAID("aside"))
                LINE("3", "\"1\"", "assistant", REPLY("m", TEXT("yes"))),
        "file a: u=hi a=yes;file a: u=aside;" },
    { "links that are no messages", "claude-code",
        LINE("1", ROOT, "user", SAID("hi")) LINE("2", "\"1\"", "progress", "\"a\":1")
            LINE("3", "\"2\"", "assistant", REPLY("m", TEXT("yes"))) "{\"type\":\"summary\"}\n",
        "~line progress;~line summary;file a: u=hi a=yes;" },
    { "a lost line", "claude-code",
        LINE("1", ROOT, "user", SAID("hi")) "{\"type\":\"user\",\"uu\n" LINE(
            "3", "\"2\"", "assistant", REPLY("m", TEXT("yes"))),
        "-2 read it: JSON: a string ;file a: u=hi a=yes;" },
    { "parents in a circle, and itself", "claude-code",
        LINE("1", "\"2\"", "user", SAID("hi")) LINE("2", "\"1\"", "assistant",
            REPLY("m", TEXT("yes"))) LINE("3", "\"3\"", "user", SAID("me")),
        "file a: u=hi a=yes u=me;" },
    { "a name twice", "claude-code",
        LINE("1", ROOT, "user", SAID("hi")) LINE("1", ROOT, "user", SAID("again")),
        "~entry that was there before;file a: u=hi;" },
    { "what the program wrote in the model's place", "claude-code",
        LINE("1", ROOT, "user", SAID("hi")) LINE("2", "\"1\"", "assistant",
            "\"isApiErrorMessage\":true," REPLY("m", TEXT("API Error: 529 {}")))
            LINE("3", "\"2\"", "user", SAID("go on")) LINE("4", "\"3\"", "assistant",
                "\"message\":{\"model\":\"<synthetic>\",\"content\":[" TEXT("no") "]}"),
        "~synthetic reply;file a: u=hi e529 u=go on;" },
    { "thinking and an error", "claude-code",
        LINE("1", ROOT, "user", SAID("hi")) LINE("2", "\"1\"", "assistant",
            REPLY("m", "{\"type\":\"thinking\",\"thinking\":\"x\"}," USE("c")))
            LINE("3", "\"2\"", "user",
                BACKS("{\"type\":\"tool_result\",\"tool_use_id\":\"c\",\"is_error\":true,"
                      "\"content\":[" TEXT("no") ",{\"type\":\"image\"}]}")),
        "~block thinking;~part image;file a: u=hi a>c:f({\"a\": 1}) t!<c=no;" },
    { "wrong types", "claude-code",
        "7\n{\"type\":7}\n{\"type\":\"user\",\"message\":7}\n"
        "{\"type\":\"user\",\"uuid\":7,\"parentUuid\":{},\"message\":{\"content\":7}}\n"
        "{\"type\":\"assistant\",\"message\":{\"content\":[7,{\"type\":\"tool_use\",\"id\":[]}]}}"
        "\n",
        "-1 a line without a `type`;-2 a line without a `type`;~line user;~block;file a: u;"
        "file a: a>:({});" },

    { "one after the other", "openclaw",
        "{\"type\":\"session\",\"id\":\"s\",\"cwd\":\"/w\"}\n" PI(PI_USER("hi"))
            PI(PI_REPLY(TEXT("I do") "," PI_CALL("c"), "toolUse")) PI(PI_BACK("c", "true"))
                PI(PI_REPLY(TEXT("yes"), "stop")),
        "project: u=hi a=I do>c:f({}) t!<c=1 a=yes;" },
    { "a tree", "openclaw",
        NODE("1", ROOT, PI_USER("hi")) NODE("2", "\"1\"", PI_REPLY(TEXT("old"), "stop"))
            NODE("3", "\"1\"", PI_USER("other")) NODE("4", "\"3\"", PI_REPLY(TEXT("new"), "stop")),
        "~message of another branch;file a: u=hi u=other a=new;" },
    { "aborted and failed replies", "openclaw",
        PI(PI_USER("hi")) PI(PI_REPLY(TEXT("ha") "," PI_CALL("c"), "aborted")) PI(PI_USER("go on"))
            PI(PI_REPLY("", "error") ",\"errorMessage\":\"429 slow down\"") PI(PI_USER("so"))
                PI(PI_REPLY(TEXT("yes"), "stop")),
        "~part of a failed reply text;~call of a failed reply;"
        "file a: u=hi e0x u=go on e429 u=so a=yes;" },
    { "a reply behind a reply", "openclaw",
        PI(PI_USER("hi")) PI(PI_REPLY(TEXT("one"), "stop")) PI(PI_REPLY("", "aborted"))
            PI(PI_REPLY(TEXT("two"), "stop")),
        "~failed request behind a reply;~reply behind a reply;file a: u=hi a=one\ntwo;" },
    { "other lines and roles", "openclaw",
        "{\"type\":\"compaction\",\"summary\":\"x\"}\n" PI("\"role\":\"custom\"") PI(PI_USER("hi")),
        "~line compaction;~message custom;file a: u=hi;" },

    { "items and events", "codex",
        CODEX("session_meta",
            "\"id\":\"s\",\"cwd\":\"/w\",\"base_instructions\":{\"text\":\"be good\"}")
            SPOKEN("developer", "d") SPOKEN("user", "hi") EVENT("user_message", "hi")
                SPOKEN("assistant", "I do") CALLED("c") CALLED("d")
                    OUTPUT("c", "\"Chunk\\nProcess exited with code 0\\nOutput:\\n1\"")
                        OUTPUT("d", "\"Process exited with code 1\\nOutput:\\nno\"")
                            SPOKEN("assistant", "yes") EVENT("task_complete", ""),
        "~event user_message;~event task_complete;project: s=be good s=d u=hi "
        "a=I do>c:f({})>d:f({}) t<c=Chunk\nProcess exited with code 0\nOutput:\n1 "
        "t!<d=Process exited with code 1\nOutput:\nno a=yes;" },
    { "a person whom no item has", "codex", EVENT("user_message", "hi") SPOKEN("assistant", "yes"),
        "file a: u=hi a=yes;" },
    { "exit codes that only the output has", "codex",
        SPOKEN("user", "hi") CALLED("c") OUTPUT("c", "\"Output:\\nExit code: 1\\n\""),
        "file a: u=hi a>c:f({}) t<c=Output:\nExit code: 1\n;" },
    { "outputs of other forms", "codex",
        SPOKEN("user", "hi") CALLED("c") CALLED("d") CALLED("e")
            OUTPUT("c", "\"{\\\"output\\\":\\\"1\\\",\\\"metadata\\\":{\\\"exit_code\\\":2}}\"")
                OUTPUT("d", "{\"content\":\"2\",\"success\":false}") OUTPUT("e", "[" TEXT("3") "]"),
        "file a: u=hi a>c:f({})>d:f({})>e:f({}) t!<c=1 t!<d=2 t<e=3;" },
    { "other tools", "codex",
        SPOKEN("user", "hi")
            ITEM("\"type\":\"custom_tool_call\",\"name\":\"p\",\"input\":\"*\",\"call_id\":\"c\"")
                ITEM("\"type\":\"local_shell_call\",\"action\":{\"x\":1},\"call_id\":\"d\"")
                    ITEM("\"type\":\"web_search_call\""),
        "~item web_search_call;file a: u=hi a>c:p({\"input\":\"*\"})>d:local_shell({\"x\":1});" },
    { "requests that failed", "codex",
        SPOKEN("user", "hi") EVENT("error", "503 down") SPOKEN("user", "go on")
            EVENT("turn_aborted", "") SPOKEN("user", "so") SPOKEN("assistant", "yes")
                EVENT("turn_aborted", ""),
        "~event turn_aborted;file a: u=hi e503 u=go on e0x u=so a=yes;" },
    { "compacted", "codex",
        SPOKEN("user", "hi") SPOKEN("assistant", "yes") CODEX("compacted", "\"message\":\"so far\"")
            SPOKEN("assistant", "on"),
        "file a: u=hi a=yes;file a: u=so far a=on;" },
    { "items without a cover", "codex",
        "{\"id\":\"s\",\"instructions\":\"i\"}\n{\"record_type\":\"state\"}\n"
        "{\"type\":\"message\",\"role\":\"user\",\"content\":[" TEXT("hi") "]}\n",
        "-2 a line without a `type`;file a: s=i u=hi;" },

    { "a chat", "gemini-cli",
        CHAT("{\"type\":\"user\",\"content\":\"hi\"},{\"type\":\"gemini\",\"content\":\"I do\","
             "\"thoughts\":[{}],\"toolCalls\":[{\"id\":\"c\",\"name\":\"f\",\"args\":{},\"status\":"
             "\"error\",\"result\":[{\"functionResponse\":{\"response\":{\"error\":\"no\"}}}]},"
             "{\"id\":\"d\",\"name\":\"f\"}]},{\"type\":\"info\",\"content\":\"x\"}"),
        "~thought;~message info;project: u=hi a=I do>c:f({})>d:f({}) t!<c=no;" },
    { "a chat that failed", "gemini-cli",
        CHAT("{\"type\":\"user\",\"content\":[{\"text\":\"hi\"}]},"
             "{\"type\":\"error\",\"content\":\"[API Error: got status: 429]\"}"),
        "project: u=hi e429;" },
    { "no chat", "gemini-cli", "{\"messages\":[]}\n{\"sessionId\":\"s\",\"messages\":7}\n",
        "-1 no chat: it has `session;-2 no chat: it has `session;" },

    { "a trajectory", "swe-agent",
        STEPS("{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"hi\"},"
              "{\"role\":\"assistant\",\"content\":\"m\",\"tool_calls\":[" FUNCTION(
                  "c") "]},{\"role\":\"tool\",\"content\":[" TEXT("1") "],\"tool_call_ids\":[\"c\"]"
                                                                       "}"),
        "file a: s=s u=hi a=m>c:f({}) t<c=1;" },
    { "a bare list, and another behind it", "swe-agent",
        "{\"role\":\"user\",\"content\":\"hi\"}\n{\"role\":\"assistant\",\"content\":\"```ls```\"}"
        "\n"
        "{\"role\":\"x\"}\n{\"messages\":[{\"role\":\"user\",\"content\":\"b\"}]}\n",
        "~message x;file a: u=hi a=```ls```;file a: u=b;" },
    { "no trajectory", "swe-agent", "{\"history\":{}}\n", "-1 no trajectory: neither `;" },

    { "events", "openhands",
        TASK("{\"action\":\"system\",\"source\":\"agent\",\"args\":{\"content\":\"s\"}},"
             "{\"action\":\"message\",\"source\":\"user\",\"args\":{\"content\":\"hi\"}},"
             "{\"action\":\"run\",\"source\":\"agent\"," META("c", "r",
                 FUNCTION("c") "," FUNCTION(
                     "d")) "},{\"action\":\"run\",\"source\":\"agent\"," META("d", "r",
                 FUNCTION("c") "," FUNCTION(
                     "d")) "},{\"observation\":\"run\",\"content\":\"1\"," META("c", "r",
                 "") "},"
                     "{\"observation\":\"run\",\"content\":\"2\",\"extras\":{\"metadata\":{\"exit_"
                     "code\":2}}," META(
                         "d", "r", "") "},{\"observation\":\"recall\",\"content\":\"x\"}"),
        "~observation recall;task i: s=s u=hi a=m>c:f({})>d:f({}) t<c=1 t!<d=2;" },
    { "actions without a reply", "openhands",
        "{\"id\":1,\"action\":\"message\",\"source\":\"user\",\"args\":{\"content\":\"hi\"}}\n"
        "{\"id\":2,\"action\":\"run\",\"source\":\"agent\",\"args\":{\"command\":\"ls\"}}\n"
        "{\"id\":3,\"observation\":\"run\",\"cause\":2,\"content\":\"1\"}\n"
        "{\"id\":4,\"action\":\"null\",\"source\":\"user\"}\n{\"a\":1}\n",
        "~action null;-5 an event without `action;file a: u=hi "
        "a>action_2:run({\"command\":\"ls\"}) t<action_2=1;" },
    { "pairs of old, and a limit", "openhands",
        "{\"instance_id\":\"i\",\"error\":\"maximum iteration reached\",\"history\":[[{\"id\":2,"
        "\"action\":\"run\",\"source\":\"agent\",\"args\":{}},{\"observation\":\"error\",\"cause\":"
        "2,"
        "\"content\":\"no\"}],7]}",
        "~event;task i: a>action_2:run({}) t!<action_2=no;" },
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

/* Each log, ended at each place: what is whole of it is taken, and can be read back. */
static void a_log_that_was_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str text = str_of(rows[i].text);
        for (size_t size = 1; size < text.size; size += 13) {
            struct seen seen = { 0 };
            struct str cut = { text.at, size };
            assert_int_equal(read_file(rows[i].format, put("a.jsonl", cut), &seen), 0);
            buf_done(&seen.out);
        }
    }
}

static const char *const agents[] = { "claude-code", "codex", "openclaw", "gemini-cli", "swe-agent",
    "openhands" };

static void bytes_that_are_no_log(void **state)
{
    (void)state;
    static char deep[4000];
    memset(deep, '[', sizeof deep - 1);
    const struct str texts[] = { STR("\0\0\n{\"type\":\"user\",\"message\":{\"content\":\"\0\"}}"),
        STR("{\"type\":\"user\",\"message\":{\"content\":\"\xff\xfe\"}}"), STR("\n\n \n"), STR("["),
        STR("{\"history\":[[[[]]]],\"messages\":[[]],\"sessionId\":\"s\"}"),
        { deep, sizeof deep - 1 } };
    for (size_t i = 0; i < COUNT_OF(agents) * COUNT_OF(texts); i++) {
        struct seen seen = { 0 };
        const char *path = put("a.jsonl", texts[i % COUNT_OF(texts)]);
        assert_int_equal(read_file(agents[i / COUNT_OF(texts)], path, &seen), 0);
        assert_true(seen.sessions <= 1);
        buf_done(&seen.out);
    }
}

/* A message over its bound: the session of which it is a part is skipped, and said. */
static void a_session_that_cannot_be_kept(void **state)
{
    (void)state;
    static const char *const heads[] = { LINE("1", ROOT, "user", SAID("hi")), SPOKEN("user", "hi"),
        PI(PI_USER("hi")), "", "{\"role\":\"user\",\"content\":\"hi\"}\n",
        "{\"action\":\"message\",\"source\":\"user\",\"args\":{\"content\":\"hi\"}}\n" };
    static const char *const before[] = {
        "{\"type\":\"user\",\"parentUuid\":\"1\",\"message\":{\"content\":\"",
        "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"text\":\"",
        "{\"type\":\"message\",\"message\":{\"role\":\"user\",\"content\":\"",
        "{\"sessionId\":\"s\",\"messages\":[{\"type\":\"user\",\"content\":\"",
        "{\"role\":\"user\",\"content\":\"",
        "{\"action\":\"message\",\"source\":\"user\",\"args\":{\"content\":\""
    };
    static const char *const behind[] = { "\"}}", "\"}]}", "\"}}", "\"}]}", "\"}", "\"}}" };
    for (size_t i = 0; i < COUNT_OF(agents); i++) {
        CLEANUP(buf_done) struct buf text = { 0 };
        buf_text(&text, heads[i]);
        buf_text(&text, before[i]);
        memset(buf_reserve(&text, WIRE_BYTES_MAX), 'x', WIRE_BYTES_MAX);
        text.size += WIRE_BYTES_MAX;
        buf_text(&text, behind[i]);
        struct seen seen = { 0 };
        assert_int_equal(read_file(agents[i], put("a.jsonl", buf_view(&text)), &seen), 0);
        if (seen.sessions > 0 || !seen.out.at || !strstr(seen.out.at, "is larger than"))
            fail_msg("%s: %.200s", agents[i], seen.out.at ? seen.out.at : "nothing");
        buf_done(&seen.out);
    }
}

/* A reply that goes on for ever, in pieces of a moderate size. */
static void a_reply_without_end(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, SPOKEN("user", "hi"));
    for (int i = 0; i < 10; i++) {
        buf_text(&text, "{\"type\":\"function_call\",\"call_id\":\"c\",\"arguments\":\"");
        memset(buf_reserve(&text, 1 << 20), 'x', 1 << 20);
        text.size += 1 << 20;
        buf_text(&text, "\"}\n");
    }
    struct seen seen = { 0 };
    assert_int_equal(read_file("codex", put("a.jsonl", buf_view(&text)), &seen), 0);
    assert_string_equal(seen.out.at, "-sonl a reply is larger than 8;");
    buf_done(&seen.out);
}

/* More than a run may have, in lines that are small: nothing is kept of it. */
static void a_log_over_the_bound_of_a_run(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf line = { 0 }, text = { 0 };
    buf_text(&line, "{\"type\":\"message\",\"message\":{\"role\":\"user\",\"content\":\"");
    memset(buf_reserve(&line, 1 << 20), 'x', 1 << 20);
    line.size += 1 << 20;
    buf_text(&line, "\"}}\n");
    for (int i = 0; i < 66; i++)
        buf_str(&text, buf_view(&line));
    struct seen seen = { 0 };
    assert_int_equal(read_file("openclaw", put("a.jsonl", buf_view(&text)), &seen), 0);
    assert_string_equal(seen.out.at, "-sonl one run is larger than 6;");
    buf_done(&seen.out);
}

/* Trees that would be slow for a reader which walks or looks along them. */
static void trees_of_bad_shape(void **state)
{
    (void)state;
    enum { ENTRIES = 20000 };
    static const char *const shapes[] = { "\"1\"", "null", NULL }; /* NULL: the one before */
    for (size_t shape = 0; shape < COUNT_OF(shapes); shape++) {
        CLEANUP(buf_done) struct buf text = { 0 };
        for (int i = 0; i < ENTRIES; i++) {
            char parent[24];
            snprintf(parent, sizeof parent, "\"%d\"", i - 1);
            buf_format(&text,
                "{\"type\":\"assistant\",\"uuid\":\"%d\",\"parentUuid\":%s,"
                "\"message\":{\"id\":\"m\",\"content\":[]}}\n",
                i, shapes[shape] ? shapes[shape] : parent);
        }
        struct seen seen = { .out = { .max = 1 } };
        assert_int_equal(read_file("claude-code", put("a.jsonl", buf_view(&text)), &seen), 0);
        assert_int_equal(seen.sessions, shape == 1 ? ENTRIES : 1);
        buf_done(&seen.out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),
        cmocka_unit_test(a_log_that_was_cut),
        cmocka_unit_test(bytes_that_are_no_log),
        cmocka_unit_test(a_session_that_cannot_be_kept),
        cmocka_unit_test(a_reply_without_end),
        cmocka_unit_test(a_log_over_the_bound_of_a_run),
        cmocka_unit_test(trees_of_bad_shape),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
