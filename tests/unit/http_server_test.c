/* server.c, request.c, answer.c, listen.c: real sockets, clients that behave and clients that do
 * not. Server and client share one thread: the client runs the loop while it waits. */
#include "http/server.h"
#include "http_peer.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BODY_MAX = 4 * 1024 * 1024, HEAD_MAX = 4096, MB = 1024 * 1024 };

static const struct http_limits limits = {
    .body_max = BODY_MAX, .head_max = HEAD_MAX, .connections_max = 64, .idle_s = 60
};

/* What the handler saw, and what it shall do: by the path. */
static struct seen {
    unsigned heads, requests, gone, whole, drained;
    struct http_exchange *held; /* a request that the test answers itself */
    struct buf about;           /* method, path, target, query, X-Test of the last one */
    struct buf body;
} seen;

static uv_loop_t loop;
static struct http_server *server;
static struct scratch folder;
static char socket_path[128];
static struct err err;

static int on_head(void *with, struct http_exchange *exchange)
{
    assert_ptr_equal(with, &seen);
    seen.heads++;
    if (!str_equal(http_path(exchange), STR("/refuse")))
        return 0;
    http_reply(exchange, 401, NULL, 0, STR("no"));
    return 1;
}

static void on_request(void *with, struct http_exchange *exchange)
{
    (void)with;
    seen.requests++;
    buf_clear(&seen.about);
    buf_clear(&seen.body);
    struct str parts[] = { http_method(exchange), http_path(exchange), http_target(exchange),
        http_query(exchange), http_header(exchange, "x-TEST") };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        buf_str(&seen.about, parts[i]);
        buf_char(&seen.about, '|');
    }
    buf_str(&seen.body, http_body(exchange));
    if (str_starts(http_path(exchange), STR("/hold")))
        seen.held = exchange;
    else
        http_reply(exchange, 200, NULL, 0, http_body(exchange));
}

static void on_drained(void *with, struct http_exchange *exchange)
{
    (void)with, (void)exchange;
    seen.drained++;
}

static void on_gone(void *with, struct http_exchange *exchange, bool whole)
{
    (void)with;
    seen.gone++;
    seen.whole += whole;
    if (seen.held == exchange)
        seen.held = NULL;
}

static const struct http_handler handler = { on_head, on_request, on_drained, on_gone };

static void start(const struct http_limits *with, bool local)
{
    buf_done(&seen.about);
    buf_done(&seen.body);
    memset(&seen, 0, sizeof seen);
    struct http_listen where = { .unix_path = local ? socket_path : NULL, .host = "127.0.0.1" };
    assert_int_equal(uv_loop_init(&loop), 0);
    int got = http_server_start(&server, &loop, &where, with, &handler, &seen, &err);
    if (got < 0)
        fail_msg("%s", err.text);
}

static int up_tcp(void **state)
{
    (void)state;
    start(&limits, false);
    return 0;
}

static int up_unix(void **state)
{
    (void)state;
    start(&limits, true);
    return 0;
}

static int down(void **state)
{
    (void)state;
    http_server_free(server);
    server = NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    buf_done(&seen.about);
    buf_done(&seen.body);
    return uv_loop_close(&loop);
}

static void dial(struct http_peer *peer)
{
    uint16_t port = http_server_port(server);
    if (port)
        peer_tcp(peer, port, &loop);
    else
        peer_unix(peer, socket_path, &loop);
}

/* Runs the loop until the number is there. */
#define AWAIT(peer, what)                                                                          \
    do {                                                                                           \
        for (int turns_ = 0; !(what); turns_++) {                                                  \
            if (turns_ > PEER_WAIT_MS)                                                             \
                fail_msg("never: %s", #what);                                                      \
            peer_turn(peer);                                                                       \
        }                                                                                          \
    } while (0)

/* The request that waits for the test's answer; once. */
static struct http_exchange *held_of(struct http_peer *peer)
{
    AWAIT(peer, seen.held);
    return STEAL(seen.held);
}

static void hear(struct http_peer *peer, unsigned status, const char *body)
{
    struct http_said said;
    assert_true(peer_hear(peer, &said, false));
    if (said.status != status)
        fail_msg("%u wanted: %s", status, said.head);
    assert_true(said.whole);
    if (body)
        assert_string_equal(said.body.at ? said.body.at : "", body);
    peer_said_done(&said);
}

/* --- requests */

static const struct row {
    const char *name, *request;
    unsigned status;
    const char *about, *body; /* what the handler saw; NULL: it was not asked */
} rows[] = {
    { "a plain GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200,
        "GET|/|/||"
        "|",
        "" },
    { "a path in %XX and a query as it came",
        "GET /a%20b/%C3%A9?x=%31&beta=true HTTP/1.1\r\nHost: a\r\n\r\n", 200,
        "GET|/a b/\xc3\xa9|/a%20b/%C3%A9?x=%31&beta=true|x=%31&beta=true||", "" },
    { "plus is plus, and a query may be empty", "GET /a+b? HTTP/1.1\r\nHost: a\r\n\r\n", 200,
        "GET|/a+b|/a+b?|||", "" },
    { "a header in another case",
        "POST /x HTTP/1.1\r\nhost: a\r\nX-Test:  v \r\ncontent-length: 5\r\n\r\nhello", 200,
        "POST|/x|/x||v|", "hello" },
    { "a chunked body",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\n\r\n",
        200,
        "POST|/|/||"
        "|",
        "abcdefg" },
    { "HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", 200,
        "POST|/|/||"
        "|",
        "hi" },
    { "an encoded NUL in the path", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL, NULL },
    { "half an escape in the path", "GET /a%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL, NULL },
    { "an escape that is none", "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL, NULL },
    { "a length that is no number", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\na",
        400, NULL, NULL },
    { "a length below zero", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na", 400, NULL,
        NULL },
    { "no Host", "GET / HTTP/1.1\r\n\r\n", 400, NULL, NULL },
    { "refused at its head, its body is dropped",
        "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 401, NULL, NULL },
    { "a length over the limit",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413, NULL, NULL },
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_peer peer;
        dial(&peer);
        unsigned before = seen.requests;
        peer_send(&peer, str_of(rows[i].request));
        struct http_said said = { 0 };
        bool heard = peer_hear(&peer, &said, false);
        if (!heard || said.status != rows[i].status || !said.whole)
            fail_msg("%s: %s", rows[i].name, heard ? said.head : "no answer");
        if (seen.requests != before + (rows[i].about != NULL))
            fail_msg("%s: asked %u times", rows[i].name, seen.requests - before);
        if (rows[i].about && (strcmp(seen.about.at, rows[i].about) ||
                                 strcmp(seen.body.at ? seen.body.at : "", rows[i].body)))
            fail_msg("%s: saw %s, %s", rows[i].name, seen.about.at, seen.body.at);
        peer_said_done(&said);
        peer_close(&peer);
    }
}

static void test_kept_alive(void **state)
{
    (void)state;
    struct http_peer peer;
    dial(&peer);
    for (int i = 0; i < 3; i++) {
        peer_say(&peer, "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d", i);
        struct http_exchange *held = held_of(&peer);
        http_reply(held, 200, NULL, 0, http_body(held));
        hear(&peer, 200, (char[]){ (char)('0' + i), '\0' });
    }
    AWAIT(&peer, seen.gone == 3);
    assert_int_equal(seen.whole, 3);
    peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests, up_tcp, down),
        cmocka_unit_test_setup_teardown(test_requests, up_unix, down),
        cmocka_unit_test_setup_teardown(test_kept_alive, up_tcp, down),
        cmocka_unit_test_setup_teardown(test_kept_alive, up_unix, down),
    };
    if (scratch_make(&folder, "http", 0700, NULL) < 0)
        return 1;
    snprintf(socket_path, sizeof socket_path, "%s/s", folder.path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(&folder);
    return failed;
}
