/* The strict reader: what it accepts, what it refuses and where, and what it keeps. */
#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct row {
    const char *name, *text;
    size_t size; /* 0: strlen */
    int want;    /* 0 or the code */
} rows[] = {
    { "an object", "{\"a\": 1}", 0, 0 },
    { "a bare number", " -0.5e+3 ", 0, 0 },
    { "an escaped NUL is text", "\"\\u0000\"", 0, 0 },
    { "a lone surrogate escape is text", "\"\\ud800\"", 0, 0 },
    { "nothing", "", 0, ERR_INPUT },
    { "a leading zero", "01", 0, ERR_INPUT },
    { "a point at the end", "1.", 0, ERR_INPUT },
    { "an exponent without digits", "1e", 0, ERR_INPUT },
    { "a plus", "+1", 0, ERR_INPUT },
    { "NaN", "NaN", 0, ERR_INPUT },
    { "one key twice", "{\"a\":1,\"a\":2}", 0, ERR_INPUT },
    { "one key twice, once escaped", "{\"a\":1,\"\\u0061\":2}", 0, ERR_INPUT },
    { "a comma too many in an array", "[1,]", 0, ERR_INPUT },
    { "a comma too many in an object", "{\"a\":1,}", 0, ERR_INPUT },
    { "a comma first", "[,1]", 0, ERR_INPUT },
    { "no comma", "[1 2]", 0, ERR_INPUT },
    { "no colon", "{\"a\" 1}", 0, ERR_INPUT },
    { "single quotes", "{'a':1}", 0, ERR_INPUT },
    { "something behind", "{} {}", 0, ERR_INPUT },
    { "a control byte", "\"a\nb\"", 0, ERR_INPUT },
    { "a NUL byte in a string", "\"a\0b\"", 5, ERR_INPUT },
    { "a NUL byte behind", "1\0", 2, ERR_INPUT },
    { "overlong UTF-8", "\"\xc0\xaf\"", 0, ERR_INPUT },
    { "a surrogate in UTF-8", "\"\xed\xa0\x80\"", 0, ERR_INPUT },
    { "cut UTF-8", "\"\xe2\x82\"", 0, ERR_INPUT },
    { "an unknown escape", "\"\\x\"", 0, ERR_INPUT },
    { "a short \\u", "\"\\u12\"", 0, ERR_INPUT },
    { "mismatched brackets", "[1}", 0, ERR_INPUT },
    { "a word cut short", "tru", 0, ERR_INPUT },
};

static void accepts_and_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = { 0 };
        struct err err = { 0 };
        struct str text = { rows[i].text, rows[i].size ? rows[i].size : strlen(rows[i].text) };
        const struct json *root = json_read(&arena, text, NULL, &err);
        if ((root ? 0 : err.code) != rows[i].want)
            fail_msg("%s: code %d (%s)", rows[i].name, root ? 0 : err.code, err.text);
        arena_done(&arena);
    }
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    const char text[] = "{\"a\":[1,{\"b\":\"x\\u00e9\"},true],\"c\":{\"d\":null}}";
    for (size_t n = 0; n + 1 < sizeof text; n++) {
        struct arena arena = { 0 };
        char *copy = mem_copy(text, n);
        struct err err;
        if (json_read(&arena, (struct str){ copy, n }, NULL, &err))
            fail_msg("accepted the first %zu bytes", n);
        free(copy);
        arena_done(&arena);
    }
}

static void bounds_depth_nodes_and_size(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct err err = { 0 };
    char *deep = mem_alloc(10000);
    memset(deep, '[', 10000);
    assert_null(json_read(&arena, (struct str){ deep, 10000 }, NULL, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_non_null(strstr(err.where, "offset 128"));
    free(deep);
    assert_null(json_read(&arena, STR("[1,2,3]"), &(struct json_limits){ .nodes_max = 3 }, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_null(json_read(&arena, STR("[1,2,3]"), &(struct json_limits){ .size_max = 6 }, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    arena_done(&arena);
}

static void many_keys(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct buf text = { 0 };
    struct err err = { 0 };
    for (int i = 0; i < 5000; i++)
        buf_format(&text, "%s\"k%d\":%d", i ? "," : "{", i, i);
    size_t end = text.size;
    buf_text(&text, "}");
    const struct json *root = json_read(&arena, buf_view(&text), NULL, &err);
    assert_non_null(root);
    assert_int_equal(json_int(json_get(root, "k4321"), -1), 4321);
    text.size = end;
    buf_text(&text, ",\"k17\":0}");
    assert_null(json_read(&arena, buf_view(&text), NULL, &err));
    buf_done(&text);
    arena_done(&arena);
}

static void keeps_slices_and_values(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct str text = STR("{\"n\":9223372036854775807,\"m\":9223372036854775808,\"d\":1.0,"
                          "\"s\":\"a\\ud83d\\ude00\\n\",\"l\":[1, 2]}");
    const struct json *root = json_read(&arena, text, NULL, NULL);
    assert_true(json_int(json_get(root, "n"), 0) == INT64_MAX);
    assert_int_equal(json_int(json_get(root, "m"), -7), -7);
    assert_true(str_equal(json_get(root, "d")->raw, STR("1.0")));
    assert_true(str_equal(json_get(root, "l")->raw, STR("[1, 2]")));
    assert_true(str_equal(json_string(&arena, json_get(root, "s")), STR("a\xf0\x9f\x98\x80\n")));
    assert_int_equal(json_string(&arena, json_read(&arena, STR("\"\\u0000\""), NULL, NULL)).size, 1);
    assert_null(json_get(root, "x"));
    assert_null(json_get(NULL, "x"));
    char path[64];
    json_path(path, sizeof path, root, json_first(json_get(root, "l")));
    assert_string_equal(path, "$.l[0]");
    arena_done(&arena);
}

static void reads_a_prefix(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct json_limits limits = { .prefix = true };
    const struct json *root = json_read(&arena, STR("{\"a\":1} and more {"), &limits, NULL);
    assert_non_null(root);
    assert_int_equal(root->raw.size, 7);
    arena_done(&arena);
}

static const struct same {
    const char *a, *b;
    bool want;
} sames[] = {
    { "{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"a\":1}", true },
    { "1", "1.0", true },
    { "9007199254740993", "9007199254740992.0", false },
    { "\"\\u0061\"", "\"a\"", true },
    { "[1,2]", "[2,1]", false },
    { "{\"a\":1}", "{\"a\":1,\"b\":1}", false },
    { "null", "false", false },
};

static void compares_by_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sames); i++) {
        struct arena arena = { 0 };
        const struct json *a = json_read(&arena, str_of(sames[i].a), NULL, NULL);
        const struct json *b = json_read(&arena, str_of(sames[i].b), NULL, NULL);
        if (json_equal(a, b) != sames[i].want)
            fail_msg("%s and %s", sames[i].a, sames[i].b);
        arena_done(&arena);
    }
}

static void canonical_form(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct buf out = { 0 };
    json_canonical(&out, json_read(&arena, STR("{ \"b\" : [1.0, \"\\u0041/\"], \"a\":{} }"), NULL, NULL));
    assert_string_equal(out.at, "{\"a\":{},\"b\":[1.0,\"A/\"]}");
    buf_clear(&out);
    json_quote(&out, STR("q\"\\\x01\n\xff\xc3\xa9"));
    assert_string_equal(out.at, "\"q\\\"\\\\\\u0001\\n\xef\xbf\xbd\xc3\xa9\"");
    buf_done(&out);
    arena_done(&arena);
}

static void blanks_comments(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct str text = json_uncomment(&arena, STR("// x\n{\"a//\": \"/* \\\" */\", /* y\n */ \"b\": 2} // z"));
    const struct json *root = json_read(&arena, text, NULL, NULL);
    assert_non_null(root);
    assert_int_equal(json_int(json_get(root, "b"), 0), 2);
    assert_true(str_equal(json_string(&arena, json_get(root, "a//")), STR("/* \" */")));
    assert_null(json_read(&arena, json_uncomment(&arena, STR("1 /* open")), NULL, NULL));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_and_refuses),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(bounds_depth_nodes_and_size),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(keeps_slices_and_values),
        cmocka_unit_test(reads_a_prefix),
        cmocka_unit_test(compares_by_value),
        cmocka_unit_test(canonical_form),
        cmocka_unit_test(blanks_comments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
