/* messages*.c: Anthropic requests are read, left alone to the byte and changed in one place only;
 * replies as they were recorded say the same however they are cut; answers can be read again. */
#include "protocol/protocol.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
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

#define ASK(rest) "{\"model\":\"m\",\"max_tokens\":9," rest "}"
#define WEATHER                                                                                    \
    "{\"name\":\"weather\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"}}"
#define CHAT_WEATHER                                                                               \
    "{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"description\":\"d\","             \
    "\"parameters\":{\"type\":\"object\"}}}"

static const struct request_row {
    const char *name, *body;
    const char *chat; /* messages, one a line */
    const char
        *flags; /* a letter each: p a person's, u of the user, m the model's, r, f failed, s */
    const char *tools;
} requests[] = {
    { "a text", ASK("\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"),
        "{\"role\":\"user\",\"content\":\"hi\"}\n", "p", "" },
    { "system as a text and as blocks",
        ASK("\"system\":[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{}},{\"type\":"
            "\"text\",\"text\":\"b\"}],\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"),
        "{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
        "\"text\":\"b\"}]}\n{\"role\":\"user\",\"content\":\"hi\"}\n",
        "sp", "" },
    { "an empty system is none",
        ASK("\"system\":\"\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"),
        "{\"role\":\"user\",\"content\":\"hi\"}\n", "p", "" },
    { "thinking is not said, text and calls are",
        ASK("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"q\"}]},{"
            "\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\","
            "\"signature\":\"x\"},{\"type\":\"text\",\"text\":\"let \\u00e9\"},{\"type\":\"text\","
            "\"text\":\"me\"},{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":\"weather\",\"input\":{"
            "\"a\": 1.0}}]}]"),
        "{\"role\":\"user\",\"content\":\"q\"}\n"
        "{\"role\":\"assistant\",\"content\":\"let \\u00e9me\",\"tool_calls\":[{\"id\":\"c1\","
        "\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"{\\\"a\\\": "
        "1.0}\"}}]}\n",
        "pm", "" },
    { "results and the text beside them",
        ASK("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
            "\"tool_use_id\":\"c1\",\"content\":\"20\"},{\"type\":\"tool_result\",\"tool_use_id\":"
            "\"c2\",\"is_error\":true,\"content\":[{\"type\":\"text\",\"text\":\"no\"}]},{\"type\":"
            "\"text\",\"text\":\"go on\"}]}]"),
        "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"20\"}\n"
        "{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"no\"}\n"
        "{\"role\":\"user\",\"content\":\"go on\"}\n",
        "rfu", "" },
    { "pictures",
        ASK("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{"
            "\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"QQ==\"}},{\"type\":"
            "\"text\",\"text\":\"what\"}]}]"),
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
        "\"data:image/png;base64,QQ==\"}},{\"type\":\"text\",\"text\":\"what\"}]}\n",
        "p", "" },
    { "a document without the mark of the client's cache",
        ASK("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\",\"a\":1.0,"
            "\"cache_control\":{\"type\":\"ephemeral\"},\"title\":\"t\"}]}]"),
        "{\"role\":\"user\",\"content\":[{\"type\":\"document\",\"a\":1.0,\"title\":\"t\"}]}\n",
        "p", "" },
    { "a system text in the middle",
        ASK("\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"system\","
            "\"content\":[{\"type\":\"text\",\"text\":\"now\"}]}]"),
        "{\"role\":\"user\",\"content\":\"hi\"}\n{\"role\":\"system\",\"content\":\"now\"}\n", "ps",
        "" },
    { "tools; one of the provider's own has no chat form",
        ASK("\"tools\":[" WEATHER ",{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}],"
            "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"),
        "{\"role\":\"user\",\"content\":\"hi\"}\n", "p", "[" CHAT_WEATHER "]" },
};

static char flag_of(const struct protocol_message *message)
{
    if (message->user)
        return 'p';
    if (message->model)
        return 'm';
    if (message->failed)
        return 'f';
    if (str_find(message->chat, STR("\"role\":\"tool\"")) == 1)
        return 'r';
    return str_find(message->chat, STR("\"role\":\"user\"")) == 1 ? 'u' : 's';
}

static void requests_are_chat_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf chat = { 0 }, flags = { 0 };
        struct protocol_request *request;
        struct err err = { 0 };
        int r = protocol_request_read(
            &request, PROTOCOL_MESSAGES, str_of(requests[i].body), &arena, &err);
        if (r < 0)
            fail_msg("%s: %s", requests[i].name, err.text);
        const struct protocol_view *view = protocol_request_view(request);
        for (uint32_t k = 0; k < view->messages_count; k++) {
            buf_str(&chat, view->messages[k].chat);
            buf_char(&chat, '\n');
            buf_char(&flags, flag_of(&view->messages[k]));
        }
        assert_text(requests[i].name, text_of(&chat), requests[i].chat);
        assert_text(requests[i].name, text_of(&flags), requests[i].flags);
        assert_text(requests[i].name, view->tools, requests[i].tools);
        assert_text(requests[i].name, view->model, "m");
    }
}

static const struct refused_row {
    const char *name, *body, *where;
} refused[] = {
    { "no messages", ASK("\"system\":\"a\""), "$" },
    { "messages that are no list", ASK("\"messages\":{}"), "$" },
    { "a message without content", ASK("\"messages\":[{\"role\":\"user\"}]"), "$.messages[0]" },
    { "a role of another protocol", ASK("\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]"),
        "$.messages[0]" },
    { "a block that is a text", ASK("\"messages\":[{\"role\":\"user\",\"content\":[\"x\"]}]"),
        "$.messages[0].content[0]" },
    { "a result of nothing",
        ASK("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"}]}]"),
        "$.messages[0].content[0]" },
    { "a result that is a number",
        ASK("\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
            "\"tool_use_id\":\"c\",\"content\":1}]}]"),
        "$.messages[0].content[0].content" },
    { "system as a number", ASK("\"system\":1,\"messages\":[]"), "$.system" },
};

static void what_is_no_request_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct protocol_request *request;
        struct err err = { 0 };
        int r = protocol_request_read(
            &request, PROTOCOL_MESSAGES, str_of(refused[i].body), &arena, &err);
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
    buf_text(&body, "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":[");
    for (int i = 0; i < 1025; i++)
        buf_format(&body, "%s{\"type\":\"tool_use\",\"name\":\"f\"}", i ? "," : "");
    buf_text(&body, "]}]}");
    struct protocol_request *request;
    struct err err = { 0 };
    assert_int_equal(
        protocol_request_read(&request, PROTOCOL_MESSAGES, text_of(&body), &arena, &err),
        -ERR_INPUT);
    assert_text("place", str_of(err.where), "$.messages[0].content[1024]");
}

/* --- editing */

#define U(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define CALL(id)                                                                                   \
    "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{ \"x\" : 1.0 }}"
#define THINK "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"sig==\"}"
#define RESULT(id, text)                                                                           \
    "{\"type\":\"tool_result\", \"cache_control\":{}, \"tool_use_id\":\"" id                       \
    "\",\"content\":\"" text "\"}"
/* 0 system, 1 user, 2 assistant, 3 and 4 results, 5 the user's text beside them, 6 assistant */
#define SYSTEM "[{\"type\":\"text\",\"text\":\"sys\",\"cache_control\":{}}]"
#define FIRST "{ \"role\":\"user\",\"content\":\"q\" , \"own\":12345678901234567890 }"
#define SECOND                                                                                     \
    "{\"role\":\"assistant\",\"content\":[" THINK                                                  \
    ",{\"type\":\"text\",\"text\":\"ok\"}," CALL("a") "," CALL("b") "]}"
#define TALK(system, list)                                                                         \
    "{ \"model\" : \"m\"," system "\"messages\" : [" list "], \"stream\":true, \"metadata\":{"     \
    "\"a\":1.0,\"a\":null} }\n"
#define WITH_SYSTEM " \"system\": " SYSTEM ","
#define THIRD                                                                                      \
    "{\"role\":\"user\",\"content\":[" RESULT("a", "1") " ,  " RESULT(                             \
        "b", "2") ",{\"type\":\"text\",\"text\":\"more\"}]}"
#define FOURTH "{\"role\":\"assistant\",\"content\":\"done\"}"
static const char conversation[] = TALK(WITH_SYSTEM, FIRST ", " SECOND "," THIRD ",\n " FOURTH);

#define CHAT(n, json)                                                                              \
    {                                                                                              \
        n, 0,                                                                                      \
        {                                                                                          \
            json, sizeof(json) - 1                                                                 \
        }                                                                                          \
    }
static const struct edit_row {
    const char *name;
    struct protocol_part parts[4];
    const char *want;
} edits[] = {
    { "all of it", { { 0, 7, { 0 } } },
        TALK(WITH_SYSTEM, FIRST ", " SECOND "," THIRD ",\n " FOURTH) },
    { "all of it, piece by piece", { { 0, 3, { 0 } }, { 3, 1, { 0 } }, { 4, 3, { 0 } } },
        TALK(WITH_SYSTEM, FIRST ", " SECOND "," THIRD ",\n " FOURTH) },
    { "a result changes its own block",
        { { 0, 3, { 0 } },
            CHAT(0, "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"one\"}"),
            { 4, 3, { 0 } } },
        TALK(WITH_SYSTEM,
            FIRST "," SECOND ",{\"role\":\"user\",\"content\":[" RESULT("a", "one") "," RESULT(
                "b", "2") ",{\"type\":\"text\",\"text\":\"more\"}]}," FOURTH) },
    { "the text of a reply changes; its thinking and calls stay",
        { { 0, 2, { 0 } },
            CHAT(0, "{\"role\":\"assistant\",\"content\":\"fine\",\"tool_calls\":[{\"id\":\"a\","
                    "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{ "
                    "\\\"x\\\" : 1.0 }\"}},{\"id\":\"b\",\"type\":\"function\",\"function\":{"
                    "\"name\":\"f\",\"arguments\":\"{\\\"x\\\":2}\"}}]}"),
            { 3, 4, { 0 } } },
        TALK(WITH_SYSTEM, FIRST ",{\"role\":\"assistant\",\"content\":[" THINK
                                ",{\"type\":\"text\",\"text\":\"fine\"}," CALL(
                                    "a") ",{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"f\","
                                         "\"input\":{\"x\":2}}]}," THIRD "," FOURTH) },
    { "a step is dropped whole", { { 0, 2, { 0 } }, { 6, 1, { 0 } } },
        TALK(WITH_SYSTEM, FIRST "," FOURTH) },
    { "of a message one piece is left", { { 0, 3, { 0 } }, { 4, 1, { 0 } } },
        TALK(WITH_SYSTEM,
            FIRST "," SECOND ",{\"role\":\"user\",\"content\":[" RESULT("b", "2") "]}") },
    { "the system text is dropped", { { 1, 1, { 0 } } }, TALK("", FIRST) },
    { "the system text is another one",
        { CHAT(0, "{\"role\":\"system\",\"content\":\"new\"}"), { 1, 1, { 0 } } },
        TALK(" \"system\": [{\"type\":\"text\",\"text\":\"new\",\"cache_control\":{}}],", FIRST) },
    { "a second system text stands behind the first",
        { { 0, 1, { 0 } }, CHAT(0, "{\"role\":\"system\",\"content\":\"new\"}"), { 1, 1, { 0 } } },
        TALK(" \"system\": "
             "[{\"type\":\"text\",\"text\":\"sys\",\"cache_control\":{}},{\"type\":\"text\","
             "\"text\":\"new\"}],",
            FIRST) },
    { "a hint behind the results stands behind them in their message",
        { { 1, 4, { 0 } }, CHAT(0, "{\"role\":\"system\",\"content\":\"hint\"}") },
        TALK("", FIRST "," SECOND ",{\"role\":\"user\",\"content\":[" RESULT("a", "1") "," RESULT(
                     "b", "2") ",{\"type\":\"text\",\"text\":\"hint\"}]}") },
    { "a hint before the results goes behind them, since they must come first",
        { { 1, 2, { 0 } }, CHAT(0, "{\"role\":\"user\",\"content\":\"hint\"}"), { 3, 2, { 0 } } },
        TALK("", FIRST "," SECOND ",{\"role\":\"user\",\"content\":[" RESULT("a", "1") "," RESULT(
                     "b", "2") ",{\"type\":\"text\",\"text\":\"hint\"}]}") },
    { "a message that says nothing is left out",
        { { 1, 1, { 0 } }, CHAT(0, "{\"role\":\"assistant\",\"content\":null}"), { 6, 1, { 0 } } },
        TALK("", FIRST "," FOURTH) },
};

static void edit(struct buf *out, struct str body, const struct protocol_part *parts,
    uint32_t count, struct str model, struct str tools, int want)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct protocol_request *request;
    struct err err = { 0 };
    if (protocol_request_read(&request, PROTOCOL_MESSAGES, body, &arena, &err) < 0)
        fail_msg("%s %s", err.text, err.where);
    struct protocol_edit how = { parts, count, model, tools };
    int r = protocol_request_edit(out, request, &how, &err);
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
        edit(&out, str_of(conversation), edits[i].parts, count, (struct str){ 0 },
            (struct str){ 0 }, 0);
        assert_text(edits[i].name, text_of(&out), edits[i].want);
    }
}

static void what_nobody_changed_is_the_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        uint32_t count = (uint32_t)strlen(requests[i].flags);
        const struct protocol_part all = { 0, count, { 0 } };
        edit(&out, str_of(requests[i].body), &all, 1, (struct str){ 0 }, (struct str){ 0 }, 0);
        assert_text(requests[i].name, text_of(&out), requests[i].body);
    }
}

static void a_system_text_in_the_middle_changes_there(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct protocol_part parts_there[] = { { 0, 1, { 0 } },
        CHAT(0, "{\"role\":\"system\",\"content\":\"later\"}") };
    edit(&out,
        STR("{\"model\":\"m\",\"messages\":[" U("q") ",{\"role\":\"system\",\"content\":\"now\","
                                                     "\"own\":1}]}"),
        parts_there, 2, (struct str){ 0 }, (struct str){ 0 }, 0);
    assert_text("later", text_of(&out),
        "{\"model\":\"m\",\"messages\":[" U("q") ",{\"role\":\"system\",\"content\":[{\"type\":"
                                                 "\"text\",\"text\":\"later\"}],\"own\":1}]}");
}

static void a_conversation_of_nothing_is_not_sent(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct protocol_part only_system = { 0, 1, { 0 } };
    edit(&out, str_of(conversation), &only_system, 1, (struct str){ 0 }, (struct str){ 0 },
        -ERR_INPUT);
}

static void model_and_tools_are_spliced(void **state)
{
    (void)state;
    static const char own[] = "{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}";
    CLEANUP(buf_done) struct buf body = { 0 }, out = { 0 }, none = { 0 };
    buf_format(&body,
        "{\"tools\": [" WEATHER ", %s] ,\"model\": \"m\",\"tool_choice\":{\"type\":\"auto\"},"
        "\"messages\":[" U("q") "]}",
        own);
    const struct protocol_part all = { 0, 1, { 0 } };
    edit(&out, text_of(&body), &all, 1, STR("other"),
        STR("[{\"type\":\"function\",\"function\":{\"name\":\"g\",\"parameters\":{\"type\":"
            "\"object\",\"a\":1}}}," CHAT_WEATHER "]"),
        0);
    assert_true(str_find(text_of(&out), STR("\"model\": \"other\"")) > 0);
    assert_true(str_find(text_of(&out), STR(WEATHER)) > 0);
    assert_true(str_find(text_of(&out), str_of(own)) > 0);
    assert_true(str_find(text_of(&out), STR("{\"name\":\"g\",\"input_schema\":{\"type\":\"object\","
                                            "\"a\":1}}")) > 0);
    CLEANUP(buf_done) struct buf plain = { 0 };
    buf_text(&plain, "{\"tools\": [" WEATHER "],\"model\":\"m\",\"tool_choice\":{\"type\":\"any\"},"
                     "\"messages\":[" U("q") "]}");
    edit(&none, text_of(&plain), &all, 1, (struct str){ 0 }, STR("[]"), 0);
    assert_text("no tool is left, nor a choice of one", text_of(&none),
        "{\"model\":\"m\",\"messages\":[" U("q") "]}");
}

/* --- fresh requests */

static const struct str fresh_messages[] = {
    { "{\"role\":\"system\",\"content\":\"be kind\"}", 37 },
    { "{\"role\":\"user\",\"content\":\"q\"}", 29 },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/"
      "png;base64,QQ==\"}}]}",
        96 },
    { "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"function\":{"
      "\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}},{\"id\":\"b\",\"function\":{\"name\":\"f\","
      "\"arguments\":\"oops\"}},{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}",
        232 },
    { "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"1\"}", 50 },
    { "{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"\"}", 49 },
    { "{\"role\":\"user\",\"content\":\"and?\"}", 32 },
};

static void a_fresh_request_has_alternating_roles(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str messages[COUNT_OF(fresh_messages)];
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        messages[i] = str_of(fresh_messages[i].at);
    struct protocol_fresh fresh = {
        .protocol = PROTOCOL_MESSAGES,
        .model = STR("m"),
        .messages = messages,
        .messages_count = COUNT_OF(messages),
        .tools = STR("[" CHAT_WEATHER "]"),
        .stream = true,
    };
    struct err err = { 0 };
    assert_int_equal(protocol_request_fresh(&out, &fresh, &err), 0);
    assert_text("fresh", text_of(&out),
        "{\"model\":\"m\",\"max_tokens\":4096,\"system\":[{\"type\":\"text\",\"text\":\"be "
        "kind\"}],"
        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"q\"},{"
        "\"type\":"
        "\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"QQ==\"}}"
        "]},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":"
        "\"f\","
        "\"input\":{\"x\":1}},{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"f\",\"input\":{"
        "\"_raw\":\"oops\"}},{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{}}]},{"
        "\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"a\","
        "\"content\":\"1\"},{\"type\":\"tool_result\",\"tool_use_id\":\"b\",\"content\":\"\"},{"
        "\"type\":\"text\",\"text\":\"and?\"}]}],\"tools\":[" WEATHER "],\"stream\":true}");
}

/* A changed message comes from a plugin: it may bring text and pictures that need no address. */
static const struct part_row {
    const char *name, *part;
    const char *want; /* what is sent, or NULL: denied */
} parts[] = {
    { "a text", "{\"type\":\"text\",\"text\":\"t\",\"own\":1}",
        "{\"type\":\"text\",\"text\":\"t\"}" },
    { "the document that was there",
        "{\"type\":\"document\",\"source\":{\"type\":\"url\",\"url\":\"http://d/\"}}",
        "{\"type\":\"document\",\"source\":{\"type\":\"url\",\"url\":\"http://d/\"}}" },
    { "the picture that was there",
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://p/\"}}",
        "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"http://p/\"}, \"c\":1}" },
    { "another document",
        "{\"type\":\"document\",\"source\":{\"type\":\"url\",\"url\":\"http://e/\"}}", NULL },
    { "another picture's address", "{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://q/\"}}",
        NULL },
    { "a picture without its type", "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:x\"}}",
        NULL },
    { "a sound", "{\"type\":\"input_audio\"}", NULL },
    { "a part that is none", "1", NULL },
};

static void a_changed_message_brings_no_address(void **state)
{
    (void)state;
    static const char body[] =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\","
        "\"source\":{\"type\":\"url\",\"url\":\"http://d/\"}},{\"type\":\"image\",\"source\":{"
        "\"type\":\"url\",\"url\":\"http://p/\"}, \"c\":1}]}]}";
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        CLEANUP(buf_done) struct buf out = { 0 }, chat = { 0 }, want = { 0 };
        buf_format(&chat, "{\"role\":\"user\",\"content\":[%s]}", parts[i].part);
        const struct protocol_part part = { .chat = text_of(&chat) };
        edit(&out, STR(body), &part, 1, (struct str){ 0 }, (struct str){ 0 },
            parts[i].want ? 0 : -ERR_DENIED);
        if (!parts[i].want)
            continue;
        buf_format(&want, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[%s]}]}",
            parts[i].want);
        assert_text(parts[i].name, text_of(&out), want.at);
        struct str message = text_of(&chat);
        struct protocol_fresh fresh = {
            .protocol = PROTOCOL_MESSAGES, .messages = &message, .messages_count = 1
        };
        int r = protocol_request_fresh(&out, &fresh, NULL);
        assert_int_equal(r, i == 0 ? 0 : -ERR_DENIED);
    }
}

/* --- replies */

#define CALLS(list) ",\"tool_calls\":[" list "]"
static const struct reply_row {
    const char *file, *chat, *id, *finish;
    uint64_t input, output;
} replies[] = {
    { "text_ping.sse", NULL, NULL, "end_turn", 0, 0 },
    { "tool_use.sse", NULL, "msg_0138UNF3YbNp49KkqZtUBWqz", "tool_use", 506, 0 },
    { "thinking.sse", NULL, "msg_01SZKz6DEhWnfZcxPQDQz49Y", "end_turn", 52, 0 },
    { "thinking_redacted.sse", NULL, "msg_018XZkwvj9asBiffg3fXt88s", "end_turn", 92, 0 },
    { "thinking_server_tool.sse", NULL, "msg_01Js8aWE7YbmiaUPneGiCskE", "end_turn", 4714, 304 },
    { "tool_search_server_tool.sse",
        "{\"role\":\"assistant\",\"content\":\"Let me search for a tool that can provide current "
        "exchange rate information.I found the right tool! Let me fetch the current USD to EUR "
        "exchange rate for you.\",\"tool_calls\":[{\"id\":\"toolu_01EFn5wTNBYA8Reni8rbmnHT\","
        "\"type\":\"function\",\"function\":{\"name\":\"get_exchange_rate\",\"arguments\":\"{"
        "\\\"from_currency\\\": \\\"USD\\\", \\\"to_currency\\\": \\\"EUR\\\"}\"}}]}",
        "msg_01E3Wn1NynZw9FALZ68znj9S", "tool_use", 1591, 175 },
    { "refusal.sse", "{\"role\":\"assistant\",\"content\":\"\"}", "msg_01RefusalStreamAbcdefghijk",
        "refusal", 18, 0 },
    { "tool_no_args.sse",
        "{\"role\":\"assistant\",\"content\":\"I'll update the issue list for "
        "you.\",\"tool_calls\":"
        "[{\"id\":\"toolu_01QE1WLsSVp5hy5Q3GmGTmjP\",\"type\":\"function\",\"function\":{\"name\":"
        "\"updateIssueList\",\"arguments\":\"{}\"}}]}",
        "msg_01GE2RKp1VYsPzdFs3sS9z5S", "tool_use", 565, 48 },
    { "duplicate_start.sse", "{\"role\":\"assistant\",\"content\":\"Hello, World!\"}", "msg_dup",
        "end_turn", 17, 227 },
};

static void load(struct buf *out, const char *file)
{
    CLEANUP(mem_freep)
    char *path = mem_format("%s/tests/data/wire/messages/%s", MOULT_SOURCE_DIR, file);
    struct err err;
    if (file_read(path, out, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
}

static int read_reply(struct str raw, bool stream, size_t cut, struct arena *arena,
    struct protocol_said *said, struct err *err)
{
    struct protocol_reply *reply = protocol_reply_new(PROTOCOL_MESSAGES, stream);
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
        if (row->id)
            assert_text(row->file, first.id, row->id);
        assert_text(row->file, first.finish, row->finish);
        assert_true(row->input == 0 || first.usage.input == row->input);
        assert_true(row->output == 0 || first.usage.output == row->output);
        assert_true(str_equal(first.raw, text_of(&raw)));
        for (size_t cut = 1; cut < raw.size; cut++) {
            struct arena_mark mark = arena_mark(&arena);
            assert_int_equal(read_reply(text_of(&raw), true, cut, &arena, &said, &err), 0);
            assert_true(str_equal(said.chat, first.chat));
            arena_release(&arena, mark);
        }
    }
}

/* Everything up to the stop reason is needed; what ends before it was cut off. */
static void a_stream_that_ends_early_is_no_reply(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(replies); i++) {
        CLEANUP(buf_done) struct buf raw = { 0 };
        load(&raw, replies[i].file);
        ptrdiff_t end = str_find(text_of(&raw), STR("event: message_delta"));
        assert_true(end > 0);
        for (size_t size = 0; size < (size_t)end; size++) {
            CLEANUP(arena_done) struct arena arena = { 0 };
            struct protocol_said said;
            struct err err = { 0 };
            struct str part = { raw.at, size };
            assert_int_equal(read_reply(part, true, 0, &arena, &said, &err), -ERR_INPUT);
        }
    }
}

static void a_stream_says_its_own_end(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf raw = { 0 };
    load(&raw, "text_ping.sse");
    struct protocol_reply *reply = protocol_reply_new(PROTOCOL_MESSAGES, true);
    struct str all = text_of(&raw);
    assert_int_equal(protocol_reply_feed(reply, (struct str){ all.at, all.size - 1 }, NULL), 0);
    assert_false(protocol_reply_complete(reply));
    assert_int_equal(protocol_reply_feed(reply, (struct str){ all.at + all.size - 1, 1 }, NULL), 0);
    assert_true(protocol_reply_complete(reply));
    protocol_reply_free(reply);
}

#define EVENT(json) "data: " json "\n\n"
#define BEGIN EVENT("{\"type\":\"message_start\",\"message\":{\"id\":\"x\"}}")
static const struct bad_row {
    const char *name;
    bool stream;
    const char *raw;
    int want;
    uint8_t error_class;
} bad[] = {
    { "an error in place of a reply", false,
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
        -ERR_PEER, PROTOCOL_OVERLOADED },
    { "an error in the middle of a stream", true,
        BEGIN EVENT("{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}"), -ERR_PEER,
        PROTOCOL_RATE_LIMIT },
    { "a body that is no reply", false, "{\"ok\":true}", -ERR_INPUT, 0 },
    { "half a body", false, "{\"content\":[", -ERR_INPUT, 0 },
    { "nothing", false, "", -ERR_INPUT, 0 },
    { "an event that is no JSON", true, BEGIN EVENT("{nope"), -ERR_INPUT, 0 },
    { "a fragment for a block that was not begun", true,
        BEGIN EVENT("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
                    "\"text_delta\",\"text\":\"a\"}}"),
        -ERR_INPUT, 0 },
    { "a fragment without an index", true,
        BEGIN EVENT("{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\"}}"),
        -ERR_INPUT, 0 },
    { "a block without a block", true,
        BEGIN EVENT("{\"type\":\"content_block_start\",\"index\":0}"), -ERR_INPUT, 0 },
    { "a call without a name", false,
        "{\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"\",\"input\":{}}]}",
        -ERR_INPUT, 0 },
};

static void what_is_no_reply_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct protocol_said said = { 0 };
        struct err err = { 0 };
        int r = read_reply(str_of(bad[i].raw), bad[i].stream, 0, &arena, &said, &err);
        if (r != bad[i].want || said.error_class != bad[i].error_class)
            fail_msg("%s: %d, class %d", bad[i].name, r, said.error_class);
    }
}

static void too_many_blocks_are_refused(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf raw = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    for (int i = 0; i < 1100; i++)
        buf_text(&raw, EVENT("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{"
                             "\"type\":\"tool_use\",\"name\":\"f\",\"id\":\"a\"}}"));
    struct protocol_said said;
    assert_int_equal(read_reply(text_of(&raw), true, 0, &arena, &said, NULL), -ERR_LIMIT);
}

/* --- answers */

static int write_answer(struct buf *out, struct str from, bool from_stream, bool stream,
    struct str text, const struct protocol_call *calls, uint32_t count)
{
    struct protocol_answer answer = {
        .protocol = PROTOCOL_MESSAGES,
        .stream = stream,
        .model = STR("asked"),
        .id = STR("msg_1"),
        .text = text,
        .calls = calls,
        .calls_count = count,
        .from_protocol = PROTOCOL_MESSAGES,
        .from_stream = from_stream,
        .from = from,
    };
    struct err err = { 0 };
    int r = protocol_answer_write(out, &answer, &err);
    if (r < 0)
        print_error("%s\n", err.text);
    return r;
}

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

static void read_back(struct str raw, bool stream, struct arena *arena, struct protocol_said *said)
{
    struct err err = { 0 };
    if (read_reply(raw, stream, 0, arena, said, &err) < 0)
        fail_msg("%s\n%.*s", err.text, (int)raw.size, raw.at);
}

/* Every recorded reply, as a stream and as JSON, unchanged and with other words. */
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
        assert_int_equal(
            write_answer(&same, text_of(&raw), true, true, s.text, s.calls, s.count), 0);
        assert_true(str_equal(text_of(&same), text_of(&raw)));
        assert_int_equal(
            write_answer(&json, text_of(&raw), true, false, s.text, s.calls, s.count), 0);
        read_back(text_of(&json), false, &arena, &other);
        assert_true(str_equal(other.chat, said.chat) && str_equal(other.id, said.id));
        assert_true(str_equal(other.finish, said.finish));
        assert_true(
            other.usage.input == said.usage.input && other.usage.output == said.usage.output);
        assert_int_equal(
            write_answer(&again, text_of(&json), false, false, s.text, s.calls, s.count), 0);
        assert_true(str_equal(text_of(&again), text_of(&json)));
        assert_int_equal(
            write_answer(&back, text_of(&json), false, true, s.text, s.calls, s.count), 0);
        read_back(text_of(&back), true, &arena, &other);
        assert_true(str_equal(other.chat, said.chat) && str_equal(other.finish, said.finish));
        assert_int_equal(
            write_answer(&changed, text_of(&raw), true, true, STR("other \xc3\xa9"), NULL, 0), 0);
        read_back(text_of(&changed), true, &arena, &other);
        assert_text(
            replies[i].file, other.chat, "{\"role\":\"assistant\",\"content\":\"other \xc3\xa9\"}");
        assert_text(replies[i].file, other.finish,
            str_equal(said.finish, STR("refusal")) ? "refusal" : "end_turn");
        assert_int_equal(str_find(text_of(&raw), STR("signature_delta")) >= 0,
            str_find(text_of(&changed), STR("signature_delta")) >= 0);
    }
}

/* The client sends the blocks that it got; the next request must be known by them. */
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
        assert_int_equal(
            write_answer(&json, text_of(&raw), true, false, s.text, s.calls, s.count), 0);
        struct str content =
            json_get(json_read(&arena, text_of(&json), NULL, NULL), "content")->raw;
        buf_text(&body, "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":");
        buf_str(&body, content);
        buf_text(&body, "}]}");
        struct protocol_request *request;
        assert_int_equal(
            protocol_request_read(&request, PROTOCOL_MESSAGES, text_of(&body), &arena, NULL), 0);
        struct digest key = protocol_key(said.chat, &arena);
        if (!hash_equal(&key, &protocol_request_view(request)->messages[0].key))
            fail_msg("%s\n%.*s", replies[i].file, (int)said.chat.size, said.chat.at);
    }
}

static const struct answer_row {
    const char *name, *from;
    bool from_stream, stream;
    const char *text;
    struct protocol_call calls[2];
    uint32_t count;
    const char *want;
} answers[] = {
    { "a made one", "", false, false, "hi", { { { 0 }, { 0 }, { 0 } } }, 0,
        "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"asked\","
        "\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"stop_reason\":\"end_turn\","
        "\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}" },
    { "a call is added in front of nobody's text; the stop reason follows",
        "{\"id\":\"x\", \"content\": [{\"type\":\"text\",\"text\":\"a\"}],\"own\":1.0,"
        "\"stop_reason\":\"end_turn\"}",
        false, false, "a", { { STR("c"), STR("f"), STR("{}") } }, 1,
        "{\"id\":\"x\", \"content\": [{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"tool_use\","
        "\"id\":\"c\",\"name\":\"f\",\"input\":{}}],\"own\":1.0,\"stop_reason\":\"tool_use\"}" },
    { "a changed call keeps its other members; a text comes before it",
        "{\"content\":[" THINK
        ",{\"type\":\"tool_use\",\"id\":\"c\",\"caller\":{ },\"name\":\"f\",\"input\":{\"a\":1}}],"
        "\"stop_reason\":\"tool_use\"}",
        false, false, "so", { { STR("c"), STR("g"), STR("{\"a\":[1]}") } }, 1,
        "{\"content\":[" THINK ",{\"type\":\"text\",\"text\":\"so\"},{\"type\":\"tool_use\",\"id\":"
        "\"c\",\"caller\":{ "
        "},\"name\":\"g\",\"input\":{\"a\":[1]}}],\"stop_reason\":\"tool_use\"}" },
    { "a dropped call; the reply was cut at the most tokens",
        "{\"content\":[{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{}}],"
        "\"stop_reason\":\"max_tokens\"}",
        false, false, "", { { { 0 }, { 0 }, { 0 } } }, 0,
        "{\"content\":[],\"stop_reason\":\"max_tokens\"}" },
    { "what comes behind a dropped block moves up",
        EVENT("{\"type\":\"message_start\",\"message\":{\"id\":\"x\"}}") EVENT(
            "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
            "\"text\":\"\"}}") EVENT("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{"
                                     "\"type\":\"text_delta\",\"text\":\"a\"}}")
            EVENT("{\"type\":\"content_block_stop\",\"index\":0}") EVENT(
                "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":"
                "\"new\"}}") EVENT("{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{"
                                   "\"type\":\"new_delta\",\"n\":1.0}}")
                EVENT("{\"type\":\"content_block_stop\",\"index\":1}")
                    EVENT("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}")
                        EVENT("{\"type\":\"message_stop\"}"),
        true, true, "", { { { 0 }, { 0 }, { 0 } } }, 0,
        EVENT(
            "{\"type\":\"message_start\",\"message\":{\"id\":\"x\"}}") "event: "
                                                                       "content_block_"
                                                                       "start\n" EVENT(
                                                                           "{\"type\":"
                                                                           "\"content_"
                                                                           "block_"
                                                                           "start\","
                                                                           "\"index\":"
                                                                           "0,"
                                                                           "\"content_"
                                                                           "block\":{"
                                                                           "\"type\":"
                                                                           "\"new\"}}") "event: "
                                                                                        "content_"
                                                                                        "block_"
                                                                                        "delta"
                                                                                        "\n" EVENT(
                                                                                            "{\"t"
                                                                                            "ype"
                                                                                            "\":"
                                                                                            "\"co"
                                                                                            "nten"
                                                                                            "t_"
                                                                                            "bloc"
                                                                                            "k_"
                                                                                            "delt"
                                                                                            "a\","
                                                                                            "\"in"
                                                                                            "dex"
                                                                                            "\":"
                                                                                            "0,"
                                                                                            "\"de"
                                                                                            "lta"
                                                                                            "\":{"
                                                                                            "\"ty"
                                                                                            "pe\""
                                                                                            ":\"n"
                                                                                            "ew_"
                                                                                            "delt"
                                                                                            "a\","
                                                                                            "\"n"
                                                                                            "\":"
                                                                                            "1.0}"
                                                                                            "}") "e"
                                                                                                 "v"
                                                                                                 "e"
                                                                                                 "n"
                                                                                                 "t"
                                                                                                 ":"
                                                                                                 " "
                                                                                                 "c"
                                                                                                 "o"
                                                                                                 "n"
                                                                                                 "t"
                                                                                                 "e"
                                                                                                 "n"
                                                                                                 "t"
                                                                                                 "_"
                                                                                                 "b"
                                                                                                 "l"
                                                                                                 "o"
                                                                                                 "c"
                                                                                                 "k"
                                                                                                 "_"
                                                                                                 "s"
                                                                                                 "t"
                                                                                                 "o"
                                                                                                 "p"
                                                                                                 "\n" EVENT(
                                                                                                     "{\"type\":\"content_block_stop\","
                                                                                                     "\"index\":0}") "event: message_delta\n" EVENT("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}")
                                                                                                     EVENT(
                                                                                                         "{\"typ"
                                                                                                         "e\":"
                                                                                                         "\"mess"
                                                                                                         "age_"
                                                                                                         "stop\""
                                                                                                         "}") },
};

static void an_answer_keeps_what_is_not_its_business(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        const struct answer_row *row = &answers[i];
        CLEANUP(buf_done) struct buf out = { 0 };
        assert_int_equal(write_answer(&out, str_of(row->from), row->from_stream, row->stream,
                             str_of(row->text), row->calls, row->count),
            0);
        assert_text(row->name, text_of(&out), row->want);
    }
}

/* Arguments that are no JSON pass while nobody changes them. */
static void a_broken_call_passes_as_it_came(void **state)
{
    (void)state;
    static const char raw[] = BEGIN EVENT(
        "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\","
        "\"id\":\"c\",\"name\":\"f\",\"input\":{}}}")
        EVENT("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
              "\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":\"}}")
            EVENT("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"}}")
                EVENT("{\"type\":\"message_stop\"}");
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct protocol_said said;
    read_back(STR(raw), true, &arena, &said);
    struct spoken s = spoken_of(said.chat, &arena);
    assert_text("broken", s.calls[0].args, "{\"a\":");
    assert_int_equal(write_answer(&out, STR(raw), true, true, s.text, s.calls, s.count), 0);
    assert_text("broken", text_of(&out), raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_chat_messages),
        cmocka_unit_test(what_is_no_request_is_refused_with_its_place),
        cmocka_unit_test(a_message_has_a_bound_of_calls),
        cmocka_unit_test(an_edit_changes_nothing_else),
        cmocka_unit_test(what_nobody_changed_is_the_body),
        cmocka_unit_test(a_system_text_in_the_middle_changes_there),
        cmocka_unit_test(a_conversation_of_nothing_is_not_sent),
        cmocka_unit_test(model_and_tools_are_spliced),
        cmocka_unit_test(a_fresh_request_has_alternating_roles),
        cmocka_unit_test(a_changed_message_brings_no_address),
        cmocka_unit_test(recorded_replies_say_the_same_wherever_they_are_cut),
        cmocka_unit_test(a_stream_that_ends_early_is_no_reply),
        cmocka_unit_test(a_stream_says_its_own_end),
        cmocka_unit_test(what_is_no_reply_is_refused),
        cmocka_unit_test(too_many_blocks_are_refused),
        cmocka_unit_test(answers_say_what_they_shall),
        cmocka_unit_test(an_echo_has_the_key_of_the_reply),
        cmocka_unit_test(an_answer_keeps_what_is_not_its_business),
        cmocka_unit_test(a_broken_call_passes_as_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
