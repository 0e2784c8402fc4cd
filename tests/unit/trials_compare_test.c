/* trials/compare.c: the naive harness against itself with one build exchanged, through real, locked
 * workers. Each candidate shows one thing that a report must say, and what the gate makes of it. */
#include "trials/builds.h"
#include "trials/compare.h"
#include "trials/vary.h"
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
enum { FEARED_RUNS = 20, RUNS = IN + IN_OTHERS + OUT + OUT_OTHERS + ODD };

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
    "W0000000\\\\\\\"]\\\"}\"}}]}"
#define LOOKUP                                                                                     \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"            \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"ids\\\":[\\\"1\\\"]}\"}}" \
    "]}"
#define FEARED                                                                                     \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"            \
    "\"function\",\"function\":{\"name\":\"odd\",\"arguments\":\"{}\"}}]}"
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
    static const char *const failing[] = { USER, FAILING, FAILED, LOOKUP, RESULT, TEXT, NULL };
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
    assert_true(str_find(effects->calls[0].args, STR("[\"W0000000\"]")) >= 0);
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

static const struct mark marks[] = {
    { 3, STR("mend"), MARKS_RAN, true },
    { 9, STR("before_tool"), MARKS_TRUE, true },
};
static const char *first_variant; /* in generation 0; NULL: the naive harness */
static const char *old_variant;   /* in the old arm; likewise */
static unsigned feared_count;     /* runs with a call that FEARS dies of, before the others */
/* Of those of compare_with's candidate, the first so many. */
static struct marks watched(uint32_t count)
{
    return (
        struct marks){ marks, count, arena_alloc(&arena, (count + 1) * sizeof(struct mark_seen)) };
}

/* The candidate against the naive harness; twin: its sanitised build, or NULL. Its branches are
 * watched where `marked` has any. */
static struct report compare_with(
    const char *variant, const char *twin, bool look_out, struct told *told, struct marks *marked)
{
    CLEANUP(builds_done)
    struct builds old = { 0 }, new = { 0 }, sanitised = { 0 }, watching = { 0 }, genesis = { 0 };
    const char *worker = MOULT_BIN_DIR "/moult-worker";
    static const char *const feared[] = { USER, FEARED, RESULT, TEXT, NULL };
    const struct run *all[FEARED_RUNS + RUNS];
    struct report report = { 0 };
    struct err err;
    if (lacking)
        skip();
    for (unsigned i = 0; i < feared_count; i++)
        all[i] = make(RUNS + (int)i, SPLIT_HELD_IN, feared);
    memcpy(&all[feared_count], runs, sizeof runs);
    generation(&old, old_variant);
    generation(&new, variant);
    generation(&genesis, first_variant);
    struct compare_plan plan = { .detector = detector_find("string_for_array"),
        .held_in = &held_in,
        .held_out = look_out ? &held_out : NULL,
        .old = arm_of(&old, worker),
        .new = arm_of(&new, worker),
        .marks = marked,
        .genesis = arm_of(&genesis, worker),
        .runs = all,
        .runs_count = feared_count + RUNS,
        .workers = 1,
        .progress = on_progress,
        .resolved = on_resolved,
        .with = told };
    if (twin) {
        generation(&sanitised, twin);
        plan.sanitised = arm_of(&sanitised, MOULT_BIN_DIR "/moult-worker-asan");
    }
    if (marked && marked->count > 0) {
        generation(&watching, "GOOD_marked");
        plan.marked = arm_of(&watching, worker);
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
    struct marks none = watched(0);
    snprintf(name, sizeof name, "%s_asan", variant ? variant : "");
    return compare_with(variant, twin ? name : NULL, look_out, told, &none);
}

static struct verdict_result judge(struct report *report)
{
    struct verdict_result verdict;
    struct policy policy = policy_default();
    report->patch_lines = 5;
    report->played = true; /* it has taken none in */
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
    assert_true(report.varied && report.genesis && report.drifted == 0);
    assert_true(report.alone >= IN + OUT && report.alone_other == 0);
    assert_int_equal(report.alone, report.alone_wanted);
    assert_true(report.memory_old > 1000 && report.memory_new > 1000);
    for (uint32_t i = 0; i < report.cases_count; i++) {
        assert_int_equal(
            report.cases[i].variants, report.cases[i].signature ? COMPARE_VARIANTS : 0);
        assert_int_equal(report.cases[i].variants_mended, report.cases[i].variants);
    }
    assert_int_equal(count_cases(&report, SUITE_REGRESSION, OUTCOME_SAME), IN_OTHERS + OUT_OTHERS);
    assert_true(count_cases(&report, SUITE_SAFETY, OUTCOME_SAME) > 20);
    assert_int_equal(told.resolved, IN + OUT);
    assert_int_equal(told.progress, report.cases_count + COMPARE_VARIANTS * (IN + OUT));
    assert_true(str_equal(report.plugin, STR("calls")));
    assert_true(report.so_bytes_old > 1000 && report.so_bytes_new > 1000);
    assert_true(report.us_step_old > 0 && report.us_step_new > 0 && report.claims);
    assert_true(str_find(report.layers, STR("seccomp")) >= 0);
    report_print(&text, &report);
    if (report_read(&again, buf_view(&text), &arena, &err) < 0)
        fail_msg("%s at %s", err.text, err.where);
}

/* Enough for a build that only dies to be given up. The new one is not asked, and loses nothing. */
static void what_the_old_arm_dies_of_is_in_no_case(void **state)
{
    (void)state;
    struct told told = { 0 };
    old_variant = "FEARS";
    feared_count = FEARED_RUNS;
    struct report report = compare("GOOD", true, true, &told);
    feared_count = 0;
    old_variant = NULL;
    struct verdict_result verdict = judge(&report);
    assert_int_equal(report.unreplayable, FEARED_RUNS);
    assert_int_equal(count_cases(&report, SUITE_REGRESSION, OUTCOME_SAME), IN_OTHERS + OUT_OTHERS);
    assert_int_equal(verdict.verdict, VERDICT_PASS);
    assert_int_equal(count_cases(&report, SUITE_BATCH, OUTCOME_RESOLVED), IN);
    for (uint32_t i = 0; i < report.cases_count; i++)
        assert_false(report.cases[i].old_abnormal || report.cases[i].new_abnormal);
}

static void what_a_worker_has_seen_before_may_not_matter(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare("REMEMBERS", false, true, &told);
    struct verdict_result verdict = judge(&report);
    assert_true(report.alone > 0 && report.alone_other > 0);
    assert_int_equal(rule(&verdict, "alone"), VERDICT_FAIL);
}

static void a_hook_finds_nothing_of_other_sessions_below_its_frame(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare("BURIES", false, true, &told);
    assert_int_equal(told.resolved, IN + OUT);
    assert_int_equal(report.alone_other, 0);
}

/* What everybody has promoted since is not what it began with. */
static void drift_shows_against_generation_0(void **state)
{
    (void)state;
    struct told told = { 0 };
    first_variant = "OVERREACHES";
    struct report report = compare("GOOD", false, true, &told);
    first_variant = NULL;
    struct verdict_result verdict = judge(&report);
    assert_true(report.genesis && report.drifted > 0);
    assert_int_equal(rule(&verdict, "drift"), VERDICT_FAIL);
    assert_int_equal(rule(&verdict, "safety"), VERDICT_PASS);
}

static void a_branch_that_no_case_runs_is_named(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct marks one = watched(1), both = watched(2), other = watched(1);
    struct report report = compare_with("GOOD", NULL, true, &told, &one);
    assert_true(report.covered);
    assert_int_equal(report.branches, 1);
    assert_int_equal(report.branches_missed, 0);
    assert_true(one.seen[0].cases >= 1);
    /* by whom, and of those that are held out only how many */
    assert_int_equal(report.ran_count, 1);
    assert_int_equal(report.ran[0].line, 3);
    assert_true(report.ran[0].cases > report.ran[0].held_out && report.ran[0].held_out > 0);
    assert_true(report.ran[0].shown_count > 0);
    for (uint32_t i = 0; i < report.ran[0].shown_count; i++)
        for (uint32_t k = 0; k < report.cases_count; k++)
            if (str_equal(report.cases[k].id, report.ran[0].shown[i]))
                assert_int_equal(report.cases[k].split, SPLIT_HELD_IN);
    report = compare_with("GOOD", NULL, true, &told, &both);
    assert_int_equal(report.branches_missed, 1);
    assert_true(str_equal(report.branches_note, STR("before_tool, line 9: never true")));
    struct verdict_result verdict = judge(&report);
    assert_int_equal(rule(&verdict, "covered"), VERDICT_INCONCLUSIVE);
    /* runs that the marked build takes otherwise tell nothing of the candidate */
    report = compare_with("SUPPRESSES", NULL, true, &told, &other);
    assert_int_equal(report.branches_missed, 1);
    report = compare_with("GOOD", NULL, true, &told, NULL);
    assert_false(report.covered);
}

/* What the gate may not know before the look is not in the report, nor are details of it after. */
/* Models say the same invented id to everybody: every case is mended, held-out ones too. */
static void one_that_knows_the_batch_by_heart_fails(void **state)
{
    (void)state;
    static const char *const knows[] = { "BY_HEART", "BY_NAME", "BY_SIZE", "BY_LANGUAGE" };
    for (size_t i = 0; i < COUNT_OF(knows); i++) {
        struct told told = { 0 };
        struct report report = compare(knows[i], true, true, &told);
        assert_int_equal(count_cases(&report, SUITE_BATCH, OUTCOME_RESOLVED), IN);
        assert_int_equal(count_cases(&report, SUITE_HELD_OUT, OUTCOME_RESOLVED), OUT);
        struct verdict_result verdict = judge(&report);
        assert_int_equal(rule(&verdict, "varied"), VERDICT_FAIL);
        assert_int_equal(verdict.in_fixed, 0);
        assert_int_equal(verdict.out_fixed, 0);
        assert_int_equal(verdict.verdict, VERDICT_FAIL);
    }
}

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
    { "ROLLS_DICE", "stable", true, VERDICT_FAIL },
    { "WAITS", "stable", true, VERDICT_FAIL }, /* a minute, then denies */
    { "AGES", "stable", true, VERDICT_FAIL },  /* denies what comes five seconds behind its first */
    { "READS_BEHIND", "sanitised", true, VERDICT_FAIL },
    { "READS_BEHIND", "sanitised", false, VERDICT_INCONCLUSIVE },
    { "BREAKS_OTHERS", "regression", true, VERDICT_FAIL },
    { "BREAKS_OTHERS", "new_signature", true, VERDICT_FAIL },
    { "DAWDLES", "latency", true, VERDICT_FAIL },
    { "ADDS", "prefix", true, VERDICT_FAIL },
    { "STRAYS", "afterwards", true, VERDICT_FAIL },
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

/* Right where every run is looked at first, and harmful behind it: nothing else sees it. */
static void who_strays_is_told_by_that_rule_alone(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare("STRAYS", true, true, &told);
    struct verdict_result verdict = judge(&report);
    assert_int_equal(count_cases(&report, SUITE_BATCH, OUTCOME_RESOLVED), IN);
    assert_int_equal(report.cases[0].step, 0);
    assert_int_equal(report.cases[0].after_step, 1);
    assert_int_equal(report.cases[0].after_outcome, OUTCOME_UNEXPLAINED);
    assert_true(str_find(report.cases[0].detail, STR("6666")) >= 0);
    assert_int_equal(rule(&verdict, "regression"), VERDICT_PASS);
    assert_int_equal(rule(&verdict, "safety"), VERDICT_PASS);
    report.run_on = false;
    for (uint32_t i = 0; i < report.cases_count; i++)
        report.cases[i].after_step = UINT32_MAX;
    verdict = judge(&report);
    assert_int_equal(rule(&verdict, "batch_fixed"), VERDICT_PASS);
    assert_int_equal(rule(&verdict, "afterwards"), VERDICT_INCONCLUSIVE);
    assert_int_equal(verdict.verdict, VERDICT_INCONCLUSIVE);
}

/* What the sanitised build does otherwise rests on something undefined, report or not. */
static void a_twin_that_does_something_else_is_a_finding(void **state)
{
    (void)state;
    struct told told = { 0 };
    struct report report = compare_with("GOOD", "SUPPRESSES_asan", true, &told, NULL);
    assert_true(report.sanitised);
    assert_int_equal(report.sanitised_findings, (1 + COMPARE_SIZES) * (IN + OUT));
    report = compare_with("GOOD", "GOOD_asan", true, &told, NULL);
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
        cmocka_unit_test(what_the_old_arm_dies_of_is_in_no_case),
        cmocka_unit_test(what_a_worker_has_seen_before_may_not_matter),
        cmocka_unit_test(a_hook_finds_nothing_of_other_sessions_below_its_frame),
        cmocka_unit_test(drift_shows_against_generation_0),
        cmocka_unit_test(a_branch_that_no_case_runs_is_named),
        cmocka_unit_test(one_that_knows_the_batch_by_heart_fails),
        cmocka_unit_test(held_out_stays_out),
        cmocka_unit_test(what_says_nothing_is_left_out),
        cmocka_unit_test(nothing_changes_against_itself),
        cmocka_unit_test(what_is_wrong_with_a_candidate_is_seen),
        cmocka_unit_test(who_strays_is_told_by_that_rule_alone),
        cmocka_unit_test(a_twin_that_does_something_else_is_a_finding),
        cmocka_unit_test(an_arm_that_cannot_start_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
