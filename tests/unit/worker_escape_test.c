/* A locked worker that runs hostile machine code: no file, network, process, clock or new code is
 * to be had from in there; asking for one ends the worker before an answer. */
#include "worker_peer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static const char *const attempts[] = { "open a file", "open a socket", "start a process",
    "start a program", "map code", "read the clock", "trace a process", "signal a process",
    "lift its own filter", "pass a descriptor", "read the counter" };

static void what_it_asks_for_ends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        struct peer peer;
        struct sandbox_result result = { 0 };
        if (!peer_start(&peer, "moult-worker", "escape", WIRE_EVENTS_ALL))
            skip();
        peer_open(&peer, 1, WIRE_GATEWAY);
        peer_say(&peer, 1, attempts[i]);
        int r = peer_get(&peer);
        if (r != 0) {
            CLEANUP(buf_done) struct buf line = { 0 };
            wire_describe(&line, &peer.got);
            fail_msg("%s: %s", attempts[i], line.at);
        }
        peer_stop(&peer, &result);
        if (result.signal == 0 && result.exit_code == 0)
            fail_msg("%s: ended as if nothing had been", attempts[i]);
        sandbox_result_done(&result);
    }
}

/* The same harness does answer when it asks for nothing: the test above is not passed by a dead
 * worker. */
static void it_lives_while_it_behaves(void **state)
{
    (void)state;
    struct peer peer;
    if (!peer_start(&peer, "moult-worker", "escape", WIRE_EVENTS_NONE))
        skip();
    peer_open(&peer, 1, WIRE_GATEWAY);
    peer_say(&peer, 1, "nothing");
    peer_want(&peer, WIRE_EFFECT);
    peer_stop(&peer, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_asks_for_ends_it),
        cmocka_unit_test(it_lives_while_it_behaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
