/* trials/suites.c: cases of the home, played by real workers of builds that are right, crash, break
 * them, or go both ways; and the smoke suite. */
#include "trials/suites.h"

#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "trials/builds.h"
#include "trials/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct taken_case cases[2];
static struct taken taken = { .at = cases, .count = 2 };

/* What a lookup asks for stays as it is. One by steps, one as an episode. ' is a quote, ~ one
 * within a text, ^ one within a text of that. */
#define TOOL                                                                                       \
    "'tools': [{'schema': {'type': 'function', 'function': {'name': 'lookup', 'parameters': "      \
    "{'type': 'object', 'properties': {'ids': {'type': 'array', 'items': {'type': "                \
    "'string'}}}}}}, "
#define CALL                                                                                       \
    "{'role': 'assistant', 'content': null, 'tool_calls': [{'id': 'c1', 'type': 'function', "      \
    "'function': {'name': 'lookup', 'arguments': '{~ids~: [~1~]}'}}]}"
#define MENDED                                                                                     \
    "{'role': 'assistant', 'content': null, 'tool_calls': [{'id': 'c1', 'type': 'function', "      \
    "'function': {'name': 'lookup', 'arguments': '{~ids~: ~[^1^]~}'}}]}"
static const char stepped[] =
    "{'moult_case': 1, 'id': 'stepped', 'tags': ['regression', 'safety', 'smoke'], "
    "'inbox': [{'role': 'user', 'content': 'hi'}], " TOOL "'recorded': true}], "
    "'model': {'recorded': [{'inbox': 0}, {'message': " CALL "}, {'message': {'role': 'tool', "
    "'tool_call_id': 'c1', 'content': 'done'}}, {'message': {'role': 'assistant', 'content': "
    "'Fine.'}}]}, 'grade': [{'check': 'same'}]}";
static const char played[] =
    "{'moult_case': 1, 'id': 'played', 'tags': ['regression'], 'settings': {'divergence': "
    "'go_on'}, 'inbox': [{'role': 'user', 'content': 'hi'}], " TOOL
    "'script': [{'arguments': {'ids': ['1']}, 'result': 'done'}]}], 'model': {'script': {'rules': "
    "[{'when': {'last_role': 'user'}, 'call': {'name': 'lookup', 'arguments': {'ids': ['1']}}}, "
    "{'say': 'Fine.'}]}}, 'grade': [{'check': 'calls', 'tool': 'lookup', 'arguments': {'ids': "
    "['1']}, 'carried': true}, {'check': 'ends', 'ends': ['answered']}]}";

static void take(struct taken_case *ret, const char *text)
{
    struct err err;
    CLEANUP(buf_done) struct buf json = { 0 };
    for (const char *c = text; *c; c++)
        buf_text(&json, *c == '\''  ? "\""
                        : *c == '~' ? "\\\""
                        : *c == '^' ? "\\\\\\\""
                                    : (char[]){ *c, 0 });
    struct str copy = { arena_string(&arena, json.at, json.size), json.size };
    if (case_read(&ret->of, copy, &arena, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    ret->id = ret->of.id;
    ret->identity = case_digest(&ret->of);
    ret->suites = taken_suites(&ret->of);
}

static int set_up(void **state)
{
    (void)state;
    take(&cases[0], stepped);
    take(&cases[1], played);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

/* --- arms */

static void generation(struct builds *builds, const char *variant)
{
    struct err err;
    char path[512];
    *builds = (struct builds){ 0 };
    if (builds_read(builds, MOULT_BIN_DIR "/../plugins/naive", &err) < 0)
        fail_msg("%s", err.text);
    if (!variant)
        return;
    snprintf(path, sizeof path, MOULT_BIN_DIR "/../plugins/compare/%s/calls.so", variant);
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
        .seed = 1 };
}
#define WORKER MOULT_BIN_DIR "/moult-worker"
#define NOBODY MOULT_BIN_DIR "/no-such-worker"

struct want {
    const char *old, *new, *worker_old, *worker_new; /* NULL: the naive harness; WORKER */
    uint8_t old_verdict, new_verdict;                /* of both cases */
    bool new_abnormal, missing_old, missing_new, flaky, unstable;
    bool steps_only; /* in an episode all the time that goes by is what was waited for */
    enum flip flip;
    const char *rule;
    enum verdict holds;
};
static const struct want wants[] = {
    { .rule = "regression", .holds = VERDICT_PASS },
    { .new = "GOOD", .rule = "regression", .holds = VERDICT_PASS },
    { .new = "BREAKS_OTHERS",
        .new_verdict = GRADE_FAIL,
        .flip = FLIP_WORSE,
        .rule = "regression",
        .holds = VERDICT_FAIL },
    { .new = "CRASHES",
        .new_verdict = GRADE_FAIL,
        .new_abnormal = true,
        .flip = FLIP_WORSE,
        .rule = "abnormal",
        .holds = VERDICT_FAIL },
    { .old = "BREAKS_OTHERS",
        .old_verdict = GRADE_FAIL,
        .flip = FLIP_MENDED,
        .rule = "regression",
        .holds = VERDICT_PASS },
    { .worker_new = NOBODY,
        .new_verdict = GRADE_INCONCLUSIVE,
        .missing_new = true,
        .flip = FLIP_WORSE,
        .rule = "regression",
        .holds = VERDICT_FAIL },
    { .worker_old = NOBODY,
        .old_verdict = GRADE_INCONCLUSIVE,
        .missing_old = true,
        .rule = "regression",
        .holds = VERDICT_PASS },
    { .new = "WAITS",
        .steps_only = true,
        .new_verdict = GRADE_INCONCLUSIVE,
        .unstable = true,
        .flip = FLIP_WORSE,
        .rule = "flaky",
        .holds = VERDICT_FAIL },
    { .old = "WAITS",
        .steps_only = true,
        .old_verdict = GRADE_INCONCLUSIVE,
        .flaky = true,
        .rule = "flaky",
        .holds = VERDICT_INCONCLUSIVE },
};

static struct player_means means_here(void)
{
    const struct grade_means grade = { .sandbox = true, .tier = SANDBOX_CONTAINER };
    return player_means_of(&grade, MOULT_BIN_DIR "/moult-tool");
}

static enum verdict rule(const struct report *report, const char *name)
{
    struct verdict_result verdict;
    struct policy policy = policy_default();
    verdict_of(&verdict, report, &policy, (struct ledger_look){ 1, 0 });
    for (unsigned i = 0; i < verdict.reasons_count; i++)
        if (strcmp(verdict.reasons[i].rule, name) == 0)
            return verdict.reasons[i].holds;
    fail_msg("no rule %s", name);
    return VERDICT_FAIL;
}

static void check_row(const struct report_taken *row, const struct want *want, size_t number)
{
    if (row->old != want->old_verdict || row->new != want->new_verdict ||
        row->new_abnormal != want->new_abnormal || row->missing_old != want->missing_old ||
        row->missing_new != want->missing_new || row->flaky != want->flaky ||
        row->unstable != want->unstable || tally_taken(row) != want->flip)
        fail_msg("want %zu, %.*s: old %d, new %d, abnormal %d, missing %d %d, flaky %d, unstable "
                 "%d, flip %d: %.*s",
            number, (int)row->id.size, row->id.at, row->old, row->new, row->new_abnormal,
            row->missing_old, row->missing_new, row->flaky, row->unstable, tally_taken(row),
            (int)row->detail.size, row->detail.at);
}

static void each_arm_is_told_by_what_it_does(void **state)
{
    (void)state;
    const struct player_means means = means_here();
    for (size_t i = 0; i < COUNT_OF(wants); i++) {
        const struct want *want = &wants[i];
        struct builds old, new;
        struct report report = { 0 };
        generation(&old, want->old);
        generation(&new, want->new);
        const struct suites_plan plan = { .taken = &taken,
            .old = arm_of(&old, want->worker_old ? want->worker_old : WORKER),
            .new = arm_of(&new, want->worker_new ? want->worker_new : WORKER),
            .means = &means };
        suites_play(&report, &plan, &arena);
        assert_true(report.played);
        assert_int_equal(report.taken_count, 3); /* one is in two suites */
        for (uint32_t k = 0; k < report.taken_count - want->steps_only; k++)
            check_row(&report.taken[k], want, i);
        assert_int_equal(report.taken[1].suite, SUITE_SAFETY);
        assert_int_equal(report.taken[0].mode, REPORT_STEP);
        assert_int_equal(report.taken[2].mode, REPORT_EPISODE);
        if (rule(&report, want->rule) != want->holds)
            fail_msg("want %zu: %s says something else", i, want->rule);
        builds_done(&old);
        builds_done(&new);
    }
}

/* Against generation 0, by case; and what the sanitised build does otherwise is a finding. */
static void the_other_arms_count(void **state)
{
    (void)state;
    const struct player_means means = means_here();
    struct builds naive, broken;
    struct report report = { .genesis = true, .sanitised = true };
    generation(&naive, NULL);
    generation(&broken, "BREAKS_OTHERS");
    struct suites_plan plan = { .taken = &taken,
        .old = arm_of(&broken, WORKER),
        .new = arm_of(&broken, WORKER),
        .sanitised = arm_of(&naive, WORKER),
        .genesis = arm_of(&naive, WORKER),
        .means = &means };
    suites_play(&report, &plan, &arena);
    assert_int_equal(report.drifted, 1); /* the one of the suite safety */
    assert_int_equal(report.sanitised_findings, 2);
    plan.sanitised.worker = plan.genesis.worker = NOBODY;
    suites_play(&report, &plan, &arena);
    assert_false(report.genesis);
    assert_false(report.sanitised);
    builds_done(&naive);
    builds_done(&broken);
}

/* What the build that tells of itself ran in a home's own case has been seen, by steps and in an
 * episode; a build that does otherwise there tells nothing. */
static void a_branch_that_a_case_runs_is_seen(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{'moult_case': 1, 'id': 'mended', 'tags': ['regression'], 'inbox': [{'role': 'user', "
        "'content': 'hi'}], " TOOL "'recorded': true}], 'model': {'recorded': [{'inbox': 0}, "
        "{'message': " MENDED "}, {'message': {'role': 'tool', 'tool_call_id': 'c1', 'content': "
        "'done'}}, {'message': {'role': 'assistant', 'content': 'Fine.'}}]}, 'grade': [{'check': "
        "'ends', 'ends': ['answered']}]}",
        "{'moult_case': 1, 'id': 'mended', 'tags': ['regression'], 'settings': {'divergence': "
        "'go_on'}, 'inbox': [{'role': 'user', 'content': 'hi'}], " TOOL
        "'script': [{'arguments': {'ids': ['1']}, 'result': 'done'}]}], 'model': {'script': "
        "{'rules': [{'when': {'last_role': 'user'}, 'call': {'name': 'lookup', 'arguments': "
        "{'ids': "
        "'[~1~]'}}}, {'say': 'Fine.'}]}}, 'grade': [{'check': 'ends', 'ends': ['answered']}]}",
    };
    static const struct mark wanted[] = { { 3, STR("mend"), MARKS_RAN, true } };
    const struct player_means means = means_here();
    struct builds naive, good, told;
    generation(&naive, NULL);
    generation(&good, "GOOD");
    generation(&told, "GOOD_marked");
    for (size_t i = 0; i < 2 * COUNT_OF(texts); i++) {
        struct taken_case one = { 0 };
        const struct taken list = { .at = &one, .count = 1 };
        struct mark_seen seen[COUNT_OF(wanted)] = { 0 };
        struct marks marks = { wanted, COUNT_OF(wanted), seen };
        struct report report = { 0 };
        bool same = i < COUNT_OF(texts);
        take(&one, texts[i % COUNT_OF(texts)]);
        const struct suites_plan plan = { .taken = &list,
            .old = arm_of(&naive, WORKER),
            .new = arm_of(same ? &good : &naive, WORKER),
            .marked = arm_of(&told, WORKER),
            .marks = &marks,
            .means = &means };
        suites_play(&report, &plan, &arena);
        assert_int_equal(report.branches, 1);
        assert_int_equal(report.branches_missed, same ? 0 : 1);
        assert_int_equal(report.ran[0].shown_count, same ? 1 : 0);
        if (same)
            assert_true(str_equal(report.ran[0].shown[0], STR("mended")));
    }
    builds_done(&naive);
    builds_done(&good);
    builds_done(&told);
}

static void smoke_ends_with_the_first_that_fails(void **state)
{
    (void)state;
    const struct player_means means = means_here();
    struct suites_smoke seen;
    struct builds builds;
    struct err err;
    generation(&builds, NULL);
    struct replay_arm arm = arm_of(&builds, WORKER);
    assert_int_equal(suites_smoke(&seen, &taken, &arm, &means, &err), 0);
    assert_int_equal(seen.cases, 1);
    assert_int_equal(seen.passed, 1);
    assert_false(seen.failed);
    arm.worker = NOBODY;
    assert_true(suites_smoke(&seen, &taken, &arm, &means, &err) < 0);
    builds_done(&builds);
    generation(&builds, "CRASHES");
    arm = arm_of(&builds, WORKER);
    cases[1].suites |= 1u << TAKEN_SMOKE;
    assert_int_equal(suites_smoke(&seen, &taken, &arm, &means, &err), 0);
    cases[1].suites = taken_suites(&cases[1].of);
    assert_true(seen.failed);
    assert_int_equal(seen.cases, 1);
    assert_string_equal(seen.id, "stepped");
    assert_non_null(strstr(seen.why, "worker ended"));
    builds_done(&builds);
}

static void what_is_retired_is_not_played(void **state)
{
    (void)state;
    static const struct retirement retired;
    const struct player_means means = means_here();
    struct builds builds;
    struct report report = { 0 };
    generation(&builds, NULL);
    const struct suites_plan plan = { .taken = &taken,
        .old = arm_of(&builds, WORKER),
        .new = arm_of(&builds, WORKER),
        .means = &means };
    cases[0].retired = &retired;
    suites_play(&report, &plan, &arena);
    cases[0].retired = NULL;
    assert_int_equal(report.taken_count, 1);
    assert_true(str_equal(report.taken[0].id, STR("played")));
    builds_done(&builds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_arm_is_told_by_what_it_does),
        cmocka_unit_test(the_other_arms_count),
        cmocka_unit_test(a_branch_that_a_case_runs_is_seen),
        cmocka_unit_test(smoke_ends_with_the_first_that_fails),
        cmocka_unit_test(what_is_retired_is_not_played),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
