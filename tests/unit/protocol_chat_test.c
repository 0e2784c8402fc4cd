/* chat.c and protocol.c: a request that nobody changed is its own bytes; a changed one differs in
 * what was changed; a plugin brings text and calls into it and nothing else. */
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

static struct protocol_request *read_body(const char *body)
{
    struct protocol_request *request = NULL;
    struct err err = { 0 };
    if (protocol_request_read(&request, PROTOCOL_CHAT, str_of(body), &arena, &err) < 0)
        fail_msg("%s: %s (%s)", body, err.text, err.where);
    return request;
}

/* --- unchanged */

/* Everything that another reader would print differently. */
static const char *const strange[] = {
    "{\"model\":\"m\",\"messages\":[]}",
    " \n{ \"model\" : \"m\" ,\t\"messages\" : [ ] } \r\n",
    "{\"messages\":[{\"role\":\"user\",\"content\":\"a\\/b \\u0041 \\ud800 \\u0000 "
    "\\ud83d\\ude00\"}],"
    "\"temperature\":1.0,\"seed\":12345678901234567890,\"x\":1e400,\"y\":-0,\"model\":\"m\"}",
    "{\"model\":\"a\",\"model\":\"b\",\"messages\":[],\"messages\":[{\"role\":\"user\",\"role\":"
    "\"user\",\"content\":null}],\"z\":{\"b\":1,\"a\":2,\"b\":3}}",
    "{\"stream\":null,\"tools\":null,\"messages\":[{\"content\":null,\"role\":\"assistant\","
    "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\","
    "\"arguments\":"
    "\"{\\\"a\\\":1.0}\"}}],\"x\":[1.0,{}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":["
    "]}]}",
    "{\"\\u006dodel\":\"m\",\"messages\":[{\"r\\u006fle\":\"user\",\"content\":"
    "\"\xf0\x9f\x98\x80\"}]}",
    "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"} ,\n "
    "{\"role\":\"user\",\"content\":\"b\"}\n]}",
};

static void unchanged_is_the_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(strange); i++) {
        struct protocol_request *request = read_body(strange[i]);
        const struct protocol_view *view = protocol_request_view(request);
        struct buf out = { 0 };
        /* As one run, and as single messages. */
        for (uint32_t step = 1; step <= view->messages_count + 1;
             step += view->messages_count + 1) {
            struct protocol_part parts[4];
            uint32_t count = 0;
            for (uint32_t from = 0; from < view->messages_count; from++)
                parts[count++] = (struct protocol_part){ .from = from, .count = 1 };
            struct protocol_edit edit = { .parts = parts, .parts_count = count };
            assert_int_equal(protocol_request_edit(&out, request, &edit, NULL), 0);
            assert_int_equal(out.size, strlen(strange[i]));
            assert_memory_equal(out.at, strange[i], out.size);
            buf_clear(&out);
        }
        struct protocol_part all = { .from = 0, .count = view->messages_count };
        struct protocol_edit edit = {
            .parts = &all,
            .parts_count = view->messages_count > 0,
            .model = view->model, /* what was there is no change */
            .tools = view->tools,
        };
        assert_int_equal(protocol_request_edit(&out, request, &edit, NULL), 0);
        assert_int_equal(out.size, strlen(strange[i]));
        assert_memory_equal(out.at, strange[i], out.size);
        buf_done(&out);
    }
}

static void the_view_says_what_is_there(void **state)
{
    (void)state;
    const char *body =
        "{\"model\":\"m\\u0041\",\"stream\":true,\"tools\":[ {\"type\":\"function\"} "
        "],\"messages\":"
        "[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"u\"},"
        "{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"tool\",\"content\":\"t\"}]}";
    const struct protocol_view *view = protocol_request_view(read_body(body));
    assert_true(str_equal(view->model, STR("mA")));
    assert_true(view->stream);
    assert_true(str_equal(view->tools, STR("[ {\"type\":\"function\"} ]")));
    assert_int_equal(view->messages_count, 4);
    assert_true(view->messages[1].user && view->messages[2].model);
    assert_false(view->messages[0].user || view->messages[3].user || view->messages[3].model);
    assert_true(str_equal(view->messages[3].chat, STR("{\"role\":\"tool\",\"content\":\"t\"}")));
    assert_true(
        view->messages[3].chat.at > body && view->messages[3].chat.at < body + strlen(body));
}

/* --- refused */

static const struct bad {
    const char *name, *body, *where;
    int code;
} bad[] = {
    { "nothing", "", "offset 0", ERR_INPUT },
    { "no JSON", "{\"model\":", "offset 9", ERR_INPUT },
    { "no object", "[]", "$", ERR_INPUT },
    { "no messages", "{\"model\":\"m\"}", "$", ERR_INPUT },
    { "messages are no array", "{\"messages\":{}}", "$.messages", ERR_INPUT },
    { "a message is no object", "{\"messages\":[1]}", "$.messages[0]", ERR_INPUT },
    { "a message without a role", "{\"messages\":[{\"content\":\"a\"}]}", "$.messages[0]",
        ERR_INPUT },
    { "a role that is no text", "{\"messages\":[{\"role\":1}]}", "$.messages[0]", ERR_INPUT },
    { "a model that is no text", "{\"model\":1,\"messages\":[]}", "$.model", ERR_INPUT },
    { "stream is neither", "{\"stream\":\"yes\",\"messages\":[]}", "$.stream", ERR_INPUT },
    { "tools are no array", "{\"tools\":{},\"messages\":[]}", "$.tools", ERR_INPUT },
    { "a tool is no object", "{\"tools\":[{},1],\"messages\":[]}", "$.tools[1]", ERR_INPUT },
};

static void says_where_a_request_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct protocol_request *request = NULL;
        struct err err = { 0 };
        int rc = protocol_request_read(&request, PROTOCOL_CHAT, str_of(bad[i].body), &arena, &err);
        if (rc != -bad[i].code || request || !strstr(err.where, bad[i].where))
            fail_msg("%s: %d, %s (%s)", bad[i].name, rc, err.text, err.where);
    }
}

static void refuses_more_messages_than_it_may_have(void **state)
{
    (void)state;
    struct buf body = { 0 };
    buf_text(&body, "{\"messages\":[");
    for (int i = 0; i <= PROTOCOL_MESSAGES_MAX; i++)
        buf_text(&body, i ? ",{\"role\":\"user\"}" : "{\"role\":\"user\"}");
    buf_text(&body, "]}");
    struct protocol_request *request = NULL;
    assert_int_equal(
        protocol_request_read(&request, PROTOCOL_CHAT, buf_view(&body), &arena, NULL), -ERR_LIMIT);
    buf_done(&body);
}

static void refuses_a_body_over_its_bound(void **state)
{
    (void)state;
    struct protocol_request *request = NULL;
    size_t size = PROTOCOL_BODY_MAX + 1;
    char *body = mem_alloc(size);
    memset(body, ' ', size);
    memcpy(body, "{\"messages\":[]}", 15);
    struct str text = { body, size };
    assert_int_equal(
        protocol_request_read(&request, PROTOCOL_CHAT, text, &arena, NULL), -ERR_LIMIT);
    text.size--;
    assert_int_equal(protocol_request_read(&request, PROTOCOL_CHAT, text, &arena, NULL), 0);
    free(body);
}

/* --- edited */

#define CALL(id, args)                                                                             \
    "{\"id\":\"" id "\",\"type\":\"function\",\"sig\":1,\"function\":{\"name\":"                   \
    "\"f\",\"arguments\":\"" args "\"}}"
#define CHAT(text)                                                                                 \
    {                                                                                              \
        .chat = { text, sizeof(text) - 1 }                                                         \
    }
#define TOOL(name) "{\"type\":\"function\",\"function\":{\"name\":\"" name "\"},\"x\":1.0}"
/* Messages 0 to 4, with blanks and members that must survive. */
#define SYSTEM "{\"role\":\"system\",\"content\":\"s\"}"
#define USER                                                                                       \
    "{\"role\": \"user\", \"content\": [{\"type\":\"image_url\",\"image_url\":{\"url\":"           \
    "\"http://x/1.png\"}},{\"type\":\"text\",\"text\":\"u\",\"cache\":1}], \"name\": \"n\"}"
#define MODEL                                                                                      \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" CALL("a", "{}") "," CALL(          \
        "b", "{}") "],\"reasoning\":\"r\"}"
#define RESULT_A "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"1\",\"x\":1.0}"
#define RESULT_B "{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"2\",\"x\":2.0}"
#define HEAD "{\"n\":1.0, \"model\": \"m\", \"messages\": ["
#define TAIL "], \"tools\": [" TOOL("f") ", " TOOL("g") "], \"tool_choice\":\"auto\" }"
static const char *const base = HEAD SYSTEM ", " USER ",\n" MODEL "," RESULT_A "," RESULT_B TAIL;

static const struct edited {
    const char *name;
    struct protocol_part parts[4];
    const char *model, *tools, *want; /* want NULL: refused with code */
    int code;
} edits[] = {
    { "another model", { { 0, 5 } }, "new \"one\"", NULL,
        "{\"n\":1.0, \"model\": \"new \\\"one\\\"\", \"messages\": [" SYSTEM ", " USER ",\n" MODEL
        "," RESULT_A "," RESULT_B TAIL },
    { "a message left out", { { 0, 1 }, { 2, 3 } }, NULL, NULL,
        HEAD SYSTEM "," MODEL "," RESULT_A "," RESULT_B TAIL },
    { "the first one left out", { { 1, 4 } }, NULL, NULL,
        HEAD USER ",\n" MODEL "," RESULT_A "," RESULT_B TAIL },
    { "the last ones left out", { { 0, 2 } }, NULL, NULL, HEAD SYSTEM ", " USER TAIL },
    { "no bytes at all", { { 0 } }, NULL, NULL, NULL, ERR_INPUT },
    { "another order", { { 1, 1 }, { 0, 1 } }, NULL, NULL, HEAD USER "," SYSTEM TAIL },
    { "a message put in front", { CHAT("{\"role\":\"user\",\"content\":\"new\"}"), { 0, 2 } }, NULL,
        NULL, HEAD "{\"role\":\"user\",\"content\":\"new\"}," SYSTEM ", " USER TAIL },
    { "a result is changed: its other members stay",
        { { 0, 4 }, CHAT("{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"new\"}") }, NULL,
        NULL,
        HEAD SYSTEM
        ", " USER ",\n" MODEL "," RESULT_A
        ",{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"new\",\"x\":2.0}" TAIL },
    { "a result is found by its call",
        { { 0, 3 }, CHAT("{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"new\"}") }, NULL,
        NULL,
        HEAD SYSTEM
        ", " USER ",\n" MODEL
        ",{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"new\",\"x\":2.0}" TAIL },
    { "members that no message has are not taken",
        { CHAT("{\"role\":\"user\",\"content\":\"new\",\"evil\":1}") }, NULL, NULL,
        HEAD "{\"role\": \"user\", \"content\": \"new\"}" TAIL },
    { "no tool left", { { 0, 5 } }, NULL, "[]",
        HEAD SYSTEM ", " USER ",\n" MODEL "," RESULT_A "," RESULT_B "] }" },
    { "one tool hidden", { { 0, 2 } }, NULL, "[" TOOL("g") "]",
        HEAD SYSTEM ", " USER "], \"tools\": [" TOOL("g") "], \"tool_choice\":\"auto\" }" },
    { "a tool's schema changed: an allow-list", { { 0, 2 } }, NULL,
        "[" TOOL("f") ",{\"type\":\"web\",\"url\":\"x\",\"function\":{\"name\":\"g\",\"strict\":"
                      "true,\"parameters\":{\"a\":1.0},\"description\":\"d\",\"evil\":1}}]",
        HEAD SYSTEM ", " USER "], \"tools\": [" TOOL(
            "f") ",{\"type\":\"function\",\"function\":{\"name\":\"g\",\"description\":\"d\","
                 "\"parameters\":{\"a\":1.0},\"strict\":true}}], \"tool_choice\":\"auto\" }" },
    { "tools that are no list", { { 0, 5 } }, NULL, "{}", NULL, ERR_INPUT },
    { "a number that is not there", { { 4, 2 } }, NULL, NULL, NULL, ERR_INPUT },
    { "a number that wraps around", { { UINT32_MAX, 2 } }, NULL, NULL, NULL, ERR_INPUT },
    { "bytes that are no JSON", { CHAT("{") }, NULL, NULL, NULL, ERR_INPUT },
    { "bytes that are no object", { CHAT("1") }, NULL, NULL, NULL, ERR_INPUT },
};

static uint32_t parts_of(const struct edited *edit)
{
    uint32_t count = 0;
    while (count < 4 && (edit->parts[count].count || edit->parts[count].chat.at))
        count++;
    return count ? count : 1;
}

static void edits_change_what_they_name(void **state)
{
    (void)state;
    struct protocol_request *request = read_body(base);
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        struct buf out = { 0 };
        struct err err = { 0 };
        struct protocol_edit edit = {
            .parts = edits[i].parts,
            .parts_count = parts_of(&edits[i]),
            .model = str_of(edits[i].model),
            .tools = str_of(edits[i].tools),
        };
        int rc = protocol_request_edit(&out, request, &edit, &err);
        if (rc != -edits[i].code)
            fail_msg("%s: %d %s", edits[i].name, rc, err.text);
        if (edits[i].want && strcmp(out.at, edits[i].want) != 0)
            fail_msg("%s:\ngot  %s\nwant %s", edits[i].name, out.at, edits[i].want);
        buf_done(&out);
    }
}

/* A message written by a plugin, in place of message `instead` (all others stay). */
static const struct written {
    const char *name;
    uint32_t instead;
    const char *chat, *want; /* NULL: refused */
    int code;
} written[] = {
    { "text", 1, "{\"role\":\"user\",\"content\":\"t\"}",
        "{\"role\": \"user\", \"content\": \"t\"}" },
    { "the client's own picture stays, new text beside it", 1,
        "{\"role\":\"user\",\"name\":\"n\",\"content\":[{\"type\":\"image_url\",\"image_url\":{"
        "\"url\":"
        "\"http://x/1.png\"}},{\"type\":\"text\",\"text\":\"t\",\"evil\":1}]}",
        "{\"role\": \"user\", \"content\": [{\"type\":\"image_url\",\"image_url\":{\"url\":"
        "\"http://x/1.png\"}},{\"type\":\"text\",\"text\":\"t\"}], \"name\": \"n\"}" },
    { "an address that was not there", 1,
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
        "\"http://evil/\"}}]}",
        NULL, ERR_DENIED },
    { "content of another kind", 1, "{\"role\":\"user\",\"content\":[{\"type\":\"file\"}]}", NULL,
        ERR_DENIED },
    { "content that is a number", 1, "{\"role\":\"user\",\"content\":1}", NULL, ERR_INPUT },
    { "an unknown role", 1, "{\"role\":\"root\",\"content\":\"t\"}", NULL, ERR_INPUT },
    { "no role", 1, "{\"content\":\"t\"}", NULL, ERR_INPUT },
    { "one call less: the other keeps what it carries", 2,
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" CALL("b", "{}") "]}",
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" CALL(
            "b", "{}") "],\"reasoning\":\"r\"}" },
    { "other arguments go into the call as it was", 2,
        "{\"role\":\"assistant\",\"content\":\"t\",\"tool_calls\":[{\"id\":\"a\",\"evil\":1,"
        "\"function\":"
        "{\"name\":\"h\",\"arguments\":\"[]\"}}]}",
        "{\"role\":\"assistant\",\"content\":\"t\",\"tool_calls\":[{\"id\":\"a\",\"type\":"
        "\"function\","
        "\"sig\":1,\"function\":{\"name\":\"h\",\"arguments\":\"[]\"}}],\"reasoning\":\"r\"}" },
    { "a new call has the members of a call", 2,
        "{\"role\":\"assistant\",\"content\":\"t\",\"tool_calls\":[{\"id\":\"z\",\"type\":\"x\","
        "\"evil\":1,"
        "\"function\":{\"name\":\"h\",\"arguments\":\"[]\",\"evil\":2}}]}",
        "{\"role\":\"assistant\",\"content\":\"t\",\"tool_calls\":[{\"id\":\"z\",\"type\":"
        "\"function\","
        "\"function\":{\"name\":\"h\",\"arguments\":\"[]\"}}],\"reasoning\":\"r\"}" },
    { "no calls any more", 2, "{\"role\":\"assistant\",\"content\":\"t\"}",
        "{\"role\":\"assistant\",\"content\":\"t\",\"reasoning\":\"r\"}" },
    { "a call without a name", 2,
        "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"z\",\"function\":{\"arguments\":\"\"}}]"
        "}",
        NULL, ERR_INPUT },
    { "calls that are no list", 2, "{\"role\":\"assistant\",\"tool_calls\":\"x\"}", NULL,
        ERR_INPUT },
    { "an id that is no text", 3, "{\"role\":\"tool\",\"tool_call_id\":{}}", NULL, ERR_INPUT },
};

static void a_plugin_brings_text_and_calls_only(void **state)
{
    (void)state;
    struct protocol_request *request = read_body(base);
    for (size_t i = 0; i < COUNT_OF(written); i++) {
        const struct written *row = &written[i];
        struct buf out = { 0 };
        struct err err = { 0 };
        struct protocol_part parts[] = {
            { 0, row->instead },
            { .chat = str_of(row->chat) },
            { row->instead + 1, 4 - row->instead },
        };
        struct protocol_edit edit = { .parts = parts, .parts_count = COUNT_OF(parts) };
        int rc = protocol_request_edit(&out, request, &edit, &err);
        if (rc != -row->code)
            fail_msg("%s: %d %s", row->name, rc, err.text);
        if (row->want && !strstr(out.at, row->want))
            fail_msg("%s:\ngot  %s\nwant %s", row->name, out.at, row->want);
        if (rc == 0 && strstr(out.at, "evil"))
            fail_msg("%s: %s", row->name, out.at);
        buf_done(&out);
    }
}

static int edit_status(struct protocol_request *request, const struct protocol_part *parts,
    uint32_t count, struct str tools, struct buf *out)
{
    struct protocol_edit edit = { .parts = parts, .parts_count = count, .tools = tools };
    buf_clear(out);
    return protocol_request_edit(out, request, &edit, NULL);
}

static void refuses_edits_over_their_bounds(void **state)
{
    (void)state;
    struct protocol_request *request = read_body(base);
    struct buf out = { 0 }, message = { 0 };
    enum { RUNS = PROTOCOL_MESSAGES_MAX / 5 };
    struct protocol_part *parts = mem_zero(RUNS + 1, sizeof *parts);
    for (uint32_t i = 0; i <= RUNS; i++)
        parts[i] = (struct protocol_part){ .from = 0, .count = 5 };
    assert_int_equal(edit_status(request, parts, RUNS, STR(""), &out), 0);
    assert_int_equal(edit_status(request, parts, RUNS + 1, STR(""), &out), -ERR_LIMIT);
    buf_text(&message, "{\"role\":\"assistant\",\"tool_calls\":[");
    for (int i = 0; i < 2000; i++)
        buf_text(&message, i ? "," CALL("z", "{}") : CALL("z", "{}"));
    buf_text(&message, "]}");
    parts[0] = (struct protocol_part){ .chat = buf_view(&message) };
    assert_int_equal(edit_status(request, parts, 1, STR(""), &out), -ERR_LIMIT);
    free(parts);
    buf_done(&message);
    buf_done(&out);
}

static void the_first_member_can_go(void **state)
{
    (void)state;
    struct buf out = { 0 };
    struct protocol_part all = { .from = 0, .count = 1 };
    struct protocol_part new = CHAT("{\"role\":\"assistant\",\"content\":\"t\"}");
    struct protocol_request *request = read_body(
        "{ \"tools\" : [{}] , \"messages\":[{\"tool_calls\":[], \"role\":\"assistant\"}]}");
    assert_int_equal(edit_status(request, &all, 1, STR("[]"), &out), 0);
    assert_string_equal(out.at, "{\"messages\":[{\"tool_calls\":[], \"role\":\"assistant\"}]}");
    assert_int_equal(edit_status(request, &new, 1, STR(""), &out), 0);
    assert_string_equal(
        out.at, "{ \"tools\" : [{}] , \"messages\":[{\"role\":\"assistant\",\"content\":\"t\"}]}");
    buf_done(&out);
}

/* --- fresh */

static const struct fresh {
    const char *name, *message, *tools;
    bool stream;
    uint32_t tokens_max;
    const char *want;
    int code;
} fresh[] = {
    { "one message", "{\"role\":\"user\",\"content\":\"a\"}", NULL, false, 0,
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}" },
    { "all members", "{\"role\":\"user\",\"content\":\"a\",\"x\":1}", "[" TOOL("f") "]", true, 7,
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[{"
        "\"type\":"
        "\"function\",\"function\":{\"name\":\"f\"}}],\"stream\":true,\"stream_options\":"
        "{\"include_usage\":true},\"max_completion_tokens\":7}" },
    { "no tools are none", "{\"role\":\"user\",\"content\":\"a\"}", "[]", false, 0,
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}" },
    { "a picture in the message",
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:x\","
        "\"detail\":\"low\"}}]}",
        NULL, false, 0,
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
        "\"image_url\":{\"url\":\"data:x\"}}]}]}" },
    { "a picture at an address",
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"http:x\"}"
        "}]}",
        NULL, false, 0, NULL, ERR_DENIED },
    { "no JSON", "{", NULL, false, 0, NULL, ERR_INPUT },
    { "no object", "[]", NULL, false, 0, NULL, ERR_INPUT },
    { "tools that are no list", "{\"role\":\"user\"}", "1", false, 0, NULL, ERR_INPUT },
};

static void fresh_requests_have_members_of_a_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fresh); i++) {
        struct buf out = { 0 };
        struct err err = { 0 };
        struct str message = str_of(fresh[i].message);
        struct protocol_fresh ask = {
            .protocol = PROTOCOL_CHAT,
            .model = STR("m"),
            .messages = &message,
            .messages_count = 1,
            .tools = str_of(fresh[i].tools),
            .stream = fresh[i].stream,
            .tokens_max = fresh[i].tokens_max,
        };
        int rc = protocol_request_fresh(&out, &ask, &err);
        if (rc != -fresh[i].code || (fresh[i].want && strcmp(out.at, fresh[i].want) != 0))
            fail_msg("%s: %d %s\n%s", fresh[i].name, rc, err.text, out.at);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_is_the_body),
        cmocka_unit_test(the_view_says_what_is_there),
        cmocka_unit_test(says_where_a_request_is_wrong),
        cmocka_unit_test(refuses_more_messages_than_it_may_have),
        cmocka_unit_test(refuses_a_body_over_its_bound),
        cmocka_unit_test(edits_change_what_they_name),
        cmocka_unit_test(a_plugin_brings_text_and_calls_only),
        cmocka_unit_test(refuses_edits_over_their_bounds),
        cmocka_unit_test(the_first_member_can_go),
        cmocka_unit_test(fresh_requests_have_members_of_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
