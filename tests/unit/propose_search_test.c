/* search.c, judge.c: how a search ends that cannot find anything, and what it does when the driver
 * refuses, lies or goes. The other end is a script; finding is tested with real workers in
 * tests/integration/search_finds. */
#include "propose/search.h"

#include "base/fd.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WANT                                                                                       \
    "\"want\":{\"calls\":\"00000000000000aa\",\"text\":\"00000000000000bb\","                      \
    "\"end\":\"00000000000000cc\"}"
#define ORDER "static const struct moult_place places[] = { { MOULT_REPLY, \\\"replies\\\" }, };\\n"
#define SOURCE                                                                                     \
    "#include \\\"moult.h\\\"\\n\\nstatic moult_action look(moult_turn *turn)\\n{\\n    return "   \
    "MOULT_PASS;\\n}\\n\\nMOULT_EXPORT const struct moult_plugin moult_plugin = {\\n    .reply = " \
    "look,\\n};\\n"
#define STEP(id, kind)                                                                             \
    "{\"id\":" id ",\"group\":\"g" id "\",\"kind\":\"" kind "\"," WANT                             \
    ",\"reply\":{\"content\":\"{\\\"name\\\": 1}\"}}"

static const char *bundle_with(const char *hook, const char *order, const char *steps)
{
    static char text[4096];
    snprintf(text, sizeof(text),
        "{\"schema\":1,\"cluster\":\"c\",\"hook\":\"%s\",\"plugins\":[{\"name\":\"replies\","
        "\"path\":\"plugins/replies/replies.c\",\"source\":\"" SOURCE "\",\"hooks\":[\"reply\"]}],"
        "\"pipeline\":{\"path\":\"pipeline/order.c\",\"source\":\"%s\"},\"tools\":[],"
        "\"steps\":[%s],\"budget\":{\"seconds\":40}}",
        hook, order, steps);
    return text;
}

/* What the driver's end does. */
enum script {
    SERVE,        /* builds, and answers every candidate with the same effects */
    REFUSE,       /* DENIED */
    NO_BUILD,     /* BUILT, not ok */
    WRONG_STEP,   /* verdicts on a step that was not asked about */
    TOO_FEW,      /* fewer verdicts than candidates */
    OUT_OF_TURN,  /* TRIED to a BUILD */
    NO_NEXT,      /* as SERVE, but no candidate of the plugin "replies" builds */
    WORKER_FALLS, /* the first way of the first change brings all down, the second mends */
    GO            /* closes */
};

struct heard {
    char stop[1024], said[8192], proposed[2048];
    unsigned builds, judges, says;
};

/* Whether a candidate of the request takes that way of the first change. */
static bool takes(const struct proposer_judge *judge, uint32_t candidate, uint16_t way)
{
    const uint16_t *holes = judge->holes + (size_t)candidate * judge->width;
    return holes[HOLE_CHANGE] == 1 && holes[HOLE_VALUE] == way;
}

static void fall(const struct proposer_judge *judge, struct proposer_verdict *verdicts)
{
    bool falls = false;
    for (uint32_t i = 0; i < judge->count; i++)
        falls |= takes(judge, i, 1);
    for (uint32_t i = 0; i < judge->count; i++) {
        verdicts[i].abnormal = falls;
        if (!falls && takes(judge, i, 2))
            verdicts[i] = (struct proposer_verdict){ .calls = 0xaa, .text = 0xbb, .end = 0xcc };
    }
}

static void answer_judge(
    struct proposer_channel *channel, struct str payload, enum script script, struct arena *arena)
{
    struct proposer_judge judge;
    struct proposer_verdict *verdicts;
    assert_int_equal(proposer_judge_decode(&judge, arena, payload, NULL), 0);
    verdicts = arena_alloc(arena, judge.count * sizeof(*verdicts));
    for (uint32_t i = 0; i < judge.count; i++)
        verdicts[i].reached = 1;
    if (script == WORKER_FALLS)
        fall(&judge, verdicts);
    for (uint32_t i = 0; i < judge.jobs_count; i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        struct proposer_judged judged = {
            .job = script == WRONG_STEP ? 77 : judge.jobs[i],
            .verdicts = verdicts,
            .count = script == TOO_FEW ? judge.count - 1 : judge.count,
        };
        proposer_judged_encode(&out, &judged);
        proposer_send(channel, PROPOSER_JUDGED, buf_view(&out), NULL);
    }
}

static bool may_build(enum script script, struct str payload)
{
    bool next = str_starts(payload, STR("{\"plugin\":\"replies\""));
    bool candidates = str_find(payload, STR("search_run(")) >= 0;
    return script != NO_BUILD && !(script == NO_NEXT && next && candidates);
}

static void serve(int fd, enum script script, struct heard *ret)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(proposer_channel_done) struct proposer_channel channel = { .fd = fd };
    enum proposer_type type;
    struct str payload;
    while (proposer_receive(&channel, &type, &payload, NULL) == 1) {
        if (type == PROPOSER_SAY) {
            ret->says++;
            size_t size = strlen(ret->said);
            snprintf(ret->said + size, sizeof(ret->said) - size, "%.*s\n", (int)payload.size,
                payload.at);
        } else if (type == PROPOSER_STOP) {
            snprintf(ret->stop, sizeof(ret->stop), "%.*s", (int)payload.size, payload.at);
        } else if (script == GO) {
            return;
        } else if (script == REFUSE) {
            proposer_send(&channel, PROPOSER_DENIED, STR("over budget"), NULL);
        } else if (type == PROPOSER_BUILD) {
            ret->builds++;
            proposer_send(&channel, script == OUT_OF_TURN ? PROPOSER_TRIED : PROPOSER_BUILT,
                may_build(script, payload)
                    ? STR("{\"ok\":true}")
                    : STR("{\"ok\":false,\"stage\":\"compile\",\"findings\":[]}"),
                NULL);
        } else if (type == PROPOSER_JUDGE) {
            ret->judges++;
            answer_judge(&channel, payload, script, &arena);
        } else if (type == PROPOSER_TRY) {
            proposer_send(&channel, PROPOSER_TRIED,
                STR("{\"ok\":true,\"fixed\":1,\"fixed_groups\":1}"), NULL);
        } else if (type == PROPOSER_PROPOSE) {
            snprintf(ret->proposed, sizeof(ret->proposed), "%.*s", (int)payload.size, payload.at);
        }
    }
}

/* The search in a process of its own; returns its code. */
static int run(const char *bundle, enum script script, struct heard *ret)
{
    int pair[2], status;
    *ret = (struct heard){ 0 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct err err;
        close(pair[0]);
        int r = search_run(str_of(bundle), pair[1], &err);
        _exit(r < 0 ? -r : 0);
    }
    fd_closep(&pair[1]);
    serve(pair[0], script, ret);
    fd_closep(&pair[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void it_says_why_it_cannot_begin(void **state)
{
    static const struct {
        const char *name, *hook, *order, *steps, *why;
    } rows[] = {
        { "a hook that no recorded answer reaches", "turn_end", ORDER, STEP("0", "fail"),
            "does not reach this hook" },
        { "no failing step", "reply", ORDER, STEP("0", "pass"), "no failing step" },
        { "nobody stands at the hook", "answer", ORDER, STEP("0", "fail"),
            "no plugin stands at answer" },
        { "an order that does not parse", "reply", "static {", STEP("0", "fail"),
            "the order of the plugins" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct heard heard;
        print_message("%s\n", rows[i].name);
        const char *bundle = bundle_with(rows[i].hook, rows[i].order, rows[i].steps);
        assert_int_equal(run(bundle, SERVE, &heard), 0);
        assert_non_null(strstr(heard.stop, "nothing found"));
        assert_non_null(strstr(heard.stop, rows[i].why));
        assert_int_equal(heard.builds + heard.judges, 0);
    }
}

/* Nothing that a candidate does is right: it looks at everything and says so, with counts. */
static void it_ends_when_nothing_is_right(void **state)
{
    (void)state;
    struct heard heard;
    const char *bundle =
        bundle_with("reply", ORDER, STEP("0", "fail") "," STEP("1", "fail") "," STEP("2", "pass"));
    assert_int_equal(run(bundle, SERVE, &heard), 0);
    assert_non_null(strstr(heard.stop, "nothing found: no action of the vocabulary is right"));
    assert_non_null(strstr(heard.stop, "\"ingredients\":[]"));
    assert_null(strstr(heard.stop, "\"judged\":0,"));
    assert_true(heard.builds > 1 && heard.judges > 1 && heard.says > 1);
}

/* What it may spend is used up: that is no fault of either. */
static void a_driver_that_refuses_is_told_of(void **state)
{
    (void)state;
    struct heard heard;
    assert_int_equal(run(bundle_with("reply", ORDER, STEP("0", "fail")), REFUSE, &heard), 0);
    assert_non_null(strstr(heard.stop, "the driver: over budget"));
}

#define FIRST                                                                                      \
    "\"plugins\":[{\"name\":\"first\",\"path\":\"plugins/first/first.c\",\"source\":\"" SOURCE     \
    "\",\"hooks\":[\"reply\"]},"

/* Two plugins at the hook: where nothing is found at one, the other is looked at; what does not
 * compile there costs nothing of what was found before. */
static void the_next_best_plugin_is_looked_at(void **state)
{
    (void)state;
    static const enum script scripts[] = { SERVE, NO_NEXT };
    const char *one = bundle_with("reply",
        "static const struct moult_place places[] = { { MOULT_REPLY, \\\"replies\\\" }, { "
        "MOULT_REPLY, "
        "\\\"first\\\" }, };\\n",
        STEP("0", "fail") "," STEP("1", "pass"));
    const char *rest = strstr(one, "\"plugins\":[") + strlen("\"plugins\":[");
    static char both[8192];
    snprintf(both, sizeof(both),
        "{\"schema\":1,\"cluster\":\"c\",\"hook\":\"reply\",\"without\":[\"order\"]," FIRST "%s",
        rest);
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        struct heard heard;
        assert_int_equal(run(both, scripts[i], &heard), 0);
        assert_non_null(strstr(heard.said, "nothing whole there: at line 5 in look of replies"));
        assert_non_null(strstr(heard.stop, "nothing found"));
    }
}

static void a_driver_that_misbehaves_ends_it(void **state)
{
    static const struct {
        const char *name;
        enum script script;
        int want;
    } rows[] = {
        { "the trial build fails", NO_BUILD, ERR_INPUT },
        { "verdicts on another step", WRONG_STEP, ERR_PEER },
        { "too few verdicts", TOO_FEW, ERR_PEER },
        { "an answer out of turn", OUT_OF_TURN, ERR_PEER },
        { "it goes", GO, ERR_PEER },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct heard heard;
        print_message("%s\n", rows[i].name);
        int got = run(bundle_with("reply", ORDER, STEP("0", "fail")), rows[i].script, &heard);
        if (rows[i].script == GO)
            assert_true(got == ERR_PEER || got == ERR_SYS);
        else
            assert_int_equal(got, rows[i].want);
        assert_string_equal(heard.stop, "");
    }
}

/* What brings the worker down takes every other candidate of its request with it. */
static void a_way_that_brings_the_worker_down_stands_alone(void **state)
{
    (void)state;
    struct heard heard;
    assert_int_equal(run(bundle_with("reply", ORDER, STEP("0", "fail")), WORKER_FALLS, &heard), 0);
    assert_non_null(strstr(heard.stop, "\"why\":\"found\""));
    assert_non_null(strstr(heard.proposed, "MOULT_PASS in look becomes MOULT_FINISH"));
}

/* One edit that mends all ends the search, unless the gate has refused it: then it goes on. */
static void what_has_lost_is_not_enough(void **state)
{
    (void)state;
    struct heard heard;
    static char with_past[8192];
    const char *bundle = bundle_with("reply", ORDER, STEP("0", "fail"));
    assert_int_equal(run(bundle, WORKER_FALLS, &heard), 0);
    assert_null(strstr(heard.said, "values:"));
    const char *edits = strstr(heard.proposed, "\"edits\":"),
               *budget = strstr(bundle, "\"budget\"");
    assert_non_null(edits);
    snprintf(with_past, sizeof(with_past), "%.*s\"past\":[{\"plugin\":\"replies\",%.*s}],%s",
        (int)(budget - bundle), bundle, (int)(strchr(edits, ']') + 1 - edits), edits, budget);
    assert_int_equal(run(with_past, WORKER_FALLS, &heard), 0);
    assert_non_null(strstr(heard.said, "values:"));
    assert_null(strstr(heard.proposed, "MOULT_PASS in look becomes MOULT_FINISH"));
}

static void a_bundle_that_is_none_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "[]",
        "{\"schema\":2}",
        "{\"schema\":1,\"steps\":[{\"id\":0,\"kind\":\"fail\"}]}",
        "{\"schema\":1,\"steps\":[{\"id\":-1,\"kind\":\"fail\"," WANT "}]}",
        "{\"schema\":1,\"steps\":[{\"id\":0,\"kind\":\"test\"," WANT "}]}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct heard heard;
        assert_int_equal(run(rows[i], SERVE, &heard), ERR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_why_it_cannot_begin),
        cmocka_unit_test(it_ends_when_nothing_is_right),
        cmocka_unit_test(a_driver_that_refuses_is_told_of),
        cmocka_unit_test(the_next_best_plugin_is_looked_at),
        cmocka_unit_test(a_driver_that_misbehaves_ends_it),
        cmocka_unit_test(a_way_that_brings_the_worker_down_stands_alone),
        cmocka_unit_test(what_has_lost_is_not_enough),
        cmocka_unit_test(a_bundle_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
