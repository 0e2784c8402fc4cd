/* proposing.c: a real proposer in a real sandbox, which does as its script says; and what a trial
 * build does at a recorded step, through the worker's lock. */
#include "promote/proposing.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox_without.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#define PLUGINS MOULT_BIN_DIR "/../plugins/trial/"
#define SOURCE MOULT_SOURCE_DIR "/tests/data/trial-harness/plugins/candidates/candidates.c"
#define PATH_IN "plugins/candidates/candidates.c"
#define LEAK                                                                                       \
    "{\"role\":\"assistant\",\"content\":\"So.\\n<tool_call>\\n{\\\"name\\\": \\\"look\\\", "      \
    "\\\"arguments\\\": {\\\"id\\\": \\\"1\\\"}}\\n</tool_call>\"}"
#define USER "{\"role\":\"user\",\"content\":\"hello\"}"
#define TEXT "{\"role\":\"assistant\",\"content\":\"Good day.\"}"

static const char tools_text[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"parameters\":{\"type\":\"object\","
    "\"properties\":{\"id\":{\"type\":\"string\"}},\"required\":[\"id\"]}}}]";

/* --- a small world, made once */

static struct world {
    struct arena arena;
    const struct run *runs[4];
    unsigned count;
    struct batch_case cases[2];
    struct str neighbours[2];
    struct batch batch;
    struct harness harness;
    struct evidence evidence;
    struct replay_build builds[2];
    struct buf source;
    char folder[64], secret[96];
    int listener;
} world;

static void add_run(const char *session, const char *reply)
{
    struct run *run = run_new(&world.arena);
    struct run_tools *tools;
    assert_int_equal(run_tools_read(&tools, str_of(tools_text), &world.arena, NULL), 0);
    run->tools = tools;
    run->offered = true;
    assert_int_equal(run_add(run, STR(USER), false, NULL), 0);
    assert_int_equal(run_add(run, str_of(reply), false, NULL), 0);
    run_seal(run);
    run->session = run->group = str_of(session);
    world.runs[world.count++] = run;
}

/* A reply with many leaked calls beside one that has many arguments. */
static char *many_parts(void)
{
    enum { PARTS = 100 };
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"role\":\"assistant\",\"content\":\"");
    for (int i = 0; i < PARTS; i++)
        buf_format(&out,
            "<tool_call>\\n{\\\"name\\\": \\\"look\\\", \\\"arguments\\\": "
            "{\\\"id\\\": \\\"%d\\\"}}\\n</tool_call>\\n",
            i);
    buf_text(
        &out, "\",\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"look\",\"arguments\":\"{");
    for (int i = 0; i < PARTS; i++)
        buf_format(&out, "%s\\\"k%d\\\":%d", i ? "," : "", i, i);
    buf_text(&out, "}\"}}]}");
    return arena_string(&world.arena, out.at, out.size);
}

static void open_build(unsigned i, const char *name, const char *path)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    assert_int_equal(file_read(path, &image, 1 << 22, NULL), 0);
    world.builds[i] = (struct replay_build){ .name = name,
        .build = hash_of(buf_view(&image)),
        .fd = fd_seal(name, buf_view(&image), NULL) };
    assert_true(world.builds[i].fd >= 0);
}

/* A socket that anybody could connect to. */
static void listen_there(void)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/sock", world.folder);
    world.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(world.listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(world.listener, 1), 0);
    chmod(at.sun_path, 0777);
}

static int begin(void **state)
{
    (void)state;
    struct err err;
    add_run("s1", LEAK);
    add_run("s2", LEAK);
    add_run("s3", TEXT);
    add_run("s4", many_parts());
    world.cases[0] = (struct batch_case){ .session = STR("s1"), .call = UINT32_MAX };
    world.cases[1] = (struct batch_case){ .session = STR("s2"), .call = UINT32_MAX };
    world.neighbours[0] = STR("s3");
    world.neighbours[1] = STR("s4");
    world.batch = (struct batch){ .cases = world.cases,
        .cases_count = 2,
        .neighbours = world.neighbours,
        .neighbours_count = 2 };
    assert_int_equal(file_read(SOURCE, &world.source, 1 << 20, NULL), 0);
    world.harness.count = 2;
    world.harness.at[0] =
        (struct harness_source){ STR("order"), STR("pipeline/order.c"), STR("int x;\n") };
    world.harness.at[1] =
        (struct harness_source){ STR("candidates"), STR(PATH_IN), buf_view(&world.source) };
    const struct evidence_plan plan = { .detector = detector_find("leak_tagged"),
        .batch = &world.batch,
        .runs = world.runs,
        .runs_count = world.count,
        .harness = &world.harness };
    if (evidence_choose(&world.evidence, &plan, &err) < 0)
        fail_msg("%s", err.text);
    open_build(0, "candidates", PLUGINS "candidates.so");
    open_build(1, "order", PLUGINS "order.so");
    snprintf(world.folder, sizeof(world.folder), "/tmp/moult-proposing-test.XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    chmod(world.folder, 0755);
    listen_there();
    snprintf(world.secret, sizeof(world.secret), "%s/held-out.json", world.folder);
    return file_write(world.secret, STR("{}"), 0644, NULL);
}

static int end(void **state)
{
    (void)state;
    evidence_done(&world.evidence);
    fd_closep(&world.builds[0].fd);
    fd_closep(&world.builds[1].fd);
    fd_closep(&world.listener);
    buf_done(&world.source);
    arena_done(&world.arena);
    return file_remove_tree(world.folder, NULL);
}

static struct judging_plan judging_plan(void)
{
    return (struct judging_plan){ .evidence = &world.evidence,
        .harness = &world.harness,
        .builds = world.builds,
        .builds_count = 2,
        .pipeline = "order",
        .worker = MOULT_BIN_DIR "/moult-worker",
        .sdk = MOULT_SOURCE_DIR "/plugins/sdk",
        .tier = SANDBOX_CONTAINER,
        .workers = 1 };
}

/* --- a script, and how it went */

static char said[8192];

static void on_say(void *with, const char *line)
{
    size_t size = strlen(said);
    (void)with;
    snprintf(said + size, sizeof(said) - size, "%s\n", line);
}

static void run_script(
    struct proposing_result *result, const char *script, const struct proposing_budget *budget)
{
    struct err err = { 0 };
    const struct proposing_plan plan = { .program = MOULT_SCRIPTED,
        .judging = judging_plan(),
        .bundle = str_of(script),
        .budget = *budget,
        .say = on_say };
    said[0] = '\0';
    if (proposing_run(result, &plan, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
}

static const struct row {
    const char *name, *script;
    struct proposing_budget budget;
    enum proposing_end end;
    const char *why, *said; /* parts that must be there */
    uint32_t denied;
} rows[] = {
    { "stops", "send 6 {\"why\":\"nothing found\"}\nhang", { 0 }, PROPOSING_STOPPED, "", "", 0 },
    { "exits without a word", "exit 3", { 0 }, PROPOSING_ENDED, "exit 3", "", 0 },
    { "dies, and what it wrote is made printable", "crash now", { 0 }, PROPOSING_ENDED,
        "I give up\\x1b[2J now", "", 0 },
    { "hangs", "send 5 here\nhang", { .seconds = 1 }, PROPOSING_LATE, "time", "here", 0 },
    { "hangs in the middle of a message", "raw 0a00000005ffff\nhang", { .seconds = 1 },
        PROPOSING_LATE, "time", "", 0 },
    { "a byte a moment", "trickle", { .seconds = 1 }, PROPOSING_LATE, "time", "", 0 },
    { "ends in the middle of a message", "raw 0a00000005ffff", { 0 }, PROPOSING_BROKE, "within", "",
        0 },
    { "ends in the middle of a head", "raw 0a00", { 0 }, PROPOSING_BROKE, "within", "", 0 },
    { "sends no message", "raw 00000000ff\nhang", { 0 }, PROPOSING_BROKE, "type 255", "", 0 },
    { "sends what only the driver may", "send 7 {\"ok\":true}\nhang", { 0 }, PROPOSING_BROKE,
        "type 7", "", 0 },
    { "a message over the bound", "raw ffffffff05\nhang", { 0 }, PROPOSING_FLOODED, "4294967295",
        "", 0 },
    { "floods", "fill 5 100000 1000", { .bytes = 2000000 }, PROPOSING_FLOODED, "2000000", "", 0 },
    { "floods its stdout", "spill", { 0 }, PROPOSING_ENDED, "limit output", "", 0 },
    { "does not listen", "fill 2 3 200\nhang", { .denials = 9 }, PROPOSING_DEAF, "whole", "", 10 },
    { "judges without a build",
        "raw 19000000020100000000000000000000000100000000000000ffffffff00\necho\nsend 6 {}", { 0 },
        PROPOSING_STOPPED, "", "there is no trial build", 1 },
    { "builds a plugin that is not there",
        "send 1 {\"plugin\":\"nobody\",\"source\":\"\"}\necho\n"
        "send 6 {}",
        { 0 }, PROPOSING_STOPPED, "", "no plugin of that name", 1 },
    { "builds the pipeline", "send 1 {\"plugin\":\"order\",\"source\":\"\"}\necho\nsend 6 {}",
        { 0 }, PROPOSING_STOPPED, "", "no plugin of that name", 1 },
    { "builds what does not compile",
        "send 1 {\"plugin\":\"candidates\",\"source\":\"not C\"}\necho\nsend 6 {}", { 0 },
        PROPOSING_STOPPED, "", "\"ok\":false,\"stage\":\"compile\"", 0 },
    { "builds what imports",
        "send 1 {\"plugin\":\"candidates\",\"source\":\"int system(const char *);\\nint f(void) "
        "{ return system(\\\"ls\\\"); }\"}\necho\nsend 6 {}",
        { 0 }, PROPOSING_STOPPED, "", "\"ok\":false", 0 },
    { "more builds than it may",
        "send 1 {\"plugin\":\"candidates\",\"source\":\"x\"}\necho\n"
        "send 1 {\"plugin\":\"candidates\",\"source\":\"x\"}\necho\nsend 6 {}",
        { .builds = 1 }, PROPOSING_STOPPED, "", "no trial builds are left", 1 },
    { "a build that is none", "send 1 [\necho\nsend 1 {\"plugin\":1,\"source\":2}\necho\nsend 6 {}",
        { 0 }, PROPOSING_STOPPED, "", "a build is", 2 },
    { "a last message that is none", "send 6 no\necho\nsend 6 {\"why\":\"\"}", { 0 },
        PROPOSING_STOPPED, "", "a JSON object", 1 },
    { "a proposal that is none", "send 4 {}\necho\nsend 6 {}", { 0 }, PROPOSING_STOPPED, "",
        "schema", 1 },
    { "asks a model where there is none", "send 11 {}\necho\nsend 6 {}", { 0 }, PROPOSING_STOPPED,
        "", "asks no model", 1 },
    { "answers for a model", "send 12 {}\nhang", { 0 }, PROPOSING_BROKE, "type 12", "", 0 },
    { "speaks in control characters", "send 5 a\x1b[2J\x07z\nsend 6 {}", { 0 }, PROPOSING_STOPPED,
        "", "a\\x1b[2J\\x07z", 0 },
};

static void whatever_it_does_is_an_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct proposing_result result;
        uint64_t from = clock_mono_ns();
        print_message("%s\n", row->name);
        run_script(&result, row->script, &row->budget);
        if (result.end != row->end || !strstr(result.why, row->why) || !strstr(said, row->said) ||
            result.denied != row->denied)
            fail_msg("%s: %s, %u denied\n%s", proposing_end_words[result.end], result.why,
                result.denied, said);
        assert_int_equal(result.proposals_count, 0);
        assert_true(clock_mono_ns() - from < 15ull * 1000000000);
        proposing_result_done(&result);
    }
}

/* A model that cannot be asked is the proposer's to deal with, as often as it may ask. */
static void a_model_that_is_not_there(void **state)
{
    (void)state;
    struct err err = { 0 };
    struct proposing_result result;
    struct door_way way = { .socket = "/nowhere/at/all" };
    const struct proposing_plan plan = { .program = MOULT_SCRIPTED,
        .judging = judging_plan(),
        .bundle = STR("send 11 {\"a\":1}\necho\nsend 11 {}\necho\nsend 6 {}"),
        .way = &way,
        .budget = { .rounds = 1 },
        .say = on_say };
    said[0] = '\0';
    if (proposing_run(&result, &plan, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    assert_int_equal(result.end, PROPOSING_STOPPED);
    assert_int_equal(result.asked, 1);
    assert_int_equal(result.denied, 1);
    assert_int_equal(strncmp(said, "12 ", 3), 0);
    assert_non_null(strstr(said, "no requests to its model are left"));
    assert_true(str_equal(buf_view(&result.asked_last), STR("{\"a\":1}")));
    proposing_result_done(&result);
}

/* --- proposals */

#define PROPOSAL(plugin, path, cluster, from, to, fixes)                                           \
    "send 4 {\"schema\":1,\"proposer\":\"script\",\"cluster\":\"" cluster                          \
    "\",\"plugin\":\"" plugin "\",\"path\":\"" path "\",\"edits\":[{\"from\":" from ",\"to\":" to  \
    ",\"text\":\"x\"}],\"contract\":{\"hypothesis\":\"h\",\"blamed\":[\"f\"],\"predicts\":{"       \
    "\"fixes\":[" fixes "],\"risks\":[]},\"falsified_by\":\"n\",\"cost\":{\"judged\":1,"           \
    "\"seconds\":0.5}},\"ingredients\":[\"cut\"],\"score\":1}\n"
#define GOOD PROPOSAL("candidates", PATH_IN, "leak_tagged", "0", "3", "0,1")

static const struct {
    const char *name, *script, *said;
} others[] = {
    { "another path", PROPOSAL("candidates", "plugins/sdk/moult.h", "leak_tagged", "0", "3", "0"),
        "at this path" },
    { "a path with dots",
        PROPOSAL("candidates", "plugins/candidates/../candidates/candidates.c", "leak_tagged", "0",
            "3", "0"),
        "at this path" },
    { "a new plugin", PROPOSAL("mine", "plugins/mine/mine.c", "leak_tagged", "0", "3", "0"),
        "at this path" },
    { "another cluster", PROPOSAL("candidates", PATH_IN, "leak_bare", "0", "3", "0"),
        "another cluster" },
    { "behind the end", PROPOSAL("candidates", PATH_IN, "leak_tagged", "0", "9999999", "0"),
        "edit 0 ends" },
    { "backwards", PROPOSAL("candidates", PATH_IN, "leak_tagged", "4", "3", "0"), "in order" },
    { "a step that is none", PROPOSAL("candidates", PATH_IN, "leak_tagged", "0", "3", "4000"),
        "no step's number" },
    { "a risk where nothing must stay",
        PROPOSAL("candidates", PATH_IN, "leak_tagged", "0", "3", "0],\"risk_steps\":[0"),
        "no step that must stay" },
    { "a risk at no step",
        PROPOSAL("candidates", PATH_IN, "leak_tagged", "0", "3", "0],\"risk_steps\":[4000"),
        "no step that must stay" },
};

static void proposals_of_others_are_refused(void **state)
{
    (void)state;
    static const struct proposing_budget budget = { 0 };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        CLEANUP(mem_freep) char *script = mem_format("%secho\nsend 6 {}\n", others[i].script);
        struct proposing_result result;
        print_message("%s\n", others[i].name);
        run_script(&result, script, &budget);
        if (!strstr(said, others[i].said))
            fail_msg("%s", said);
        assert_int_equal(result.proposals_count, 0);
        assert_int_equal(result.denied, 1);
        proposing_result_done(&result);
    }
}

static void three_proposals_are_taken(void **state)
{
    (void)state;
    static const struct proposing_budget budget = { 0 };
    struct proposing_result result;
    run_script(&result, GOOD GOOD GOOD GOOD "echo\nsend 6 {\"why\":\"enough\"}\n", &budget);
    assert_int_equal(result.end, PROPOSING_STOPPED);
    assert_int_equal(result.proposals_count, 3);
    assert_int_equal(result.denied, 1);
    assert_true(str_equal(result.stop, STR("{\"why\":\"enough\"}")));
    const struct proposal *first = &result.proposals[0];
    assert_true(str_equal(first->plugin, STR("candidates")));
    assert_true(str_equal(first->hypothesis, STR("h")));
    assert_int_equal(first->edits_count, 1);
    assert_int_equal(first->edits[0].to, 3);
    assert_int_equal(first->fixes_count, 2);
    assert_true(first->raw.at != result.proposals[1].raw.at);
    proposing_result_done(&result);
}

static void nothing_else_can_be_reached(void **state)
{
    (void)state;
    static const struct proposing_budget budget = { 0 };
    struct proposing_result result;
    CLEANUP(mem_freep)
    char *script = mem_format("open %s\nwrite %s\nopen %s/..\nopen /etc/passwd\n"
                              "open " MOULT_SOURCE_DIR "/README.md\n"
                              "write /evidence/bundle.json\n"
                              "write /usr/lib/planted\nconnect %s/sock\n"
                              "send 6 {}",
        world.secret, world.secret, world.folder, world.folder);
    run_script(&result, script, &budget);
    assert_int_equal(result.end, PROPOSING_STOPPED);
    assert_string_equal(said, "");
    assert_true(result.layers & LAYER_BIT(LAYER_SECCOMP));
    assert_true(result.layers & LAYER_BIT(LAYER_LANDLOCK));
    proposing_result_done(&result);
}

/* --- trial builds */

struct seen {
    struct proposer_verdict verdicts[4][8]; /* by step and row */
    unsigned jobs, atoms;
};

static int on_judged(void *with, const struct proposer_judged *judged, struct err *err)
{
    struct seen *seen = with;
    (void)err;
    seen->jobs++;
    seen->atoms += judged->atoms.size > 0;
    if (judged->job < 4)
        memcpy(seen->verdicts[judged->job], judged->verdicts,
            judged->count * sizeof(*judged->verdicts));
    return 0;
}

static bool as_wanted(uint32_t step, const struct proposer_verdict *verdict)
{
    const struct evidence_digests got = { verdict->calls, verdict->text, verdict->end };
    return !verdict->abnormal && evidence_equal(&got, &world.evidence.steps[step].want);
}

/* Row 0 leaves all as it is, 1 makes the call and cuts its pair of tags, 2 leaves the tags, 3 asks
 * the model again, 4 does what its hook may not. */
static void a_row_does_what_is_wanted(void **state)
{
    (void)state;
    struct judging judging;
    const struct judging_plan plan = judging_plan();
    CLEANUP(buf_done) struct buf answer = { 0 };
    struct err err = { 0 };
    struct seen seen = { 0 };
    uint32_t jobs[] = { 3, 2, 0, 1 };
    uint16_t holes[] = { 0, 0, 0, 1, 1, 0, 1, 0, 0, 2, 0, 0, 4, 0, 0 };
    uint64_t decide[] = { 0, UINT64_MAX, 1, 0, 0 };
    const struct proposer_judge judge = { .jobs = jobs,
        .jobs_count = 4,
        .holes = holes,
        .count = 5,
        .width = 3,
        .decide = decide,
        .atoms = true };
    judging_open(&judging, &plan);
    assert_int_equal(judging_judge(&judging, &judge, on_judged, &seen, &err), -ERR_STATE);
    if (judging_build(&judging, STR("candidates"), buf_view(&world.source), &answer, &err) != 1)
        fail_msg("%s %s", err.text, answer.at);
    assert_non_null(
        strstr(answer.at, "\"compiler\":\"gcc\"")); /* it has a builtin that tcc lacks */
    assert_true(*judging.not_by_tcc);
    if (judging_judge(&judging, &judge, on_judged, &seen, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(seen.jobs, 4);
    for (uint32_t step = 0; step < 2; step++) {
        assert_false(as_wanted(step, &seen.verdicts[step][0]));
        assert_true(as_wanted(step, &seen.verdicts[step][1]));
        assert_false(as_wanted(step, &seen.verdicts[step][2]));
        assert_true(seen.verdicts[step][2].calls == world.evidence.steps[step].want.calls);
        assert_false(as_wanted(step, &seen.verdicts[step][3]));
        assert_true(seen.verdicts[step][4].abnormal);
    }
    assert_true(as_wanted(2, &seen.verdicts[2][0]));
    assert_true(as_wanted(2, &seen.verdicts[2][1]));
    /* Many calls and arguments are no more than that: the worker's lock lets it sort them. */
    assert_true(as_wanted(3, &seen.verdicts[3][0]));
    assert_false(seen.verdicts[3][1].abnormal);
    assert_false(as_wanted(3, &seen.verdicts[3][1]));
    jobs[0] = world.evidence.steps_count;
    assert_int_equal(judging_judge(&judging, &judge, on_judged, &seen, &err), -ERR_INPUT);
    judging_done(&judging);
}

static const char loops[] =
    "#include \"moult_trial.h\"\n"
    "static uint16_t holes[1];\n"
    "static moult_action reply(moult_turn *turn)\n"
    "{\n"
    "    while (holes[0] == 1)\n"
    "        __asm__ volatile(\"\" ::: \"memory\");\n"
    "    if (holes[0] == 2)\n"
    "        *(volatile int *)8 = 1;\n"
    "    (void)turn;\n"
    "    return MOULT_PASS;\n"
    "}\n"
    "static moult_action pass(moult_turn *turn, moult_call *call)\n"
    "{\n"
    "    return turn && call ? MOULT_PASS : MOULT_PASS;\n"
    "}\n"
    "MOULT_EXPORT const struct moult_trial moult_trial = { .size = sizeof(struct moult_trial),\n"
    "    .holes_count = 1, .holes = holes };\n"
    "MOULT_EXPORT const struct moult_plugin moult_plugin = { .abi = MOULT_ABI,\n"
    "    .size = sizeof(struct moult_plugin), .name = \"candidates\", .summary = \"bad\",\n"
    "    .context = reply, .model_error = reply, .reply = reply, .before_tool = pass,\n"
    "    .after_tool = pass };\n";

/* A row that never ends and one that crashes are abnormal; the ones beside them are judged. */
static void bad_rows_do_not_hurt_the_others(void **state)
{
    (void)state;
    struct judging judging;
    const struct judging_plan plan = judging_plan();
    CLEANUP(buf_done) struct buf answer = { 0 };
    CLEANUP(buf_done) struct buf source = { 0 };
    struct err err = { 0 };
    struct seen seen = { 0 };
    uint32_t jobs[] = { 2 };
    uint16_t holes[] = { 0, 1, 0, 2, 0 };
    uint64_t decide[5] = { 0 };
    const struct proposer_judge judge = {
        .jobs = jobs, .jobs_count = 1, .holes = holes, .count = 5, .width = 1, .decide = decide
    };
    buf_text(&source, loops);
    judging_open(&judging, &plan);
    int rc = judging_build(&judging, STR("candidates"), buf_view(&source), &answer, &err);
    if (rc != 1)
        fail_msg("%d %s %s", rc, err.text, answer.at);
    if (judging_judge(&judging, &judge, on_judged, &seen, &err) < 0)
        fail_msg("%s", err.text);
    for (int row = 0; row < 5; row++)
        assert_int_equal(seen.verdicts[2][row].abnormal, row == 1 || row == 3);
    judging_done(&judging);
}

/* However many rows hang, the time that the run may take is the time that it takes. */
static void rows_that_hang_end_with_the_time(void **state)
{
    (void)state;
    static const struct proposing_budget budget = { .seconds = 3 };
    CLEANUP(buf_done) struct buf script = { 0 }, frame = { 0 };
    struct proposing_result result;
    uint32_t jobs[] = { 0, 1, 2 };
    uint16_t holes[64];
    uint64_t decide[64] = { 0 };
    for (size_t i = 0; i < COUNT_OF(holes); i++)
        holes[i] = 1;
    const struct proposer_judge judge = {
        .jobs = jobs, .jobs_count = 3, .holes = holes, .count = 64, .width = 1, .decide = decide
    };
    proposer_judge_encode(&frame, &judge);
    buf_text(&script, "send 1 {\"plugin\":\"candidates\",\"source\":");
    json_quote(&script, str_of(loops));
    buf_format(&script, "}\necho\nraw %02zx%02zx000002", frame.size & 255, frame.size >> 8);
    for (size_t i = 0; i < frame.size; i++)
        buf_format(&script, "%02x", (unsigned char)frame.at[i]);
    buf_text(&script, "\necho\necho\necho\nsend 6 {}\n");
    uint64_t from = clock_mono_ns();
    run_script(&result, script.at, &budget);
    assert_int_equal(result.end, PROPOSING_LATE);
    assert_int_equal(result.builds_ok, 1);
    assert_true(clock_mono_ns() - from < 6ull * 1000000000);
    proposing_result_done(&result);
}

/* For good: the last test. What is weaker is allowed by the plan, and named in the result. */
static void the_same_holds_without_namespaces(void **state)
{
    static const struct proposing_budget budget = { 0 };
    struct proposing_result result;
    struct err err;
    without_namespaces();
    run_script(&result, "send 5 here\nsend 6 {}", &budget);
    assert_int_equal(result.end, PROPOSING_STOPPED);
    assert_int_equal(result.tier, SANDBOX_CONTAINER);
    assert_string_equal(said, "here\n");
    proposing_result_done(&result);
    nothing_else_can_be_reached(state);
    whatever_it_does_is_an_answer(state);
    struct proposing_plan plan = {
        .program = MOULT_SCRIPTED, .judging = judging_plan(), .bundle = STR("send 6 {}")
    };
    plan.judging.tier = SANDBOX_STRONG;
    assert_int_equal(proposing_run(&result, &plan, &err), -ERR_LACKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_it_does_is_an_answer),
        cmocka_unit_test(a_model_that_is_not_there),
        cmocka_unit_test(proposals_of_others_are_refused),
        cmocka_unit_test(three_proposals_are_taken),
        cmocka_unit_test(nothing_else_can_be_reached),
        cmocka_unit_test(a_row_does_what_is_wanted),
        cmocka_unit_test(bad_rows_do_not_hurt_the_others),
        cmocka_unit_test(rows_that_hang_end_with_the_time),
        cmocka_unit_test(the_same_holds_without_namespaces),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
