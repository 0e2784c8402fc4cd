/* Views, UTF-8, text for a terminal, and buffers with a bound. */
#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void views(void **state)
{
    (void)state;
    struct str none = { 0 };
    assert_true(str_equal(none, STR("")));
    assert_true(str_equal(str_of(NULL), none));
    assert_false(str_equal(STR("a"), STR("b")));
    assert_false(str_equal(STR("a"), STR("ab")));
    assert_true(str_compare(STR("a"), STR("ab")) < 0);
    assert_true(str_compare(STR("b"), STR("ab")) > 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_compare(none, STR("")), 0);
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(STR("abc"), none));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_equal(str_trim(STR(" \t\r\na b\v\f ")), STR("a b")));
    assert_int_equal(str_trim(STR(" \n ")).size, 0);
    assert_int_equal(str_find(STR("abcabd"), STR("abd")), 3);
    assert_int_equal(str_find(STR("a\0b"), STR("\0b")), 1);
    assert_int_equal(str_find(STR("abc"), STR("x")), -1);
    assert_int_equal(str_find(none, STR("x")), -1);
    assert_int_equal(str_find(none, none), 0);
}

static const struct row {
    const char *name;
    struct str bytes;
    uint32_t code; /* 0: refused */
} rows[] = {
    { "ASCII", STR("a"), 'a' },
    { "first of two bytes", STR("\xc2\x80"), 0x80 },
    { "last of two bytes", STR("\xdf\xbf"), 0x7FF },
    { "first of three bytes", STR("\xe0\xa0\x80"), 0x800 },
    { "below the surrogates", STR("\xed\x9f\xbf"), 0xD7FF },
    { "above the surrogates", STR("\xee\x80\x80"), 0xE000 },
    { "first of four bytes", STR("\xf0\x90\x80\x80"), 0x10000 },
    { "the last character", STR("\xf4\x8f\xbf\xbf"), 0x10FFFF },
    { "behind the last", STR("\xf4\x90\x80\x80"), 0 },
    { "a continuation alone", STR("\x80"), 0 },
    { "overlong NUL", STR("\xc0\x80"), 0 },
    { "overlong slash in three", STR("\xe0\x80\xaf"), 0 },
    { "overlong in four", STR("\xf0\x8f\xbf\xbf"), 0 },
    { "a high surrogate", STR("\xed\xa0\x80"), 0 },
    { "a low surrogate", STR("\xed\xbf\xbf"), 0 },
    { "cut after one of two", STR("\xc2"), 0 },
    { "cut after two of three", STR("\xe2\x82"), 0 },
    { "cut after three of four", STR("\xf0\x9f\x98"), 0 },
    { "no continuation", STR("\xe2\x28\xa1"), 0 },
    { "five bytes", STR("\xf8\x88\x80\x80\x80"), 0 },
};

static void utf8_is_rfc_3629(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t code = 0;
        char again[4];
        size_t size = str_utf8_char(rows[i].bytes, &code);
        if (size != (rows[i].code ? rows[i].bytes.size : 0) || code != rows[i].code)
            fail_msg("%s: %zu bytes, %x", rows[i].name, size, code);
        assert_int_equal(str_utf8(rows[i].bytes), rows[i].code != 0);
        if (code)
            assert_int_equal(str_utf8_put(again, code), size);
        if (code)
            assert_memory_equal(again, rows[i].bytes.at, size);
    }
    assert_true(str_utf8((struct str){ 0 }));
    assert_false(str_utf8(STR("abc\xff")));
}

/* Eight at a time or one. */
static void each_place_is_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t before = 0; before < 20; before++) {
            struct buf text = { 0 };
            buf_add(&text, "zzzzzzzzzzzzzzzzzzzz", before);
            buf_str(&text, rows[i].bytes);
            buf_add(&text, "yyyyyyyyyyyyyyyyyyyy", 20 - before);
            if (str_utf8(buf_view(&text)) != (rows[i].code != 0))
                fail_msg("%s behind %zu bytes", rows[i].name, before);
            buf_done(&text);
        }
}

static const struct shown {
    const char *name;
    struct str text;
    bool keep_lines;
    const char *want;
} shown[] = {
    { "plain text stays", STR("a \xc3\xa9 \xf0\x9f\x98\x80"), false,
        "a \xc3\xa9 \xf0\x9f\x98\x80" },
    { "an escape sequence", STR("\x1b[2J"), false, "\\x1b[2J" },
    { "lines are escaped", STR("a\nb\tc\r"), false, "a\\x0ab\\x09c\\x0d" },
    { "lines are kept, returns are not", STR("a\nb\tc\r"), true, "a\nb\tc\\x0d" },
    { "a NUL", STR("a\0b"), false, "a\\x00b" },
    { "delete", STR("\x7f"), false, "\\x7f" },
    { "C1 controls", STR("\xc2\x9b"), false, "\\u{009B}" },
    { "right-to-left override", STR("\xe2\x80\xae"), false, "\\u{202E}" },
    { "bidi isolate", STR("\xe2\x81\xa6"), false, "\\u{2066}" },
    { "arabic letter mark", STR("\xd8\x9c"), false, "\\u{061C}" },
    { "zero width joiner", STR("\xe2\x80\x8d"), false, "\\u{200D}" },
    { "line separator", STR("\xe2\x80\xa8"), true, "\\u{2028}" },
    { "byte order mark", STR("\xef\xbb\xbf"), false, "\\u{FEFF}" },
    { "tag characters", STR("\xf3\xa0\x81\x81"), false, "\\u{E0041}" },
    { "bytes that are no UTF-8", STR("\xff\xe2\x82"), false, "\\xff\\xe2\\x82" },
};

static void nothing_hides_on_a_terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        char out[100];
        str_printable(out, sizeof out, shown[i].text, shown[i].keep_lines);
        if (strcmp(out, shown[i].want) != 0)
            fail_msg("%s: %s", shown[i].name, out);
    }
}

static void printable_is_cut_between_characters(void **state)
{
    (void)state;
    struct str text = STR("a\xc3\xa9\x1b\xe2\x80\xae");
    static const char *const want[] = { "", "", "a", "a", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9",
        "a\xc3\xa9", "a\xc3\xa9\\x1b" };
    for (size_t size = 1; size < COUNT_OF(want); size++) {
        char *out = mem_alloc(size);
        assert_string_equal(str_printable(out, size, text, false), want[size]);
        free(out);
    }
    char untouched = 'x';
    str_printable(&untouched, 0, text, false);
    assert_int_equal(untouched, 'x');
}

static void a_bound_is_noticed_once_at_the_end(void **state)
{
    (void)state;
    struct buf buf = { .max = 5 };
    buf_text(&buf, "abc");
    buf_char(&buf, 'd');
    assert_false(buf.over);
    buf_format(&buf, "%s", "efg");
    assert_true(buf.over);
    assert_string_equal(buf.at, "abcde");
    buf_text(&buf, "");
    buf_text(&buf, "x");
    assert_true(buf.over);
    assert_int_equal(buf.size, 5);
    buf_clear(&buf);
    assert_false(buf.over);
    assert_string_equal(buf.at, "");
    buf_text(&buf, "vwxyz");
    assert_false(buf.over);
    buf_char(&buf, '!');
    assert_true(buf.over);
    buf_done(&buf);
    assert_int_equal(buf.max, 5);
    buf_done(&buf);
}

static void a_buffer_grows_and_is_given_away(void **state)
{
    (void)state;
    struct buf buf = { 0 };
    char *empty = buf_steal(&buf);
    assert_string_equal(empty, "");
    free(empty);
    for (int i = 0; i < 10000; i++)
        buf_format(&buf, "%d,", i);
    assert_int_equal(buf.size, strlen(buf.at));
    memcpy(buf_reserve(&buf, 3), "end", 4);
    buf.size += 3;
    buf_str(&buf, (struct str){ 0 });
    assert_true(str_find(buf_view(&buf), STR("9999,end")) > 0);
    char *text = buf_steal(&buf);
    assert_null(buf.at);
    assert_int_equal(buf.size, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views),
        cmocka_unit_test(utf8_is_rfc_3629),
        cmocka_unit_test(each_place_is_looked_at),
        cmocka_unit_test(nothing_hides_on_a_terminal),
        cmocka_unit_test(printable_is_cut_between_characters),
        cmocka_unit_test(a_bound_is_noticed_once_at_the_end),
        cmocka_unit_test(a_buffer_grows_and_is_given_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
