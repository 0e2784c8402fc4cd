/* The source gate as the driver asks it: preprocessor and patcher in their sandboxes. */
#include "base/file.h"
#include "base/mem.h"
#include "promote/check_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#define SDK MOULT_SOURCE_DIR "/plugins/sdk"
#define PATCHER MOULT_BIN_DIR "/moult-patch"
#define CALLS "plugins/calls/calls.c"

static struct buf calls;

static int begin(void **state)
{
    (void)state;
    return file_read(MOULT_SOURCE_DIR "/examples/naive-harness/" CALLS, &calls, 1 << 16, NULL);
}

static int end(void **state)
{
    (void)state;
    buf_done(&calls);
    return 0;
}

static struct check_source_result ask(struct check_source_plan plan)
{
    struct check_source_result result;
    struct err err = { 0 };
    plan.sdk = SDK;
    plan.patcher = PATCHER;
    plan.tier = SANDBOX_CONTAINER;
    if (!plan.path.size)
        plan.path = STR(CALLS);
    if (check_source_run(&result, &plan, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    assert_int_equal(result.ok, result.findings_count == 0);
    return result;
}

static const struct {
    const char *name, *text, *rule; /* NULL: it passes */
    uint32_t line;
} rows[] = {
    { "a function", "static int f(void)\n{\n    return 1;\n}\n", NULL, 0 },
    { "not UTF-8", "// \xff\n", "utf8", 0 },
    { "a byte order of words", "// \xe2\x80\xae\n", "bidi", 1 },
    { "not C", "int f(void)\n{\n", "parse", 2 },
    { "a macro of a header", "#include <stdint.h>\nstatic const int x = WCHAR_MAX;\n", "tokens",
        2 },
    { "an include that is not there", "#include \"x.h\"\n", "include", 1 },
    { "a directive that ends the preprocessor", "int f(void);\n#error no\n", "directive", 2 },
    { "a character constant that has no end", "static const int x = ';\n", "token", 1 },
};

static void one_source(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct check_source_result result =
            ask((struct check_source_plan){ .source = str_of(rows[i].text) });
        bool told = !rows[i].rule && result.ok;
        for (unsigned n = 0; n < result.findings_count; n++)
            told |= rows[i].rule && !strcmp(result.findings[n].rule, rows[i].rule) &&
                    result.findings[n].line == rows[i].line;
        if (!told)
            fail_msg(
                "%s: %s: %s", rows[i].name, result.findings[0].rule, result.findings[0].message);
        check_source_done(&result);
    }
}

static struct patch_edit edit_at(const char *was, size_t size, const char *text)
{
    const char *at = strstr(calls.at, was);
    assert_non_null(at);
    uint32_t from = (uint32_t)(at - calls.at);
    return (struct patch_edit){ from, from + (uint32_t)size, str_of(text) };
}

static void a_patch_is_made_and_shown(void **state)
{
    (void)state;
    struct patch_edit edits[] = { edit_at("20", 2, "30"),
        edit_at("state->turn++", 0, "if (call->failed)\n        return MOULT_DENY;\n    ") };
    struct check_source_result result = ask((struct check_source_plan){
        .old = buf_view(&calls), .edits = edits, .edits_count = COUNT_OF(edits) });
    if (!result.ok)
        fail_msg("%s: %s", result.findings[0].rule, result.findings[0].message);
    assert_non_null(strstr(result.source.at, "MANY = 30"));
    assert_non_null(strstr(result.source.at, "return MOULT_DENY;\n    state->turn++"));
    assert_string_equal(result.kinds.at,
        "5: puts number_literal in the place of number_literal, in enumerator\n"
        "22: puts in if_statement, in compound_statement\n");
    assert_int_equal(result.lines, 4);
    check_source_done(&result);
}

static void refused(struct check_source_plan plan, const char *rule)
{
    struct check_source_result result = ask(plan);
    bool told = false;
    for (unsigned i = 0; i < result.findings_count; i++)
        told |= !strcmp(result.findings[i].rule, rule);
    if (!told)
        fail_msg("not refused by %s", rule);
    check_source_done(&result);
}

static void a_patch_is_refused(void **state)
{
    (void)state;
    struct patch_edit many = edit_at("20", 2, "30");
    struct check_source_plan plan = { .old = buf_view(&calls), .edits = &many, .edits_count = 1 };
    plan.path = STR("plugins/sdk/moult.h");
    refused(plan, "path");
    plan.path = STR("plugins/calls/../calls/calls.c");
    refused(plan, "path");
    plan.path = STR(CALLS);
    plan.lines_max = 1;
    refused(plan, "budget");
    plan.lines_max = 0;
    struct patch_edit loop = edit_at("    state->total++;", 0,
        "    for (int i = 0; i < 5000; i++)\n        moult_explain(turn, \"x\");\n");
    plan.edits = &loop;
    plan.strict = true;
    refused(plan, "loop");
    plan.strict = false;
    struct check_source_result usual = ask(plan);
    assert_true(usual.ok);
    check_source_done(&usual);
    plan.edits = &many;
    many = edit_at("20", 1, "3");
    refused(plan, "node");
    many = edit_at("20", 2, "20 /* more */");
    refused(plan, "nothing");
    many = edit_at("20", 0, "\n#define X 1\n");
    refused(plan, "macro");
    struct patch_edit twice[] = { edit_at("20", 2, "30"), edit_at("20", 2, "40") };
    plan.edits = twice;
    plan.edits_count = 2;
    refused(plan, "edit");
}

/* As the embedded proposer prints one: a function above the hook's, and a call of it. */
static void a_patch_as_a_proposer_makes_it(void **state)
{
    (void)state;
    static const char above[] =
        "/* Each JSON object in the text that passes the checks becomes a call. */\n"
        "static void add_calls(moult_turn *turn)\n"
        "{\n"
        "    moult_text text = moult_body(turn);\n"
        "    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);) {\n"
        "        const moult_json *arguments = moult_get(turn, it.value, "
        "moult_str(\"arguments\"));\n"
        "        moult_text name = moult_text_of(turn, moult_get(turn, it.value, "
        "moult_str(\"name\")));\n"
        "        if (!moult_fits(turn, moult_schema_of(turn, name, moult_str(\"\")), arguments))\n"
        "            continue;\n"
        "        moult_call_add(turn, name, arguments);\n"
        "    }\n"
        "}\n\n";
    const struct str literals[] = { str_of("<x>{\"name\": \"f\", \"arguments\": {}}") };
    struct patch_edit edits[] = { edit_at("static moult_action count_call", 0, above),
        edit_at("\n    struct state *state = moult_state(turn);\n    state->turn++", 0,
            "\n    add_calls(turn);") };
    struct check_source_result result = ask((struct check_source_plan){ .old = buf_view(&calls),
        .edits = edits,
        .edits_count = COUNT_OF(edits),
        .literals = literals,
        .literals_count = COUNT_OF(literals) });
    if (!result.ok)
        fail_msg("%s: %s", result.findings[0].rule, result.findings[0].message);
    assert_string_equal(result.kinds.at,
        "19: puts in comment function_definition, in translation_unit\n"
        "20: puts in expression_statement, in compound_statement\n");
    assert_string_equal(result.description.at,
        "add_calls, line 20: the file gets `static void add_calls(moult_turn *turn)`\n"
        "add_calls, line 22: in it `moult_text text = moult_body(turn);`\n"
        "add_calls, line 23: in it `for (moult_it it = { 0 }; moult_text_json(turn, text, &it);)`\n"
        "add_calls, line 24: in it `const moult_json *arguments = moult_get(turn, it.value, "
        "moult_str(\"arguments\"));`\n"
        "add_calls, line 25: in it `moult_text name = moult_text_of(turn, moult_get(turn, "
        "it.value, "
        "moult_str(\"name\")));`\n"
        "add_calls, line 26: in it `if (!moult_fits(turn, moult_schema_of(turn, name, "
        "moult_str(\"\")), arguments))`\n"
        "add_calls, line 27: in it `continue;`\n"
        "add_calls, line 28: in it `moult_call_add(turn, name, arguments);`\n"
        "copied from the batch: add_calls, line 24: `\"arguments\"`\n"
        "copied from the batch: add_calls, line 25: `\"name\"`\n"
        "count_call (before_tool), line 34: puts in `add_calls(turn);`\n"
        "new power: add_calls, line 28: `moult_call_add` changes the calls of a reply\n"
        "add_calls, line 22: new to this plugin, to look: `moult_body`, `moult_get`, "
        "`moult_text_of`, `moult_schema_of`, `moult_fits`, `moult_text_json`\n");
    assert_true(result.certificate.there);
    assert_int_equal(result.certificate.guards_count, 1);
    assert_false(result.certificate.guards[0].holds);
    assert_int_equal(result.lines, 14);
    check_source_done(&result);
}

/* The forms of guarded insertions, through the patcher itself. */
static void what_is_guarded_is_certified(void **state)
{
    (void)state;
    static const char seldom[] = "static bool is_late(moult_turn *turn)\n{\n"
                                 "    if (turn->step < 7)\n        return false;\n"
                                 "    return true;\n}\n\n";
    static const char hook[] = "static moult_action look(moult_turn *turn)\n{\n"
                               "    if (!is_late(turn))\n        return MOULT_PASS;\n"
                               "    moult_explain(turn, \"late\");\n    return MOULT_RETRY;\n"
                               "    return MOULT_PASS;\n}\n\n";
    CLEANUP(mem_freep) char *both = mem_format("%s%s", seldom, hook);
    const struct {
        const char *name;
        struct patch_edit edits[3];
        uint32_t count;
        bool holds;
    } forms[] = {
        { "a condition that calls the file's own function",
            { edit_at("static moult_action count_call", 0, seldom),
                edit_at("\n    return MOULT_PASS;\n}\n\nMOULT_EXPORT", 0,
                    "\n    if (is_late(turn)) {\n        moult_explain(turn, \"late\");\n        "
                    "return MOULT_DENY;\n    }") },
            2, true },
        { "braces around what was there",
            { edit_at("\n        moult_explain", 0,
                  " {\n        if (call->failed)\n            return MOULT_DENY;"),
                edit_at("\n    return MOULT_PASS;\n}\n\nMOULT_EXPORT", 0, "\n    }") },
            2, true },
        { "a new hook",
            { edit_at("MOULT_EXPORT", 0, both),
                edit_at("    .traits = MOULT_ONLY_LOOKS,\n", 31, "    .reply = look,\n") },
            2, false },
    };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct check_source_result result = ask((struct check_source_plan){
            .old = buf_view(&calls), .edits = forms[i].edits, .edits_count = forms[i].count });
        if (!result.ok)
            fail_msg(
                "%s: %s: %s", forms[i].name, result.findings[0].rule, result.findings[0].message);
        const struct check_certificate *of = &result.certificate;
        if (!of->there || of->guards_count != 1 || of->guards[0].holds != forms[i].holds)
            fail_msg("%s: %.*s", forms[i].name, (int)of->uncertified.size,
                of->uncertified.size ? of->uncertified.at : "");
        check_source_done(&result);
    }
}

static void a_whole_source_is_taken_as_a_patch(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *source = mem_string(calls.at);
    memcpy(strstr(source, "20"), "21", 2);
    struct check_source_result result =
        ask((struct check_source_plan){ .old = buf_view(&calls), .source = str_of(source) });
    assert_true(result.ok);
    assert_string_equal(
        result.kinds.at, "5: puts number_literal in the place of number_literal, in enumerator\n");
    assert_int_equal(result.lines, 2);
    check_source_done(&result);
}

static void what_the_machine_lacks_is_said(void **state)
{
    (void)state;
    struct check_source_result result;
    struct err err = { 0 };
    const struct check_source_plan plan = { .source = STR("int f(void);\n"),
        .path = STR(CALLS),
        .sdk = SDK,
        .patcher = "/nowhere/moult-patch",
        .tier = SANDBOX_CONTAINER };
    assert_int_equal(check_source_run(&result, &plan, &err), -ERR_LACKS);
    assert_true(*err.hint);
}

/* What reads hostile C could be made to answer anything. */
static const struct {
    const char *name, *script;
    int want;         /* 0 or the code */
    const char *rule; /* then of the first finding, or NULL */
} answers[] = {
    { "nothing", "", ERR_PEER, NULL },
    { "no JSON", "echo ok", ERR_PEER, NULL },
    { "another document", "echo '{}'", ERR_PEER, NULL },
    { "another schema",
        "echo '{\"schema\":2,\"findings\":[],\"more\":0,\"kinds\":[],"
        "\"description\":[],\"lines\":0}'",
        ERR_PEER, NULL },
    { "no findings at all",
        "echo '{\"schema\":1,\"more\":0,\"kinds\":[],\"description\":[],"
        "\"lines\":0}'",
        ERR_PEER, NULL },
    { "a rule that is no word",
        "echo '{\"schema\":1,\"findings\":[{\"rule\":\"a\\\"b\",\"line\":1,"
        "\"column\":1,\"message\":\"\"}],\"more\":0,\"kinds\":[],"
        "\"description\":[],\"lines\":0}'",
        ERR_PEER, NULL },
    { "a line before the first",
        "echo '{\"schema\":1,\"findings\":[{\"rule\":\"a\",\"line\":-1,"
        "\"column\":1,\"message\":\"\"}],\"more\":0,\"kinds\":[],"
        "\"description\":[],\"lines\":0}'",
        ERR_PEER, NULL },
    { "kinds that are no list",
        "echo '{\"schema\":1,\"findings\":[],\"more\":0,\"kinds\":1,"
        "\"description\":[],\"lines\":0}'",
        ERR_PEER, NULL },
    { "it ends badly", "exit 7", ERR_PEER, NULL },
    { "it dies", "ulimit -t 1; while :; do :; done", 0, "limit" },
    { "it does not end", "while :; do :; done", 0, "limit" },
    { "it says too much", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", 0,
        "limit" },
};

static char folder[] = "/tmp/moult-check-test.XXXXXX";

static int ask_script(struct check_source_result *ret, const char *script, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/patcher", folder);
    CLEANUP(mem_freep) char *text = mem_format("#!/usr/bin/sh\n%s\n", script);
    assert_int_equal(file_write(path, str_of(text), 0755, NULL), 0);
    const struct check_source_plan plan = { .source = STR("static int f(void);\n"),
        .path = STR(CALLS),
        .sdk = SDK,
        .patcher = path,
        .tier = SANDBOX_CONTAINER };
    return check_source_run(ret, &plan, err);
}

static void an_answer_is_read_strictly(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct check_source_result result;
        struct err err = { 0 };
        int rc = ask_script(&result, answers[i].script, &err);
        if (-rc != answers[i].want)
            fail_msg("%s: %d %s", answers[i].name, rc, err.text);
        if (rc < 0)
            continue;
        assert_false(result.ok);
        assert_string_equal(result.findings[0].rule, answers[i].rule);
        check_source_done(&result);
    }
    struct check_source_result result;
    assert_int_equal(ask_script(&result,
                         "echo '{\"schema\":1,\"findings\":[],\"more\":0,\"kinds\":[],"
                         "\"description\":[\"a\\u001b[2J\\u000ab\"],\"lines\":0}'",
                         NULL),
        0);
    assert_string_equal(result.description.at, "a\\x1b[2J\\x0ab\n");
    check_source_done(&result);
    assert_int_equal(file_remove_tree(folder, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source),
        cmocka_unit_test(a_patch_is_made_and_shown),
        cmocka_unit_test(a_patch_is_refused),
        cmocka_unit_test(a_patch_as_a_proposer_makes_it),
        cmocka_unit_test(what_is_guarded_is_certified),
        cmocka_unit_test(a_whole_source_is_taken_as_a_patch),
        cmocka_unit_test(an_answer_is_read_strictly),
        cmocka_unit_test(what_the_machine_lacks_is_said),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
