/* node.c: what a change by node does to the text, what may not be named, and that the patcher takes
 * every edit that is made as whole nodes. */
#include "patch/node.h"

#include "base/mem.h"
#include "patch/patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define TOP                                                                                        \
    "/* f - a file. */\n#include \"moult.h\"\n\nstruct state {\n    int a;\n};\n\n"                \
    "enum kind {\n    ONE,\n    TWO\n};\n\n/* Counts. */\n"
#define END                                                                                        \
    "\nstatic const int rows[] = { 1, 2 };\n\nMOULT_EXPORT const struct p plugin = {\n    .a = "   \
    "1,\n    "                                                                                     \
    ".b = 2,\n};\n"
#define BODY(text) TOP "static int f(int a)\n{\n" text "}\n" END
#define SOURCE                                                                                     \
    BODY("    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n    for (int i = 0; i < "   \
         "3; i++) {\n        b += i;\n        b--;\n    }\n    return b;\n")

static const struct row {
    const char *name;
    enum node_verb verb;
    const char *node; /* its text, the first that may be named */
    const char *text;
    const char *want; /* the whole source; NULL: refused */
    const char *why;
} rows[] = {
    { "a condition", NODE_REPLACE, "a > 1", "a > 2",
        BODY("    int b = a;\n    if (a > 2)\n        b++;\n    /* why */\n    for (int i = 0; i < "
             "3; i++) {\n        b += i;\n        b--;\n    }\n    return b;\n"),
        NULL },
    { "a statement before another", NODE_BEFORE, "return b;", "b = 0;\n",
        BODY("    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n    for (int i = 0; i < "
             "3; i++) {\n        b += i;\n        b--;\n    }\n    b = 0;\n    return b;\n"),
        NULL },
    { "a statement behind another", NODE_AFTER, "int b = a;", "b += a;",
        BODY("    int b = a;\n    b += a;\n    if (a > 1)\n        b++;\n    /* why */\n    for "
             "(int i = 0; i < 3; i++) {\n        b += i;\n        b--;\n    }\n    return b;\n"),
        NULL },
    { "a statement goes with its line", NODE_DELETE, "b--;", "",
        BODY("    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n    for (int i = 0; i < "
             "3; i++) {\n        b += i;\n    }\n    return b;\n"),
        NULL },
    { "a loop under a condition", NODE_WRAP,
        "for (int i = 0; i < 3; i++) {\n        b += i;\n        b--;\n    }", "a",
        BODY("    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n    if (a) {\n        "
             "for "
             "(int i = 0; i < 3; i++) {\n            b += i;\n            b--;\n        }\n    }\n "
             "   return b;\n"),
        NULL },
    { "a branch without braces", NODE_REPLACE, "b++;", "{ b--; }",
        BODY("    int b = a;\n    if (a > 1)\n        { b--; }\n    /* why */\n    for (int i = 0; "
             "i < "
             "3; i++) {\n        b += i;\n        b--;\n    }\n    return b;\n"),
        NULL },
    { "a function, above the comment of the next", NODE_BEFORE,
        "static int f(int a)\n{\n    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n    "
        "for (int i = 0; i < 3; i++) {\n        b += i;\n        b--;\n    }\n    return b;\n}",
        "static int g(void)\n{\n    return 1;\n}",
        "/* f - a file. */\n#include \"moult.h\"\n\nstruct state {\n    int a;\n};\n\n"
        "enum kind {\n    ONE,\n    TWO\n};\n\nstatic int g(void)\n{\n    return 1;\n}\n\n/* "
        "Counts. "
        "*/\nstatic int f(int a)\n{\n    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n "
        "   "
        "for (int i = 0; i < 3; i++) {\n        b += i;\n        b--;\n    }\n    return "
        "b;\n}\n" END,
        NULL },
    { "a function, above the word of an export", NODE_BEFORE,
        "const struct p plugin = {\n    .a = 1,\n    .b = 2,\n};", "static const int c = 1;",
        TOP
        "static int f(int a)\n{\n    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n    "
        "for (int i = 0; i < 3; i++) {\n        b += i;\n        b--;\n    }\n    return b;\n}\n"
        "\nstatic const int rows[] = { 1, 2 };\n\nstatic const int c = 1;\n\nMOULT_EXPORT const "
        "struct p plugin = {\n    .a = 1,\n    .b = 2,\n};\n",
        NULL },
    { "a row, with the comma that it needs", NODE_AFTER, ".b = 2", ".c = 3,",
        TOP
        "static int f(int a)\n{\n    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n    "
        "for (int i = 0; i < 3; i++) {\n        b += i;\n        b--;\n    }\n    return b;\n}\n"
        "\nstatic const int rows[] = { 1, 2 };\n\nMOULT_EXPORT const struct p plugin = {\n    .a = "
        "1,\n"
        "    .b = 2,\n    .c = 3,\n};\n",
        NULL },
    { "a row goes with its comma and line", NODE_DELETE, ".a = 1", "",
        TOP
        "static int f(int a)\n{\n    int b = a;\n    if (a > 1)\n        b++;\n    /* why */\n    "
        "for (int i = 0; i < 3; i++) {\n        b += i;\n        b--;\n    }\n    return b;\n}\n"
        "\nstatic const int rows[] = { 1, 2 };\n\nMOULT_EXPORT const struct p plugin = {\n"
        "    .b = 2,\n};\n",
        NULL },
    { "the last of a list goes with the comma before it", NODE_DELETE, "TWO", "",
        "/* f - a file. */\n#include \"moult.h\"\n\nstruct state {\n    int a;\n};\n\n"
        "enum kind {\n    ONE\n};\n\n/* Counts. */\nstatic int f(int a)\n{\n    int b = a;\n    if "
        "(a > 1)\n        b++;\n    /* why */\n    for (int i = 0; i < 3; i++) {\n        b += "
        "i;\n    "
        "    b--;\n    }\n    return b;\n}\n" END,
        NULL },
    { "a member of the state", NODE_AFTER, "int a;", "int c;",
        "/* f - a file. */\n#include \"moult.h\"\n\nstruct state {\n    int a;\n    int c;\n};\n\n"
        "enum kind {\n    ONE,\n    TWO\n};\n\n/* Counts. */\nstatic int f(int a)\n{\n    int b = "
        "a;\n "
        "   if (a > 1)\n        b++;\n    /* why */\n    for (int i = 0; i < 3; i++) {\n        b "
        "+= "
        "i;\n        b--;\n    }\n    return b;\n}\n" END,
        NULL },
    { "a name's end", NODE_WRAP, "int b = a;", "a", NULL, "declares a name" },
    { "a condition takes no neighbour", NODE_AFTER, "a > 1", "b", NULL, "cannot be changed by" },
    { "a branch without braces has no neighbour", NODE_BEFORE, "b++;", "a++;", NULL,
        "branch without braces" },
    { "nothing put in", NODE_REPLACE, "b--;", " \n", NULL, "wants a text" },
    { "a deletion with a text", NODE_DELETE, "b--;", "b++;", NULL, "takes no text" },
};

static uint32_t find(const struct syntax *syntax, const char *text)
{
    for (uint32_t node = 1; node < syntax->count; node++)
        if (node_place(syntax, node) != NODE_NOWHERE && syntax_has_text(syntax, node, text))
            return node;
    fail_msg("no node %s", text);
    return 0;
}

static void patcher_takes(const struct syntax *was, struct str now, const struct patch_edit *edit,
    struct arena *arena, const char *name)
{
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    CLEANUP(buf_done) struct buf kinds = { 0 };
    CLEANUP(mem_freep) struct findings *findings = mem_zero(1, sizeof *findings);
    assert_int_equal(syntax_parse(&syntax, "f.c", now, NULL, NULL), 0);
    struct diff diff = diff_trees(was, syntax, arena);
    const struct patch patch = {
        .path = STR("plugins/f/f.c"), .was = was, .now = syntax, .edits = edit, .count = 1
    };
    patch_check(findings, &patch, &diff, &kinds);
    if (findings->count > 0)
        fail_msg("%s: %s", name, findings->at[0].message);
}

static void every_change(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(syntax_freep) struct syntax *syntax = NULL;
        CLEANUP(buf_done) struct buf out = { 0 };
        struct patch_edit edit;
        struct err err = { 0 };
        assert_int_equal(syntax_parse(&syntax, "f.c", STR(SOURCE), NULL, NULL), 0);
        const struct node_change change = { row->verb, find(syntax, row->node), str_of(row->text) };
        int rc = node_edits(&edit, syntax, &change, 1, &arena, &err);
        if ((rc == 0) != (row->want != NULL))
            fail_msg("%s: %d %s", row->name, rc, err.text);
        if (rc < 0 && !strstr(err.text, row->why))
            fail_msg("%s: refused for \"%s\"", row->name, err.text);
        if (rc < 0)
            continue;
        assert_true(patch_apply(&out, STR(SOURCE), &edit, 1));
        if (strcmp(out.at, row->want) != 0)
            fail_msg("%s:\n%s", row->name, out.at);
        patcher_takes(syntax, buf_view(&out), &edit, &arena, row->name);
    }
}

static void what_has_no_place(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct patch_edit edits[2];
    assert_int_equal(syntax_parse(&syntax, "f.c", STR(SOURCE), NULL, NULL), 0);
    for (uint32_t node = 0; node < syntax->count + 2; node++) {
        if (node_place(syntax, node) != NODE_NOWHERE)
            continue;
        const struct node_change change = { NODE_REPLACE, node, STR("x") };
        assert_int_equal(node_edits(edits, syntax, &change, 1, &arena, NULL), -ERR_INPUT);
    }
    assert_int_equal(node_place(syntax, UINT32_MAX), NODE_NOWHERE);
}

/* Two changes of one place would be an edit that nobody asked for. */
static void changes_that_meet(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct patch_edit edits[2];
    assert_int_equal(syntax_parse(&syntax, "f.c", STR(SOURCE), NULL, NULL), 0);
    uint32_t inner = find(syntax, "b--;"), end = find(syntax, "return b;");
    uint32_t loop = syntax_around(syntax, inner, "for_statement");
    struct node_change changes[] = { { NODE_REPLACE, loop, STR("b = 1;") },
        { NODE_DELETE, inner, STR("") } };
    assert_int_equal(node_edits(edits, syntax, changes, 2, &arena, NULL), -ERR_INPUT);
    changes[1] = (struct node_change){ NODE_BEFORE, loop, STR("a++;") };
    assert_int_equal(node_edits(edits, syntax, changes, 2, &arena, NULL), -ERR_INPUT);
    /* in whatever order they are told */
    changes[0] = (struct node_change){ NODE_BEFORE, end, STR("a = b;") };
    changes[1] = (struct node_change){ NODE_DELETE, inner, STR("") };
    assert_int_equal(node_edits(edits, syntax, changes, 2, &arena, NULL), 0);
    assert_true(edits[0].from < edits[1].from);
    assert_true(patch_apply(&out, STR(SOURCE), edits, 2));
    changes[0] = (struct node_change){ NODE_DELETE, find(syntax, "b += i;"), STR("") };
    assert_int_equal(node_edits(edits, syntax, changes, 2, &arena, NULL), 0);
    assert_int_equal(edits[0].to, edits[1].from);
    assert_int_equal(node_edits(edits, syntax, changes, 0, &arena, NULL), -ERR_INPUT);
    assert_int_equal(
        node_edits(edits, syntax, changes, NODE_CHANGES_MAX + 1, &arena, NULL), -ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change),
        cmocka_unit_test(what_has_no_place),
        cmocka_unit_test(changes_that_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
