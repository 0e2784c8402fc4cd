/* evidence.c: which steps a proposer sees, what is wanted of each, and that nothing held out comes
 * in. */
#include "promote/evidence.h"

#include "base/mem.h"
#include "wire/effect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define CALL "{\\\"name\\\": \\\"look\\\", \\\"arguments\\\": {\\\"id\\\": \\\"1\\\"}}"
#define USER "{\"role\":\"user\",\"content\":\"hello\"}"
#define LEAK "{\"role\":\"assistant\",\"content\":\"<tool_call>\\n" CALL "\\n</tool_call>\"}"
#define UNCLEAR                                                                                    \
    "{\"role\":\"assistant\",\"content\":\"<tool_call>\\n" CALL                                    \
    "\\n</tool_call>\\n{\\\"a\\\": 1}\"}"
#define BARE "{\"role\":\"assistant\",\"content\":\"So.\\n" CALL "\"}"
#define TEXT "{\"role\":\"assistant\",\"content\":\"Good day.\",\"content\":\"Again.\"}"
#define ASK                                                                                        \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"function\":"         \
    "{\"name\":\"look\",\"arguments\":\"{ \\\"id\\\" : \\\"1\\\" }\"}}]}"
#define RESULT "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"Error: none\"}"

static const char tools_text[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"parameters\":{\"type\":\"object\","
    "\"properties\":{\"id\":{\"type\":\"string\"}},\"required\":[\"id\"]}}}]";

struct bench { /* a small world: what a driver has in hand */
    struct arena arena;
    const struct run *runs[8];
    unsigned count;
    struct batch_case cases[8];
    struct str neighbours[8];
    struct batch batch;
    struct harness harness;
    struct evidence_plan plan;
};

static struct run *add_run(struct bench *bench, const char *session, const char *group,
    bool offered, const char *const *messages)
{
    struct run *run = run_new(&bench->arena);
    struct run_tools *tools;
    assert_int_equal(run_tools_read(&tools, str_of(tools_text), &bench->arena, NULL), 0);
    run->tools = tools;
    run->offered = offered;
    for (unsigned i = 0; messages[i]; i++)
        assert_int_equal(run_add(run, str_of(messages[i]), false, NULL), 0);
    run_seal(run);
    run->session = str_of(session);
    run->group = str_of(group);
    bench->runs[bench->count++] = run;
    return run;
}

static void add_case(struct bench *bench, const char *session, uint32_t step)
{
    bench->cases[bench->batch.cases_count++] =
        (struct batch_case){ .session = str_of(session), .step = step, .call = UINT32_MAX };
}

static void add_source(struct bench *bench, const char *name, const char *path, const char *text)
{
    bench->harness.at[bench->harness.count++] =
        (struct harness_source){ str_of(name), str_of(path), str_of(text) };
}

/* Three groups: two that fail in their second reply, one that is as it should be. */
static void begin(struct bench *bench)
{
    static const char *const first[] = { USER, ASK, RESULT, LEAK, USER, TEXT, NULL };
    static const char *const second[] = { USER, LEAK, USER, LEAK, NULL };
    static const char *const third[] = { USER, ASK, RESULT, TEXT, BARE, NULL };
    memset(bench, 0, sizeof(*bench));
    add_run(bench, "s1", "anna", true, first);
    add_run(bench, "s2", "bert", true, second);
    add_run(bench, "s3", "carl", true, third);
    add_case(bench, "s1", 1);
    add_case(bench, "s2", 0);
    bench->neighbours[0] = STR("s3");
    bench->batch.cases = bench->cases;
    bench->batch.neighbours = bench->neighbours;
    bench->batch.neighbours_count = 1;
    add_source(bench, "order", "pipeline/order.c", "pipeline");
    add_source(bench, "replies", "plugins/replies/replies.c",
        "static int x = y.answer = 1;\n"
        "MOULT_EXPORT const struct moult_plugin moult_plugin = { .abi = 1,\n"
        ".reply = look, .turn_start_not = 1, .before_tool\n = f };");
    bench->plan = (struct evidence_plan){ .detector = detector_find("leak_tagged"),
        .batch = &bench->batch,
        .runs = bench->runs,
        .runs_count = bench->count,
        .harness = &bench->harness,
        .candidates = 3,
        .seconds = 40,
        .seed = 5 };
}

static void end(struct bench *bench, struct evidence *evidence)
{
    evidence_done(evidence);
    arena_done(&bench->arena);
}

static void choose(struct bench *bench, struct evidence *ret)
{
    struct err err;
    if (evidence_choose(ret, &bench->plan, &err) < 0)
        fail_msg("%s", err.text);
}

static const struct evidence_step *find(
    const struct evidence *evidence, const char *session, uint32_t step)
{
    for (uint32_t i = 0; i < evidence->steps_count; i++)
        if (str_equal(evidence->steps[i].run->session, str_of(session)) &&
            evidence->steps[i].step == step)
            return &evidence->steps[i];
    return NULL;
}

static void each_step_has_its_kind(void **state)
{
    (void)state;
    struct bench bench;
    struct evidence evidence;
    begin(&bench);
    choose(&bench, &evidence);
    assert_int_equal(evidence.fails, 3);
    assert_int_equal(evidence.fail_groups, 2);
    assert_int_equal(find(&evidence, "s1", 1)->kind, EVIDENCE_FAIL);
    assert_int_equal(find(&evidence, "s2", 0)->kind, EVIDENCE_FAIL);
    assert_int_equal(find(&evidence, "s1", 0)->kind, EVIDENCE_PASS);
    assert_int_equal(find(&evidence, "s3", 1)->kind, EVIDENCE_PASS);
    /* A second failure of the run may be where a repair changes it first. */
    assert_int_equal(find(&evidence, "s2", 1)->kind, EVIDENCE_FAIL);
    /* Behind a repair all must be as it was, or mended. */
    assert_int_equal(find(&evidence, "s1", 2)->kind, EVIDENCE_PASS);
    /* One that the frame speaks for in a run that is no case. */
    assert_null(find(&evidence, "s3", 2));
    assert_true(evidence.overreaches > 0);
    assert_int_equal(evidence.steps_count, evidence.fails + evidence.passes + evidence.overreaches);
    assert_int_equal(evidence.runs_count, 3 + evidence.overreaches);
    end(&bench, &evidence);
}

/* The failure is there again, and the frame does not say what is wanted. */
static void where_nothing_is_known_nothing_is_asked(void **state)
{
    (void)state;
    static const char *const messages[] = { USER, LEAK, USER, UNCLEAR, NULL };
    struct bench bench;
    struct evidence evidence;
    begin(&bench);
    add_run(&bench, "s4", "dora", true, messages);
    add_case(&bench, "s4", 0);
    bench.plan.runs_count = bench.count;
    choose(&bench, &evidence);
    const struct evidence_step *behind = find(&evidence, "s4", 1);
    assert_int_equal(behind->kind, EVIDENCE_BEHIND);
    assert_true(evidence_equal(&behind->want, &behind->then));
    assert_int_equal(
        evidence.steps_count, evidence.fails + evidence.passes + evidence.overreaches + 1);
    evidence_done(&evidence);
    bench.plan.rounds = 1; /* a model is not told of these */
    choose(&bench, &evidence);
    assert_null(find(&evidence, "s4", 1));
    end(&bench, &evidence);
}

/* The same as a worker would: a call and no text for the leak, the recorded call for the other. */
static void wants_are_the_worker_s_digests(void **state)
{
    (void)state;
    struct bench bench;
    struct evidence evidence;
    begin(&bench);
    choose(&bench, &evidence);
    const struct wire_call call = { .name = STR("look"), .args = STR("{\"id\":\"1\"}") };
    const struct evidence_digests *leak = &find(&evidence, "s2", 0)->want;
    const struct evidence_digests *asked = &find(&evidence, "s1", 0)->want;
    assert_true(leak->calls == wire_calls_digest(&call, 1));
    assert_true(leak->text == wire_text_digest(STR("")));
    assert_true(leak->end == wire_end_digest(WIRE_STEP_HANDED, NULL, 0));
    assert_true(evidence_equal(leak, asked));
    const struct evidence_digests *text = &find(&evidence, "s3", 1)->want;
    assert_true(text->calls == wire_calls_digest(NULL, 0));
    assert_true(text->end == wire_end_digest(WIRE_STEP_ANSWERED, NULL, 0));
    end(&bench, &evidence);
}

static void denied_calls_stand_in_the_end(void **state)
{
    (void)state;
    struct effects_call calls[] = { { STR("a"), STR("{}"), true }, { STR("b"), STR("{}"), false } };
    struct effects effects = { .end = EFFECTS_HANDED, .calls = calls, .calls_count = 2 };
    struct evidence_digests digests = evidence_digest(&effects);
    const struct wire_call handed = { .name = STR("b"), .args = STR("{}") };
    const uint32_t denied[] = { 0 };
    assert_true(digests.calls == wire_calls_digest(&handed, 1));
    assert_true(digests.end == wire_end_digest(WIRE_STEP_HANDED, denied, 1));
}

static void nothing_held_out_comes_in(void **state)
{
    (void)state;
    static const char *const messages[] = { USER, TEXT, NULL };
    static const uint8_t others[] = { SPLIT_HELD_OUT, SPLIT_TEST, 255 };
    for (unsigned i = 0; i < COUNT_OF(others); i++) {
        struct bench bench;
        struct evidence evidence;
        begin(&bench);
        add_run(&bench, "s4", "dora", true, messages)->split = others[i];
        bench.plan.runs_count = bench.count;
        struct err err;
        assert_int_equal(evidence_choose(&evidence, &bench.plan, &err), -ERR_DENIED);
        bench.plan.runs_count--;
        bench.batch.split = SPLIT_HELD_OUT;
        assert_int_equal(evidence_choose(&evidence, &bench.plan, &err), -ERR_DENIED);
        end(&bench, &evidence);
    }
}

static void without_a_frame_or_a_case_there_is_none(void **state)
{
    (void)state;
    struct bench bench;
    struct evidence evidence;
    struct err err;
    begin(&bench);
    bench.plan.detector = detector_find("python_repr");
    assert_int_equal(evidence_choose(&evidence, &bench.plan, &err), -ERR_STATE);
    bench.plan.detector = detector_find("leak_tagged");
    bench.batch.cases_count = 0;
    assert_int_equal(evidence_choose(&evidence, &bench.plan, &err), -ERR_MISSING);
    add_case(&bench, "s1", 99);
    assert_int_equal(evidence_choose(&evidence, &bench.plan, &err), -ERR_MISSING);
    end(&bench, &evidence);
}

/* What another repair does already is neither a failure nor something that must stay. */
static void what_is_mended_already_is_left_out(void **state)
{
    (void)state;
    struct bench bench;
    struct evidence evidence;
    begin(&bench);
    struct evidence_digests s1[3] = { { 0 } }, s3[3] = { { 0 } };
    const struct evidence_digests *now[] = { s1, NULL, s3 };
    bench.plan.now = now;
    choose(&bench, &evidence);
    assert_int_equal(evidence.fails, 2); /* both of s2 */
    assert_null(find(&evidence, "s1", 1));
    assert_null(find(&evidence, "s3", 1));
    assert_non_null(find(&evidence, "s2", 0));
    end(&bench, &evidence);
}

static void the_bundle_is_one_strict_document(void **state)
{
    (void)state;
    struct bench bench;
    struct evidence evidence;
    CLEANUP(buf_done) struct buf out = { 0 };
    static const char *const without[] = { "cut" };
    const struct evidence_past past = { STR("replies"), STR("[{\"from\":1}]"), STR("too \"far\"") };
    struct err err;
    begin(&bench);
    bench.plan.without = without;
    bench.plan.without_count = 1;
    bench.plan.past = &past;
    bench.plan.past_count = 1;
    choose(&bench, &evidence);
    evidence_print(&out, &evidence, &bench.plan);
    const struct json *root = json_read(&bench.arena, buf_view(&out), NULL, &err);
    if (!root)
        fail_msg("%s %s", err.text, err.where);
    assert_int_equal(json_int(json_get(root, "schema"), 0), 1);
    assert_true(str_equal(json_get(root, "hook")->raw, STR("\"reply\"")));
    assert_int_equal(json_get(root, "plugins")->count, 1);
    const struct json *hooks = json_get(json_first(json_get(root, "plugins")), "hooks");
    assert_true(str_equal(hooks->raw, STR("[\"reply\",\"before_tool\"]")));
    assert_int_equal(json_get(root, "steps")->count, evidence.steps_count);
    const struct json *fail = json_first(json_get(root, "steps"));
    assert_true(str_equal(json_get(fail, "group")->raw, STR("\"g1\"")));
    assert_int_equal(json_get(json_get(fail, "wanted"), "calls")->count, 1);
    assert_int_equal(json_get(fail, "calls")->count, 1);
    assert_true(json_bool(json_get(json_first(json_get(fail, "calls")), "failed"), false));
    assert_int_equal(json_get(root, "tools")->count >= 1, 1);
    assert_true(str_find(buf_view(&out), STR("anna")) < 0);
    assert_true(str_find(buf_view(&out), STR("s1")) < 0);
    end(&bench, &evidence);
}

static void what_may_be_copied_is_in_it(void **state)
{
    (void)state;
    struct bench bench;
    struct evidence evidence;
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct evidence_earlier earlier[] = {
        { { STR("replies"), STR("plugins/replies/replies.c"),
              STR("moult_plugin moult_plugin = { .reply = f };") },
            STR("0123456789ab") },
        { { STR("replies"), STR("plugins/replies/replies.c"), STR("\"older\"") },
            STR("ba9876543210") },
    };
    begin(&bench);
    bench.plan.earlier = earlier;
    bench.plan.earlier_count = COUNT_OF(earlier);
    bench.plan.stock = &bench.harness;
    bench.plan.lines = 60;
    choose(&bench, &evidence);
    evidence_print(&out, &evidence, &bench.plan);
    const struct json *root = json_read(&bench.arena, buf_view(&out), NULL, NULL);
    assert_non_null(root);
    const struct json *first = json_first(json_get(root, "earlier"));
    assert_int_equal(json_get(root, "earlier")->count, 2);
    assert_true(str_equal(json_get(first, "build")->raw, STR("\"0123456789ab\"")));
    assert_true(str_equal(json_get(first, "hooks")->raw, STR("[\"reply\"]")));
    assert_int_equal(json_get(root, "stock")->count, 1); /* the order is nobody's to copy */
    assert_null(json_get(json_first(json_get(root, "stock")), "build"));
    assert_int_equal(json_int(json_get(json_get(root, "budget"), "lines"), 0), 60);
    buf_clear(&out);
    bench.plan.stock = NULL;
    bench.plan.earlier_count = bench.plan.lines = 0;
    evidence_print(&out, &evidence, &bench.plan);
    root = json_read(&bench.arena, buf_view(&out), NULL, NULL);
    assert_int_equal(json_get(root, "earlier")->count, 0);
    assert_int_equal(json_get(root, "stock")->count, 0);
    assert_null(json_get(json_get(root, "budget"), "lines"));
    end(&bench, &evidence);
}

/* A reply of five megabytes, and fifty of such runs: what is told stays a bundle that can be kept.
 */
static void a_bundle_is_bounded(void **state)
{
    (void)state;
    enum { LARGE = 5 << 20, RUNS = 50, BUNDLE = 32 << 20 };
    struct bench bench;
    struct evidence evidence;
    CLEANUP(buf_done) struct buf reply = { 0 }, out = { 0 };
    begin(&bench);
    buf_text(&reply, "{\"role\":\"assistant\",\"content\":\"");
    while (reply.size < LARGE)
        buf_text(&reply, "\\u0001");
    buf_text(&reply, "\\n<tool_call>\\n" CALL "\\n</tool_call>\"}");
    const char *const messages[] = { USER, reply.at, NULL };
    add_run(&bench, "large", "dora", true, messages);
    add_case(&bench, "large", 0);
    bench.plan.runs_count = bench.count;
    choose(&bench, &evidence);
    evidence_print(&out, &evidence, &bench.plan);
    const struct evidence_step *large = find(&evidence, "large", 0);
    assert_int_equal(large->kind, EVIDENCE_FAIL);
    assert_true(out.size < LARGE);
    /* the same step many times over stands for as many runs */
    struct evidence many = evidence;
    many.steps = arena_alloc(&bench.arena, RUNS * sizeof *many.steps);
    for (many.steps_count = 0; many.steps_count < RUNS; many.steps_count++)
        many.steps[many.steps_count] = *large;
    buf_clear(&out);
    evidence_print(&out, &many, &bench.plan);
    assert_true(out.size < BUNDLE);
    assert_non_null(json_read(&bench.arena, buf_view(&out), NULL, NULL));
    end(&bench, &evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_has_its_kind),
        cmocka_unit_test(where_nothing_is_known_nothing_is_asked),
        cmocka_unit_test(wants_are_the_worker_s_digests),
        cmocka_unit_test(denied_calls_stand_in_the_end),
        cmocka_unit_test(nothing_held_out_comes_in),
        cmocka_unit_test(without_a_frame_or_a_case_there_is_none),
        cmocka_unit_test(what_is_mended_already_is_left_out),
        cmocka_unit_test(the_bundle_is_one_strict_document),
        cmocka_unit_test(what_may_be_copied_is_in_it),
        cmocka_unit_test(a_bundle_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
