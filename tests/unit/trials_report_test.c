/* trials/report.c: what is printed reads back the same; what is not whole, not known or contradicts
 * itself is refused by its path; and the documents of docs/ name exactly the members there are. */
#include "trials/verdict.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static struct arena arena;

static struct digest digest(uint8_t n)
{
    struct digest ret = { { n } };
    return ret;
}

static struct report_case cases[3];

static struct report sample(void)
{
    memset(cases, 0, sizeof cases);
    cases[0] = (struct report_case){ .id = STR("a1"),
        .group = STR("ann \"x\""),
        .suite = SUITE_BATCH,
        .split = SPLIT_HELD_IN,
        .signature = true,
        .new_outcome = OUTCOME_RESOLVED,
        .step = 4,
        .old_effects = digest(1),
        .new_effects = digest(2),
        .detail = STR("lookup {\"id\":\"7\"}") };
    cases[1] = (struct report_case){ .id = STR("b2"),
        .group = STR("bob"),
        .suite = SUITE_HELD_OUT,
        .split = SPLIT_HELD_OUT,
        .signature = true,
        .old_outcome = OUTCOME_ABNORMAL,
        .new_outcome = OUTCOME_ABNORMAL,
        .step = UINT32_MAX,
        .old_abnormal = true,
        .new_abnormal = true,
        .old_effects = digest(3),
        .new_effects = digest(3) };
    cases[2] = (struct report_case){ .id = STR("c3"),
        .group = STR("cy"),
        .suite = SUITE_REGRESSION,
        .step = UINT32_MAX,
        .missing_new = true,
        .old_effects = digest(4) };
    return (struct report){ .batch = digest(9),
        .new_build = digest(8),
        .detector = STR("leak_tagged"),
        .plugin = STR("replies"),
        .fresh_baseline = true,
        .deterministic = true,
        .sanitised_findings = 3,
        .tier = STR("strong"),
        .layers = STR("root,landlock"),
        .cases = cases,
        .cases_count = 3,
        .patch_lines = 12,
        .so_bytes_old = 4000,
        .us_step_old = 10.1,
        .us_step_new = 1.0 / 3,
        .carried = 7 };
}

static const char *print(const struct report *report)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    report_print(&out, report);
    return arena_string(&arena, out.at, out.size);
}

static void what_is_printed_reads_back(void **state)
{
    (void)state;
    struct report first = sample(), second;
    struct err err;
    const char *text = print(&first);
    if (report_read(&second, str_of(text), &arena, &err) < 0)
        fail_msg("%s at %s", err.text, err.where);
    assert_string_equal(text, print(&second));
    assert_int_equal(second.cases_count, 3);
    assert_true(second.us_step_new == first.us_step_new);
    assert_true(str_equal(second.cases[0].group, first.cases[0].group));
    assert_int_equal(second.cases[1].step, UINT32_MAX);
}

/* A row replaces the first occurrence of `from` in the printed sample. */
static const struct row {
    const char *from, *to, *where;
} rows[] = {
    { "\"schema\": 1", "\"schema\": 2", "$" },
    { "\"schema\": 1, ", "", "$" },
    { "\"schema\": 1", "\"schema\": 1, \"more\": 1", "$.more" },
    { "\"patch_lines\": 12", "\"patch_lines\": -1", "$.patch_lines" },
    { "\"patch_lines\": 12", "\"patch_lines\": 1e9999", "$.patch_lines" },
    { "\"patch_lines\": 12, ", "", "$" },
    { "\"deterministic\": true", "\"deterministic\": 1", "$.deterministic" },
    { "\"us_step_old\": 10.1", "\"us_step_old\": -1", "$.us_step_old" },
    { "\"batch\": \"0", "\"batch\": \"G", "$.batch" },
    { "\"cases\": [", "\"cases\": 7, \"x\": [", "$.x" },
    { "\"suite\": \"batch\"", "\"suite\": \"other\"", "$.cases[0].suite" },
    { "\"signature\": true", "\"signature\": true, \"signature\": true", "$.cases[0]" },
    { "\"id\": \"a1\", ", "", "$.cases[0]" },
    { "\"step\": 4", "\"step\": null", "$.cases[0]" },
    { "\"step\": 4", "\"step\": 4.5", "$.cases[0].step" },
    { "\"old_abnormal\": false", "\"old_abnormal\": true", "$.cases[0]" },
    { "\"new_outcome\": \"resolved\"", "\"new_outcome\": \"abnormal\"", "$.cases[0]" },
    { "\"missing_old\": false", "\"missing_old\": true", "$.cases[0]" },
    { "\"split\": \"held-in\"", "\"split\": \"held-out\"", "$.cases[0]" },
    { "\"missing_new\": true", "\"missing_new\": false", "$.cases[2]" },
};

static void what_does_not_fit_is_refused_by_its_path(void **state)
{
    (void)state;
    struct report report = sample(), got;
    const char *text = print(&report);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *at = strstr(text, rows[i].from);
        struct err err = { 0 };
        if (!at)
            fail_msg("row %zu: no %s", i, rows[i].from);
        const char *bad = arena_format(
            &arena, "%.*s%s%s", (int)(at - text), text, rows[i].to, at + strlen(rows[i].from));
        int rc = report_read(&got, str_of(bad), &arena, &err);
        if (rc != -ERR_INPUT || !strstr(err.where, rows[i].where))
            fail_msg(
                "%s -> %s: %d, \"%s\" at %s", rows[i].from, rows[i].to, rc, err.text, err.where);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct report report = sample(), got;
    struct str text = str_of(print(&report));
    for (size_t size = 0; size + 2 < text.size; size += 7) {
        struct str cut = { text.at, size };
        assert_true(report_read(&got, cut, &arena, NULL) < 0);
    }
}

/* --- the documents */

static struct str read_doc(const char *name)
{
    struct buf bytes = { 0 };
    struct err err;
    const char *path = arena_format(&arena, "%s/docs/%s", MOULT_SOURCE_DIR, name);
    if (file_read(path, &bytes, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    struct str ret = { arena_string(&arena, bytes.at, bytes.size), bytes.size };
    buf_done(&bytes);
    return ret;
}

/* A schema names the members of an object: all required, none else, none missing. */
static void compare_members(const char *name, const struct json *schema, const struct json *object)
{
    const struct json *properties = json_get(schema, "properties");
    const struct json *required = json_get(schema, "required");
    assert_false(json_bool(json_get(schema, "additionalProperties"), true));
    assert_int_equal(properties->count, object->count);
    assert_int_equal(required->count, object->count);
    JSON_EACH(member, object)
    {
        struct str key = json_key(&arena, member);
        bool listed = false;
        JSON_EACH(one, required)
        listed |= str_equal(json_string(&arena, one), key);
        if (!listed || !json_get_str(properties, key))
            fail_msg("%s: the schema does not name %.*s", name, (int)key.size, key.at);
    }
}

static void compare_page(struct str page, const struct json *object)
{
    JSON_EACH(member, object)
    {
        struct str key = json_key(&arena, member);
        const char *cell = arena_format(&arena, "`%.*s`", (int)key.size, key.at);
        if (str_find(page, str_of(cell)) < 0)
            fail_msg("the page does not explain %s", cell);
    }
}

static const struct json *parse(struct str text)
{
    struct err err;
    const struct json *root = json_read(&arena, text, NULL, &err);
    if (!root)
        fail_msg("%s at %s", err.text, err.where);
    return root;
}

static void schemas_and_page_name_the_members_of_a_report(void **state)
{
    (void)state;
    struct report report = sample();
    const struct json *printed = parse(str_of(print(&report)));
    const struct json *schema = parse(read_doc("schemas/report.schema.json"));
    const struct json *one = json_first(json_get(printed, "cases"));
    const struct json *items = json_get(json_get(json_get(schema, "properties"), "cases"), "items");
    compare_members("report", schema, printed);
    compare_members("case", items, one);
    struct str page = read_doc("reference/report.md");
    compare_page(page, printed);
    compare_page(page, one);
}

static void schema_and_page_name_the_members_of_a_policy(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct policy policy = policy_default();
    policy_print(&out, &policy);
    const struct json *printed = parse(buf_view(&out));
    compare_members("policy", parse(read_doc("schemas/policy.schema.json")), printed);
    compare_page(read_doc("reference/report.md"), printed);
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_reads_back),
        cmocka_unit_test(what_does_not_fit_is_refused_by_its_path),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(schemas_and_page_name_the_members_of_a_report),
        cmocka_unit_test(schema_and_page_name_the_members_of_a_policy),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
