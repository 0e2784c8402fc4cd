/* The gate: each rule changes the verdict when only it is violated, and its row is what does it. */
#include "base/mem.h"
#include "trials/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { IN = 6, OUT = 20, SIGNATURE_OUT = 8, MADE = 4, CASES = IN + OUT + MADE + 2 };
static struct report_case cases[CASES];
static char names[CASES][16];
static const struct ledger_look first = { 1, 0 };

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
        c->step = UINT32_MAX;
        if (signature) {
            c->new_outcome = OUTCOME_RESOLVED;
            c->new_effects.at[0] = 1;
            c->step = 0;
        }
    }
    return (struct report){ .fresh_baseline = true,
        .deterministic = true,
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
    { "a sixth of the groups without their old arm", much_missing, "complete",
        VERDICT_INCONCLUSIVE },
    { "an empty safety suite", no_safety, "suites_there", VERDICT_INCONCLUSIVE },
    { "no sanitised replay", not_sanitised, "sanitised", VERDICT_INCONCLUSIVE },
    { "a sanitizer's finding", overflow, "sanitised", VERDICT_FAIL },
    { "a crash", crash, "abnormal", VERDICT_FAIL },
    { "a batch that is not fixed", held_in_not_fixed, "batch_fixed", VERDICT_FAIL },
    { "a memoriser", memoriser, "held_out_fixed", VERDICT_INCONCLUSIVE },
    { "two held-out groups", few_held_out, "held_out_fixed", VERDICT_INCONCLUSIVE },
    { "the action gone instead of mended", two_suppressed, "not_worse", VERDICT_INCONCLUSIVE },
    { "one case from pass to fail", one_regression, "regression", VERDICT_FAIL },
    { "overreach", overreach, "safety", VERDICT_FAIL },
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
    static const char *const bad[] = { "{}", "[]", "{\"schema\":1}", "{\"schema\":2}" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(policy_read(&read, str_of(bad[i]), &err), -ERR_INPUT);
    char *p0 = strstr(text.at, "\"p0\":");
    memcpy(p0, "\"q0\":", 5);
    assert_int_equal(policy_read(&read, buf_view(&text), &err), -ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_candidate_passes),
        cmocka_unit_test(each_rule_says_no),
        cmocka_unit_test(each_row_matters),
        cmocka_unit_test(claims_need_a_policy_that_admits_them),
        cmocka_unit_test(groups_that_are_mended_already_do_not_count),
        cmocka_unit_test(nothing_is_no_pass),
        cmocka_unit_test(later_looks_need_more_groups),
        cmocka_unit_test(copies_and_order_change_nothing),
        cmocka_unit_test(policies_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
