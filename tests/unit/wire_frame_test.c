/* frame.c: messages cross a socket in any pieces; a stream that breaks off or lies about a size
 * does not. */
#include "wire/frame.h"

#include "base/fd.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int pair[2];
static struct frame_channel left, right;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    frame_init(&left, pair[0]);
    frame_init(&right, pair[1]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    frame_done(&left);
    frame_done(&right);
    fd_closep(&pair[0]);
    fd_closep(&pair[1]);
    arena_done(&arena);
    return 0;
}

static void put_close(uint64_t lease)
{
    struct wire message = { WIRE_CLOSE, .close = { lease } };
    assert_int_equal(frame_put(&left, &message, NULL), 0);
}

static void many_messages_arrive_in_order(void **state)
{
    (void)state;
    struct wire got;
    for (uint64_t i = 0; i < 1000; i++)
        put_close(i);
    assert_int_equal(frame_flush(&left, NULL), 0);
    fd_closep(&pair[0]);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(frame_get(&right, &arena, WIRE_TO_WORKER, &got, NULL), 1);
        assert_int_equal(got.close.lease, i);
    }
    assert_int_equal(frame_get(&right, &arena, WIRE_TO_WORKER, &got, NULL), 0);
}

static void a_message_arrives_byte_by_byte(void **state)
{
    (void)state;
    struct wire got;
    put_close(77);
    for (size_t i = 0; i < left.out.size; i++) {
        assert_int_equal(frame_next(&right, &arena, WIRE_TO_WORKER, &got, NULL), 0);
        assert_int_equal(write_all(pair[0], left.out.at + i, 1, NULL), 0);
        assert_int_equal(frame_fill(&right, NULL), 1);
    }
    assert_int_equal(frame_next(&right, &arena, WIRE_TO_WORKER, &got, NULL), 1);
    assert_int_equal(got.close.lease, 77);
}

static void a_large_message_passes_a_poll_loop(void **state)
{
    (void)state;
    size_t size = 4 << 20;
    char *text = mem_alloc(size);
    memset(text, 'x', size);
    struct wire_message one = { { text, size }, false };
    struct wire message = { WIRE_PUT, .put = { 1, 0, &one, 1 } };
    assert_int_equal(frame_put(&left, &message, NULL), 0);
    struct wire got;
    int r, some = 1;
    while ((r = frame_next(&right, &arena, WIRE_TO_WORKER, &got, NULL)) == 0) {
        if (some)
            some = frame_write(&left, NULL);
        assert_true(some >= 0);
        assert_int_equal(frame_fill(&right, NULL), 1);
    }
    assert_int_equal(r, 1);
    assert_int_equal(got.put.messages[0].bytes.size, size);
    assert_memory_equal(got.put.messages[0].bytes.at, text, size);
    mem_freep(&text);
}

static void a_stream_that_ends_inside_a_message_is_an_error(void **state)
{
    (void)state;
    struct wire got;
    struct err err;
    put_close(1);
    assert_int_equal(write_all(pair[0], left.out.at, left.out.size - 1, NULL), 0);
    fd_closep(&pair[0]);
    assert_int_equal(frame_get(&right, &arena, WIRE_TO_WORKER, &got, &err), -ERR_PEER);
}

static void a_size_over_the_bound_is_refused_before_it_is_read(void **state)
{
    (void)state;
    struct wire got;
    struct err err;
    assert_int_equal(write_all(pair[0], "\1\0\0\1", 4, NULL), 0); /* 16 MiB and one */
    assert_int_equal(frame_get(&right, &arena, WIRE_TO_WORKER, &got, &err), -ERR_LIMIT);
}

static void a_message_that_fits_no_frame_is_not_sent(void **state)
{
    (void)state;
    size_t size = WIRE_BYTES_MAX;
    char *text = mem_zero(size, 1);
    struct wire_message three[] = { { { text, size }, false }, { { text, size }, false } };
    struct wire message = { WIRE_PUT, .put = { 1, 0, three, 2 } };
    struct err err;
    put_close(5);
    assert_int_equal(frame_put(&left, &message, &err), -ERR_LIMIT);
    assert_int_equal(frame_flush(&left, NULL), 0);
    struct wire got;
    assert_int_equal(frame_get(&right, &arena, WIRE_TO_WORKER, &got, NULL), 1);
    assert_int_equal(got.close.lease, 5);
    mem_freep(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_messages_arrive_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_arrives_byte_by_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_message_passes_a_poll_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_stream_that_ends_inside_a_message_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_size_over_the_bound_is_refused_before_it_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_message_that_fits_no_frame_is_not_sent, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
