/* trials/episode/many: however many plays there are at once, each case is told in its order with
 * the same digests; and what a steady command answered is asked for once. */
#include "trials/episode/many.h"

#include "base/mem.h"
#include "trials/builds.h"
#include "trials/case/case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { CASES = 7 };

static struct builds builds;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    struct err err;
    if (builds_read(&builds, MOULT_BIN_DIR "/../plugins/probe", &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    builds_done(&builds);
    arena_done(&arena);
    return 0;
}

static const struct trial_case *read_case(const char *text)
{
    struct trial_case *of = arena_alloc(&arena, sizeof *of);
    struct err err;
    if (case_read(of, str_of(text), &arena, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return of;
}

/* Calls its tool so many times; the case passes if the last answer is there. */
static const struct trial_case *counting(unsigned number, unsigned calls, const char *tool)
{
    return read_case(arena_format(&arena,
        "{\"moult_case\":1,\"id\":\"case-%u\",\"inbox\":[{\"role\":\"user\",\"content\":\"Go "
        "%u.\"}],"
        "\"tools\":[{\"schema\":{\"type\":\"function\",\"function\":{\"name\":\"look\","
        "\"parameters\":{\"type\":\"object\"}}},%s}],"
        "\"model\":{\"script\":{\"rules\":[{\"when\":{\"times\":%u},\"call\":{\"name\":\"look\","
        "\"arguments\":{\"n\":%u}}},{\"say\":\"Done.\"}]}},"
        "\"grade\":[{\"check\":\"calls\",\"tool\":\"look\",\"min\":%u,\"max\":%u}]}",
        number, number, tool, calls, number, calls, calls));
}

static struct episode_grading grading(void)
{
    static struct replay_arm arm;
    arm = (struct replay_arm){ .worker = MOULT_BIN_DIR "/moult-worker",
        .builds = builds.list,
        .builds_count = builds.count,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 1 };
    return (struct episode_grading){ .arm = &arm,
        .means = { .tool = MOULT_BIN_DIR "/moult-tool", .tier = SANDBOX_CONTAINER } };
}

struct told {
    unsigned count, passed, stable, refuse_at;
    struct digest effects[CASES];
};

static int on_told(void *with, const struct trial_case *of, const struct case_proof *proof,
    const struct episode_parting *parting, struct err *err)
{
    struct told *told = with;
    char id[32];
    (void)parting;
    if (told->refuse_at && told->count + 1 == told->refuse_at)
        return err_set(err, ERR_STATE, "enough");
    snprintf(id, sizeof id, "case-%u", told->count);
    assert_true(str_equal(of->id, str_of(id)));
    told->effects[told->count++] = proof->played.effects;
    told->passed += proof->verdict == GRADE_PASS;
    told->stable += proof->played.stable;
    return 0;
}

static int grade_with(unsigned players, const struct trial_case *const *cases, unsigned count,
    struct told *told, struct err *err)
{
    const struct episode_grading how = grading();
    return episode_grade_many(&how, players, cases, count, NULL, on_told, told, err);
}

static void the_number_of_players_changes_nothing(void **state)
{
    (void)state;
    static const unsigned numbers[] = { 1, 2, 5 };
    const struct trial_case *cases[CASES];
    struct told first = { 0 };
    struct err err;
    for (unsigned i = 0; i < CASES; i++)
        cases[i] = counting(i, 1 + i % 3, "\"script\":[{\"result\":\"seen\"}]");
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct told told = { 0 };
        assert_int_equal(grade_with(numbers[i], cases, CASES, &told, &err), 0);
        assert_int_equal(told.count, CASES);
        assert_int_equal(told.passed, CASES);
        assert_int_equal(told.stable, CASES);
        if (i == 0)
            first = told;
        assert_memory_equal(told.effects, first.effects, sizeof told.effects);
    }
    /* They are the digests of their cases, and not of one. */
    assert_false(hash_equal(&first.effects[0], &first.effects[1]));
}

static void who_is_told_can_end_it(void **state)
{
    (void)state;
    const struct trial_case *cases[CASES];
    struct told told = { .refuse_at = 2 };
    struct err err;
    for (unsigned i = 0; i < CASES; i++)
        cases[i] = counting(i, 1, "\"script\":[{\"result\":\"seen\"}]");
    assert_int_equal(grade_with(3, cases, CASES, &told, &err), -ERR_STATE);
    assert_int_equal(told.count, 1);
    assert_int_equal(grade_with(0, cases, CASES, &told, &err), -ERR_USAGE);
    assert_int_equal(grade_with(EPISODE_PLAYERS_MAX + 1, cases, CASES, &told, &err), -ERR_USAGE);
    assert_int_equal(grade_with(2, cases, 0, &told, &err), 0);
}

/* Another answer each time: two plays part, unless the second is told what the first one got. */
static void a_steady_command_runs_once(void **state)
{
    (void)state;
#define RANDOM "\"command\":{\"argv\":[\"/bin/sh\",\"-c\",\"cat /proc/sys/kernel/random/uuid\"],"
    static const struct {
        const char *name, *tool;
        bool stable;
    } rows[] = {
        { "not steady", RANDOM "\"once\":true}", false },
        { "steady", RANDOM "\"once\":true,\"steady\":true}", true },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct trial_case *of = counting(0, 2, rows[i].tool);
        struct told told = { 0 };
        struct err err;
        print_message("%s\n", rows[i].name);
        assert_int_equal(grade_with(2, &of, 1, &told, &err), 0);
        assert_int_equal(told.passed, rows[i].stable);
        assert_int_equal(told.stable, rows[i].stable);
    }
#undef RANDOM
}

/* A call that the first play did not make there has no answer: nothing is started for it. */
static void a_second_play_that_parts_is_not_answered(void **state)
{
    (void)state;
    const struct trial_case *of =
        counting(0, 2, "\"command\":{\"argv\":[\"/bin/cat\"],\"once\":true,\"steady\":true}");
    struct world_means means = grading().means;
    struct world *first, *second;
    struct world_answer answer;
    struct err err;
    assert_int_equal(world_open(&first, of, &means, &err), 0);
    assert_int_equal(world_call(first, STR("look"), STR("{\"n\":1}"), &arena, &answer, &err), 0);
    assert_true(str_equal(answer.text, STR("{\"n\":1}")));
    means.before = first;
    assert_int_equal(world_open(&second, of, &means, &err), 0);
    assert_int_equal(world_call(second, STR("look"), STR("{\"n\":2}"), &arena, &answer, &err), 0);
    assert_int_equal(answer.status, WIRE_NO_ANSWER);
    assert_int_equal(world_call(second, STR("look"), STR("{\"n\":1}"), &arena, &answer, &err), 0);
    assert_true(str_equal(answer.text, STR("{\"n\":1}")));
    assert_int_equal(world_call(second, STR("look"), STR("{\"n\":1}"), &arena, &answer, &err), 0);
    assert_int_equal(answer.status, WIRE_NO_ANSWER); /* once more than the first */
    world_close(second);
    world_close(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_of_players_changes_nothing),
        cmocka_unit_test(who_is_told_can_end_it),
        cmocka_unit_test(a_steady_command_runs_once),
        cmocka_unit_test(a_second_play_that_parts_is_not_answered),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
