/* responses*.c: requests of items are read, left alone to the byte and changed in one place only;
 * replies say the same however they are cut; answers can be read again. */
#include "protocol/protocol.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct str text_of(const struct buf *buf)
{
    return buf->at ? buf_view(buf) : STR("");
}

static void assert_text(const char *name, struct str got, const char *want)
{
    if (str_equal(got, str_of(want)))
        return;
    print_error("%s\n got  %.*s\n want %s\n", name, (int)got.size, got.at, want);
    fail();
}

/* --- reading requests */

#define ASK(rest) "{\"model\":\"m\"," rest "}"
#define FIND                                                                                       \
    "{\"type\":\"function\",\"name\":\"find\",\"parameters\":{\"type\":\"object\"},\"strict\":"    \
    "true}"
#define CHAT_FIND                                                                                  \
    "{\"type\":\"function\",\"function\":{\"name\":\"find\",\"parameters\":{\"type\":\"object\"}," \
    "\"strict\":true}}"
#define REASONING                                                                                  \
    "{\"type\":\"reasoning\",\"id\":\"rs\",\"encrypted_content\":\"x\",\"summary\":[]}"
#define CALL(id, args)                                                                             \
    "{\"type\":\"function_call\",\"call_id\":\"" id "\",\"name\":\"find\",\"arguments\":\"" args   \
    "\",\"id\":\"fc_" id "\"}"
#define OUTPUT(id, text)                                                                           \
    "{\"type\":\"function_call_output\" , \"call_id\":\"" id "\",\"output\":\"" text "\"}"
#define SAID(text)                                                                                 \
    "{\"type\":\"message\",\"id\":\"msg\",\"role\":\"assistant\",\"content\":[{\"type\":"          \
    "\"output_text\",\"text\":\"" text "\",\"annotations\":[]}]}"

static const struct request_row {
    const char *name, *body, *chat, *tools;
} requests[] = {
    { "a text", ASK("\"instructions\":\"be kind\",\"input\":\"hi\""),
        "{\"role\":\"system\",\"content\":\"be kind\"}\n{\"role\":\"user\",\"content\":\"hi\"}\n",
        "" },
    { "messages with and without a type",
        ASK("\"instructions\":null,\"input\":[{\"role\":\"developer\",\"content\":\"d\"},{\"type\":"
            "\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"a\"},{"
            "\"type\":\"input_image\",\"image_url\":\"data:x\"},{\"type\":\"input_file\"}]}]"),
        "{\"role\":\"system\",\"content\":\"d\"}\n"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
        "\"image_url\",\"image_url\":{\"url\":\"data:x\"}},{\"type\":\"input_file\"}]}\n",
        "" },
    { "items of one reply are one message",
        ASK("\"input\":[{\"role\":\"user\",\"content\":\"q\"}," REASONING "," SAID("ok") "," CALL(
            "a", "{\\\"x\\\":1.0}") ",{\"type\":\"custom_tool_call\",\"call_id\":\"b\",\"name\":"
                                    "\"patch\",\"input\":\"go\\n\"}," OUTPUT(
                                        "a", "1") ",{\"type\":"
                                                  "\"custom_tool_call_output\",\"call_id\":\"b\","
                                                  "\"output\":[{"
                                                  "\"type\":\"input_text\",\"text\":\"2\"}]}]"),
        "{\"role\":\"user\",\"content\":\"q\"}\n"
        "{\"role\":\"assistant\",\"content\":\"ok\",\"tool_calls\":[{\"id\":\"a\",\"type\":"
        "\"function\",\"function\":{\"name\":\"find\",\"arguments\":\"{\\\"x\\\":1.0}\"}},{\"id\":"
        "\"b\",\"type\":\"function\",\"function\":{\"name\":\"patch\",\"arguments\":\"{"
        "\\\"input\\\":\\\"go\\\\n\\\"}\"}}]}\n"
        "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"1\"}\n"
        "{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"2\"}\n",
        "" },
    { "tools: a function, a custom one, one of the provider's own",
        ASK("\"tools\":[" FIND ",{\"type\":\"custom\",\"name\":\"patch\"},{\"type\":"
            "\"web_search\"}],\"input\":\"hi\""),
        "{\"role\":\"user\",\"content\":\"hi\"}\n",
        "[" CHAT_FIND ",{\"type\":\"function\",\"function\":{\"name\":\"patch\",\"parameters\":{"
        "\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":["
        "\"input\"]}}}]" },
};

static const struct protocol_view *read_request(
    struct protocol_request **ret, const char *name, struct str body, struct arena *arena)
{
    struct err err = { 0 };
    if (protocol_request_read(ret, PROTOCOL_RESPONSES, body, arena, &err) < 0)
        fail_msg("%s: %s %s", name, err.text, err.where);
    return protocol_request_view(*ret);
}

static void requests_are_chat_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf chat = { 0 };
        struct protocol_request *request;
        const struct protocol_view *view =
            read_request(&request, requests[i].name, str_of(requests[i].body), &arena);
        for (uint32_t k = 0; k < view->messages_count; k++) {
            buf_str(&chat, view->messages[k].chat);
            buf_char(&chat, '\n');
        }
        assert_text(requests[i].name, text_of(&chat), requests[i].chat);
        assert_text(requests[i].name, view->tools, requests[i].tools);
    }
}

static void the_reply_before_is_told(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct protocol_request *request;
    const struct protocol_view *view = read_request(&request, "previous",
        STR(ASK("\"previous_response_id\":\"resp_1\",\"input\":\"x\"")), &arena);
    assert_text("previous", view->previous, "resp_1");
}

static const struct refused_row {
    const char *name, *body, *where;
} refused[] = {
    { "no input", ASK("\"stream\":true"), "$" },
    { "input as a number", ASK("\"input\":1"), "$.input" },
    { "an item that is a text", ASK("\"input\":[\"x\"]"), "$.input[0]" },
    { "a message without content", ASK("\"input\":[{\"role\":\"user\"}]"), "$.input[0]" },
    { "a part that is a text", ASK("\"input\":[{\"role\":\"user\",\"content\":[\"x\"]}]"),
        "$.input[0].content[0]" },
    { "instructions as a list", ASK("\"instructions\":[],\"input\":\"x\""), "$.instructions" },
};

static void what_is_no_request_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct protocol_request *request;
        struct err err = { 0 };
        int r = protocol_request_read(
            &request, PROTOCOL_RESPONSES, str_of(refused[i].body), &arena, &err);
        if (r != -ERR_INPUT)
            fail_msg("%s: %d", refused[i].name, r);
        assert_text(refused[i].name, str_of(err.where), refused[i].where);
    }
}

static void a_message_has_a_bound_of_calls(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf body = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    buf_text(&body, "{\"model\":\"m\",\"input\":[");
    for (int i = 0; i < 1025; i++)
        buf_format(&body, "%s{\"type\":\"function_call\",\"name\":\"f\"}", i ? "," : "");
    buf_text(&body, "]}");
    struct protocol_request *request;
    struct err err = { 0 };
    assert_int_equal(
        protocol_request_read(&request, PROTOCOL_RESPONSES, text_of(&body), &arena, &err),
        -ERR_INPUT);
    assert_text("place", str_of(err.where), "$.input[1024]");
}

/* --- editing */

/* 0 instructions, 1 user, 2 assistant (three items), 3 result, 4 assistant, 5 user with a picture
 */
#define FIRST "{ \"role\":\"user\",\"content\":\"q\" , \"own\":12345678901234567890 }"
#define LAST                                                                                       \
    "{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":\"u\"},{\"type\":"    \
    "\"input_text\",\"text\":\"what\"}]}"
#define TALK(system, list)                                                                         \
    "{ \"model\" : \"m\"," system "\"input\" : [" list "], \"stream\":true, \"metadata\":{\"a\":"  \
    "1.0,\"a\":null} }\n"
#define SYSTEM " \"instructions\": \"sys\","
static const char conversation[] = TALK(SYSTEM,
    FIRST ", " REASONING
          " , " SAID("ok") "," CALL("a", "{ }") "," OUTPUT("a", "1") "," SAID("done") "," LAST);

#define CHAT(json)                                                                                 \
    {                                                                                              \
        0, 0,                                                                                      \
        {                                                                                          \
            json, sizeof(json) - 1                                                                 \
        }                                                                                          \
    }
#define FROM(from, count)                                                                          \
    {                                                                                              \
        from, count,                                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
static const struct edit_row {
    const char *name;
    struct protocol_part parts[4];
    const char *want;
} edits[] = {
    { "all of it", { FROM(0, 6) }, conversation },
    { "all of it, piece by piece", { FROM(0, 2), FROM(2, 1), FROM(3, 3) }, conversation },
    { "a result changes its own item",
        { FROM(0, 3), CHAT("{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"one\"}"),
            FROM(4, 2) },
        TALK(SYSTEM, FIRST "," REASONING " , " SAID("ok") "," CALL("a", "{ }") "," OUTPUT(
                         "a", "one") "," SAID("done") "," LAST) },
    { "a text and a call change; reasoning stays",
        { FROM(0, 2),
            CHAT("{\"role\":\"assistant\",\"content\":\"no\",\"tool_calls\":[{\"id\":\"a\","
                 "\"function\":{\"name\":\"find\",\"arguments\":\"{\\\"x\\\":1}\"}}]}"),
            FROM(3, 1) },
        TALK(SYSTEM, FIRST "," REASONING
                           "," SAID("no") "," CALL("a", "{\\\"x\\\":1}") "," OUTPUT("a", "1")) },
    { "a step is dropped whole", { FROM(0, 2), FROM(4, 2) },
        TALK(SYSTEM, FIRST "," SAID("done") "," LAST) },
    { "reasoning goes with what it led to",
        { FROM(1, 1), CHAT("{\"role\":\"assistant\",\"content\":\"\"}"), FROM(5, 1) },
        TALK("", FIRST "," LAST) },
    { "instructions are other ones",
        { CHAT("{\"role\":\"system\",\"content\":\"new\"}"), FROM(1, 1) },
        TALK(" \"instructions\": \"new\",", FIRST) },
    { "a hint in the middle keeps its place",
        { FROM(0, 2), CHAT("{\"role\":\"system\",\"content\":\"hint\"}"), FROM(4, 1) },
        TALK(SYSTEM, FIRST
            ",{\"type\":\"message\",\"role\":\"system\",\"content\":\"hint\"}," SAID("done")) },
    { "another text keeps the picture beside it",
        { FROM(0, 2), CHAT("{\"role\":\"user\",\"content\":\"who\"}") },
        TALK(SYSTEM,
            FIRST ",{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":\"u\"},"
                  "{\"type\":\"input_text\",\"text\":\"who\"}]}") },
};

static void edit(struct buf *out, struct str body, const struct protocol_edit *how, int want)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct protocol_request *request;
    struct err err = { 0 };
    read_request(&request, "edit", body, &arena);
    int r = protocol_request_edit(out, request, how, &err);
    if (r != want)
        fail_msg("%d: %s", r, err.text);
}

static void an_edit_changes_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        uint32_t count = 0;
        while (count < 4 && (edits[i].parts[count].count || edits[i].parts[count].chat.size))
            count++;
        struct protocol_edit how = { .parts = edits[i].parts, .parts_count = count };
        edit(&out, str_of(conversation), &how, 0);
        assert_text(edits[i].name, text_of(&out), edits[i].want);
    }
}

static void a_text_alone_can_be_added_to(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 }, same = { 0 }, none = { 0 };
    static const char body[] = "{\"input\": \"q\\/\" ,\"model\":\"m\",\"instructions\":\"s\"}";
    const struct protocol_part parts[] = { FROM(0, 2),
        CHAT("{\"role\":\"assistant\",\"content\":\"a\"}") };
    struct protocol_edit how = { .parts = parts, .parts_count = 2 };
    edit(&out, STR(body), &how, 0);
    assert_text("added", text_of(&out),
        "{\"input\": [{\"type\":\"message\",\"role\":\"user\",\"content\":\"q\\/\"},{\"type\":"
        "\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\","
        "\"annotations\":[]}]}] ,\"model\":\"m\",\"instructions\":\"s\"}");
    how.parts_count = 1;
    edit(&same, STR(body), &how, 0);
    assert_text("same", text_of(&same), body);
    const struct protocol_part system = FROM(0, 1);
    how.parts = &system;
    edit(&none, STR(body), &how, -ERR_INPUT);
}

static void tools_are_spliced(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct protocol_part all = FROM(0, 1);
    struct protocol_edit how = { .parts = &all,
        .parts_count = 1,
        .tools = STR("[" CHAT_FIND ",{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]") };
    edit(&out,
        STR("{\"model\":\"m\",\"tools\":[{\"type\":\"web_search\"}, " FIND
            ",{\"type\":\"custom\",\"name\":\"patch\"}],\"input\":\"x\"}"),
        &how, 0);
    assert_text("tools", text_of(&out),
        "{\"model\":\"m\",\"tools\":[{\"type\":\"web_search\"}," FIND
        ",{\"type\":\"function\",\"name\":\"g\",\"parameters\":{\"type\":\"object\"},\"strict\":"
        "false}],\"input\":\"x\"}");
}

static void a_fresh_request_is_a_row_of_items(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct str messages[] = {
        STR("{\"role\":\"system\",\"content\":\"be kind\"}"),
        STR("{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
            "\"data:u\"}},{\"type\":\"text\",\"text\":\"q\"}]}"),
        STR("{\"role\":\"assistant\",\"content\":\"so\",\"tool_calls\":[{\"id\":\"a\",\"function\":"
            "{\"name\":\"f\",\"arguments\":\"\"}}]}"),
        STR("{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"1\"}"),
    };
    struct protocol_fresh fresh = {
        .protocol = PROTOCOL_RESPONSES,
        .model = STR("m"),
        .messages = messages,
        .messages_count = COUNT_OF(messages),
        .tools = STR("[" CHAT_FIND "]"),
        .stream = true,
        .tokens_max = 7,
    };
    assert_int_equal(protocol_request_fresh(&out, &fresh, NULL), 0);
    assert_text("fresh", text_of(&out),
        "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"system\",\"content\":\"be "
        "kind\"},{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_image\","
        "\"detail\":\"auto\",\"image_url\":\"data:u\"},{\"type\":\"input_text\",\"text\":\"q\"}]},{"
        "\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
        "\"text\":\"so\",\"annotations\":[]}]},{\"type\":\"function_call\",\"call_id\":\"a\","
        "\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":"
        "\"a\",\"output\":\"1\"}],\"tools\":[" FIND "],\"max_output_tokens\":7,\"store\":false,"
        "\"stream\":true}");
}

/* A changed message comes from a plugin: it may bring text and pictures that need no address. */
static const struct part_row {
    const char *name, *part;
    const char *want; /* what is sent, or NULL: denied */
} parts[] = {
    { "a text", "{\"type\":\"text\",\"text\":\"t\",\"own\":1}",
        "{\"type\":\"input_text\",\"text\":\"t\"}" },
    { "the file that was there", "{\"type\":\"input_file\",\"file_id\":\"f\"}",
        "{\"type\":\"input_file\",\"file_id\":\"f\"}" },
    { "the picture that was there",
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://p/\"}}",
        "{\"type\":\"input_image\", \"image_url\":\"http://p/\"}" },
    { "another file", "{\"type\":\"input_file\",\"file_id\":\"g\"}", NULL },
    { "another picture's address", "{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://q/\"}}",
        NULL },
    { "a part that is none", "1", NULL },
};

static void a_changed_message_brings_no_address(void **state)
{
    (void)state;
    static const char list[] = "[{\"type\":\"input_file\",\"file_id\":\"f\"},{\"type\":"
                               "\"input_image\", \"image_url\":\"http://p/\"}]";
    for (size_t i = 0; i < 2 * COUNT_OF(parts); i++) {
        const struct part_row *row = &parts[i / 2];
        bool result = i % 2;
        const char *item = result
                               ? "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":"
                               : "{\"role\":\"user\",\"content\":";
        CLEANUP(buf_done) struct buf body = { 0 }, out = { 0 }, chat = { 0 }, want = { 0 };
        buf_format(&body, "{\"model\":\"m\",\"input\":[%s%s}]}", item, list);
        buf_format(&chat, "{\"role\":\"%s\",\"content\":[%s]}",
            result ? "tool\",\"tool_call_id\":\"c" : "user", row->part);
        const struct protocol_part part = { .chat = text_of(&chat) };
        struct protocol_edit how = { .parts = &part, .parts_count = 1 };
        edit(&out, text_of(&body), &how, row->want ? 0 : -ERR_DENIED);
        if (!row->want)
            continue;
        buf_format(&want, "{\"model\":\"m\",\"input\":[%s[%s]}]}", item, row->want);
        assert_text(row->name, text_of(&out), want.at);
    }
}

/* --- replies */

#define TEXT_TOOL                                                                                  \
    "{\"role\":\"assistant\",\"content\":\"Let me \\u00e9 look.\",\"tool_calls\":[{\"id\":"        \
    "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"find\",\"arguments\":\"{\\\"a\\\":" \
    "1.0}\"}},{\"id\":\"call_2\",\"type\":\"function\",\"function\":{\"name\":\"apply_patch\","    \
    "\"arguments\":\"{\\\"input\\\":\\\"*** Begin \\\\\\\"x\\\\\\\"\\\"}\"}}]}"
static const struct reply_row {
    const char *file, *chat, *id, *finish;
    uint64_t input, output;
} replies[] = {
    { "text_tool.sse", TEXT_TOOL, "resp_1", "completed", 30, 20 },
    { "parallel_wrapper.sse", NULL, "resp_parallel", "completed", 34, 28 },
};

static void load(struct buf *out, const char *file)
{
    CLEANUP(mem_freep)
    char *path = mem_format("%s/tests/data/wire/responses/%s", MOULT_SOURCE_DIR, file);
    struct err err;
    if (file_read(path, out, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
}

static int read_reply(struct str raw, bool stream, size_t cut, struct arena *arena,
    struct protocol_said *said, struct err *err)
{
    struct protocol_reply *reply = protocol_reply_new(PROTOCOL_RESPONSES, stream);
    int r = protocol_reply_feed(reply, (struct str){ raw.at, cut }, err);
    if (r == 0)
        r = protocol_reply_feed(reply, (struct str){ raw.at + cut, raw.size - cut }, err);
    if (r == 0)
        r = protocol_reply_end(reply, arena, said, err);
    protocol_reply_free(reply);
    return r;
}

static void recorded_replies_say_the_same_wherever_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        const struct reply_row *row = &replies[i];
        CLEANUP(buf_done) struct buf raw = { 0 };
        CLEANUP(arena_done) struct arena arena = { 0 };
        load(&raw, row->file);
        struct protocol_said first, said;
        struct err err = { 0 };
        if (read_reply(text_of(&raw), true, 0, &arena, &first, &err) < 0)
            fail_msg("%s: %s", row->file, err.text);
        if (row->chat)
            assert_text(row->file, first.chat, row->chat);
        assert_text(row->file, first.id, row->id);
        assert_text(row->file, first.finish, row->finish);
        assert_true(first.usage.input == row->input && first.usage.output == row->output);
        for (size_t cut = 1; cut < raw.size; cut++) {
            struct arena_mark mark = arena_mark(&arena);
            assert_int_equal(read_reply(text_of(&raw), true, cut, &arena, &said, &err), 0);
            assert_true(str_equal(said.chat, first.chat));
            arena_release(&arena, mark);
        }
    }
}

/* There is an end in one event only: all that is shorter was cut off. */
static void a_stream_that_ends_early_is_no_reply(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        CLEANUP(buf_done) struct buf raw = { 0 };
        load(&raw, replies[i].file);
        for (size_t size = 0; size < raw.size; size++) {
            CLEANUP(arena_done) struct arena arena = { 0 };
            struct protocol_said said;
            struct str part = { raw.at, size };
            assert_int_equal(read_reply(part, true, 0, &arena, &said, NULL), -ERR_INPUT);
        }
    }
}

#define EVENT(json) "data: " json "\n\n"
#define ADDED(json)                                                                                \
    EVENT("{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":" json "}")
#define COMPLETED                                                                                  \
    EVENT("{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\","  \
          "\"output\":[]}}")
#define BARE_CALL "{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"\"}"

/* Servers of others leave out one or the other event. */
static const struct sloppy_row {
    const char *name, *raw, *chat;
} sloppy[] = {
    { "fragments alone",
        ADDED("{\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}") EVENT(
            "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a\"}")
            EVENT("{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"b\"}")
                COMPLETED,
        "{\"role\":\"assistant\",\"content\":\"ab\"}" },
    { "fragments of arguments alone",
        ADDED(BARE_CALL) EVENT("{\"type\":\"response.function_call_arguments.delta\","
                               "\"output_index\":0,\"delta\":\"{\"}")
            EVENT("{\"type\":\"response.function_call_arguments.delta\",\"output_index\":0,"
                  "\"delta\":\"}\"}") COMPLETED,
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
        "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}" },
    { "no arguments at all", ADDED(BARE_CALL) COMPLETED,
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
        "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}" },
    { "an item's end alone",
        EVENT("{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":" SAID("a") "}")
            COMPLETED,
        "{\"role\":\"assistant\",\"content\":\"a\"}" },
    { "the response's end alone",
        EVENT("{\"type\":\"response.completed\",\"response\":{\"output\":[" SAID("a") "]}}"),
        "{\"role\":\"assistant\",\"content\":\"a\"}" },
};

static void what_one_event_leaves_out_another_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sloppy); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct protocol_said said;
        struct err err = { 0 };
        if (read_reply(str_of(sloppy[i].raw), true, 0, &arena, &said, &err) < 0)
            fail_msg("%s: %s", sloppy[i].name, err.text);
        assert_text(sloppy[i].name, said.chat, sloppy[i].chat);
    }
}

static const struct bad_row {
    const char *name;
    bool stream;
    const char *raw;
    int want;
    uint8_t error_class;
} bad[] = {
    { "an error in place of a reply", false, "{\"error\":{\"code\":\"rate_limit_exceeded\"}}",
        -ERR_PEER, PROTOCOL_RATE_LIMIT },
    { "a reply that failed", false,
        "{\"status\":\"failed\",\"output\":[],\"error\":{\"code\":\"server_error\"}}", -ERR_PEER,
        PROTOCOL_SERVER },
    { "an error event without an object", true,
        EVENT("{\"type\":\"error\",\"code\":\"context_length_exceeded\",\"message\":\"m\"}"),
        -ERR_PEER, PROTOCOL_TOO_LONG },
    { "a failed stream", true,
        EVENT(
            "{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}"),
        -ERR_PEER, PROTOCOL_SERVER },
    { "a body that is no reply", false, "{\"ok\":true}", -ERR_INPUT, 0 },
    { "nothing", false, "", -ERR_INPUT, 0 },
    { "arguments of a call that was not begun", true,
        EVENT("{\"type\":\"response.function_call_arguments.delta\",\"output_index\":4,\"delta\":"
              "\"x\"}"),
        -ERR_INPUT, 0 },
    { "an item that is none", true, ADDED("1"), -ERR_INPUT, 0 },
    { "a call without a name", true, ADDED("{\"type\":\"function_call\",\"call_id\":\"c\"}"),
        -ERR_INPUT, 0 },
    { "an item at a number out of reach", true,
        EVENT("{\"type\":\"response.output_text.delta\",\"output_index\":99999,\"delta\":\"x\"}"),
        -ERR_LIMIT, 0 },
    { "an item before the first", true,
        EVENT("{\"type\":\"response.output_text.delta\",\"output_index\":-1,\"delta\":\"x\"}"),
        -ERR_LIMIT, 0 },
};

static void what_is_no_reply_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct protocol_said said = { 0 };
        int r = read_reply(str_of(bad[i].raw), bad[i].stream, 0, &arena, &said, NULL);
        if (r != bad[i].want || said.error_class != bad[i].error_class)
            fail_msg("%s: %d, class %d", bad[i].name, r, said.error_class);
    }
}

static void the_recorded_error_is_one(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf raw = { 0 };
    load(&raw, "error.sse");
    struct protocol_said said;
    assert_int_equal(read_reply(text_of(&raw), true, 0, &arena, &said, NULL), -ERR_PEER);
    assert_int_equal(said.error_class, PROTOCOL_RATE_LIMIT);
}

/* --- answers */

struct spoken {
    struct str text;
    struct protocol_call calls[8];
    uint32_t count;
};

static struct spoken spoken_of(struct str chat, struct arena *arena)
{
    const struct json *root = json_read(arena, chat, NULL, NULL);
    struct spoken spoken = { .text = json_string(arena, json_get(root, "content")) };
    JSON_EACH(call, json_get(root, "tool_calls"))
    {
        const struct json *function = json_get(call, "function");
        spoken.calls[spoken.count++] = (struct protocol_call){
            json_string(arena, json_get(call, "id")),
            json_string(arena, json_get(function, "name")),
            json_string(arena, json_get(function, "arguments")),
        };
    }
    return spoken;
}

static void write_answer(
    struct buf *out, struct str from, bool from_stream, bool stream, const struct spoken *spoken)
{
    struct protocol_answer answer = {
        .protocol = PROTOCOL_RESPONSES,
        .stream = stream,
        .model = STR("asked"),
        .id = STR("resp_9"),
        .text = spoken->text,
        .calls = spoken->calls,
        .calls_count = spoken->count,
        .from_protocol = PROTOCOL_RESPONSES,
        .from_stream = from_stream,
        .from = from,
        .at_s = 5,
    };
    struct err err = { 0 };
    if (protocol_answer_write(out, &answer, &err) < 0)
        fail_msg("%s", err.text);
}

static void read_back(struct str raw, bool stream, struct arena *arena, struct protocol_said *said)
{
    struct err err = { 0 };
    if (read_reply(raw, stream, 0, arena, said, &err) < 0)
        fail_msg("%s\n%.*s", err.text, (int)raw.size, raw.at);
}

/* Every reply, as a stream and as JSON, unchanged and with other words. */
static void answers_say_what_they_shall(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        CLEANUP(buf_done) struct buf raw = { 0 }, same = { 0 }, json = { 0 }, again = { 0 };
        CLEANUP(buf_done) struct buf changed = { 0 }, back = { 0 };
        CLEANUP(arena_done) struct arena arena = { 0 };
        load(&raw, replies[i].file);
        struct protocol_said said, other;
        read_back(text_of(&raw), true, &arena, &said);
        struct spoken s = spoken_of(said.chat, &arena);
        write_answer(&same, text_of(&raw), true, true, &s);
        assert_true(str_equal(text_of(&same), text_of(&raw)));
        write_answer(&json, text_of(&raw), true, false, &s);
        read_back(text_of(&json), false, &arena, &other);
        assert_true(str_equal(other.chat, said.chat) && str_equal(other.id, said.id));
        assert_true(other.usage.input == said.usage.input);
        write_answer(&again, text_of(&json), false, false, &s);
        assert_true(str_equal(text_of(&again), text_of(&json)));
        write_answer(&back, text_of(&json), false, true, &s);
        read_back(text_of(&back), true, &arena, &other);
        assert_true(str_equal(other.chat, said.chat));
        struct spoken words = { .text = STR("other \xc3\xa9") };
        write_answer(&changed, text_of(&raw), true, true, &words);
        read_back(text_of(&changed), true, &arena, &other);
        assert_text(
            replies[i].file, other.chat, "{\"role\":\"assistant\",\"content\":\"other \xc3\xa9\"}");
        assert_int_equal(str_find(text_of(&raw), STR("gAAA")) >= 0,
            str_find(text_of(&changed), STR("gAAA")) >= 0);
    }
}

/* The client sends the items that it got; the next request must be known by them. */
static void an_echo_has_the_key_of_the_reply(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        CLEANUP(buf_done) struct buf raw = { 0 }, json = { 0 }, body = { 0 };
        CLEANUP(arena_done) struct arena arena = { 0 };
        load(&raw, replies[i].file);
        struct protocol_said said;
        read_back(text_of(&raw), true, &arena, &said);
        struct spoken s = spoken_of(said.chat, &arena);
        write_answer(&json, text_of(&raw), true, false, &s);
        struct str output = json_get(json_read(&arena, text_of(&json), NULL, NULL), "output")->raw;
        buf_text(&body, "{\"model\":\"m\",\"input\":");
        buf_str(&body, output);
        buf_char(&body, '}');
        struct protocol_request *request;
        const struct protocol_view *view =
            read_request(&request, replies[i].file, text_of(&body), &arena);
        struct digest key = protocol_key(said.chat, &arena);
        assert_int_equal(view->messages_count, 1);
        assert_true(hash_equal(&key, &view->messages[0].key));
    }
}

/* Clients count on numbers without gaps, and on the last event saying what those before it said. */
static void events_of_an_answer_are_numbered(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf raw = { 0 }, changed = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    load(&raw, "text_tool.sse");
    struct protocol_said said;
    read_back(text_of(&raw), true, &arena, &said);
    struct spoken s = spoken_of(said.chat, &arena);
    s.text = STR("");
    s.calls[1].args = STR("{\"input\":\"*** End\"}");
    s.calls[s.count++] = (struct protocol_call){ STR("n"), STR("g"), STR("[") };
    write_answer(&changed, text_of(&raw), true, true, &s);
    struct str rest = text_of(&changed);
    uint32_t number = 0;
    for (ptrdiff_t at; (at = str_find(rest, STR("\"sequence_number\":"))) >= 0; number++) {
        rest.at += at + 18;
        rest.size -= (size_t)at + 18;
        assert_int_equal(strtol(rest.at, NULL, 10), number);
    }
    assert_int_equal(number, 2 + 6 + 5 + 4 + 4 + 1);
    struct str all = text_of(&changed);
    assert_true(str_find(all, STR("\"output_index\":1,\"item\":{\"id\":\"fc_1\"")) > 0);
    assert_true(
        str_find(all, STR("{\"id\":\"ct_1\",\"type\":\"custom_tool_call\",\"status\":"
                          "\"completed\",\"input\":\"*** End\",\"call_id\":\"call_2\"")) > 0);
    assert_true(str_find(all, STR("\"own\":[1.0],\"output\":[{\"id\":\"rs_1\"")) > 0);
}

/* "" and {} are the same arguments: a reply is not written again for them. */
static void no_arguments_are_no_change(void **state)
{
    (void)state;
    static const char raw[] = "{\"output\": [" BARE_CALL "] }";
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct protocol_said said;
    read_back(STR(raw), false, &arena, &said);
    struct spoken s = spoken_of(said.chat, &arena);
    assert_text("args", s.calls[0].args, "{}");
    write_answer(&out, STR(raw), false, false, &s);
    assert_text("same", text_of(&out), raw);
}

static void an_answer_of_another_protocol_is_made(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct protocol_call call = { STR("c"), STR("f"), STR("{}") };
    struct protocol_answer answer = {
        .protocol = PROTOCOL_RESPONSES,
        .model = STR("asked"),
        .id = STR("resp_9"),
        .calls = &call,
        .calls_count = 1,
        .from_protocol = PROTOCOL_MESSAGES,
        .from = STR("{\"id\":\"msg_1\",\"content\":[],\"stop_reason\":\"max_tokens\",\"usage\":{"
                    "\"input_tokens\":2,\"output_tokens\":3}}"),
        .at_s = 5,
    };
    struct err err = { 0 };
    assert_int_equal(protocol_answer_write(&out, &answer, &err), 0);
    assert_text("made", text_of(&out),
        "{\"id\":\"resp_9\",\"object\":\"response\",\"created_at\":5,\"status\":\"incomplete\","
        "\"error\":null,\"incomplete_details\":{\"reason\":\"max_output_tokens\"},"
        "\"instructions\":null,\"max_output_tokens\":null,\"model\":\"asked\",\"output\":[{"
        "\"type\":\"function_call\",\"id\":\"fc_c\",\"status\":\"completed\",\"call_id\":\"c\","
        "\"name\":\"f\",\"arguments\":\"{}\"}],\"parallel_tool_calls\":true,"
        "\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},"
        "\"store\":false,\"temperature\":1,\"text\":{\"format\":{\"type\":\"text\"}},"
        "\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1,\"truncation\":\"disabled\",\"usage\":{"
        "\"input_tokens\":2,\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":3,"
        "\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":5},\"user\":null,"
        "\"metadata\":{}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_chat_messages),
        cmocka_unit_test(the_reply_before_is_told),
        cmocka_unit_test(what_is_no_request_is_refused_with_its_place),
        cmocka_unit_test(a_message_has_a_bound_of_calls),
        cmocka_unit_test(an_edit_changes_nothing_else),
        cmocka_unit_test(a_text_alone_can_be_added_to),
        cmocka_unit_test(tools_are_spliced),
        cmocka_unit_test(a_fresh_request_is_a_row_of_items),
        cmocka_unit_test(a_changed_message_brings_no_address),
        cmocka_unit_test(recorded_replies_say_the_same_wherever_they_are_cut),
        cmocka_unit_test(a_stream_that_ends_early_is_no_reply),
        cmocka_unit_test(what_one_event_leaves_out_another_says),
        cmocka_unit_test(what_is_no_reply_is_refused),
        cmocka_unit_test(the_recorded_error_is_one),
        cmocka_unit_test(answers_say_what_they_shall),
        cmocka_unit_test(an_echo_has_the_key_of_the_reply),
        cmocka_unit_test(events_of_an_answer_are_numbered),
        cmocka_unit_test(no_arguments_are_no_change),
        cmocka_unit_test(an_answer_of_another_protocol_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
