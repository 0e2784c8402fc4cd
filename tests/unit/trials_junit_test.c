/* trials/junit.c: a real XML parser takes what it writes, whatever the texts are; counts are those
 * of the cases; and of held-out cases nothing is told but how many there are. */
#include "trials/grade/grade.h"
#include "trials/junit.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOSTILE "</testcase><x a=\"&'\">\033[2J\xe2\x80\xae\xff\xef\xbf\xbf]]><!--"
#define HELD_OUT "the-name-of-a-held-out-session"

static char folder[] = "/tmp/moult-junit-XXXXXX";

static int begin(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

/* What an XPath expression gives of the document. */
static char *ask(struct str document, const char *path)
{
    struct err err;
    struct buf got = { 0 };
    char piece[4096];
    CLEANUP(mem_freep) char *file = mem_format("%s/it.xml", folder);
    if (file_write(file, document, 0600, &err) < 0)
        fail_msg("%s", err.text);
    CLEANUP(mem_freep)
    char *command = mem_format(
        "if command -v xmllint >/dev/null; then exec xmllint --nonet --xpath \"%s\" %s; fi\n"
        "exec python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' %s",
        path, file, file);
    FILE *parser = popen(command, "r");
    assert_non_null(parser);
    for (size_t n; (n = fread(piece, 1, sizeof piece, parser)) > 0;)
        buf_add(&got, piece, n);
    if (pclose(parser) != 0)
        fail_msg("no XML: %.*s", (int)document.size, document.at);
    return buf_steal(&got);
}

static bool can_ask(void)
{
    return system("command -v xmllint >/dev/null") == 0;
}

static void is(struct str document, const char *path, const char *want)
{
    CLEANUP(mem_freep) char *got = ask(document, path);
    if (!can_ask())
        return;
    got[strcspn(got, "\n")] = 0;
    if (strcmp(got, want) != 0)
        fail_msg("%s is %s, not %s", path, got, want);
}

static void texts_are_anybodys(void **state)
{
    (void)state;
    struct junit junit = { 0 };
    struct buf out = { 0 };
    char shown[300];
    const struct junit_case one = { .name = STR(HOSTILE),
        .end = JUNIT_FAILED,
        .type = "differs",
        .message = STR(HOSTILE),
        .text = STR(HOSTILE),
        .ms = 1500 };
    junit_suite(&junit, "replay");
    junit_property(&junit, "why", STR(HOSTILE));
    junit_add(&junit, &one);
    junit_add(&junit, &(struct junit_case){ .name = STR("b"), .end = JUNIT_PASSED, .ms = 500 });
    junit_suite(&junit, "empty");
    junit_suite(&junit, "other");
    junit_add(&junit, &(struct junit_case){ .name = STR("c"), .end = JUNIT_ERROR });
    junit_print(&out, &junit, STR(HOSTILE));
    struct str document = buf_view(&out);
    str_printable(shown, sizeof shown, STR(HOSTILE), false);
    char *noncharacter = strstr(shown, "\xef\xbf\xbf");
    assert_non_null(noncharacter);
    noncharacter[2] = '\xbd';
    is(document, "string(//testcase[1]/@name)", shown);
    is(document, "string(//failure/@message)", shown);
    is(document, "string(//failure)", shown);
    is(document, "string(/testsuites/@name)", shown);
    is(document, "string(//property[@name='why']/@value)", shown);
    is(document, "count(//properties)", "1");
    is(document, "count(//testcase)", "3");
    is(document, "count(//testsuite)", "2");
    is(document, "string(/testsuites/@failures)", "1");
    is(document, "string(/testsuites/@errors)", "1");
    is(document, "string(//testsuite[@name='replay']/@time)", "2.000");
    junit_done(&junit);
    buf_done(&out);
}

static struct report_case a_case(const char *id, uint8_t suite, uint8_t split, uint8_t new)
{
    bool moved = new != OUTCOME_SAME;
    return (struct report_case){ .id = str_of(id),
        .suite = suite,
        .split = split,
        .signature = suite <= SUITE_HELD_OUT,
        .new_outcome = new,
        .new_abnormal = new == OUTCOME_ABNORMAL,
        .step = moved ? 1 : UINT32_MAX,
        .after_step = UINT32_MAX,
        .old_effects = { { 1 } },
        .new_effects = { { moved ? 2 : 1 } } };
}

static void a_report_tells_no_held_out_case(void **state)
{
    (void)state;
    struct junit junit = { 0 };
    struct buf out = { 0 };
    struct report_case cases[] = {
        a_case("mended", SUITE_BATCH, SPLIT_HELD_IN, OUTCOME_RESOLVED),
        a_case("as before", SUITE_BATCH, SPLIT_HELD_IN, OUTCOME_SAME),
        a_case("worse", SUITE_REGRESSION, SPLIT_HELD_IN, OUTCOME_UNEXPLAINED),
        a_case("dead", SUITE_SAFETY, SPLIT_HELD_IN, OUTCOME_ABNORMAL),
        a_case("missing", SUITE_REGRESSION, SPLIT_HELD_IN, OUTCOME_SAME),
        a_case(HELD_OUT, SUITE_HELD_OUT, SPLIT_HELD_OUT, OUTCOME_RESOLVED),
        a_case(HELD_OUT, SUITE_REGRESSION, SPLIT_HELD_OUT, OUTCOME_UNEXPLAINED),
        a_case(HELD_OUT, SUITE_REGRESSION, SPLIT_TEST, OUTCOME_UNEXPLAINED),
    };
    cases[4].missing_new = true;
    struct report_taken taken[] = {
        { .id = STR("kept"), .suite = SUITE_REGRESSION },
        { .id = STR("lost"), .suite = SUITE_SAFETY, .new = GRADE_FAIL, .detail = STR("<so>") },
        { .id = STR("flaky"), .suite = SUITE_REGRESSION, .old = GRADE_INCONCLUSIVE, .flaky = true },
        { .id = STR("wild"), .suite = SUITE_REGRESSION, .unstable = true },
        { .id = STR("gone"), .suite = SUITE_REGRESSION, .missing_new = true },
        { .id = STR("both"), .suite = SUITE_REGRESSION, .old = GRADE_FAIL, .new = GRADE_FAIL },
    };
    const struct report report = { .cases = cases,
        .cases_count = sizeof cases / sizeof cases[0],
        .taken = taken,
        .taken_count = sizeof taken / sizeof taken[0] };
    junit_report(&junit, &report);
    junit_print(&out, &junit, STR("a report"));
    struct str document = buf_view(&out);
    assert_null(strstr(out.at, HELD_OUT));
    is(document, "count(//testcase[@name='mended']/*)", "0");
    is(document, "string(//testcase[@name='as before']/skipped/@type)", "as_before");
    is(document, "string(//testcase[@name='worse']/failure/@type)", "pass_to_fail");
    is(document, "string(//testcase[@name='dead']/failure/@type)", "abnormal");
    is(document, "string(//testcase[@name='missing']/error/@type)", "missing");
    is(document, "count(//testcase)", "12");
    is(document, "count(//testcase[@name='kept']/*)", "0");
    is(document, "string(//testsuite[@name='safety']/testcase[@name='lost']/failure/@type)",
        "pass_to_fail");
    is(document, "string(//testcase[@name='lost']/failure)", "<so>");
    is(document, "string(//testcase[@name='flaky']/skipped/@type)", "flaky");
    is(document, "string(//testcase[@name='wild']/failure/@type)", "unstable");
    is(document, "string(//testcase[@name='gone']/error/@type)", "missing");
    is(document, "string(//testcase[@name='both']/skipped/@type)", "as_before");
    is(document, "starts-with(//testcase[@name='held-out cases']/skipped/@message, '3 cases')",
        "true");
    junit_done(&junit);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_anybodys),
        cmocka_unit_test(a_report_tells_no_held_out_case),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
