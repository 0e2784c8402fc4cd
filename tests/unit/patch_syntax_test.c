/* The tree of a source: what has one, what is refused and where, and that its tokens are the
 * source. */
#include "base/file.h"
#include "base/mem.h"
#include "patch/syntax.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NAIVE MOULT_SOURCE_DIR "/examples/naive-harness/"

static const struct row {
    const char *name, *text;
    size_t size; /* 0: strlen */
    int want;    /* 0 or the code */
    uint32_t line, column;
} rows[] = {
    { "nothing", "", 0, 0, 0, 0 },
    { "a function", "int f(void)\n{\n    return 1;\n}\n", 0, 0, 0, 0 },
    { "an exported constant", "MOULT_EXPORT const int x = 1;\n", 0, 0, 0, 0 },
    { "prose", "this is not C\n", 0, ERR_INPUT, 1, 0 },
    { "a semicolon too few", "int f(void)\n{\n    return 1\n}\n", 0, ERR_INPUT, 3, 0 },
    { "a brace too few", "int f(void)\n{\n    if (1) {\n    return 1;\n}\n", 0, ERR_INPUT, 0, 0 },
    { "a NUL byte", "int x;\nint \0y;\n", 15, ERR_INPUT, 2, 5 },
    { "a computed goto", "void f(void *p)\n{\n    goto *p;\n}\n", 0, ERR_INPUT, 3, 0 },
};

static void parses_or_says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(syntax_freep) struct syntax *syntax = NULL;
        struct err err = { 0 };
        struct place fault = { 0 };
        struct str text = { rows[i].text, rows[i].size ? rows[i].size : strlen(rows[i].text) };
        int rc = syntax_parse(&syntax, "x.c", text, &fault, &err);
        if (-rc != rows[i].want || (rows[i].line && fault.line != rows[i].line) ||
            (rows[i].column && fault.column != rows[i].column))
            fail_msg("%s: %d at %u:%u (%s)", rows[i].name, rc, fault.line, fault.column, err.text);
        assert_true(rc == 0 || !strncmp(err.where, "x.c:", 4));
    }
}

static char *repeat(const char *head, const char *part, size_t count, const char *tail)
{
    struct buf text = { 0 };
    buf_text(&text, head);
    for (size_t i = 0; i < count; i++)
        buf_text(&text, part);
    buf_text(&text, tail);
    return buf_steal(&text);
}

static void bounds_size_and_depth(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *deep = repeat("int x = ", "(", 5000, "1");
    CLEANUP(mem_freep) char *unary = repeat("int x = ", "-", 5000, "1;");
    CLEANUP(mem_freep) char *wide = repeat("", "int x;\n", SYNTAX_SOURCE_MAX / 7 + 1, "");
    CLEANUP(mem_freep) char *nodes = repeat("int x = 0", "+1", 60000, ";");
    const char *const texts[] = { unary, wide, nodes };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct syntax *syntax = NULL;
        struct err err = { 0 };
        assert_int_equal(syntax_parse(&syntax, "x.c", str_of(texts[i]), NULL, &err), -ERR_LIMIT);
    }
    struct syntax *syntax = NULL;
    assert_true(syntax_parse(&syntax, "x.c", str_of(deep), NULL, NULL) < 0);
}

/* Between one token and the next stand blanks, comments and directives only. */
static void tokens_cover(const char *path)
{
    CLEANUP(buf_done) struct buf source = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct err err = { 0 };
    assert_int_equal(file_read(path, &source, SYNTAX_SOURCE_MAX, &err), 0);
    if (syntax_parse(&syntax, path, buf_view(&source), NULL, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    uint32_t end = 0, count = 0;
    for (uint32_t token = syntax_next_token(syntax, 1); token;
         token = syntax_next_token(syntax, syntax_end_of_token(syntax, token))) {
        struct span span = syntax->nodes[token].span;
        assert_true(span.from >= end && span.to > span.from);
        struct str gap = str_trim(syntax_slice(syntax, (struct span){ end, span.from }));
        if (gap.size && !str_starts(gap, STR("/*")) && !str_starts(gap, STR("#include")) &&
            !str_equal(gap, str_of(SYNTAX_EXPORT)))
            fail_msg("%s: skipped \"%.*s\"", path, (int)gap.size, gap.at);
        end = span.to;
        count++;
    }
    assert_true(count > 40);
}

static void tokens_are_the_source(void **state)
{
    (void)state;
    static const char *const patterns[] = { NAIVE "plugins/*/*.c", NAIVE "pipeline/*.c" };
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        glob_t found;
        assert_int_equal(glob(patterns[i], 0, NULL, &found), 0);
        for (size_t n = 0; n < found.gl_pathc; n++)
            tokens_cover(found.gl_pathv[n]);
        globfree(&found);
    }
}

#define SMALL                                                                                      \
    "#include \"moult.h\"\n"                                                                       \
    "int f(int a) /* why */\n"                                                                     \
    "{\n"                                                                                          \
    "    if (a > 1)\n"                                                                             \
    "        return a + 2;\n"                                                                      \
    "    return \"x y\"[0];\n"                                                                     \
    "}\n"

static void nodes_are_found_by_span_and_place(void **state)
{
    (void)state;
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    assert_int_equal(syntax_parse(&syntax, "x.c", str_of(SMALL), NULL, NULL), 0);
    uint32_t at = (uint32_t)(strstr(SMALL, "a + 2") - SMALL);
    uint32_t sum = syntax_exact(syntax, (struct span){ at, at + 5 });
    assert_true(syntax_is(syntax, sum, "binary_expression"));
    assert_true(syntax_has_text(syntax, syntax_child(syntax, sum, "right"), "2"));
    assert_int_equal(syntax_child(syntax, sum, "condition"), 0);
    assert_int_equal(syntax_exact(syntax, (struct span){ at, at + 3 }), 0);
    assert_int_equal(syntax_covering(syntax, (struct span){ at, at + 3 }), sum);
    uint32_t statement = syntax_around(syntax, sum, "if_statement");
    assert_true(statement != 0 && syntax_around(syntax, statement, "if_statement") == 0);
    assert_true(syntax_child_of_kind(syntax, statement, "return_statement") != 0);
    assert_int_equal(syntax_covering(syntax, (struct span){ 0, (uint32_t)strlen(SMALL) }), 0);
    struct place place = syntax_place(syntax, at);
    assert_int_equal(place.line, 5);
    assert_int_equal(place.column, 16);
}

static void a_string_is_one_token_and_a_comment_none(void **state)
{
    (void)state;
    static const char *const want[] = { "int", "f", "(", "int", "a", ")", "{", "if", "(", "a", ">",
        "1", ")", "return", "a", "+", "2", ";", "return", "\"x y\"", "[", "0", "]", ";", "}" };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    assert_int_equal(syntax_parse(&syntax, "x.c", str_of(SMALL), NULL, NULL), 0);
    uint32_t token = syntax_next_token(syntax, 1);
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_true(token != 0 && syntax_has_text(syntax, token, want[i]));
        token = syntax_next_token(syntax, syntax_end_of_token(syntax, token));
    }
    assert_int_equal(token, 0);
}

/* The word is blanked only where it is a word. */
static void the_export_word_is_no_node(void **state)
{
    (void)state;
    static const char text[] = "MOULT_EXPORT const int x = MOULT_EXPORTS;\n";
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    assert_int_equal(syntax_parse(&syntax, "x.c", str_of(text), NULL, NULL), 0);
    assert_true(str_equal(syntax->source, str_of(text)));
    assert_true(str_starts(syntax->seen, STR("             const")));
    assert_true(str_find(syntax->seen, STR("MOULT_EXPORTS")) > 0);
    assert_true(syntax_has_text(syntax, syntax_next_token(syntax, 1), "const"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_or_says_where),
        cmocka_unit_test(bounds_size_and_depth),
        cmocka_unit_test(tokens_are_the_source),
        cmocka_unit_test(nodes_are_found_by_span_and_place),
        cmocka_unit_test(a_string_is_one_token_and_a_comment_none),
        cmocka_unit_test(the_export_word_is_no_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
