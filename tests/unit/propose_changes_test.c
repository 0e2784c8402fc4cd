/* changes.c: which literals of a plugin could have another value, and which values. */
#include "propose/changes.h"

#include "base/mem.h"
#include "patch/patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static const char source[] =
    "/* calls - of this test. */\n"
    "#include \"moult.h\"\n\n"
    "enum { MANY = 20, UNUSED = 7 };\n"
    "static const int sizes[4] = { 1, 2 };\n\n"
    "static uint32_t bound(uint32_t n)\n"
    "{\n"
    "    static const uint32_t first = 11;\n"
    "    uint32_t room[6] = { 0 };\n"
    "    switch (n) {\n"
    "    case 13:\n"
    "        return 17;\n"
    "    }\n"
    "    return first + room[0];\n"
    "}\n\n"
    "static moult_action look(moult_turn *turn, moult_call *call)\n"
    "{\n"
    "    if (moult_past(turn, call, MOULT_SAME_ARGS | MOULT_FAILED) > MANY + bound(MANY))\n"
    "        return MOULT_DENY;\n"
    "    if (call && (turn || call->failed))\n"
    "        return MOULT_DENY;\n"
    "    if (call->args)\n"
    "        return MOULT_DENY;\n"
    "    moult_parse(turn, call->raw, MOULT_STRICT);\n"
    "    return MOULT_PASS;\n"
    "}\n\n"
    "MOULT_EXPORT const struct moult_plugin moult_plugin = {\n"
    "    .abi = MOULT_ABI,\n"
    "    .before_tool = look,\n"
    "};\n";
static const char order[] = "static const struct moult_place places[] = "
                            "{ { MOULT_BEFORE_TOOL, \"calls\" } };\n";

static struct arena arena;
static struct bundle_plugin plugin;
static struct bundle bundle;
static struct vocabulary vocabulary;
static struct mined mined;
static struct pool pool;
static struct target target;
static struct changes list;

static int set_up(void **state)
{
    (void)state;
    struct err err;
    plugin = (struct bundle_plugin){ STR("calls"), STR("plugins/calls/calls.c"), str_of(source),
        json_read(&arena, STR("[\"before_tool\"]"), NULL, NULL) };
    bundle = (struct bundle){ .hook = STR("before_tool"),
        .plugins = &plugin,
        .plugins_count = 1,
        .pipeline = str_of(order) };
    vocabulary_read(&vocabulary, NULL, 0);
    pool_begin(&pool, &arena, &vocabulary, vocabulary_hook(bundle.hook), &mined);
    if (target_find(&target, &arena, &bundle, &err) < 0)
        fail_msg("%s", err.text);
    changes_begin(&list, &target, &pool, &arena);
    changes_values(&list);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    target_done(&target);
    arena_done(&arena);
    return 0;
}

static const struct change *find(const char *was)
{
    for (uint32_t i = 0; i < list.count; i++)
        if (str_equal(list.at[i].was, str_of(was)))
            return &list.at[i];
    return NULL;
}

static bool has(const struct change *change, const char *value)
{
    for (uint32_t i = 0; i < change->values_count; i++)
        if (str_equal(change->values[i], str_of(value)))
            return true;
    return false;
}

static void an_enumerator_is_read_where_its_name_stands(void **state)
{
    (void)state;
    const struct change *many = find("20");
    assert_non_null(many);
    assert_true(str_equal(many->name, STR("MANY")));
    assert_int_equal(many->uses_count, 2);
    assert_true(str_equal(many->values[0], STR("3"))); /* the prior of thresholds */
    assert_true(has(many, "19") && has(many, "21") && has(many, "40"));
    assert_false(has(many, "20"));
    assert_null(find("7"));
}

static void flags_become_others_of_their_set(void **state)
{
    (void)state;
    const struct change *past = find("MOULT_SAME_ARGS | MOULT_FAILED");
    assert_non_null(past);
    assert_true(has(past, "MOULT_SAME_ARGS"));
    assert_true(has(past, "MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED | MOULT_IN_A_ROW"));
    assert_false(has(past, "MOULT_IN_A_ROW"));
    assert_false(has(past, "MOULT_LENIENT"));
    const struct change *parse = find("MOULT_STRICT");
    assert_int_equal(parse->values_count, 1);
    assert_true(has(parse, "MOULT_LENIENT"));
    assert_true(has(find("MOULT_DENY"), "MOULT_PASS"));
}

static void what_must_be_constant_stays(void **state)
{
    static const char *const rows[] = { "4", "1", "2", "11", "6", "13" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_null(find(rows[i]));
    assert_non_null(find("17"));
}

static void conditions_are_negated_or_lose_a_half(void **state)
{
    (void)state;
    list.count = 0;
    changes_conditions(&list);
    assert_int_equal(list.count, 3);
    const struct change *both = &list.at[1], *one = &list.at[2];
    assert_true(str_equal(both->was, STR("(call && (turn || call->failed))")));
    assert_int_equal(both->values_count, 3);
    assert_true(str_equal(both->values[0], STR("(!(call && (turn || call->failed)))")));
    assert_true(has(both, "(call)") && has(both, "((turn || call->failed))"));
    assert_int_equal(one->values_count, 1);
    assert_true(has(one, "(!(call->args))"));
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct err err;
    struct insertion none = { 0 };
    changes_print(&out, &target, &arena, list.at, list.count, &none, STR(""));
    if (syntax_parse(&syntax, "trial", buf_view(&out), NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_non_null(strstr(out.at,
        "search_branch(3, !!((call->args)), turn, (moult_call *)call)")); /* a pointer beside a
                                                                             number */
}

static void the_trial_source_parses(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    struct err err;
    struct insertion insertion = { STR("static int above;\n"), STR("\n    above++;") };
    changes_print(&out, &target, &arena, list.at, list.count, &insertion, STR("int behind;\n"));
    if (syntax_parse(&syntax, "trial", buf_view(&out), NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_non_null(strstr(out.at, "case 13:"));
    assert_non_null(strstr(out.at, "enum { MANY = 20, UNUSED = 7 };"));
    assert_non_null(strstr(out.at, "? (int)search_number() : (MANY))"));
    assert_true(strstr(out.at, "static uint16_t search_holes[") < strstr(out.at, "enum {"));
}

/* --- what the operators list: a source, the lister, and what must and must not be among its ways
 */

#define PLUGIN(body)                                                                               \
    "#include \"moult.h\"\n\nstatic moult_action look(moult_turn *turn, moult_call *call)\n{\n"    \
    "    uint32_t seen = 0;\n" body "    return MOULT_PASS;\n}\n\n"                                \
    "MOULT_EXPORT const struct moult_plugin moult_plugin = {\n    .before_tool = look,\n};\n"
#define TABLE(rows, uses)                                                                          \
    "#include \"moult.h\"\n\nstatic const char *const words[] = { " rows " };\n"                   \
    "static moult_action look(moult_turn *turn, moult_call *call)\n{\n" uses                       \
    "    return MOULT_PASS;\n}\n\n"                                                                \
    "MOULT_EXPORT const struct moult_plugin moult_plugin = {\n    .before_tool = look,\n};\n"
#define READS "    moult_explain(turn, \"%s\", words[0]);\n"

static const struct row {
    const char *name, *source;
    void (*lister)(struct changes *list);
    const char *has[4], *lacks[4]; /* "was -> value", or what a way does */
} rows[] = {
    { "a statement may go, what only explains may not",
        PLUGIN("    seen++;\n    moult_explain(turn, \"x\");\n"), changes_statements,
        { "`seen++;` is left out" }, { "`moult_explain" } },
    { "an if without else may go, with braces or without",
        PLUGIN("    if (seen)\n        return MOULT_DENY;\n    if (call) {\n        seen = 1;\n    "
               "}\n"),
        changes_statements,
        { "`if (seen) ...` is left out", "`if (call) { ...` is left out",
            "`seen = 1;` is left out" },
        { "`return MOULT_PASS;`" } },
    { "of a chain its end may go, and what stands in it",
        PLUGIN("    if (seen)\n        seen = 1;\n    else if (call)\n        seen = 2;\n"
               "    else {\n        seen = 3;\n    }\n"),
        changes_statements, { "`{ ...` is left out", "`seen = 3;` is left out" },
        { "`if (seen) ...` is left out", "`seen = 1;` is left out" } },
    { "a return in an if may go",
        PLUGIN("    if (seen) {\n        seen = 1;\n        return MOULT_DENY;\n    }\n"),
        changes_statements, { "`return MOULT_DENY;` is left out" }, { NULL } },
    { "nothing goes where the function ends without a return",
        "#include \"moult.h\"\n\nstatic moult_action look(moult_turn *turn, moult_call *call)\n{\n"
        "    if (call)\n        return MOULT_DENY;\n    else\n        return MOULT_PASS;\n}\n\n"
        "MOULT_EXPORT const struct moult_plugin moult_plugin = {\n    .before_tool = look,\n};\n",
        changes_statements, { NULL }, { "left out" } },
    { "in a case a statement neither goes nor moves",
        PLUGIN("    switch (seen) {\n    case 1:\n        seen = 2;\n        break;\n    }\n"),
        changes_statements, { NULL }, { "seen = 2" } },
    { "neighbours change places",
        PLUGIN("    seen += 2;\n    if (call->failed)\n        return MOULT_DENY;\n    seen++;\n   "
               " moult_cut(turn, (moult_span){ 0 });\n"),
        changes_statements,
        { "`if (call->failed) ...` stands before `seen += 2;`",
            "`seen++;` stands before `if (call->failed) ...`",
            "`seen += 2;` stands behind `seen++;`" },
        { "`seen += 2;` stands behind `if" } },
    { "nothing moves before what it uses is declared",
        PLUGIN("    uint32_t other = moult_length(turn, call->args);\n    other++;\n    if "
               "(call)\n        return "
               "MOULT_DENY;\n"),
        changes_statements, { "`if (call) ...` stands before `uint32_t other =" },
        { "`other++;` stands before `uint32_t" } },
    { "a way out is not moved to where nothing follows",
        PLUGIN("    if (call->failed)\n        return MOULT_DENY;\n    seen++;\n"),
        changes_statements, { NULL }, { "stands" } },
    { "another verb has the same signature",
        PLUGIN("    seen = moult_kind(turn, call->args);\n    moult_past(turn, call, "
               "MOULT_SAME_ARGS);\n"),
        changes_calls, { "moult_kind -> moult_length" }, { "moult_past ->", "-> moult_kind" } },
    { "another argument has the same type",
        PLUGIN("    moult_text mine = call->raw;\n    moult_parse(turn, mine, MOULT_STRICT);\n"),
        changes_calls, { "mine -> call->name", "mine -> call->raw" },
        { "mine -> turn", "mine -> seen" } },
    { "of an iterator what its verb fills in",
        PLUGIN("    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);)\n"
               "        moult_kind(turn, it.value);\n"),
        changes_calls, { "it.value -> call->args" }, { "it.call", "it.span" } },
    { "another text is a constant of the evidence",
        PLUGIN("    moult_get(turn, call->args, moult_str(\"args\"));\n"), changes_calls,
        { "\"args\" -> \"arguments\"" }, { NULL } },
    { "what is said is no text of the plugin's work",
        PLUGIN("    moult_explain(turn, \"args\");\n"), changes_calls, { NULL }, { "->" } },
    { "rows change places, go, and come", TABLE("\"a\", \"b\"", READS), changes_tables,
        { "\"a\" is left out", "\"b\" is left out", "\"b\" stands before the row above it",
            "\"arguments\" is one row more" },
        { NULL } },
    { "a cell becomes a constant of the evidence", TABLE("\"a\",", READS), changes_tables,
        { "\"a\" becomes \"arguments\"" }, { "is left out" } },
    { "a table whose size is a constant elsewhere keeps it",
        TABLE("\"a\", \"b\"", "    enum { ROWS = sizeof(words) / sizeof(words[0]) };\n" READS),
        changes_tables, { "\"b\" stands before" }, { "left out", "one row more" } },
    { "a table that nobody reads is left alone", TABLE("\"a\", \"b\"", ""), changes_tables,
        { NULL }, { "in the table", "In the table" } },
};

/* All ways of a list, a line each. */
static const char *told(const struct changes *of)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "\n");
    for (uint32_t i = 0; i < of->count; i++)
        for (uint32_t k = 0; k < of->at[i].values_count; k++) {
            const struct change *change = &of->at[i];
            if (change->ways)
                buf_format(&out, "%s\n", change->ways[k].does);
            else
                buf_format(&out, "%.*s -> %.*s\n", (int)change->was.size, change->was.at,
                    (int)change->values[k].size, change->values[k].at);
        }
    return arena_string(&arena, out.at, out.size);
}

static void open_source(const char *text)
{
    struct err err;
    mined = (struct mined){ .keys = { STR("arguments") }, .keys_count = 1 };
    plugin.source = str_of(text);
    pool_begin(&pool, &arena, &vocabulary, vocabulary_hook(bundle.hook), &mined);
    target_done(&target);
    if (target_find(&target, &arena, &bundle, &err) < 0)
        fail_msg("%s", err.text);
    changes_begin(&list, &target, &pool, &arena);
}

static void each_operator_lists_its_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        open_source(rows[i].source);
        rows[i].lister(&list);
        const char *text = told(&list);
        for (size_t k = 0; k < COUNT_OF(rows[i].has); k++)
            if (rows[i].has[k] && !strstr(text, rows[i].has[k]))
                fail_msg("%s: no %s in %s", rows[i].name, rows[i].has[k], text);
        for (size_t k = 0; k < COUNT_OF(rows[i].lacks); k++)
            if (rows[i].lacks[k] && strstr(text, rows[i].lacks[k]))
                fail_msg("%s: %s in %s", rows[i].name, rows[i].lacks[k], text);
    }
}

/* The edits of a way give a source that parses and differs, and the patcher sees whole nodes. */
static void check_edits(const struct target_edit *edits, uint32_t count, const char *does)
{
    CLEANUP(buf_done) struct buf out = { 0 }, kinds = { 0 };
    CLEANUP(syntax_freep) struct syntax *now = NULL;
    struct patch_edit made[2];
    struct findings findings = { .count = 0 };
    struct err err;
    target_apply(&out, &target, edits, count);
    if (syntax_parse(&now, does, buf_view(&out), NULL, &err) < 0)
        fail_msg("%s: %s\n%s", does, err.text, out.at);
    assert_false(str_equal(buf_view(&out), plugin.source));
    for (uint32_t i = 0; i < count; i++)
        made[i] = (struct patch_edit){ edits[i].from, edits[i].to, edits[i].text };
    const struct patch patch = { STR("plugins/calls/calls.c"), target.syntax, now, made, count, 0,
        BOUNDS_USUAL };
    struct diff diff = diff_trees(target.syntax, now, &arena);
    patch_check(&findings, &patch, &diff, &kinds);
    if (findings.count > 0)
        fail_msg("%s: %s: %s\n%s", does, findings.at[0].rule, findings.at[0].message, out.at);
}

static void each_way_is_whole_syntax(void **state)
{
    (void)state;
    struct insertion none = { 0 };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf trial = { 0 };
        CLEANUP(syntax_freep) struct syntax *syntax = NULL;
        struct err err;
        open_source(rows[i].source);
        changes_list(&list);
        changes_print(&trial, &target, &arena, list.at, list.count, &none, STR(""));
        if (syntax_parse(&syntax, rows[i].name, buf_view(&trial), NULL, &err) < 0)
            fail_msg("%s: %s\n%s", rows[i].name, err.text, trial.at);
        for (uint32_t c = 0; c < list.count; c++)
            for (uint32_t k = 0; k < list.at[c].values_count; k++) {
                const struct change *change = &list.at[c];
                const struct target_edit there = { change->at.from, change->at.to,
                    change->values[k] };
                if (change->ways)
                    check_edits(
                        change->ways[k].edits, change->ways[k].edits_count, change->ways[k].does);
                else
                    check_edits(&there, 1, rows[i].name);
            }
    }
}

/* Each operator can be left out by its word. */
static void words_leave_operators_out(void **state)
{
    (void)state;
    for (int kind = 0; kind < CHANGE_KINDS; kind++) {
        const char *without[] = { change_words[kind] };
        vocabulary_read(&vocabulary, without, 1);
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            open_source(rows[i].source);
            changes_list(&list);
            for (uint32_t c = 0; c < list.count; c++)
                assert_int_not_equal(list.at[c].kind, kind);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_enumerator_is_read_where_its_name_stands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_become_others_of_their_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_must_be_constant_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conditions_are_negated_or_lose_a_half, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_trial_source_parses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_operator_lists_its_ways, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_way_is_whole_syntax, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_leave_operators_out, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
