/* transfers.c, transfer.c, request.c: real sockets, against our own server and against raw ones
 * that send what a row says. All in one thread: the loop runs while a test waits. */
#include "transfer/transfer.h"
#include "http/server.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 20000, REPLY_MAX = 4096 };

static uv_loop_t loop;
static struct transfers *transfers;
static struct err err;

/* --- what a transfer told */

struct told {
    struct transfer *transfer;
    unsigned heads, status, datas, ends;
    struct buf headers, body;
    enum transfer_end end;
    bool sent;
    struct err err;
    void (*act)(struct told *told); /* in on_data */
};

static void on_head(void *with, unsigned status)
{
    struct told *told = with;
    told->heads++;
    told->status = status;
}

static void on_header(void *with, struct str name, struct str value)
{
    struct told *told = with;
    assert_int_equal(told->heads, 1);
    buf_format(&told->headers, "%.*s=%.*s;", (int)name.size, name.at, (int)value.size, value.at);
}

static void on_data(void *with, struct str bytes)
{
    struct told *told = with;
    assert_int_equal(told->heads, 1);
    assert_int_equal(told->ends, 0);
    told->datas++;
    buf_str(&told->body, bytes);
    if (told->act)
        told->act(told);
}

static void on_end(void *with, enum transfer_end end, bool sent, const struct err *why)
{
    struct told *told = with;
    told->ends++;
    told->end = end;
    told->sent = sent;
    told->err = *why;
    told->transfer = NULL;
}

static const struct transfer_events events = { on_head, on_header, on_data, on_end };

static void told_done(struct told *told)
{
    buf_done(&told->headers);
    buf_done(&told->body);
    *told = (struct told){ 0 };
}

static void begin(struct told *told, const struct transfer_request *request)
{
    if (transfer_start(&told->transfer, transfers, request, &events, told, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(told->heads + told->ends, 0);
}

/* --- a raw server */

static struct raw {
    int listener, fd; /* fd: the connection, -1 */
    unsigned accepted;
    struct buf in;
    uint16_t port;
} raw;

static void raw_open(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    raw = (struct raw){ .fd = -1 };
    raw.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(raw.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(raw.listener, 8), 0);
    assert_int_equal(getsockname(raw.listener, (struct sockaddr *)&address, &size), 0);
    raw.port = ntohs(address.sin_port);
}

static void raw_hang_up(bool reset)
{
    if (raw.fd < 0)
        return;
    struct linger linger = { .l_onoff = 1 };
    if (reset)
        setsockopt(raw.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(raw.fd);
    raw.fd = -1;
}

static void raw_close(void)
{
    raw_hang_up(false);
    close(raw.listener);
    buf_done(&raw.in);
}

/* One round of the loop and of what the raw side reads. */
static void turn(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
    if (raw.fd < 0) {
        raw.fd = accept4(raw.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        raw.accepted += raw.fd >= 0;
    }
    if (raw.fd >= 0) {
        ssize_t n = read(raw.fd, buf_reserve(&raw.in, REPLY_MAX), REPLY_MAX - 1);
        raw.in.size += n > 0 ? (size_t)n : 0;
        raw.in.at[raw.in.size] = '\0';
    }
    poll(NULL, 0, 1);
}

#define AWAIT(what)                                                                                \
    do {                                                                                           \
        uint64_t limit_ = clock_mono_ns() + WAIT_MS * 1000000ull;                                  \
        while (!(what)) {                                                                          \
            if (clock_mono_ns() > limit_)                                                          \
                fail_msg("never: %s", #what);                                                      \
            turn();                                                                                \
        }                                                                                          \
    } while (0)

static bool raw_asked(void)
{
    return raw.in.size > 0 && strstr(raw.in.at, "\r\n\r\n");
}

static void raw_send(struct str bytes)
{
    assert_int_equal(send(raw.fd, bytes.at, bytes.size, MSG_NOSIGNAL), bytes.size);
}

static const char *raw_url(void)
{
    static char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/a?b=c", raw.port);
    return url;
}

static int up(void **state)
{
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    raw_open();
    return transfers_new(&transfers, &loop, &err);
}

static int down(void **state)
{
    (void)state;
    transfers_free(transfers);
    uv_run(&loop, UV_RUN_DEFAULT);
    raw_close();
    return uv_loop_close(&loop);
}

/* --- answers */

enum after { STAYS, CLOSES, RESETS };
#define OK "HTTP/1.1 200 OK\r\n"

static const struct row {
    const char *name, *reply;
    enum after after;
    enum transfer_end end;
    unsigned status; /* 0: no head was told */
    const char *headers, *body;
} rows[] = {
    { "whole by its length", OK "A: 1\r\nb:  two \r\nContent-Length: 2\r\n\r\nhi", STAYS,
        TRANSFER_DONE, 200, "A=1;b=two;Content-Length=2;", "hi" },
    { "whole by its last chunk, trailers are not headers",
        OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\nT: x\r\n\r\n", STAYS,
        TRANSFER_DONE, 200, "Transfer-Encoding=chunked;", "hi!" },
    { "whole by the connection's end", OK "\r\nhi", CLOSES, TRANSFER_DONE, 200, "", "hi" },
    { "HTTP/1.0", "HTTP/1.0 404 Not\r\n\r\n", CLOSES, TRANSFER_DONE, 404, "", "" },
    { "103 and 100 are swallowed",
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" OK
        "A: 1\r\nContent-Length: 0\r\n\r\n",
        STAYS, TRANSFER_DONE, 200, "A=1;Content-Length=0;", "" },
    { "a status that nobody knows", "HTTP/1.1 529 Busy\r\nContent-Length: 0\r\n\r\n", STAYS,
        TRANSFER_DONE, 529, "Content-Length=0;", "" },
    { "a redirect is an answer", "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
        STAYS, TRANSFER_DONE, 302, "Location=/b;Content-Length=0;", "" },
    { "gzip comes as it is", OK "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b!",
        STAYS, TRANSFER_DONE, 200, "Content-Encoding=gzip;Content-Length=3;", "\x1f\x8b!" },
    { "a header in two lines", OK "A: 1\r\n  2\r\nContent-Length: 0\r\n\r\n", STAYS, TRANSFER_DONE,
        200, "A=1 2;Content-Length=0;", "" },
    { "cut by its length", OK "Content-Length: 3\r\n\r\nhi", CLOSES, TRANSFER_CUT, 200,
        "Content-Length=3;", "hi" },
    { "cut in a chunk", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhi", CLOSES, TRANSFER_CUT, 200,
        "Transfer-Encoding=chunked;", "hi" },
    { "cut between chunks", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", CLOSES,
        TRANSFER_CUT, 200, "Transfer-Encoding=chunked;", "hi" },
    { "a size that is none", OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nhi", STAYS, TRANSFER_CUT,
        200, "Transfer-Encoding=chunked;", "" },
    { "cut in the head", OK "A: 1\r\nB", CLOSES, TRANSFER_CUT, 0, "", "" },
    { "reset in the body", OK "\r\nhi", RESETS, TRANSFER_CUT, 200, "", "hi" },
    { "nothing, and closed", "", CLOSES, TRANSFER_CUT, 0, "", "" },
    { "nothing, and reset", "", RESETS, TRANSFER_CUT, 0, "", "" },
    { "no HTTP", "+OK ready\r\n", CLOSES, TRANSFER_CUT, 0, "", "" },
};

static void play(const struct row *row, struct told *told)
{
    struct transfer_request request = { .method = "POST", .url = raw_url(), .body = STR("{}") };
    buf_clear(&raw.in);
    begin(told, &request);
    AWAIT(raw_asked());
    raw_send(str_of(row->reply));
    /* A reset throws away what the other side has not read. */
    if (row->after == RESETS)
        AWAIT(told->body.size == strlen(row->body));
    if (row->after != STAYS)
        raw_hang_up(row->after == RESETS);
    AWAIT(told->ends);
    raw_hang_up(false);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct told told = { 0 };
        play(row, &told);
        if (told.end != row->end || told.status != row->status || !told.sent)
            fail_msg("%s: end %d, status %u: %s", row->name, told.end, told.status, told.err.text);
        if (strcmp(told.headers.at ? told.headers.at : "", row->headers) ||
            strcmp(told.body.at ? told.body.at : "", row->body))
            fail_msg("%s: %s, %s", row->name, told.headers.at, told.body.at);
        assert_int_equal(told.ends, 1);
        assert_int_equal(told.err.code != 0, row->end != TRANSFER_DONE);
        told_done(&told);
    }
    /* Nothing was sent twice, though connections had been kept. */
    assert_int_equal(raw.accepted, COUNT_OF(rows));
}

/* --- requests */

static void finish(struct told *told, const char *reply)
{
    AWAIT(raw_asked());
    raw_send(str_of(reply));
    AWAIT(told->ends);
}

static const char *const given[] = { "X-A: 1", "X-Empty:", "Accept: text/event-stream",
    "content-length: 77", "Connection: close", "Expect: 100-continue", NULL };

static const struct sent {
    const char *name, *method;
    const char *const *headers;
    struct str body;
    const char *want; /* behind the Host line */
} sent[] = {
    { "nothing is added", "GET", NULL, { 0 }, "\r\n" },
    { "what is HTTP's own is left out", "POST", given, STR("{}"),
        "X-A: 1\r\nX-Empty:\r\nAccept: text/event-stream\r\nContent-Length: 2\r\n\r\n{}" },
    { "a POST without a body says so", "POST", NULL, { 0 }, "Content-Length: 0\r\n\r\n" },
    { "a DELETE does not", "DELETE", NULL, { 0 }, "\r\n" },
    { "a method with a body", "QUERY", NULL, STR("q"), "Content-Length: 1\r\n\r\nq" },
};

static void test_what_is_sent(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    for (size_t i = 0; i < COUNT_OF(sent); i++) {
        struct told told = { 0 };
        struct transfer_request request = { .method = sent[i].method,
            .url = raw_url(),
            .headers = sent[i].headers,
            .body = sent[i].body };
        char want[512];
        snprintf(want, sizeof want, "%s /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s",
            sent[i].method, raw.port, sent[i].want);
        buf_clear(&raw.in);
        begin(&told, &request);
        finish(&told, OK "Content-Length: 0\r\n\r\n");
        if (strcmp(raw.in.at, want))
            fail_msg("%s: %s", sent[i].name, raw.in.at);
        told_done(&told);
    }
    assert_int_equal(raw.accepted, 1); /* kept and used again */
}

static void test_refused_headers(void **state)
{
    (void)state;
    static const char *const bad[] = { "X: a\r\nY: b", "X: a\nY", "none", ": x", "", "X y: z" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const char *const headers[] = { "A: 1", bad[i], NULL };
        struct transfer_request request = { .method = "GET", .url = raw_url(), .headers = headers };
        struct told told = { 0 };
        if (transfer_start(&told.transfer, transfers, &request, &events, &told, &err) != -ERR_INPUT)
            fail_msg("taken: %s", bad[i]);
    }
}

/* HEAD: a length and no body is whole. */
static void test_head(void **state)
{
    (void)state;
    struct transfer_request request = { .method = "HEAD", .url = raw_url() };
    struct told told = { 0 };
    begin(&told, &request);
    finish(&told, OK "Content-Length: 9\r\n\r\n");
    assert_int_equal(told.end, TRANSFER_DONE);
    assert_int_equal(strncmp(raw.in.at, "HEAD /a?b=c ", 12), 0);
    told_done(&told);
}

static void test_proxy(void **state)
{
    (void)state;
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", raw.port);
    struct transfer_request request = {
        .method = "GET", .url = "http://model.invalid/x", .proxy = proxy
    };
    struct told told = { 0 };
    setenv("no_proxy", "*", 1);
    begin(&told, &request);
    finish(&told, OK "Content-Length: 0\r\n\r\n");
    unsetenv("no_proxy");
    assert_int_equal(told.end, TRANSFER_DONE);
    assert_int_equal(strncmp(raw.in.at, "GET http://model.invalid/x ", 27), 0);
    told_done(&told);
}

static void test_no_connection(void **state)
{
    (void)state;
    static const char *const urls[] = { "http://127.0.0.1:1/", "ftp://127.0.0.1/x",
        "file:///etc/passwd", "", "http://", "http://127.0.0.1:99999/", "gopher://127.0.0.1:1/_x" };
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct transfer_request request = { .method = "GET", .url = urls[i] };
        struct told told = { 0 };
        begin(&told, &request);
        AWAIT(told.ends);
        if (told.end != TRANSFER_CONNECT || told.sent || told.heads || !told.err.text[0])
            fail_msg("%s: %d %s", urls[i], told.end, told.err.text);
        told_done(&told);
    }
}

/* The kept connection is dead when the request is there: whether it was carried out is not known,
 * so it is not sent again. */
static void test_never_twice(void **state)
{
    (void)state;
    struct transfer_request request = { .method = "POST", .url = raw_url(), .body = STR("{}") };
    struct told told = { 0 };
    begin(&told, &request);
    finish(&told, OK "Content-Length: 0\r\n\r\n");
    told_done(&told);
    buf_clear(&raw.in);
    begin(&told, &request);
    AWAIT(raw_asked());
    raw_hang_up(false);
    buf_clear(&raw.in);
    AWAIT(told.ends);
    for (int i = 0; i < 20; i++)
        turn();
    assert_int_equal(told.end, TRANSFER_CUT);
    assert_true(told.sent);
    assert_null(strstr(told.err.text, "callback")); /* how it is kept from going out again */
    assert_false(raw_asked());
    told_done(&told);
}

/* --- limits */

static const struct limited {
    const char *name, *url; /* NULL: the raw server's */
    struct transfer_limits limits;
    const char *reply;
    bool drips; /* and a byte each turn behind it */
    bool sent;
    enum transfer_end end;
    const char *text;
} limited[] = {
    { "a TLS server that says nothing", "https", { .connect_ms = 50 }, NULL, false, false,
        TRANSFER_TIMEOUT, "no connection within 50 ms" },
    { "no answer", NULL, { .first_byte_ms = 50 }, "", false, true, TRANSFER_TIMEOUT,
        "no first byte within 50 ms" },
    { "a head and no more", NULL, { .idle_ms = 50 }, OK "Content-Length: 5\r\n\r\na", false, true,
        TRANSFER_TIMEOUT, "no further byte within 50 ms" },
    { "half a head", NULL, { .idle_ms = 50 }, OK "A: ", false, true, TRANSFER_TIMEOUT, NULL },
    { "103 and no more", NULL, { .idle_ms = 50 }, "HTTP/1.1 103 Wait\r\n\r\n", false, true,
        TRANSFER_TIMEOUT, "no further byte within 50 ms" },
    { "for ever, byte by byte", NULL, { .total_ms = 100, .idle_ms = 5000 }, OK "\r\n", true, true,
        TRANSFER_TIMEOUT, "no end within 100 ms" },
    { "larger than allowed, by its bytes", NULL, { .body_max = 20 }, OK "\r\n", true, true,
        TRANSFER_TOO_LARGE, "the answer's body is larger than 20 bytes" },
};

static void test_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(limited); i++) {
        const struct limited *row = &limited[i];
        char url[64];
        snprintf(url, sizeof url, "%s://127.0.0.1:%u/", row->url ? row->url : "http", raw.port);
        struct transfer_request request = { .method = "GET", .url = url, .limits = row->limits };
        struct told told = { 0 };
        buf_clear(&raw.in);
        begin(&told, &request);
        AWAIT(row->reply ? raw_asked() : raw.in.size > 0);
        if (row->reply)
            raw_send(str_of(row->reply));
        while (row->drips && !told.ends) {
            send(raw.fd, ".", 1, MSG_NOSIGNAL);
            turn();
        }
        AWAIT(told.ends);
        if (told.end != row->end || told.sent != row->sent ||
            (row->text && strcmp(told.err.text, row->text)))
            fail_msg("%s: %d %s", row->name, told.end, told.err.text);
        raw_hang_up(false);
        told_done(&told);
    }
}

static void test_endless_head(void **state)
{
    (void)state;
    struct transfer_request request = { .method = "GET", .url = raw_url() };
    struct told told = { 0 };
    begin(&told, &request);
    AWAIT(raw_asked());
    raw_send(STR(OK));
    while (!told.ends) {
        send(raw.fd, "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", 60,
            MSG_NOSIGNAL | MSG_DONTWAIT);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(told.end, TRANSFER_TOO_LARGE);
    assert_int_equal(told.heads, 0);
    told_done(&told);
}

/* --- pausing */

static void pause_it(struct told *told)
{
    transfer_pause(told->transfer, true);
}

static void wait_ms(unsigned ms)
{
    for (uint64_t limit = clock_mono_ns() + ms * 1000000ull; clock_mono_ns() < limit;)
        turn();
}

static void test_paused(void **state)
{
    (void)state;
    enum { IDLE_MS = 1000 }; /* a loaded machine reads what came within it */
    struct transfer_request request = {
        .method = "GET", .url = raw_url(), .limits.idle_ms = IDLE_MS
    };
    struct told told = { .act = pause_it };
    begin(&told, &request);
    AWAIT(raw_asked());
    raw_send(STR(OK "\r\none"));
    AWAIT(told.datas == 1);
    raw_send(STR("two"));
    wait_ms(IDLE_MS * 5 / 4); /* more than its idle time, which does not run */
    assert_int_equal(told.ends, 0);
    assert_string_equal(told.body.at, "one");
    transfer_pause(told.transfer, false);
    assert_string_equal(told.body.at, "one"); /* never from within the call */
    AWAIT(told.datas == 2);
    assert_string_equal(told.body.at, "onetwo");
    transfer_pause(told.transfer, false);
    told.act = NULL;
    AWAIT(told.ends); /* and now it does */
    assert_int_equal(told.end, TRANSFER_TIMEOUT);
    told_done(&told);
}

/* The peer is held back: what it has sent stays in sockets, not with us. */
static void test_paused_peer_waits(void **state)
{
    (void)state;
    enum { STEP = 64 * 1024, MOST = 64 * 1024 * 1024 };
    static char bytes[STEP];
    struct transfer_request request = { .method = "GET", .url = raw_url() };
    struct told told = { .act = pause_it };
    size_t out = 0;
    begin(&told, &request);
    AWAIT(raw_asked());
    raw_send(STR(OK "\r\n"));
    for (int full = 0; full < 20 && out < MOST;) {
        ssize_t n = send(raw.fd, bytes, STEP, MSG_NOSIGNAL | MSG_DONTWAIT);
        out += n > 0 ? (size_t)n : 0;
        full = n > 0 ? 0 : full + 1;
        turn();
    }
    assert_in_range(out, 1, MOST - 1);
    assert_int_equal(told.datas, 1);
    told.act = NULL;
    raw_hang_up(false);
    transfer_pause(told.transfer, false);
    AWAIT(told.ends);
    assert_int_equal(told.end, TRANSFER_DONE);
    assert_int_equal(told.body.size, out);
    told_done(&told);
}

/* --- cancelling and starting, from anywhere */

static bool raw_ended(void)
{
    char c;
    return raw.fd >= 0 && recv(raw.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void cancel_it(struct told *told)
{
    transfer_cancel(told->transfer);
    assert_int_equal(told->ends, 1);
}

static void test_cancelled(void **state)
{
    (void)state;
    struct transfer_request request = { .method = "GET", .url = raw_url() };
    struct told told = { 0 };
    begin(&told, &request);
    transfer_cancel(told.transfer);
    assert_int_equal(told.ends, 1);
    assert_int_equal(told.end, TRANSFER_CANCELLED);
    assert_false(told.sent);
    told_done(&told);

    begin(&told, &request);
    AWAIT(raw_asked());
    transfer_cancel(told.transfer);
    assert_true(told.sent);
    AWAIT(raw_ended());
    raw_hang_up(false);
    told_done(&told);

    told.act = cancel_it;
    buf_clear(&raw.in);
    begin(&told, &request);
    AWAIT(raw_asked());
    raw_send(STR(OK "Content-Length: 9\r\n\r\n12345"));
    AWAIT(told.ends);
    assert_int_equal(told.end, TRANSFER_CANCELLED);
    assert_string_equal(told.body.at, "12345");
    AWAIT(raw_ended());
    told_done(&told);
}

static void cancel_while_paused(struct told *told)
{
    transfer_pause(told->transfer, true);
    transfer_cancel(told->transfer);
}

static void test_cancelled_while_paused(void **state)
{
    (void)state;
    struct transfer_request request = { .method = "GET", .url = raw_url() };
    struct told told = { .act = cancel_while_paused };
    begin(&told, &request);
    finish(&told, OK "\r\nabc");
    assert_int_equal(told.end, TRANSFER_CANCELLED);
    told_done(&told);
}

/* --- our own server at the other end */

static struct held {
    struct http_exchange *at[256];
    unsigned count, gone;
} held;

static int take_head(void *with, struct http_exchange *exchange)
{
    (void)with;
    assert_null(http_header(exchange, "Expect").at);
    return 0;
}

static void take_request(void *with, struct http_exchange *exchange)
{
    (void)with;
    if (str_equal(http_path(exchange), STR("/hold")))
        held.at[held.count++] = exchange;
    else
        http_reply(exchange, 200, NULL, 0, http_body(exchange));
}

static void take_end(void *with, struct http_exchange *exchange, bool whole)
{
    (void)with, (void)exchange, (void)whole;
    held.gone++;
}

static const struct http_handler echo = {
    .on_head = take_head, .on_request = take_request, .on_gone = take_end
};
static struct http_server *server;

static int up_server(void **state)
{
    held = (struct held){ 0 };
    struct http_listen where = { .host = "127.0.0.1" };
    return up(state) < 0
               ? -1
               : http_server_start(&server, &loop, &where, &http_limits_default, &echo, NULL, &err);
}

static int down_server(void **state)
{
    http_server_free(server);
    server = NULL;
    return down(state);
}

static const char *server_url(const char *path)
{
    static char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", http_server_port(server), path);
    return url;
}

static void test_large_both_ways(void **state)
{
    (void)state;
    enum { SIZE = 5 * 1024 * 1024 + 3 };
    CLEANUP(mem_freep) char *text = mem_alloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)(i * 31 >> 3);
    struct transfer_request request = {
        .method = "POST", .url = server_url("/"), .body = { text, SIZE }
    };
    struct told told = { 0 };
    begin(&told, &request);
    AWAIT(told.ends);
    assert_int_equal(told.end, TRANSFER_DONE);
    assert_true(str_equal(buf_view(&told.body), request.body));
    told_done(&told);
}

/* Many wait at once; then each event of one starts, cancels or ends others. */
enum { MANY = 200 };
static struct told many[MANY], next[MANY];

static void cancel_neighbour(struct told *told)
{
    struct told *neighbour = told + 1;
    struct transfer_request request = { .method = "GET", .url = server_url("/again") };
    if (neighbour->transfer)
        transfer_cancel(neighbour->transfer);
    begin(&next[told - many], &request);
}

static void test_many(void **state)
{
    (void)state;
    struct transfer_request request = { .method = "GET", .url = server_url("/hold") };
    for (unsigned i = 0; i < MANY; i++) {
        if (i % 2 == 0)
            many[i].act = cancel_neighbour;
        begin(&many[i], &request);
    }
    AWAIT(held.count == MANY);
    for (unsigned i = 0; i < MANY; i++)
        http_reply(held.at[i], 200, NULL, 0, STR("x"));
    for (unsigned i = 0; i < MANY; i++)
        AWAIT(many[i].ends == 1 && (i % 2 || next[i].ends == 1));
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(many[i].end == TRANSFER_DONE || (i % 2 && many[i].end == TRANSFER_CANCELLED));
        assert_int_equal(next[i].end, TRANSFER_DONE);
        told_done(&many[i]);
        told_done(&next[i]);
    }
}

/* Cancelling reaches the server at once, though it has not written anything. */
static void test_cancel_is_heard(void **state)
{
    (void)state;
    struct transfer_request request = { .method = "GET", .url = server_url("/hold") };
    struct told told = { 0 };
    begin(&told, &request);
    AWAIT(held.count == 1);
    transfer_cancel(told.transfer);
    AWAIT(held.gone == 1);
    told_done(&told);
}

static void on_late(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Some transfers end before the loop has waited once: then it does not wait at all, since who was
 * told may have been all that it ran for. */
static void test_told_before_the_wait(void **state)
{
    (void)state;
    struct transfer_request request = {
        .method = "GET", .url = "http://nobody/", .unix_socket = "/nobody.is.here"
    };
    struct told told = { 0 };
    static uv_timer_t timer;
    bool late = false;
    begin(&told, &request);
    uv_timer_init(&loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_late, 10000, 0);
    while (told.ends == 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_false(late);
    assert_int_equal(told.end, TRANSFER_CONNECT);
    uv_close((uv_handle_t *)&timer, NULL);
    told_done(&told);
}

/* What is open when the transfers go is cancelled; nothing starts any more. */
static void start_again(struct told *told)
{
    struct transfer_request request = { .method = "GET", .url = raw_url() };
    assert_int_equal(
        transfer_start(&told->transfer, transfers, &request, &events, told, &err), -ERR_STATE);
}

static void end_and_start(void *with, enum transfer_end end, bool was_sent, const struct err *why)
{
    on_end(with, end, was_sent, why);
    start_again(with);
}

static void test_freed_while_open(void **state)
{
    static const struct transfer_events stubborn = { .on_end = end_and_start };
    up(state);
    struct transfer_request request = { .method = "GET", .url = raw_url() };
    struct told told[3] = { 0 };
    for (size_t i = 0; i < COUNT_OF(told); i++)
        transfer_start(&told[i].transfer, transfers, &request, &stubborn, &told[i], &err);
    AWAIT(raw_asked());
    transfers_free(transfers);
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        assert_int_equal(told[i].ends, 1);
        assert_int_equal(told[i].end, TRANSFER_CANCELLED);
    }
    transfers = NULL;
    down(state);
}

#define RAW(test) cmocka_unit_test_setup_teardown(test, up, down)
#define OURS(test) cmocka_unit_test_setup_teardown(test, up_server, down_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RAW(test_answers),
        RAW(test_what_is_sent),
        RAW(test_refused_headers),
        RAW(test_head),
        RAW(test_proxy),
        RAW(test_no_connection),
        RAW(test_never_twice),
        RAW(test_limits),
        RAW(test_endless_head),
        RAW(test_paused),
        RAW(test_paused_peer_waits),
        RAW(test_cancelled),
        RAW(test_cancelled_while_paused),
        RAW(test_told_before_the_wait),
        OURS(test_large_both_ways),
        OURS(test_many),
        OURS(test_cancel_is_heard),
        cmocka_unit_test(test_freed_while_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
