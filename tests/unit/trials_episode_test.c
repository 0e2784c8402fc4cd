/* trials/episode: cases played to their end by a real, locked worker. The probe does on each hook
 * what the last user message says. */
#include "trials/episode/episode.h"

#include "base/mem.h"
#include "trials/builds.h"
#include "trials/grade/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct builds builds;
static struct seat seat;
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
    seat_done(&seat);
    builds_done(&builds);
    arena_done(&arena);
    return 0;
}

/* The case in the text, with ' in the place of ". */
static struct trial_case *read_case(const char *text)
{
    struct trial_case *of = arena_alloc(&arena, sizeof *of);
    struct err err;
    char *copy = arena_format(&arena, "%s", text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    if (case_read(of, str_of(copy), &arena, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return of;
}

static struct episode play_with(struct seat *on, const struct trial_case *of, uint64_t seed)
{
    const struct replay_arm arm = { .worker = MOULT_BIN_DIR "/moult-worker",
        .builds = builds.list,
        .builds_count = builds.count,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 1 };
    const struct episode_plan plan = { .of = of,
        .arm = &arm,
        .seed = seed,
        .means = { .tool = MOULT_BIN_DIR "/moult-tool", .tier = SANDBOX_CONTAINER } };
    struct episode episode;
    struct err err;
    if (episode_play(&episode, on, &plan, &arena, &err) < 0)
        fail_msg("%s", err.text);
    return episode;
}

/* Twice, in another worker and with other dice: what it asks for is the same. */
static struct episode play(const char *text)
{
    struct seat other = { 0 };
    const struct trial_case *of = read_case(text);
    struct episode again = play_with(&other, of, 2), episode = play_with(&seat, of, 1);
    assert_memory_equal(&again.effects, &episode.effects, sizeof again.effects);
    episode_done(&again);
    seat_done(&other);
    return episode;
}

static enum grade_verdict grade(const char *text, const struct episode *episode)
{
    const struct trial_case *of = read_case(text);
    struct grade_result results[CASE_GRADES_MAX];
    bool floor;
    int verdict = grade_case(results, &floor, of, &episode->facts, NULL, NULL);
    for (uint32_t i = 0; i < of->grades_count; i++)
        if (results[i].answer != GRADE_HOLDS)
            print_message("grade %u: %s\n", i, results[i].why);
    return (enum grade_verdict)verdict;
}

#define HEAD "{'moult_case':1,'id':'x',"
#define TOOL(rest)                                                                                 \
    "{'schema':{'type':'function','function':{'name':'lookup','parameters':{'type':'object'}}}"    \
    "," rest "}"
#define SAYS(text) "{'message':{'role':'assistant','content':'" text "'}}"
#define CALLS                                                                                      \
    "{'message':{'role':'assistant','content':null,'tool_calls':[{'id':'c1','type':'function',"    \
    "'function':{'name':'lookup','arguments':'{}'}}]}}"
#define RESULT(text) "{'message':{'role':'tool','tool_call_id':'c1','content':'" text "'}}"

/* --- recorded */

#define RECORDED(settings, tool, user)                                                             \
    HEAD settings                                                                                  \
        "'inbox':[{'role':'user','content':'" user "'},{'role':'user','content':'And?'}],"         \
        "'tools':[" tool "],'model':{'recorded':[{'inbox':0}," CALLS                               \
        "," RESULT("seven") "," SAYS("It is seven.") ",{'inbox':1}," SAYS(                         \
            "That is all.") "]},"                                                                  \
                            "'grade':[{'check':'text','has':['seven','all']},{'check':'ends','"    \
                            "ends':['answered']},"                                                 \
                            "{'check':'calls','tool':'lookup','min':1,'max':1,'carried':true}]}"

static void what_was_recorded_is_played(void **state)
{
    (void)state;
    const char *text = RECORDED("", TOOL("'recorded':true"), "Well?");
    struct episode episode = play(text);
    assert_int_equal(episode.by[EPISODE_RECORDED], 3);
    assert_int_equal(episode.requests, 3);
    assert_int_equal(episode.turns, 2);
    assert_int_equal(episode.parting.at, 0);
    assert_false(episode.facts.abnormal || episode.facts.stopped);
    assert_int_equal(episode.facts.run->messages_count, 6);
    assert_true(str_equal(episode.facts.calls[0].result, STR("seven")));
    assert_int_equal(grade(text, &episode), GRADE_PASS);
    episode_done(&episode);
}

/* Another result, and the conversation is another: nothing near it is played. */
static void a_divergence_is_settled_as_the_case_says(void **state)
{
    (void)state;
    struct episode episode = play(RECORDED("", TOOL("'script':[{'result':'eight'}]"), "Well?"));
    assert_true(episode.facts.stopped);
    assert_int_equal(episode.facts.divergence, CASE_INCONCLUSIVE);
    assert_int_equal(episode.parting.at, 2); /* the second request */
    assert_false(episode.parting.call);
    assert_true(str_find(episode.parting.recorded, STR("seven")) >= 0);
    assert_true(str_find(episode.parting.asked, STR("eight")) >= 0);
    assert_int_equal(episode.turns, 1);
    assert_int_equal(grade(RECORDED("", TOOL("'script':[{'result':'eight'}]"), "Well?"), &episode),
        GRADE_INCONCLUSIVE);
    episode_done(&episode);

    const char *fail = RECORDED(
        "'settings':{'divergence':'fail'},", TOOL("'script':[{'result':'eight'}]"), "Well?");
    episode = play(fail);
    assert_int_equal(grade(fail, &episode), GRADE_FAIL);
    episode_done(&episode);
}

/* What the source said to a tool that it did not have, either. */
static void an_unknown_tool_is_answered_as_it_was(void **state)
{
    (void)state;
    struct episode episode = play(HEAD
        "'inbox':[{'role':'user','content':'Well?'}],'model':{'recorded':[{'inbox':0}," CALLS
        "," RESULT("seven") "," SAYS("It is seven.") "]},"
                                                     "'grade':[{'check':'text','has':['seven']}]}");
    assert_false(episode.facts.stopped);
    assert_int_equal(episode.by[EPISODE_RECORDED], 2);
    assert_true(str_equal(episode.facts.calls[0].result, STR("seven")));
    episode_done(&episode);
}

static void a_denied_call_is_not_carried_out(void **state)
{
    (void)state;
    struct episode episode =
        play(RECORDED("", TOOL("'recorded':true"), "{\\'before_tool\\':\\'deny\\'}"));
    assert_int_equal(episode.calls, 0);
    assert_int_equal(episode.facts.calls_count, 1);
    assert_true(episode.facts.calls[0].denied);
    assert_true(episode.facts.stopped); /* the model is asked what it was never asked */
    episode_done(&episode);
}

/* --- scripted */

#define SCRIPTED(more, user)                                                                       \
    HEAD more                                                                                      \
        "'inbox':[{'role':'user','content':'" user "'}],"                                          \
        "'state':{'world':{'stock':2}},"                                                           \
        "'tools':[" TOOL(                                                                          \
            "'script':[{'world':{'stock':2},'result':{'left':2},'set':{'stock':1}},"               \
            "{'world':{'stock':1},'times':1,'result':'one left'},"                                 \
            "{'result':'Error: none','failed':true}]") "],"                                        \
                                                       "'model':{'script':{'rules':["              \
                                                       "{'when':{'last_role':'user'},'call':{'"    \
                                                       "name':'lookup','arguments':{'a':1}}},"     \
                                                       "{'when':{'result_contains':'left\\':2'},'" \
                                                       "call':{'name':'lookup','arguments':{'a':"  \
                                                       "2}}},"                                     \
                                                       "{'when':{'result_contains':'one "          \
                                                       "left'},'call':{'name':'lookup','"          \
                                                       "arguments':{'a':3}}},"                     \
                                                       "{'say':'None is left.'}]}},"               \
                                                       "'grade':[{'check':'state','path':'/"       \
                                                       "stock','equals':1},{'check':'text','has':" \
                                                       "['None']},"                                \
                                                       "{'check':'calls','tool':'lookup','min':3," \
                                                       "'max':3}]}"

static void a_script_and_a_world_play_together(void **state)
{
    (void)state;
    const char *text = SCRIPTED("", "Well?");
    struct episode episode = play(text);
    assert_int_equal(episode.by[EPISODE_SCRIPT], 4);
    assert_int_equal(episode.calls, 3);
    assert_true(str_equal(episode.facts.calls[0].result, STR("{\"left\":2}")));
    assert_true(episode.facts.calls[2].failed);
    assert_int_equal(grade(text, &episode), GRADE_PASS);
    episode_done(&episode);
}

/* --- faults */

static void faults_come_where_the_case_has_them(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *user;
        bool answered;
        unsigned faults;
    } rows[] = {
        { "'faults':[{'kind':'rate_limit','step':0}],", "Well?", false, 1 },
        { "'faults':[{'kind':'rate_limit','step':1}],", "Well?", false, 1 },
        { "'faults':[{'kind':'overloaded','step':0}],", "{\\'model_error\\':\\'retry\\'}", true,
            1 },
        { "'faults':[{'kind':'kill','step':0}],", "Well?", true, 1 },
        { "'faults':[{'kind':'kill','step':2,'times':3}],", "Well?", true, 3 },
        { "'faults':[{'kind':'oversize','call':2,'bytes':100000}],", "Well?", true, 0 },
        { "'faults':[{'kind':'binary','call':2,'bytes':500}],", "Well?", true, 0 },
        { "'faults':[{'kind':'tool_timeout','call':2}],", "Well?", true, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[3000];
        const char *from = SCRIPTED("FAULT", "USER");
        const char *fault = strstr(from, "FAULT"), *user = strstr(from, "USER");
        snprintf(text, sizeof text, "%.*s%s%.*s%s%s", (int)(fault - from), from, rows[i].fault,
            (int)(user - fault - 5), fault + 5, rows[i].user, user + 4);
        struct episode episode = play(text);
        assert_false(episode.facts.abnormal);
        assert_int_equal(episode.facts.end == CASE_END_ANSWERED, rows[i].answered);
        assert_int_equal(episode.by[EPISODE_FAULT], rows[i].faults);
        episode_done(&episode);
    }
}

static void a_run_ends_at_the_limits_of_its_case(void **state)
{
    (void)state;
    static const char *const limits[] = { "'calls':1", "'steps':2" };
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        char text[3000];
        const char *from = SCRIPTED("'settings':{'limits':{LIMIT}},", "Well?");
        const char *at = strstr(from, "LIMIT");
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - from), from, limits[i], at + 5);
        struct episode episode = play(text);
        assert_int_equal(episode.facts.end, CASE_END_LIMIT);
        assert_false(episode.facts.abnormal);
        assert_true(episode.calls <= 2 && episode.facts.texts_count == 0);
        assert_int_equal(grade(text, &episode), GRADE_FAIL);
        episode_done(&episode);
    }
}

/* What a harness does to its worker is a fact about it, and no error of ours. */
static void a_worker_that_dies_has_failed(void **state)
{
    (void)state;
    struct episode episode = play(SCRIPTED("", "{\\'reply\\':\\'crash\\'}"));
    assert_true(episode.facts.abnormal);
    assert_int_equal(grade(SCRIPTED("", "x"), &episode), GRADE_FAIL);
    episode_done(&episode);
    episode = play(SCRIPTED("", "Well?")); /* the next one has a worker again */
    assert_int_equal(episode.facts.end, CASE_END_ANSWERED);
    episode_done(&episode);
}

/* --- programs */

#define COMMAND(command)                                                                           \
    HEAD "'inbox':[{'role':'user','content':'Go.'}],"                                              \
         "'state':{'files':[{'path':'a/b.txt','text':'bee'}]},"                                    \
         "'tools':[" TOOL("'command':" command) "],"                                               \
                                                "'model':{'script':{'rules':["                     \
                                                "{'when':{'last_role':'user'},'call':{'name':'"    \
                                                "lookup','arguments':{'q':'x'}}},"                 \
                                                "{'say':'Done.'}]}},"                              \
                                                "'grade':[{'check':'workspace','path':'out.txt','" \
                                                "has':['bee'] }]}"

static void a_program_answers_on_the_workspace(void **state)
{
    (void)state;
    const char *text = COMMAND("{'argv':['/bin/sh','-c','read it; cat a/b.txt >out.txt; echo got "
                               "\\\"$it\\\"'],'once':true}");
    struct episode episode = play(text);
    struct stat status;
    assert_string_equal(episode.facts.calls[0].result.at, "got {\"q\":\"x\"}\n");
    assert_false(episode.facts.calls[0].failed);
    assert_int_equal(stat(episode.facts.workspace, &status), 0);
    assert_int_equal(grade(text, &episode), GRADE_PASS);
    CLEANUP(mem_freep) char *gone = mem_format("%s", episode.facts.workspace);
    episode_done(&episode);
    assert_int_equal(stat(gone, &status), -1);

    episode = play(COMMAND("{'argv':['/bin/sh','-c','sleep 100'],'once':true,'wall_ms':300}"));
    assert_true(episode.facts.calls[0].failed);
    assert_true(str_find(episode.facts.calls[0].result, STR("wall")) >= 0);
    episode_done(&episode);
}

static void a_server_that_is_none_loses_the_call(void **state)
{
    (void)state;
    struct episode episode = play(COMMAND("{'argv':['/bin/cat'],'wall_ms':300}"));
    assert_int_equal(episode.facts.end, CASE_END_ANSWERED);
    assert_true(episode.facts.calls[0].failed);
    episode_done(&episode);
}

/* It is run, in a workspace that has nothing. */
static void a_command_grades_a_case_without_files(void **state)
{
    static const struct {
        const char *script;
        enum grade_answer want;
    } rows[] = { { "test -z \\\"$(ls -A)\\\"", GRADE_HOLDS }, { "exit 1", GRADE_BROKEN } };
    const struct grade_means means = { .sandbox = true, .tier = SANDBOX_CONTAINER };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *text = arena_format(&arena,
            HEAD "'inbox':[{'role':'user','content':'Go.'}],'model':{'script':{'rules':["
                 "{'say':'Done.'}]}},'grade':[{'check':'command','command':{'argv':["
                 "'/bin/sh','-c','%s']}}]}",
            rows[i].script);
        struct episode episode = play(text);
        struct grade_result result;
        struct err err;
        if (grade_one(&result, &read_case(text)->grades[0], &episode.facts, &means, &err) < 0)
            fail_msg("%s", err.text);
        if (result.answer != rows[i].want)
            fail_msg("%s: %s", rows[i].script, result.why);
        episode_done(&episode);
    }
}

/* A failure that is to be resolved is one of the recording: it is there for the grader. */
static void a_recording_is_there_to_compare_with(void **state)
{
    (void)state;
    static const char text[] = HEAD "'inbox':[{'role':'user','content':'Go.'}],'tools':[" TOOL(
        "'recorded':true") "],"
                           "'model':{'recorded':[{'inbox':0}," SAYS(
                               "Done.") "]},"
                                        "'grade':[{'check':'detector','detector':'leak_tagged'%s}]"
                                        "}";
    struct episode episode = play(arena_format(&arena, text, ""));
    assert_non_null(episode.facts.recorded);
    assert_ptr_not_equal(episode.facts.recorded, episode.facts.run);
    episode_done(&episode);
    episode = play(arena_format(&arena, text, ",'want':'gone'"));
    assert_null(episode.facts.recorded);
    episode_done(&episode);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_recorded_is_played),
        cmocka_unit_test(a_divergence_is_settled_as_the_case_says),
        cmocka_unit_test(an_unknown_tool_is_answered_as_it_was),
        cmocka_unit_test(a_denied_call_is_not_carried_out),
        cmocka_unit_test(a_script_and_a_world_play_together),
        cmocka_unit_test(faults_come_where_the_case_has_them),
        cmocka_unit_test(a_run_ends_at_the_limits_of_its_case),
        cmocka_unit_test(a_worker_that_dies_has_failed),
        cmocka_unit_test(a_program_answers_on_the_workspace),
        cmocka_unit_test(a_recording_is_there_to_compare_with),
        cmocka_unit_test(a_command_grades_a_case_without_files),
        cmocka_unit_test(a_server_that_is_none_loses_the_call),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
