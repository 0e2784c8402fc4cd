/* certified.c: a report has the certificate of its candidate's patch, and one that names another is
 * found. */
#include "base/mem.h"
#include "broker_home.h"
#include "promote/candidate.h"
#include "promote/certified.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define GUARD(condition)                                                                           \
    "{\"line\":24,\"function\":\"mend\",\"holds\":true,\"condition\":\"" condition "\"}"
#define PATCH(guards, why)                                                                         \
    "{\"schema\":1,\"certificate\":{\"guards\":[" guards "],\"traits\":false,\"differential\":{"   \
    "\"runs\":48,\"steps\":300,\"parted\":0,\"why\":" why ",\"seed\":1}},\"uncertified\":null}"
#define HONEST PATCH(GUARD("size > 7"), "null")

static struct arena arena;

static const struct json *parse(const char *text)
{
    return json_read(&arena, str_of(text), NULL, NULL);
}

static struct report report_of(const char *patch)
{
    return (struct report){ .detector = STR("leak_tagged"),
        .plugin = STR("replies"),
        .certificate = patch ? certified_of(parse(patch), &arena) : NULL };
}

static void a_report_says_what_the_patch_says(void **state)
{
    (void)state;
    const struct report report = report_of(HONEST);
    const struct report_certificate *of = report.certificate;
    assert_int_equal(of->guards_count, 1);
    assert_int_equal(of->guards[0].line, 24);
    assert_true(of->guards[0].holds && str_equal(of->guards[0].condition, STR("size > 7")));
    assert_true(of->tried);
    assert_int_equal(of->runs, 48);
    assert_int_equal(of->steps, 300);
    assert_int_equal(of->seed, 1);
    assert_true(certified_is_of(&report, parse(HONEST)));
    CLEANUP(buf_done) struct buf out = { 0 };
    certified_tell_report(&out, &report);
    assert_non_null(strstr(out.at, "0 of 300 steps differ"));
}

static void it_may_have_none_or_be_untried(void **state)
{
    (void)state;
    const char *none = "{\"certificate\":null,\"uncertified\":\"no condition\"}";
    const struct report without = report_of(none);
    assert_null(without.certificate);
    assert_true(certified_is_of(&without, parse(none)));
    assert_false(certified_is_of(&without, parse(HONEST)));
    const struct report untried = report_of(PATCH(GUARD("a"), "\"it does not build\""));
    assert_false(untried.certificate->tried);
    assert_int_equal(untried.certificate->runs, 0);
}

/* --- in a journal */

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static void add(struct journal *journal, const char *id, const char *patch, const char *reported)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err err;
    struct candidate candidate = { .id = str_of(id), .plugin = STR("replies") };
    const struct report report = report_of(reported);
    report_print(&text, &report);
    must(journal_put(journal, "patch", str_of(patch), &candidate.patch, &err), &err);
    must(journal_put(journal, "report", buf_view(&text), &candidate.report, &err), &err);
    must(candidate_add(journal, &arena, &candidate, &err), &err);
}

static void one_of_another_patch_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *name, *patch, *reported;
        bool found;
    } rows[] = {
        { "its own", HONEST, HONEST, false },
        { "none, as before reports had any", HONEST, NULL, false },
        { "another condition", HONEST, PATCH(GUARD("size > 8"), "null"), true },
        { "one condition more", HONEST, PATCH(GUARD("size > 7") "," GUARD("a"), "null"), true },
        { "of a patch that has none", "{\"schema\":1,\"certificate\":null}", HONEST, true },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct home home = home_fresh();
        struct journal *journal = home_as(&home, JOURNAL_DRIVE);
        struct err err = { 0 };
        add(journal, "aaaaaaaaaaaaaaaa", HONEST, HONEST);
        if (i > 0)
            add(journal, "bbbbbbbbbbbbbbbb", rows[i].patch, rows[i].reported);
        journal_close(journal);
        journal = home_as(&home, JOURNAL_VIEW);
        int rc = certified_check(journal, &err);
        if (rc != (rows[i].found ? -ERR_VERIFY : 0) ||
            (rows[i].found &&
                !strstr(err.text, "candidate bbbbbbbbbbbb: its report names another")))
            fail_msg("%s: %d, %s", rows[i].name, rc, err.text);
        journal_close(journal);
    }
}

static int tear_down(void **state)
{
    arena_done(&arena);
    return homes_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_says_what_the_patch_says),
        cmocka_unit_test(it_may_have_none_or_be_untried),
        cmocka_unit_test(one_of_another_patch_is_found),
    };
    return cmocka_run_group_tests(tests, homes_begin, tear_down);
}
