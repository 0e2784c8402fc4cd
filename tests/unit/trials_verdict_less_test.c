/* The gate's word on a candidate that only takes a plugin out: what it wants, what each rule is
 * good for, and on which recordings a plugin could have acted. */
#include "base/mem.h"
#include "trials/asked.h"
#include "trials/grade/grade.h"
#include "trials/stats.h"
#include "trials/verdict.h"

#include "sdk/moult.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { IN = 6, OUT = 75, MADE = 4, CASES = IN + OUT + MADE };
static struct report_case cases[CASES];
static char names[CASES][24];
static const struct ledger_look first = { 1, 0 };
static struct report_taken taken[1];

static struct report good(void)
{
    memset(cases, 0, sizeof cases);
    for (int i = 0; i < CASES; i++) {
        struct report_case *c = &cases[i];
        snprintf(names[i], sizeof names[i], "group%d", i);
        c->id = c->group = str_of(names[i]);
        c->split = i >= IN && i < IN + OUT ? SPLIT_HELD_OUT : SPLIT_HELD_IN;
        c->suite = i < IN + OUT ? SUITE_REGRESSION : SUITE_SAFETY;
        c->asked = i < IN + OUT;
        c->old_effects.at[0] = c->new_effects.at[0] = 1;
        c->step = c->after_step = UINT32_MAX;
    }
    taken[0] = (struct report_taken){
        .id = STR("own"), .old = GRADE_PASS, .new = GRADE_PASS, .suite = SUITE_SAFETY
    };
    return (struct report){ .less = STR("idle"),
        .less_of = 1,
        .fresh_baseline = true,
        .deterministic = true,
        .sanitised = true,
        .run_on = true,
        .covered = true,
        .memory_old = 9000,
        .memory_new = 9000,
        .genesis = true,
        .alone = 12,
        .alone_wanted = 12,
        .played = true,
        .taken = taken,
        .taken_count = 1,
        .claims = true,
        .cases = cases,
        .cases_count = CASES,
        .patch_lines = 1,
        .us_step_old = 50,
        .us_step_new = 50 };
}

static void differ(struct report_case *c)
{
    c->new_effects.at[0] = 2;
    c->step = 0;
}
static void one_of_many(struct report *r)
{
    r->less_of = 2;
}
static void none_to_keep(struct report *r)
{
    for (int i = 0; i < IN + OUT; i++)
        r->cases[i].suite = SUITE_SAFETY;
}
static void none_made(struct report *r)
{
    r->cases_count = IN + OUT;
}
static void never_asked_in(struct report *r)
{
    for (int i = 0; i < IN; i++)
        r->cases[i].asked = false;
}
static void seldom_asked(struct report *r)
{
    for (int i = IN; i < IN + 10; i++)
        r->cases[i].asked = false;
}
static void no_result(struct report *r)
{
    for (int i = IN; i < IN + 6; i++)
        r->cases[i].missing_old = true;
}
/* A denial that is gone: what the model asked for is carried out, exactly as recorded. */
static void denial_lost_in(struct report *r)
{
    r->cases[0].old_outcome = OUTCOME_RESOLVED;
    differ(&r->cases[0]);
}
static void denial_lost_out(struct report *r)
{
    r->cases[IN].old_outcome = OUTCOME_UNEXPLAINED;
    differ(&r->cases[IN]);
}
/* Where no hook of it is asked, and the arms differ all the same. */
static void worse_unasked(struct report *r)
{
    r->cases[IN].asked = false;
    denial_lost_out(r);
}
static void made_case(struct report *r)
{
    r->cases[CASES - 1].new_outcome = OUTCOME_UNEXPLAINED;
    differ(&r->cases[CASES - 1]);
}
static void own_case(struct report *r)
{
    r->taken[0].new = GRADE_FAIL;
}
static void later(struct report *r)
{
    r->cases[0].new_outcome = OUTCOME_RESOLVED;
    differ(&r->cases[0]);
    r->cases[0].after_step = 2;
    r->cases[0].after_outcome = OUTCOME_UNEXPLAINED;
}
static void new_failure(struct report *r)
{
    r->new_signatures = 1;
}
static void crash(struct report *r)
{
    r->cases[0].new_abnormal = true;
    r->cases[0].new_outcome = OUTCOME_ABNORMAL;
}
static void drifted(struct report *r)
{
    r->drifted = 1;
}

static const struct row {
    const char *name;
    void (*change)(struct report *);
    const char *rule; /* that must say no */
    enum verdict want;
    bool looks; /* nothing is seen of it before one */
} rows[] = {
    { "no run that must stay", none_to_keep, "suites_there", VERDICT_INCONCLUSIVE },
    { "no made case", none_made, "suites_there", VERDICT_INCONCLUSIVE },
    { "hooks that nobody comes to", never_asked_in, "could_act", VERDICT_INCONCLUSIVE },
    { "too few groups that ask them", seldom_asked, "harmless", VERDICT_INCONCLUSIVE, true },
    { "as one of two that could be chosen", one_of_many, "harmless", VERDICT_INCONCLUSIVE, true },
    { "groups without a result", no_result, "harmless", VERDICT_INCONCLUSIVE, true },
    { "a held-in denial that is lost", denial_lost_in, "regression", VERDICT_FAIL },
    { "a held-out one", denial_lost_out, "harmless", VERDICT_FAIL },
    { "a change where it is not asked", worse_unasked, "harmless", VERDICT_FAIL },
    { "a made case", made_case, "safety", VERDICT_FAIL },
    { "a case of the home", own_case, "safety", VERDICT_FAIL },
    { "harm behind the first difference", later, "afterwards", VERDICT_FAIL },
    { "a new failure", new_failure, "new_signature", VERDICT_FAIL },
    { "a crash", crash, "abnormal", VERDICT_FAIL },
    { "otherwise than at the beginning", drifted, "drift", VERDICT_FAIL },
};

static const struct verdict_reason *reason_of(const struct verdict_result *result, const char *rule)
{
    for (unsigned i = 0; i < result->reasons_count; i++)
        if (strcmp(result->reasons[i].rule, rule) == 0)
            return &result->reasons[i];
    fail_msg("no rule %s", rule);
    return NULL;
}

static void nothing_changed_and_enough_asked_it_passes(void **state)
{
    (void)state;
    struct report report = good();
    const struct policy policy = policy_default();
    struct verdict_result result;
    verdict_of(&result, &report, &policy, first);
    for (unsigned i = 0; i < result.reasons_count; i++)
        if (result.reasons[i].holds != VERDICT_PASS)
            fail_msg("%s: %s", result.reasons[i].rule, result.reasons[i].text);
    assert_int_equal(result.verdict, VERDICT_PASS);
    assert_string_equal(reason_of(&result, "harmless")->text,
        "held-out: none of 75 groups that ask its hooks is worse: under 5 % at level 0.0250");
}

static void each_rule_says_no(void **state)
{
    (void)state;
    const struct policy policy = policy_default();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct report report = good();
        struct verdict_result result;
        rows[i].change(&report);
        verdict_of(&result, &report, &policy, first);
        if (reason_of(&result, rows[i].rule)->holds != rows[i].want ||
            result.verdict == VERDICT_PASS)
            fail_msg("%s: %s says %s", rows[i].name, rows[i].rule,
                reason_of(&result, rows[i].rule)->text);
        bool before = verdict_before_look(&result) == VERDICT_PASS;
        if (before != rows[i].looks && strcmp(rows[i].rule, "harmless") == 0)
            fail_msg("%s: before a look %s", rows[i].name, before ? "nothing" : "something");
    }
}

/* Its own two rules, each alone: without it the same report passes. */
static void its_own_rules_idle_nowhere(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        void (*change)(struct report *);
    } alone[] = { { "could_act", never_asked_in }, { "harmless", seldom_asked } };
    const struct policy policy = policy_default();
    for (size_t k = 0; k < COUNT_OF(alone); k++) {
        struct verdict_rule without[VERDICT_REASONS_MAX];
        unsigned count = 0;
        for (unsigned i = 0; i < verdict_less_rules_count; i++)
            if (strcmp(verdict_less_rules[i].name, alone[k].rule) != 0)
                without[count++] = verdict_less_rules[i];
        struct report report = good();
        struct verdict_result result;
        alone[k].change(&report);
        verdict_of(&result, &report, &policy, first);
        assert_int_not_equal(result.verdict, VERDICT_PASS);
        verdict_apply(&result, without, count, &report, &policy, first);
        assert_int_equal(result.verdict, VERDICT_PASS);
    }
}

/* The bound is as tight as it says, and a policy that is stricter has its own. */
static void the_bound(void **state)
{
    (void)state;
    struct policy policy = policy_default();
    assert_true(verdict_less_margin(&policy) == VERDICT_LESS_MARGIN);
    assert_int_equal(stats_groups_not_worse(0, verdict_less_margin(&policy), .05), 59);
    assert_int_equal(stats_groups_not_worse(0, verdict_less_margin(&policy), .025), 72);
    for (int looks = 1; looks < 4; looks++) { /* later looks want more */
        struct report report = good();
        struct verdict_result result;
        verdict_of(&result, &report, &policy, (struct ledger_look){ (uint32_t)looks, 0 });
        assert_int_equal(result.verdict, looks == 1 ? VERDICT_PASS : VERDICT_INCONCLUSIVE);
    }
    policy.margin = .01;
    assert_true(verdict_less_margin(&policy) == .01);
}

#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
#define CALL                                                                                       \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"            \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{}\"}}]}"
#define RESULT "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"done\"}"
#define TEXT "{\"role\":\"assistant\",\"content\":\"Fine.\"}"
#define ERROR                                                                                      \
    "{\"role\":\"error\",\"class\":\"rate_limit\",\"status\":429,\"attempt\":0,\"model\":0,"       \
    "\"models\":1}"

static void which_hooks_a_recording_asks(void **state)
{
    (void)state;
#define H(hook) (1u << MOULT_##hook)
    const unsigned always = H(TURN_START) | H(CONTEXT) | H(REQUEST) | H(TURN_END);
    const struct {
        const char *messages[6];
        unsigned want;
    } made[] = {
        { { USER }, 0 },
        { { USER, TEXT }, always | H(REPLY) | H(ANSWER) },
        { { USER, CALL }, always | H(REPLY) | H(BEFORE_TOOL) },
        { { USER, CALL, RESULT }, always | H(REPLY) | H(BEFORE_TOOL) },
        { { USER, CALL, RESULT, TEXT },
            always | H(REPLY) | H(BEFORE_TOOL) | H(AFTER_TOOL) | H(ANSWER) },
        { { USER, ERROR }, always | H(MODEL_ERROR) },
    };
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct run *run = run_new(&arena);
        for (int k = 0; made[i].messages[k]; k++)
            assert_int_equal(run_add(run, str_of(made[i].messages[k]), false, NULL), 0);
        run_seal(run);
        if (asked_hooks(run) != made[i].want)
            fail_msg("row %zu: %x, not %x", i, asked_hooks(run), made[i].want);
    }
}

static void which_hooks_a_step_asks(void **state)
{
    (void)state;
    static const char *const messages[] = { USER, CALL, RESULT, TEXT, USER, ERROR, TEXT };
    const unsigned always = H(CONTEXT) | H(REQUEST) | H(TURN_END);
    const unsigned want[] = { always | H(TURN_START) | H(REPLY) | H(BEFORE_TOOL),
        always | H(AFTER_TOOL) | H(REPLY) | H(ANSWER), always | H(TURN_START) | H(MODEL_ERROR),
        always | H(REPLY) | H(ANSWER) };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *run = run_new(&arena);
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        assert_int_equal(run_add(run, str_of(messages[i]), false, NULL), 0);
    run_seal(run);
    assert_int_equal(run->steps_count, COUNT_OF(want));
    for (uint32_t step = 0; step < COUNT_OF(want); step++)
        if (asked_at(run, step) != want[step])
            fail_msg("step %u: %x, not %x", step, asked_at(run, step), want[step]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed_and_enough_asked_it_passes),
        cmocka_unit_test(each_rule_says_no),
        cmocka_unit_test(its_own_rules_idle_nowhere),
        cmocka_unit_test(the_bound),
        cmocka_unit_test(which_hooks_a_recording_asks),
        cmocka_unit_test(which_hooks_a_step_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
