/* Model requests that failed, as steps: read from a trace, put to a real worker, framed. The probe
 * does on model_error what the last user message says. */
#include "trials/builds.h"
#include "trials/frame.h"
#include "trials/sight.h"

#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sdk/moult.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

_Static_assert(WIRE_ERRORS == MOULT_SERVER + 1, "a word for every class");

enum { WALL_MS = 10000, LEASE = 9 };
#define USER(order) "{\"role\":\"user\",\"content\":\"" order "\"}"
#define SAYS(hook, what) USER("{\\\"" hook "\\\":\\\"" what "\\\"}")
#define TEXT "{\"role\":\"assistant\",\"content\":\"Fine.\"}"
#define ERROR(rest) "{\"role\":\"error\",\"class\":\"rate_limit\",\"status\":429" rest "}"

static struct arena arena;
static struct builds builds;
static struct replay *replay;

static int set_up(void **state)
{
    (void)state;
    struct err err;
    if (builds_read(&builds, MOULT_BIN_DIR "/../plugins/probe", &err) < 0)
        fail_msg("%s", err.text);
    const struct replay_arm arm = { .worker = MOULT_BIN_DIR "/moult-worker",
        .builds = builds.list,
        .builds_count = builds.count,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER };
    int rc = replay_open(&replay, &arm, 1, &err);
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

static struct run *run_of(const char *const *messages)
{
    struct run *run = run_new(&arena);
    struct err err;
    for (; *messages; messages++)
        if (run_add(run, str_of(*messages), false, &err) < 0)
            fail_msg("%s", err.text);
    run_seal(run);
    run->session = STR("0123");
    return run;
}

/* --- reading */

static void words_stand_at_their_class(void **state)
{
    (void)state;
    static const struct {
        int class;
        const char *word;
    } rows[] = { { MOULT_RATE_LIMIT, "rate_limit" }, { MOULT_OVERLOADED, "overloaded" },
        { MOULT_TOO_LONG, "too_long" }, { MOULT_REFUSED, "refused" },
        { MOULT_MALFORMED, "malformed" }, { MOULT_TIMEOUT, "timeout" },
        { MOULT_CONNECTION, "connection" }, { MOULT_BAD_REQUEST, "bad_request" },
        { MOULT_UNAUTHORIZED, "unauthorized" }, { MOULT_SERVER, "server" } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(wire_error_words[rows[i].class], rows[i].word);
}

static void an_error_is_read_or_refused(void **state)
{
    (void)state;
    struct run *run = run_of((const char *const[]){ USER("hi"),
        ERROR(",\"retry_after_ms\":2000,\"attempt\":1,\"model\":1,\"models\":3"), NULL });
    const struct run_error *error = run_step_error(run, 0);
    assert_int_equal(error->class, MOULT_RATE_LIMIT);
    assert_int_equal(error->status, 429);
    assert_int_equal(error->retry_after_ms, 2000);
    assert_int_equal(error->attempt, 1);
    assert_int_equal(error->model, 1);
    assert_int_equal(error->models, 3);
    assert_int_equal(run->models, 3);
    assert_false(error->again);
    run = run_of((const char *const[]){ ERROR(""), NULL }); /* what is not said is nothing */
    assert_int_equal(run_step_error(run, 0)->models, 1);
    static const char *const wrong[] = { "{\"role\":\"error\"}",
        "{\"role\":\"error\",\"class\":\"none\"}", "{\"role\":\"error\",\"class\":\"bad luck\"}",
        ERROR(",\"retry_after_ms\":-1"), ERROR(",\"retry_after_ms\":\"2\""),
        ERROR(",\"retry_after_ms\":99999999999"), ERROR(",\"attempt\":65"),
        ERROR(",\"models\":1001"), ERROR(",\"model\":1"), ERROR(",\"model\":2,\"models\":2"),
        ERROR(",\"models\":2,\"then\":{\"model\":2}"),
        ERROR(",\"models\":2,\"then\":{\"wait_ms\":-5}") };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct err err;
        struct run *other = run_new(&arena);
        if (run_add(other, str_of(wrong[i]), false, &err) != -ERR_INPUT)
            fail_msg("%s was taken", wrong[i]);
        assert_int_equal(other->messages_count, 0);
        run_seal(other); /* whoever goes on without it finds nothing of it */
    }
}

static void an_error_is_a_step_and_in_no_context(void **state)
{
    (void)state;
    const struct run *run = run_of((const char *const[]){
        USER("a"), ERROR(""), USER("b"), ERROR(""), TEXT, USER("c"), TEXT, NULL });
    static const uint32_t messages[] = { 1, 3, 4, 6 }, contexts[] = { 1, 2, 2, 4 },
                          told[] = { 0, 2, 4, 5, 6 };
    assert_int_equal(run->steps_count, COUNT_OF(messages));
    assert_int_equal(run->told_count, COUNT_OF(told));
    for (uint32_t i = 0; i < COUNT_OF(messages); i++) {
        assert_int_equal(run->steps[i], messages[i]);
        assert_int_equal(run_context(run, i), contexts[i]);
        assert_int_equal(run_step_error(run, i) != NULL, i < 2);
    }
    assert_memory_equal(run->told, told, sizeof(told));
}

/* --- replay */

static const struct row {
    const char *name, *order, *error;
    uint8_t end, again;
    bool same;
} rows[] = {
    { "the turn ends", USER("{}"), ERROR(""), EFFECTS_FAILED, WIRE_AGAIN_NOT, true },
    { "it ends, and others had failed before", USER("{}"), ERROR(",\"attempt\":3"), EFFECTS_FAILED,
        WIRE_AGAIN_NOT, true },
    { "asked again at once", SAYS("model_error", "retry"), ERROR(",\"retry_after_ms\":2000"),
        EFFECTS_ASKED, WIRE_AGAIN_SOON, false },
    { "again later, and sooner than asked for", SAYS("model_error", "retry once"),
        ERROR(",\"retry_after_ms\":2000"), EFFECTS_ASKED, WIRE_AGAIN_SOON, false },
    { "again when the provider said", SAYS("model_error", "retry once"),
        ERROR(",\"retry_after_ms\":700"), EFFECTS_ASKED, WIRE_AGAIN_LATER, false },
    { "another model", SAYS("model_error", "retry later"),
        ERROR(",\"models\":2,\"retry_after_ms\":2000"), EFFECTS_ASKED, WIRE_AGAIN_OTHER, false },
    { "another model, and there is none", SAYS("model_error", "retry later"), ERROR(""),
        EFFECTS_ASKED, WIRE_AGAIN_LATER, false },
    { "once more, but it had failed twice", SAYS("model_error", "retry once"),
        ERROR(",\"attempt\":1"), EFFECTS_FAILED, WIRE_AGAIN_NOT, true },
    { "for ever", SAYS("model_error", "retry"), ERROR(",\"attempt\":7"), EFFECTS_ASKED,
        WIRE_AGAIN_SOON, false },
    { "as recorded: asked again", SAYS("model_error", "retry once"),
        ERROR(",\"models\":2,\"then\":{\"model\":0,\"wait_ms\":500}"), EFFECTS_ASKED,
        WIRE_AGAIN_LATER, true },
    { "asked again where it was not recorded so", SAYS("model_error", "retry later"),
        ERROR(",\"models\":2,\"then\":{\"model\":0,\"wait_ms\":500}"), EFFECTS_ASKED,
        WIRE_AGAIN_OTHER, false },
    { "words of its own", SAYS("model_error", "finish"), ERROR(""), EFFECTS_ANSWERED,
        WIRE_AGAIN_NOT, false },
    { "a question is asked", SAYS("model_error", "ask"), ERROR(""), EFFECTS_ASKED, WIRE_AGAIN_NOT,
        false },
    { "a decision that it may not make", SAYS("model_error", "deny"), ERROR(""), EFFECTS_ABNORMAL,
        WIRE_AGAIN_NOT, true },
    { "a crash", SAYS("model_error", "crash"), ERROR(""), EFFECTS_ABNORMAL, WIRE_AGAIN_NOT, false },
};

struct seen {
    const struct run *run;
    unsigned steps;
    struct effects effects; /* of the first step; texts are gone */
    enum outcome outcome;
    bool reply_same; /* the step behind it */
};

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct seen *seen = with;
    while (seen->run != run)
        seen++;
    assert_int_equal(step, seen->steps++);
    if (step == 0) {
        seen->effects = *effects;
        seen->effects.request_same = true; /* the probe offers a tool of its own */
        seen->effects.shown = 0;
        seen->effects.asked = (struct digest){ 0 };
        seen->outcome = detect_outcome(
            detector_find("turn_failed_rate_limit"), run, step, &seen->effects, &arena);
    } else {
        seen->reply_same = effects->same;
    }
    return 0;
}

/* Behind each error the conversation goes on: its reply finds the context that it had. */
static void every_way_in_which_an_error_can_go(void **state)
{
    (void)state;
    const struct run *runs[COUNT_OF(rows)];
    struct seen seen[COUNT_OF(rows)] = { 0 };
    struct err err;
    if (!replay)
        skip();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        runs[i] = seen[i].run =
            run_of((const char *const[]){ rows[i].order, rows[i].error, USER("{}"), TEXT, NULL });
    if (replay_runs(replay, runs, COUNT_OF(rows), WALL_MS, on_step, seen, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct effects *got = &seen[i].effects;
        assert_int_equal(seen[i].steps, 2);
        if (!got->error || !seen[i].reply_same)
            fail_msg("%s: error %d, the reply behind it same %d", rows[i].name, got->error,
                seen[i].reply_same);
        if (got->end != rows[i].end || got->again != rows[i].again || got->same != rows[i].same)
            fail_msg("%s: %s, again %u, same %d", rows[i].name, effects_end_words[got->end],
                got->again, got->same);
        if ((seen[i].outcome == OUTCOME_SAME) != (rows[i].same && rows[i].end != EFFECTS_ABNORMAL))
            fail_msg("%s: %s", rows[i].name, outcome_words[seen[i].outcome]);
    }
    assert_int_equal(seen[5].outcome, OUTCOME_RESOLVED); /* another model */
    assert_int_equal(seen[4].outcome, OUTCOME_RESOLVED); /* when the provider said */
    assert_int_equal(seen[2].outcome, OUTCOME_UNEXPLAINED);
    assert_int_equal(seen[11].outcome, OUTCOME_SUPPRESSED); /* words instead of an answer */
}

/* --- what a worker may say of an error */

static int say(struct sight *sight, const struct wire *says, unsigned count)
{
    int next = -1;
    for (unsigned i = 0; i < count && (i == 0 || next >= 0); i++)
        next = sight_take(sight, &says[i], NULL);
    return next;
}

static void lies_about_an_error_break_the_protocol(void **state)
{
    (void)state;
    static struct wire_part whole[] = { { 0, 1 } };
    static struct wire_settled kept[] = { { WIRE_FROM_EFFECT, 1 } };
    static struct wire_settled own[] = { { WIRE_FROM_BUILD, 0, { { 5 } }, 0, STR(TEXT) } };
    const struct run *run = run_of((const char *const[]){ USER("hi"), ERROR(""), NULL });
    const struct wire ask = { WIRE_EFFECT,
        .effect = { LEASE, 1, WIRE_MODEL, .parts = whole, .parts_count = 1 } };
    const struct wire lies[] = {
        { WIRE_EFFECT, .effect = { LEASE, 2, WIRE_HAND, .settled = kept, .settled_count = 1 } },
        { WIRE_EFFECT, .effect = { LEASE, 2, WIRE_HAND, .settled = own, .settled_count = 1,
                           .same = true, .reply = 1 } },
        { WIRE_END, .end = { LEASE, WIRE_ENDED_ANSWERED } },
        { WIRE_END, .end = { LEASE, WIRE_ENDED_DIVERGED } },
    };
    struct sight sight;
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        sight_begin(&sight, run, 0, LEASE, &arena);
        const struct wire says[] = { ask, lies[i] };
        assert_int_equal(say(&sight, says, 1), SIGHT_REPLY);
        assert_int_equal(say(&sight, says + 1, 1), -ERR_PEER);
    }
    /* Before it has failed there is nothing to pause for. */
    const struct wire pause = { WIRE_EFFECT, .effect = { LEASE, 1, WIRE_WAIT, .ms = 5 } };
    sight_begin(&sight, run, 0, LEASE, &arena);
    assert_int_equal(say(&sight, &pause, 1), SIGHT_NO_ANSWER);
}

/* --- frames */

static const struct frame_row {
    const char *name, *error;
    unsigned hits;
    bool mendable;
    uint8_t again; /* NOT: no claim */
} frame_rows[] = {
    { "another model is there", ERROR(",\"models\":2"), 1, true, WIRE_AGAIN_OTHER },
    { "another model, whatever the provider asks for",
        ERROR(",\"models\":2,\"retry_after_ms\":600000"), 1, true, WIRE_AGAIN_OTHER },
    { "one model, and a time", ERROR(",\"retry_after_ms\":2000"), 1, true, WIRE_AGAIN_LATER },
    { "one model, and no time", ERROR(""), 1, false, WIRE_AGAIN_NOT },
    { "one model, and a long time", ERROR(",\"retry_after_ms\":600000"), 1, false, WIRE_AGAIN_NOT },
    { "asked again already", ERROR(",\"models\":2,\"attempt\":1"), 1, false, WIRE_AGAIN_NOT },
    { "the turn went on", ERROR(",\"models\":2,\"then\":{\"model\":1}"), 0, false, WIRE_AGAIN_NOT },
    { "another class", "{\"role\":\"error\",\"class\":\"refused\",\"models\":2}", 0, false,
        WIRE_AGAIN_NOT },
};

struct hits {
    const struct run *run;
    unsigned count;
    bool mendable;
};

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct hits *hits = with;
    const char *why = NULL;
    hits->count++;
    hits->mendable = detector_find("turn_failed_rate_limit")->mendable(hits->run, hit, &why);
    assert_true(hits->mendable || (why && *why));
}

static void frames_want_another_model_or_the_pause(void **state)
{
    (void)state;
    const struct detector *detector = detector_find("turn_failed_rate_limit");
    assert_int_equal(detector->hook, MOULT_MODEL_ERROR);
    for (size_t i = 0; i < COUNT_OF(frame_rows); i++) {
        const struct frame_row *row = &frame_rows[i];
        struct hits hits = { .run = run_of((const char *const[]){ USER("hi"), row->error, NULL }) };
        struct effects wanted = { 0 };
        detector->find(hits.run, on_hit, &hits);
        int claim = detector->frame(hits.run, 0, &wanted, &arena);
        if (hits.count != row->hits || hits.mendable != row->mendable ||
            claim != (row->again != WIRE_AGAIN_NOT) || wanted.again != row->again)
            fail_msg("%s: %u hits, mendable %d, claim %d, again %u", row->name, hits.count,
                hits.mendable, claim, wanted.again);
        if (claim)
            assert_int_equal(
                detect_outcome(detector, hits.run, 0, &wanted, &arena), OUTCOME_RESOLVED);
    }
}

static void how_it_is_asked_again(void **state)
{
    (void)state;
    static const struct {
        uint32_t failed, retry_after, model, waited;
        enum wire_again again;
    } asks[] = {
        { 0, 0, 1, 0, WIRE_AGAIN_OTHER },
        { 0, 2000, 1, 0, WIRE_AGAIN_OTHER },
        { 1, 0, 0, 60000, WIRE_AGAIN_OTHER },
        { 0, 0, 1, 60001, WIRE_AGAIN_LATE },
        { 0, 2000, 0, 2000, WIRE_AGAIN_LATER },
        { 0, 2000, 0, 1999, WIRE_AGAIN_SOON },
        { 0, 0, 0, 1, WIRE_AGAIN_LATER },
        { 0, 0, 0, 0, WIRE_AGAIN_SOON },
        { 0, 90000, 0, 90000, WIRE_AGAIN_LATE },
    };
    for (size_t i = 0; i < COUNT_OF(asks); i++)
        assert_int_equal(
            wire_again_of(asks[i].failed, asks[i].retry_after, asks[i].model, asks[i].waited),
            asks[i].again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stand_at_their_class),
        cmocka_unit_test(an_error_is_read_or_refused),
        cmocka_unit_test(an_error_is_a_step_and_in_no_context),
        cmocka_unit_test(every_way_in_which_an_error_can_go),
        cmocka_unit_test(lies_about_an_error_break_the_protocol),
        cmocka_unit_test(frames_want_another_model_or_the_pause),
        cmocka_unit_test(how_it_is_asked_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
