/* talk_hear: what a session says, cut anywhere; errors in its stream; what is no answer. */
#include "talk/hear.h"

#include "base/mem.h"

// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <string.h>

static void on_text(void *with, struct str text)
{
    buf_str(with, text);
}

#define SAYS(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"

static const struct {
    const char *stream, *text;
    bool whole;
    int code;
    const char *why;
} cases[] = {
    { SAYS("a") SAYS("b\\n\\u00e9") "data: [DONE]\n\n", "ab\n\xc3\xa9", true, 0, "" },
    { ": alive\n\n" SAYS("a") "data: [DONE]\r\n\r\n", "a", true, 0, "" },
    { SAYS("a"), "a", false, 0, "" },
    { SAYS("no") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n"
                 "data: [DONE]\n\n",
        "no", true, 0, "" },
    { SAYS("a") "data: [DONE]\n\n" SAYS("late"), "a", true, 0, "" },
    { "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n", "", false,
        0, "" },
    { "data: {\"choices\":[]}\n\ndata: []\n\ndata: {\"choices\":7}\n\n", "", false, 0, "" },
    { SAYS("a") "data: {\"error\":{\"message\":\"no more\"}}\n\n" SAYS("b"), "a", false, ERR_PEER,
        "no more" },
    { "data: {\n\n" SAYS("b"), "", false, ERR_INPUT, "what the service says" },
};

/* All at once, and byte by byte. */
static void reads(size_t step, size_t i)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(hear_done) struct hear hear = { .on_text = on_text, .with = &text };
    const char *stream = cases[i].stream;
    for (size_t at = 0, size = strlen(stream); at < size; at += step)
        hear_bytes(&hear, (struct str){ stream + at, size - at < step ? size - at : step });
    assert_string_equal(text.at ? text.at : "", cases[i].text);
    assert_int_equal(hear.whole, cases[i].whole);
    assert_int_equal(hear.refused, strstr(stream, "content_filter") != NULL);
    assert_int_equal(hear.err.code, cases[i].code);
    if (cases[i].code)
        assert_non_null(strstr(hear.err.text, cases[i].why));
}

static void reads_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        reads(1, i);
        reads(SIZE_MAX / 2, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reads_streams) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
