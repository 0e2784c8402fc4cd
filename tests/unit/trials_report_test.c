/* trials/report.c: what is printed reads back the same; what is not whole, not known or contradicts
 * itself is refused by its path; and the documents of docs/ name exactly the members there are. */
#include "trials/grade/grade.h"
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
static struct report_taken taken[2];
static struct report_branch ran[1];
static struct report_guard guards[1];
static struct report_certificate certificate;

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
        .detail = STR("lookup {\"id\":\"7\"}"),
        .after_step = 6,
        .after_outcome = OUTCOME_SUPPRESSED,
        .variants = 3,
        .variants_mended = 2 };
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
        .new_effects = digest(3),
        .after_step = UINT32_MAX };
    cases[2] = (struct report_case){ .id = STR("c3"),
        .group = STR("cy"),
        .suite = SUITE_REGRESSION,
        .step = UINT32_MAX,
        .missing_new = true,
        .old_effects = digest(4),
        .after_step = UINT32_MAX };
    taken[0] = (struct report_taken){ .id = STR("own \"x\""),
        .identity = digest(5),
        .suite = SUITE_SAFETY,
        .mode = REPORT_EPISODE,
        .old = GRADE_PASS,
        .new = GRADE_FAIL,
        .new_abnormal = true,
        .old_effects = digest(6),
        .new_effects = digest(7),
        .detail = STR("ends: the turn failed") };
    taken[1] = (struct report_taken){ .id = STR("both-ways"),
        .suite = SUITE_REGRESSION,
        .old = GRADE_INCONCLUSIVE,
        .new = GRADE_INCONCLUSIVE,
        .flaky = true,
        .missing_new = true,
        .old_effects = digest(6) };
    static const struct str shown[] = { STR("a1") };
    ran[0] = (struct report_branch){ .function = STR("mend"),
        .line = 12,
        .what = 1,
        .cases = 3,
        .held_out = 2,
        .shown = shown,
        .shown_count = 1 };
    guards[0] = (struct report_guard){
        .line = 12, .function = STR("mend"), .condition = STR("size > \"7\""), .holds = true
    };
    certificate = (struct report_certificate){ .digest = digest(11),
        .guards = guards,
        .guards_count = 1,
        .tried = true,
        .runs = 48,
        .steps = 300,
        .seed = 1 };
    return (struct report){ .batch = digest(9),
        .certificate = &certificate,
        .played = true,
        .alone_wanted = 12,
        .taken = taken,
        .taken_count = 2,
        .ran = ran,
        .ran_count = 1,
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

/* Of a candidate that only takes a plugin out. */
static struct report removal(void)
{
    struct report report = sample();
    report.batch = digest(0);
    report.detector = STR("");
    report.less = STR("idle");
    report.less_of = 3;
    cases[0] = cases[1] = cases[2];
    cases[0].asked = true;
    return report;
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
    { "\"schema\": 7", "\"schema\": 8", "$" },
    { "\"schema\": 7", "\"schema\": 0", "$" },
    { "\"schema\": 7", "\"schema\": 1", "$.run_on" },
    { "\"schema\": 7", "\"schema\": 2", "$.left_out" },
    { "\"schema\": 7", "\"schema\": 3", "$.covered" },
    { "\"schema\": 7", "\"schema\": 4", "$.played" },
    { "\"schema\": 7", "\"schema\": 5", "$.less" },
    { "\"schema\": 7", "\"schema\": 6", "$.less" },
    { "\"less\": \"\"", "\"less\": \"idle\"", "$" },
    { "\"less_of\": 0", "\"less_of\": 1", "$" },
    { "\"asked\": false", "\"asked\": true", "$.cases[0]" },
    { "\"schema\": 7, ", "", "$" },
    { "\"schema\": 7", "\"schema\": 7, \"more\": 1", "$.more" },
    { "\"branches_missed\": 0", "\"branches_missed\": 1", "$" },
    { "\"patch_lines\": 12", "\"patch_lines\": -1", "$.patch_lines" },
    { "\"patch_lines\": 12", "\"patch_lines\": 1e9999", "$.patch_lines" },
    { "\"patch_lines\": 12, ", "", "$" },
    { "\"deterministic\": true", "\"deterministic\": 1", "$.deterministic" },
    { "\"unstable_new\": 0", "\"unstable_new\": 1", "$" },
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
    { "\"after_step\": 6", "\"after_step\": 4", "$.cases[0]" },
    { "\"after_step\": 6", "\"after_step\": null", "$.cases[0]" },
    { "\"variants_mended\": 2", "\"variants_mended\": 4", "$.cases[0]" },
    { "\"signature\": true", "\"signature\": false", "$.cases[0]" },
    { "\"after_outcome\": \"suppressed\"", "\"after_outcome\": \"resolved\"", "$.cases[0]" },
    { "\"played\": true", "\"played\": false", "$.taken[0]" },
    { "\"mode\": \"episode\"", "\"mode\": \"live\"", "$.taken[0].mode" },
    { "\"suite\": \"safety\"", "\"suite\": \"batch\"", "$.taken[0]" },
    { "\"new\": \"fail\"", "\"new\": \"pass\"", "$.taken[0]" },
    { "\"old\": \"pass\"", "\"old\": \"maybe\"", "$.taken[0].old" },
    { "\"flaky\": false", "\"flaky\": true", "$.taken[0]" },
    { "\"flaky\": true", "\"flaky\": true, \"more\": 1", "$.taken[1].more" },
    { "\"held_out\": 2", "\"held_out\": 3", "$.ran[0]" },
    { "\"shown\": [", "\"shown\": [7, ", "$.ran[0].shown[0]" },
    { "\"certificate\": {", "\"certificate\": 7, \"x\": {", "$.x" },
    { "\"guards\": [", "\"guards\": [], \"x\": [", "$.certificate.x" },
    { "\"guards\": [{", "\"guards\": [7, {", "$.certificate.guards[0]" },
    { "\"holds\": true", "\"holds\": 1", "$.certificate.guards[0].holds" },
    { "\"differential\": {", "\"differential\": null, \"x\": {", "$.certificate.x" },
    { "\"differences\": 0", "\"differences\": 1", "$.certificate.differential" },
    { "\"seed\": 1", "\"seed\": -1", "$.certificate.differential.seed" },
    { "\"taken\": [", "\"taken\": 7, \"x\": [", "$.x" },
};

static void a_certificate_may_be_none_and_untried(void **state)
{
    (void)state;
    struct report first = sample(), second;
    struct err err;
    certificate.tried = false;
    certificate.runs = certificate.steps = certificate.seed = 0;
    assert_int_equal(report_read(&second, str_of(print(&first)), &arena, &err), 0);
    assert_false(second.certificate->tried);
    assert_string_equal(print(&first), print(&second));
    first.certificate = NULL;
    assert_int_equal(report_read(&second, str_of(print(&first)), &arena, &err), 0);
    assert_null(second.certificate);
}

static void refuse_rows(const char *text, const struct row *wrong, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(text, wrong[i].from);
        struct report got;
        struct err err = { 0 };
        if (!at)
            fail_msg("row %zu: no %s", i, wrong[i].from);
        const char *bad = arena_format(
            &arena, "%.*s%s%s", (int)(at - text), text, wrong[i].to, at + strlen(wrong[i].from));
        int rc = report_read(&got, str_of(bad), &arena, &err);
        if (rc != -ERR_INPUT || !strstr(err.where, wrong[i].where))
            fail_msg(
                "%s -> %s: %d, \"%s\" at %s", wrong[i].from, wrong[i].to, rc, err.text, err.where);
    }
}

static void what_does_not_fit_is_refused_by_its_path(void **state)
{
    (void)state;
    struct report report = sample();
    refuse_rows(print(&report), rows, COUNT_OF(rows));
}

static void a_removal_has_no_batch_and_no_failing_case(void **state)
{
    (void)state;
    static const struct row wrong[] = {
        { "\"batch\": null",
            "\"batch\": "
            "\"0900000000000000000000000000000000000000000000000000000000000000\"",
            "$" },
        { "\"less\": \"idle\"", "\"less\": \"\"", "$" },
        { "\"less_of\": 3", "\"less_of\": 0", "$" },
        { "\"signature\": false", "\"signature\": true", "$.cases[0]" },
    };
    struct report report = removal(), got;
    struct err err = { 0 };
    const char *text = print(&report);
    if (report_read(&got, str_of(text), &arena, &err) < 0)
        fail_msg("%s at %s", err.text, err.where);
    assert_true(str_equal(got.less, STR("idle")) && got.cases[0].asked && !got.cases[1].asked);
    refuse_rows(text, wrong, COUNT_OF(wrong));
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

/* What was written before there was a second schema: it cannot say what came behind. */
static void schema_1_reads_and_says_less(void **state)
{
    (void)state;
    struct report got;
    struct err err;
    struct str text = read_doc("../tests/fuzz/corpus/report/one.json");
    if (report_read(&got, text, &arena, &err) < 0)
        fail_msg("%s at %s", err.text, err.where);
    assert_false(got.run_on);
    assert_int_equal(got.cases[0].after_step, UINT32_MAX);
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

/* A document is whole; a person's file says what it wants otherwise. */
static void a_file_may_leave_members_out(void **state)
{
    (void)state;
    struct policy got, usual = policy_default();
    struct err err;
    assert_int_equal(policy_read(&got, STR("{\"schema\":1,\"margin\":0.3}"), &err), -ERR_INPUT);
    assert_int_equal(policy_read_file(&got, STR("{\"schema\":1,\"margin\":0.3}"), &err), 0);
    assert_true(got.margin > 0.29 && got.margin < 0.31);
    got.margin = usual.margin;
    CLEANUP(buf_done) struct buf left = { 0 }, right = { 0 };
    policy_print(&left, &got);
    policy_print(&right, &usual);
    assert_string_equal(left.at, right.at);
    static const char *const refused[] = { "{}", "{\"schema\":4}", "{\"schema\":1,\"margn\":0.3}",
        "{\"schema\":1,\"margin\":2}", "{\"schema\":1,\"margin\":null}", "[]", "" };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (policy_read_file(&got, str_of(refused[i]), &err) >= 0)
            fail_msg("taken: %s", refused[i]);
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
        cmocka_unit_test(a_certificate_may_be_none_and_untried),
        cmocka_unit_test(what_does_not_fit_is_refused_by_its_path),
        cmocka_unit_test(schema_1_reads_and_says_less),
        cmocka_unit_test(a_removal_has_no_batch_and_no_failing_case),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(schemas_and_page_name_the_members_of_a_report),
        cmocka_unit_test(schema_and_page_name_the_members_of_a_policy),
        cmocka_unit_test(a_file_may_leave_members_out),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
