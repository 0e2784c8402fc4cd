/* The gate: each rule changes the verdict when only it is violated, and its row is what does it. */
#include "base/mem.h"
#include "trials/grade/grade.h"
#include "trials/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { IN = 6, OUT = 20, SIGNATURE_OUT = 8, MADE = 4, CASES = IN + OUT + MADE + 2 };
static struct report_case cases[CASES];
static char names[CASES][24];
static const struct ledger_look first = { 1, 0 };
enum { TAKEN = 2 };
static struct report_taken taken[TAKEN];

/* A candidate that is good in every way: all held-in and held-out groups with the signature are
 * fixed, and nothing else changes. */
static struct report good(void)
{
    memset(cases, 0, sizeof cases);
    for (int i = 0; i < CASES; i++) {
        struct report_case *c = &cases[i];
        bool in = i < IN, out = i >= IN && i < IN + OUT,
             signature = in || (out && i < IN + SIGNATURE_OUT);
        snprintf(names[i], sizeof names[i], "group%d", i);
        c->id = c->group = str_of(names[i]);
        c->split = out ? SPLIT_HELD_OUT : SPLIT_HELD_IN;
        c->signature = signature;
        c->suite = signature && in ? SUITE_BATCH : signature ? SUITE_HELD_OUT : SUITE_REGRESSION;
        if (i >= IN + OUT && i < IN + OUT + MADE)
            c->suite = SUITE_SAFETY;
        c->old_outcome = c->new_outcome = OUTCOME_SAME;
        c->step = c->after_step = UINT32_MAX;
        if (signature) {
            c->new_outcome = OUTCOME_RESOLVED;
            c->new_effects.at[0] = 1;
            c->step = 0;
            c->variants = c->variants_mended = 3;
        }
    }
    for (int i = 0; i < TAKEN; i++)
        taken[i] = (struct report_taken){ .id = STR("own"),
            .suite = i ? SUITE_SAFETY : SUITE_REGRESSION,
            .old = GRADE_PASS,
            .new = GRADE_PASS };
    return (struct report){ .fresh_baseline = true,
        .deterministic = true,
        .run_on = true,
        .varied = true,
        .covered = true,
        .branches = 4,
        .memory_old = 9000,
        .memory_new = 9100,
        .genesis = true,
        .alone = 12,
        .played = true,
        .alone_wanted = 12,
        .taken = taken,
        .taken_count = TAKEN,
        .sanitised = true,
        .claims = true,
        .cases = cases,
        .cases_count = CASES,
        .patch_lines = 5,
        .so_bytes_old = 8000,
        .so_bytes_new = 9000,
        .us_step_old = 50,
        .us_step_new = 60 };
}

static void stale(struct report *r)
{
    r->fresh_baseline = false;
}
static void flaky(struct report *r)
{
    r->deterministic = false;
}
static void fickle(struct report *r)
{
    r->deterministic = false;
    r->unstable_new = 1;
}
static void both_fickle(struct report *r)
{
    fickle(r);
    r->unstable_old = 1;
}
static void much_missing(struct report *r)
{
    for (int i = IN + SIGNATURE_OUT; i < IN + SIGNATURE_OUT + 5; i++)
        r->cases[i].missing_old = true;
}
static void no_safety(struct report *r)
{
    for (int i = 0; i < CASES; i++)
        if (r->cases[i].suite == SUITE_SAFETY)
            r->cases[i].suite = SUITE_REGRESSION;
}
static void not_sanitised(struct report *r)
{
    r->sanitised = false;
}
static void overflow(struct report *r)
{
    r->sanitised_findings = 1;
}
static void crash(struct report *r)
{
    r->cases[IN + OUT - 1].new_abnormal = true;
    r->cases[IN + OUT - 1].new_outcome = OUTCOME_ABNORMAL;
}
/* In one case of five groups, so that the share which is fixed is still enough. */
static void stray(struct report *r)
{
    r->cases[0].after_step = 3;
    r->cases[0].after_outcome = OUTCOME_UNEXPLAINED;
}
static void not_run_on(struct report *r)
{
    r->run_on = false;
}
static void by_heart(struct report *r)
{
    r->cases[0].variants_mended = 2;
}
static void not_covered(struct report *r)
{
    r->covered = false;
}
static void branch_missed(struct report *r)
{
    r->branches_missed = 1;
    r->branches_note = STR("stop, line 3: never true");
}
static void hungry(struct report *r)
{
    r->memory_new = 9000 + (16 << 10) + 1;
}
static void memory_unknown(struct report *r)
{
    r->memory_old = 0;
}
static void no_genesis(struct report *r)
{
    r->genesis = false;
}
static void drifted(struct report *r)
{
    r->drifted = 1;
}
static void never_alone(struct report *r)
{
    r->alone = 0;
}
static void other_alone(struct report *r)
{
    r->alone_other = 1;
}
static void not_varied(struct report *r)
{
    r->varied = false;
}
static void nothing_to_vary(struct report *r)
{
    for (int i = 0; i < CASES; i++)
        r->cases[i].variants = r->cases[i].variants_mended = 0;
}
static void held_in_not_fixed(struct report *r)
{
    for (int i = 0; i < IN - 1; i++) {
        r->cases[i].new_outcome = OUTCOME_SAME;
        r->cases[i].new_effects = r->cases[i].old_effects;
    }
}
/* Right on what the proposer saw, nothing elsewhere: it has learnt the batch by heart. */
static void memoriser(struct report *r)
{
    for (int i = IN; i < IN + SIGNATURE_OUT; i++) {
        r->cases[i].new_outcome = OUTCOME_SAME;
        r->cases[i].new_effects = r->cases[i].old_effects;
    }
}
static void few_held_out(struct report *r)
{
    for (int i = IN + 2; i < IN + SIGNATURE_OUT; i++) {
        r->cases[i].signature = false;
        r->cases[i].suite = SUITE_REGRESSION;
        r->cases[i].new_outcome = OUTCOME_SAME;
        r->cases[i].new_effects = r->cases[i].old_effects;
    }
}
/* Worse where nobody watches but the claim: cases with the signature, so that no suite counts them.
 */
static void two_suppressed(struct report *r)
{
    for (int i = IN; i < IN + 2; i++)
        r->cases[i].new_outcome = OUTCOME_SUPPRESSED;
}
static void one_regression(struct report *r)
{
    r->cases[CASES - 1].new_outcome = OUTCOME_UNEXPLAINED;
    r->cases[CASES - 1].new_effects.at[0] = 9;
}
static void overreach(struct report *r)
{
    r->cases[IN + OUT].new_outcome = OUTCOME_UNEXPLAINED;
    r->cases[IN + OUT].new_effects.at[0] = 9;
}
static void taken_fails(struct report *r)
{
    r->taken[0].new = GRADE_FAIL;
}
static void taken_fails_safety(struct report *r)
{
    r->taken[1].new = GRADE_FAIL;
}
static void taken_crashes(struct report *r)
{
    r->taken[0].new = GRADE_FAIL;
    r->taken[0].new_abnormal = true;
}
/* Nobody can say is not a pass, and no result is none either. */
static void taken_inconclusive(struct report *r)
{
    r->taken[0].new = GRADE_INCONCLUSIVE;
}
static void taken_missing(struct report *r)
{
    r->taken[0].new = GRADE_INCONCLUSIVE;
    r->taken[0].missing_new = true;
}
/* Both arms without a result: the old one counts as one that had passed. */
static void taken_gone(struct report *r)
{
    taken_missing(r);
    r->taken[0].old = GRADE_INCONCLUSIVE;
    r->taken[0].missing_old = true;
}
static void taken_flaky(struct report *r)
{
    r->taken[0].old = GRADE_INCONCLUSIVE;
    r->taken[0].flaky = true;
}
/* A case that fails in the old arm as well has nothing to lose, but may not crash. */
static void taken_crashes_more(struct report *r)
{
    r->taken[0].old = GRADE_FAIL;
    taken_crashes(r);
}
static void taken_unstable(struct report *r)
{
    r->taken[0].old = GRADE_FAIL;
    r->taken[0].new = GRADE_INCONCLUSIVE;
    r->taken[0].unstable = true;
}
static void not_played(struct report *r)
{
    r->played = false;
    r->taken_count = 0;
}
static void new_failure(struct report *r)
{
    r->new_signatures = 1;
}
static void large_patch(struct report *r)
{
    r->patch_lines = 1000;
}
static void large_object(struct report *r)
{
    r->so_bytes_new = 1 << 20;
}
static void slow(struct report *r)
{
    r->us_step_new = 500;
}
static void cache_miss(struct report *r)
{
    r->prefix_breaks = 1;
}

static const struct row {
    const char *name;
    void (*change)(struct report *);
    const char *rule; /* the one that must say no */
    enum verdict want;
} rows[] = {
    { "a baseline that was not run now", stale, "fresh_baseline", VERDICT_INCONCLUSIVE },
    { "effects that change by themselves", flaky, "deterministic", VERDICT_INCONCLUSIVE },
    { "an old arm that changes by itself, too", both_fickle, "deterministic",
        VERDICT_INCONCLUSIVE },
    { "a candidate alone that changes by itself", fickle, "stable", VERDICT_FAIL },
    { "a sixth of the groups without their old arm", much_missing, "complete",
        VERDICT_INCONCLUSIVE },
    { "an empty safety suite", no_safety, "suites_there", VERDICT_INCONCLUSIVE },
    { "no sanitised replay", not_sanitised, "sanitised", VERDICT_INCONCLUSIVE },
    { "a sanitizer's finding", overflow, "sanitised", VERDICT_FAIL },
    { "a crash", crash, "abnormal", VERDICT_FAIL },
    { "harm behind a repair", stray, "afterwards", VERDICT_FAIL },
    { "runs left at their first change", not_run_on, "afterwards", VERDICT_INCONCLUSIVE },
    { "a case known by heart", by_heart, "varied", VERDICT_FAIL },
    { "no other ids and words", not_varied, "varied", VERDICT_INCONCLUSIVE },
    { "cases without any", nothing_to_vary, "varied", VERDICT_INCONCLUSIVE },
    { "branches that nobody watched", not_covered, "covered", VERDICT_INCONCLUSIVE },
    { "a branch that no case runs", branch_missed, "covered", VERDICT_INCONCLUSIVE },
    { "twice the memory and more", hungry, "memory", VERDICT_FAIL },
    { "memory that nobody measured", memory_unknown, "memory", VERDICT_INCONCLUSIVE },
    { "a safety suite without generation 0", no_genesis, "drift", VERDICT_INCONCLUSIVE },
    { "an old overreach", drifted, "drift", VERDICT_FAIL },
    { "no case in a worker of its own", never_alone, "alone", VERDICT_INCONCLUSIVE },
    { "another effect in a worker of its own", other_alone, "alone", VERDICT_FAIL },
    { "a batch that is not fixed", held_in_not_fixed, "batch_fixed", VERDICT_FAIL },
    { "a memoriser", memoriser, "held_out_fixed", VERDICT_INCONCLUSIVE },
    { "two held-out groups", few_held_out, "held_out_fixed", VERDICT_INCONCLUSIVE },
    { "the action gone instead of mended", two_suppressed, "not_worse", VERDICT_INCONCLUSIVE },
    { "one case from pass to fail", one_regression, "regression", VERDICT_FAIL },
    { "overreach", overreach, "safety", VERDICT_FAIL },
    { "a case of the home that fails now", taken_fails, "regression", VERDICT_FAIL },
    { "one of the suite safety", taken_fails_safety, "safety", VERDICT_FAIL },
    { "one that crashes", taken_crashes, "abnormal", VERDICT_FAIL },
    { "one that failed and crashes", taken_crashes_more, "abnormal", VERDICT_FAIL },
    { "one that nobody can judge any more", taken_inconclusive, "regression", VERDICT_FAIL },
    { "one without a result", taken_missing, "regression", VERDICT_FAIL },
    { "one without any result", taken_gone, "regression", VERDICT_FAIL },
    { "one that goes both ways", taken_flaky, "flaky", VERDICT_INCONCLUSIVE },
    { "one that goes both ways with the candidate", taken_unstable, "flaky", VERDICT_FAIL },
    { "cases that were not played", not_played, "flaky", VERDICT_INCONCLUSIVE },
    { "a new failure", new_failure, "new_signature", VERDICT_FAIL },
    { "a large patch", large_patch, "patch_size", VERDICT_FAIL },
    { "a large object", large_object, "object_size", VERDICT_FAIL },
    { "a slow build", slow, "latency", VERDICT_FAIL },
    { "a prompt without its prefix", cache_miss, "prefix", VERDICT_FAIL },
};

static void a_good_candidate_passes(void **state)
{
    (void)state;
    struct report report = good();
    struct policy policy = policy_default();
    struct verdict_result result;
    verdict_of(&result, &report, &policy, first);
    for (unsigned i = 0; i < result.reasons_count; i++)
        if (result.reasons[i].holds != VERDICT_PASS)
            fail_msg("%s: %s", result.reasons[i].rule, result.reasons[i].text);
    assert_int_equal(result.verdict, VERDICT_PASS);
    assert_int_equal(result.out_fixed, SIGNATURE_OUT);
}

static void each_rule_says_no(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct report report = good();
        struct policy policy = policy_default();
        struct verdict_result result;
        bool said = false;
        rows[i].change(&report);
        verdict_of(&result, &report, &policy, first);
        for (unsigned r = 0; r < result.reasons_count; r++)
            said |= strcmp(result.reasons[r].rule, rows[i].rule) == 0 &&
                    result.reasons[r].holds == rows[i].want;
        if (!said || result.verdict == VERDICT_PASS)
            fail_msg("%s: %s says nothing, or the verdict is %s", rows[i].name, rows[i].rule,
                verdict_words[result.verdict]);
    }
}

/* Without its row the same report gets another verdict, or at least that reason is gone: no row
 * idles. */
static void each_row_matters(void **state)
{
    (void)state;
    for (unsigned r = 0; r < verdict_rules_count; r++) {
        struct verdict_rule without[VERDICT_REASONS_MAX];
        unsigned count = 0;
        bool matters = false;
        for (unsigned i = 0; i < verdict_rules_count; i++)
            if (i != r)
                without[count++] = verdict_rules[i];
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            if (strcmp(rows[i].rule, verdict_rules[r].name) != 0)
                continue;
            struct report report = good();
            struct policy policy = policy_default();
            struct verdict_result with, less;
            rows[i].change(&report);
            verdict_of(&with, &report, &policy, first);
            verdict_apply(&less, without, count, &report, &policy, first);
            matters |= with.verdict != less.verdict;
        }
        /* Claims are admitted by the default policy; abnormal ends are losses of their suite as
         * well. */
        if (!matters && strcmp(verdict_rules[r].name, "claims") != 0)
            fail_msg("the verdict is the same without %s", verdict_rules[r].name);
    }
}

/* A look is spent on what it can decide, and on nothing else. */
static void what_a_look_cannot_help_gets_none(void **state)
{
    (void)state;
    struct policy policy = policy_default();
    struct verdict_result result;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct report report = good();
        bool looks =
            strcmp(rows[i].rule, "held_out_fixed") == 0 || strcmp(rows[i].rule, "not_worse") == 0;
        rows[i].change(&report);
        verdict_of(&result, &report, &policy, first);
        enum verdict want = looks ? VERDICT_PASS : rows[i].want;
        if (verdict_before_look(&result) != want)
            fail_msg(
                "%s: %s before a look", rows[i].name, verdict_words[verdict_before_look(&result)]);
    }
    struct report report = good();
    policy.claims = false;
    verdict_of(&result, &report, &policy, first);
    assert_int_equal(verdict_before_look(&result), VERDICT_INCONCLUSIVE);
}

static void claims_need_a_policy_that_admits_them(void **state)
{
    (void)state;
    struct report report = good();
    struct policy policy = policy_default();
    struct verdict_result result;
    policy.claims = false;
    verdict_of(&result, &report, &policy, first);
    assert_int_equal(result.verdict, VERDICT_INCONCLUSIVE);
    report.claims = false;
    verdict_of(&result, &report, &policy, first);
    assert_int_equal(result.verdict, VERDICT_PASS);
}

/* An earlier repair mends some groups of the batch already: they are not failing groups any more.
 * An old arm without a result is no mended one: else a candidate could gain by breaking it. */
static void groups_that_are_mended_already_do_not_count(void **state)
{
    (void)state;
    struct report report = good();
    struct tally tally;
    for (int i = 0; i < IN - 2; i++) {
        report.cases[i].old_outcome = OUTCOME_RESOLVED;
        report.cases[i].old_effects = report.cases[i].new_effects;
    }
    tally_of(&tally, &report);
    assert_int_equal(tally.in_groups, 2);
    assert_int_equal(tally.in_fixed, 2);
    assert_int_equal(tally.worse, 0);
    report.cases[0].missing_old = true;
    tally_of(&tally, &report);
    assert_int_equal(tally.in_groups, 3);
    assert_int_equal(tally.in_fixed, 2);
}

/* The failure comes again behind its repair, and is mended in another way than it should. */
static void a_second_failure_mended_badly_is_not_fixed_and_no_harm(void **state)
{
    (void)state;
    struct report report = good();
    struct tally tally;
    report.cases[IN].after_step = 5;
    report.cases[IN].after_outcome = OUTCOME_UNEXPLAINED;
    report.cases[IN].after_symptom = true;
    tally_of(&tally, &report);
    assert_int_equal(tally.out_fixed, SIGNATURE_OUT - 1);
    assert_int_equal(tally.worse, 0);
    assert_int_equal(tally.strays, 0);
    report.cases[IN].signature = false;
    tally_of(&tally, &report);
    assert_int_equal(tally.worse, 1);
    assert_int_equal(tally.strays, 1);
}

static void nothing_is_no_pass(void **state)
{
    (void)state;
    struct report report = good();
    struct policy policy = policy_default();
    struct verdict_result result;
    for (int i = 0; i < CASES; i++) {
        cases[i].new_outcome = OUTCOME_SAME;
        cases[i].new_effects = cases[i].old_effects;
    }
    verdict_of(&result, &report, &policy, first);
    assert_int_equal(result.verdict, VERDICT_FAIL);
    report.cases_count = 0;
    verdict_of(&result, &report, &policy, first);
    assert_int_equal(result.verdict, VERDICT_INCONCLUSIVE);
}

/* Kinds, by suite, and no names. */
static void what_came_along_is_named(void **state)
{
    (void)state;
    struct report report = good();
    struct policy policy = policy_default();
    struct verdict_result result;
    for (int i = 0; i < IN; i++) {
        report.cases[i].new_outcome = OUTCOME_UNEXPLAINED;
        report.cases[i].rider = i ? RIDER_CALL_MORE : RIDER_ARGUMENT_MORE;
    }
    verdict_of(&result, &report, &policy, first);
    for (unsigned r = 0; r < result.reasons_count; r++)
        if (strcmp(result.reasons[r].rule, "batch_fixed") == 0)
            assert_string_equal(result.reasons[r].text,
                "held-in: 0 of 6 groups fixed, at least 60 % must be; beside it: an extra call in "
                "5, an extra argument in 1");
}

static void later_looks_need_more_groups(void **state)
{
    (void)state;
    struct report report = good();
    struct policy policy = policy_default();
    struct verdict_result result;
    for (int i = IN + 3; i < IN + SIGNATURE_OUT; i++) {
        cases[i].signature = false;
        cases[i].suite = SUITE_REGRESSION;
        cases[i].new_outcome = OUTCOME_SAME;
        cases[i].new_effects = cases[i].old_effects;
    }
    verdict_of(&result, &report, &policy, first);
    assert_int_equal(result.verdict, VERDICT_PASS);
    verdict_of(&result, &report, &policy, (struct ledger_look){ 5, 0 });
    assert_int_equal(result.verdict, VERDICT_INCONCLUSIVE);
}

static void copies_and_order_change_nothing(void **state)
{
    (void)state;
    struct report report = good();
    struct policy policy = policy_default();
    struct verdict_result before, after;
    verdict_of(&before, &report, &policy, first);
    CLEANUP(mem_freep) struct report_case *many = mem_zero(CASES + 1000, sizeof *many);
    for (int i = 0; i < CASES; i++)
        many[CASES - 1 - i] = cases[i];
    for (int i = 0; i < 1000; i++)
        many[CASES + i] = cases[IN];
    report.cases = many;
    report.cases_count = CASES + 1000;
    verdict_of(&after, &report, &policy, first);
    assert_int_equal(after.verdict, before.verdict);
    assert_int_equal(after.out_groups, before.out_groups);
    assert_int_equal(after.out_fixed, before.out_fixed);
}

static void policies_are_read_strictly(void **state)
{
    (void)state;
    struct policy policy = policy_default(), read;
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err err;
    policy_print(&text, &policy);
    if (policy_read(&read, buf_view(&text), &err) < 0)
        fail_msg("%s at %s", err.text, err.where);
    assert_true(read.p0 == policy.p0 && read.patch_lines_max == policy.patch_lines_max);
    static const char *const bad[] = { "{}", "[]", "{\"schema\":1}", "{\"schema\":2}",
        "{\"schema\":3}" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(policy_read(&read, str_of(bad[i]), &err), -ERR_INPUT);
    char *schema = strstr(text.at, "\"schema\":3"),
         *last = strstr(text.at, ", \"memory_growth_max");
    assert_true(schema && last);
    schema[9] = '1'; /* it did not have that member */
    assert_int_equal(policy_read(&read, buf_view(&text), &err), -ERR_INPUT);
    strcpy(last, "}");
    text.size = strlen(text.at);
    assert_int_equal(policy_read(&read, buf_view(&text), &err), 0);
    assert_int_equal(read.memory_growth_max, policy.memory_growth_max);
    char *p0 = strstr(text.at, "\"p0\":");
    memcpy(p0, "\"q0\":", 5);
    assert_int_equal(policy_read(&read, buf_view(&text), &err), -ERR_INPUT);
}

/* A policy of before is one without such plugins; a name is a plugin's. */
static void plugins_can_be_strict(void **state)
{
    (void)state;
    static const char strict[] = "{\"schema\":3,\"strict\":[\"calls\",\"router\"]}";
    static const char *const bad[] = { "{\"schema\":3,\"strict\":\"calls\"}",
        "{\"schema\":3,\"strict\":[1]}", "{\"schema\":3,\"strict\":[\"\"]}",
        "{\"schema\":3,\"strict\":[\"a b\"]}", "{\"schema\":3,\"strict\":[\"a\",\"a\"]}" };
    struct policy policy, again;
    struct err err;
    assert_int_equal(policy_read_file(&policy, str_of(strict), &err), 0);
    CLEANUP(buf_done) struct buf text = { 0 };
    policy_print(&text, &policy);
    assert_int_equal(policy_read(&again, buf_view(&text), &err), 0);
    assert_true(policy_is_strict(&again, STR("calls")) && policy_is_strict(&again, STR("router")));
    assert_false(policy_is_strict(&again, STR("call")) || policy_is_strict(&again, STR("")));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (policy_read_file(&policy, str_of(bad[i]), &err) != -ERR_INPUT)
            fail_msg("taken: %s", bad[i]);
    strstr(text.at, "\"schema\":3")[9] = '2'; /* which had no such member */
    assert_int_equal(policy_read(&again, buf_view(&text), &err), -ERR_INPUT);
    char *member = strstr(text.at, ",\"strict\"");
    strcpy(member, "}");
    assert_int_equal(policy_read(&again, str_of(text.at), &err), 0);
    assert_false(policy_is_strict(&again, STR("calls")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_candidate_passes),
        cmocka_unit_test(plugins_can_be_strict),
        cmocka_unit_test(each_rule_says_no),
        cmocka_unit_test(each_row_matters),
        cmocka_unit_test(what_a_look_cannot_help_gets_none),
        cmocka_unit_test(claims_need_a_policy_that_admits_them),
        cmocka_unit_test(groups_that_are_mended_already_do_not_count),
        cmocka_unit_test(a_second_failure_mended_badly_is_not_fixed_and_no_harm),
        cmocka_unit_test(nothing_is_no_pass),
        cmocka_unit_test(what_came_along_is_named),
        cmocka_unit_test(later_looks_need_more_groups),
        cmocka_unit_test(copies_and_order_change_nothing),
        cmocka_unit_test(policies_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
