/* trials/case/make.c, shrink.c: every recording that ships with the project becomes a case that
 * says the same; and each failure in it can be cut down to a run that fails in the same way, has
 * the same repair, and of which nothing more can go. */
#include "trials/case/make.h"
#include "trials/case/shrink.h"
#include "trials/case/resize.h"
#include "trials/case/variant.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct arena arena;
static struct err err;

/* --- a made run: a failing call among others */

#define CALL(id, name, args)                                                                       \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"" id                       \
    "\",\"type\":\"function\",\"function\":{\"name\":\"" name "\",\"arguments\":\"" args "\"}}]}"
#define RESULT(id, text) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"
#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define SAY(text) "{\"role\":\"assistant\",\"content\":\"" text "\"}"

static const char *const tools =
    "{\"tools\":[{\"name\":\"look\",\"parameters\":{\"type\":\"object\",\"properties\":{\"id\":{"
    "\"type\":\"string\"}}}},{\"name\":\"put\",\"write\":true,\"parameters\":{\"type\":\"object\","
    "\"properties\":{\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}]}";
static const char *const messages[] = {
    "{\"role\":\"system\",\"content\":\"Be kind.\"}",
    USER("Hello"),
    CALL("a", "look", "{\\\"id\\\":\\\"7\\\"}"),
    RESULT("a", "here"),
    CALL("b", "look", "{\\\"id\\\":\\\"7\\\"}"),
    RESULT("b", "here"),
    CALL("c", "look", "{\\\"id\\\":\\\"7\\\"}"),
    RESULT("c", "gone"),
    USER("Put them"),
    CALL("d", "put", "{\\\"ids\\\":\\\"[\\\\\\\"x\\\\\\\"]\\\"}"),
    RESULT("d", "Error: no list"),
    CALL("e", "look", "broken"),
    RESULT("e", "Error: what?"),
    SAY("Sorry."),
};
enum { PUTS = 3, PUTS_MESSAGE = 9 };

static struct run *made_run(void)
{
    struct run *run = run_new(&arena);
    struct run_tools *known;
    assert_int_equal(run_set_meta(run, STR("{\"group\":\"g\"}"), &err), 0);
    assert_int_equal(run_tools_read(&known, str_of(tools), &arena, &err), 0);
    run->tools = known;
    run->session = STR("0123456789abcdef");
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        assert_int_equal(run_add(run, str_of(messages[i]), false, &err), 0);
    run_seal(run);
    return run;
}

static struct trial_case reread(const struct trial_case *of)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct trial_case again;
    case_print(&text, of);
    struct str copy = { arena_string(&arena, text.at, text.size), text.size };
    if (case_read(&again, copy, &arena, &err) < 0)
        fail_msg("%s at %s in %s", err.text, err.where, copy.at);
    return again;
}

static struct trial_case case_of(const struct run *run)
{
    struct trial_case of;
    if (case_of_run(&of, run, UINT32_MAX, &arena, &err) < 0)
        fail_msg("%s", err.text);
    of.id = STR("x");
    return of;
}

static void a_run_says_where_it_comes_from(void **state)
{
    (void)state;
    struct trial_case made = case_of(made_run()), of = reread(&made);
    assert_int_equal(of.origin.from, CASE_FROM_TRACE);
    assert_true(of.origin.claims);
    assert_true(str_equal(of.origin.group, STR("g")));
    assert_true(str_equal(of.origin.session, STR("0123456789abcdef")));
    assert_int_equal(of.state.messages_count, 1);
    assert_int_equal(of.inbox_count, 2);
    assert_int_equal(of.model.recorded_count, COUNT_OF(messages) - 1);
    assert_int_equal(of.tools_count, 2);
    assert_int_equal(of.tools[1].source, CASE_TOOL_RECORDED);
    assert_false(of.model.solved);
}

static void a_failure_is_cut_down_to_itself(void **state)
{
    (void)state;
    const struct detector *detector = detector_find("string_for_array");
    const struct run *run = made_run();
    struct shrunk shrunk;
    assert_int_equal(shrink_find(detector, run, 0), PUTS);
    assert_int_equal(shrink_find(detector, run, PUTS + 1), UINT32_MAX);
    assert_int_equal(shrink_run(&shrunk, detector, run, PUTS, &arena, &err), 0);
    assert_int_equal(shrunk.step, 0);
    assert_int_equal(shrunk.run->messages_count, 3); /* what was asked, the call, its result */
    assert_true(str_equal(shrunk.run->messages[0].bytes, str_of(messages[8])));
    assert_true(str_equal(shrunk.run->messages[1].bytes, str_of(messages[PUTS_MESSAGE])));
    assert_int_equal(shrunk.run->tools->tools_count, 1);
    assert_int_equal(shrunk.messages, COUNT_OF(messages) - 3);
    assert_int_equal(shrunk.tools, 1);
    assert_int_equal(shrink_run(&shrunk, detector, run, PUTS + 1, &arena, &err), -ERR_INPUT);
}

/* Equal calls get their answers in the order in which they came. */
static void answers_become_scripts(void **state)
{
    (void)state;
    struct run *run = made_run();
    struct trial_case made = case_of(run);
    uint32_t left = 9;
    assert_int_equal(case_script_tools(&made, run, &left, &arena, &err), 0);
    assert_int_equal(left, 1); /* the broken one */
    struct trial_case of = reread(&made);
    const struct case_tool *look = case_tool_find(&of, STR("look")),
                           *put = case_tool_find(&of, STR("put"));
    assert_int_equal(look->script_count, 2);
    assert_true(look->script[0].exact && look->script[0].times == 2 && !look->script[0].failed);
    assert_true(str_equal(look->script[0].result->raw, STR("\"here\"")));
    assert_int_equal(look->script[1].times, UINT32_MAX);
    assert_true(str_equal(look->script[1].result->raw, STR("\"gone\"")));
    assert_int_equal(put->script_count, 1);
    assert_true(put->script[0].failed);
}

/* A request that failed is part of a recording, too. */
static void a_failed_request_is_recorded(void **state)
{
    static const char *const told[] = { USER("Hello"), SAY("Yes?"), USER("Go on"),
        "{\"role\":\"error\",\"class\":\"rate_limit\",\"status\":429,\"retry_after_ms\":2000}" };
    const struct detector *detector = detector_find("turn_failed_rate_limit");
    struct run *run = run_new(&arena), *again;
    struct shrunk shrunk;
    uint32_t first;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(told); i++)
        assert_int_equal(run_add(run, str_of(told[i]), false, &err), 0);
    run_seal(run);
    assert_int_equal(shrink_find(detector, run, 0), 1);
    assert_int_equal(shrink_run(&shrunk, detector, run, 1, &arena, &err), 0);
    assert_int_equal(shrunk.run->messages_count, 2);
    struct trial_case made = case_of(shrunk.run), of = reread(&made);
    assert_int_equal(case_run(&again, &first, &of, &arena, &err), 0);
    assert_int_equal(again->steps_count, 1);
    assert_int_equal(run_step_error(again, 0)->retry_after_ms, 2000);
}

/* A reply that a build changed: what the model had said is what a replay puts to a harness. */
static void what_the_model_had_said_stays(void **state)
{
    (void)state;
    struct run *run = made_run(), *again;
    struct trial_case made, of;
    uint32_t first;
    run->messages[13].own = STR(SAY("Sorry, sir."));
    made = case_of(run);
    of = reread(&made);
    assert_int_equal(case_run(&again, &first, &of, &arena, &err), 0);
    assert_true(str_equal(run_said(&again->messages[13]), STR(SAY("Sorry, sir."))));
    assert_true(str_equal(again->messages[13].bytes, str_of(messages[13])));
    assert_int_equal(again->messages[12].own.size, 0);
}

static struct trial_case variant_of(const struct trial_case *of, unsigned number)
{
    struct trial_case made;
    if (case_vary(&made, of, number, &arena, &err) != 1)
        fail_msg("variant %u: %s", number, err.text);
    return reread(&made);
}

static void other_names_are_one_to_one(void **state)
{
    (void)state;
    struct case_grade grade;
    struct trial_case of = case_of(made_run());
    case_grade_begin(&grade, CASE_DETECTOR);
    grade.detector = STR("string_for_array");
    of.grades = &grade;
    of.grades_count = 1;
    struct trial_case other = variant_of(&of, CASE_VARIANT_NAMES);
    struct run *run;
    uint32_t first;
    assert_int_equal(case_run(&run, &first, &other, &arena, &err), 0);
    assert_true(str_equal(other.tools[0].name, STR("put_too"))); /* the last one first */
    assert_true(str_equal(run->messages[PUTS_MESSAGE].calls[0].name, STR("put_too")));
    assert_non_null(json_get(run->messages[PUTS_MESSAGE].calls[0].value, "ids_too"));
    assert_int_equal(run->messages[PUTS_MESSAGE].calls[0].result, PUTS_MESSAGE + 1);
    assert_int_equal(shrink_find(detector_find("string_for_array"), run, 0), PUTS);
    assert_int_equal(other.origin.from, CASE_FROM_VARIANT);
    assert_true(str_equal(other.id, STR("x.v3")));
    /* A grader that names a tool would name another one. */
    grade.check = CASE_ORDER;
    grade.tools = (const struct str[]){ STR("look"), STR("put") };
    grade.tools_count = 2;
    assert_int_equal(case_vary(&other, &of, CASE_VARIANT_NAMES, &arena, &err), 0);
    grade.check = CASE_TEXT;
    assert_non_null(case_unvaried(&of));
}

static void lists_grow_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *name, *args, *want; /* want NULL: there is no list of ids in it */
    } rows[] = {
        { "a list", "{\\\"ids\\\": [\\\"#W17\\\", \\\"#W19\\\"]}",
            "[\\\"#W17\\\", \\\"#W19\\\", \\\"#W10\\\"]" },
        { "a list as a text", "{\\\"ids\\\": \\\"[\\\\\\\"41\\\\\\\"]\\\"}",
            "[\\\\\\\"41\\\\\\\", \\\\\\\"42\\\\\\\"]" },
        { "Python's", "{'ids': ['41', '43']}", "['41', '43', '44']" },
        { "numbers", "{\\\"ids\\\": [7,8 ]}", "[7,8, 9 ]" },
        { "words", "{\\\"ids\\\": [\\\"red\\\", \\\"blue\\\"]}", NULL },
        { "no end", "{\\\"ids\\\": [\\\"41\\\", \\\"43\\\"", NULL },
        { "other quotes", "{\\\"ids\\\": [\\\"41', \\\"43\\\"]}", NULL },
        { "objects", "{\\\"ids\\\": [{\\\"n\\\": 4}]}", NULL },
        { "an empty one", "{\\\"ids\\\": []}", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run *run = run_new(&arena), *longer = NULL;
        const char *reply = arena_format(&arena,
            "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"
            "\"function\",\"function\":{\"name\":\"put\",\"arguments\":\"%s\"}}]}",
            rows[i].args);
        assert_int_equal(
            run_add(run, STR("{\"role\":\"user\",\"content\":\"[1]\"}"), false, &err), 0);
        assert_int_equal(run_add(run, str_of(reply), false, &err), 0);
        run_seal(run);
        assert_int_equal(run_resize(&longer, run, &arena, &err), 0);
        if ((longer != NULL) != (rows[i].want != NULL) ||
            (longer && str_find(longer->messages[1].bytes, str_of(rows[i].want)) < 0))
            fail_msg("%s: %s", rows[i].name, longer ? longer->messages[1].bytes.at : "none");
        if (longer) /* what the person wrote is the person's */
            assert_true(str_equal(longer->messages[0].bytes, run->messages[0].bytes));
    }
}

static void another_language_says_the_same(void **state)
{
    (void)state;
    struct run *run = run_new(&arena), *other = NULL;
    assert_int_equal(
        run_add(run, STR("{\"role\":\"system\",\"content\":\"Help the person.\"}"), false, &err),
        0);
    assert_int_equal(run_add(run,
                         STR("{\"role\":\"user\",\"content\":\"Please return #W17,\\nI have it and "
                             "the lamp.\"}"),
                         false, &err),
        0);
    run_seal(run);
    assert_int_equal(run_speak(&other, run, RUN_GERMAN, &arena, &err), 0);
    assert_true(str_equal(other->messages[0].bytes, run->messages[0].bytes));
    assert_true(
        str_equal(other->messages[1].text, STR("bitte return #W17,\nich habe es und das lamp.")));
    assert_int_equal(run_speak(&other, run, RUN_SPANISH, &arena, &err), 0);
    assert_true(
        str_equal(other->messages[1].text, STR("por favor return #W17,\nyo tengo lo y el lamp.")));
    struct run *silent = run_new(&arena);
    assert_int_equal(
        run_add(silent, STR("{\"role\":\"user\",\"content\":\"#W17?\"}"), false, &err), 0);
    run_seal(silent);
    assert_int_equal(run_speak(&other, silent, RUN_GERMAN, &arena, &err), 0);
    assert_null(other);
}

/* --- recordings */

struct hits {
    struct detect_hit list[4096];
    unsigned count;
};
struct reading {
    const struct run_tools *tools;
    unsigned runs, failures, kept, all, variants;
};

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct hits *hits = with;
    assert_true(hits->count < COUNT_OF(hits->list));
    hits->list[hits->count++] = *hit;
}

static void compare_runs_hits(const struct run *a, const struct run *b)
{
    static struct hits one, two;
    assert_int_equal(a->messages_count, b->messages_count);
    for (uint32_t i = 0; i < a->messages_count; i++) {
        assert_true(str_equal(a->messages[i].bytes, b->messages[i].bytes));
        assert_int_equal(a->messages[i].failed, b->messages[i].failed);
    }
    for (unsigned row = 0; row < detectors_count; row++) {
        if (detectors[row].hook < 0 || strcmp(detectors[row].id, "step_limit") == 0)
            continue; /* at what limit a run ended its source says: a case has its steps */
        one.count = two.count = 0;
        detectors[row].find(a, on_hit, &one);
        detectors[row].find(b, on_hit, &two);
        assert_int_equal(one.count, two.count);
        for (unsigned i = 0; i < one.count; i++)
            assert_true(
                one.list[i].step == two.list[i].step && one.list[i].call == two.list[i].call);
    }
}

/* What is left says the same as a case. */
static void compare_case(const struct detector *detector, const struct shrunk *shrunk)
{
    struct trial_case made = case_of(shrunk->run), of = reread(&made);
    struct run *run;
    uint32_t first;
    struct digest before, after;
    assert_int_equal(case_run(&run, &first, &of, &arena, &err), 0);
    assert_true(shrink_shows(detector, shrunk->run, shrunk->step, &before));
    assert_true(shrink_shows(detector, run, shrunk->step, &after));
    assert_true(hash_equal(&before, &after));
    assert_int_equal(run->offered, shrunk->run->offered);
}

/* Variants of what is left show it at the same reply; how many there are is the recording's. */
static void compare_variants(
    struct reading *reading, const struct detector *detector, const struct run *run)
{
    struct case_grade grade;
    struct trial_case of = case_of(run), made;
    case_grade_begin(&grade, CASE_DETECTOR);
    grade.detector = str_of(detector->id);
    of.grades = &grade;
    of.grades_count = 1;
    for (unsigned i = 0; i < CASE_VARIANTS; i++) {
        int rc = case_vary(&made, &of, i, &arena, &err);
        if (rc < 0)
            fail_msg("%s", err.text);
        if (rc == 1)
            reread(&made);
        reading->variants += (unsigned)rc;
    }
}

/* Cut down a second time nothing goes. */
static void shrink_twice(
    struct reading *reading, const struct detector *detector, const struct run *run, uint32_t step)
{
    CLEANUP(arena_done) struct arena own = { 0 };
    struct shrunk once, twice;
    struct digest before, after;
    assert_true(shrink_shows(detector, run, step, &before));
    assert_int_equal(shrink_run(&once, detector, run, step, &own, &err), 0);
    assert_true(shrink_shows(detector, once.run, once.step, &after));
    assert_true(hash_equal(&before, &after));
    assert_int_equal(shrink_run(&twice, detector, once.run, once.step, &own, &err), 0);
    assert_int_equal(twice.messages + twice.tools, 0);
    compare_case(detector, &once);
    compare_variants(reading, detector, once.run);
    reading->failures++;
    reading->kept += once.run->messages_count;
    reading->all += run->messages_count;
}

static int on_session(void *with, const struct import_session *session, struct err *why)
{
    CLEANUP(arena_done) struct arena own = { 0 };
    struct reading *reading = with;
    struct run *run, *again;
    uint32_t first;
    int rc = import_run(&run, session, reading->tools, &own, why);
    if (rc < 0 || run->steps_count == 0)
        return rc;
    reading->runs++;
    struct trial_case made = case_of(run), of = reread(&made);
    assert_int_equal(case_run(&again, &first, &of, &arena, &err), 0);
    compare_runs_hits(run, again);
    assert_int_equal(first, 0);
    for (unsigned row = 0; row < detectors_count; row++) {
        uint32_t step = detectors[row].frame ? shrink_find(&detectors[row], run, 0) : UINT32_MAX;
        if (step != UINT32_MAX)
            shrink_twice(reading, &detectors[row], run, step);
    }
    arena_reset(&arena);
    return 0;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    fail_msg("%s: %s", where, why);
}

static void every_recording_becomes_a_case(void **state)
{
    static const char folder[] = MOULT_SOURCE_DIR "/tests/data/traces";
    static const char *const files[] = { "tau_retail_llama31_8b.jsonl.gz",
        "tau_retail_qwen3_8b_react.jsonl.gz", "tau2_retail_toolorchestra_gpt5.jsonl.gz" };
    CLEANUP(arena_done) struct arena own = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct run_tools *known;
    struct reading reading = { 0 };
    (void)state;
    char *path = arena_format(&own, "%s/tau_retail_tools.json", folder);
    assert_int_equal(file_read(path, &text, 16 << 20, NULL), 0);
    assert_int_equal(run_tools_read(&known, buf_view(&text), &own, &err), 0);
    reading.tools = known;
    const struct import_options options = { .tools = known, .offered = -1 };
    const struct import_sink sink = { &reading, on_session, on_skipped };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        path = arena_format(&own, "%s/%s", folder, files[i]);
        if (import_tau(path, &options, &sink, &err) < 0)
            fail_msg("%s: %s", path, err.text);
    }
    print_message("%u runs; %u failures in %u messages, cut down to %u\n", reading.runs,
        reading.failures, reading.all, reading.kept);
    assert_true(reading.runs > 100 && reading.failures > 20);
    print_message("%u variants\n", reading.variants);
    assert_true(reading.kept * 4 < reading.all);
    /* Most failures have no list of ids to be made longer. */
    assert_true(reading.variants > (CASE_VARIANTS - 1) * reading.failures * 3 / 4);
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_says_where_it_comes_from),
        cmocka_unit_test(a_failure_is_cut_down_to_itself),
        cmocka_unit_test(answers_become_scripts),
        cmocka_unit_test(a_failed_request_is_recorded),
        cmocka_unit_test(what_the_model_had_said_stays),
        cmocka_unit_test(other_names_are_one_to_one),
        cmocka_unit_test(lists_grow_by_one),
        cmocka_unit_test(another_language_says_the_same),
        cmocka_unit_test(every_recording_becomes_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
