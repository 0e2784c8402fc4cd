/* A patch as nodes and in words: what changed, what got weaker, what was copied from the batch. */
#include "base/mem.h"
#include "patch/describe.h"
#include "patch/lines.h"
#include "patch/patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The plugin that is patched: BODY is lines 7 and on. */
static char *plugin(const char *body)
{
    return mem_format("#include \"moult.h\"\n"
                      "enum { MOST = 3 };\n"
                      "struct state { uint32_t n; };\n"
                      "static const char *const words[] = { \"a\", \"b\" };\n"
                      "static moult_action look(moult_turn *turn, moult_call *call)\n"
                      "{\n"
                      "%s"
                      "}\n"
                      "const struct moult_plugin moult_plugin = {\n"
                      "    .abi = MOULT_ABI,\n"
                      "    .state_schema = 1,\n"
                      "    .before_tool = look,\n"
                      "};\n",
        body);
}

static struct syntax *parse(const char *text)
{
    struct syntax *syntax;
    struct err err = { 0 };
    if (syntax_parse(&syntax, "x.c", str_of(text), NULL, &err) < 0)
        fail_msg("%s: %s in %s", err.where, err.text, text);
    return syntax;
}

static void describe(struct buf *out, const char *was_text, const char *now_text)
{
    static const struct str literals[] = { { "the id is #W123456, Alice", 25 } };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(syntax_freep) struct syntax *was = parse(was_text), *now = parse(now_text);
    struct diff diff = diff_trees(was, now, &arena);
    const struct describe describe = { was, now, &diff, literals, COUNT_OF(literals) };
    describe_patch(out, &describe);
}

#define DENY "    if (call->failed)\n        return MOULT_DENY;\n"
#define SET                                                                                        \
    "    if (call->args)\n        moult_arg_set(turn, call, moult_str(\"k\"), call->args);\n"
#define PASS "    return MOULT_PASS;\n"
#define LOOK "look (before_tool), line "
#define ALWAYS                                                                                     \
    "always the same: " LOOK "5: the hook before_tool returns MOULT_PASS whatever it finds\n"

static const struct row {
    const char *name, *was, *now, *want;
} rows[] = {
    { "nothing", PASS, "    /* why */ return  MOULT_PASS;\n", "" },
    { "a statement more", PASS, DENY PASS,
        LOOK "7: puts in `if (call->failed) return MOULT_DENY;`\n" },
    { "a long piece, and what it hides", PASS,
        "    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {\n"
        "        if (moult_fits(turn, NULL, it.value))\n            continue;\n"
        "        do\n            moult_explain(turn, \"x\");\n        while (turn->step > 9);\n"
        "    }\n" PASS,
        LOOK "7: puts in `for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) { if "
             "(moult_fits(turn, NULL, i...`\n" LOOK
             "7: in it `for (moult_it it = { 0 }; moult_each(turn, call->args, &it);)`\n" LOOK
             "8: in it `if (moult_fits(turn, NULL, it.value))`\n" LOOK "9: in it `continue;`\n" LOOK
             "10: in it `(turn->step > 9)`\n" LOOK "11: in it `moult_explain(turn, \"x\");`\n"
             "new power: " LOOK "11: `moult_explain` says something in the trace, and to the model "
             "where it denies\n" LOOK "7: new to this plugin, to look: `moult_each`, "
             "`moult_fits`\n" },
    { "a statement less, which was no guard", "    moult_cut(turn, (moult_span){ 0, 1 });\n" PASS,
        PASS, LOOK "7: takes out `moult_cut(turn, (moult_span){ 0, 1 });`\n" },
    { "a guard less", DENY PASS, PASS,
        "guard weaker: " LOOK "7: takes out `if (call->failed) return MOULT_DENY;`\n" ALWAYS },
    { "a stopping condition that holds less often", DENY PASS,
        "    if (call->failed && call->args)\n        return MOULT_DENY;\n" PASS,
        "guard weaker: " LOOK
        "7: the condition `(call->failed)` becomes `(call->failed && call->args)` (narrower)\n" },
    { "a stopping condition that holds more often", DENY PASS,
        "    if (call->failed || call->args)\n        return MOULT_DENY;\n" PASS,
        LOOK "7: the condition `(call->failed)` becomes `(call->failed || call->args)` (wider)\n" },
    { "an effect's condition that holds more often",
        "    if (call->args && call->failed) {\n        moult_cut(turn, (moult_span){ 0, 1 });\n   "
        " }\n" PASS,
        "    if (call->args) {\n        moult_cut(turn, (moult_span){ 0, 1 });\n    }\n" PASS,
        "guard weaker: " LOOK
        "7: the condition `(call->args && call->failed)` becomes `(call->args)` (wider)\n" },
    { "a skip that holds less often",
        "    if (!call->args || call->failed)\n        return MOULT_PASS;\n" SET PASS,
        "    if (!call->args)\n        return MOULT_PASS;\n" SET PASS,
        "guard weaker: " LOOK
        "7: the condition `(!call->args || call->failed)` becomes `(!call->args)` (narrower)\n" },
    { "a condition turned round", DENY PASS,
        "    if (!call->failed)\n        return MOULT_DENY;\n" PASS,
        "guard weaker: " LOOK
        "7: the condition `(call->failed)` becomes `(!call->failed)` (negated)\n" },
    { "a condition that cannot be compared", DENY PASS,
        "    if (call->args)\n        return MOULT_DENY;\n" PASS,
        "guard changed: " LOOK
        "7: the condition `(call->failed)` becomes `(call->args)` (changed)\n" },
    { "a bound moved up", "    if (turn->step > 3)\n        return MOULT_DENY;\n" PASS,
        "    if (turn->step > 9)\n        return MOULT_DENY;\n" PASS,
        "guard weaker: " LOOK
        "7: the condition `(turn->step > 3)` becomes `(turn->step > 9)` (narrower)\n" },
    { "a loop's condition is no guard",
        "    for (uint32_t i = 0; i < 3; i++)\n        moult_wait(turn, i);\n" PASS,
        "    for (uint32_t i = 0; i < 4; i++)\n        moult_wait(turn, i);\n" PASS,
        LOOK "7: the condition `i < 3` becomes `i < 4` (wider)\n" },
    { "a condition taken from around an effect", SET PASS,
        "    moult_arg_set(turn, call, moult_str(\"k\"), call->args);\n" PASS,
        "guard weaker: " LOOK "7: `if (call->args) moult_arg_set(turn, call, moult_str(\"k\"), "
        "call->args);` becomes `moult_arg_set(turn, call, moult_str(\"k\"), call->args);`\n" },
    { "an action that stops no more", DENY PASS,
        "    if (call->failed)\n        return MOULT_PASS;\n" PASS,
        "guard weaker: " LOOK
        "8: `MOULT_DENY` becomes `MOULT_PASS` in `return MOULT_PASS;`\n" ALWAYS },
    { "a way out in front of all",
        "    if (call->failed)\n        return MOULT_DENY;\n    moult_wait(turn, 1);\n" PASS,
        PASS DENY "    moult_wait(turn, 1);\n" PASS,
        "guard weaker: " LOOK "7: puts in `return MOULT_PASS;`\n" ALWAYS },
    { "a way out that is jumped over", DENY PASS,
        "    if (call->failed)\n        goto deny;\n" PASS "deny:\n    return MOULT_DENY;\n",
        "guard weaker: " LOOK "8: `return MOULT_DENY;` becomes `goto deny;` in `if (call->failed) "
        "goto deny;`\n" LOOK "10: puts in `deny: return MOULT_DENY;`\n" },
    { "a hook that always returned the same", "    moult_wait(turn, 1);\n" PASS, PASS,
        LOOK "7: takes out `moult_wait(turn, 1);`\n" },
    { "an act that is new, beside one that is not", "    moult_wait(turn, 1);\n" PASS,
        "    moult_wait(turn, 1);\n    moult_cut(turn, (moult_span){ 0, 1 });\n    "
        "moult_wait(turn, "
        "1);\n" PASS,
        LOOK "8: puts in `moult_cut(turn, (moult_span){ 0, 1 }); moult_wait(turn, 1);`\n"
             "new power: " LOOK "8: `moult_cut` changes the text in hand\n" },
    { "an action that asks no other plugin", PASS, "    return MOULT_DONE;\n",
        "guard weaker: " LOOK "7: `MOULT_PASS` becomes `MOULT_DONE` in `return MOULT_DONE;`\n" },
    { "a way out before the guard", DENY PASS,
        "    if (turn->step)\n        return MOULT_PASS;\n" DENY PASS,
        "guard weaker: " LOOK "7: puts in `if (turn->step) return MOULT_PASS;`\n" },
    { "a literal of the batch", "    moult_explain(turn, \"x\");\n" PASS,
        "    moult_explain(turn, \"#W123456\");\n" PASS,
        LOOK "7: `\"x\"` becomes `\"#W123456\"` in `moult_explain(turn, \"#W123456\");`\n"
             "copied from the batch: " LOOK "7: `\"#W123456\"`\n" },
    { "dice", "    moult_explain(turn, \"x\");\n" PASS,
        "    if (moult_random(turn) % 100000 == 0)\n        return MOULT_DENY;\n" PASS,
        LOOK "7: `moult_explain(turn, \"x\");` becomes `if (moult_random(turn) % 100000 == 0) "
             "return MOULT_DENY;`\n"
             "by chance: " LOOK "7: `moult_random(turn)`\n" },
    { "a time", "    if (turn->step > 3)\n        return MOULT_DENY;\n" PASS,
        "    if (moult_elapsed_ms(turn) > 3)\n        return MOULT_DENY;\n" PASS,
        "guard changed: " LOOK "7: the condition `(turn->step > 3)` becomes "
        "`(moult_elapsed_ms(turn) > 3)` (changed)\n"
        "by time: " LOOK "7: `moult_elapsed_ms(turn)`\n" },
    { "a short literal, and a number within another", "    moult_explain(turn, \"x\");\n" PASS,
        "    moult_explain(turn, \"Al %d\", 1234);\n" PASS,
        LOOK "7: `\"x\"` becomes `\"Al %d\", 1234` in "
             "`moult_explain(turn, \"Al %d\", 1234);`\n" },
};

static void changes_within_a_function(void **state)
{
    (void)state;
    bool failed = false;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(mem_freep) char *was = plugin(rows[i].was), *now = plugin(rows[i].now);
        CLEANUP(buf_done) struct buf out = { 0 };
        describe(&out, was, now);
        if (str_equal(buf_view(&out), str_of(rows[i].want)))
            continue;
        print_error("%s:\n%s is not\n%s", rows[i].name, out.at ? out.at : "", rows[i].want);
        failed = true;
    }
    assert_false(failed);
}

/* One text of the plugin replaced by another. */
static const struct {
    const char *name, *was, *now, *want;
} files[] = {
    { "a constant", "MOST = 3", "MOST = 4",
        "line 2: the constant `MOST = 3` becomes `MOST = 4`\n" },
    { "a state that grows", "uint32_t n; }", "uint32_t n, m; uint32_t o; }",
        "state: line 3: `struct state { uint32_t n; }` becomes `struct state { uint32_t n, m; "
        "uint32_t o; }`; it changes otherwise than at its end, which needs a new state_schema\n" },
    { "a state that grows at its end", "uint32_t n; }", "uint32_t n; uint32_t o; }",
        "state: line 3: `struct state { uint32_t n; }` becomes `struct state { uint32_t n; "
        "uint32_t "
        "o; }`; it grows at its end, old sessions read zeros there\n" },
    { "a new schema", ".state_schema = 1", ".state_schema = 2",
        "state: line 11: .state_schema `1` becomes `2`; what sessions keep for this plugin begins "
        "anew\n" },
    { "a row more", "\"b\" }", "\"b\", \"Alice\" }",
        "line 4: the table words gets the row `\"Alice\"`\n"
        "copied from the batch: line 4: `\"Alice\"`\n" },
    { "a row changed", "\"b\" }", "\"c\" }",
        "line 4: in the table words `\"b\"` becomes `\"c\"`\n" },
    { "two rows changed about", "\"a\", \"b\"", "\"b\", \"a\"",
        "line 4: the table words moves from here `\"a\"`\n"
        "line 4: the table words moves to here `\"a\"`\n" },
    { "a hook less", "    .before_tool = look,\n", "",
        "guard weaker: line 12: hook before_tool is taken out: `look`\n" },
    { "another function for a hook", ".before_tool = look", ".before_tool = 0",
        "guard changed: line 12: hook before_tool `look` becomes `0`\n" },
    { "a function more", "static moult_action look",
        "static int help(int a)\n{\n    return a;\n}\nstatic moult_action look",
        "help, line 5: the file gets `static int help(int a)`\n"
        "help, line 7: in it `return a;`\n" },
    { "a function under another name", "look(moult_turn *turn, moult_call *call)\n{",
        "peek(moult_turn *turn, moult_call *call)\n{", "peek, line 5: `look` becomes `peek`\n" },
};

static char *replaced(const char *text, const char *was, const char *now)
{
    const char *at = strstr(text, was);
    assert_non_null(at);
    return mem_format("%.*s%s%s", (int)(at - text), text, now, at + strlen(was));
}

static void changes_of_the_file(void **state)
{
    (void)state;
    bool failed = false;
    CLEANUP(mem_freep) char *was = plugin(PASS);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        CLEANUP(mem_freep) char *now = replaced(was, files[i].was, files[i].now);
        CLEANUP(buf_done) struct buf out = { 0 };
        describe(&out, was, now);
        if (str_equal(buf_view(&out), str_of(files[i].want)))
            continue;
        print_error("%s:\n%s is not\n%s", files[i].name, out.at ? out.at : "", files[i].want);
        failed = true;
    }
    assert_false(failed);
}

/* Who denied is gone, whatever it was called. */
static void a_function_that_denied_is_a_guard(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *now = plugin(PASS);
    CLEANUP(mem_freep)
    char *was = replaced(now, "static moult_action look",
        "static moult_action no(void)\n{\n    return MOULT_DENY;\n}\nstatic moult_action look");
    CLEANUP(buf_done) struct buf out = { 0 };
    describe(&out, was, now);
    assert_string_equal(
        out.at, "guard weaker: no, line 5: the file loses `static moult_action no(void)`\n");
}

/* A helper put above, and the function that calls it changed: two changes, not a new file. */
static void a_helper_and_its_caller_are_two_changes(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *was = plugin(DENY PASS);
    CLEANUP(mem_freep)
    char *first = replaced(was, "static moult_action look",
        "static bool bad(moult_call *call)\n{\n    return call->failed;\n}\nstatic moult_action "
        "look");
    CLEANUP(mem_freep) char *now = replaced(first, "(call->failed)", "(bad(call))");
    CLEANUP(buf_done) struct buf out = { 0 };
    describe(&out, was, now);
    assert_string_equal(out.at, "bad, line 5: the file gets `static bool bad(moult_call *call)`\n"
                                "bad, line 7: in it `return call->failed;`\n"
                                "guard changed: look (before_tool), line 11: the condition "
                                "`(call->failed)` becomes `(bad(call))` (changed)\n");
}

static void the_order_of_plugins(void **state)
{
    (void)state;
    static const char was[] = "static const struct moult_place places[] = {\n"
                              "    { MOULT_REPLY, \"a\" },\n    { MOULT_REPLY, \"b\" },\n"
                              "    { MOULT_ANSWER, \"a\" },\n};\n";
    CLEANUP(mem_freep) char *less = replaced(was, "    { MOULT_REPLY, \"b\" },\n", "");
    CLEANUP(buf_done) struct buf out = { 0 };
    describe(&out, was, less);
    assert_string_equal(
        out.at, "guard weaker: line 3: the table places loses the row `{ MOULT_REPLY, \"b\" }`\n");
    CLEANUP(buf_done) struct buf other = { 0 };
    CLEANUP(mem_freep) char *now = replaced(was, "MOULT_ANSWER", "MOULT_TURN_END");
    describe(&other, was, now);
    assert_string_equal(other.at, "guard changed: line 4: in the table places `{ MOULT_ANSWER, "
                                  "\"a\" }` becomes `{ MOULT_TURN_END, \"a\" }`\n");
}

static void many_changes_are_counted(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf was = { 0 }, now = { 0 }, out = { 0 };
    for (int i = 0; i < 300; i++) {
        buf_format(&was, "enum { A%d = 1 };\n", i);
        buf_format(&now, "enum { A%d = 2 };\n", i);
    }
    describe(&out, was.at, now.at);
    assert_true(str_find(buf_view(&out), STR("and 100 more lines, which the diff shows\n")) > 0);
}

/* One change of very many rows is as many lines. */
static void rows_are_counted_too(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf now = { 0 }, out = { 0 };
    buf_text(&now, "static const int rows[] = { 1");
    for (int i = 0; i < 500; i++)
        buf_format(&now, ", %d", 1000 + i);
    buf_text(&now, " };\n");
    describe(&out, "static const int rows[] = { 1 };\n", now.at);
    assert_true(str_find(buf_view(&out), STR("`1199`\nand 300 more lines")) > 0);
}

static void lines_are_those_of_a_diff(void **state)
{
    (void)state;
    static const struct {
        const char *was, *now;
        uint32_t want;
    } texts[] = {
        { "", "", 0 },
        { "a\nb\n", "a\nb\n", 0 },
        { "a\nb\n", "a\nx\nb\n", 1 },
        { "a\nb\nc\n", "a\nc\n", 1 },
        { "a\nb\nc\n", "a\nx\nc\n", 2 },
        { "a\nb\nc\nd\n", "b\nx\nd\ny\n", 4 },
        { "", "a\nb", 2 },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(lines_changed(str_of(texts[i].was), str_of(texts[i].now)), texts[i].want);
}

static void paths_that_may_change(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool may;
    } paths[] = {
        { "plugins/calls/calls.c", true },
        { "plugins/a_1/a_1.c", true },
        { "pipeline/order.c", true },
        { "pipeline/other.c", false },
        { "plugins/calls/other.c", false },
        { "plugins/calls/calls.h", false },
        { "plugins/calls/calls.c.c", false },
        { "plugins/../x.c", false },
        { "plugins/../...c", false },
        { "plugins//.c", false },
        { "plugins/sdk/moult.h", false },
        { "/plugins/calls/calls.c", false },
        { "plugins/a/b/a.c", false },
        { "plugins/Calls/Calls.c", false },
        { "gate/policy.json", false },
        { "", false },
    };
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        if (patch_may_change(str_of(paths[i].path)) != paths[i].may)
            fail_msg("%s", paths[i].path);
}

/* Edits of "static int f(int a)\n{\n    a++;\n    return a;\n}\n" by text. */
static void edits_are_whole_nodes(void **state)
{
    (void)state;
    static const char text[] = "static int f(int a)\n{\n    a++;\n    return a;\n}\n";
    static const struct {
        const char *was, *now;
        bool whole;
    } edits[] = {
        { "a++;", "a--;", true },
        { "a++;", "", true },
        { "a++;\n    return a;", "return a++;", true },
        { "++", "--", true },
        { "a++;", "a++;\n    a++;", true },
        { "a++", "a++; a++", false },
        { "a++;\n    return", "a--;\n    return", false },
        { "turn a;", "turn a + 1;", false },
        { "{\n    a++", "{\n    a--", false },
        { "a++;", "if (a) {\n    }", true },
    };
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf source = { 0 }, kinds = { 0 };
        const char *at = strstr(text, edits[i].was);
        uint32_t from = (uint32_t)(at - text), to = from + (uint32_t)strlen(edits[i].was);
        const struct patch_edit edit = { from, to, str_of(edits[i].now) };
        assert_true(patch_apply(&source, str_of(text), &edit, 1));
        CLEANUP(syntax_freep) struct syntax *was = parse(text), *now = parse(source.at);
        struct diff diff = diff_trees(was, now, &arena);
        const struct patch patch = { STR("pipeline/order.c"), was, now, &edit, 1, 0 };
        struct findings findings = { .count = 0 };
        patch_check(&findings, &patch, &diff, &kinds);
        if (finding_has(&findings, "node") == edits[i].whole)
            fail_msg("\"%s\" to \"%s\"", edits[i].was, edits[i].now);
        assert_int_equal(kinds.size > 0, edits[i].whole);
    }
}

static void edits_are_apart_and_in_order(void **state)
{
    (void)state;
    static const struct {
        struct patch_edit edits[2];
        bool fit;
    } pairs[] = {
        { { { 0, 1, { "x", 1 } }, { 2, 3, { "y", 1 } } }, true },
        { { { 0, 2, { "x", 1 } }, { 2, 3, { "y", 1 } } }, true },
        { { { 2, 2, { "x", 1 } }, { 2, 2, { "y", 1 } } }, false },
        { { { 2, 3, { "x", 1 } }, { 0, 1, { "y", 1 } } }, false },
        { { { 0, 3, { "x", 1 } }, { 2, 4, { "y", 1 } } }, false },
        { { { 0, 1, { "x", 1 } }, { 4, 3, { "y", 1 } } }, false },
        { { { 0, 1, { "x", 1 } }, { 4, 99, { "y", 1 } } }, false },
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        assert_int_equal(patch_apply(&out, STR("abcdef"), pairs[i].edits, 2), pairs[i].fit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_within_a_function),
        cmocka_unit_test(changes_of_the_file),
        cmocka_unit_test(a_function_that_denied_is_a_guard),
        cmocka_unit_test(a_helper_and_its_caller_are_two_changes),
        cmocka_unit_test(the_order_of_plugins),
        cmocka_unit_test(many_changes_are_counted),
        cmocka_unit_test(rows_are_counted_too),
        cmocka_unit_test(lines_are_those_of_a_diff),
        cmocka_unit_test(paths_that_may_change),
        cmocka_unit_test(edits_are_whole_nodes),
        cmocka_unit_test(edits_are_apart_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
