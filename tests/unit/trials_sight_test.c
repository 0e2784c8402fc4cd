/* trials/sight.c: what a worker may say in a step, and what is read from it. No worker here: each
 * row is a script of its messages, true ones and lies. */
#include "trials/detect.h"
#include "trials/sight.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

enum { LEASE = 9, SAYS_MAX = 6, BROKEN = 100 };

#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
#define CALL                                                                                       \
    "{\"role\":\"assistant\",\"content\":\"Look.\",\"tool_calls\":[{\"id\":\"c1\",\"type\":"       \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"id\\\":\\\"7\\\"}\"}}]}"
#define OTHER                                                                                      \
    "{\"role\":\"assistant\",\"content\":\"Look.\",\"tool_calls\":[{\"id\":\"c1\",\"type\":"       \
    "\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"id\\\":8}\"}}]}"
#define RESULT "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"no\"}"

static struct arena arena;
static struct run *run;
static struct digest build = { { 5 } };

static struct wire_part whole[] = { { 0, 1 } };
static struct wire_part two_first[] = { { 0, 1 }, { .bytes = STR(USER) } };
static struct wire_part none_first[] = { { .bytes = STR(USER) }, { 0, 1 } };
static struct wire_settled kept[] = { { WIRE_FROM_EFFECT, 1 } };
static struct wire_settled changed[] = { { WIRE_FROM_BUILD, 1, { { 5 } }, 0, STR(OTHER) } };
static struct wire_settled denied[] = { { WIRE_FROM_EFFECT, 1 },
    { WIRE_FROM_BUILD, 0, { { 5 } }, 0, STR(RESULT) } };
static struct wire_settled edited[] = { { WIRE_FROM_BUILD, 0, { { 5 } }, 1, STR(USER) } };
static struct wire_settled retold[] = { { WIRE_FROM_BUILD, 0, { { 5 } }, 1,
    STR("{\"role\":\"user\",\"content\":\"ho\"}") } };
static struct wire_settled beyond[] = { { WIRE_FROM_BUILD, 0, { { 5 } }, 2, STR(USER) } };
static struct wire_part past[] = { { 0, 2 } };
static struct wire_settled orphan[] = { { WIRE_FROM_BUILD, 0, { { 5 } }, 0, STR(RESULT) } };
static struct wire_settled unknown[] = { { WIRE_FROM_EFFECT, 4 } };
static struct wire_settled no_message[] = { { WIRE_FROM_BUILD, 0, { { 5 } }, 0, STR("[]") } };
static struct wire_settled user[] = { { WIRE_FROM_BUILD, 0, { { 5 } }, 0, STR(USER) } };
static struct wire_call good[] = { { STR("c1"), STR("lookup"), STR("{\"id\":\"7\"}"), true } };
static struct wire_call eight[] = { { STR("c1"), STR("lookup"), STR("{\"id\":8}"), false } };

#define PARTS(list) .parts = list, .parts_count = COUNT_OF(list)
#define SETTLED(list) .settled = list, .settled_count = COUNT_OF(list)
#define CALLS(list) .calls = list, .calls_count = COUNT_OF(list)
#define ASK(...)                                                                                   \
    {                                                                                              \
        WIRE_EFFECT, .effect = {.lease = LEASE, .number = 1, .kind = WIRE_MODEL, __VA_ARGS__ }     \
    }
#define EFFECT(what, ...)                                                                          \
    {                                                                                              \
        WIRE_EFFECT, .effect = {.lease = LEASE, .number = 2, .kind = what, __VA_ARGS__ }           \
    }
#define END(what, ...)                                                                             \
    {                                                                                              \
        WIRE_END, .end = {.lease = LEASE, .how = what, __VA_ARGS__ }                               \
    }
#define HAND_SAME EFFECT(WIRE_HAND, SETTLED(kept), .same = true, .reply = 1)

/* clang-format off */
static const struct row {
    const char *name;
    struct wire says[SAYS_MAX];
    int last; /* enum sight_next of the last message, or BROKEN */
    uint8_t end;
    bool request_same, prefix, same;
} rows[] = {
    { "as recorded", { ASK(PARTS(whole)), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, true, true, true },
    { "as recorded, spelled out",
        { ASK(PARTS(whole)), EFFECT(WIRE_HAND, SETTLED(kept), .text = STR("Look."), CALLS(good)),
            END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, true, true, true },
    { "other arguments",
        { ASK(PARTS(whole)), EFFECT(WIRE_HAND, SETTLED(changed), .text = STR("Look."), CALLS(eight)),
            END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, true, true, false },
    { "something is added behind the context", { ASK(PARTS(two_first)), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, false, true, true },
    { "something is added before it", { ASK(PARTS(none_first)), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, false, false, true },
    { "other tools", { ASK(PARTS(whole), .tools = STR("[]")), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, false, false, true },
    { "another model", { ASK(PARTS(whole), .model = 1), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, false, false, true },
    { "the context was edited", { ASK(PARTS(whole), SETTLED(edited)), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, false, false, true },
    { "the context was retold", { ASK(PARTS(whole), SETTLED(retold)), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, false, false, true },
    { "it is shown nothing", { ASK(.parts = NULL), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, false, false, true },
    { "it is shown more than there is", { ASK(PARTS(past)), HAND_SAME, END(WIRE_ENDED_HANDED) },
        SIGHT_OVER, EFFECTS_HANDED, false, true, true },
    { "what was never there is edited", { ASK(PARTS(whole), SETTLED(beyond)) }, BROKEN },
    { "the model is asked again", { ASK(PARTS(whole)), EFFECT(WIRE_MODEL, SETTLED(denied), PARTS(whole)),
            END(WIRE_ENDED_DIVERGED) },
        SIGHT_OVER, EFFECTS_ASKED, true, true, false },
    { "the second request gets no answer", { ASK(PARTS(whole)), EFFECT(WIRE_MODEL, PARTS(whole)) },
        SIGHT_NO_ANSWER, EFFECTS_ASKED, true, true, false },
    { "nor does a hook's question", { ASK(PARTS(whole)), EFFECT(WIRE_NESTED, .name = STR("x")) },
        SIGHT_NO_ANSWER, EFFECTS_ASKED, true, true, false },
    { "nor does a pause", { ASK(PARTS(whole)), EFFECT(WIRE_WAIT, .ms = 7) },
        SIGHT_NO_ANSWER, EFFECTS_ASKED, true, true, false },
    { "the turn fails", { ASK(PARTS(whole)), END(WIRE_ENDED_FAILED) },
        SIGHT_OVER, EFFECTS_FAILED, true, true, false },

    { "a tool call in a gateway session", { ASK(PARTS(whole)), EFFECT(WIRE_TOOL, CALLS(good)) }, BROKEN },
    { "handed over twice", { ASK(PARTS(whole)), HAND_SAME, HAND_SAME }, BROKEN },
    { "asks after handing over", { ASK(PARTS(whole)), HAND_SAME, ASK(PARTS(whole)) }, BROKEN },
    { "asks after it diverged", { ASK(PARTS(whole)), EFFECT(WIRE_MODEL), EFFECT(WIRE_MODEL) }, BROKEN },
    { "`same` with calls of its own", { ASK(PARTS(whole)),
            EFFECT(WIRE_HAND, SETTLED(kept), .same = true, .reply = 1, CALLS(eight)) }, BROKEN },
    { "`same` of a reply that it never had", { ASK(PARTS(whole)),
            EFFECT(WIRE_HAND, SETTLED(kept), .same = true, .reply = 7) }, BROKEN },
    { "`same` before any reply", { EFFECT(WIRE_HAND, SETTLED(changed), .same = true, .reply = 0) }, BROKEN },
    { "`same` beside a changed reply", { ASK(PARTS(whole)),
            EFFECT(WIRE_HAND, SETTLED(changed), .same = true, .reply = 1) }, BROKEN },
    { "`same` beside a denied call", { ASK(PARTS(whole)),
            EFFECT(WIRE_HAND, SETTLED(denied), .same = true, .reply = 1) }, BROKEN },
    { "hands over other calls than it settles", { ASK(PARTS(whole)),
            EFFECT(WIRE_HAND, SETTLED(kept), .text = STR("Look."), CALLS(eight)) }, BROKEN },
    { "hands over a call that it denied", { ASK(PARTS(whole)),
            EFFECT(WIRE_HAND, SETTLED(denied), .text = STR("Look."), CALLS(good)) }, BROKEN },
    { "keeps a call back without denying it", { ASK(PARTS(whole)),
            EFFECT(WIRE_HAND, SETTLED(kept), .text = STR("Look.")) }, BROKEN },
    { "hands over what it did not settle", { ASK(PARTS(whole)),
            EFFECT(WIRE_HAND, .text = STR("Look."), CALLS(good)) }, BROKEN },
    { "a result without a call", { ASK(PARTS(whole)), EFFECT(WIRE_MODEL, SETTLED(orphan)) }, BROKEN },
    { "a reply that it never had", { ASK(PARTS(whole)), EFFECT(WIRE_MODEL, SETTLED(unknown)) }, BROKEN },
    { "settles what is no message", { ASK(PARTS(whole)), EFFECT(WIRE_MODEL, SETTLED(no_message)) }, BROKEN },
    { "settles a user's message", { ASK(PARTS(whole)), EFFECT(WIRE_MODEL, SETTLED(user)) }, BROKEN },
    { "answered, with calls", { ASK(PARTS(whole)), HAND_SAME, END(WIRE_ENDED_ANSWERED) }, BROKEN },
    { "handed, with nothing", { ASK(PARTS(whole)), END(WIRE_ENDED_HANDED) }, BROKEN },
    { "failed after it handed over", { ASK(PARTS(whole)), HAND_SAME, END(WIRE_ENDED_FAILED) }, BROKEN },
    { "diverged without cause", { ASK(PARTS(whole)), END(WIRE_ENDED_DIVERGED) }, BROKEN },
    { "diverged, and yet failed", { ASK(PARTS(whole)), EFFECT(WIRE_MODEL), END(WIRE_ENDED_FAILED) }, BROKEN },
    { "verdicts unasked", { { WIRE_VERDICTS, .verdicts = { LEASE } } }, BROKEN },
    { "a fault", { { WIRE_FAULT, .fault = { LEASE, 1, STR("no") } } }, BROKEN },
};
/* clang-format on */

static int play(struct sight *sight, const struct row *row, struct err *err)
{
    int next = -1;
    sight_begin(sight, run, 0, LEASE, &arena);
    for (int i = 0; i < SAYS_MAX && row->says[i].type; i++) {
        next = sight_take(sight, &row->says[i], err);
        if (next < 0)
            return row->says[i + 1].type ? next : BROKEN;
    }
    return next;
}

static void what_is_said_is_read_or_refused(void **state)
{
    (void)state;
    struct sight sight;
    struct err err;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        int last = play(&sight, row, &err);
        const struct effects *seen = &sight.effects;
        if (last != row->last)
            fail_msg("%s: %d, not %d: %s", row->name, last, row->last, last < 0 ? err.text : "");
        if (last == BROKEN && err.code != ERR_PEER)
            fail_msg("%s: another error: %s", row->name, err.text);
        if (last != BROKEN && (seen->end != row->end || seen->request_same != row->request_same ||
                                  seen->prefix != row->prefix || seen->same != row->same))
            fail_msg("%s: %s, request %d, prefix %d, same %d", row->name,
                effects_end_words[seen->end], seen->request_same, seen->prefix, seen->same);
    }
}

static const struct row *row_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

static struct effects effects_of(const char *name)
{
    struct sight sight;
    play(&sight, row_of(name), NULL);
    return sight.effects;
}

static void equal_effects_have_equal_digests(void **state)
{
    (void)state;
    struct effects recorded_, seen = effects_of("as recorded");
    effects_recorded(&recorded_, run, 0, &arena);
    assert_true(hash_equal(&seen.digest, &recorded_.digest));
    seen = effects_of("as recorded, spelled out");
    assert_true(hash_equal(&seen.digest, &recorded_.digest));
    static const char *const others[] = { "other arguments",
        "something is added behind the context", "something is added before it",
        "the model is asked again", "the turn fails", "other tools", "another model",
        "the context was edited", "the context was retold", "it is shown nothing",
        "it is shown more than there is" };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        seen = effects_of(others[i]);
        assert_false(hash_equal(&seen.digest, &recorded_.digest));
        for (size_t k = 0; k < i; k++) {
            struct effects other = effects_of(others[k]);
            if (hash_equal(&seen.digest, &other.digest))
                fail_msg("%s and %s have one digest", others[i], others[k]);
        }
    }
}

/* Testimony is kept beside the facts, never instead of them. */
static void what_a_hook_says_changes_nothing_that_is_judged(void **state)
{
    (void)state;
    enum { DENY = 3 };
    const struct wire says = { WIRE_EVENT,
        .event = { LEASE, 0, 4, DENY, build, STR("every call is mended now") } };
    const struct row *row = row_of("as recorded");
    const struct effects silent = effects_of("as recorded");
    struct sight sight;
    sight_begin(&sight, run, 0, LEASE, &arena);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sight_take(&sight, &says, NULL), SIGHT_WAIT);
        sight_take(&sight, &row->says[i], NULL);
    }
    assert_true(hash_equal(&sight.effects.digest, &silent.digest));
    assert_int_equal(sight.effects.end, silent.end);
    assert_int_equal(detect_outcome(NULL, run, 0, &sight.effects, &arena), OUTCOME_SAME);
}

static void a_hook_that_failed_is_abnormal_whatever_left(void **state)
{
    (void)state;
    struct sight sight;
    const struct wire event = { WIRE_EVENT,
        .event = { LEASE, 0, 4, WIRE_ACTION_FAILED, build, STR("bad") } };
    const struct row *row = row_of("as recorded");
    sight_begin(&sight, run, 0, LEASE, &arena);
    assert_int_equal(sight_take(&sight, &row->says[0], NULL), SIGHT_REPLY);
    size_t before = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(sight_take(&sight, &event, NULL), SIGHT_WAIT);
        before = i == 0 ? arena.used : before;
    }
    assert_int_equal(arena.used, before); /* a flood of them takes no memory */
    assert_int_equal(sight_take(&sight, &row->says[1], NULL), SIGHT_WAIT);
    assert_int_equal(sight_take(&sight, &row->says[2], NULL), SIGHT_OVER);
    assert_int_equal(sight.effects.end, EFFECTS_ABNORMAL);
    assert_true(str_equal(sight.effects.why, STR("hook 4 failed: bad")));
}

/* A repair that also asks a question is not the repair. */
static void a_question_beside_a_repair_is_seen(void **state)
{
    (void)state;
    struct effects seen = effects_of("as recorded");
    assert_int_equal(detect_outcome(NULL, run, 0, &seen, &arena), OUTCOME_SAME);
    seen.asked.at[0] = 1;
    assert_int_equal(detect_outcome(NULL, run, 0, &seen, &arena), OUTCOME_UNEXPLAINED);
}

static void a_death_breaks_no_prefix(void **state)
{
    (void)state;
    struct sight sight;
    sight_begin(&sight, run, 0, LEASE, &arena);
    sight_abnormal(&sight, "gone");
    assert_int_equal(sight.effects.end, EFFECTS_ABNORMAL);
    assert_true(sight.effects.prefix);
}

static int set_up(void **state)
{
    (void)state;
    run = run_new(&arena);
    assert_int_equal(run_add(run, STR(USER), false, NULL), 0);
    assert_int_equal(run_add(run, STR(CALL), false, NULL), 0);
    run_seal(run);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_read_or_refused),
        cmocka_unit_test(equal_effects_have_equal_digests),
        cmocka_unit_test(what_a_hook_says_changes_nothing_that_is_judged),
        cmocka_unit_test(a_hook_that_failed_is_abnormal_whatever_left),
        cmocka_unit_test(a_question_beside_a_repair_is_seen),
        cmocka_unit_test(a_death_breaks_no_prefix),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
