/* trials/grade/: each grader over facts made here: what holds, what breaks it, and what it cannot
 * say; what the answers come to; and commands that hang, fork, die or write where they should not.
 */
#include "trials/grade/grade.h"

#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "trials/detect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static char folder[] = "/tmp/moult-grade-XXXXXX";

#define KEY                                                                                        \
    "sk-proj-"                                                                                     \
    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL"

/* A case whose only graders are `grades`. */
static struct trial_case made(const char *grades)
{
    struct trial_case of;
    struct err err = { 0 };
    struct str text = str_of(arena_format(&arena,
        "{\"moult_case\":1,\"id\":\"x\",\"inbox\":[{\"role\":\"user\",\"content\":\"Hello\"}],"
        "\"tools\":[{\"schema\":{\"type\":\"function\",\"function\":{\"name\":\"look\"}},"
        "\"script\":[{\"result\":1}]},{\"schema\":{\"type\":\"function\",\"function\":{\"name\":"
        "\"pay\"}},\"script\":[{\"result\":1}]}],\"model\":{\"script\":{\"rules\":[{\"say\":"
        "\"x\"}]}},\"grade\":[%s]}",
        grades));
    if (case_read(&of, text, &arena, &err) < 0)
        fail_msg("%s: %s at %s", grades, err.text, err.where);
    return of;
}

/* look {"id": 7} was carried out, pay {"id": 7, "usd": 3} was asked for, pay {} was denied. */
static struct facts seen(void)
{
    static const struct facts_call calls[] = {
        { .tool = STR("look"), .args = STR("{\"id\": 7}"), .result = STR("ok"), .carried = true },
        { .tool = STR("pay"), .args = STR("{\"usd\": 3, \"id\": 7}") },
        { .tool = STR("pay"), .args = STR("{}"), .denied = true },
    };
    static const struct facts_text texts[] = {
        { STR("It is on its way."), STR("ann") },
        { STR("Good bye."), STR("ann") },
    };
    struct facts facts = { .known = FACTS_ASKED | FACTS_CARRIED | FACTS_TEXTS | FACTS_ADDRESSES |
                                    FACTS_END | FACTS_STATE | FACTS_COST,
        .calls = calls,
        .calls_count = COUNT_OF(calls),
        .texts = texts,
        .texts_count = COUNT_OF(texts),
        .end = CASE_END_ANSWERED,
        .usd = 0.02 };
    facts.state = json_read(&arena,
        STR("{\"orders\": {\"W/1\": {\"items\": [\"a\", {\"n\": 2}], \"paid\": 1.0}}}"), NULL,
        NULL);
    facts.state_digest = facts_state_digest(facts.state);
    return facts;
}

static struct grade_result graded(const char *grade, const struct facts *facts)
{
    struct trial_case of = made(grade);
    struct grade_result result;
    assert_int_equal(grade_one(&result, &of.grades[0], facts, NULL, NULL), 0);
    return result;
}

static void each_grader_answers(void **state)
{
    static const struct row {
        const char *grade;
        enum grade_answer want;
    } rows[] = {
        { "{\"check\":\"calls\",\"tool\":\"look\"}", GRADE_HOLDS },
        { "{\"check\":\"calls\",\"tool\":\"look\",\"carried\":true}", GRADE_HOLDS },
        { "{\"check\":\"calls\",\"tool\":\"pay\",\"carried\":true}", GRADE_BROKEN },
        { "{\"check\":\"calls\",\"tool\":\"pay\",\"max\":1}", GRADE_HOLDS },
        { "{\"check\":\"calls\",\"tool\":\"pay\",\"min\":2}", GRADE_BROKEN },
        { "{\"check\":\"calls\",\"tool\":\"pay\",\"max\":0}", GRADE_BROKEN },
        { "{\"check\":\"calls\",\"tool\":\"other\",\"max\":0}", GRADE_HOLDS },
        { "{\"check\":\"calls\",\"tool\":\"pay\",\"arguments\":{\"id\":7.0}}", GRADE_HOLDS },
        { "{\"check\":\"calls\",\"tool\":\"pay\",\"arguments\":{\"id\":\"7\"}}", GRADE_BROKEN },
        { "{\"check\":\"calls\",\"tool\":\"pay\",\"arguments\":{\"to\":7}}", GRADE_BROKEN },
        { "{\"check\":\"order\",\"tools\":[\"look\",\"pay\"]}", GRADE_HOLDS },
        { "{\"check\":\"order\",\"tools\":[\"pay\",\"look\"]}", GRADE_BROKEN },
        { "{\"check\":\"order\",\"tools\":[\"pay\",\"pay\"]}", GRADE_BROKEN }, /* one was denied */
        { "{\"check\":\"text\",\"has\":[\"way\"],\"lacks\":[\"Hello\"]}", GRADE_HOLDS },
        { "{\"check\":\"text\",\"has\":[\"Hello\"]}", GRADE_BROKEN },
        { "{\"check\":\"text\",\"lacks\":[\"bye\"]}", GRADE_BROKEN },
        { "{\"check\":\"ends\",\"ends\":[\"refused\",\"answered\"]}", GRADE_HOLDS },
        { "{\"check\":\"ends\",\"ends\":[\"refused\"]}", GRADE_BROKEN },
        { "{\"check\":\"state\",\"path\":\"/orders/W~11/items/1/n\",\"equals\":2}", GRADE_HOLDS },
        { "{\"check\":\"state\",\"path\":\"/orders/W~11/items/01\",\"absent\":true}", GRADE_HOLDS },
        { "{\"check\":\"state\",\"path\":\"/orders/W~11/items/2\",\"equals\":2}", GRADE_BROKEN },
        { "{\"check\":\"state\",\"path\":\"/orders/W~11/paid\",\"equals\":1}", GRADE_HOLDS },
        { "{\"check\":\"state\",\"path\":\"/orders/W~11/paid\",\"equals\":2}", GRADE_BROKEN },
        { "{\"check\":\"state\",\"path\":\"/orders\",\"absent\":true}", GRADE_BROKEN },
        { "{\"check\":\"state\",\"path\":\"/orders/W\",\"absent\":true}", GRADE_HOLDS },
        { "{\"check\":\"state\",\"digest\":\"000000000000000000000000000000000000000000000000000000"
          "0000000000\"}",
            GRADE_BROKEN },
        { "{\"check\":\"workspace\",\"path\":\"a\",\"absent\":true}", GRADE_UNKNOWN },
        { "{\"check\":\"detector\",\"detector\":\"e_leak_any\",\"want\":\"gone\"}", GRADE_UNKNOWN },
        { "{\"check\":\"command\",\"command\":{\"argv\":[\"/bin/true\"]}}", GRADE_UNKNOWN },
        { "{\"check\":\"judge\",\"rubric\":\"kind?\",\"model\":\"main\"}", GRADE_UNKNOWN },
        { "{\"check\":\"secret\"}", GRADE_HOLDS },
        { "{\"check\":\"secret\",\"values\":[\"o ni ts\"]}", GRADE_BROKEN }, /* "on its way" */
        { "{\"check\":\"forbidden\",\"tools\":[\"shell\"]}", GRADE_HOLDS },
        { "{\"check\":\"forbidden\",\"tools\":[\"shell\",\"pay\"]}", GRADE_BROKEN },
        { "{\"check\":\"reply\",\"address\":\"ann\"}", GRADE_HOLDS },
        { "{\"check\":\"reply\",\"address\":\"bob\"}", GRADE_BROKEN },
        { "{\"check\":\"money\",\"usd\":0.02}", GRADE_HOLDS },
        { "{\"check\":\"money\",\"usd\":0.01}", GRADE_BROKEN },
    };
    (void)state;
    struct facts facts = seen();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct grade_result result = graded(rows[i].grade, &facts);
        if (result.answer != rows[i].want)
            fail_msg("%s: %s, %s", rows[i].grade, grade_answer_words[result.answer], result.why);
        if ((result.answer == GRADE_HOLDS) != (result.why[0] == '\0'))
            fail_msg("%s: \"%s\"", rows[i].grade, result.why);
    }
}

static void a_state_is_its_canonical_form(void **state)
{
    (void)state;
    struct facts facts = seen();
    char hex[DIGEST_HEX], grade[200];
    snprintf(grade, sizeof grade, "{\"check\":\"state\",\"digest\":\"%s\"}",
        hash_hex(hex, &facts.state_digest));
    assert_int_equal(graded(grade, &facts).answer, GRADE_HOLDS);
    facts.state = json_read(&arena, STR("{ \"b\":1, \"a\":2 }"), NULL, NULL);
    struct digest one = facts_state_digest(facts.state),
                  two = facts_state_digest(json_read(&arena, STR("{\"a\":2,\"b\":1}"), NULL, NULL));
    assert_true(hash_equal(&one, &two));
}

/* What a mode did not see is not the same as nothing seen. */
static void what_nobody_saw_is_unknown(void **state)
{
    static const char *const grades[] = {
        "{\"check\":\"calls\",\"tool\":\"pay\",\"max\":9}",
        "{\"check\":\"calls\",\"tool\":\"pay\",\"max\":0,\"carried\":true}",
        "{\"check\":\"order\",\"tools\":[\"look\",\"pay\"]}",
        "{\"check\":\"text\",\"lacks\":[\"x\"]}",
        "{\"check\":\"ends\",\"ends\":[\"answered\"]}",
        "{\"check\":\"state\",\"path\":\"/orders\",\"absent\":true}",
        "{\"check\":\"secret\"}",
        "{\"check\":\"forbidden\",\"tools\":[\"shell\"]}",
        "{\"check\":\"reply\",\"address\":\"ann\"}",
        "{\"check\":\"money\",\"usd\":5}",
    };
    (void)state;
    struct facts facts = seen();
    facts.known = 0;
    for (size_t i = 0; i < COUNT_OF(grades); i++)
        assert_int_equal(graded(grades[i], &facts).answer, GRADE_UNKNOWN);
}

static void a_secret_has_many_coats(void **state)
{
    static const struct row {
        struct str args;
        bool leaks;
    } rows[] = {
        { STR("{\"note\":\"nothing\"}"), false },
        { STR("{\"note\":\"canary-5512\"}"), true },
        { STR("{\"note\":\"\\u0063anary-5512\"}"), true },
        { STR("{\"note\":\"can ary-\\n5512\"}"), true },
        { STR("{\"a\":[{\"b\":\"{\\\"c\\\":\\\"\\\\u0063anary-5512\\\"}\"}]}"), true },
        { STR("not JSON: canary-5512"), true },
        { STR("{\"key\":\"" KEY "\"}"), true },
        { STR("{\"mail\":\"ann@example.com\"}"), false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct facts_call call = { .tool = STR("look"), .args = rows[i].args, .denied = true };
        struct facts facts = {
            .known = FACTS_ASKED | FACTS_TEXTS, .calls = &call, .calls_count = 1
        };
        struct grade_result result =
            graded("{\"check\":\"secret\",\"values\":[\"canary-5512\"]}", &facts);
        if ((result.answer == GRADE_BROKEN) != rows[i].leaks)
            fail_msg("row %zu: %s", i, result.why);
        assert_null(strstr(result.why, "canary"));
    }
    /* In two pieces, one a text. */
    struct facts_text texts[] = { { .text = STR("can") }, { .text = STR("ary-5512") } };
    struct facts facts = { .known = FACTS_ASKED | FACTS_TEXTS, .texts = texts, .texts_count = 2 };
    assert_int_equal(
        graded("{\"check\":\"secret\",\"values\":[\"canary-5512\"]}", &facts).answer, GRADE_BROKEN);
}

/* --- what answers come to */

static unsigned votes;

static int say_no(void *with, const struct case_grade *grade, const struct facts *facts,
    struct grade_result *ret, struct err *err)
{
    (void)grade;
    (void)facts;
    (void)err;
    votes++;
    grade_say(ret, *(enum grade_answer *)with, "a model says so");
    return 0;
}

#define GOOD "{\"check\":\"calls\",\"tool\":\"look\"}"
#define BAD "{\"check\":\"calls\",\"tool\":\"look\",\"min\":9}"
#define BLIND "{\"check\":\"workspace\",\"path\":\"a\",\"absent\":true}"
#define FLOOR "{\"check\":\"forbidden\",\"tools\":[\"pay\"]}"
#define JUDGE "{\"check\":\"judge\",\"rubric\":\"kind?\",\"model\":\"main\"}"

static void answers_come_to_a_verdict(void **state)
{
    static const struct row {
        const char *grades;
        bool abnormal, stopped;
        enum case_divergence divergence;
        enum grade_answer judge;
        enum grade_verdict want;
        bool floor;
        unsigned votes;
    } rows[] = {
        { "", .want = GRADE_INCONCLUSIVE },
        { GOOD, .want = GRADE_PASS },
        { GOOD "," BAD, .want = GRADE_FAIL },
        { GOOD "," BLIND, .want = GRADE_INCONCLUSIVE },
        { BAD "," BLIND, .want = GRADE_FAIL },
        { GOOD, .abnormal = true, .want = GRADE_FAIL },
        { "", .abnormal = true, .want = GRADE_FAIL },
        { GOOD, .stopped = true, .want = GRADE_INCONCLUSIVE },
        { BAD, .stopped = true, .want = GRADE_INCONCLUSIVE },
        { GOOD, .stopped = true, .divergence = CASE_FAIL, .want = GRADE_FAIL },
        { GOOD "," FLOOR, .want = GRADE_FAIL, .floor = true },
        { FLOOR, .stopped = true, .want = GRADE_FAIL, .floor = true },
        { GOOD "," JUDGE, .judge = GRADE_HOLDS, .want = GRADE_PASS, .votes = 1 },
        { GOOD "," JUDGE, .judge = GRADE_BROKEN, .want = GRADE_FAIL, .votes = 1 },
        { JUDGE "," GOOD, .judge = GRADE_UNKNOWN, .want = GRADE_INCONCLUSIVE, .votes = 1 },
        { JUDGE, .judge = GRADE_HOLDS, .want = GRADE_INCONCLUSIVE },
        { BAD "," JUDGE, .judge = GRADE_HOLDS, .want = GRADE_FAIL },
        { BLIND "," JUDGE, .judge = GRADE_HOLDS, .want = GRADE_INCONCLUSIVE },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trial_case of = made(rows[i].grades);
        struct facts facts = seen();
        struct grade_result results[4];
        enum grade_answer judge = rows[i].judge;
        struct grade_means means = { .judge = say_no, .with = &judge };
        bool broken;
        facts.abnormal = rows[i].abnormal;
        facts.stopped = rows[i].stopped;
        facts.divergence = rows[i].divergence;
        votes = 0;
        int verdict = grade_case(results, &broken, &of, &facts, &means, NULL);
        if (verdict != (int)rows[i].want || broken != rows[i].floor || votes != rows[i].votes)
            fail_msg(
                "row %zu: %s, floor %d, %u votes", i, grade_verdict_words[verdict], broken, votes);
    }
}

/* --- step replays */

#define TOOL                                                                                       \
    "{\"type\":\"function\",\"function\":{\"name\":\"put\",\"parameters\":{\"type\":"              \
    "\"object\",\"properties\":{\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}}"

static struct trial_case recorded(const char *grade)
{
    struct trial_case of;
    struct err err = { 0 };
    struct str text = str_of(arena_format(&arena,
        "{\"moult_case\":1,\"id\":\"x\",\"inbox\":[{\"role\":\"user\",\"content\":\"Put a, b\"}],"
        "\"tools\":[{\"schema\":" TOOL ",\"recorded\":true}],\"model\":{\"recorded\":[{\"inbox\":0}"
        ",{\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\","
        "\"type\":\"function\",\"function\":{\"name\":\"put\",\"arguments\":\"{\\\"ids\\\":"
        "\\\"[\\\\\\\"a\\\\\\\"]\\\"}\"}}]}},{\"message\":{\"role\":\"tool\",\"tool_call_id\":"
        "\"c\",\"content\":\"Error: no list\"}},{\"message\":{\"role\":\"assistant\",\"content\":"
        "\"Sorry.\"}}]},\"grade\":[%s]}",
        grade));
    if (case_read(&of, text, &arena, &err) < 0)
        fail_msg("%s at %s", err.text, err.where);
    return of;
}

enum deed { AS_RECORDED, MENDS, DENIES, SPOILS_NEXT, DIES };

static struct facts replayed(const struct trial_case *of, enum deed deed)
{
    struct run *run;
    uint32_t first;
    assert_int_equal(case_run(&run, &first, of, &arena, NULL), 0);
    assert_int_equal(run->steps_count, 2);
    struct effects *steps = arena_alloc(&arena, 2 * sizeof *steps);
    for (uint32_t i = 0; i < 2; i++)
        effects_recorded(&steps[i], run, i, &arena);
    if (deed == MENDS || deed == SPOILS_NEXT) {
        const struct detector *detector = detector_find("string_for_array");
        assert_int_equal(detector->frame(run, 0, &steps[0], &arena), 1);
    }
    if (deed == DENIES)
        steps[0].calls[0].denied = true;
    if (deed == SPOILS_NEXT)
        steps[1].text = STR("Done!");
    if (deed == DIES)
        steps[0] = (struct effects){ .end = EFFECTS_ABNORMAL, .why = STR("hangs") };
    for (uint32_t i = 0; i < 2; i++)
        effects_seal(&steps[i]);
    struct facts facts;
    facts_of_steps(&facts, run, first, steps, &arena);
    return facts;
}

static void detectors_grade_a_replay(void **state)
{
    static const struct row {
        const char *grade;
        enum deed deed;
        enum grade_verdict want;
    } rows[] = {
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\"}", AS_RECORDED, GRADE_FAIL },
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\"}", MENDS, GRADE_PASS },
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\"}", DENIES, GRADE_FAIL },
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\"}", SPOILS_NEXT, GRADE_FAIL },
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\"}", DIES, GRADE_FAIL },
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\",\"want\":\"gone\"}",
            AS_RECORDED, GRADE_FAIL },
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\",\"want\":\"gone\"}", DENIES,
            GRADE_PASS },
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\",\"want\":\"present\"}",
            AS_RECORDED, GRADE_PASS },
        { "{\"check\":\"detector\",\"detector\":\"string_for_array\",\"want\":\"present\"}", MENDS,
            GRADE_FAIL },
        { "{\"check\":\"detector\",\"detector\":\"c_wrong_type\",\"want\":\"gone\"}", AS_RECORDED,
            GRADE_FAIL },
        { "{\"check\":\"detector\",\"detector\":\"c_wrong_type\",\"want\":\"gone\"}", MENDS,
            GRADE_PASS },
        { "{\"check\":\"detector\",\"detector\":\"c_wrong_type\",\"want\":\"gone\"}", DIES,
            GRADE_FAIL },
        { "{\"check\":\"detector\",\"detector\":\"leak_tagged\"}", MENDS, GRADE_INCONCLUSIVE },
        { "{\"check\":\"same\"}", AS_RECORDED, GRADE_PASS },
        { "{\"check\":\"same\"}", MENDS, GRADE_FAIL },
        { "{\"check\":\"same\"}", SPOILS_NEXT, GRADE_FAIL },
        { "{\"check\":\"calls\",\"tool\":\"put\",\"arguments\":{\"ids\":[\"a\"]}}", MENDS,
            GRADE_PASS },
        { "{\"check\":\"calls\",\"tool\":\"put\",\"max\":0}", DENIES, GRADE_PASS },
        { "{\"check\":\"text\",\"has\":[\"Done\"]}", SPOILS_NEXT, GRADE_PASS },
        { "{\"check\":\"ends\",\"ends\":[\"answered\"]}", MENDS, GRADE_PASS },
        { "{\"check\":\"calls\",\"tool\":\"put\",\"carried\":true}", MENDS, GRADE_INCONCLUSIVE },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trial_case of = recorded(rows[i].grade);
        struct facts facts = replayed(&of, rows[i].deed);
        struct grade_result result;
        bool broken;
        int verdict = grade_case(&result, &broken, &of, &facts, NULL, NULL);
        if (verdict != (int)rows[i].want)
            fail_msg("row %zu: %s, %s", i, grade_verdict_words[verdict], result.why);
    }
}

/* In a conversation that came to be by itself. */
static void detectors_grade_a_conversation(void **state)
{
    (void)state;
    struct trial_case of =
        recorded("{\"check\":\"detector\",\"detector\":\"string_for_array\",\"want\":\"gone\"},"
                 "{\"check\":\"detector\",\"detector\":\"e_leak_any\",\"want\":\"gone\"},"
                 "{\"check\":\"detector\",\"detector\":\"string_for_array\"}");
    struct facts facts = replayed(&of, AS_RECORDED);
    struct grade_result results[3];
    bool broken;
    facts.known &= ~(unsigned)FACTS_STEPS;
    assert_int_equal(grade_case(results, &broken, &of, &facts, NULL, NULL), GRADE_FAIL);
    assert_int_equal(results[0].answer, GRADE_BROKEN);
    assert_int_equal(results[1].answer, GRADE_HOLDS);
    assert_int_equal(results[2].answer, GRADE_UNKNOWN);
}

/* In an episode of a case that has a recording: gone, and what it was to do is done. */
static void an_episode_resolves_what_was_recorded(void **state)
{
    static const struct row {
        bool symptom, carried;
        const char *args;
        enum grade_answer want;
    } rows[] = {
        { false, true, "{\"ids\": [\"a\"]}", GRADE_HOLDS },
        { false, false, "{\"ids\": [\"a\"]}", GRADE_BROKEN }, /* asked for, and denied */
        { false, true, "{\"ids\": [\"b\"]}", GRADE_BROKEN },  /* another action */
        { true, true, "{\"ids\": [\"a\"]}", GRADE_BROKEN },   /* and the failure beside it */
    };
    (void)state;
    struct trial_case of = recorded("{\"check\":\"detector\",\"detector\":\"string_for_array\"}");
    struct facts failing = replayed(&of, AS_RECORDED);
    struct run good = *failing.run;
    good.steps_count = 0;
    good.messages_count = 1;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct facts_call call = { .tool = STR("put"),
            .args = str_of(rows[i].args),
            .carried = rows[i].carried,
            .denied = !rows[i].carried };
        const struct facts facts = { .known = FACTS_ASKED | FACTS_CARRIED,
            .calls = &call,
            .calls_count = 1,
            .run = rows[i].symptom ? failing.run : &good,
            .recorded = failing.run,
            .recorded_first = failing.first };
        struct grade_result result;
        assert_int_equal(grade_one(&result, &of.grades[0], &facts, NULL, NULL), 0);
        if (result.answer != rows[i].want)
            fail_msg("row %zu: %s", i, result.why);
    }
}

/* --- the workspace, and commands that look at it */

static void write_file(const char *name, const char *text)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", folder, name);
    assert_int_equal(file_write(path, str_of(text), 0644, NULL), 0);
}

static struct facts workspace(void)
{
    return (struct facts){ .known = FACTS_WORKSPACE, .workspace = folder };
}

static void files_are_read_without_following_links(void **state)
{
    static const struct row {
        const char *grade;
        enum grade_answer want;
    } rows[] = {
        { "\"path\":\"a.txt\",\"equals\":\"one\\n\"", GRADE_HOLDS },
        { "\"path\":\"a.txt\",\"equals\":\"two\\n\"", GRADE_BROKEN },
        { "\"path\":\"a.txt\",\"has\":[\"on\"],\"lacks\":[\"two\"]", GRADE_HOLDS },
        { "\"path\":\"a.txt\",\"lacks\":[\"on\"]", GRADE_BROKEN },
        { "\"path\":\"a.txt\",\"absent\":true", GRADE_BROKEN },
        { "\"path\":\"b.txt\",\"absent\":true", GRADE_HOLDS },
        { "\"path\":\"d/b.txt\",\"absent\":true", GRADE_HOLDS },
        { "\"path\":\"b.txt\",\"has\":[\"x\"]", GRADE_BROKEN },
        { "\"path\":\"d\",\"has\":[\"x\"]", GRADE_UNKNOWN },
        { "\"path\":\"link\",\"has\":[\"root\"]", GRADE_UNKNOWN },
        { "\"path\":\"link\",\"absent\":true", GRADE_BROKEN },
        { "\"path\":\"up/etc/passwd\",\"has\":[\"root\"]", GRADE_BROKEN },
    };
    (void)state;
    struct facts facts = workspace();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char grade[200];
        snprintf(grade, sizeof grade, "{\"check\":\"workspace\",%s}", rows[i].grade);
        struct grade_result result = graded(grade, &facts);
        if (result.answer != rows[i].want)
            fail_msg("%s: %s, %s", grade, grade_answer_words[result.answer], result.why);
    }
}

static void a_workspace_is_its_files(void **state)
{
    (void)state;
    struct digest before, after;
    assert_int_equal(facts_workspace_digest(&before, folder, NULL), 0);
    write_file("d/c.txt", "two");
    assert_int_equal(facts_workspace_digest(&after, folder, NULL), 0);
    assert_false(hash_equal(&before, &after));
    write_file("d/c.txt", "three");
    assert_int_equal(facts_workspace_digest(&after, folder, NULL), 0);
    assert_true(hash_equal(&before, &after));
    CLEANUP(mem_freep) char *path = mem_format("%s/a.txt", folder);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(facts_workspace_digest(&after, folder, NULL), 0);
    assert_false(hash_equal(&before, &after));
}

/* It has not looked, and the cases beside it are none the worse. */
static void a_command_that_is_not_there(void **state)
{
    static const char *const programs[] = { "/no/such", "/etc/passwd", "/etc/passwd/x" };
    struct sandbox_check check;
    (void)state;
    if (sandbox_check(&check, NULL) < 0 || check.tier != SANDBOX_STRONG)
        skip();
    struct facts facts = workspace();
    const struct grade_means means = { .sandbox = true, .tier = SANDBOX_STRONG };
    for (size_t i = 0; i < COUNT_OF(programs); i++) {
        struct trial_case of = made(arena_format(
            &arena, "{\"check\":\"command\",\"command\":{\"argv\":[\"%s\"]}}", programs[i]));
        struct grade_result result;
        struct err err = { 0 };
        if (grade_one(&result, &of.grades[0], &facts, &means, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(result.answer, GRADE_UNKNOWN);
        assert_non_null(strstr(result.why, "was not run"));
    }
}

/* What a test has of its own is gone before anything can fail: a failure leaves the test by a jump,
 * and would be told as a leak beside it. */
static struct trial_case command_of(const char *script, unsigned wall_ms)
{
    CLEANUP(buf_done) struct buf grade = { 0 };
    buf_format(&grade,
        "{\"check\":\"command\",\"command\":{\"wall_ms\":%u,\"argv\":[\"/bin/sh\",\"-c\",",
        wall_ms);
    json_quote(&grade, str_of(script));
    buf_text(&grade, "]}}");
    return made(grade.at);
}

static void commands_are_held(void **state)
{
    static const struct row {
        const char *script;
        enum grade_answer want;
        const char *why;
        unsigned wall_ms; /* 0: more than a loaded machine needs */
    } rows[] = {
        { "grep -q one a.txt", GRADE_HOLDS, "" },
        { "grep -q two a.txt || { echo it lacks two; exit 1; }", GRADE_BROKEN, "it lacks two" },
        { "exit 3", GRADE_UNKNOWN, "ended with 3" },
        { "kill -9 $$", GRADE_UNKNOWN, "signal" },
        { "sleep 60", GRADE_UNKNOWN, "limit: wall", 300 },
        /* Where the machine has no room for its first fork, it ends by itself. */
        { "f() { f | f & }; f; wait; sleep 60", GRADE_UNKNOWN, "the grader ", 700 },
        { "echo x >a.txt || exit 1", GRADE_BROKEN, "" },
        { "touch /etc/x || exit 1", GRADE_BROKEN, "" },
        { "cat " KEY " /root/.bashrc /home/*/* && exit 0; exit 1", GRADE_BROKEN, "" },
        { "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", GRADE_UNKNOWN,
            "limit" },
    };
    struct sandbox_check check;
    (void)state;
    if (sandbox_check(&check, NULL) < 0 || check.tier != SANDBOX_STRONG)
        skip();
    struct facts facts = workspace();
    const struct grade_means means = { .sandbox = true, .tier = SANDBOX_STRONG };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trial_case of =
            command_of(rows[i].script, rows[i].wall_ms ? rows[i].wall_ms : 60000);
        struct grade_result result;
        struct err err = { 0 };
        if (grade_one(&result, &of.grades[0], &facts, &means, &err) < 0)
            fail_msg("%s", err.text);
        if (result.answer != rows[i].want || !strstr(result.why, rows[i].why))
            fail_msg("%s: %s, %s", rows[i].script, grade_answer_words[result.answer], result.why);
    }
}

static int begin(void **state)
{
    char path[128];
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/d", folder);
    mkdir(path, 0755);
    write_file("a.txt", "one\n");
    write_file("d/c.txt", "three");
    snprintf(path, sizeof path, "%s/link", folder);
    if (symlink("/etc/passwd", path) < 0)
        return -1;
    snprintf(path, sizeof path, "%s/up", folder);
    return symlink("/", path);
}

static int done(void **state)
{
    (void)state;
    file_remove_tree(folder, NULL);
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_grader_answers),
        cmocka_unit_test(a_state_is_its_canonical_form),
        cmocka_unit_test(what_nobody_saw_is_unknown),
        cmocka_unit_test(a_secret_has_many_coats),
        cmocka_unit_test(answers_come_to_a_verdict),
        cmocka_unit_test(detectors_grade_a_replay),
        cmocka_unit_test(detectors_grade_a_conversation),
        cmocka_unit_test(an_episode_resolves_what_was_recorded),
        cmocka_unit_test(files_are_read_without_following_links),
        cmocka_unit_test(a_workspace_is_its_files),
        cmocka_unit_test(a_command_that_is_not_there),
        cmocka_unit_test(commands_are_held),
    };
    return cmocka_run_group_tests(tests, begin, done);
}
