/* localise.c: what is marked in a source of every shape, and suspicions that were worked out by
 * hand. */
#include "propose/localise.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;

static struct syntax *parse(const char *source)
{
    struct syntax *syntax;
    struct err err;
    if (syntax_parse(&syntax, "test.c", str_of(source), NULL, &err) < 0)
        fail_msg("%s\n%s", err.text, source);
    return syntax;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    arena = (struct arena){ 0 };
    return 0;
}

static void suspicions_are_those_of_ochiai(void **state)
{
    static const struct {
        const char *name;
        double ran_failing, failing, ran_passing, want;
    } rows[] = {
        { "runs where it fails and nowhere else", 4, 4, 0, 1 },
        { "runs everywhere: 4 / sqrt(4 * 16)", 4, 4, 12, 0.5 },
        { "runs at one of four that fail: 1 / sqrt(4 * 1)", 1, 4, 0, 0.5 },
        { "3 / sqrt(4 * 9)", 3, 4, 6, 0.5 },
        { "runs at none that fails", 0, 4, 9, 0 },
        { "never runs", 0, 4, 0, 0 },
        { "nothing fails", 0, 0, 3, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double got = localise_ochiai(rows[i].ran_failing, rows[i].failing, rows[i].ran_passing);
        if (got < rows[i].want - 1e-9 || got > rows[i].want + 1e-9)
            fail_msg("%s: %f", rows[i].name, got);
    }
}

/* The lines of the marks: N a statement, eN an end of a block that is reached, pN an if passed. */
static const char *marks_of(const struct localise *localise)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    for (uint32_t i = 0; i < localise->count; i++) {
        const struct localise_mark *mark = &localise->at[i];
        bool end = mark->point.block && !mark->point.statement;
        const char *what = !mark->point.block ? "p" : end ? "e" : "";
        uint32_t line = end ? syntax_place(localise->syntax, mark->point.at).line
                            : localise->syntax->nodes[mark->node].place.line;
        buf_format(&out, "%s%s%u", i ? " " : "", what, line);
    }
    return arena_string(&arena, out.at ? out.at : "", out.size);
}

#define BEGIN "static int f(int a)\n{\n"
static const struct {
    const char *name, *body, *marks;
} shapes[] = {
    { "one statement", "    return a;\n}\n", "3" },
    { "a declaration, and the way past an if",
        "    int b = 1;\n    if (a)\n        b = 2;\n    return b;\n}\n", "3 4 5 6 p4" },
    { "both ways have a statement: nothing to pass",
        "    if (a)\n        a = 2;\n    else\n        a = 3;\n    return a;\n}\n", "3 4 6 7" },
    { "else if, which is passed",
        "    if (a == 1)\n        a = 2;\n    else if (a == 2)\n        a = 3;\n    return a;\n}\n",
        "3 4 6 7 p5" },
    { "blocks within blocks, with the ends that are reached",
        "    {\n        if (a) {\n            a++;\n        }\n    }\n    return a;\n}\n",
        "3 4 5 e6 e7 8 p4" },
    { "loops without braces",
        "    for (int i = 0; i < a; i++)\n        while (a > 3)\n            a--;\n    return "
        "a;\n}\n",
        "3 4 5 6" },
    { "cases of a switch",
        "    switch (a) {\n    case 1:\n        a = 2;\n        break;\n    case 2: {\n        "
        "return 3;\n    }\n"
        "    default:\n        a = 4;\n    }\n    return a;\n}\n",
        "3 5 6 7 8 11 13" },
    { "all in one line", "    if (a) { a++; } if (a > 1) a--; return a;\n}\n",
        "3 3 e3 3 3 3 p3 p3" },
    { "the end is reached", "    a++;\n}\n", "3 e4" },
};

static struct localise begin(const char *body, struct syntax **ret)
{
    struct localise localise;
    *ret = parse(arena_format(&arena, "%s%s", BEGIN, body));
    localise_begin(&localise, *ret, &arena);
    return localise;
}

static void every_shape_is_marked(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        CLEANUP(syntax_freep) struct syntax *syntax = NULL, *marked = NULL;
        CLEANUP(buf_done) struct buf out = { 0 };
        struct localise localise = begin(shapes[i].body, &syntax);
        print_message("%s\n", shapes[i].name);
        assert_string_equal(marks_of(&localise), shapes[i].marks);
        localise_print(&out, &localise, 5, &arena);
        buf_char(&out, '\0');
        marked = parse(out.at);
        for (uint32_t k = 0; k < localise.count; k++) {
            const char *set = arena_format(&arena, "search_cover[%u] = 1;", k);
            const char *passed = arena_format(&arena, "search_passes(%u, !!(", k);
            assert_true(!!strstr(out.at, set) != !!strstr(out.at, passed));
        }
    }
}

/* A body that stands alone keeps its statement: the braces go around both. */
static void marks_change_nothing_else(void **state)
{
    (void)state;
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct localise localise = begin("    if (a)\n        a = 2;\n    return a;\n}\n", &syntax);
    localise_print(&out, &localise, 5, &arena);
    buf_char(&out, '\0');
    assert_non_null(strstr(out.at, "{\n    search_cover[0] = 1; if (search_passes(3, !!(a)))\n     "
                                   "   { search_cover[1] = 1; a = 2; }\n"
                                   "    search_cover[2] = 1; return a;\n}\n"));
}

static struct str ran(const char *marks)
{
    static uint32_t counters[LOCALISE_MARKS_MAX];
    uint32_t count = (uint32_t)strlen(marks);
    for (uint32_t i = 0; i < count; i++)
        counters[i] = marks[i] == 'x' ? 7 : 0;
    return (struct str){ (const char *)counters, count * sizeof(*counters) };
}

/* Two failing groups, one with three steps; two passing groups. By hand, for marks 3 4 5 6 p4 of
 *
 *     3  int b = 1;        ef 2     ep 2
 *     4  if (a)            ef 2     ep 2
 *     5      b = 2;        ef 5/3   ep 1/2
 *     6  return b;         ef 2     ep 2
 *     p4                   ef 1/3   ep 3/2 */
static void groups_weigh_one_each(void **state)
{
    (void)state;
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct localise localise = begin(shapes[1].body, &syntax);
    static const struct {
        bool failing;
        uint32_t of;
        const char *ran;
    } steps[] = { { true, 3, "xxxx." }, { true, 3, "xxxx." }, { true, 3, "xx.xx" },
        { true, 1, "xxxx." }, { false, 1, "xx.xx" }, { false, 2, "xxxx." }, { false, 2, "xx.xx" } };
    for (uint32_t i = 0; i < COUNT_OF(steps); i++)
        localise_add(&localise, steps[i].failing, steps[i].of, ran(steps[i].ran), i);
    localise_end(&localise);
    const double want[] = { 0.707107, 0.707107, 0.800641, 0.707107, 0.174078 };
    for (uint32_t i = 0; i < COUNT_OF(want); i++) {
        double off = localise.at[i].suspicion - want[i];
        if (off < -1e-6 || off > 1e-6)
            fail_msg("mark %u: %f", i, localise.at[i].suspicion);
    }
    assert_true(localise.at[0].digest == localise.at[3].digest);
    assert_true(localise.at[0].digest != localise.at[2].digest);
    const uint32_t *order = localise_order(&localise, &arena);
    const uint32_t best_first[] = { 2, 0, 1, 3, 4 };
    assert_memory_equal(order, best_first, sizeof(best_first));
    const char *b2 = strstr(syntax->source.at, "b = 2"), *a = strstr(syntax->source.at, "(a)");
    assert_true(localise_rank(&localise, (uint32_t)(b2 - syntax->source.at)) > 0.8);
    double rank = localise_rank(&localise, (uint32_t)(a + 1 - syntax->source.at));
    assert_true(rank > 0.70 && rank < 0.71);
    assert_true(localise_rank(&localise, 0) == 0);
}

/* A driver that sends back less than there are marks: those did not run. */
static void what_was_not_told_did_not_run(void **state)
{
    (void)state;
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct localise localise = begin(shapes[1].body, &syntax);
    localise_add(&localise, true, 1, ran("x"), 0);
    localise_add(&localise, true, 1, (struct str){ "\1\1\1", 3 }, 1);
    localise_end(&localise);
    assert_true(localise.at[0].failed == 1 && localise.at[1].failed == 0);
    assert_true(localise.at[1].suspicion == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(suspicions_are_those_of_ochiai, tear_down),
        cmocka_unit_test_teardown(every_shape_is_marked, tear_down),
        cmocka_unit_test_teardown(marks_change_nothing_else, tear_down),
        cmocka_unit_test_teardown(groups_weigh_one_each, tear_down),
        cmocka_unit_test_teardown(what_was_not_told_did_not_run, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
