/* stream.c and protocol_reply_text: an answer told bit by bit says what it would have said at once,
 * in each protocol, from a provider of each; and what was told is not taken back. */
#include "base/file.h"
#include "base/mem.h"
#include "protocol/protocol.h"

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

static struct str sample(const char *name)
{
    struct err err = { 0 };
    CLEANUP(buf_done) struct buf bytes = { 0 };
    char *path = mem_format("%s/tests/data/wire/%s", MOULT_SOURCE_DIR, name);
    if (file_read(path, &bytes, 1 << 20, &err) < 0)
        fail_msg("%s: %s", path, err.text);
    free(path);
    return (struct str){ arena_copy(&arena, bytes.at, bytes.size), bytes.size };
}

static const struct recorded {
    const char *name;
    enum protocol protocol;
} recorded[] = {
    { "chat/stream_text_usage.sse", PROTOCOL_CHAT },
    { "chat/stream_calls_parallel.sse", PROTOCOL_CHAT },
    { "chat/stream_fallback.sse", PROTOCOL_CHAT },
    { "chat/stream_deepseek.sse", PROTOCOL_CHAT },
    { "messages/text_ping.sse", PROTOCOL_MESSAGES },
    { "messages/thinking.sse", PROTOCOL_MESSAGES },
    { "messages/thinking_server_tool.sse", PROTOCOL_MESSAGES },
    { "messages/tool_no_args.sse", PROTOCOL_MESSAGES },
    { "messages/tool_use.sse", PROTOCOL_MESSAGES },
    { "messages/refusal.sse", PROTOCOL_MESSAGES },
    { "responses/text_tool.sse", PROTOCOL_RESPONSES },
    { "responses/parallel_wrapper.sse", PROTOCOL_RESPONSES },
};

/* --- what a reply says */

static void read_back(struct protocol_said *said, enum protocol protocol, const struct buf *bytes)
{
    struct err err = { 0 };
    struct protocol_reply *reply = protocol_reply_new(protocol, true);
    protocol_reply_feed(reply, buf_view(bytes), NULL);
    if (protocol_reply_end(reply, &arena, said, &err) < 0)
        fail_msg("%s: %s\n%s", protocol_words[protocol], err.text, bytes->at);
    assert_true(protocol_reply_complete(reply));
    protocol_reply_free(reply);
}

/* Text and calls of an assistant message. */
static void say(struct protocol_answer *answer, struct str chat)
{
    const struct json *root = json_read(&arena, chat, NULL, NULL);
    const struct json *calls = json_get(root, "tool_calls");
    struct protocol_call *list = arena_alloc(&arena, (calls ? calls->count : 0) * sizeof *list + 1);
    answer->text = json_string(&arena, json_get(root, "content"));
    answer->calls = list;
    JSON_EACH(call, calls)
    {
        const struct json *function = json_get(call, "function");
        list[answer->calls_count++] = (struct protocol_call){
            .id = json_string(&arena, json_get(call, "id")),
            .name = json_string(&arena, json_get(function, "name")),
            .args = json_string(&arena, json_get(function, "arguments")),
        };
    }
}

/* The provider's bytes in pieces of `step`, each new text told as it comes. */
static struct protocol_said pass_on(struct buf *out, struct protocol_stream *stream,
    enum protocol protocol, struct str bytes, size_t step)
{
    struct err err = { 0 };
    struct protocol_said said;
    struct protocol_reply *reply = protocol_reply_new(protocol, true);
    CLEANUP(buf_done) struct buf told = { 0 };
    for (size_t at = 0; at < bytes.size; at += step) {
        size_t size = bytes.size - at < step ? bytes.size - at : step;
        assert_int_equal(protocol_reply_feed(reply, (struct str){ bytes.at + at, size }, &err), 0);
        struct str text = protocol_reply_text(reply);
        assert_true(str_starts(text, buf_view(&told)));
        struct str more = { text.at + told.size, text.size - told.size };
        assert_true(str_utf8(more));
        if (more.size == 0)
            continue;
        protocol_stream_text(out, stream, more);
        buf_str(&told, more);
    }
    if (protocol_reply_end(reply, &arena, &said, &err) < 0)
        fail_msg("%s", err.text);
    protocol_reply_free(reply);
    return said;
}

/* --- recorded streams */

static bool same_json(struct str a, struct str b)
{
    return json_equal(json_read(&arena, a, NULL, NULL), json_read(&arena, b, NULL, NULL));
}

static void check_same(const struct recorded *row, enum protocol protocol, size_t step,
    const struct buf *streamed, const struct buf *at_once)
{
    struct protocol_said one, other;
    read_back(&one, protocol, streamed);
    read_back(&other, protocol, at_once);
    if (!same_json(one.chat, other.chat) || !str_equal(one.finish, other.finish))
        fail_msg("%s as %s in pieces of %zu:\n%s\n--- at once:\n%s", row->name,
            protocol_words[protocol], step, streamed->at, at_once->at);
    assert_int_equal(one.usage.input, other.usage.input);
    assert_int_equal(one.usage.output, other.usage.output);
    assert_true(str_equal(one.model, STR("asked")));
    assert_true(str_equal(one.id, STR("made")));
}

static void check_recorded(const struct recorded *row, enum protocol protocol, size_t step)
{
    struct err err = { 0 };
    CLEANUP(buf_done) struct buf streamed = { 0 }, at_once = { 0 };
    struct str bytes = sample(row->name);
    struct protocol_answer answer = {
        .protocol = protocol, .stream = true, .model = STR("asked"), .id = STR("made"), .at_s = 7
    };
    struct protocol_stream *stream = protocol_stream_new(&answer);
    protocol_stream_text(&streamed, stream, (struct str){ 0 });
    struct protocol_said said = pass_on(&streamed, stream, row->protocol, bytes, step);
    say(&answer, said.chat);
    answer.from_protocol = row->protocol;
    answer.from_stream = true;
    answer.from = bytes;
    if (protocol_stream_end(&streamed, stream, &answer, &err) < 0)
        fail_msg("%s: %s", row->name, err.text);
    protocol_stream_free(stream);
    assert_int_equal(protocol_answer_write(&at_once, &answer, NULL), 0);
    check_same(row, protocol, step, &streamed, &at_once);
}

static void streamed_is_what_it_would_be_at_once(void **state)
{
    (void)state;
    static const size_t steps[] = { 1, 7, 64, 1000, 1 << 20 };
    for (size_t i = 0; i < COUNT_OF(recorded); i++)
        for (enum protocol protocol = 0; protocol < PROTOCOLS; protocol++)
            for (size_t k = 0; k < COUNT_OF(steps); k++)
                check_recorded(&recorded[i], protocol, steps[k]);
}

/* --- the text as it grows */

#define CHUNK(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define DELTA(text)                                                                                \
    "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"" text "\"}"    \
    "\n\n"

static const struct growth {
    const char *name;
    enum protocol protocol;
    const char *feeds[3], *texts[3];
} growths[] = {
    { "text", PROTOCOL_CHAT, { CHUNK("a"), CHUNK(""), CHUNK("b") }, { "a", "a", "ab" } },
    { "escapes", PROTOCOL_CHAT, { CHUNK("a\\n"), CHUNK("\\u00e9"), CHUNK("\\\"") },
        { "a\n", "a\n\u00e9", "a\n\u00e9\"" } },
    { "halves of a pair", PROTOCOL_CHAT, { CHUNK("a\\ud83d"), CHUNK("\\ude00"), CHUNK("b") },
        { "a", "a\U0001F600", "a\U0001F600b" } },
    { "halves in capitals", PROTOCOL_CHAT, { CHUNK("\\uD83D"), CHUNK("\\uDE00"), CHUNK("") },
        { "", "\U0001F600", "\U0001F600" } },
    { "no half: an escaped backslash", PROTOCOL_CHAT, { CHUNK("\\\\ud83d"), CHUNK("b"), CHUNK("") },
        { "\\ud83d", "\\ud83db", "\\ud83db" } },
    { "a half behind a backslash", PROTOCOL_CHAT, { CHUNK("\\\\\\ud83d"), CHUNK("\\ude00"), "" },
        { "\\", "\\\U0001F600", "\\\U0001F600" } },
    { "an event that is not whole", PROTOCOL_CHAT, { CHUNK("a"), "data: {\"choi", "" },
        { "a", "a", "a" } },
    { "an end that says another text", PROTOCOL_RESPONSES,
        { DELTA("a"), DELTA("b"),
            "data: {\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":"
            "\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
            "\"text\":\"c\"}]}]}}\n\n" },
        { "a", "ab", "ab" } },
};

static void text_only_grows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(growths); i++) {
        struct protocol_reply *reply = protocol_reply_new(growths[i].protocol, true);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(protocol_reply_feed(reply, str_of(growths[i].feeds[k]), NULL), 0);
            struct str text = protocol_reply_text(reply);
            if (!str_equal(text, str_of(growths[i].texts[k])))
                fail_msg("%s, %zu: %.*s", growths[i].name, k, (int)text.size, text.at);
        }
        protocol_reply_free(reply);
    }
}

static void a_reply_that_is_no_stream_says_nothing_early(void **state)
{
    (void)state;
    struct protocol_reply *reply = protocol_reply_new(PROTOCOL_CHAT, false);
    protocol_reply_feed(reply, sample("chat/text.json"), NULL);
    assert_int_equal(protocol_reply_text(reply).size, 0);
    protocol_reply_free(reply);
}

static void a_call_stays_of_its_kind(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct protocol_answer answer = { .protocol = PROTOCOL_RESPONSES };
    struct protocol_stream *stream = protocol_stream_new(&answer);
    answer.from_protocol = PROTOCOL_RESPONSES;
    answer.from_stream = true;
    answer.from = sample("responses/text_tool.sse");
    struct protocol_said said = pass_on(&out, stream, PROTOCOL_RESPONSES, answer.from, 64);
    say(&answer, said.chat);
    assert_int_equal(protocol_stream_end(&out, stream, &answer, NULL), 0);
    assert_true(str_find(buf_view(&out), STR("response.custom_tool_call_input.done")) > 0);
    protocol_stream_free(stream);
}

/* --- made ones */

static const struct protocol_call calls[] = {
    { STR("call_1"), STR("look"), STR("{\"a\": 1}") },
    { STR("call_2"), STR("look"), STR("{}") },
};

static const struct made {
    const char *name, *told[2], *text;
    uint32_t calls;
} mades[] = {
    { "nothing told", { NULL }, "hello", 0 },
    { "nothing told, calls", { NULL }, "", 2 },
    { "begun only", { "" }, "hello", 1 },
    { "begun only, calls alone", { "" }, "", 2 },
    { "all told", { "hel", "lo" }, "hello", 0 },
    { "some told", { "h", "\"e" }, "h\"ello\n", 2 },
    { "said nothing at all", { "" }, "", 0 },
};

static void check_made(const struct made *row, enum protocol protocol)
{
    struct err err = { 0 };
    CLEANUP(buf_done) struct buf streamed = { 0 }, at_once = { 0 };
    struct protocol_answer answer = { .protocol = protocol,
        .stream = true,
        .model = STR("asked"),
        .id = STR("made"),
        .text = str_of(row->text),
        .calls = calls,
        .calls_count = row->calls,
        .at_s = 7 };
    struct protocol_stream *stream = protocol_stream_new(&answer);
    for (size_t i = 0; i < 2 && row->told[i]; i++)
        protocol_stream_text(&streamed, stream, str_of(row->told[i]));
    assert_true(!row->told[0] || streamed.size > 0);
    if (protocol_stream_end(&streamed, stream, &answer, &err) < 0)
        fail_msg("%s: %s", row->name, err.text);
    protocol_stream_free(stream);
    assert_int_equal(protocol_answer_write(&at_once, &answer, NULL), 0);
    struct recorded as = { .name = row->name };
    check_same(&as, protocol, 0, &streamed, &at_once);
    if (!row->told[0])
        assert_true(str_equal(buf_view(&streamed), buf_view(&at_once)));
}

static void made_answers_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mades); i++)
        for (enum protocol protocol = 0; protocol < PROTOCOLS; protocol++)
            check_made(&mades[i], protocol);
}

static void what_was_told_is_not_taken_back(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "hel", "Hello", "help" };
    for (enum protocol protocol = 0; protocol < PROTOCOLS; protocol++)
        for (size_t i = 0; i < COUNT_OF(texts); i++) {
            CLEANUP(buf_done) struct buf out = { 0 };
            struct protocol_answer answer = { .protocol = protocol, .text = str_of(texts[i]) };
            struct protocol_stream *stream = protocol_stream_new(&answer);
            protocol_stream_text(&out, stream, STR("hello"));
            size_t size = out.size;
            assert_int_equal(protocol_stream_end(&out, stream, &answer, NULL), -ERR_STATE);
            assert_int_equal(out.size, size);
            protocol_stream_free(stream);
        }
}

static void a_broken_source_ends_nothing(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct protocol_answer answer = { .text = STR("hello"), .from = STR("{\"choices\":[]}") };
    struct protocol_stream *stream = protocol_stream_new(&answer);
    protocol_stream_text(&out, stream, STR("hello"));
    size_t size = out.size;
    assert_int_equal(protocol_stream_end(&out, stream, &answer, NULL), -ERR_INPUT);
    assert_int_equal(out.size, size);
    protocol_stream_free(stream);
    protocol_stream_free(NULL);
}

/* --- a refusal of the harness */

static const char *const filtered[] = { [PROTOCOL_CHAT] = "content_filter",
    [PROTOCOL_RESPONSES] = "content_filter",
    [PROTOCOL_MESSAGES] = "refusal" };

static void a_refusal_ends_as_the_protocols_filters_do(void **state)
{
    (void)state;
    for (enum protocol protocol = 0; protocol < PROTOCOLS; protocol++) {
        CLEANUP(buf_done) struct buf streamed = { 0 }, at_once = { 0 };
        struct protocol_said said;
        struct protocol_answer answer = { .protocol = protocol,
            .stream = true,
            .id = STR("made"),
            .text = STR("not this"),
            .refused = true };
        struct protocol_stream *stream = protocol_stream_new(&answer);
        protocol_stream_text(&streamed, stream, STR("not"));
        assert_int_equal(protocol_stream_end(&streamed, stream, &answer, NULL), 0);
        protocol_stream_free(stream);
        assert_int_equal(protocol_answer_write(&at_once, &answer, NULL), 0);
        read_back(&said, protocol, &streamed);
        assert_true(str_equal(said.finish, str_of(filtered[protocol])));
        read_back(&said, protocol, &at_once);
        assert_true(str_equal(said.finish, str_of(filtered[protocol])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(streamed_is_what_it_would_be_at_once, arena_empty),
        cmocka_unit_test_teardown(text_only_grows, arena_empty),
        cmocka_unit_test_teardown(a_reply_that_is_no_stream_says_nothing_early, arena_empty),
        cmocka_unit_test_teardown(a_call_stays_of_its_kind, arena_empty),
        cmocka_unit_test_teardown(made_answers_too, arena_empty),
        cmocka_unit_test_teardown(what_was_told_is_not_taken_back, arena_empty),
        cmocka_unit_test_teardown(a_refusal_ends_as_the_protocols_filters_do, arena_empty),
        cmocka_unit_test_teardown(a_broken_source_ends_nothing, arena_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
