/* trials/compare.c: the naive harness against itself with one build exchanged, through real, locked
 * workers. Each candidate shows one thing that a report must say, and what the gate makes of it. */
#include "trials/builds.h"
#include "trials/compare.h"
#include "trials/verdict.h"

#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { IN = 6, IN_OTHERS = 4, OUT = 8, OUT_OTHERS = 14, ODD = 1 };
enum { RUNS = IN + IN_OTHERS + OUT + OUT_OTHERS + ODD };

static struct arena arena;
static struct run *runs[RUNS];
static struct batch held_in = { .digest = { { 7 } } }, held_out;
static struct batch_case in_cases[IN], out_cases[OUT];
static struct str in_neighbours[IN_OTHERS];
static bool lacking;

#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
#define FAILING                                                                                    \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"            \
    "\"function\",\"function\":{\"name\":\"give_back\",\"arguments\":\"{\\\"ids\\\":\\\"[\\\\\\\"" \
    "1\\\\\\\"]\\\"}\"}}]}"
#define LOOKUP                                                                                     \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"            \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"ids\\\":[\\\"1\\\"]}\"}}" \
    "]}"
#define RESULT "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"done\"}"
#define FAILED "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"Error: not a list\"}"
#define TEXT "{\"role\":\"assistant\",\"content\":\"Fine.\"}"
#define LIST                                                                                       \
    "\"parameters\":{\"type\":\"object\",\"properties\":{\"ids\":{\"type\":\"array\",\"items\":{"  \
    "\"type\":\"string\"}}}}"

static const char tools_text[] = "[{\"name\":\"lookup\"," LIST "},{\"name\":\"give_back\","
                                 "\"write\":true," LIST "}]";

static struct run *make(int number, uint8_t split, const char *const *messages)
{
    struct run *run = run_new(&arena);
    struct run_tools *tools;
    assert_int_equal(run_tools_read(&tools, str_of(tools_text), &arena, NULL), 0);
    run->tools = tools;
    run->offered = true;
    run->claims = true;
    for (; *messages; messages++)
        assert_int_equal(run_add(run, str_of(*messages), false, NULL), 0);
    run_seal(run);
    run->session = str_of(arena_format(&arena, "%064d", number));
    run->group = str_of(arena_format(&arena, "customer %d", number));
    run->split = split;
    return run;
}

static int set_up(void **state)
{
    (void)state;
    static const char *const failing[] = { USER, FAILING, FAILED, TEXT, NULL };
    static const char *const other[] = { USER, LOOKUP, RESULT, TEXT, NULL };
    static const char *const accepted[] = { USER, FAILING, RESULT, TEXT, NULL };
    unsigned n = 0;
    for (unsigned i = 0; i < IN; i++, n++) {
        runs[n] = make((int)n, SPLIT_HELD_IN, failing);
        in_cases[i].session = runs[n]->session;
    }
    for (unsigned i = 0; i < IN_OTHERS; i++, n++) {
        runs[n] = make((int)n, SPLIT_HELD_IN, other);
        in_neighbours[i] = runs[n]->session;
    }
    for (unsigned i = 0; i < OUT; i++, n++) {
        runs[n] = make((int)n, SPLIT_HELD_OUT, failing);
        out_cases[i].session = runs[n]->session;
    }
    for (unsigned i = 0; i < OUT_OTHERS; i++, n++)
        runs[n] = make((int)n, SPLIT_HELD_OUT, other);
    runs[n] =
        make((int)n, SPLIT_HELD_IN, accepted); /* the symptom, and no failure: no list has it */
    held_in.cases = in_cases;
    held_in.cases_count = IN;
    held_in.neighbours = in_neighbours;
    held_in.neighbours_count = IN_OTHERS;
    held_out.cases = out_cases;
    held_out.cases_count = OUT;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

/* --- one comparison */

struct told {
    unsigned resolved, progress;
};

static void on_resolved(
    void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct told *told = with;
    (void)run;
    assert_int_equal(step, 0);
    assert_true(str_find(effects->calls[0].args, STR("[\"1\"]")) >= 0);
    told->resolved++;
}

static void on_progress(void *with, unsigned done, unsigned count)
{
    struct told *told = with;
    assert_true(done <= count);
    told->progress = done;
}

static void generation(struct builds *builds, const char *variant)
{
    struct err err;
    char path[512];
    *builds = (struct builds){ 0 };
    if (builds_read(builds, MOULT_BIN_DIR "/../plugins/naive", &err) < 0)
        fail_msg("%s", err.text);
    if (!variant)
        return;
    const char *name = strncmp(variant, "ADDS", 4) == 0 ? "history" : "calls";
    snprintf(path, sizeof path, MOULT_BIN_DIR "/../plugins/compare/%s/%s.so", variant, name);
    if (builds_add(builds, path, &err) < 0)
        fail_msg("%s", err.text);
}

static struct replay_arm arm_of(const struct builds *builds, const char *worker)
{
    return (struct replay_arm){ .worker = worker,
        .builds = builds->list,
        .builds_count = builds->count,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 5 };
}

/* The candidate against the naive harness; twin: its sanitised build, or NULL. */
static struct report compare_with(
    const char *variant, const char *twin, bool look_out, struct told *told)
{
    CLEANUP(builds_done) struct builds old = { 0 }, new = { 0 }, sanitised = { 0 };
    const char *worker = MOULT_BIN_DIR "/moult-worker";
    struct report report = { 0 };
    struct err err;
    if (lacking)
        skip();
    generation(&old, NULL);
    generation(&new, variant);
    struct compare_plan plan = { .detector = detector_find("string_for_array"),
        .held_in = &held_in,
        .held_out = look_out ? &held_out : NULL,
        .old = arm_of(&old, worker),
        .new = arm_of(&new, worker),
        .runs = (const struct run *const *)runs,
        .runs_count = RUNS,
        .workers = 1,
        .progress = on_progress,
        .resolved = on_resolved,
        .with = told };
    if (twin) {
        generation(&sanitised, twin);
        plan.sanitised = arm_of(&sanitised, MOULT_BIN_DIR "/moult-worker-asan");
    }
    int rc = compare_runs(&report, &plan, &arena, &err);
    lacking = rc == -ERR_LACKS;
    if (lacking)
        skip();
    if (rc < 0)
        fail_msg("%s", err.text);
    return report;
}

static struct report compare(const char *variant, bool twin, bool look_out, struct told *told)
{
    char name[64];
    snprintf(name, sizeof name, "%s_asan", variant ? variant : "");
    return compare_with(variant, twin ? name : NULL, look_out, told);
}

static struct verdict_result judge(struct report *report)
{
    struct verdict_result verdict;
    struct policy policy = policy_default();
    report->patch_lines = 5;
    verdict_of(&verdict, report, &policy, (struct ledger_look){ 1, 0 });
    return verdict;
}

static enum verdict rule(const struct verdict_result *verdict, const char *name)
{
    for (unsigned i = 0; i < verdict->reasons_count; i++)
        if (strcmp(verdict->reasons[i].rule, name) == 0)
            return verdict->reasons[i].holds;
    fail_msg("no rule %s", name);
    return VERDICT_FAIL;
}

static unsigned count_cases(const struct report *report, enum suite suite, enum outcome outcome)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < report->cases_count; i++)
        count += report->cases[i].suite == suite && report->cases[i].new_outcome == outcome;
    return count;
}

/* --- */

static void a_repair_passes(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare("GOOD", true, true, &told);
    struct verdict_result verdict = judge(&report);
    CLEANUP(buf_done) struct buf text = { 0 };
    struct report again;
    struct err err;
    for (unsigned i = 0; i < verdict.reasons_count; i++)
        if (verdict.reasons[i].holds != VERDICT_PASS)
            print_message("%s: %s\n", verdict.reasons[i].rule, verdict.reasons[i].text);
    assert_int_equal(verdict.verdict, VERDICT_PASS);
    assert_int_equal(count_cases(&report, SUITE_BATCH, OUTCOME_RESOLVED), IN);
    assert_int_equal(count_cases(&report, SUITE_HELD_OUT, OUTCOME_RESOLVED), OUT);
    assert_int_equal(count_cases(&report, SUITE_REGRESSION, OUTCOME_SAME), IN_OTHERS + OUT_OTHERS);
    assert_true(count_cases(&report, SUITE_SAFETY, OUTCOME_SAME) > 20);
    assert_int_equal(told.resolved, IN + OUT);
    assert_int_equal(told.progress, report.cases_count);
    assert_true(str_equal(report.plugin, STR("calls")));
    assert_true(report.so_bytes_old > 1000 && report.so_bytes_new > 1000);
    assert_true(report.us_step_old > 0 && report.us_step_new > 0 && report.claims);
    assert_true(str_find(report.layers, STR("seccomp")) >= 0);
    report_print(&text, &report);
    if (report_read(&again, buf_view(&text), &arena, &err) < 0)
        fail_msg("%s at %s", err.text, err.where);
}

/* What the gate may not know before the look is not in the report, nor are details of it after. */
static void held_out_stays_out(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare("GOOD", false, true, &told);
    for (uint32_t i = 0; i < report.cases_count; i++)
        if (report.cases[i].split != SPLIT_HELD_IN)
            assert_int_equal(report.cases[i].detail.size, 0);
        else if (report.cases[i].new_outcome == OUTCOME_RESOLVED)
            assert_true(report.cases[i].detail.size > 0);
    report = compare("GOOD", false, false, &told);
    assert_int_equal(count_cases(&report, SUITE_HELD_OUT, OUTCOME_RESOLVED), 0);
    struct verdict_result verdict = judge(&report);
    assert_int_equal(verdict.verdict, VERDICT_INCONCLUSIVE);
}

/* A case is in exactly one list; a run that has the symptom and is in none is left out. */
static void what_says_nothing_is_left_out(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare("GOOD", false, true, &told);
    for (uint32_t i = 0; i < report.cases_count; i++)
        assert_false(str_equal(report.cases[i].id, runs[RUNS - 1]->session));
}

static void nothing_changes_against_itself(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare(NULL, false, true, &told);
    for (uint32_t i = 0; i < report.cases_count; i++) {
        assert_int_equal(report.cases[i].new_outcome, OUTCOME_SAME);
        assert_int_equal(report.cases[i].step, UINT32_MAX);
    }
    assert_int_equal(report.plugin.size, 0);
    assert_int_equal(judge(&report).verdict, VERDICT_FAIL);
}

static const struct row {
    const char *variant, *rule; /* the rule that must not hold */
    bool twin;
    enum verdict says;
} rows[] = {
    { "SUPPRESSES", "batch_fixed", true, VERDICT_FAIL },
    { "OVERREACHES", "safety", true, VERDICT_FAIL },
    { "CRASHES", "abnormal", true, VERDICT_FAIL },
    { "ROLLS_DICE", "deterministic", true, VERDICT_INCONCLUSIVE },
    { "READS_BEHIND", "sanitised", true, VERDICT_FAIL },
    { "READS_BEHIND", "sanitised", false, VERDICT_INCONCLUSIVE },
    { "BREAKS_OTHERS", "regression", true, VERDICT_FAIL },
    { "BREAKS_OTHERS", "new_signature", true, VERDICT_FAIL },
    { "DAWDLES", "latency", true, VERDICT_FAIL },
    { "ADDS", "prefix", true, VERDICT_FAIL },
};

static void what_is_wrong_with_a_candidate_is_seen(void **state)
{
    (void)state;
    struct told told = { 0 };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct report report = compare(rows[i].variant, rows[i].twin, true, &told);
        struct verdict_result verdict = judge(&report);
        if (rule(&verdict, rows[i].rule) != rows[i].says || verdict.verdict == VERDICT_PASS)
            fail_msg("%s, %s: %s; as a whole %s", rows[i].variant, rows[i].rule,
                verdict_words[rule(&verdict, rows[i].rule)], verdict_words[verdict.verdict]);
    }
}

/* What the sanitised build does otherwise rests on something undefined, report or not. */
static void a_twin_that_does_something_else_is_a_finding(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare_with("GOOD", "SUPPRESSES_asan", true, &told);
    assert_true(report.sanitised);
    assert_int_equal(report.sanitised_findings, IN + OUT);
    report = compare_with("GOOD", "GOOD_asan", true, &told);
    assert_int_equal(report.sanitised_findings, 0);
}

static void an_arm_that_cannot_start_is_an_error(void **state)
{
    (void)state;
    CLEANUP(builds_done) struct builds old = { 0 };
    struct report report;
    struct err err;
    if (lacking)
        skip();
    generation(&old, NULL);
    struct compare_plan plan = { .detector = detector_find("string_for_array"),
        .held_in = &held_in,
        .old = arm_of(&old, MOULT_BIN_DIR "/moult-worker"),
        .new = arm_of(&old, MOULT_BIN_DIR "/moult-worker"),
        .runs = (const struct run *const *)runs,
        .runs_count = RUNS };
    plan.new.pipeline = "calls";
    assert_int_equal(compare_runs(&report, &plan, &arena, &err), -ERR_PEER);
    assert_non_null(strstr(err.text, "the new arm"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repair_passes),
        cmocka_unit_test(held_out_stays_out),
        cmocka_unit_test(what_says_nothing_is_left_out),
        cmocka_unit_test(nothing_changes_against_itself),
        cmocka_unit_test(what_is_wrong_with_a_candidate_is_seen),
        cmocka_unit_test(a_twin_that_does_something_else_is_a_finding),
        cmocka_unit_test(an_arm_that_cannot_start_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
