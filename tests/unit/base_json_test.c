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
    assert_int_equal(
        json_string(&arena, json_read(&arena, STR("\"\\u0000\""), NULL, NULL)).size, 1);
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
    { "100", "1e2", true },
    { "0.001", "1e-3", true },
    { "-0", "0.0", true },
    { "-1", "1", false },
    { "0.1", "0.10000000000000000001", false },
    { "1e99999999999999999999", "1e99999999999999999999", true },
    { "1e99999999999999999999", "2e99999999999999999999", false },
    { "{\"\\u0061\":1}", "{\"a\":1}", true },
    { "{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false },
    { "\"\\ud800\"", "\"\\ud801\"", false },
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
    json_canonical(
        &out, json_read(&arena, STR("{ \"b\" : [1.0, \"\\u0041/\"], \"a\":{} }"), NULL, NULL));
    assert_string_equal(out.at, "{\"a\":{},\"b\":[1.0,\"A/\"]}");
    buf_clear(&out);
    json_quote(&out, STR("q\"\\\x01\n\xff\xc3\xa9"));
    assert_string_equal(out.at, "\"q\\\"\\\\\\u0001\\n\xef\xbf\xbd\xc3\xa9\"");
    for (size_t before = 0; before < 20; before++) {
        struct buf text = { 0 }, want = { 0 };
        buf_add(&text, "zzzzzzzzzzzzzzzzzzzz", before);
        buf_text(&text, "q\"\\\x01\n\xff\xc3\xa9 yyyyyyyyyyyy");
        buf_format(&want, "\"%.*s", (int)before, "zzzzzzzzzzzzzzzzzzzz");
        buf_text(&want, "q\\\"\\\\\\u0001\\n\xef\xbf\xbd\xc3\xa9 yyyyyyyyyyyy\"");
        buf_clear(&out);
        json_quote(&out, buf_view(&text));
        assert_true(str_equal(buf_view(&out), buf_view(&want)));
        buf_done(&text);
        buf_done(&want);
    }
    buf_done(&out);
    arena_done(&arena);
}

static void canonical_form_tells_documents_apart(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct buf out = { 0 };
    json_canonical(
        &out, json_read(&arena, STR("[\"\\uD800\",\"\\udc01x\",\"\\ufffd\"]"), NULL, NULL));
    assert_string_equal(out.at, "[\"\\ud800\",\"\\udc01x\",\"\xef\xbf\xbd\"]");
    assert_non_null(json_read(&arena, buf_view(&out), NULL, NULL));
    buf_done(&out);
    arena_done(&arena);
}

/* An object that must be compared, and looked through for duplicates, in less than quadratic time:
 * at 200,000 members a quadratic walk would be the test's own timeout. */
static void large_objects_are_not_quadratic(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct buf up = { 0 }, down = { 0 };
    for (int i = 0; i < 200000; i++) {
        buf_format(&up, "%s\"k%d\":%d", i ? "," : "{", i, i);
        buf_format(&down, "%s\"k%d\":%d", i ? "," : "{", 199999 - i, 199999 - i);
    }
    buf_char(&up, '}');
    buf_char(&down, '}');
    const struct json *a = json_read(&arena, buf_view(&up), NULL, NULL);
    const struct json *b = json_read(&arena, buf_view(&down), NULL, NULL);
    assert_non_null(a);
    assert_true(json_equal(a, b));
    buf_done(&up);
    buf_done(&down);
    arena_done(&arena);
}

static const struct number {
    const char *text;
    int64_t whole; /* -7: no exact integer */
    double real;
} number_rows[] = {
    { "0", 0, 0 },
    { "-0", 0, -0.0 },
    { "-9223372036854775808", INT64_MIN, -9223372036854775808.0 },
    { "-9223372036854775809", -7, -9223372036854775808.0 },
    { "1.0", -7, 1.0 },
    { "1e3", -7, 1000.0 },
    { "1e999", -7, -7.0 },
    { "0.10000000000000000000000000000000000000000000000000000000000000000000000000", -7, 0.1 },
};

static void numbers_are_exact_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(number_rows); i++) {
        struct arena arena = { 0 };
        const struct json *value = json_read(&arena, str_of(number_rows[i].text), NULL, NULL);
        if (json_int(value, -7) != number_rows[i].whole ||
            json_double(value, -7) != number_rows[i].real)
            fail_msg("%s: %g", number_rows[i].text, json_double(value, -7));
        arena_done(&arena);
    }
}

/* Each special byte at each place of a word: the reader takes eight bytes at a time. */
static void finds_special_bytes_at_every_place(void **state)
{
    (void)state;
    static const char special[] = { '"', '\\', '\n', 0, 0x1F, (char)0x80, (char)0xFF };
    for (size_t s = 0; s < COUNT_OF(special); s++)
        for (size_t at = 0; at < 40; at++) {
            char text[42];
            struct arena arena = { 0 };
            memset(text, 'a', sizeof text);
            text[0] = text[41] = '"';
            assert_non_null(json_read(&arena, (struct str){ text, 42 }, NULL, NULL));
            text[1 + at] = special[s];
            if (json_read(&arena, (struct str){ text, 42 }, NULL, NULL))
                fail_msg("byte %02x at %zu", (unsigned char)special[s], at);
            arena_done(&arena);
        }
}

static void depth_is_no_recursion(void **state)
{
    (void)state;
    enum { DEPTH = 10000 };
    struct arena arena = { 0 };
    char *deep = mem_alloc(2 * DEPTH);
    memset(deep, '[', DEPTH);
    memset(deep + DEPTH, ']', DEPTH);
    struct json_limits limits = { .depth_max = DEPTH };
    const struct json *root = json_read(&arena, (struct str){ deep, 2 * DEPTH }, &limits, NULL);
    assert_non_null(root);
    assert_int_equal(root->next, DEPTH);
    free(deep);
    arena_done(&arena);
}

static const struct place {
    const char *text, *where;
} places[] = {
    { "", "offset 0, $" },
    { "[1,2,x]", "offset 5, $[2]" },
    { "{\"a\":[0,{\"b\":01}]}", "offset 14, $.a[1].b" },
    { "{\"a\":1,\"a\":2}", "offset 13, $.a" },
};

static void says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct arena arena = { 0 };
        struct err err = { 0 };
        assert_null(json_read(&arena, str_of(places[i].text), NULL, &err));
        assert_string_equal(err.where, places[i].where);
        arena_done(&arena);
    }
}

static void trees_lose_nothing_silently(void **state)
{
    (void)state;
    struct err err = { 0 };
    CLEANUP(json_treep) cJSON *tree = json_tree(STR("{\"a\":[1,\"x\"]}"), NULL, &err);
    struct buf out = { 0 };
    assert_non_null(tree);
    json_print(&out, tree, false);
    assert_string_equal(out.at, "{\"a\":[1,\"x\"]}");
    buf_done(&out);
    assert_null(json_tree(STR("{\"a\":\"x\\u0000y\"}"), NULL, &err));
    assert_int_equal(err.code, ERR_INPUT);
    assert_string_equal(err.where, "$.a");
    assert_null(json_tree(STR("{\"a\\u0000\":1}"), NULL, &err));
    assert_null(json_tree(STR("\"\\ud800\""), NULL, &err));
    assert_null(json_tree(STR("01"), NULL, &err));
}

static void small_documents_need_no_malloc(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct str text = STR("{\"a\":[1,2,3],\"b\":{\"c\":\"d\"}}");
    assert_non_null(json_read(&arena, text, NULL, NULL));
    struct arena_block *block = arena.first;
    for (int i = 0; i < 10000; i++) {
        arena_reset(&arena);
        assert_non_null(json_read(&arena, text, NULL, NULL));
    }
    assert_ptr_equal(arena.first, block);
    assert_ptr_equal(arena.last, block);
    arena_done(&arena);
}

static void line_and_column(void **state)
{
    (void)state;
    uint32_t line, column;
    json_line(STR("ab\ncd"), 4, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 2);
    json_line(STR("ab\ncd"), 0, &line, &column);
    assert_int_equal(line, 1);
    assert_int_equal(column, 1);
}

static const struct commented {
    const char *text, *want; /* NULL: still not JSON */
} commented[] = {
    { "// x\n[1, /* y\n */ 2] // z", "    \n[1,     \n    2]     " },
    { "\"//\"", "\"//\"" },
    { "[\"/* \\\" */\", 1 /**/]", "[\"/* \\\" */\", 1     ]" },
    { "[\"a\\\\\" /* b */]", "[\"a\\\\\"        ]" },
    { "1 /* open", NULL },
    { "1 /*/", NULL },
    { "1/**/2", NULL },
    { "\"/*\"/*", NULL },
    { "/", NULL },
    { "\"\\", NULL },
};

static void blanks_comments(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(commented); i++) {
        struct arena arena = { 0 };
        struct str text = json_uncomment(&arena, str_of(commented[i].text));
        assert_int_equal(text.size, strlen(commented[i].text));
        assert_int_equal(json_read(&arena, text, NULL, NULL) != NULL, commented[i].want != NULL);
        if (commented[i].want)
            assert_string_equal(text.at, commented[i].want);
        arena_done(&arena);
    }
}

/* Half a million comments without an end: looking for each end would read 10^12 bytes. */
static void open_comments_are_not_quadratic(void **state)
{
    (void)state;
    enum { SIZE = 4000000 };
    struct arena arena = { 0 };
    char *text = mem_alloc(SIZE);
    for (int i = 0; i < SIZE; i++)
        text[i] = "/*x "[i % 4];
    struct str out = json_uncomment(&arena, (struct str){ text, SIZE });
    assert_null(json_read(&arena, out, NULL, NULL));
    free(text);
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
        cmocka_unit_test(canonical_form_tells_documents_apart),
        cmocka_unit_test(large_objects_are_not_quadratic),
        cmocka_unit_test(numbers_are_exact_or_nothing),
        cmocka_unit_test(finds_special_bytes_at_every_place),
        cmocka_unit_test(depth_is_no_recursion),
        cmocka_unit_test(says_where),
        cmocka_unit_test(trees_lose_nothing_silently),
        cmocka_unit_test(small_documents_need_no_malloc),
        cmocka_unit_test(line_and_column),
        cmocka_unit_test(blanks_comments),
        cmocka_unit_test(open_comments_are_not_quadratic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
