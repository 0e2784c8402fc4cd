/* What the gates let through of tests/redteam/gates because it can do nothing: each such plugin is
 * run by a locked worker, which ends before it has told what it got, or answers without it. */
#include "worker_peer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

/* A fault is SIGSEGV, or SIGSYS where a sanitizer wants to report it. */
static const struct row {
    const char *name;
    int signal; /* 0: it goes on, and has done nothing */
} rows[] = {
    { "inert_walk-libraries", SIGSYS },
    { "inert_function-from-memory", SIGSEGV },
    { "inert_write-constant", SIGSEGV },
    { "inert_recursion", SIGSEGV },
    { "inert_code-as-data", 0 },
};

static void it_ends_or_has_done_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct peer peer;
        struct sandbox_result result = { 0 };
        if (!peer_start(&peer, "moult-worker", rows[i].name, WIRE_EVENTS_NONE))
            skip();
        peer_open(&peer, 1, WIRE_GATEWAY);
        peer_say(&peer, 1, "begin");
        if (rows[i].signal)
            assert_int_equal(peer_get(&peer), 0);
        else
            peer_want(&peer, WIRE_EFFECT);
        peer_stop(&peer, &result);
        if (rows[i].signal && result.signal != rows[i].signal && result.signal != SIGSYS)
            fail_msg(
                "%s: ended with signal %d, code %d", rows[i].name, result.signal, result.exit_code);
        sandbox_result_done(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_or_has_done_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
