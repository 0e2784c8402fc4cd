/* A plugin that crashes, never returns, or dives: the worker dies or lives,
 * and the peer sees which. A generation that is not fit to run is refused before any of it runs. */
#include "worker_peer.h"

#include "base/mem.h"
#include "sandbox/ended.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static struct peer peer;

static void order(const char *program, const char *text)
{
    if (!peer_start(&peer, program, "probe", WIRE_EVENTS_DECISIONS))
        skip();
    peer_open(&peer, 1, WIRE_GATEWAY);
    peer_say(&peer, 1, text);
}

static int tear_down(void **state)
{
    (void)state;
    peer_stop(&peer, NULL);
    return 0;
}

static void a_crash_ends_the_worker_and_nothing_else(void **state)
{
    (void)state;
    char ended[SANDBOX_ENDED_MAX];
    struct sandbox_result result = { 0 };
    order("moult-worker", "{\"reply\":\"crash\"}");
    peer_want(&peer, WIRE_EFFECT);
    peer_answer(&peer, 1, "{\"role\":\"assistant\",\"content\":\"x\"}");
    assert_int_equal(peer_get(&peer), 0);
    peer_stop(&peer, &result);
    assert_true(result.signal != 0 || result.exit_code != 0);
    assert_null(strstr(sandbox_ended(ended, &result), "stack"));
    sandbox_result_done(&result);
}

static void a_stack_without_end_ends_the_worker(void **state)
{
    (void)state;
    struct sandbox_result result = { 0 };
    char ended[SANDBOX_ENDED_MAX];
    order("moult-worker", "{\"turn_start\":\"overflow\"}");
    assert_int_equal(peer_get(&peer), 0);
    peer_stop(&peer, &result);
    if (!sandbox_sanitizer_spoke(&result))
        assert_string_equal(
            sandbox_ended(ended, &result), "died of signal 11: its stack overflowed");
    assert_true(result.signal != 0 || result.exit_code != 0);
    sandbox_result_done(&result);
}

static void a_loop_without_end_is_ended_by_the_peer(void **state)
{
    (void)state;
    struct sandbox_result result = { 0 };
    struct timeval patience = { .tv_usec = 300000 };
    order("moult-worker", "{\"turn_start\":\"loop\"}");
    setsockopt(peer.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    /* Nothing comes: not even a message that can be refused is answered. */
    peer_run(&peer, 99, false);
    char byte;
    assert_int_equal(recv(peer.fd, &byte, 1, MSG_PEEK), -1);
    sandbox_kill(peer.box);
    peer_stop(&peer, &result);
    assert_int_not_equal(result.signal, 0);
    sandbox_result_done(&result);
}

static void what_a_hook_did_is_testimony(void **state)
{
    (void)state;
    order("moult-worker", "{\"turn_start\":\"deny\"}");
    peer_want(&peer, WIRE_EVENT);
    assert_int_equal(peer.got.event.action, 3);
    assert_true(str_equal(peer.got.event.why, STR("denied by the probe")));
    peer_want(&peer, WIRE_EFFECT);
    peer_want(&peer, WIRE_END);
    peer_say(&peer, 1, "{\"context\":\"invalid\"}");
    peer_want(&peer, WIRE_EVENT);
    assert_int_equal(peer.got.event.action, WIRE_ACTION_FAILED);
    peer_want(&peer, WIRE_EFFECT);
}

/* A plugin that says it only looks: what it does beside is its failure, and changes nothing. */
static const struct promise {
    const char *name, *order;
    bool kept;
} promises[] = {
    { "it sets another text in reply", "{\"reply\":\"body\"}", false },
    { "it sends the model back in reply", "{\"reply\":\"retry\"}", false },
    { "it ends the turn in reply", "{\"reply\":\"finish\"}", false },
    { "it sets another text in answer", "{\"answer\":\"body\"}", false },
    { "it denies the answer", "{\"answer\":\"deny\"}", false },
    { "the user's text is no matter of the promise", "{\"turn_start\":\"body\"}", true },
};

static void a_promise_only_to_look_is_kept(void **state)
{
    (void)state;
    if (!peer_start(&peer, "moult-worker", "looks", WIRE_EVENTS_DECISIONS))
        skip();
    assert_int_equal(peer.got.ready.hooks, 0x9001ff); /* it has a tool of its own */
    for (uint32_t i = 0; i < COUNT_OF(promises); i++) {
        uint32_t broken = 0;
        peer_open(&peer, i + 1, WIRE_GATEWAY);
        peer_say(&peer, i + 1, promises[i].order);
        do {
            assert_int_equal(peer_get(&peer), 1);
            if (peer.got.type == WIRE_EVENT)
                broken += peer.got.event.action == WIRE_ACTION_FAILED;
            else if (peer.got.type == WIRE_EFFECT && peer.got.effect.kind == WIRE_MODEL)
                peer_answer(&peer, i + 1, "{\"role\":\"assistant\",\"content\":\"said\"}");
            else if (peer.got.type == WIRE_EFFECT && !peer.got.effect.same)
                fail_msg("%s: another text left", promises[i].name);
        } while (peer.got.type != WIRE_END);
        if (promises[i].kept != (broken == 0))
            fail_msg("%s: %u failures of a hook", promises[i].name, broken);
    }
}

static void bytes_that_are_no_message_end_the_worker(void **state)
{
    (void)state;
    struct sandbox_result result = { 0 };
    if (!peer_start(&peer, "moult-worker", "naive", WIRE_EVENTS_NONE))
        skip();
    assert_int_equal(send(peer.fd, "\1\0\0\0\x77", 5, 0), 5);
    peer_want(&peer, WIRE_FAULT);
    assert_int_equal(peer.got.fault.lease, 0);
    assert_int_equal(peer_get(&peer), 0);
    peer_stop(&peer, &result);
    assert_int_equal(result.exit_code, 1);
    sandbox_result_done(&result);
}

static void a_second_load_is_refused(void **state)
{
    (void)state;
    if (!peer_start(&peer, "moult-worker", "naive", WIRE_EVENTS_NONE))
        skip();
    assert_int_equal(peer.got.ready.names_count, 7);
    assert_int_equal(peer.got.ready.hooks, 0xb001ff);
    struct wire load = { WIRE_LOAD, .load = { .version = WIRE_VERSION } };
    peer_send(&peer, &load);
    peer_want(&peer, WIRE_FAULT);
    assert_int_equal(peer.got.fault.code, ERR_STATE);
}

static const struct refused {
    const char *name, *harness, *pipeline, *why;
} refusals[] = {
    { "a build that exports no pipeline", "naive", "calls", "exports no moult_pipeline" },
    { "no build is the pipeline", "naive", "nothing", "exports no moult_plugin" },
    { "a wrong ABI", "bad_abi", "order", "made for ABI 99" },
    { "an order with a plugin that is not there", "bad_missing", "order", "not loaded: ghost" },
    { "an order against what a plugin says", "bad_order", "order", "must stand behind" },
    { "a place without a function", "bad_place", "order", "has no function for answer" },
};

static void a_generation_that_does_not_fit_together_is_not_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct sandbox_result result = { 0 };
        peer_load(&peer, "moult-worker", refusals[i].harness, refusals[i].pipeline, 0);
        peer_want(&peer, WIRE_FAULT);
        char text[256];
        str_printable(text, sizeof(text), peer.got.fault.text, false);
        if (!strstr(text, refusals[i].why))
            fail_msg("%s: %s", refusals[i].name, text);
        assert_int_equal(peer_get(&peer), 0);
        peer_stop(&peer, &result);
        assert_int_equal(result.exit_code, 1);
        sandbox_result_done(&result);
    }
}

/* The sanitised worker reports what a sanitised build does wrong, from inside the lock. */
static void a_read_behind_the_end_is_reported_by_the_sanitised_worker(void **state)
{
    (void)state;
    struct sandbox_result result = { 0 };
    if (!peer_start(&peer, "moult-worker-asan", "sanitised", WIRE_EVENTS_NONE))
        skip();
    peer_open(&peer, 1, WIRE_GATEWAY);
    peer_say(&peer, 1, "fine");
    peer_want(&peer, WIRE_EFFECT);
    peer_open(&peer, 2, WIRE_GATEWAY);
    peer_say(&peer, 2, "reads behind the end of its memory");
    assert_int_equal(peer_get(&peer), 0);
    peer_stop(&peer, &result);
    if (!result.err.at || !strstr(result.err.at, "AddressSanitizer"))
        fail_msg("exit %d signal %d: %s", result.exit_code, result.signal,
            result.err.at ? result.err.at : "(nothing)");
    sandbox_result_done(&result);
}

/* Started by hand, without what sandbox_start hands it, it loads the builds and then refuses. */
static void without_its_lock_it_runs_nothing(void **state)
{
    (void)state;
    struct sandbox_result result = { 0 };
    peer_load_bare(&peer, "moult-worker", "naive");
    peer_want(&peer, WIRE_FAULT);
    assert_int_equal(peer.got.fault.code, ERR_LACKS);
    assert_int_equal(peer_get(&peer), 0);
    peer_stop(&peer, &result);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_crash_ends_the_worker_and_nothing_else),
        TEST(a_stack_without_end_ends_the_worker),
        TEST(a_loop_without_end_is_ended_by_the_peer),
        TEST(what_a_hook_did_is_testimony),
        TEST(a_promise_only_to_look_is_kept),
        TEST(bytes_that_are_no_message_end_the_worker),
        TEST(a_second_load_is_refused),
        TEST(a_generation_that_does_not_fit_together_is_not_run),
        TEST(a_read_behind_the_end_is_reported_by_the_sanitised_worker),
        TEST(without_its_lock_it_runs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
