/* The evidence of the shipped traces, through real workers: what is wanted of every passing step is
 * what a build does that changes nothing, and of every failing step it is something else. */
#include "promote/differential.h"
#include "promote/evidence_now.h"
#include "promote/judging.h"

#include "shipped.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NAIVE MOULT_BIN_DIR "/../plugins/naive/"
#define NAIVE_SOURCE MOULT_SOURCE_DIR "/examples/naive-harness/plugins/replies/replies.c"

static const char *const names[] = { "answers", "calls", "history", "order", "replies", "results",
    "router", "session_stats" };
static const char *const clusters[] = { "leak_tagged", "leak_bare", "string_for_array",
    "failed_call_repeated" };

static struct shipped shipped;
static struct replay_build builds[COUNT_OF(names)];
static struct harness harness;
static struct buf source;

static int begin(void **state)
{
    (void)state;
    struct err err;
    if (shipped_load(&shipped, MOULT_SOURCE_DIR "/tests/data/traces", &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CLEANUP(buf_done) struct buf image = { 0 };
        CLEANUP(mem_freep) char *path = mem_format(NAIVE "%s.so", names[i]);
        assert_int_equal(file_read(path, &image, 1 << 22, NULL), 0);
        builds[i] = (struct replay_build){ names[i], hash_of(buf_view(&image)),
            fd_seal(names[i], buf_view(&image), NULL) };
    }
    assert_int_equal(file_read(NAIVE_SOURCE, &source, 1 << 20, NULL), 0);
    harness.at[harness.count++] = (struct harness_source){ STR("replies"),
        STR("plugins/replies/replies.c"), buf_view(&source) };
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        fd_closep(&builds[i].fd);
    buf_done(&source);
    shipped_done(&shipped);
    return 0;
}

static struct replay_arm arm_of(void)
{
    return (struct replay_arm){ .worker = MOULT_BIN_DIR "/moult-worker",
        .builds = builds,
        .builds_count = COUNT_OF(builds),
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER };
}

static void choose(struct evidence *ret, struct batch *batch, const char *cluster,
    const struct evidence_digests **now)
{
    struct err err;
    if (shipped_batch(batch, &shipped, cluster, &err) < 0)
        fail_msg("%s", err.text);
    const struct evidence_plan plan = { .detector = detector_find(cluster),
        .batch = batch,
        .runs = shipped.runs,
        .runs_count = shipped.runs_count,
        .now = (const struct evidence_digests *const *)now,
        .harness = &harness };
    if (evidence_choose(ret, &plan, &err) < 0)
        fail_msg("%s: %s", cluster, err.text);
}

/* A fresh replay of a harness that changes nothing says what was recorded: the same evidence. */
static void a_fresh_replay_says_the_same(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct evidence_digests **now;
    const struct replay_arm arm = arm_of();
    struct err err;
    if (evidence_now(&now, &arena, &arm, 2, shipped.runs, shipped.runs_count, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < COUNT_OF(clusters); i++) {
        struct evidence recorded, fresh;
        struct batch batch;
        choose(&recorded, &batch, clusters[i], NULL);
        choose(&fresh, &batch, clusters[i], now);
        print_message("%s: %u failing, %u passing, %u made\n", clusters[i], fresh.fails,
            fresh.passes, fresh.overreaches);
        assert_true(fresh.fails > 0 && fresh.passes > 1000 && fresh.overreaches > 0);
        assert_int_equal(recorded.steps_count, fresh.steps_count);
        evidence_done(&recorded);
        evidence_done(&fresh);
    }
}

struct seen {
    const struct evidence *evidence;
    uint32_t jobs, wrong;
};

static int on_judged(void *with, const struct proposer_judged *judged, struct err *err)
{
    struct seen *seen = with;
    const struct evidence_step *step = &seen->evidence->steps[judged->job];
    const struct proposer_verdict *got = &judged->verdicts[0];
    const struct evidence_digests digests = { got->calls, got->text, got->end };
    bool same = !got->abnormal && evidence_equal(&digests, &step->want);
    (void)err;
    seen->jobs++;
    if (same == (step->kind == EVIDENCE_FAIL)) {
        seen->wrong++;
        print_message("step %u (%s): %s\n", judged->job, evidence_kind_words[step->kind],
            step->run->session.at);
    }
    return 0;
}

/* The naive plugin with a trial's export behind it: no candidate, so it does what it always does.
 */
static const char trial[] =
    "\n#include \"moult_trial.h\"\n"
    "static uint16_t holes[1];\n"
    "MOULT_EXPORT const struct moult_trial moult_trial = { .size = sizeof(struct moult_trial),\n"
    "    .holes_count = 1, .holes = holes };\n";

static void judge_all(struct judging *judging, struct seen *seen)
{
    struct err err;
    uint32_t count = seen->evidence->steps_count;
    CLEANUP(mem_freep) uint32_t *jobs = mem_zero(count, sizeof(*jobs));
    uint16_t holes[] = { 0 };
    uint64_t decide[] = { 0 };
    for (uint32_t i = 0; i < count; i++)
        jobs[i] = count - 1 - i;
    const struct proposer_judge judge = {
        .jobs = jobs, .jobs_count = count, .holes = holes, .count = 1, .width = 1, .decide = decide
    };
    if (judging_judge(judging, &judge, on_judged, seen, &err) < 0)
        fail_msg("%s", err.text);
}

static void what_is_wanted_is_what_a_worker_does(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_str(&text, buf_view(&source));
    buf_text(&text, trial);
    for (size_t i = 0; i < COUNT_OF(clusters); i++) {
        CLEANUP(buf_done) struct buf answer = { 0 };
        struct evidence evidence;
        struct batch batch;
        struct judging judging;
        struct err err = { 0 };
        choose(&evidence, &batch, clusters[i], NULL);
        const struct judging_plan plan = { .evidence = &evidence,
            .harness = &harness,
            .builds = builds,
            .builds_count = COUNT_OF(builds),
            .pipeline = "order",
            .worker = MOULT_BIN_DIR "/moult-worker",
            .sdk = MOULT_SOURCE_DIR "/plugins/sdk",
            .tier = SANDBOX_CONTAINER };
        struct seen seen = { .evidence = &evidence };
        judging_open(&judging, &plan);
        if (judging_build(&judging, STR("replies"), buf_view(&text), &answer, &err) != 1)
            fail_msg("%s %s", err.text, answer.at);
        judge_all(&judging, &seen);
        assert_int_equal(seen.jobs, evidence.steps_count);
        assert_int_equal(seen.wrong, 0);
        judging_done(&judging);
        evidence_done(&evidence);
    }
}

/* --- clean candidates */

#define ANCHOR "    state->replies++;\n"
#define PROMISE "    .traits = MOULT_ONLY_LOOKS,\n" /* which none of these keeps */
#define LOOP(guard)                                                                                \
    "    moult_text text = moult_body(turn);\n"                                                    \
    "    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);) {\n"                         \
    "        const moult_json *args = moult_get(turn, it.value, moult_str(\"arguments\"));\n"      \
    "        moult_text name = moult_text_of(turn, moult_get(turn, it.value, "                     \
    "moult_str(\"name\")));\n" guard "        moult_call_add(turn, name, args);\n"                 \
    "        moult_cut(turn, moult_text_grow(turn, text, it.span, MOULT_GROW_PAIR));\n"            \
    "    }\n"

static const struct {
    const char *name, *text, *stage;
    bool fixes, changes; /* all failing steps but one in ten; something that must stay */
} tries[] = {
    { "a repair",
        LOOP("        if (!moult_span_edge(turn, text, it.span, MOULT_LINE_START) ||\n"
             "            !moult_span_edge(turn, text, it.span, MOULT_LINE_END) ||\n"
             "            !moult_fits(turn, moult_schema_of(turn, name, moult_str(\"\")), args))\n"
             "            continue;\n"),
        "ok", true, false },
    { "one that goes too far",
        LOOP("        if (moult_kind(turn, args) != MOULT_OBJECT)\n            continue;\n"), "ok",
        true, true },
    { "one that does nothing", "    state->replies += 0;\n", "ok", false, false },
    { "one that takes all text", "    moult_body_set(turn, moult_str(\"\"));\n", "ok", false,
        true },
    { "one that the source gate refuses", "    __asm__ volatile(\"nop\");\n", "source", false,
        false },
    { "one that does not compile", "    state->replies += nothing;\n", "compile", false, false },
};

static void try_one(struct judging *judging, size_t i)
{
    struct judging_tried tried;
    struct err err = { 0 };
    ptrdiff_t at = str_find(buf_view(&source), STR(ANCHOR));
    assert_true(at >= 0);
    uint32_t place = (uint32_t)at + (uint32_t)strlen(ANCHOR);
    ptrdiff_t promise = str_find(buf_view(&source), STR(PROMISE));
    assert_true(promise > at);
    struct patch_edit edits[] = { { place, place, str_of(tries[i].text) },
        { (uint32_t)promise, (uint32_t)(promise + (ptrdiff_t)strlen(PROMISE)), STR("") } };
    const struct proposal proposal = { .plugin = STR("replies"), .edits = edits, .edits_count = 2 };
    const struct evidence *evidence = judging->plan.evidence;
    print_message("%s\n", tries[i].name);
    if (judging_try(judging, &proposal, &tried, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    print_message("  %s: %u of %u fixed, %u of %u groups, %u changed %s\n", tried.stage,
        tried.fixed, evidence->fails, tried.fixed_groups, evidence->fail_groups,
        tried.changed_count, tried.findings.at ? tried.findings.at : "");
    assert_string_equal(tried.stage, tries[i].stage);
    assert_int_equal(tried.ok, strcmp(tries[i].stage, "ok") == 0);
    assert_int_equal(tried.changed_count > 0, tries[i].changes);
    if (tries[i].fixes)
        assert_true(tried.fixed * 10 >= evidence->fails * 9);
    else
        assert_int_equal(tried.fixed, 0);
    if (tried.ok)
        assert_int_equal(tried.fixed + tried.unfixed_count, evidence->fails);
    judging_tried_done(&tried);
}

/* Under another name and with a comment it is the same program: no worker is started for it, so
 * that it is answered where there is none. What changes nothing is not built either. */
static void the_same_program_is_not_tried_again(struct judging *judging, size_t i)
{
    const struct proposal at = { .plugin = STR("replies") };
    CLEANUP(buf_done) struct buf whole = { 0 };
    struct str old = harness_find(judging->plan.harness, at.plugin)->text;
    ptrdiff_t place = str_find(old, STR(ANCHOR)) + (ptrdiff_t)strlen(ANCHOR);
    ptrdiff_t promise = str_find(old, STR(PROMISE));
    buf_format(&whole, "/* again */ %s", tries[i].text);
    struct patch_edit edits[] = { { (uint32_t)place, (uint32_t)place, buf_view(&whole) },
        { (uint32_t)promise, (uint32_t)(promise + (ptrdiff_t)strlen(PROMISE)), STR("") } };
    struct proposal proposal = { .plugin = at.plugin, .edits = edits, .edits_count = 2 };
    struct judging_tried tried;
    struct err err = { 0 };
    judging->plan.worker = "/nonexistent/worker";
    assert_int_equal(judging_try(judging, &proposal, &tried, &err), 0);
    assert_true(tried.ok);
    assert_string_equal(tried.stage, "ok");
    assert_non_null(strstr(tried.findings.at, "\"duplicate\""));
    assert_int_equal(tried.fixed + tried.unfixed_count, judging->plan.evidence->fails);
    judging_tried_done(&tried);

    static const char again[] = "return (MOULT_PASS);";
    ptrdiff_t leaves = str_find(old, STR("return MOULT_PASS;"));
    assert_true(leaves >= 0);
    edits[0] = (struct patch_edit){ (uint32_t)leaves,
        (uint32_t)leaves + (uint32_t)sizeof("return MOULT_PASS;") - 1, STR(again) };
    proposal.edits_count = 1;
    assert_int_equal(judging_try(judging, &proposal, &tried, &err), 0);
    assert_false(tried.ok);
    assert_non_null(strstr(tried.findings.at, "\"nothing\""));
    judging_tried_done(&tried);
}

static void a_candidate_is_tried_on_every_step(void **state)
{
    (void)state;
    struct evidence evidence;
    struct batch batch;
    struct judging judging;
    choose(&evidence, &batch, "leak_bare", NULL);
    const struct judging_plan plan = { .evidence = &evidence,
        .harness = &harness,
        .builds = builds,
        .builds_count = COUNT_OF(builds),
        .pipeline = "order",
        .worker = MOULT_BIN_DIR "/moult-worker",
        .sdk = MOULT_SOURCE_DIR "/plugins/sdk",
        .patcher = MOULT_BIN_DIR "/moult-patch",
        .tier = SANDBOX_CONTAINER };
    judging_open(&judging, &plan);
    for (size_t i = 0; i < COUNT_OF(tries); i++)
        try_one(&judging, i);
    for (size_t i = 0; i < COUNT_OF(tries); i++)
        if (strcmp(tries[i].stage, "ok") == 0) {
            the_same_program_is_not_tried_again(&judging, i);
            break;
        }
    judging_done(&judging);
    evidence_done(&evidence);
}

/* Plugins in the place of `replies`, each of which a certificate would have to be wrong about. */
static const struct {
    const char *name, *body;
    bool parts;
} switched_off[] = {
    { "nothing", "(void)turn;", false },
    { "a look at all there is",
        "for (moult_it it = { 0 }; moult_calls(turn, &it);)\n"
        "    if (moult_past(turn, it.call, MOULT_SAME_ARGS) > 3 && 0) return MOULT_RETRY;",
        false },
    { "a change", "moult_cut(turn, (moult_span){ 0, 1 });", true },
    { "a crash on what is odd",
        "for (moult_it it = { 0 }; moult_calls(turn, &it);)\n"
        "    if (!it.call->args) *(volatile int *)8 = 1;",
        true },
};

static void build(struct replay_build *ret, const char *body)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct compile_result built;
    struct err err;
    buf_format(&text,
        "#include \"moult.h\"\nstatic moult_action look(moult_turn *turn)\n{\n%s\n"
        "return MOULT_PASS;\n}\nMOULT_EXPORT const struct moult_plugin moult_plugin = { .abi = "
        "MOULT_ABI, .size = sizeof(struct moult_plugin), .name = \"replies\", .summary = \"x\", "
        ".reply = look };\n",
        body);
    const struct compile_plan plan = { .source = buf_view(&text),
        .path = STR("plugins/replies/replies.c"),
        .profile = ELF_RELEASE,
        .tier = SANDBOX_CONTAINER,
        .sdk = MOULT_SOURCE_DIR "/plugins/sdk" };
    if (compile_run(&built, &plan, &err) < 0 || built.stage != COMPILE_OK)
        fail_msg("%s %s", err.text, built.diagnostics.at ? built.diagnostics.at : "");
    *ret = (struct replay_build){ "replies", built.build,
        fd_seal("replies", buf_view(&built.image), &err) };
    compile_result_done(&built);
}

static void what_parts_on_made_conversations_is_seen(void **state)
{
    (void)state;
    struct replay_build old[COUNT_OF(names)], off[COUNT_OF(names)];
    memcpy(old, builds, sizeof old);
    memcpy(off, builds, sizeof off);
    size_t at = 0;
    while (strcmp(names[at], "replies") != 0)
        at++;
    build(&old[at], switched_off[0].body);
    struct replay_arm before = arm_of(), behind = arm_of();
    before.builds = old;
    behind.builds = off;
    for (size_t i = 0; i < COUNT_OF(switched_off); i++) {
        struct differential seen;
        struct err err;
        build(&off[at], switched_off[i].body);
        if (differential_between(
                &seen, &before, &behind, shipped.runs, shipped.runs_count, 2, &err) < 0)
            fail_msg("%s: %s", switched_off[i].name, err.text);
        print_message("%s: %u of %u steps of %u runs\n", switched_off[i].name, seen.parted,
            seen.steps, seen.runs);
        assert_null(seen.why);
        assert_true(seen.runs > DIFFERENTIAL_RUNS / 2 && seen.steps > 100);
        if ((seen.parted > 0) != switched_off[i].parts)
            fail_msg("%s: %u parted", switched_off[i].name, seen.parted);
        fd_closep(&off[at].fd);
    }
    fd_closep(&old[at].fd);
}

/* Conversations of a provider that is busy: what a made one tells of an error is all of it. */
static void errors_are_told_as_they_were(void **state)
{
    static const char *const messages[] = { "{\"role\":\"user\",\"content\":\"Where is W17?\"}",
        "{\"role\":\"error\",\"class\":\"rate_limit\",\"status\":429,\"models\":2}" };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *run = run_new(&arena);
    const struct run *runs[] = { run };
    struct differential seen;
    struct err err;
    (void)state;
    for (unsigned i = 0; i < COUNT_OF(messages); i++)
        assert_int_equal(run_add(run, str_of(messages[i]), false, &err), 0);
    run_seal(run);
    const struct replay_arm arm = arm_of();
    if (differential_between(&seen, &arm, &arm, runs, COUNT_OF(runs), 2, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(seen.runs > 0);
    assert_int_equal(seen.parted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_replay_says_the_same),
        cmocka_unit_test(what_is_wanted_is_what_a_worker_does),
        cmocka_unit_test(a_candidate_is_tried_on_every_step),
        cmocka_unit_test(what_parts_on_made_conversations_is_seen),
        cmocka_unit_test(errors_are_told_as_they_were),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
