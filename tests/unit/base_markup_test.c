/* What markup_text makes of anybody's text is text to every parser, and looks like what it was. */
#include "base/markup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *name;
    struct str text;
    const char *line, *lines;
} rows[] = {
    { "plain", STR("caf\xc3\xa9 1"), "caf\xc3\xa9 1", "caf\xc3\xa9 1" },
    { "an element", STR("<b>&amp;"), "&lt;b&gt;&amp;amp;", "&lt;b&gt;&amp;amp;" },
    { "the end of an attribute", STR("\" onload='x"), "&quot; onload=&#39;x",
        "&quot; onload=&#39;x" },
    { "the end of a CDATA section", STR("]]>"), "]]&gt;", "]]&gt;" },
    { "lines", STR("a\n\tb"), "a\\x0a\\x09b", "a\n\tb" },
    { "a carriage return is none", STR("a\rb"), "a\\x0db", "a\\x0db" },
    { "a control", STR("\x1b[2J\x07"), "\\x1b[2J\\x07", "\\x1b[2J\\x07" },
    { "a NUL", STR("a\0b"), "a\\x00b", "a\\x00b" },
    { "an override of the direction",
        STR("\xe2\x80\xae"
            "a"),
        "\\u{202E}a", "\\u{202E}a" },
    { "bytes of no character", STR("\xff\xc3"), "\\xff\\xc3", "\\xff\\xc3" },
    { "a character that XML has not", STR("\xef\xbf\xbf\xef\xbf\xbe"), "\xef\xbf\xbd\xef\xbf\xbd",
        "\xef\xbf\xbd\xef\xbf\xbd" },
    { "nothing", STR(""), "", "" },
};

static void is(const struct row *row, struct buf *got, const char *want)
{
    struct str text = buf_view(got);
    if (!str_equal(text, str_of(want)))
        fail_msg("%s: %.*s; wanted %s", row->name, (int)text.size, text.at ? text.at : "", want);
    buf_clear(got);
}

static void text_stays_text(void **state)
{
    (void)state;
    struct buf out = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        markup_text(&out, rows[i].text);
        is(&rows[i], &out, rows[i].line);
        markup_lines(&out, rows[i].text);
        is(&rows[i], &out, rows[i].lines);
    }
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(text_stays_text) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
