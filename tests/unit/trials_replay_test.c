/* trials/replay.c: runs through real, locked workers. The probe does on each hook what the last
 * user message says, so every way in which a step can go is a row. */
#include "trials/builds.h"

#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { WALL_MS = 2000, STEPS = 4, RUNS = 40 };

static struct builds builds;
static struct replay *replay;
static struct arena arena;

static const char tools_text[] =
    "[{\"name\":\"lookup\",\"parameters\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":"
    "\"string\"}},\"required\":[\"id\"]}}]";
#define TEXT "{\"role\":\"assistant\",\"content\":\"Fine.\"}"
#define CALL                                                                                       \
    "{\"role\":\"assistant\",\"content\":\"Look.\",\"tool_calls\":[{\"id\":\"c1\",\"type\":"       \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"id\\\":\\\"7\\\"}\"}}]}"
#define RESULT "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"seven\"}"
#define TWO                                                                                        \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"            \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"id\\\":\\\"7\\\"}\"}},"   \
    "{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":\"change\",\"arguments\":\"{}\"}" \
    "}"                                                                                            \
    "]}"
#define LEAK                                                                                       \
    "{\"role\":\"assistant\",\"content\":\"Sure.<tool_call>{\\\"name\\\": \\\"lookup\\\", "        \
    "\\\"arguments\\\": {\\\"id\\\": \\\"7\\\"}}</tool_call>\"}"

static struct replay *open_arm(unsigned pass, unsigned workers)
{
    struct replay *ret = NULL;
    struct err err;
    const struct replay_arm arm = { .worker = MOULT_BIN_DIR "/moult-worker",
        .builds = builds.list,
        .builds_count = builds.count,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 1,
        .pass = pass };
    int rc = replay_open(&ret, &arm, workers, &err);
    if (rc < 0 && rc != -ERR_LACKS)
        fail_msg("%s", err.text);
    return ret;
}

static int set_up(void **state)
{
    (void)state;
    struct err err;
    if (builds_read(&builds, MOULT_BIN_DIR "/../plugins/probe", &err) < 0)
        fail_msg("%s", err.text);
    replay = open_arm(0, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    replay_free(replay);
    builds_done(&builds);
    arena_done(&arena);
    return 0;
}

/* --- runs: a user message with what the probe is to do, a reply, and so on */

static struct run *begin(void)
{
    struct run *run = run_new(&arena);
    struct run_tools *tools;
    assert_int_equal(run_tools_read(&tools, str_of(tools_text), &arena, NULL), 0);
    run->tools = tools;
    run->offered = true;
    return run;
}

static void add_step(struct run *run, const char *order, const char *reply)
{
    CLEANUP(buf_done) struct buf user = { 0 };
    buf_text(&user, "{\"role\":\"user\",\"content\":");
    json_quote(&user, str_of(order));
    buf_char(&user, '}');
    assert_int_equal(
        run_add(
            run, (struct str){ arena_string(&arena, user.at, user.size), user.size }, false, NULL),
        0);
    assert_int_equal(run_add(run, str_of(reply), false, NULL), 0);
}

/* --- what was seen */

struct seen {
    const struct run *run;
    uint32_t steps;
    uint8_t end[STEPS];
    bool same[STEPS], denied[STEPS];
    uint32_t calls[STEPS];
    char text[STEPS][80], why[STEPS][80];
    struct digest digest[STEPS];
};
struct seen_all {
    struct seen runs[128];
    unsigned count;
    uint32_t leave_at; /* the run is left out behind this step */
};

static struct seen *seen_of(struct seen_all *all, const struct run *run)
{
    for (unsigned i = 0; i < all->count; i++)
        if (all->runs[i].run == run)
            return &all->runs[i];
    all->runs[all->count].run = run;
    return &all->runs[all->count++];
}

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct seen_all *all = with;
    struct seen *seen = seen_of(all, run);
    assert_int_equal(step, seen->steps); /* each once, in order */
    assert_true(step < STEPS);
    seen->steps++;
    seen->end[step] = effects->end;
    seen->same[step] = effects->same;
    seen->calls[step] = effects->calls_count;
    seen->denied[step] = effects->calls_count > 0 && effects->calls[0].denied;
    seen->digest[step] = effects->digest;
    snprintf(seen->text[step], 80, "%.*s", (int)effects->text.size,
        effects->text.at ? effects->text.at : "");
    snprintf(seen->why[step], 80, "%.*s", (int)effects->why.size,
        effects->why.at ? effects->why.at : "");
    return step >= all->leave_at;
}

static void run_all(
    struct replay *in, struct seen_all *all, const struct run *const *runs, unsigned count)
{
    struct err err;
    *all = (struct seen_all){ .leave_at = UINT32_MAX };
    if (!in)
        skip();
    if (replay_runs(in, runs, count, WALL_MS, on_step, all, &err) < 0)
        fail_msg("%s", err.text);
}

/* --- */

static const struct row {
    const char *name, *order, *reply;
    uint8_t end;
    bool same;
    uint32_t calls;
    bool denied; /* the first of them */
    const char *text, *why;
} rows[] = {
    { "a text leaves as it came", "{}", TEXT, EFFECTS_ANSWERED, true, 0, false, "Fine.", "" },
    { "calls leave as they came", "{}", TWO, EFFECTS_HANDED, true, 2, false, "", "" },
    { "a new text", "{\"reply\":\"body\"}", TEXT, EFFECTS_ANSWERED, false, 0, false,
        "the probe's own words", "" },
    { "a text of `answer`", "{\"answer\":\"body\"}", TEXT, EFFECTS_ANSWERED, false, 0, false,
        "the probe's own words", "" },
    { "a leaked call is handed over", "{\"reply\":\"cut leak\"}", LEAK, EFFECTS_HANDED, false, 1,
        false, "Sure.", "" },
    { "the only call is denied", "{\"before_tool\":\"deny\"}", CALL, EFFECTS_ASKED, false, 1, true,
        "Look.", "" },
    { "one of two is denied", "{\"before_tool\":\"deny lookup\"}", TWO, EFFECTS_HANDED, false, 2,
        true, "", "" },
    { "the model is sent back", "{\"reply\":\"retry\"}", TEXT, EFFECTS_ASKED, false, 0, false, "",
        "" },
    { "a hook asks a question", "{\"reply\":\"ask\"}", TEXT, EFFECTS_ASKED, false, 0, false, "",
        "" },
    { "refused before the model", "{\"turn_start\":\"deny\"}", TEXT, EFFECTS_REFUSED, false, 0,
        false, "denied by the probe", "" },
    { "refused as an answer", "{\"answer\":\"deny\"}", TEXT, EFFECTS_REFUSED, false, 0, false,
        "denied by the probe", "" },
    { "finished by a hook", "{\"reply\":\"finish\"}", CALL, EFFECTS_ANSWERED, false, 0, false,
        "finished by the probe", "" },
    { "a hook fails, the step goes on", "{\"reply\":\"invalid\"}", TEXT, EFFECTS_ABNORMAL, true, 0,
        false, "Fine.", "hook 4 failed: returned an action" },
    { "a crash", "{\"reply\":\"crash\"}", TEXT, EFFECTS_ABNORMAL, false, 0, false, "",
        "the worker" },
    { "a stack that runs over", "{\"reply\":\"overflow\"}", TEXT, EFFECTS_ABNORMAL, false, 0, false,
        "", "the worker" },
    { "a hang", "{\"answer\":\"loop\"}", TEXT, EFFECTS_ABNORMAL, false, 0, false, "",
        "the worker did not answer in time" },
};

static void every_way_in_which_a_step_can_go(void **state)
{
    (void)state;
    const struct run *runs[COUNT_OF(rows)];
    struct seen_all all;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run *run = begin();
        add_step(run, rows[i].order, rows[i].reply);
        run_seal(run);
        runs[i] = run;
    }
    run_all(replay, &all, runs, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct seen *seen = seen_of(&all, runs[i]);
        const struct row *row = &rows[i];
        if (seen->steps != 1 || seen->end[0] != row->end || seen->same[0] != row->same ||
            seen->calls[0] != row->calls || seen->denied[0] != row->denied ||
            strcmp(seen->text[0], row->text) != 0 ||
            strncmp(seen->why[0], row->why, strlen(row->why)) != 0)
            fail_msg("%s: %s, same %d, %u calls, denied %d, \"%s\", why \"%s\"", row->name,
                effects_end_words[seen->end[0]], seen->same[0], seen->calls[0], seen->denied[0],
                seen->text[0], seen->why[0]);
    }
}

/* Steps of a crashing run go on from the state that it had; its neighbours see nothing of it. */
static void behind_an_abnormal_step_the_run_goes_on(void **state)
{
    (void)state;
    const struct run *runs[RUNS];
    struct seen_all all;
    for (unsigned i = 0; i < RUNS; i++) {
        struct run *run = begin();
        bool bad = i % 8 == 3;
        add_step(run, "{\"after_tool\":\"retry once\"}", CALL);
        assert_int_equal(run_add(run, STR(RESULT), false, NULL), 0);
        assert_int_equal(run_add(run, STR(TEXT), false, NULL), 0);
        add_step(run, bad ? "{\"reply\":\"crash\"}" : "{}", TEXT);
        add_step(run, "{\"reply\":\"retry once\"}", TEXT);
        run_seal(run);
        runs[i] = run;
    }
    run_all(replay, &all, runs, RUNS);
    assert_int_equal(all.count, RUNS);
    for (unsigned i = 0; i < RUNS; i++) {
        const struct seen *seen = seen_of(&all, runs[i]);
        assert_int_equal(seen->steps, STEPS);
        assert_int_equal(seen->end[0], EFFECTS_HANDED);
        assert_int_equal(seen->end[1], EFFECTS_ANSWERED);
        assert_int_equal(seen->end[2], i % 8 == 3 ? EFFECTS_ABNORMAL : EFFECTS_ANSWERED);
        assert_int_equal(seen->end[3], EFFECTS_ANSWERED); /* the state says: once is enough */
    }
}

/* What a hook left behind in a step that diverged is gone with that step. */
static void a_diverged_step_leaves_no_state(void **state)
{
    (void)state;
    struct seen_all all;
    struct run *run = begin();
    add_step(run, "{\"reply\":\"retry once\"}", TEXT);
    add_step(run, "{\"reply\":\"retry once\"}", TEXT);
    run_seal(run);
    run_all(replay, &all, (const struct run *const[]){ run }, 1);
    assert_int_equal(all.runs[0].end[0], EFFECTS_ASKED);
    assert_int_equal(all.runs[0].end[1], EFFECTS_ASKED);
}

static void time_seed_and_leases_change_nothing(void **state)
{
    (void)state;
    const struct run *runs[RUNS];
    static struct seen_all first, second;
    struct replay *other = replay ? open_arm(1, 1) : NULL;
    for (unsigned i = 0; i < RUNS; i++) {
        struct run *run = begin();
        add_step(run, rows[i % 11].order, rows[i % 11].reply);
        add_step(run, "{}", CALL);
        run_seal(run);
        runs[i] = run;
    }
    run_all(replay, &first, runs, RUNS);
    run_all(other, &second, runs, RUNS);
    for (unsigned i = 0; i < RUNS; i++) {
        const struct seen *a = seen_of(&first, runs[i]), *b = seen_of(&second, runs[i]);
        assert_int_equal(a->steps, b->steps);
        for (uint32_t k = 0; k < a->steps; k++)
            assert_memory_equal(&a->digest[k], &b->digest[k], sizeof a->digest[k]);
    }
    replay_free(other);
}

static void a_run_can_be_left(void **state)
{
    (void)state;
    const struct run *runs[RUNS];
    struct seen_all all = { .leave_at = 1 };
    struct err err;
    for (unsigned i = 0; i < RUNS; i++) {
        struct run *run = begin();
        for (int k = 0; k < STEPS; k++)
            add_step(run, "{}", TEXT);
        run_seal(run);
        runs[i] = run;
    }
    if (!replay)
        skip();
    if (replay_runs(replay, runs, RUNS, WALL_MS, on_step, &all, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(all.count, RUNS);
    for (unsigned i = 0; i < RUNS; i++)
        assert_int_equal(all.runs[i].steps, 2);
}

/* What only dies is not started for ever: the rest is abnormal without being run. */
static void a_build_that_only_dies_is_given_up(void **state)
{
    (void)state;
    const struct run *runs[100];
    static struct seen_all all;
    unsigned given_up = 0;
    struct replay *mine = replay ? open_arm(0, 2) : NULL;
    for (unsigned i = 0; i < COUNT_OF(runs); i++) {
        struct run *run = begin();
        add_step(run, "{\"reply\":\"crash\"}", TEXT);
        add_step(run, "{\"reply\":\"crash\"}", TEXT);
        run_seal(run);
        runs[i] = run;
    }
    run_all(mine, &all, runs, COUNT_OF(runs));
    assert_int_equal(all.count, COUNT_OF(runs));
    for (unsigned i = 0; i < COUNT_OF(runs); i++) {
        assert_int_equal(all.runs[i].steps, 2);
        assert_int_equal(all.runs[i].end[1], EFFECTS_ABNORMAL);
        for (int k = 0; k < 2; k++)
            given_up += strncmp(all.runs[i].why[k], "not run", 7) == 0;
    }
    assert_in_range(given_up, 150, 190); /* of 200 */
    replay_free(mine);
}

/* A hang costs its whole wall, so a build that only hangs is given up sooner. */
static void a_build_that_only_hangs_is_given_up(void **state)
{
    (void)state;
    enum { HUNG = 40, RUN_AT_MOST = 4 };
    const struct run *runs[HUNG];
    static struct seen_all all;
    unsigned given_up = 0;
    struct replay *mine = replay ? open_arm(0, 2) : NULL;
    for (unsigned i = 0; i < HUNG; i++) {
        struct run *run = begin();
        add_step(run, "{\"reply\":\"loop\"}", TEXT);
        run_seal(run);
        runs[i] = run;
    }
    run_all(mine, &all, runs, HUNG);
    assert_int_equal(all.count, HUNG);
    for (unsigned i = 0; i < HUNG; i++) {
        assert_int_equal(all.runs[i].end[0], EFFECTS_ABNORMAL);
        given_up += strncmp(all.runs[i].why[0], "not run", 7) == 0;
    }
    assert_in_range(given_up, HUNG - RUN_AT_MOST, HUNG - 1);
    replay_free(mine);
}

static void the_layers_in_force_are_told(void **state)
{
    (void)state;
    if (!replay)
        skip();
    assert_true(replay_layers(replay) & LAYER_BIT(LAYER_SECCOMP));
    assert_true(replay_use(replay).steps > 0);
}

static void builds_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct replay *none = NULL;
    struct err err;
    const struct replay_arm arm = { .worker = MOULT_BIN_DIR "/moult-worker",
        .builds = builds.list,
        .builds_count = builds.count,
        .pipeline = "nobody",
        .tier = SANDBOX_CONTAINER };
    const struct replay_arm empty = { .worker = arm.worker, .pipeline = "order" };
    if (!replay)
        skip();
    assert_int_equal(replay_open(&none, &arm, 1, &err), -ERR_PEER);
    assert_int_equal(replay_open(&none, &empty, 1, &err), -ERR_LIMIT);
    assert_int_equal(replay_open(&none, &arm, 0, &err), -ERR_USAGE);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_in_which_a_step_can_go),
        cmocka_unit_test(behind_an_abnormal_step_the_run_goes_on),
        cmocka_unit_test(a_diverged_step_leaves_no_state),
        cmocka_unit_test(time_seed_and_leases_change_nothing),
        cmocka_unit_test(a_run_can_be_left),
        cmocka_unit_test(a_build_that_only_dies_is_given_up),
        cmocka_unit_test(a_build_that_only_hangs_is_given_up),
        cmocka_unit_test(the_layers_in_force_are_told),
        cmocka_unit_test(builds_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
