/* junit - see junit.h. */
#include "trials/junit.h"

#include "base/markup.h"
#include "base/mem.h"
#include "trials/grade/grade.h"
#include "trials/tally.h"

#include <stdio.h>

enum { SECOND_MS = 1000, SAYS_MAX = 160 };

static const char *const elements[JUNIT_ENDS] = {
    [JUNIT_FAILED] = "failure",
    [JUNIT_ERROR] = "error",
    [JUNIT_SKIPPED] = "skipped",
};

static void attribute(struct buf *out, const char *name, struct str value)
{
    buf_format(out, " %s=\"", name);
    markup_text(out, value);
    buf_char(out, '"');
}

static void counts(struct buf *out, const struct junit_counts *counts)
{
    buf_format(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\">\n",
        counts->cases, counts->by[JUNIT_FAILED], counts->by[JUNIT_ERROR], counts->by[JUNIT_SKIPPED],
        counts->seconds);
}

static void count(struct junit_counts *counts, const struct junit_case *one)
{
    counts->cases++;
    counts->by[one->end]++;
    counts->seconds += (double)one->ms / SECOND_MS;
}

void junit_add(struct junit *junit, const struct junit_case *one)
{
    struct buf *out = &junit->cases;
    const char *element = elements[one->end];
    buf_text(out, "    <testcase");
    attribute(out, "name", one->name);
    buf_format(
        out, " classname=\"moult.%s\" time=\"%.3f\"", junit->name, (double)one->ms / SECOND_MS);
    count(&junit->suite, one);
    if (!element) {
        buf_text(out, "/>\n");
        return;
    }
    buf_format(out, ">\n      <%s", element);
    if (one->type)
        attribute(out, "type", str_of(one->type));
    attribute(out, "message", one->message);
    buf_char(out, '>');
    markup_lines(out, one->text);
    buf_format(out, "</%s>\n    </testcase>\n", element);
}

/* What was gathered becomes a suite. */
static void close_suite(struct junit *junit)
{
    struct junit_counts *suite = &junit->suite, *all = &junit->all;
    if (suite->cases > 0) {
        buf_format(&junit->suites, "  <testsuite name=\"%s\"", junit->name);
        counts(&junit->suites, suite);
        if (junit->properties.size > 0) {
            buf_text(&junit->suites, "    <properties>\n");
            buf_str(&junit->suites, buf_view(&junit->properties));
            buf_text(&junit->suites, "    </properties>\n");
        }
        buf_str(&junit->suites, buf_view(&junit->cases));
        buf_text(&junit->suites, "  </testsuite>\n");
    }
    all->cases += suite->cases;
    all->seconds += suite->seconds;
    for (int i = 0; i < JUNIT_ENDS; i++)
        all->by[i] += suite->by[i];
    *suite = (struct junit_counts){ 0 };
    buf_clear(&junit->cases);
    buf_clear(&junit->properties);
}

void junit_suite(struct junit *junit, const char *name)
{
    close_suite(junit);
    junit->name = name;
}

void junit_property(struct junit *junit, const char *name, struct str value)
{
    buf_text(&junit->properties, "      <property");
    attribute(&junit->properties, "name", str_of(name));
    attribute(&junit->properties, "value", value);
    buf_text(&junit->properties, "/>\n");
}

void junit_print(struct buf *out, struct junit *junit, struct str name)
{
    close_suite(junit);
    buf_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute(out, "name", name);
    counts(out, &junit->all);
    buf_str(out, buf_view(&junit->suites));
    buf_text(out, "</testsuites>\n");
}

void junit_done(struct junit *junit)
{
    buf_done(&junit->suites);
    buf_done(&junit->cases);
    buf_done(&junit->properties);
}

/* --- a stored report */

static struct junit_case case_of(const struct report_case *c, char says[SAYS_MAX])
{
    struct junit_case one = { .name = c->id, .text = c->detail };
    snprintf(says, SAYS_MAX, "the active harness: %s; the candidate: %s%s",
        c->missing_old ? "no result" : outcome_words[c->old_outcome],
        c->missing_new ? "no result" : outcome_words[c->new_outcome],
        c->after_step != UINT32_MAX ? ", and something else behind it" : "");
    one.message = str_of(says);
    if (c->missing_new || c->missing_old) {
        one.end = JUNIT_ERROR;
        one.type = "missing";
    } else if (tally_flip(c) == FLIP_WORSE) {
        one.end = JUNIT_FAILED;
        one.type = c->new_abnormal ? "abnormal" : "pass_to_fail";
    } else if (c->signature && tally_flip(c) == FLIP_NONE) {
        one.end = JUNIT_SKIPPED;
        one.type = "as_before";
    }
    return one;
}

/* One that the home took in. */
static struct junit_case taken_of(const struct report_taken *c, char says[SAYS_MAX])
{
    struct junit_case one = { .name = c->id, .text = c->detail };
    snprintf(says, SAYS_MAX, "the active harness: %s; the candidate: %s",
        c->missing_old ? "no result" : grade_verdict_words[c->old],
        c->missing_new ? "no result" : grade_verdict_words[c->new]);
    one.message = str_of(says);
    if (c->missing_new || c->missing_old) {
        one.end = JUNIT_ERROR;
        one.type = "missing";
    } else if (c->flaky) {
        one.end = JUNIT_SKIPPED;
        one.type = "flaky";
    } else if (c->unstable || tally_taken(c) == FLIP_WORSE) {
        one.end = JUNIT_FAILED;
        one.type = c->unstable ? "unstable" : c->new_abnormal ? "abnormal" : "pass_to_fail";
    } else if (c->new != GRADE_PASS) {
        one.end = JUNIT_SKIPPED;
        one.type = "as_before";
    }
    return one;
}

static void add_taken(struct junit *junit, const struct report *report, int suite)
{
    char says[SAYS_MAX];
    for (uint32_t i = 0; i < report->taken_count; i++) {
        const struct junit_case one = taken_of(&report->taken[i], says);
        if (report->taken[i].suite == suite)
            junit_add(junit, &one);
    }
}

static void held_out(struct junit *junit, unsigned cases)
{
    char says[SAYS_MAX];
    if (cases == 0)
        return;
    snprintf(says, sizeof says, "%u cases that only the gate looks at: see its rules", cases);
    junit_suite(junit, suite_words[SUITE_HELD_OUT]);
    const struct junit_case one = { .name = STR("held-out cases"),
        .end = JUNIT_SKIPPED,
        .type = "held_out",
        .message = str_of(says) };
    junit_add(junit, &one);
}

void junit_report(struct junit *junit, const struct report *report)
{
    char says[SAYS_MAX];
    unsigned hidden = 0;
    for (int suite = 0; suite < SUITES; suite++) {
        junit_suite(junit, suite_words[suite]);
        for (uint32_t i = 0; i < report->cases_count; i++) {
            const struct report_case *c = &report->cases[i];
            if (c->suite != suite)
                continue;
            if (c->split != SPLIT_HELD_IN) {
                hidden++;
                continue;
            }
            const struct junit_case one = case_of(c, says);
            junit_add(junit, &one);
        }
        add_taken(junit, report, suite);
    }
    held_out(junit, hidden);
}
