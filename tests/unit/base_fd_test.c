/* Descriptors: short reads, what a peer may send in place of a descriptor, sealed memory. */
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

/* Descriptors that are open. dup finds the lowest free one, so a leak raises it. */
static int lowest_free(void)
{
    int fd = dup(0);
    assert_true(fd >= 0);
    close(fd);
    return fd;
}

static void reads_all_or_says_how_much(void **state)
{
    (void)state;
    int ends[2];
    char bytes[8] = "";
    struct err err = { 0 };
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write_all(ends[1], "abcde", 5, NULL), 0);
    assert_int_equal(read_all(ends[0], bytes, 3, NULL), 0);
    assert_string_equal(bytes, "abc");
    close(ends[1]);
    assert_int_equal(read_all(ends[0], bytes, 4, &err), -ERR_PEER);
    assert_string_equal(err.text, "end of file after 2 of 4 bytes");
    close(ends[0]);
}

static void reads_to_the_end_up_to_a_bound(void **state)
{
    (void)state;
    for (size_t max = 4; max <= 6; max++) {
        int ends[2];
        CLEANUP(buf_done) struct buf text = { 0 };
        buf_text(&text, "x");
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write_all(ends[1], "abcde", 5, NULL), 0);
        close(ends[1]);
        assert_int_equal(read_to_end(ends[0], &text, max, NULL), max < 5 ? -ERR_LIMIT : 0);
        assert_string_equal(text.at, max < 5 ? "x" : "xabcde");
        close(ends[0]);
    }
}

static void failures_are_told(void **state)
{
    (void)state;
    struct err err = { 0 };
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    file_fail(1, ENOSPC);
    assert_int_equal(write_all(ends[1], "a", 1, &err), -ERR_SYS);
    assert_int_equal(err.sys, ENOSPC);
    file_fail(1, EINTR);
    assert_int_equal(write_all(ends[1], "a", 1, &err), 0);
    assert_int_equal(file_fail(0, 0), 2);
    assert_int_equal(write_all(-1, "a", 1, &err), -ERR_SYS);
    assert_int_equal(err.sys, EBADF);
    close(ends[0]);
    close(ends[1]);
}

static void passes_a_descriptor(void **state)
{
    (void)state;
    int pair[2];
    struct stat a, b;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int sealed = fd_seal("test", STR("x"), NULL);
    assert_int_equal(fd_send(pair[0], sealed, NULL), 0);
    int got = fd_receive(pair[1], NULL);
    assert_true(got >= 0 && got != sealed);
    assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
    fstat(sealed, &a);
    fstat(got, &b);
    assert_true(a.st_ino == b.st_ino);
    close(got);
    close(sealed);
    close(pair[0]);
    assert_int_equal(fd_receive(pair[1], NULL), -ERR_PEER);
    close(pair[1]);
}

/* In a child, which is no user that may have any number on the way: root may. */
static int send_too_many(int socket)
{
    enum { USER = 31337, ON_THE_WAY = 20, ALLOWED = 10 };
    struct err err = { 0 };
    if (geteuid() == 0 && (setgid(USER) < 0 || setuid(USER) < 0))
        return 1;
    for (int i = 0; i < ON_THE_WAY; i++)
        if (fd_send(socket, socket, &err) < 0)
            return 2;
    struct rlimit limit = { ALLOWED, ALLOWED };
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || fd_send(socket, socket, &err) != -ERR_SYS)
        return 3;
    return err.sys == ETOOMANYREFS && strstr(err.text, "wait in sockets") && err.hint[0] ? 0 : 4;
}

static void too_many_on_the_way_are_waited_for_and_named(void **state)
{
    (void)state;
    int pair[2], status = -1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    file_fail(1, ETOOMANYREFS);
    assert_int_equal(fd_send(pair[0], pair[1], NULL), 0);
    assert_int_equal(file_fail(0, 0), 2);
    pid_t pid = fork();
    if (pid == 0)
        _exit(send_too_many(pair[0]));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(pair[0]);
    close(pair[1]);
}

/* One message with `count` descriptors, as a hostile peer may send. */
static void send_descriptors(int socket, unsigned count)
{
    char byte = 0;
    _Alignas(struct cmsghdr) char room[CMSG_SPACE(8 * sizeof(int))] = { 0 };
    struct iovec io = { &byte, 1 };
    struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };
    if (count > 0) {
        message.msg_control = room;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){ CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memset(CMSG_DATA(header), 0, count * sizeof(int));
    }
    assert_int_equal(sendmsg(socket, &message, 0), 1);
}

static void other_than_one_descriptor_is_refused_and_none_leaks(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int before = lowest_free();
    for (unsigned count = 0; count <= 8; count++) {
        send_descriptors(pair[0], count);
        int got = fd_receive(pair[1], NULL);
        if (count == 1)
            fd_closep(&got);
        else
            assert_int_equal(got, -ERR_PEER);
        assert_int_equal(lowest_free(), before);
    }
    close(pair[0]);
    close(pair[1]);
}

static void sealed_memory_stays(void **state)
{
    (void)state;
    char bytes[7] = "";
    int fd = fd_seal("test", STR("sealed"), NULL);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, 100), -1);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_int_equal(pread(fd, bytes, 6, 0), 6);
    assert_string_equal(bytes, "sealed");
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    int before = lowest_free();
    for (unsigned nth = 1; nth <= 3; nth++) {
        file_fail(nth, EMFILE);
        assert_int_equal(fd_seal("test", STR("x"), NULL), -ERR_SYS);
        assert_int_equal(lowest_free(), before);
    }
    file_fail(0, 0);
}

static void flags_and_places(void **state)
{
    (void)state;
    int fd = fd_seal("test", STR("x"), NULL), want = 77;
    assert_int_equal(fd_cloexec(fd, false, NULL), 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(fd_cloexec(fd, true, NULL), 0);
    assert_int_equal(fd_nonblock(fd, true, NULL), 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(fd_move(fd, want, NULL), 0);
    assert_int_equal(fcntl(want, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(fd_move(fd, fd, NULL), 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(fd_move(-1, want, NULL), -ERR_SYS);
    int stolen = fd_steal(&fd);
    assert_int_equal(fd, -1);
    fd_closep(&fd);
    fd_closep(&stolen);
    assert_int_equal(stolen, -1);
    close(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_or_says_how_much),
        cmocka_unit_test(reads_to_the_end_up_to_a_bound),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(passes_a_descriptor),
        cmocka_unit_test(too_many_on_the_way_are_waited_for_and_named),
        cmocka_unit_test(other_than_one_descriptor_is_refused_and_none_leaks),
        cmocka_unit_test(sealed_memory_stays),
        cmocka_unit_test(flags_and_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
