/* trials/case/: what is read prints and reads back as the same case; what is not known, out of its
 * bounds or against itself is refused by its path; and a case counts once however it is written. */
#include "trials/case/case.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/case/tables.h"
#include "trials/detect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static struct arena arena;

static struct str example(const char *name)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(mem_freep) char *path = mem_format("%s/examples/cases/%s.json", MOULT_SOURCE_DIR, name);
    struct err err = { 0 };
    if (file_read(path, &text, CASE_SIZE_MAX, &err) < 0)
        fail_msg("%s", err.text);
    return (struct str){ arena_string(&arena, text.at, text.size), text.size };
}

static struct trial_case read_case(struct str text)
{
    struct trial_case of;
    struct err err = { 0 };
    if (case_read(&of, text, &arena, &err) < 0)
        fail_msg("%s at %s", err.text, err.where);
    return of;
}

static const char *hex(const struct trial_case *of)
{
    struct digest digest = case_digest(of);
    char *text = arena_alloc(&arena, DIGEST_HEX);
    return hash_hex(text, &digest);
}

/* The first occurrence of `from` in the text becomes `to`. */
static struct str changed(struct str text, const char *from, const char *to)
{
    ptrdiff_t at = str_find(text, str_of(from));
    if (at < 0)
        fail_msg("no %s in the example", from);
    const char *rest = text.at + at + strlen(from);
    return str_of(arena_format(&arena, "%.*s%s%s", (int)at, text.at, to, rest));
}

static void the_examples_read_back(void **state)
{
    static const char *const names[] = { "refund", "list-as-text" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CLEANUP(buf_done) struct buf first = { 0 }, second = { 0 };
        struct trial_case of = read_case(example(names[i]));
        case_print(&first, &of);
        struct str printed = { arena_string(&arena, first.at, first.size), first.size };
        struct trial_case again = read_case(printed);
        case_print(&second, &again);
        assert_string_equal(first.at, second.at);
        assert_string_equal(hex(&of), hex(&again));
    }
}

static void what_is_not_said_is_as_usual(void **state)
{
    (void)state;
    struct trial_case of = read_case(example("refund"));
    uint32_t min, max;
    assert_int_equal(of.origin.step, UINT32_MAX);
    assert_int_equal(of.faults[1].times, 1);
    assert_null(of.settings.offered);
    assert_true(case_offers(&of, STR("refund")));
    assert_false(case_offers(&of, STR("shell")));
    assert_int_equal(of.tools[2].source, CASE_TOOL_SCRIPT);
    assert_int_equal(of.tools[1].script[1].times, UINT32_MAX);
    case_grade_bounds(&of.grades[0], &min, &max);
    assert_true(min == 1 && max == 1);
    case_grade_bounds(&of.grades[1], &min, &max);
    assert_true(min == 0 && max == 0);
    assert_false(case_is_floor(&of.grades[5]));
    assert_true(case_is_floor(&of.grades[6]));
}

static void only_what_matters_makes_another_case(void **state)
{
    static const struct row {
        const char *from, *to;
        bool same;
    } rows[] = {
        { "\"id\": \"list-as-text\"", "\"id\": \"other\"", true },
        { "\"group\": \"ann\"", "\"group\": \"bob\", \"from\": \"trace\", \"step\": 3", true },
        { "\"tags\": [\"string_for_array\"],", "", true },
        { "\"origin\": {\"group\": \"ann\"},", "\"settings\": {},", true },
        { "\"grade\": [", "\"faults\": [], \"grade\": [", true },
        { "{\"inbox\": 0}", "{ \"inbox\" : 0, \"failed\": false }", true },
        { "\"role\": \"user\", \"content\"",
            "\"content\": \"Return both items of W17.\", \"role\": "
            "\"user\", \"x\"",
            false },
        { "\"id\": \"call_1\", \"type\"", "\"id\": \"call_2\", \"type\"",
            false }, /* it has no result now */
        { "items of W17.\"}", "items of W18.\"}", false },
        { "\"detector\": \"string_for_array\"",
            "\"detector\": \"string_for_array\", \"want\": "
            "\"gone\"",
            false },
        { "\"state\": {", "\"settings\": {\"offered\": []}, \"state\": {", false },
    };
    (void)state;
    struct str text = example("list-as-text");
    struct trial_case of = read_case(text);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trial_case other = read_case(changed(text, rows[i].from, rows[i].to));
        if ((strcmp(hex(&of), hex(&other)) == 0) != rows[i].same)
            fail_msg("row %zu: %s", i, rows[i].to);
    }
}

/* The same thing done again has other ids. */
static void ids_of_calls_are_their_places(void **state)
{
    (void)state;
    struct str text = example("list-as-text");
    struct trial_case of = read_case(text);
    text = changed(changed(text, "\"id\": \"call_1\"", "\"id\": \"x9\""),
        "\"tool_call_id\": \"call_1\"", "\"tool_call_id\": \"x9\"");
    struct trial_case other = read_case(text);
    assert_string_equal(hex(&of), hex(&other));
}

static void a_recording_becomes_a_run(void **state)
{
    (void)state;
    struct trial_case of = read_case(example("list-as-text"));
    struct run *run;
    uint32_t first = 9;
    assert_int_equal(case_run(&run, &first, &of, &arena, NULL), 0);
    assert_int_equal(run->messages_count, 5);
    assert_int_equal(run->steps_count, 2);
    assert_int_equal(first, 0);
    assert_true(run->offered && run->messages[3].failed);
    assert_true(detect_symptom(detector_find("string_for_array"), run, 0));
}

/* --- the documents */

static const struct json *def_of(const struct json *root, const struct json *schema)
{
    struct str ref = json_string(&arena, json_get(schema, "$ref"));
    return ref.size > 0 ? json_get(json_get(root, "$defs"), "command") : schema;
}

/* The schema has the table's members and no others, and the page names each. */
static void compare_members(
    const struct part *table, const struct json *root, const struct json *schema, struct str page)
{
    const struct json *members = json_get(schema, "properties");
    uint32_t count = 0;
    for (; table->name; table++, count++) {
        CLEANUP(mem_freep) char *word = mem_format("`%s`", table->name);
        const struct json *inner = json_get(members, table->name);
        if (!inner)
            fail_msg("the schema lacks %s", table->name);
        if (str_find(page, str_of(word)) < 0)
            fail_msg("the page lacks %s", word);
        if (table->kind == PART_LIST)
            compare_members(table->table, root, def_of(root, json_get(inner, "items")), page);
        if (table->kind == PART_ONE)
            compare_members(table->table, root, def_of(root, inner), page);
        for (unsigned i = 0; i < table->words_count; i++) {
            CLEANUP(mem_freep) char *quoted = mem_format("\"%s\"", table->words[i]);
            assert_true(str_find(inner->raw, str_of(quoted)) >= 0);
        }
    }
    assert_int_equal(count, members->count);
}

static struct str read_doc(const char *name)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(mem_freep) char *path = mem_format("%s/docs/%s", MOULT_SOURCE_DIR, name);
    assert_int_equal(file_read(path, &text, CASE_SIZE_MAX, NULL), 0);
    return (struct str){ arena_string(&arena, text.at, text.size), text.size };
}

static void schema_and_page_name_what_there_is(void **state)
{
    (void)state;
    const struct json *root = json_read(&arena, read_doc("schemas/case.schema.json"), NULL, NULL);
    assert_non_null(root);
    compare_members(case_parts, root, root, read_doc("reference/case.md"));
}

/* --- what is refused: a row replaces the first occurrence of `from` in an example */

static const struct refused {
    const char *example, *from, *to, *where, *text;
} refused[] = {
    { "refund", "\"moult_case\": 1", "\"moult_case\": 2", "$", "no case, or of a later moult" },
    { "refund", "\"moult_case\": 1,", "", "$", "no case" },
    { "refund", "\"tags\"", "\"tag\"", "$.tag", "unknown key" },
    { "refund", "\"id\": \"refund-behind-a-busy-provider\"", "\"id\": \"../x\"", "$.id",
        "letters" },
    { "refund", "\"id\": \"refund-behind-a-busy-provider\",", "", "$", "\"id\" is missing" },
    { "refund", "\"usd\": 0.05}, \"div", "\"usd\": -1}, \"div", "$.settings.limits.usd", "from 0" },
    { "refund", "\"steps\": 12", "\"steps\": 1.5", "$.settings.limits.steps", "whole number" },
    { "refund", "\"go_on\"", "\"guess\"", "$.settings.divergence", "inconclusive, fail, go_on" },
    { "refund", "\"models\": [\"main\", \"spare\"]", "\"models\": [\"main\", \"main\"]",
        "$.settings.models[1]", "there" },
    { "refund", "\"models\": [", "\"offered\": [\"sell\"], \"models\": [", "$.settings.offered[0]",
        "not among the tools" },
    { "refund", "notes/policy.txt", "../policy.txt", "$.state.files[0]", "inside the workspace" },
    { "refund", "notes/policy.txt", "/policy.txt", "$.state.files[0]", "inside the workspace" },
    { "refund", "notes/policy.txt", "notes/\\u0000x", "$.state.files[0]", "inside the workspace" },
    { "refund",
        "\"world\": {\"orders.W17.status\": \"returned\", \"orders.W18.status\": \"on its "
        "way\"}",
        "\"failed\": [0]", "$.state.failed[0]", "number of a result" },
    { "refund", "\"role\": \"system\"", "\"role\": \"sytem\"", "$.state.messages[0]", "role" },
    { "refund", "\"role\": \"user\"", "\"role\": \"assistant\"", "$.inbox[0]", "user" },
    /* tools */
    { "refund", "{\"name\": \"refund\"", "{\"name\": \"get_order\"", "$.tools[1]", "is there" },
    { "refund", "\"as\": \"get_order\"", "\"as\": \"look_up\"", "$.tools[2].script", "a cycle" },
    { "refund", "\"as\": \"get_order\"", "\"as\": \"nothing\"", "$.tools[2].script[0]",
        "no scripted tool" },
    { "refund", "\"as\": \"get_order\"", "\"as\": \"get_order\", \"result\": 1",
        "$.tools[2].script[0]", "either" },
    { "refund", "\"result\": \"Error: no such order\", \"failed\": true", "\"as\": \"look_up\"",
        "$.tools[0].script", "a cycle" },
    { "refund",
        "{\"arguments\": {\"id\": \"W17\"}, \"world\": {\"orders.W17.status\": "
        "\"refunded\"}, ",
        "{", "$.tools[0].script[1]", "never reached" },
    { "refund", "{\"arguments\": {\"id\": \"W18\"}, \"result\": {\"status\": \"on its way\"}}",
        "{\"arguments\": {\"id\":\"W17\"}, \"result\": 7}", "$.tools[0].script[2]",
        "never reached" },
    { "refund", "\"times\": 1,", "\"times\": 0,", "$.tools[1].script[0]", "never holds" },
    { "refund", "\"script\": [{\"as\"", "\"recorded\": true, \"script\": [{\"as\"", "$.tools[2]",
        "from a script, from the recording or by a command" },
    { "refund", "\"script\": [{\"as\": \"get_order\"}]", "\"recorded\": true", "$.tools[2]",
        "no recording" },
    /* model */
    { "refund", "\"last_role\": \"user\"", "\"last_rol\": \"user\"",
        "$.model.script.rules[0].when.last_rol", "last_rol" },
    { "refund", "{\"say\": \"W17 is refunded.\"}", "{\"recorded\": [\"/etc/passwd\"]}",
        "$.model.script.rules[2]", "its own" },
    { "refund", "\"model\": {", "\"model\": {\"live\": {\"model\": \"main\"}, ", "$.model",
        "only one" },
    { "list-as-text", "\"tags\"", "\"settings\": {\"divergence\": \"go_on\"}, \"tags\"", "$.model",
        "takes a script" },
    { "list-as-text", "{\"inbox\": 0},", "", "$.inbox[0]", "no answer to it" },
    { "list-as-text", "{\"inbox\": 0}", "{\"inbox\": 1}", "$.model.recorded[0]", "order" },
    { "list-as-text", "{\"inbox\": 0}", "{\"inbox\": 0}, {\"inbox\": 1}", "$.model.recorded[1]",
        "no such message" },
    { "list-as-text", "{\"inbox\": 0}", "{\"inbox\": 0, \"message\": {}}", "$.model.recorded[0]",
        "either" },
    { "list-as-text", "{\"inbox\": 0}", "{\"inbox\": 0}, {\"message\": {\"role\": \"user\"}}",
        "$.model.recorded[1]", "stands in the inbox" },
    { "list-as-text", "them.\"}}", "them.\"}, \"failed\": true}", "$.model.recorded[3]", "result" },
    { "list-as-text", "{\"role\": \"assistant\", \"content\": \"I",
        "{\"role\": \"error\", "
        "\"class\": \"bad\", \"x\": \"I",
        "$.model.recorded[3]", "no error of a model" },
    /* faults */
    { "refund", "\"kind\": \"kill\", \"step\": 1", "\"kind\": \"kill\", \"step\": 0", "$.faults[1]",
        "already" },
    { "refund", "\"kind\": \"kill\", \"step\": 1", "\"kind\": \"kill\", \"call\": 1", "$.faults[1]",
        "of a step" },
    { "refund", "\"kind\": \"kill\", \"step\": 1", "\"kind\": \"oversize\", \"call\": 1",
        "$.faults[1]", "how many bytes" },
    { "refund", "\"kind\": \"kill\"", "\"kind\": \"kill\", \"retry_after_ms\": 5", "$.faults[1]",
        "come again" },
    { "refund", "\"kind\": \"kill\"", "\"kind\": \"boom\"", "$.faults[1].kind", "rate_limit" },
    /* graders */
    { "refund", "\"check\": \"ends\"", "\"check\": \"end\"", "$.grade[5].check", "calls" },
    { "refund", "\"check\": \"ends\"", "\"check\": \"ends\", \"tool\": \"refund\"",
        "$.grade[5].tool", "does not read it" },
    { "refund", "\"check\": \"secret\"", "\"check\": \"money\"", "$.grade[6]", "needs \"usd\"" },
    { "refund", "\"check\": \"secret\"",
        "\"check\": \"command\", \"command\": {\"argv\": [\"/bin/true\\u0000x\"]}", "$.grade[6]",
        "NUL" },
    { "refund", "\"script\": [{\"as\": \"get_order\"}]",
        "\"command\": {\"argv\": [\"a\", \"\\u0000\"]}", "$.tools[2]", "NUL" },
    { "refund", "\"ends\": [\"answered\"]", "\"ends\": [\"done\"]", "$.grade[5]", "answered" },
    { "refund", "\"tool\": \"refund\"", "\"tool\": \"refnd\"", "$.grade[0]", "no such tool" },
    { "refund", "\"max\": 1, ", "\"min\": 2, \"max\": 1, ", "$.grade[0]", "at most" },
    { "refund", "\"tools\": [\"shell\"]", "\"tools\": [\"refund\"]", "$.grade[7]", "grade[0]" },
    { "refund", "\"lacks\": [\"W18\"]", "\"lacks\": [\"W17\"]", "$.grade[4]", "grade[4]" },
    { "refund", "{\"check\": \"secret\"}", "{\"check\": \"ends\", \"ends\": [\"failed\"]}",
        "$.grade[6]", "grade[5]" },
    { "refund", "{\"check\": \"secret\"}",
        "{\"check\": \"state\", \"path\": \"/orders.W17.status\", \"absent\": true}", "$.grade[6]",
        "grade[3]" },
    { "refund", "\"path\": \"/orders.W17.status\"", "\"path\": \"orders\"", "$.grade[3]",
        "pointer" },
    { "list-as-text", "\"detector\": \"string_for_array\"", "\"detector\": \"array\"", "$.grade[0]",
        "no detector" },
    { "list-as-text", "\"detector\": \"string_for_array\"", "\"detector\": \"a_repeat2\"",
        "$.grade[0]", "what resolves it" },
    { "list-as-text", "\"grade\": [", "\"grade\": [{\"check\": \"same\"},", "$.grade[1]",
        "grade[0]" },
};

static void what_contradicts_itself_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        const struct refused *row = &refused[i];
        struct str text = changed(example(row->example), row->from, row->to);
        struct trial_case of;
        struct err err = { 0 };
        int rc = case_read(&of, text, &arena, &err);
        if (rc >= 0)
            fail_msg("row %zu, %s: taken", i, row->to);
        if (strcmp(err.where, row->where) != 0 || !strstr(err.text, row->text))
            fail_msg("row %zu, %s: \"%s\" at %s", i, row->to, err.text, err.where);
    }
}

static void what_is_cut_short_is_refused(void **state)
{
    (void)state;
    struct str text = example("refund");
    struct trial_case of;
    for (size_t size = 0; size + 3 < text.size; size += 7)
        assert_true(case_read(&of, (struct str){ text.at, size }, &arena, NULL) < 0);
}

/* A list of rules is taken up to its bound, in time that does not grow with its square. */
static void bounds_hold(void **state)
{
    CLEANUP(buf_done) struct buf rules = { 0 };
    (void)state;
    for (int i = 0; i <= CASE_RULES_MAX; i++)
        buf_format(&rules, "%s{\"arguments\":{\"id\":%d},\"result\":1}", i ? "," : "", i);
    struct str text = changed(example("refund"), "{\"as\": \"get_order\"}", rules.at);
    struct trial_case of;
    struct err err = { 0 };
    assert_int_equal(case_read(&of, text, &arena, &err), -ERR_LIMIT);
    assert_string_equal(err.where, "$.tools[2].script");
    text = changed(text, ",{\"arguments\":{\"id\":4096},\"result\":1}", "");
    read_case(text);
}

static int done(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_read_back),
        cmocka_unit_test(what_is_not_said_is_as_usual),
        cmocka_unit_test(only_what_matters_makes_another_case),
        cmocka_unit_test(ids_of_calls_are_their_places),
        cmocka_unit_test(a_recording_becomes_a_run),
        cmocka_unit_test(schema_and_page_name_what_there_is),
        cmocka_unit_test(what_contradicts_itself_is_refused),
        cmocka_unit_test(what_is_cut_short_is_refused),
        cmocka_unit_test(bounds_hold),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
