/* host_text.c, lenient.c: verbs over text, called as a hook calls them. */
#include "worker/host.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct session session;
static moult_turn *turn;

static int set_up(void **state)
{
    (void)state;
    session.worker = mem_zero(1, sizeof(struct worker));
    session.harness = &session.worker->harness;
    turn_begin(&session);
    turn = &session.turn.face;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&session.turn.arena);
    mem_freep(&session.worker);
    return 0;
}

static moult_text text_of(const char *text)
{
    return moult_str(text);
}

static moult_span find(moult_text text, const char *part)
{
    const char *at = strstr(text.at, part);
    assert_non_null(at);
    return (moult_span){ (uint32_t)(at - text.at), (uint32_t)(at - text.at + strlen(part)) };
}

static void want_span(const char *name, moult_text text, moult_span span, const char *want)
{
    struct str got = { text.at + span.from, span.to - span.from };
    if (!str_equal(got, str_of(want)))
        fail_msg("%s: got \"%.*s\", wanted \"%s\"", name, (int)got.size, got.at, want);
}

static const struct grow {
    const char *name, *text, *part;
    enum moult_grow how;
    const char *want;
} grows[] = {
    { "a pair of tags", "a <x>\n{1}\n</x> b", "{1}", MOULT_GROW_PAIR, "<x>\n{1}\n</x>" },
    { "a name with a hyphen", "<function-call>{1}</function-call>", "{1}", MOULT_GROW_PAIR,
        "<function-call>{1}</function-call>" },
    { "brackets", "[CALLS] {1} [/CALLS]", "{1}", MOULT_GROW_PAIR, "[CALLS] {1} [/CALLS]" },
    { "an open tag at the end of the text", "a <x>{1}\n", "{1}", MOULT_GROW_PAIR, "<x>{1}\n" },
    { "tags that do not match", "<x>{1}</y>", "{1}", MOULT_GROW_PAIR, "{1}" },
    { "two closing tags", "</x>{1}</x>", "{1}", MOULT_GROW_PAIR, "{1}" },
    { "no tags", "a {1} b", "{1}", MOULT_GROW_PAIR, "{1}" },
    { "a bracket that opens nothing", "> {1} <", "{1}", MOULT_GROW_PAIR, "{1}" },
    { "the line", "a\nb {1} c\nd", "{1}", MOULT_GROW_LINE, "b {1} c\n" },
    { "a fence with a word", "a\n```json\n{1}\n```\nb", "{1}", MOULT_GROW_FENCE,
        "```json\n{1}\n```" },
    { "half a fence", "```json\n{1}\nb", "{1}", MOULT_GROW_FENCE, "{1}" },
};

static void a_span_grows_by_what_stands_around_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(grows); i++) {
        moult_text text = text_of(grows[i].text);
        want_span(grows[i].name, text,
            moult_text_grow(turn, text, find(text, grows[i].part), grows[i].how), grows[i].want);
    }
    moult_span outside =
        moult_text_grow(turn, text_of("abc"), (moult_span){ 2, 9 }, MOULT_GROW_LINE);
    assert_int_equal(outside.to, 0);
}

static const struct edge {
    const char *text, *part;
    enum moult_edge which;
    bool want;
} edges[] = {
    { "a\n  {1} b", "{1}", MOULT_LINE_START, true },
    { "a {1} b", "{1}", MOULT_LINE_START, false },
    { "{1} b", "{1}", MOULT_LINE_START, true },
    { "a {1} \nb", "{1}", MOULT_LINE_END, true },
    { "a {1} b", "{1}", MOULT_LINE_END, false },
    { " \n{1} b", "{1}", MOULT_TEXT_START, true },
    { "a\n{1}", "{1}", MOULT_TEXT_START, false },
    { "a {1}\n ", "{1}", MOULT_TEXT_END, true },
    { "a {1}\nb", "{1}", MOULT_TEXT_END, false },
};

static void edges_are_seen_through_blanks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        moult_text text = text_of(edges[i].text);
        if (moult_span_edge(turn, text, find(text, edges[i].part), edges[i].which) != edges[i].want)
            fail_msg("\"%s\" %d", edges[i].text, edges[i].which);
    }
}

static void objects_in_prose_are_found_in_order(void **state)
{
    (void)state;
    moult_text text =
        text_of("use {x} or {\"a\": {\"b\": 1}} and { } then {\"c\": \"}\"} {\"broken\": ");
    const char *want[] = { "{\"a\": {\"b\": 1}}", "{ }", "{\"c\": \"}\"}" };
    uint32_t count = 0;
    for (moult_it it = { 0 }; moult_text_json(turn, text, &it); count++) {
        assert_true(count < COUNT_OF(want));
        want_span("object", text, it.span, want[count]);
        assert_int_equal(it.index, count);
        assert_int_equal(moult_kind(turn, it.value), MOULT_OBJECT);
    }
    assert_int_equal(count, COUNT_OF(want));
}

static void hostile_text_is_given_up_in_bounded_work(void **state)
{
    (void)state;
    size_t size = WIRE_BYTES_MAX;
    char *bytes = mem_alloc(size);
    static const char *const units[] = { "{\"a\":[", "{\"a\":", "{", "{\"", "{\"a\":[{},", "\"{" };
    for (size_t u = 0; u < COUNT_OF(units); u++) {
        size_t unit = strlen(units[u]);
        for (size_t i = 0; i < size; i++)
            bytes[i] = units[u][i % unit];
        turn_begin(&session);
        uint32_t found = 0;
        for (moult_it it = { 0 };
             moult_text_json(turn, (moult_text){ bytes, (uint32_t)size }, &it);)
            found++;
        assert_true(session.turn.work <= HOST_WORK_MAX);
        assert_true(found <= size);
    }
    mem_freep(&bytes);
}

static void stretches_between_marks(void **state)
{
    (void)state;
    moult_text text = text_of("x <t>one</t> <t>two");
    moult_it it = { 0 };
    assert_true(moult_text_between(turn, text, text_of("<t>"), text_of("</t>"), &it));
    want_span("with marks", text, it.span, "<t>one</t>");
    assert_true(str_equal(host_str(it.text), STR("one")));
    assert_true(moult_text_between(turn, text, text_of("<t>"), text_of("</t>"), &it));
    want_span("to the end", text, it.span, "<t>two");
    assert_false(moult_text_between(turn, text, text_of("<t>"), text_of("</t>"), &it));
    moult_it none = { 0 };
    assert_false(moult_text_between(turn, text, text_of(""), text_of("x"), &none));
    assert_false(moult_text_between(turn, (moult_text){ 0 }, text_of("<t>"), text_of("x"), &none));
}

static void questions_about_text(void **state)
{
    (void)state;
    assert_true(moult_text_is(turn, text_of("ab"), MOULT_EQUAL, text_of("ab")));
    assert_false(moult_text_is(turn, text_of("ab"), MOULT_EQUAL, text_of("a")));
    assert_true(moult_text_is(turn, text_of("abc"), MOULT_HAS, text_of("bc")));
    assert_false(moult_text_is(turn, text_of("abc"), MOULT_HAS, text_of("")));
    assert_true(moult_text_is(turn, text_of("abc"), MOULT_BEGINS, text_of("ab")));
    assert_true(moult_text_is(turn, text_of(" \n\t"), MOULT_BLANK, text_of("")));
    assert_false(moult_text_is(turn, text_of(" x"), MOULT_BLANK, text_of("")));
    assert_true(
        str_equal(host_str(moult_text_after(turn, text_of("a:b:c"), text_of(":"))), STR("b:c")));
    assert_int_equal(moult_text_after(turn, text_of("abc"), text_of(":")).size, 0);
    assert_true(str_equal(host_str(moult_text_head(turn, text_of("abc"), 2)), STR("ab")));
    assert_true(str_equal(host_str(moult_text_head(turn, text_of("abc"), 9)), STR("abc")));
    assert_true(str_equal(host_str(moult_text_head(turn, text_of("a\xc3\xa9"), 2)), STR("a")));
    assert_int_equal(moult_text_head(turn, text_of("\xc3\xa9"), 1).size, 0);
}

static const struct literal {
    const char *text, *want; /* want NULL: it denotes nothing */
} literals[] = {
    { "['a', 'b']", "[\"a\",\"b\"]" },
    { "{'a': True, 'b': None, 'c': False}", "{\"a\":true,\"b\":null,\"c\":false}" },
    { "[1, 2.5, -3,]", "[1,2.5,-3]" },
    { "{\"a\": 1,}", "{\"a\":1}" },
    { "'it\\'s \"so\"'", "\"it's \\\"so\\\"\"" },
    { "['\\x41\\u00e9\\n']", "[\"\\u0041\\u00e9\\n\"]" },
    { "[true, None]", "[true,null]" },
    { "(1, 2)", NULL },
    { "[1 2]", NULL },
    { "{1: 2}", NULL },
    { "['a'", NULL },
    { "['a'] x", NULL },
    { "[,]", NULL },
    { "hello", NULL },
    { "01", NULL },
    { "Truely", NULL },
    { "['\\q']", NULL },
    { "", NULL },
};

static void careless_literals_denote_what_was_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(literals); i++) {
        const moult_json *value = moult_parse(turn, text_of(literals[i].text), MOULT_LENIENT);
        if (!value != !literals[i].want)
            fail_msg("%s", literals[i].text);
        if (value && !str_equal(host_json(value)->raw, str_of(literals[i].want)))
            fail_msg("%s: %.*s", literals[i].text, (int)host_json(value)->raw.size,
                host_json(value)->raw.at);
        if (literals[i].want && !strchr(literals[i].text, '1'))
            assert_null(moult_parse(turn, text_of(literals[i].text), MOULT_STRICT));
    }
    char deep[200];
    memset(deep, '[', sizeof(deep));
    assert_null(moult_parse(turn, (moult_text){ deep, sizeof(deep) }, MOULT_LENIENT));
}

int main(void)
{
#define TEST(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        TEST(a_span_grows_by_what_stands_around_it),
        TEST(edges_are_seen_through_blanks),
        TEST(objects_in_prose_are_found_in_order),
        TEST(hostile_text_is_given_up_in_bounded_work),
        TEST(stretches_between_marks),
        TEST(questions_about_text),
        TEST(careless_literals_denote_what_was_meant),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
