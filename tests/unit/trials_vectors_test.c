/* trials/replay_vectors.c: candidates judged through real, locked workers; what kills one of them
 * is found and costs the others nothing. */
#include "trials/builds.h"

#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

enum { WIDTH = 3, CRASH = 5, HANG = 6 };

static struct builds builds;
static struct replay *replay;
static struct arena arena;
static struct run *leak, *call;

static const char tools_text[] =
    "[{\"name\":\"lookup\",\"parameters\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":"
    "\"string\"}},\"required\":[\"id\"]}}]";
#define LEAK                                                                                       \
    "{\"role\":\"assistant\",\"content\":\"Sure.\\n<tool_call>\\n{\\\"name\\\": \\\"lookup\\\", "  \
    "\\\"arguments\\\": {\\\"id\\\": \\\"7\\\"}}\\n</tool_call>\"}"
#define CALL                                                                                       \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"            \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"id\\\":\\\"7\\\"}\"}}]}"
#define RESULT "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"seven\"}"
#define SAY "{\"role\":\"user\",\"content\":\"hi\"}"

static struct run *make(const char *const *messages)
{
    struct run *run = run_new(&arena);
    struct run_tools *tools;
    assert_int_equal(run_tools_read(&tools, str_of(tools_text), &arena, NULL), 0);
    run->tools = tools;
    run->offered = true;
    for (; *messages; messages++)
        assert_int_equal(run_add(run, str_of(*messages), false, NULL), 0);
    run_seal(run);
    run->session = STR("0123");
    return run;
}

static int set_up(void **state)
{
    (void)state;
    struct err err;
    leak = make((const char *const[]){ SAY, LEAK, SAY, CALL, RESULT, LEAK, NULL });
    call = make((const char *const[]){ SAY, CALL, NULL });
    if (builds_read(&builds, MOULT_BIN_DIR "/../plugins/trial", &err) < 0)
        fail_msg("%s", err.text);
    const struct replay_arm arm = { .worker = MOULT_BIN_DIR "/moult-worker",
        .builds = builds.list,
        .builds_count = builds.count,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 1 };
    int rc = replay_open(&replay, &arm, 2, &err);
    if (rc < 0 && rc != -ERR_LACKS)
        fail_msg("%s", err.text);
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

static uint64_t calls_of(const char *name, const char *args)
{
    struct wire_call one = { .name = str_of(name), .args = str_of(args) };
    return wire_calls_digest(&one, name ? 1 : 0);
}

static void one_step_gives_the_digests_of_its_candidates(void **state)
{
    (void)state;
    if (!replay)
        skip();
    const uint16_t holes[] = { 0, 0, 0, 1, 1, 0, 3, 0, 0 };
    const uint64_t decide[] = { 1, 1, 1 };
    const struct replay_vectors vectors = { holes, 3, WIDTH, decide, true, true, 0 };
    struct replay_verdicts got;
    struct err err;
    if (replay_vectors(replay, leak, 2, &vectors, &arena, &got, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(got.verdicts[0].calls, calls_of(NULL, NULL));
    assert_int_equal(got.verdicts[1].calls, calls_of("lookup", "{\"id\":\"7\"}"));
    assert_int_equal(got.verdicts[1].text, wire_text_digest(STR("Sure.")));
    assert_int_equal(got.verdicts[2].text, wire_text_digest(STR("")));
    assert_int_equal(got.cover.size, 4 * sizeof(uint32_t));
}

/* More than one message takes: the counters are those of the very last candidate. */
static void more_candidates_than_a_message_takes(void **state)
{
    (void)state;
    if (!replay)
        skip();
    enum { COUNT = WIRE_VECTORS_MAX + 501 };
    CLEANUP(mem_freep) uint16_t *holes = mem_zero(COUNT * WIDTH, sizeof *holes);
    CLEANUP(mem_freep) uint64_t *decide = mem_zero(COUNT, sizeof *decide);
    const struct replay_vectors vectors = { holes, COUNT, WIDTH, decide, true, true, 0 };
    struct replay_verdicts got;
    struct err err;
    uint32_t cover[4];
    for (unsigned i = 0; i < COUNT; i++) {
        holes[(size_t)i * WIDTH] = i % 2;
        decide[i] = 1;
    }
    if (replay_vectors(replay, leak, 0, &vectors, &arena, &got, &err) < 0)
        fail_msg("%s", err.text);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(got.verdicts[i].calls,
            i % 2 ? calls_of("lookup", "{\"id\":\"7\"}") : calls_of(NULL, NULL));
    assert_int_equal(got.cover.size, sizeof cover);
    memcpy(cover, got.cover.at, sizeof cover);
    assert_int_equal(cover[1], 0); /* it leaves the call where it is; the one before adds it */
}

struct got {
    unsigned count, seen[64];
    struct wire_verdict verdicts[64][8];
    unsigned keep; /* verdicts a job that are kept */
    int answer;
};

static int on_done(void *with, unsigned index, const struct replay_verdicts *verdicts)
{
    struct got *got = with;
    got->count++;
    got->seen[index]++;
    memcpy(got->verdicts[index], verdicts->verdicts, got->keep * sizeof(struct wire_verdict));
    return got->answer;
}

static void many_steps_are_each_answered_once(void **state)
{
    (void)state;
    if (!replay)
        skip();
    struct replay_job jobs[40];
    struct got got = { .keep = 2 };
    struct err err;
    const uint16_t holes[] = { 0, 0, 0, 1, 1, 0 };
    const uint64_t decide[] = { 1, 1 };
    const struct replay_vectors vectors = { holes, 2, WIDTH, decide, false, false, 0 };
    for (unsigned i = 0; i < COUNT_OF(jobs); i++)
        jobs[i] =
            i % 4 < 3 ? (struct replay_job){ leak, (i * 7) % 3 } : (struct replay_job){ call, 0 };
    if (replay_vectors_many(replay, jobs, COUNT_OF(jobs), &vectors, on_done, &got, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(got.count, COUNT_OF(jobs));
    for (unsigned i = 0; i < COUNT_OF(jobs); i++) {
        bool leaks = jobs[i].run == leak && jobs[i].step != 1;
        assert_int_equal(got.seen[i], 1);
        assert_int_equal(got.verdicts[i][0].calls,
            leaks ? calls_of(NULL, NULL) : calls_of("lookup", "{\"id\":\"7\"}"));
        assert_int_equal(got.verdicts[i][1].calls, calls_of("lookup", "{\"id\":\"7\"}"));
    }
}

/* Candidates 0 to 7; the one numbered `bad` does what `how` says. */
static void judge_with_a_killer(unsigned bad, uint16_t how, unsigned jobs_count, struct got *got)
{
    uint16_t holes[8 * WIDTH] = { 0 };
    const uint64_t decide[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    const struct replay_vectors vectors = { holes, 8, WIDTH, decide, false, false, 300 };
    const struct replay_job jobs[] = { { leak, 0 }, { call, 0 }, { leak, 2 } };
    struct err err;
    for (unsigned i = 0; i < 8; i++)
        holes[i * WIDTH] = i == bad ? how : 1;
    *got = (struct got){ .keep = 8 };
    if (replay_vectors_many(replay, jobs, jobs_count, &vectors, on_done, got, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(got->count, jobs_count);
}

static void a_candidate_that_kills_its_worker_is_found(void **state)
{
    (void)state;
    if (!replay)
        skip();
    static const struct {
        uint16_t how;
        unsigned bad, jobs;
    } rows[] = { { CRASH, 0, 3 }, { CRASH, 5, 3 }, { HANG, 7, 1 } };
    struct got got;
    for (unsigned r = 0; r < COUNT_OF(rows); r++) {
        judge_with_a_killer(rows[r].bad, rows[r].how, rows[r].jobs, &got);
        for (unsigned job = 0; job < rows[r].jobs; job++)
            for (unsigned i = 0; i < 8; i++) {
                const struct wire_verdict *v = &got.verdicts[job][i];
                assert_int_equal(v->abnormal, i == rows[r].bad);
                if (i != rows[r].bad)
                    assert_int_equal(v->calls, calls_of("lookup", "{\"id\":\"7\"}"));
            }
    }
}

/* Every candidate of every job: the search for the guilty ends all the same. */
static void when_all_kill_all_are_abnormal(void **state)
{
    (void)state;
    if (!replay)
        skip();
    enum { COUNT = 200 };
    uint16_t holes[COUNT * WIDTH];
    uint64_t decide[COUNT] = { 0 };
    const struct replay_vectors vectors = { holes, COUNT, WIDTH, decide, false, false, 0 };
    const struct replay_job jobs[] = { { leak, 0 }, { leak, 2 } };
    struct got got = { .keep = 8 };
    struct err err;
    for (unsigned i = 0; i < COUNT * WIDTH; i++)
        holes[i] = CRASH;
    if (replay_vectors_many(replay, jobs, 2, &vectors, on_done, &got, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(got.count, 2);
    for (unsigned i = 0; i < 8; i++)
        assert_true(got.verdicts[0][i].abnormal && got.verdicts[1][i].abnormal);
}

static void what_the_worker_refuses_is_an_error(void **state)
{
    (void)state;
    if (!replay)
        skip();
    const uint16_t holes[8] = { 0 };
    const uint64_t decide[2] = { 0 };
    const struct replay_vectors wide = { holes, 2, 4, decide, false, false, 0 };
    const struct replay_vectors none = { holes, 0, WIDTH, decide, false, false, 0 };
    const struct replay_vectors good = { holes, 2, WIDTH, decide, false, false, 0 };
    struct replay_verdicts got;
    struct err err;
    assert_int_equal(replay_vectors(replay, leak, 0, &wide, &arena, &got, &err), -ERR_INPUT);
    assert_non_null(strstr(err.text, "session 0123, step 0"));
    assert_int_equal(replay_vectors(replay, leak, 0, &none, &arena, &got, &err), -ERR_USAGE);
    assert_int_equal(replay_vectors(replay, leak, 0, &good, &arena, &got, &err), 0);
}

static void who_takes_the_verdicts_may_stop(void **state)
{
    (void)state;
    if (!replay)
        skip();
    const uint16_t holes[WIDTH] = { 0 };
    const uint64_t decide[1] = { 0 };
    const struct replay_vectors vectors = { holes, 1, WIDTH, decide, false, false, 0 };
    const struct replay_job jobs[] = { { leak, 0 }, { call, 0 }, { leak, 2 } };
    struct got got = { .keep = 1, .answer = -ERR_LIMIT };
    struct err err;
    assert_int_equal(
        replay_vectors_many(replay, jobs, 3, &vectors, on_done, &got, &err), -ERR_LIMIT);
    assert_int_equal(got.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_step_gives_the_digests_of_its_candidates),
        cmocka_unit_test(more_candidates_than_a_message_takes),
        cmocka_unit_test(many_steps_are_each_answered_once),
        cmocka_unit_test(a_candidate_that_kills_its_worker_is_found),
        cmocka_unit_test(when_all_kill_all_are_abnormal),
        cmocka_unit_test(what_the_worker_refuses_is_an_error),
        cmocka_unit_test(who_takes_the_verdicts_may_stop),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
