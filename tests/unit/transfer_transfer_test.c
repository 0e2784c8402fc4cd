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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
