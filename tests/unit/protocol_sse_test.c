/* sse.c: events arrive whole however their bytes are cut, and what is no whole event is none. */
#include "base/mem.h"
#include "protocol/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Events as text: "name=data;" for each. */
static int note(void *user, struct str name, struct str data, struct err *err)
{
    (void)err;
    struct buf *seen = user;
    buf_str(seen, name);
    buf_char(seen, '=');
    buf_str(seen, data);
    buf_char(seen, ';');
    return 0;
}

static const struct row {
    const char *name, *bytes, *want;
} rows[] = {
    { "one event", "data: a\n\n", "=a;" },
    { "its name", "event: x\ndata: a\n\n", "x=a;" },
    { "a name holds for one event", "event: x\ndata: a\n\ndata: b\n\n", "x=a;=b;" },
    { "the last name counts", "event: x\nevent: y\ndata: a\n\n", "y=a;" },
    { "several lines of data", "data: a\ndata: b\ndata\ndata: c\n\n", "=a\nb\n\nc;" },
    { "CRLF", "event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", "x=a;=b;" },
    { "CR alone", "event: x\rdata: a\r\rdata: b\r\r", "x=a;=b;" },
    { "line ends mixed", "data: a\r\ndata: b\n\rdata: c\r\r\n", "=a\nb;=c;" },
    { "one blank behind the colon goes", "data:a\n\ndata:  b\n\n", "=a;= b;" },
    { "comments", ": hello\n\n:\ndata: a\n: in between\ndata: b\n\n", "=a\nb;" },
    { "id, retry and unknown fields", "id: 1\nretry: 9\nfoo: x\ndata: a\n\n", "=a;" },
    { "a colon in the data", "data: {\"a\":1}\n\n", "={\"a\":1};" },
    { "a name without data is no event", "event: x\n\ndata: a\n\n", "=a;" },
    { "an empty text is one", "data:\n\n", "=;" },
    { "a byte order mark",
        "\xef\xbb\xbf"
        "data: a\n\n",
        "=a;" },
    { "a second one is a field's name",
        "data: a\n\n\xef\xbb\xbf"
        "data: b\n\n",
        "=a;" },
    { "the last event without its blank line", "data: a\n\ndata: b\n", "=a;" },
    { "the last line without its end", "data: a\n\ndata: b", "=a;" },
    { "blank lines only", "\n\n\r\n\r\r", "" },
    { "nothing", "", "" },
};

static void check(const struct row *row, size_t cut, size_t cut2)
{
    struct sse sse = { 0 };
    struct buf seen = { 0 };
    size_t size = strlen(row->bytes), from = 0;
    size_t ends[] = { cut, cut2, size };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        /* A copy of its own, so that a sanitizer sees a look behind the end. */
        size_t n = ends[i] - from;
        char *piece = mem_copy(row->bytes + from, n);
        assert_int_equal(sse_feed(&sse, (struct str){ piece, n }, note, &seen, NULL), 0);
        free(piece);
        from = ends[i];
    }
    if (strcmp(seen.at ? seen.at : "", row->want) != 0)
        fail_msg("%s, cut at %zu and %zu: got %s", row->name, cut, cut2, seen.at);
    assert_int_equal(sse.at, size);
    buf_done(&seen);
    sse_done(&sse);
}

static void reads_events_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t cut = 0; cut <= strlen(rows[i].bytes); cut++)
            for (size_t cut2 = cut; cut2 <= strlen(rows[i].bytes); cut2++)
                check(&rows[i], cut, cut2);
}

static int count(void *user, struct str name, struct str data, struct err *err)
{
    (void)name;
    (void)err;
    size_t *sizes = user;
    *sizes += data.size;
    return 0;
}

/* `size` bytes of data in lines of `line` bytes, fed in pieces. */
static int feed_pieces(size_t size, size_t line, size_t piece, size_t *ret_size, struct err *err)
{
    struct sse sse = { 0 };
    struct buf bytes = { 0 };
    while (size > 0) {
        size_t n = size < line ? size : line;
        buf_text(&bytes, "data: ");
        memset(buf_reserve(&bytes, n), 'x', n);
        bytes.size += n;
        buf_char(&bytes, '\n');
        size -= n;
    }
    buf_char(&bytes, '\n');
    int rc = 0;
    for (size_t at = 0; at < bytes.size && rc == 0;) {
        size_t n = bytes.size - at < piece ? bytes.size - at : piece;
        rc = sse_feed(&sse, (struct str){ bytes.at + at, n }, count, ret_size, err);
        at += n;
    }
    buf_done(&bytes);
    sse_done(&sse);
    return rc;
}

/* Whole or cut: the bound is the same. */
static int feed_long(size_t size, size_t line, size_t *ret_size, struct err *err)
{
    size_t whole = 0;
    int rc = feed_pieces(size, line, 16384, ret_size, err);
    assert_int_equal(feed_pieces(size, line, SIZE_MAX, &whole, err), rc);
    return rc;
}

static void lines_may_be_long_up_to_a_bound(void **state)
{
    (void)state;
    struct err err = { 0 };
    size_t size = 0;
    assert_int_equal(feed_long(170 << 10, 170 << 10, &size, &err), 0);
    assert_int_equal(size, 170 << 10);
    size = 0;
    assert_int_equal(feed_long(SSE_EVENT_MAX - 100, SSE_EVENT_MAX, &size, &err), 0);
    assert_int_equal(size, SSE_EVENT_MAX - 100);
    /* The line with its name is over it, the data is not. */
    assert_int_equal(feed_long(SSE_EVENT_MAX - 3, SSE_EVENT_MAX, &size, &err), -ERR_LIMIT);
    assert_int_equal(feed_long(SSE_EVENT_MAX + 1, SSE_EVENT_MAX * 2, &size, &err), -ERR_LIMIT);
    /* Many short lines are one event too. */
    assert_int_equal(feed_long(SSE_EVENT_MAX + 1, 1000, &size, &err), -ERR_LIMIT);
}

static int refuse(void *user, struct str name, struct str data, struct err *err)
{
    (void)name;
    (void)data;
    ++*(int *)user;
    return err_set(err, ERR_PEER, "no");
}

static void an_error_of_the_caller_ends_it(void **state)
{
    (void)state;
    struct sse sse = { 0 };
    struct err err = { 0 };
    int calls = 0;
    struct str bytes = STR("data: a\n\ndata: b\n\n");
    assert_int_equal(sse_feed(&sse, bytes, refuse, &calls, &err), -ERR_PEER);
    assert_int_equal(calls, 1);
    sse_done(&sse);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = { "{\"a\":1}", "", "a\nb", "\n", "a\r\nb\rc" };
    static const char *const wants[] = { "n={\"a\":1};", "n=;", "n=a\nb;", "n=\n;",
        "n=a\n\nb\nc;" };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct sse sse = { 0 };
        struct buf out = { 0 }, seen = { 0 };
        sse_write(&out, STR("n"), str_of(texts[i]));
        assert_int_equal(sse_feed(&sse, buf_view(&out), note, &seen, NULL), 0);
        assert_string_equal(seen.at, wants[i]);
        buf_done(&out);
        buf_done(&seen);
        sse_done(&sse);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_events_cut_anywhere),
        cmocka_unit_test(lines_may_be_long_up_to_a_bound),
        cmocka_unit_test(an_error_of_the_caller_ends_it),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
