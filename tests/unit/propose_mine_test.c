/* mine.c: what becomes a literal, and what one customer wrote does not. */
#include "propose/mine.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define WANT                                                                                       \
    "\"want\":{\"calls\":\"0000000000000001\",\"text\":\"0000000000000002\","                      \
    "\"end\":\"0000000000000003\"}"
#define TOOLS                                                                                      \
    "[[{\"type\":\"function\",\"function\":{\"name\":\"lookup\",\"parameters\":{\"type\":"         \
    "\"object\",\"properties\":{\"order_id\":{\"type\":\"string\"}},\"required\":[\"order_id\"]}}" \
    "}]]"

static struct arena arena;

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

/* `groups` failing steps of one group each, all with this reply; the last one with another. */
static struct mined mine_replies(const char *reply, unsigned groups, const char *last)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct bundle bundle;
    struct mined mined;
    struct err err;
    buf_text(&text, "{\"schema\":1,\"hook\":\"reply\",\"tools\":" TOOLS ",\"steps\":[");
    for (unsigned i = 0; i < groups; i++)
        buf_format(&text,
            "%s{\"id\":%u,\"group\":\"g%u\",\"kind\":\"fail\",\"tools\":0," WANT ",\"reply\":%s,"
            "\"wanted\":{\"text\":\"\",\"calls\":[{\"name\":\"lookup\",\"args\":\"{}\"}]}}",
            i ? "," : "", i, i, last && i + 1 == groups ? last : reply);
    buf_text(&text, "]}");
    struct str copy = { arena_string(&arena, text.at, text.size), text.size };
    if (bundle_read(&bundle, &arena, copy, &err) < 0)
        fail_msg("%s", err.text);
    mine(&mined, &arena, &bundle);
    return mined;
}

static bool has(const struct str *list, uint32_t count, const char *text)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(list[i], str_of(text)))
            return true;
    return false;
}

static void keys_and_marks_come_from_the_text(void **state)
{
    (void)state;
    struct mined mined =
        mine_replies("{\"content\":\"Sure.\\n<call>\\n{\\\"name\\\": \\\"lookup\\\","
                     " \\\"arguments\\\": {\\\"order_id\\\": 1}}\\n</call> done\"}",
            5, NULL);
    assert_true(has(mined.keys, mined.keys_count, "name"));
    assert_true(has(mined.keys, mined.keys_count, "arguments"));
    assert_true(has(mined.tokens, mined.tokens_count, "<call>"));
    assert_int_equal(mined.pairs_count, 1);
    assert_true(str_equal(mined.pairs[0].open, STR("<call>")));
    assert_true(str_equal(mined.pairs[0].close, STR("</call>")));
}

static void words_of_a_sentence_are_no_marks(void **state)
{
    (void)state;
    struct mined mined =
        mine_replies("{\"content\":\"I send this: now. {\\\"a\\\": 1} and wait.\"}", 5, NULL);
    assert_int_equal(mined.tokens_count, 0);
    assert_int_equal(mined.pairs_count, 0);
}

static void what_one_group_of_many_wrote_is_no_literal(void **state)
{
    (void)state;
    const char *usual = "{\"content\":\"{\\\"name\\\": 1}\"}";
    const char *odd = "{\"content\":\"[[x]] {\\\"secret\\\": 1}\"}";
    struct mined of_twenty = mine_replies(usual, 20, odd);
    assert_true(has(of_twenty.keys, of_twenty.keys_count, "name"));
    assert_false(has(of_twenty.keys, of_twenty.keys_count, "secret"));
    assert_int_equal(of_twenty.tokens_count, 0);
    struct mined of_five = mine_replies(usual, 5, odd);
    assert_true(has(of_five.keys, of_five.keys_count, "secret"));
}

static void calls_tell_what_they_lack_and_how_they_are_prefixed(void **state)
{
    (void)state;
    struct mined mined =
        mine_replies("{\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"tools.lookup\","
                     "\"arguments\":\"{\\\"orderId\\\": \\\"1\\\"}\"}}]}",
            3, NULL);
    assert_true(has(mined.keys, mined.keys_count, "orderId"));
    assert_true(has(mined.keys, mined.keys_count, "order_id")); /* required, of the wanted call */
    assert_true(has(mined.tokens, mined.tokens_count, "tools."));
}

static void only_plain_text_can_be_a_literal(void **state)
{
    static const struct {
        const char *name, *text;
        bool plain;
    } rows[] = {
        { "markup", "<tool_call>", true },
        { "nothing", "", false },
        { "blanks", "   ", false },
        { "a control byte", "a\x1b[0m", false },
        { "a newline", "a\nb", false },
        { "bytes over ASCII", "\xc3\xa4", false },
        { "too long", "1234567890123456789012345678901234567890123456789", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("%s\n", rows[i].name);
        assert_int_equal(mine_plain(str_of(rows[i].text)), rows[i].plain);
    }
}

static void hostile_texts_end(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf braces = { 0 };
    buf_text(&braces, "{\"content\":\"");
    for (unsigned i = 0; i < 20000; i++)
        buf_text(&braces, "{ ");
    buf_text(&braces, "\"}");
    struct mined mined = mine_replies(braces.at, 2, NULL);
    assert_int_equal(mined.keys_count, 1); /* order_id, which the wanted call lacks */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keys_and_marks_come_from_the_text, tear_down),
        cmocka_unit_test_teardown(words_of_a_sentence_are_no_marks, tear_down),
        cmocka_unit_test_teardown(what_one_group_of_many_wrote_is_no_literal, tear_down),
        cmocka_unit_test_teardown(calls_tell_what_they_lack_and_how_they_are_prefixed, tear_down),
        cmocka_unit_test_teardown(only_plain_text_can_be_a_literal, tear_down),
        cmocka_unit_test_teardown(hostile_texts_end, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
