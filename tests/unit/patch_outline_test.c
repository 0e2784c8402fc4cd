/* The outline of a source: functions, hooks, points, names in scope, conditions, literals, tables.
 */
#include "base/file.h"
#include "base/mem.h"
#include "patch/outline.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define NAIVE MOULT_SOURCE_DIR "/examples/naive-harness/"

struct source {
    struct syntax *syntax;
    struct arena arena;
    struct outline_functions functions;
};

static void source_done(struct source *source)
{
    syntax_free(source->syntax);
    arena_done(&source->arena);
}

static struct source source_of(struct str text)
{
    struct source source = { 0 };
    struct err err = { 0 };
    if (syntax_parse(&source.syntax, "x.c", text, NULL, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    source.functions = outline_functions(source.syntax, &source.arena);
    return source;
}

static struct source source_at(const char *path)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    assert_int_equal(file_read(path, &text, SYNTAX_SOURCE_MAX, NULL), 0);
    return source_of(buf_view(&text));
}

static void is(struct str have, const char *want)
{
    if (!str_equal(have, str_of(want)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)have.size, have.at, want);
}

static void hooks_of_the_naive_plugins_are_found(void **state)
{
    (void)state;
    glob_t found;
    unsigned hooks = 0;
    assert_int_equal(glob(NAIVE "plugins/*/*.c", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        CLEANUP(source_done) struct source source = source_at(found.gl_pathv[i]);
        struct outline_plugin plugin =
            outline_plugin(source.syntax, &source.functions, &source.arena);
        assert_true(plugin.node != 0 && plugin.count >= 5);
        for (uint32_t m = 0; m < plugin.count; m++) {
            if (!plugin.at[m].hook)
                continue;
            const struct outline_function *function = plugin.at[m].function;
            assert_non_null(function);
            assert_true(function->is_static);
            is(function->returns, "moult_action");
            bool of_call = strstr(outline_hook_params(plugin.at[m].hook), "call") != NULL;
            assert_int_equal(function->params.count, of_call ? 2 : 1);
            is(function->params.at[0].type, "moult_turn *");
            hooks++;
        }
    }
    globfree(&found);
    assert_int_equal(hooks, 9);
    assert_null(outline_hook_params("name"));
}

static const char body[] = "#include \"moult.h\"\n"
                           "enum { MANY = 20 };\n"
                           "struct row { const char *name; uint8_t n; };\n"
                           "static const struct row rows[] = { { \"a\", 1 }, { .name = \"b\" } };\n"
                           "static const char *const words[2] = { \"x\", /* no row */ \"y\" };\n"
                           "static const char *loose[1] = { \"z\" };\n"
                           "static const char *find(const struct row *row, int n)\n"
                           "{\n"
                           "    const char *found[4] = { 0 }, *last = row->name;\n"
                           "    for (moult_it it = { 0 }; n > 0; n--) {\n"
                           "        uint32_t n = 0x10u;\n"
                           "        if (n & (MOULT_USER | MOULT_MODEL))\n"
                           "            continue;\n"
                           "        else if (n)\n"
                           "            n++;\n"
                           "        else\n"
                           "            n--;\n"
                           "    }\n"
                           "    switch (n) {\n"
                           "    case 1:\n"
                           "        n = 'c';\n"
                           "        break;\n"
                           "    }\n"
                           "    return n ? last : \"a\" \"b\";\n"
                           "}\n"
                           "void below(void)\n"
                           "{\n"
                           "}\n";

static uint32_t offset_of(const char *text)
{
    return (uint32_t)(strstr(body, text) - body);
}

static void functions_have_types(void **state)
{
    (void)state;
    CLEANUP(source_done) struct source source = source_of(str_of(body));
    assert_int_equal(source.functions.count, 2);
    const struct outline_function *find = outline_find(&source.functions, STR("find"));
    assert_non_null(find);
    is(find->returns, "const char *");
    is(find->params.at[0].name, "row");
    is(find->params.at[0].type, "const struct row *");
    is(find->params.at[1].type, "int");
    assert_null(outline_find(&source.functions, STR("fin")));
    assert_false(outline_find(&source.functions, STR("below"))->is_static);
    assert_int_equal(outline_plugin(source.syntax, &source.functions, &source.arena).node, 0);
}

static const struct scope_row {
    const char *before, *want; /* "kind name: type" of each, inner first */
} scopes[] = {
    { "n++", "local n: uint32_t, local it: moult_it, local found: const char *[4], "
             "local last: const char *, param row: const struct row *, constant MANY: int, "
             "constant rows: const struct row [], constant words: const char *const[2], "
             "constant loose: const char *[1]" },
    { "uint32_t n", "local it: moult_it, local found: const char *[4], local last: const char *, "
                    "param row: const struct row *, param n: int, constant MANY: int, "
                    "constant rows: const struct row [], constant words: const char *const[2], "
                    "constant loose: const char *[1]" },
    { "static const char *const", "constant MANY: int, constant rows: const struct row []" },
    { "void below", "constant MANY: int, constant rows: const struct row [], "
                    "constant words: const char *const[2], constant loose: const char *[1], "
                    "function find: const char *(const struct row *row, int n)" },
};

static void scope_is_what_c_says(void **state)
{
    (void)state;
    static const char *const kinds[] = { "param", "local", "constant", "function" };
    CLEANUP(source_done) struct source source = source_of(str_of(body));
    for (size_t i = 0; i < COUNT_OF(scopes); i++) {
        CLEANUP(buf_done) struct buf have = { 0 };
        struct outline_names names =
            outline_scope(source.syntax, offset_of(scopes[i].before), &source.arena);
        for (uint32_t n = 0; n < names.count; n++)
            buf_format(&have, "%s%s %.*s: %.*s", n ? ", " : "", kinds[names.at[n].kind],
                (int)names.at[n].name.size, names.at[n].name.at, (int)names.at[n].type.size,
                names.at[n].type.at);
        is(buf_view(&have), scopes[i].want);
    }
}

/* A point is written as its offset's text, with what it is. */
static void points_are_where_a_statement_may_stand(void **state)
{
    (void)state;
    static const struct {
        const char *at;
        bool bare, in_loop, end;
    } want[] = {
        { "const char *found", false, false, false },
        { "for (moult_it", false, false, false },
        { "uint32_t n = 0x", false, true, false },
        { "if (n & (MOULT", false, true, false },
        { "continue;", true, true, false },
        { "n++;", true, true, false },
        { "n--;\n    }", true, true, false },
        { "}\n    switch", false, true, true },
        { "switch (n)", false, false, false },
        { "n = 'c'", false, false, false },
        { "break;", false, false, false },
        { "return n ?", false, false, false },
    };
    CLEANUP(source_done) struct source source = source_of(str_of(body));
    struct outline_points points =
        outline_points(source.syntax, outline_find(&source.functions, STR("find")), &source.arena);
    assert_int_equal(points.count, COUNT_OF(want));
    for (uint32_t i = 0; i < points.count; i++) {
        if (points.at[i].at != offset_of(want[i].at) || points.at[i].bare != want[i].bare ||
            points.at[i].in_loop != want[i].in_loop || !points.at[i].statement != want[i].end)
            fail_msg("point %u is not before \"%s\"", i, want[i].at);
    }
    points =
        outline_points(source.syntax, outline_find(&source.functions, STR("below")), &source.arena);
    assert_int_equal(points.count, 1);
    assert_int_equal(points.at[0].at, sizeof(body) - 3);
}

static void conditions_and_their_branches(void **state)
{
    (void)state;
    static const char *const want[][3] = { { "n > 0", "{", "" },
        { "n & (MOULT_USER | MOULT_MODEL)", "continue;", "if (n)" }, { "n", "n++;", "n--;" },
        { "n", "last", "\"a\" \"b\"" } };
    CLEANUP(source_done) struct source source = source_of(str_of(body));
    struct outline_conditions list = outline_conditions(source.syntax, 0, &source.arena);
    assert_int_equal(list.count, COUNT_OF(want));
    for (uint32_t i = 0; i < list.count; i++) {
        is(syntax_text(source.syntax, list.at[i].node), want[i][0]);
        assert_true(
            str_starts(syntax_text(source.syntax, list.at[i].then_node), str_of(want[i][1])));
        assert_int_equal(list.at[i].else_node == 0, !*want[i][2]);
        if (list.at[i].else_node)
            assert_true(
                str_starts(syntax_text(source.syntax, list.at[i].else_node), str_of(want[i][2])));
    }
}

static void literals_and_flags(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum outline_literal_kind kind;
        int64_t number;
    } want[] = {
        { "4", OUTLINE_NUMBER, 4 },
        { "0", OUTLINE_NUMBER, 0 },
        { "0", OUTLINE_NUMBER, 0 },
        { "0", OUTLINE_NUMBER, 0 },
        { "0x10u", OUTLINE_NUMBER, 16 },
        { "MOULT_USER | MOULT_MODEL", OUTLINE_FLAGS, 0 },
        { "1", OUTLINE_NUMBER, 1 },
        { "'c'", OUTLINE_CHARACTER, 0 },
        { "\"a\" \"b\"", OUTLINE_STRING, 0 },
    };
    CLEANUP(source_done) struct source source = source_of(str_of(body));
    const struct outline_function *find = outline_find(&source.functions, STR("find"));
    struct outline_literals list = outline_literals(source.syntax, find->node, &source.arena);
    assert_int_equal(list.count, COUNT_OF(want));
    for (uint32_t i = 0; i < list.count; i++) {
        is(syntax_text(source.syntax, list.at[i].node), want[i].text);
        assert_int_equal(list.at[i].kind, want[i].kind);
        assert_int_equal(list.at[i].number, want[i].number);
    }
    /* "moult.h" is no literal of the program */
    list = outline_literals(source.syntax, 0, &source.arena);
    is(syntax_text(source.syntax, list.at[0].node), "20");
}

static void tables_are_constant_to_the_last_pointer(void **state)
{
    (void)state;
    CLEANUP(source_done) struct source source = source_of(str_of(body));
    struct outline_tables tables = outline_tables(source.syntax, &source.arena);
    assert_int_equal(tables.count, 2);
    is(tables.at[0].name, "rows");
    is(tables.at[0].type, "struct row");
    assert_int_equal(tables.at[0].rows_count, 2);
    is(syntax_text(source.syntax, tables.at[0].rows[1]), "{ .name = \"b\" }");
    is(tables.at[1].name, "words");
    is(tables.at[1].type, "const char *");
    assert_int_equal(tables.at[1].rows_count, 2);
}

static void the_order_is_a_table(void **state)
{
    (void)state;
    CLEANUP(source_done) struct source source = source_at(NAIVE "pipeline/order.c");
    struct outline_tables tables = outline_tables(source.syntax, &source.arena);
    assert_int_equal(tables.count, 1);
    is(tables.at[0].type, "struct moult_place");
    assert_int_equal(tables.at[0].rows_count, 9);
    is(syntax_text(source.syntax, tables.at[0].rows[8]), "{ MOULT_TURN_END, \"session_stats\" }");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_of_the_naive_plugins_are_found),
        cmocka_unit_test(functions_have_types),
        cmocka_unit_test(scope_is_what_c_says),
        cmocka_unit_test(points_are_where_a_statement_may_stand),
        cmocka_unit_test(conditions_and_their_branches),
        cmocka_unit_test(literals_and_flags),
        cmocka_unit_test(tables_are_constant_to_the_last_pointer),
        cmocka_unit_test(the_order_is_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
