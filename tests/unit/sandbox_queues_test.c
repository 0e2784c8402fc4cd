/* What sockets keep in the kernel, as it tells it, and as nobody should tell it. */
#include "base/mem.h"
#include "sandbox/queues.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { PART = 4096, PARTS = 20, EACH = 1 << 20 };

static uint64_t inode_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return st.st_ino;
}

static void fill(int fd)
{
    static const char part[PART];
    for (int i = 0; i < PARTS; i++)
        assert_int_equal(write(fd, part, PART), PART);
}

static void pair(int ret[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret), 0);
}

static void give(int way, int fd)
{
    char byte = 0;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec io = { &byte, 1 };
    const struct msghdr message = { .msg_iov = &io,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_LEN(sizeof fd) };
    control.head = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    assert_int_equal(sendmsg(way, &message, 0), 1);
    close(fd);
}

/* A kernel may be without such a table. */
static bool is_told(int asks)
{
    struct queues queues = { 0 };
    bool told = queues_ask(&queues, asks, false);
    queues_done(&queues);
    return told;
}

static void one_that_nobody_has_open_is_told(void **state)
{
    (void)state;
    int way[2], ends[2], asks = queues_open();
    struct queues queues = { 0 };
    if (!is_told(asks))
        skip();
    pair(way);
    pair(ends);
    uint64_t flying = inode_of(ends[0]), waiting = inode_of(ends[1]);
    fill(ends[0]);
    give(way[0], ends[0]);
    give(way[0], ends[1]);
    assert_true(queues_ask(&queues, asks, true));
    const struct queue *from = queues_find(&queues, flying), *to = queues_find(&queues, waiting);
    assert_non_null(from);
    assert_non_null(to);
    assert_true(from->passes && from->bytes >= (uint64_t)PARTS * PART);
    assert_int_equal(to->unread, PARTS * PART);
    assert_int_equal(from->unread, 0);
    close(way[0]);
    close(way[1]);
    close(asks);
    queues_done(&queues);
}

/* The kernel charges the sender, and forgets a closed one. */
static void what_a_closed_one_sent_is_counted(void **state)
{
    (void)state;
    int ends[2], asks = queues_open();
    struct queues after = { 0 };
    if (!is_told(asks))
        skip();
    pair(ends);
    fill(ends[0]);
    close(ends[0]);
    assert_true(queues_ask(&after, asks, false));
    const struct queue *left = queues_find(&after, inode_of(ends[1]));
    assert_non_null(left);
    assert_true(left->paired && left->unread == PARTS * PART && left->bytes < PART);
    const struct queues one = { (struct queue *)left, 1, 1 };
    assert_true(queues_bytes(&one, EACH) >= (uint64_t)PARTS * PART);
    assert_in_range(queues_bytes(&one, 1000), 1000, 1000 + PART);
    close(ends[1]);
    close(asks);
    queues_done(&after);
}

static void where_nothing_is_told_it_says_so(void **state)
{
    (void)state;
    int ends[2];
    struct queues queues = { 0 };
    pair(ends);
    assert_false(queues_ask(&queues, ends[0], true));
    close(ends[0]);
    close(ends[1]);
    assert_false(queues_ask(&queues, -1, true));
    assert_null(queues_find(&queues, 7));
    queues_done(&queues);
}

/* A message: its head, a socket, and behind it one attribute. */
static const struct row {
    const char *name;
    uint32_t size; /* that the head says; 0: the right one */
    uint16_t type, attribute_size, attribute;
    enum queues_said said;
    unsigned count;
} rows[] = {
    { "a socket", 0, SOCK_DIAG_BY_FAMILY, 8, UNIX_DIAG_PEER, QUEUES_MORE, 1 },
    { "the end", 0, NLMSG_DONE, 8, 0, QUEUES_ALL, 0 },
    { "an error", 0, NLMSG_ERROR, 8, 0, QUEUES_ODD, 0 },
    { "an answer to something else", 0, 77, 8, 0, QUEUES_ODD, 0 },
    { "no room for a socket", NLMSG_HDRLEN + 4, SOCK_DIAG_BY_FAMILY, 8, 0, QUEUES_ODD, 0 },
    { "nothing but a head", NLMSG_HDRLEN, SOCK_DIAG_BY_FAMILY, 8, 0, QUEUES_ODD, 0 },
    { "less than a head", 3, SOCK_DIAG_BY_FAMILY, 8, 0, QUEUES_MORE, 0 },
    { "more than there is", 4000, SOCK_DIAG_BY_FAMILY, 8, 0, QUEUES_MORE, 0 },
    { "more than anything", UINT32_MAX, SOCK_DIAG_BY_FAMILY, 8, 0, QUEUES_MORE, 0 },
    { "an attribute without a head", 0, SOCK_DIAG_BY_FAMILY, 2, UNIX_DIAG_PEER, QUEUES_MORE, 1 },
    { "an attribute of nothing", 0, SOCK_DIAG_BY_FAMILY, 4, UNIX_DIAG_MEMINFO, QUEUES_MORE, 1 },
    { "an attribute behind the end", 0, SOCK_DIAG_BY_FAMILY, 60000, UNIX_DIAG_MEMINFO, QUEUES_MORE,
        1 },
};

static void odd_answers_are_read_no_further(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct {
            struct nlmsghdr head;
            struct unix_diag_msg socket;
            struct rtattr attribute;
            uint32_t value;
        } message = { { sizeof message, row->type, 0, 0, 0 },
            { .udiag_family = AF_UNIX, .udiag_type = SOCK_STREAM, .udiag_ino = 9 },
            { row->attribute_size, row->attribute }, 8 };
        struct queues queues = { 0 };
        message.head.nlmsg_len = row->size ? row->size : message.head.nlmsg_len;
        void *exact = mem_alloc(sizeof message);
        memcpy(exact, &message, sizeof message);
        enum queues_said said = queues_take(&queues, exact, sizeof message);
        if (said != row->said || queues.count != row->count)
            fail_msg("%s: %d, %u sockets", row->name, said, queues.count);
        free(exact);
        queues_done(&queues);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_nobody_has_open_is_told),
        cmocka_unit_test(what_a_closed_one_sent_is_counted),
        cmocka_unit_test(where_nothing_is_told_it_says_so),
        cmocka_unit_test(odd_answers_are_read_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
