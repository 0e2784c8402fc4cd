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

static void on_refused(
    void *with, struct http_exchange *exchange, unsigned status, const char *text)
{
    assert_ptr_equal(with, &seen);
    assert_true(status >= 400 && text[0]);
    http_reply(exchange, status, NULL, 0, STR("in our own words"));
}

static const struct http_handler handler = { on_head, on_request, on_drained, on_gone, on_refused };

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

static int up_default(void **state)
{
    (void)state;
    start(&http_limits_default, true);
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

/* --- bodies */

static char *filled(size_t size)
{
    char *text = mem_alloc(size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 23);
    text[size] = '\0';
    return text;
}

static void test_large_bodies(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *text = filled(BODY_MAX);
    struct http_peer peer;
    dial(&peer);
    for (int chunked = 0; chunked < 2; chunked++) {
        peer_say(&peer, "POST / HTTP/1.1\r\nHost: a\r\n");
        if (chunked)
            peer_say(&peer, "Transfer-Encoding: chunked\r\n\r\n%x\r\n", BODY_MAX);
        else
            peer_say(&peer, "Content-Length: %d\r\n\r\n", BODY_MAX);
        peer_send(&peer, (struct str){ text, BODY_MAX });
        if (chunked)
            peer_say(&peer, "\r\n0\r\n\r\n");
        struct http_said said;
        assert_true(peer_hear(&peer, &said, false));
        assert_int_equal(said.status, 200);
        assert_true(str_equal(buf_view(&said.body), (struct str){ text, BODY_MAX }));
        peer_said_done(&said);
    }
    peer_close(&peer);
}

/* Its sender has not read anything while it sends: it must get the answer, not a reset. */
static void test_too_large(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *text = filled(BODY_MAX + MB);
    struct http_peer peer;
    dial(&peer);
    peer_say(&peer, "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BODY_MAX + MB);
    peer_send(&peer, (struct str){ text, BODY_MAX + MB });
    hear(&peer, 413, "in our own words");
    assert_int_equal(seen.heads, 0);
    peer_say(&peer, "POST /hold HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n",
        BODY_MAX + MB);
    peer_send(&peer, (struct str){ text, BODY_MAX + MB });
    peer_say(&peer, "\r\n0\r\n\r\n");
    hear(&peer, 413, NULL);
    /* The connection can still be used. */
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    hear(&peer, 200, "x");
    assert_int_equal(seen.requests, 1);
    peer_close(&peer);
}

static void test_expect(void **state)
{
    (void)state;
    struct http_peer peer;
    dial(&peer);
    peer_say(
        &peer, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    hear(&peer, 100, NULL);
    peer_say(&peer, "hi");
    hear(&peer, 200, "hi");
    peer_say(&peer,
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
        "Content-Length: %d\r\n\r\n",
        BODY_MAX + 1);
    hear(&peer, 413, NULL); /* and no 100 */
    peer_close(&peer);
}

static void test_large_head(void **state)
{
    (void)state;
    for (size_t size = HEAD_MAX; size <= 512 * 1024; size *= 8) {
        CLEANUP(mem_freep) char *text = filled(size);
        struct http_peer peer;
        dial(&peer);
        peer_say(&peer, "GET / HTTP/1.1\r\nHost: a\r\nX-Test: ");
        peer_send(&peer, (struct str){ text, size });
        peer_say(&peer, "\r\n\r\n");
        hear(&peer, 431, NULL);
        peer_close(&peer);
    }
    assert_int_equal(seen.heads, 0);
}

/* As large as it may be, in many lines, and an answer to it that has a large head too: one memory
 * of the connection holds both. */
static void test_large_heads_both_ways(void **state)
{
    (void)state;
    enum { LINES = 96, LINE = 160, ANSWER_LINES = 40 };
    struct http_header list[ANSWER_LINES];
    CLEANUP(mem_freep) char *text = filled(LINE);
    struct http_peer peer;
    dial(&peer);
    for (int round = 0; round < 3; round++) {
        peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n");
        for (int i = 0; i < LINES; i++)
            peer_say(&peer, "X-%d: %.*s\r\n", i, LINE, text);
        peer_say(&peer, "\r\n");
        for (int i = 0; i < ANSWER_LINES; i++)
            list[i] = (struct http_header){ STR("X-Answer"), { text, LINE } };
        http_reply(held_of(&peer), 200, list, ANSWER_LINES, STR("yes"));
        hear(&peer, 200, "yes");
    }
    peer_close(&peer);
}

/* --- odd clients */

static void test_pipelined(void **state)
{
    (void)state;
    struct http_peer peer;
    dial(&peer);
    peer_say(&peer, "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1"
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n2"
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n3");
    http_reply(held_of(&peer), 200, NULL, 0, STR("1"));
    hear(&peer, 200, "1");
    hear(&peer, 200, "2");
    hear(&peer, 200, "3");
    peer_close(&peer);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    struct http_peer peer;
    dial(&peer);
    struct str text = STR("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    for (size_t i = 0; i < text.size; i++) {
        peer_send(&peer, (struct str){ text.at + i, 1 });
        peer_turn(&peer);
    }
    hear(&peer, 200, "abc");
    peer_close(&peer);
}

static const struct garbage {
    const char *name;
    struct str bytes;
} garbage[] = {
    { "a TLS hello", STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n") },
    { "one word", STR("hello\r\n\r\n") },
    { "another protocol", STR("GET / SPDY/9\r\nHost: a\r\n\r\n") },
    { "a blank before a header's colon", STR("GET / HTTP/1.1\r\nHost : a\r\nX\r\n\r\n") },
    { "a header without a colon", STR("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n") },
    { "two lengths", STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                         "Content-Length: 5\r\n\r\nabcde") },
    { "a length and chunks", STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n") },
    { "a coding that nobody knows",
        STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nx") },
    { "a chunk's size that is none",
        STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") },
    { "a chunk of 2^64", STR("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "10000000000000000\r\n") },
};

/* The connection ends, with 400 or without; the handler is not asked. */
static void test_garbage(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(garbage); i++) {
        struct http_peer peer;
        dial(&peer);
        peer_send(&peer, garbage[i].bytes);
        peer_wait_end(&peer);
        if (peer.in.size > 0 && str_find(buf_view(&peer.in), STR(" 400 ")) < 0 &&
            str_find(buf_view(&peer.in), STR(" 413 ")) < 0)
            fail_msg("%s: %s", garbage[i].name, peer.in.at);
        peer_close(&peer);
    }
    assert_int_equal(seen.requests, 0);
    assert_int_equal(seen.gone, seen.heads);
}

static void test_goes_in_a_request(void **state)
{
    (void)state;
    struct http_peer peer, other;
    dial(&other);
    dial(&peer);
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    AWAIT(&other, seen.heads == 1);
    peer_close(&peer);
    AWAIT(&other, seen.gone == 1);
    dial(&peer);
    peer_say(&peer, "POST / HT");
    peer_turn(&other);
    peer_close(&peer);
    peer_say(&other, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(&other, 200, "");
    assert_int_equal(seen.heads, 2);
    assert_int_equal(seen.requests, 1);
    assert_int_equal(seen.whole, seen.gone - 1);
    peer_close(&other);
}

/* Nothing is written and the daemon does not look: it is noticed all the same. */
static void test_goes_before_the_answer(void **state)
{
    (void)state;
    struct http_peer peer, other;
    dial(&other);
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    AWAIT(&other, seen.held);
    peer_close(&peer);
    AWAIT(&other, seen.gone == 1);
    assert_int_equal(seen.whole, 0);
    assert_null(seen.held);
    peer_close(&other);
}

static void test_goes_within_the_answer(void **state)
{
    (void)state;
    struct http_peer peer, other;
    dial(&other);
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&other);
    http_begin(exchange, 200, NULL, 0);
    http_push(exchange, STR("one"));
    assert_true(peer_wait_text(&peer, "one"));
    AWAIT(&other, seen.drained == 1);
    peer_close(&peer);
    AWAIT(&other, seen.gone == 1);
    assert_int_equal(seen.whole, 0);
    peer_close(&other);
}

/* A client that goes while its answer waits in a full socket. */
static void test_goes_without_reading(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *text = filled(8 * MB);
    struct http_peer peer, other;
    dial(&other);
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&other);
    http_begin(exchange, 200, NULL, 0);
    http_push(exchange, (struct str){ text, 8 * MB });
    size_t before = 0;
    while (before != http_queued(exchange)) {
        before = http_queued(exchange);
        for (int i = 0; i < 10; i++)
            peer_turn(&other);
    }
    assert_in_range(before, 1, 8 * MB - 1);
    peer_close(&peer);
    AWAIT(&other, seen.gone == 1);
    assert_int_equal(seen.whole, 0);
    peer_close(&other);
}

/* Its last byte was sent, and it still reads. That looks like one that has gone. */
static void test_shuts_down(void **state)
{
    (void)state;
    struct http_peer peer, other;
    dial(&other);
    dial(&peer);
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    shutdown(peer.fd, SHUT_WR);
    hear(&peer, 200, "x");
    peer_close(&peer);
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    shutdown(peer.fd, SHUT_WR);
    AWAIT(&other, seen.requests == 2 && seen.gone == 2);
    assert_int_equal(seen.whole, 1);
    peer_close(&peer);
    peer_close(&other);
}

static void test_idle(void **state)
{
    (void)state;
    struct http_limits hasty = limits;
    hasty.idle_s = 1;
    start(&hasty, false);
    struct http_peer quiet, half, held;
    dial(&quiet);
    dial(&half);
    dial(&held);
    peer_say(&half, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
    peer_say(&held, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&held);
    peer_wait_end(&quiet);
    peer_wait_end(&half);
    /* Who waits for our answer is not idle. */
    http_reply(exchange, 200, NULL, 0, STR("late"));
    hear(&held, 200, "late");
    peer_close(&quiet);
    peer_close(&half);
    peer_close(&held);
}

/* --- answers */

static void test_streamed(void **state)
{
    (void)state;
    struct http_peer peer;
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&peer);
    http_begin(exchange, 203, NULL, 0);
    assert_true(peer_wait_text(&peer, "\r\n\r\n")); /* the head does not wait for a body */
    http_push(exchange, STR("one"));
    assert_true(peer_wait_text(&peer, "one"));
    AWAIT(&peer, seen.drained == 1);
    assert_int_equal(http_queued(exchange), 0);
    http_push(exchange, STR("two"));
    http_push(exchange, STR("three"));
    assert_int_equal(http_queued(exchange), 8);
    http_end(exchange, true);
    hear(&peer, 203, "onetwothree");
    AWAIT(&peer, seen.gone == 1);
    assert_int_equal(seen.whole, 1);
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    hear(&peer, 200, "x");
    peer_close(&peer);
}

/* No part of an answer waits for the next one in the kernel: each would be 40 or 200 ms late, and
 * on a loaded machine some are. */
static void test_streamed_at_once(void **state)
{
    (void)state;
    enum { PARTS = 50, LATE_MS = 35 };
    unsigned late = 0;
    struct http_peer peer;
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&peer);
    http_begin(exchange, 200, NULL, 0);
    for (int i = 0; i < PARTS; i++) {
        char text[16];
        uint64_t before = uv_hrtime();
        snprintf(text, sizeof text, "<%d>", i);
        http_push(exchange, str_of(text));
        assert_true(peer_wait_text(&peer, text));
        late += uv_hrtime() - before > LATE_MS * 1000000u;
    }
    assert_in_range(late, 0, PARTS / 2);
    http_end(exchange, true);
    hear(&peer, 200, NULL);
    peer_close(&peer);
}

static void test_much_streamed(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *text = filled(MB);
    struct http_peer peer;
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&peer);
    http_begin(exchange, 200, NULL, 0);
    for (size_t at = 0, step; at < MB; at += step) {
        step = at % 7919 + 1 < MB - at ? at % 7919 + 1 : MB - at;
        http_push(exchange, (struct str){ text + at, step });
        if (at % 3 == 0)
            uv_run(&loop, UV_RUN_NOWAIT);
    }
    http_end(exchange, true);
    hear(&peer, 200, text);
    peer_close(&peer);
}

static void test_broken_off(void **state)
{
    (void)state;
    struct http_peer peer;
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&peer);
    http_begin(exchange, 200, NULL, 0);
    http_push(exchange, STR("part"));
    http_end(exchange, false);
    struct http_said said;
    assert_true(peer_hear(&peer, &said, false));
    assert_false(said.whole);
    assert_string_equal(said.body.at, "part");
    peer_said_done(&said);
    AWAIT(&peer, seen.gone == 1);
    assert_int_equal(seen.whole, 0);
    peer_close(&peer);
}

static void ask_1_0(struct http_peer *peer, bool whole)
{
    dial(peer);
    peer_say(peer, "GET /hold HTTP/1.0\r\n\r\n");
    struct http_exchange *exchange = held_of(peer);
    http_begin(exchange, 200, NULL, 0);
    http_push(exchange, STR("part"));
    assert_true(peer_wait_text(peer, "part"));
    http_end(exchange, whole);
    peer_wait_end(peer);
    assert_int_equal(peer->reset, !whole);
}

static void test_streamed_to_1_0(void **state)
{
    (void)state;
    struct http_peer peer;
    ask_1_0(&peer, true);
    hear(&peer, 200, "part");
    peer_close(&peer);
    ask_1_0(&peer, false);
    peer_close(&peer);
}

static void test_head(void **state)
{
    (void)state;
    struct http_peer peer;
    dial(&peer);
    for (int streamed = 0; streamed < 2; streamed++) {
        peer_say(&peer, "HEAD /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        struct http_exchange *exchange = held_of(&peer);
        if (streamed) {
            http_begin(exchange, 200, NULL, 0);
            http_push(exchange, STR("body"));
        } else {
            http_reply(exchange, 200, NULL, 0, STR("body"));
        }
        struct http_said said;
        assert_true(peer_hear(&peer, &said, true));
        assert_int_equal(said.status, 200);
        peer_said_done(&said);
        AWAIT(&peer, seen.gone == (unsigned)streamed + 1);
        assert_int_equal(peer.in.size, 0);
    }
    peer_say(&peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    hear(&peer, 200, "x");
    peer_close(&peer);
}

static const struct http_header hostile[] = {
    { STR("X-Good"), STR("yes; \"quoted\" \xc3\xa9") },
    { STR("X-Line"), STR("a\r\nX-Forged: 1") },
    { STR("X-Feed"), STR("a\nX-Forged: 1") },
    { STR("X-Nul"), STR("a\0b") },
    { STR("X-Forged: 1\r\nX-Name"), STR("a") },
    { STR("X Forged"), STR("1") },
    { STR("X-Forged:1;X"), STR("1") },
    { STR(""), STR("1") },
    { STR("Content-Length"), STR("1") },
    { STR("transfer-encoding"), STR("chunked") },
    { STR("CONNECTION"), STR("close") },
    { STR("X-Last"), STR("1") },
};

static void test_headers(void **state)
{
    (void)state;
    struct http_peer peer;
    dial(&peer);
    peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    http_reply(held_of(&peer), 200, hostile, COUNT_OF(hostile), STR("body"));
    struct http_said said;
    assert_true(peer_hear(&peer, &said, false));
    assert_string_equal(peer_header(&said, "X-Good"), "yes; \"quoted\" \xc3\xa9");
    assert_string_equal(peer_header(&said, "X-Last"), "1");
    assert_string_equal(peer_header(&said, "Content-Length"), "4");
    static const char *const none[] = { "Forged", "X-Line", "X-Feed", "X-Nul", "X-Name", "chunked",
        "close" };
    for (size_t i = 0; i < COUNT_OF(none); i++)
        if (strstr(said.head, none[i]))
            fail_msg("%s: %s", none[i], said.head);
    peer_said_done(&said);
    peer_close(&peer);
}

static void test_odd_statuses(void **state)
{
    (void)state;
    static const struct {
        unsigned given, want;
    } statuses[] = { { 529, 529 }, { 999, 999 }, { 0, 502 }, { 100, 502 }, { 1000, 502 } };
    struct http_peer peer;
    dial(&peer);
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        peer_say(&peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
        http_reply(held_of(&peer), statuses[i].given, NULL, 0, STR("x"));
        hear(&peer, statuses[i].want, "x");
    }
    peer_close(&peer);
}

/* --- beginning and end */

/* What is open when the server goes is broken off and told, whatever state it is in. */
static void test_freed_while_open(void **state)
{
    struct http_peer held, streamed, half, full;
    CLEANUP(mem_freep) char *text = filled(8 * MB);
    start(&limits, true);
    dial(&held);
    dial(&streamed);
    dial(&half);
    dial(&full);
    peer_say(&streamed, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&streamed);
    http_begin(exchange, 200, NULL, 0);
    http_push(exchange, STR("part"));
    assert_true(peer_wait_text(&streamed, "part"));
    peer_say(&full, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    exchange = held_of(&full);
    http_reply(exchange, 200, NULL, 0, (struct str){ text, 8 * MB });
    assert_true(peer_wait_text(&full, "\r\n\r\n"));
    peer_say(&half, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
    AWAIT(&half, seen.heads == 3);
    peer_say(&held, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    AWAIT(&held, seen.held);
    http_server_free(server);
    server = NULL;
    assert_int_equal(seen.gone, 4);
    assert_int_equal(seen.whole, 0);
    assert_int_equal(access(socket_path, F_OK), -1);
    struct http_peer *all[] = { &held, &streamed, &half, &full };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        peer_wait_end(all[i]);
        peer_close(all[i]);
    }
    down(state);
}

static void refused(const struct http_listen *where, int code)
{
    struct http_server *none = NULL;
    assert_int_equal(http_server_start(&none, &loop, where, &limits, &handler, &seen, &err), -code);
    assert_null(none);
}

static void test_listen(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(stat(socket_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    char path[160], longest[200];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    snprintf(path, sizeof path, "%s/file", folder.path);
    assert_int_equal(file_write(path, STR("kept"), 0600, &err), 0);
    refused(&(struct http_listen){ .unix_path = path }, ERR_STATE);
    assert_int_equal(access(path, F_OK), 0);
    refused(&(struct http_listen){ .unix_path = longest }, ERR_LIMIT);
    refused(&(struct http_listen){ .unix_path = "" }, ERR_LIMIT);
    refused(&(struct http_listen){ .unix_path = "/nowhere/at/all" }, ERR_SYS);
    refused(&(struct http_listen){ .host = "localhost" }, ERR_USAGE);
    refused(&(struct http_listen){ .host = "192.0.2.1" }, ERR_SYS);
}

static void test_port_taken(void **state)
{
    (void)state;
    refused(
        &(struct http_listen){ .host = "127.0.0.1", .port = http_server_port(server) }, ERR_SYS);
}

/* More than there is room for wait until others have gone. */
static void test_connections(void **state)
{
    (void)state;
    struct http_limits few = limits;
    few.connections_max = 2;
    start(&few, true);
    struct http_peer peers[4];
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        dial(&peers[i]);
        peer_say(&peers[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        hear(&peers[i], 200, "");
        peer_close(&peers[i]);
    }
}

/* Those that hold every place and ask nothing make room; who has asked before is the last to go,
 * who waits for an answer stays. */
static void test_room(void **state)
{
    (void)state;
    struct http_limits few = limits;
    few.connections_max = 8;
    start(&few, false);
    struct http_peer silent[6], known, held, more;
    dial(&known);
    peer_say(&known, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(&known, 200, "");
    dial(&held);
    peer_say(&held, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_exchange *exchange = held_of(&held);
    dial(&silent[0]);
    peer_say(&silent[0], "POST /half HTTP/1.1\r\nHo");
    dial(&silent[1]);
    peer_say(&silent[1], "GET /refuse HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(&silent[1], 401, "no");
    for (size_t i = 2; i < COUNT_OF(silent); i++)
        dial(&silent[i]);
    dial(&more);
    peer_say(&more, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(&more, 200, "");
    peer_wait_end(&silent[0]);
    peer_wait_end(&silent[1]);
    peer_say(&known, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(&known, 200, "");
    http_reply(exchange, 200, NULL, 0, STR("late"));
    hear(&held, 200, "late");
    for (size_t i = 0; i < COUNT_OF(silent); i++)
        peer_close(&silent[i]);
    peer_close(&known);
    peer_close(&held);
    peer_close(&more);
}

#define OVER_TCP(test) cmocka_unit_test_setup_teardown(test, up_tcp, down)
#define OVER_UNIX(test) cmocka_unit_test_setup_teardown(test, up_unix, down)
#define OVER_BOTH(test) OVER_TCP(test), OVER_UNIX(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(test_requests),
        OVER_BOTH(test_kept_alive),
        OVER_BOTH(test_large_bodies),
        OVER_BOTH(test_too_large),
        OVER_BOTH(test_expect),
        OVER_BOTH(test_large_head),
        cmocka_unit_test_setup_teardown(test_large_heads_both_ways, up_default, down),
        OVER_BOTH(test_pipelined),
        OVER_TCP(test_byte_by_byte),
        OVER_BOTH(test_garbage),
        OVER_BOTH(test_goes_in_a_request),
        OVER_BOTH(test_goes_before_the_answer),
        OVER_BOTH(test_goes_within_the_answer),
        OVER_BOTH(test_goes_without_reading),
        OVER_BOTH(test_shuts_down),
        cmocka_unit_test_teardown(test_idle, down),
        OVER_BOTH(test_streamed),
        OVER_BOTH(test_streamed_at_once),
        OVER_BOTH(test_much_streamed),
        OVER_BOTH(test_broken_off),
        OVER_TCP(test_streamed_to_1_0),
        OVER_BOTH(test_head),
        OVER_TCP(test_headers),
        OVER_TCP(test_odd_statuses),
        cmocka_unit_test(test_freed_while_open),
        OVER_UNIX(test_listen),
        OVER_TCP(test_port_taken),
        cmocka_unit_test_teardown(test_connections, down),
        cmocka_unit_test_teardown(test_room, down),
    };
    if (scratch_make(&folder, "http", 0700, NULL) < 0)
        return 1;
    snprintf(socket_path, sizeof socket_path, "%s/s", folder.path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(&folder);
    return failed;
}
