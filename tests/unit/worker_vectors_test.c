/* vectors.c: candidates of one build judged on one reply; none sees what another left behind. */
#include "worker_peer.h"

#include "base/mem.h"
#include "wire/shown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct peer peer;
static bool lacking;
enum { LEASE = 7, WIDTH = 3 };

#define LEAK                                                                                       \
    "{\"role\":\"assistant\",\"content\":\"Sure.\\n<tool_call>\\n{\\\"name\\\": \\\"lookup\\\", "  \
    "\\\"arguments\\\": {\\\"id\\\": \\\"7\\\"}}\\n</tool_call>\"}"
#define CALL                                                                                       \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"            \
    "\"function\","                                                                                \
    "\"function\":{\"name\":\"lookup\",\"arguments\":\"{\\\"id\\\":\\\"7\\\"}\"}}]}"

static int set_up(void **state)
{
    (void)state;
    lacking = !peer_start(&peer, "moult-worker", "trial", WIRE_EVENTS_NONE);
    if (lacking)
        return 0;
    peer_open(&peer, LEASE, WIRE_GATEWAY);
    peer_put(
        &peer, LEASE, 0, (const char *const[]){ "{\"role\":\"user\",\"content\":\"hi\"}", NULL });
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    peer_stop(&peer, NULL);
    return 0;
}

static struct wire_verdicts *judge(
    const char *reply, uint16_t *holes, uint64_t *decide, uint32_t count, bool watch)
{
    if (lacking)
        skip();
    struct wire message = { WIRE_VECTORS, .vectors = { LEASE, str_of(reply), holes, count * WIDTH,
                                              WIDTH, decide, count, watch, watch } };
    peer_send(&peer, &message);
    peer_want(&peer, WIRE_VERDICTS);
    assert_int_equal(peer.got.verdicts.verdicts_count, count);
    return &peer.got.verdicts;
}

static uint64_t calls_of(const char *name, const char *args)
{
    struct wire_call call = { .name = str_of(name), .args = str_of(args) };
    return wire_calls_digest(&call, name ? 1 : 0);
}

static void digests_are_those_that_a_trial_computes(void **state)
{
    (void)state;
    uint16_t holes[] = { 0, 0, 0, 1, 1, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0 };
    uint64_t decide[] = { 1, 1, 0, 1, 1, 1 };
    const struct wire_verdict *v = judge(LEAK, holes, decide, 6, false)->verdicts;
    uint64_t none = calls_of(NULL, NULL), lookup = calls_of("lookup", "{\"id\":\"7\"}");
    uint64_t raw = wire_text_digest(STR("Sure.\n<tool_call>\n{\"name\": \"lookup\", \"arguments\": "
                                        "{\"id\": \"7\"}}\n</tool_call>"));
    assert_int_equal(v[0].calls, none);
    assert_int_equal(v[0].text, raw);
    assert_int_equal(v[0].end, wire_end_digest(WIRE_STEP_ANSWERED, NULL, 0));
    assert_int_equal(v[1].calls, lookup);
    assert_int_equal(v[1].text, wire_text_digest(STR("Sure.")));
    assert_int_equal(v[1].end, wire_end_digest(WIRE_STEP_HANDED, NULL, 0));
    assert_int_equal(v[1].reached, 1);
    assert_int_equal(v[2].calls, none); /* the condition did not hold */
    assert_int_equal(v[2].reached, 1);
    assert_int_equal(v[3].end, wire_end_digest(WIRE_STEP_ASKED, NULL, 0));
    assert_int_equal(v[4].text, wire_text_digest(STR("")));
    assert_true(v[5].abnormal);
    assert_int_equal(v[5].end, wire_end_digest(WIRE_STEP_ABNORMAL, NULL, 0));
}

static void a_denied_call_shows_in_calls_and_end(void **state)
{
    (void)state;
    uint16_t holes[] = { 0, 0, 1, 0, 0, 3 };
    uint64_t decide[] = { 1, 1 };
    uint32_t first = 0;
    const struct wire_verdict *v = judge(CALL, holes, decide, 2, false)->verdicts;
    assert_int_equal(v[0].calls, calls_of(NULL, NULL));
    assert_int_equal(v[0].end, wire_end_digest(WIRE_STEP_ASKED, &first, 1));
    assert_int_equal(v[1].calls, calls_of("lookup", "{\"id\":9}"));
    assert_int_equal(v[1].end, wire_end_digest(WIRE_STEP_HANDED, NULL, 0));
}

static void no_candidate_sees_what_another_left(void **state)
{
    (void)state;
    uint16_t holes[300 * WIDTH];
    uint64_t decide[300];
    for (int i = 0; i < 300; i++) {
        holes[3 * i] = holes[3 * i + 1] = 0;
        holes[3 * i + 2] = 2;
        decide[i] = 0;
    }
    const struct wire_verdict *v = judge(CALL, holes, decide, 300, false)->verdicts;
    for (int i = 0; i < 300; i++)
        assert_int_equal(v[i].calls, calls_of("lookup", "{\"id\":\"7\"}"));
    peer_run(&peer, LEASE, true);
    peer_want(&peer, WIRE_EFFECT);
    peer_answer(&peer, LEASE, CALL);
    peer_want(&peer, WIRE_EFFECT);
    assert_true(peer.got.effect.same);
    assert_int_equal(peer.got.effect.states[0].bytes.at[0], 1); /* its own call, no candidate's */
    peer_want(&peer, WIRE_END);
}

/* From the results on: what the model is shown is part of the end, and of nothing else. */
static void what_the_model_is_shown_is_in_the_end(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf large = { 0 };
    const char *said = "{\"role\":\"assistant\",\"content\":\"Done.\"}";
    if (lacking)
        skip();
    buf_text(&large, "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"");
    for (int i = 0; i < 9000; i++)
        buf_char(&large, 'x');
    buf_text(&large, "\"}");
    peer_put(&peer, LEASE, 0,
        (const char *const[]){ "{\"role\":\"user\",\"content\":\"hi\"}",
            "{\"role\":\"tool\",\"tool_call_id\":\"gone\",\"content\":\"one\"}", CALL, large.at,
            NULL });
    uint16_t holes[6 * WIDTH] = { 0 };
    uint64_t decide[6] = { 0 };
    for (uint16_t i = 1; i < 6; i++)
        holes[i * WIDTH + 2] = (uint16_t)(i + 3);
    const struct wire message = { WIRE_VECTORS, .vectors = { .lease = LEASE,
                                                    .reply = str_of(said),
                                                    .holes = holes,
                                                    .holes_count = 6 * WIDTH,
                                                    .width = WIDTH,
                                                    .decide = decide,
                                                    .decide_count = 6,
                                                    .asks = true } };
    for (int again = 0; again < 2; again++) { /* none is settled: the second time is as the first */
        peer_send(&peer, &message);
        peer_want(&peer, WIRE_VERDICTS);
        const struct wire_verdict *v = peer.got.verdicts.verdicts;
        uint64_t end = wire_end_digest(WIRE_STEP_ANSWERED, NULL, 0), nothing = 0;
        assert_int_equal(v[0].end, end);
        assert_int_equal(v[1].end, wire_shown_end(end, wire_shown_cut(0, 3)));
        nothing = wire_shown_result(nothing, 3, STR("x"), STR("nothing"));
        assert_int_equal(v[2].end, wire_shown_end(end, nothing));
        assert_int_equal(v[3].end, wire_shown_end(end, wire_shown_without(0, 1)));
        assert_int_equal(
            v[4].end, wire_shown_end(end,
                          wire_shown_added(0, STR("{\"role\":\"user\",\"content\":\"go on\"}"))));
        assert_true(v[5].abnormal);
        for (int i = 0; i < 5; i++)
            assert_int_equal(v[i].text, wire_text_digest(STR("Done.")));
    }
}

/* The session has two aliases; model 0 was asked and said 429, Retry-After 2 s. */
static const struct wire_verdict *judge_error(
    uint16_t *holes, uint64_t *decide, uint32_t count, uint32_t attempt, uint32_t model)
{
    if (lacking)
        skip();
    enum { RATE_LIMIT = 1 };
    const struct wire message = { WIRE_VECTORS, .vectors = { .lease = LEASE,
                                                    .holes = holes,
                                                    .holes_count = count * WIDTH,
                                                    .width = WIDTH,
                                                    .decide = decide,
                                                    .decide_count = count,
                                                    .error_class = RATE_LIMIT,
                                                    .retry_after_ms = 2000,
                                                    .attempt = attempt,
                                                    .model = model } };
    peer_send(&peer, &message);
    peer_want(&peer, WIRE_VERDICTS);
    assert_int_equal(peer.got.verdicts.verdicts_count, count);
    return peer.got.verdicts.verdicts;
}

static void an_error_is_judged_by_how_the_model_is_asked_again(void **state)
{
    (void)state;
    uint16_t holes[7 * WIDTH] = { 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0, 5, 0, 0, 1, 0, 0 };
    uint64_t decide[7] = { 1, 1, 1, 1, 1, 1, 0 };
    static const struct {
        uint8_t end, again;
    } wanted[7] = { { WIRE_STEP_FAILED, WIRE_AGAIN_NOT }, { WIRE_STEP_ASKED, WIRE_AGAIN_OTHER },
        { WIRE_STEP_ASKED, WIRE_AGAIN_LATER }, { WIRE_STEP_ASKED, WIRE_AGAIN_SOON },
        { WIRE_STEP_ABNORMAL, WIRE_AGAIN_NOT }, { WIRE_STEP_ANSWERED, WIRE_AGAIN_NOT },
        { WIRE_STEP_FAILED, WIRE_AGAIN_NOT } };
    const struct wire_verdict *v = judge_error(holes, decide, 7, 0, 0);
    for (int i = 0; i < 7; i++) {
        if (v[i].end != wire_error_digest(wanted[i].end, (enum wire_again)wanted[i].again))
            fail_msg("candidate %d ends otherwise", i);
        assert_int_equal(v[i].abnormal, i == 4);
        assert_int_equal(v[i].reached, 1);
        assert_int_equal(v[i].calls, calls_of(NULL, NULL));
        assert_int_equal(v[i].text, wire_text_digest(i == 5 ? STR("nobody answers") : STR("")));
    }
    v = judge_error(holes, decide, 2, 0, 1); /* model 1 was asked: the candidate's is no other */
    assert_int_equal(v[1].end, wire_error_digest(WIRE_STEP_ASKED, WIRE_AGAIN_SOON));
    v = judge_error(holes, decide, 2, 8, 0); /* as often as the loop lets anybody */
    assert_int_equal(v[1].end, wire_error_digest(WIRE_STEP_FAILED, WIRE_AGAIN_NOT));
}

/* What an error's candidates did to the request is not there when a reply is judged. */
static void a_reply_behind_an_error_is_judged_as_a_reply(void **state)
{
    (void)state;
    uint16_t holes[] = { 1, 0, 0 };
    uint64_t decide[] = { 1 };
    judge_error(holes, decide, 1, 3, 0);
    const struct wire_verdict *v = judge(CALL, (uint16_t[]){ 0, 0, 0 }, decide, 1, false)->verdicts;
    assert_int_equal(v[0].end, wire_end_digest(WIRE_STEP_HANDED, NULL, 0));
}

static void the_last_row_brings_what_it_covered(void **state)
{
    (void)state;
    uint16_t holes[] = { 1, 0, 0, 1, 0, 0 };
    uint64_t decide[] = { 1, 1 };
    const struct wire_verdicts *got = judge(LEAK, holes, decide, 2, true);
    uint32_t cover[4];
    assert_int_equal(got->atoms.size, 1);
    assert_int_equal(got->atoms.at[0], 3);
    assert_int_equal(got->cover.size, sizeof(cover));
    memcpy(cover, got->cover.at, sizeof(cover));
    assert_int_equal(cover[0], 1);
    assert_int_equal(cover[1], 1);
    assert_int_equal(cover[2], 1);
}

/* Marks are the build's; turns of two sessions in work at once are told apart. */
static void what_ran_is_told_by_session(void **state)
{
    (void)state;
    enum { OTHER = 8, IN_REPLY = 1, IN_CALL = 4 };
    if (lacking)
        skip();
    peer_open(&peer, OTHER, WIRE_GATEWAY);
    peer_put(
        &peer, LEASE, 0, (const char *const[]){ "{\"role\":\"user\",\"content\":\"a\"}", NULL });
    peer_put(
        &peer, OTHER, 0, (const char *const[]){ "{\"role\":\"user\",\"content\":\"b\"}", NULL });
    peer_run(&peer, LEASE, true);
    peer_want(&peer, WIRE_EFFECT);
    struct wire first = peer.got;
    peer_run(&peer, OTHER, true);
    peer_want(&peer, WIRE_EFFECT);
    peer_answer(&peer, OTHER, "{\"role\":\"assistant\",\"content\":\"b\"}");
    peer_want(&peer, WIRE_EFFECT);
    peer_want(&peer, WIRE_END);
    assert_int_equal(peer.got.end.cover.size, 1);
    assert_int_equal(peer.got.end.cover.at[0], IN_REPLY);
    peer.got = first;
    peer_answer(&peer, LEASE, CALL);
    peer_want(&peer, WIRE_EFFECT);
    peer_want(&peer, WIRE_END);
    assert_int_equal(peer.got.end.cover.at[0], IN_REPLY | IN_CALL);
}

static void rows_that_do_not_fit_the_build_are_refused(void **state)
{
    (void)state;
    if (lacking)
        skip();
    uint16_t holes[8] = { 0 };
    uint64_t decide[2] = { 0 };
    const struct wire_vectors wrong[] = {
        { LEASE, STR(LEAK), holes, 8, 4, decide, 2, false, false },
        { LEASE, STR(LEAK), holes, 5, 3, decide, 2, false, false },
        { LEASE, STR("{}"), holes, 6, 3, decide, 2, false, false },
        { LEASE, STR(""), holes, 6, 3, decide, 2, false, false, 1, 0, 0, 9 },
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct wire message = { WIRE_VECTORS, .vectors = wrong[i] };
        peer_send(&peer, &message);
        peer_want(&peer, WIRE_FAULT);
        assert_int_equal(peer.got.fault.code, ERR_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_that_a_trial_computes),
        cmocka_unit_test(a_denied_call_shows_in_calls_and_end),
        cmocka_unit_test(what_the_model_is_shown_is_in_the_end),
        cmocka_unit_test(no_candidate_sees_what_another_left),
        cmocka_unit_test(an_error_is_judged_by_how_the_model_is_asked_again),
        cmocka_unit_test(a_reply_behind_an_error_is_judged_as_a_reply),
        cmocka_unit_test(the_last_row_brings_what_it_covered),
        cmocka_unit_test(what_ran_is_told_by_session),
        cmocka_unit_test(rows_that_do_not_fit_the_build_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
