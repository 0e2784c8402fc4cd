/* loop.c: every path that reaches a tool, the model or a person goes through the hooks. Each order
 * of the probe, in both kinds of session, takes the loop another way; the stream of events must
 * show the hooks that stand before each effect. */
#include "worker_peer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <moult.h>
#include <string.h>

static struct peer peer;
static bool lacking;

/* Hooks seen since the effect that they do not stand before any more. */
struct seen {
    unsigned hook[MOULT_HOOKS];
    unsigned models, tools, hands;
};

static int set_up(void **state)
{
    (void)state;
    lacking = !peer_start(&peer, "moult-worker", "probe", WIRE_EVENTS_ALL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    peer_stop(&peer, NULL);
    return 0;
}

static void check_effect(const char *order, struct seen *seen, const struct wire_effect *effect)
{
    unsigned calls = 0;
    switch (effect->kind) {
    case WIRE_MODEL:
        if (!seen->hook[MOULT_CONTEXT] || !seen->hook[MOULT_REQUEST])
            fail_msg("%s: the model was asked without context and request", order);
        memset(seen->hook, 0, sizeof(seen->hook));
        seen->models++;
        break;
    case WIRE_TOOL:
        if (effect->attempt == 0 && !seen->hook[MOULT_BEFORE_TOOL])
            fail_msg("%s: a tool was called without before_tool", order);
        seen->hook[MOULT_BEFORE_TOOL] = 0;
        seen->tools++;
        break;
    case WIRE_NESTED:
        if (effect->model == MOULT_ASK_TOOL && effect->hook != MOULT_BEFORE_TOOL &&
            !seen->hook[MOULT_BEFORE_TOOL])
            fail_msg("%s: a hook called a tool without before_tool", order);
        break;
    case WIRE_HAND:
        calls = effect->same ? 0 : effect->calls_count;
        if (seen->hook[MOULT_BEFORE_TOOL] < calls)
            fail_msg("%s: %u calls were handed over after %u before_tool", order, calls,
                seen->hook[MOULT_BEFORE_TOOL]);
        if (!seen->hook[MOULT_ANSWER] && !seen->hook[MOULT_BEFORE_TOOL])
            fail_msg("%s: something left without a hook", order);
        if (effect->text.size > 0 && calls == 0 && !seen->hook[MOULT_ANSWER])
            fail_msg("%s: a text left without answer", order);
        seen->hands++;
        break;
    default:
        break;
    }
}

static const char call_reply[] =
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\","
    "\"function\":{\"name\":\"lookup\",\"arguments\":\"{}\"}},{\"id\":\"c2\",\"type\":\"function\","
    "\"function\":{\"name\":\"change\",\"arguments\":\"{}\"}}]}";
static const char leak_reply[] = "{\"role\":\"assistant\",\"content\":\"{\\\"name\\\": "
                                 "\\\"lookup\\\", \\\"arguments\\\": {}}\"}";
static const char text_reply[] = "{\"role\":\"assistant\",\"content\":\"hello\"}";

/* Replies come in this order, then the text for ever; the third request fails. */
static void answer(uint64_t lease, const struct seen *seen)
{
    const char *const replies[] = { call_reply, leak_reply };
    if (peer.got.effect.kind != WIRE_MODEL)
        peer_answer(&peer, lease, "x");
    else if (seen->models == 3)
        peer_fail(&peer, lease, WIRE_FAILED, MOULT_OVERLOADED);
    else
        peer_answer(&peer, lease, seen->models <= 2 ? replies[seen->models - 1] : text_reply);
}

/* A client brings the results of what it was handed, once. */
static bool go_on(uint64_t lease, struct seen *seen)
{
    if (peer.got.end.how != WIRE_ENDED_HANDED || seen->hands > 1)
        return false;
    memset(seen->hook, 0, sizeof(seen->hook));
    peer_put(&peer, lease, 2,
        (const char *const[]){
            "{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"y\"}", NULL });
    peer_run(&peer, lease, false);
    return true;
}

static void walk(uint64_t lease, enum wire_session kind, const char *order, struct seen *seen)
{
    peer_open(&peer, lease, kind);
    peer_say(&peer, lease, order);
    for (unsigned message = 0; message < 500; message++) {
        if (!peer_get(&peer))
            fail_msg("%s: the worker ended", order);
        if (peer.got.type == WIRE_END && !go_on(lease, seen))
            return;
        if (peer.got.type == WIRE_EVENT)
            seen->hook[peer.got.event.hook]++;
        else if (peer.got.type == WIRE_EFFECT)
            check_effect(order, seen, &peer.got.effect);
        if (peer.got.type == WIRE_EFFECT && peer.got.effect.kind != WIRE_HAND)
            answer(lease, seen);
    }
    fail_msg("%s: no end in sight", order);
}

static void no_way_leads_around_the_hooks(void **state)
{
    (void)state;
    static const char *const hooks[] = { "turn_start", "context", "request", "model_error", "reply",
        "before_tool", "after_tool", "answer", "turn_end" };
    static const char *const words[] = { "none", "deny", "finish", "retry", "retry once",
        "retry later", "invalid", "wait for nothing", "ask", "cut leak", "cut and fail", "body",
        "drop first", "drop calls", "mend", "guard", "deny lookup" };
    uint64_t lease = 0;
    struct seen all = { 0 };
    if (lacking)
        skip();
    for (size_t h = 0; h < COUNT_OF(hooks); h++)
        for (size_t w = 0; w < COUNT_OF(words); w++)
            for (int kind = WIRE_HOSTED; kind <= WIRE_GATEWAY; kind++) {
                CLEANUP(buf_done) struct buf order = { 0 };
                struct seen seen = { 0 };
                buf_format(&order, "{\"%s\":\"%s\"}", hooks[h], words[w]);
                walk(++lease, (enum wire_session)kind, order.at, &seen);
                all.models += seen.models;
                all.tools += seen.tools;
                all.hands += seen.hands;
                arena_reset(&peer.arena);
            }
    assert_true(all.models > 300 && all.tools > 100 && all.hands > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_way_leads_around_the_hooks) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
