/* loop.c, hooks.c: a scripted broker drives the real, locked moult-worker through every path of a
 * turn. */
#include "worker_peer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <moult.h>
#include <string.h>

static struct peer peer;
static uint64_t lease;
static bool lacking;

#define TEXT_REPLY "{\"role\":\"assistant\",\"content\":\"hello\"}"
#define CALL(id, name, args)                                                                       \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name                      \
    "\",\"arguments\":\"" args "\"}}"
#define CALLS_REPLY(calls) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" calls "]}"
#define RESULT(id, text) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"
#define ONE_CALL CALLS_REPLY(CALL("c1", "lookup", "{\\\"id\\\":\\\"7\\\"}"))

static int set_up(void **state)
{
    (void)state;
    lacking = !peer_start(&peer, "moult-worker", "probe", WIRE_EVENTS_NONE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    peer_stop(&peer, NULL);
    return 0;
}

static void begin(enum wire_session kind, const char *order)
{
    if (lacking)
        skip();
    peer_open(&peer, ++lease, kind);
    peer_say(&peer, lease, order);
}

static void want_effect(enum wire_effect_kind kind)
{
    peer_want(&peer, WIRE_EFFECT);
    if (peer.got.effect.kind != kind) {
        CLEANUP(buf_done) struct buf line = { 0 };
        wire_describe(&line, &peer.got);
        fail_msg("wanted effect kind %d, got %s", kind, line.at);
    }
}

static void want_end(enum wire_ended how)
{
    peer_want(&peer, WIRE_END);
    if (peer.got.end.how != how)
        fail_msg("ended as %u, wanted %d: %.*s", peer.got.end.how, how, (int)peer.got.end.why.size,
            peer.got.end.why.at);
}

static void want_text(struct str got, const char *want)
{
    if (!str_equal(got, str_of(want)))
        fail_msg("got \"%.*s\", wanted \"%s\"", (int)got.size, got.at, want);
}

/* --- what nobody touches goes through untouched --- */

static void an_untouched_reply_is_handed_over_by_name(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "hello");
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.parts_count, 1);
    assert_int_equal(peer.got.effect.parts[0].from, 0);
    assert_int_equal(peer.got.effect.parts[0].count, 1);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_HAND);
    assert_true(peer.got.effect.same);
    assert_int_equal(peer.got.effect.reply, 1);
    assert_int_equal(peer.got.effect.calls_count, 0);
    assert_int_equal(peer.got.effect.settled_count, 1);
    assert_int_equal(peer.got.effect.settled[0].origin, WIRE_FROM_EFFECT);
    assert_int_equal(peer.got.effect.settled[0].bytes.size, 0);
    want_end(WIRE_ENDED_ANSWERED);
}

static void calls_go_to_the_client_and_their_results_come_back(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "hello");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, ONE_CALL);
    want_effect(WIRE_HAND);
    assert_true(peer.got.effect.same);
    want_end(WIRE_ENDED_HANDED);
    peer_put(&peer, lease, 2, (const char *const[]){ RESULT("c1", "found"), NULL });
    peer_run(&peer, lease, false);
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.parts[0].count, 3);
    assert_int_equal(peer.got.effect.step, 1);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_HAND);
    want_end(WIRE_ENDED_ANSWERED);
}

static void a_hosted_turn_carries_its_calls_out_one_by_one(void **state)
{
    (void)state;
    begin(WIRE_HOSTED, "hello");
    want_effect(WIRE_MODEL);
    peer_answer(
        &peer, lease, CALLS_REPLY(CALL("c1", "lookup", "{}") "," CALL("c2", "change", "{}")));
    want_effect(WIRE_TOOL);
    want_text(peer.got.effect.calls[0].name, "lookup");
    assert_true(peer.got.effect.calls[0].same);
    assert_int_equal(peer.got.effect.settled_count, 1);
    peer_answer(&peer, lease, "one");
    want_effect(WIRE_TOOL);
    want_text(peer.got.effect.calls[0].name, "change");
    peer_fail(&peer, lease, WIRE_FAILED, 0);
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.parts[0].count, 4);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_HAND);
    want_end(WIRE_ENDED_ANSWERED);
}

static void a_turn_that_is_ended_leaves_no_call_open(void **state)
{
    (void)state;
    begin(WIRE_HOSTED, "{\"before_tool\":\"finish\"}");
    want_effect(WIRE_MODEL);
    peer_answer(
        &peer, lease, CALLS_REPLY(CALL("c1", "lookup", "{}") "," CALL("c2", "change", "{}")));
    want_effect(WIRE_HAND);
    want_text(peer.got.effect.text, "finished by the probe");
    assert_int_equal(peer.got.effect.calls_count, 0);
    assert_int_equal(peer.got.effect.settled_count, 4); /* the reply, two results, the last word */
    assert_non_null(strstr(peer.got.effect.settled[2].bytes.at, "\"tool_call_id\":\"c2\""));
    want_end(WIRE_ENDED_ANSWERED);
}

/* --- reply, before_tool --- */

static void a_leaked_call_becomes_a_call(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"reply\":\"cut leak\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease,
        "{\"role\":\"assistant\",\"content\":\"let me see\\n<tool_call>\\n{\\\"name\\\": "
        "\\\"lookup\\\", "
        "\\\"arguments\\\": {\\\"id\\\": \\\"7\\\"}}\\n</tool_call>\",\"refusal\":null}");
    want_effect(WIRE_HAND);
    assert_false(peer.got.effect.same);
    want_text(peer.got.effect.text, "let me see");
    assert_int_equal(peer.got.effect.calls_count, 1);
    want_text(peer.got.effect.calls[0].name, "lookup");
    want_text(peer.got.effect.calls[0].args, "{\"id\": \"7\"}");
    assert_int_equal(peer.got.effect.settled[0].origin, WIRE_FROM_BUILD);
    assert_int_equal(peer.got.effect.settled[0].effect, 1);
    assert_non_null(
        strstr(peer.got.effect.settled[0].bytes.at, "\"refusal\":null,\"tool_calls\":[{"));
    want_end(WIRE_ENDED_HANDED);
}

static void an_argument_is_set_where_it_fits(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"before_tool\":\"mend\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease,
        CALLS_REPLY(
            CALL("c1", "lookup", "{\\\"id\\\":\\\"7\\\",\\\"ids\\\":\\\"['1', '2']\\\"}") "," CALL(
                "c2", "change", "{}")));
    want_effect(WIRE_HAND);
    assert_int_equal(peer.got.effect.calls_count, 2);
    want_text(peer.got.effect.calls[0].id, "c1");
    want_text(peer.got.effect.calls[0].args, "{\"id\":\"7\",\"ids\":[\"1\",\"2\"]}");
    assert_false(peer.got.effect.calls[0].same);
    assert_true(peer.got.effect.calls[1].same);
    want_end(WIRE_ENDED_HANDED);
}

static void a_denied_call_is_answered_here_and_the_rest_handed_over(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"before_tool\":\"deny lookup\"}");
    want_effect(WIRE_MODEL);
    peer_answer(
        &peer, lease, CALLS_REPLY(CALL("c1", "lookup", "{}") "," CALL("c2", "change", "{}")));
    want_effect(WIRE_HAND);
    assert_int_equal(peer.got.effect.calls_count, 1);
    want_text(peer.got.effect.calls[0].name, "change");
    assert_int_equal(peer.got.effect.settled_count, 2);
    assert_int_equal(peer.got.effect.settled[0].origin, WIRE_FROM_EFFECT);
    assert_int_equal(peer.got.effect.settled[1].origin, WIRE_FROM_BUILD);
    assert_non_null(strstr(peer.got.effect.settled[1].bytes.at, "denied by the probe"));
    want_end(WIRE_ENDED_HANDED);
}

static void when_all_calls_are_denied_the_model_is_asked(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"before_tool\":\"deny\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, ONE_CALL);
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.settled_count, 2);
    assert_int_equal(peer.got.effect.parts[0].count, 3);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_HAND);
    want_end(WIRE_ENDED_ANSWERED);
}

static void a_call_that_failed_again_and_again_is_seen_in_the_past(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"before_tool\":\"guard\"}");
    want_effect(WIRE_MODEL);
    for (uint32_t i = 0; i < 2; i++) {
        peer_answer(&peer, lease, ONE_CALL);
        want_effect(WIRE_HAND);
        want_end(WIRE_ENDED_HANDED);
        peer_put(&peer, lease, 2 + 2 * i, (const char *const[]){ RESULT("c1", "Error: no"), NULL });
        peer_run(&peer, lease, false);
        want_effect(WIRE_MODEL);
    }
    peer_answer(&peer, lease, CALLS_REPLY(CALL("c9", "lookup", "{ \\\"id\\\": \\\"7\\\" }")));
    want_effect(WIRE_MODEL);
    assert_non_null(strstr(peer.got.effect.settled[1].bytes.at, "failed 2 times before"));
}

/* --- hooks that send the loop back --- */

static void a_retry_of_the_reply_brings_a_hint_that_is_not_settled(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"reply\":\"retry once\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.settled_count, 0);
    assert_int_equal(peer.got.effect.parts_count, 2);
    want_text(
        peer.got.effect.parts[1].bytes, "{\"role\":\"user\",\"content\":\"once more, please\"}");
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_HAND);
    assert_true(peer.got.effect.same);
    want_end(WIRE_ENDED_ANSWERED);
}

static void retries_are_bounded(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"reply\":\"retry\"}");
    unsigned asked = 0;
    for (; peer_get(&peer) && peer.got.type == WIRE_EFFECT && peer.got.effect.kind == WIRE_MODEL;
         asked++)
        peer_answer(&peer, lease, TEXT_REPLY);
    assert_int_equal(asked, 4);
    assert_int_equal(peer.got.effect.kind, WIRE_HAND);
    want_end(WIRE_ENDED_ANSWERED);
    begin(WIRE_GATEWAY, "{\"answer\":\"retry\"}");
    for (asked = 0; peer_get(&peer) && peer.got.type == WIRE_EFFECT; asked++)
        peer_answer(&peer, lease, TEXT_REPLY);
    assert_int_equal(asked, 4);
    assert_int_equal(peer.got.type, WIRE_END);
    assert_int_equal(peer.got.end.how, WIRE_ENDED_FAILED);
}

static void an_error_waits_and_goes_to_another_model(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"model_error\":\"retry later\"}");
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.model, 0);
    peer_fail(&peer, lease, WIRE_FAILED, MOULT_RATE_LIMIT);
    want_effect(WIRE_WAIT);
    assert_int_equal(peer.got.effect.ms, 700);
    peer_answer(&peer, lease, "");
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.model, 1);
    assert_int_equal(peer.got.effect.attempt, 1);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_HAND);
    want_end(WIRE_ENDED_ANSWERED);
}

static void an_error_that_nobody_handles_fails_the_turn(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "hello");
    want_effect(WIRE_MODEL);
    peer_fail(&peer, lease, WIRE_FAILED, MOULT_RATE_LIMIT);
    want_end(WIRE_ENDED_FAILED);
}

static void a_reply_that_is_no_message_is_a_malformed_one(void **state)
{
    (void)state;
    static const char *const broken[] = { "{", "[]", "{\"role\":\"user\",\"content\":\"x\"}",
        "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\"}]}",
        "{\"role\":\"assistant\",\"role\":\"assistant\",\"content\":\"\"}" };
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        begin(WIRE_GATEWAY, "hello");
        want_effect(WIRE_MODEL);
        peer_answer(&peer, lease, broken[i]);
        want_end(WIRE_ENDED_FAILED);
    }
}

static void no_answer_ends_the_turn_without_hooks(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"model_error\":\"crash\",\"turn_end\":\"crash\"}");
    want_effect(WIRE_MODEL);
    peer_fail(&peer, lease, WIRE_NO_ANSWER, 0);
    want_end(WIRE_ENDED_DIVERGED);
}

/* --- asking --- */

static void a_hook_that_waits_leaves_no_trace_until_it_is_done(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"reply\":\"ask\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_NESTED);
    assert_int_equal(peer.got.effect.hook, MOULT_REPLY);
    want_text(peer.got.effect.body, "first?");
    peer_answer(&peer, lease, "one");
    want_effect(WIRE_NESTED);
    want_text(peer.got.effect.name, "lookup");
    assert_int_equal(peer.got.effect.index, 1);
    peer_answer(&peer, lease, "two");
    want_effect(WIRE_HAND);
    want_text(peer.got.effect.text, "one+two asked 1");
    want_end(WIRE_ENDED_ANSWERED);
}

static void what_a_hook_asks_of_a_tool_passes_before_tool(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"reply\":\"ask\",\"before_tool\":\"deny lookup\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_NESTED);
    peer_answer(&peer, lease, "one");
    want_effect(WIRE_HAND);
    want_text(peer.got.effect.text, "one+denied by the probe asked 1");
    want_end(WIRE_ENDED_ANSWERED);
}

static void every_hook_may_ask(void **state)
{
    (void)state;
    static const char *const hooks[] = { "turn_start", "context", "request", "reply", "before_tool",
        "answer", "turn_end", "after_tool", "model_error" };
    for (size_t i = 0; i < COUNT_OF(hooks); i++) {
        CLEANUP(buf_done) struct buf order = { 0 };
        buf_format(&order, "{\"%s\":\"ask\"}", hooks[i]);
        begin(WIRE_HOSTED, order.at);
        unsigned asked = 0, models = 0;
        while (peer_get(&peer) && peer.got.type == WIRE_EFFECT) {
            asked += peer.got.effect.kind == WIRE_NESTED;
            if (peer.got.effect.kind == WIRE_MODEL && i == 8)
                peer_fail(&peer, lease, WIRE_FAILED, MOULT_SERVER);
            else if (peer.got.effect.kind == WIRE_MODEL)
                peer_answer(&peer, lease, models++ ? TEXT_REPLY : ONE_CALL);
            else if (peer.got.effect.kind != WIRE_HAND)
                peer_answer(&peer, lease, "x");
        }
        if (peer.got.type != WIRE_END || asked < 2)
            fail_msg("%s: asked %u times, ended by %s", hooks[i], asked, wire_words[peer.got.type]);
    }
}

/* --- what a hook may and may not --- */

static const struct may {
    const char *name, *order;
    enum wire_effect_kind first; /* the first effect; 0: none */
    enum wire_ended how;
} mays[] = {
    { "turn_start may refuse", "{\"turn_start\":\"deny\"}", WIRE_HAND, WIRE_ENDED_REFUSED },
    { "turn_start may finish", "{\"turn_start\":\"finish\"}", WIRE_HAND, WIRE_ENDED_ANSWERED },
    { "turn_start fails closed", "{\"turn_start\":\"invalid\"}", 0, WIRE_ENDED_FAILED },
    { "turn_start may not retry", "{\"turn_start\":\"retry\"}", 0, WIRE_ENDED_FAILED },
    { "context fails open", "{\"context\":\"deny\"}", WIRE_MODEL, WIRE_ENDED_ANSWERED },
    { "context may not break a pair", "{\"context\":\"invalid\"}", WIRE_MODEL,
        WIRE_ENDED_ANSWERED },
    { "request may refuse", "{\"request\":\"deny\"}", WIRE_HAND, WIRE_ENDED_REFUSED },
    { "request fails closed", "{\"request\":\"invalid\"}", 0, WIRE_ENDED_FAILED },
    { "request may not wait for nothing", "{\"request\":\"wait for nothing\"}", 0,
        WIRE_ENDED_FAILED },
    { "reply may not deny", "{\"reply\":\"deny\"}", WIRE_MODEL, WIRE_ENDED_ANSWERED },
    { "reply may finish", "{\"reply\":\"finish\"}", WIRE_MODEL, WIRE_ENDED_ANSWERED },
    { "answer may refuse", "{\"answer\":\"deny\"}", WIRE_MODEL, WIRE_ENDED_REFUSED },
    { "answer fails closed", "{\"answer\":\"invalid\"}", WIRE_MODEL, WIRE_ENDED_FAILED },
    { "a refusal passes answer", "{\"turn_start\":\"deny\",\"answer\":\"invalid\"}", 0,
        WIRE_ENDED_FAILED },
    { "turn_end fails open", "{\"turn_end\":\"deny\"}", WIRE_MODEL, WIRE_ENDED_ANSWERED },
    { "memory is bounded", "{\"answer\":\"hoard\"}", WIRE_MODEL, WIRE_ENDED_FAILED },
};

static void actions_are_those_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mays); i++) {
        begin(WIRE_GATEWAY, mays[i].order);
        unsigned first = 0;
        while (peer_get(&peer) && peer.got.type == WIRE_EFFECT) {
            first = first ? first : peer.got.effect.kind;
            if (peer.got.effect.kind == WIRE_MODEL)
                peer_answer(&peer, lease, TEXT_REPLY);
        }
        if (peer.got.type != WIRE_END || first != mays[i].first || peer.got.end.how != mays[i].how)
            fail_msg("%s: first effect %u, %s %u", mays[i].name, first, wire_words[peer.got.type],
                peer.got.end.how);
    }
}

static void a_before_tool_that_fails_denies(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"before_tool\":\"invalid\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, ONE_CALL);
    want_effect(WIRE_MODEL);
    assert_non_null(strstr(peer.got.effect.settled[1].bytes.at, "may not return"));
}

static void a_hook_that_fails_leaves_neither_edits_nor_state(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"reply\":\"cut and fail\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_HAND);
    assert_true(peer.got.effect.same);
    want_end(WIRE_ENDED_ANSWERED);
    assert_int_equal(peer.got.end.states_count, 1);
    assert_int_equal(peer.got.end.states[0].bytes.size, 8);
    assert_int_equal(peer.got.end.states[0].bytes.at[4], 0);
}

static void a_view_without_a_results_call_is_not_sent(void **state)
{
    (void)state;
    if (lacking)
        skip();
    peer_open(&peer, ++lease, WIRE_GATEWAY);
    peer_put(&peer, lease, 0,
        (const char *const[]){
            "{\"role\":\"user\",\"content\":\"{\\\"context\\\":\\\"drop calls\\\"}\"}", ONE_CALL,
            RESULT("c1", "found"), NULL });
    peer_run(&peer, lease, false);
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.parts_count, 1);
    assert_int_equal(peer.got.effect.parts[0].count, 3);
}

static void context_drops_and_adds_by_reference(void **state)
{
    (void)state;
    if (lacking)
        skip();
    peer_open(&peer, ++lease, WIRE_GATEWAY);
    peer_put(&peer, lease, 0,
        (const char *const[]){ "{\"role\":\"system\",\"content\":\"old\"}",
            "{\"role\":\"user\",\"content\":\"{\\\"context\\\":\\\"drop first\\\"}\"}", NULL });
    peer_run(&peer, lease, true);
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.parts_count, 2);
    assert_int_equal(peer.got.effect.parts[0].from, 1);
    assert_int_equal(peer.got.effect.parts[0].count, 1);
    want_text(peer.got.effect.parts[1].bytes, "{\"role\":\"system\",\"content\":\"be brief\"}");
}

static void edits_of_what_a_client_brought_take_its_place(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "{\"turn_start\":\"body\"}");
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.settled_count, 1);
    assert_int_equal(peer.got.effect.settled[0].replaces, 1);
    want_text(peer.got.effect.settled[0].bytes,
        "{\"role\":\"user\",\"content\":\"the probe's own words\"}");
    begin(WIRE_GATEWAY, "{\"after_tool\":\"body\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, ONE_CALL);
    want_effect(WIRE_HAND);
    want_end(WIRE_ENDED_HANDED);
    peer_put(&peer, lease, 2, (const char *const[]){ RESULT("c1", "found"), NULL });
    peer_run(&peer, lease, false);
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.settled[0].replaces, 3);
    assert_non_null(strstr(peer.got.effect.settled[0].bytes.at, "the probe's own words"));
}

/* The hook passes: the words are its own all the same. */
static void an_edited_result_is_what_a_hosted_turn_goes_on_with(void **state)
{
    (void)state;
    begin(WIRE_HOSTED, "{\"after_tool\":\"body\"}");
    want_effect(WIRE_MODEL);
    peer_answer(&peer, lease, ONE_CALL);
    want_effect(WIRE_TOOL);
    peer_answer(&peer, lease, "found");
    want_effect(WIRE_MODEL);
    assert_int_equal(peer.got.effect.settled[0].origin, WIRE_FROM_BUILD);
    assert_non_null(strstr(peer.got.effect.settled[0].bytes.at, "the probe's own words"));
}

static void a_plugins_own_tool_is_carried_out_in_the_worker(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "hello");
    want_effect(WIRE_MODEL);
    assert_non_null(strstr(peer.got.effect.tools.at, "\"name\":\"weather\""));
    assert_non_null(strstr(peer.got.effect.tools.at, "\"name\":\"lookup\""));
    peer_answer(&peer, lease, CALLS_REPLY(CALL("w", "weather", "{\\\"place\\\":\\\"Rome\\\"}")));
    want_effect(WIRE_MODEL);
    assert_non_null(strstr(peer.got.effect.settled[1].bytes.at, "sunny in Rome"));
}

/* --- one conversation, any worker --- */

static void a_moved_turn_asks_for_the_same_effect(void **state)
{
    (void)state;
    for (int moved = 0; moved < 2; moved++) {
        if (lacking)
            skip();
        peer_open(&peer, ++lease, WIRE_HOSTED);
        peer_put(&peer, lease, 0,
            (const char *const[]){ "{\"role\":\"user\",\"content\":\"{}\"}",
                CALLS_REPLY(CALL("c1", "lookup", "{}") "," CALL("c2", "change", "{\\\"a\\\":1}")),
                RESULT("c1", "one"), NULL });
        struct wire run = { WIRE_RUN, .run = { .lease = lease, .resumed = true } };
        peer_send(&peer, &run);
        want_effect(WIRE_TOOL);
        want_text(peer.got.effect.calls[0].name, "change");
        want_text(peer.got.effect.calls[0].args, "{\"a\":1}");
        peer_answer(&peer, lease, "two");
        want_effect(WIRE_MODEL);
        assert_int_equal(peer.got.effect.parts[0].count, 4);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void time_lease_and_chance_change_nothing(void **state)
{
    (void)state;
    struct buf seen[2] = { { 0 }, { 0 } };
    for (int pass = 0; pass < 2; pass++) {
        if (lacking)
            skip();
        lease += 1000;
        struct wire open = { WIRE_OPEN, .open = { .lease = lease,
                                            .kind = WIRE_GATEWAY,
                                            .seed = (uint64_t)pass * 77,
                                            .tools = str_of(peer_tools) } };
        peer_send(&peer, &open);
        peer_say(&peer, lease, "{\"reply\":\"cut leak\",\"before_tool\":\"mend\"}");
        want_effect(WIRE_MODEL);
        peer_answer(&peer, lease, ONE_CALL);
        want_effect(WIRE_HAND);
        peer.got.effect.lease = 0;
        wire_encode(&seen[pass], &peer.got);
        want_end(WIRE_ENDED_HANDED);
    }
    assert_true(str_equal(buf_view(&seen[0]), buf_view(&seen[1])));
    buf_done(&seen[0]);
    buf_done(&seen[1]);
}

static void state_grows_at_its_end_and_is_kept_for_newer_builds(void **state)
{
    (void)state;
    static const struct {
        uint32_t schema, size, want_size;
        char first;
    } rows[] = { { 3, 4, 8, 5 }, { 3, 12, 12, 5 }, { 2, 8, 8, 0 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (lacking)
            skip();
        struct wire_state old = { STR("probe"), rows[i].schema,
            { "\5\0\0\0\0\0\0\0\7\7\7\7", rows[i].size } };
        struct wire open = { WIRE_OPEN,
            .open = { .lease = ++lease, .kind = WIRE_GATEWAY, .states = &old, .states_count = 1 } };
        peer_send(&peer, &open);
        peer_say(&peer, lease, "hi");
        want_effect(WIRE_MODEL);
        peer_answer(&peer, lease, TEXT_REPLY);
        want_effect(WIRE_HAND);
        want_end(WIRE_ENDED_ANSWERED);
        struct str bytes = peer.got.end.states[0].bytes;
        assert_int_equal(bytes.size, rows[i].want_size);
        assert_true(bytes.at[0] > rows[i].first);
        if (rows[i].size == 12)
            assert_int_equal(bytes.at[11], 7);
    }
}

/* --- the wrong message at the wrong time --- */

static void want_fault(enum err_code code)
{
    peer_want(&peer, WIRE_FAULT);
    assert_int_equal(peer.got.fault.lease, lease);
    assert_int_equal(peer.got.fault.code, code);
}

static void a_message_in_the_wrong_phase_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    begin(WIRE_GATEWAY, "hello");
    want_effect(WIRE_MODEL);
    struct wire model = peer.got;
    peer_run(&peer, lease, false);
    want_fault(ERR_STATE);
    peer_put(&peer, lease, 0, (const char *const[]){ TEXT_REPLY, NULL });
    want_fault(ERR_STATE);
    peer_open(&peer, lease, WIRE_GATEWAY);
    want_fault(ERR_STATE);
    peer.got.effect.number = 99;
    peer_answer(&peer, lease, TEXT_REPLY);
    want_fault(ERR_STATE);
    struct wire vectors = { WIRE_VECTORS, .vectors = { .lease = lease } };
    peer_send(&peer, &vectors);
    want_fault(ERR_STATE);
    peer.got = model;
    peer_answer(&peer, lease, TEXT_REPLY);
    want_effect(WIRE_HAND);
    want_end(WIRE_ENDED_ANSWERED);
    peer.got = model;
    peer_answer(&peer, lease, TEXT_REPLY);
    want_fault(ERR_STATE);
    peer_put(&peer, lease, 9, (const char *const[]){ TEXT_REPLY, NULL });
    want_fault(ERR_INPUT);
    peer_put(&peer, lease, 0, (const char *const[]){ "{\"role\":\"wizard\"}", NULL });
    want_fault(ERR_INPUT);
    struct wire close = { WIRE_CLOSE, .close = { lease } };
    peer_send(&peer, &close);
    peer_run(&peer, lease, false);
    want_fault(ERR_MISSING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        TEST(an_untouched_reply_is_handed_over_by_name),
        TEST(calls_go_to_the_client_and_their_results_come_back),
        TEST(a_hosted_turn_carries_its_calls_out_one_by_one),
        TEST(a_turn_that_is_ended_leaves_no_call_open),
        TEST(a_leaked_call_becomes_a_call),
        TEST(an_argument_is_set_where_it_fits),
        TEST(a_denied_call_is_answered_here_and_the_rest_handed_over),
        TEST(when_all_calls_are_denied_the_model_is_asked),
        TEST(a_call_that_failed_again_and_again_is_seen_in_the_past),
        TEST(a_retry_of_the_reply_brings_a_hint_that_is_not_settled),
        TEST(retries_are_bounded),
        TEST(an_error_waits_and_goes_to_another_model),
        TEST(an_error_that_nobody_handles_fails_the_turn),
        TEST(a_reply_that_is_no_message_is_a_malformed_one),
        TEST(no_answer_ends_the_turn_without_hooks),
        TEST(a_hook_that_waits_leaves_no_trace_until_it_is_done),
        TEST(what_a_hook_asks_of_a_tool_passes_before_tool),
        TEST(every_hook_may_ask),
        TEST(actions_are_those_of_the_table),
        TEST(a_before_tool_that_fails_denies),
        TEST(a_hook_that_fails_leaves_neither_edits_nor_state),
        TEST(a_view_without_a_results_call_is_not_sent),
        TEST(context_drops_and_adds_by_reference),
        TEST(edits_of_what_a_client_brought_take_its_place),
        TEST(an_edited_result_is_what_a_hosted_turn_goes_on_with),
        TEST(a_plugins_own_tool_is_carried_out_in_the_worker),
        TEST(a_moved_turn_asks_for_the_same_effect),
        TEST(time_lease_and_chance_change_nothing),
        TEST(state_grows_at_its_end_and_is_kept_for_newer_builds),
        TEST(a_message_in_the_wrong_phase_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
