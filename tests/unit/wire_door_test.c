/* door.c: what counts as an answer. The other end is a child that says what its row says, whatever
 * it is asked; the service's own end is tested in tests/integration/proposer_llm.mjs. */
#include "wire/door.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull
#define HEAD "HTTP/1.1 200 OK\r\nDate: today\r\n"

static const struct row {
    const char *name;
    const char *says; /* NULL: nothing, and it stays */
    int want;
    unsigned status;
    const char *body;
} rows[] = {
    { "an answer", HEAD "Content-Length: 4\r\n\r\n{\"\"}", 0, 200, "{\"\"}" },
    { "a header in other letters", HEAD "content-length: 2\r\n\r\nhi", 0, 200, "hi" },
    { "a refusal is an answer", "HTTP/1.1 429 No\r\nContent-Length: 2\r\n\r\nno", 0, 429, "no" },
    { "an empty one", HEAD "Content-Length: 0\r\n\r\n", 0, 200, "" },
    { "one cut off in its body", HEAD "Content-Length: 9\r\n\r\n{\"\"}", -ERR_PEER, 0, NULL },
    { "one cut off in its head", HEAD "Content-Le", -ERR_PEER, 0, NULL },
    { "more than was promised", HEAD "Content-Length: 1\r\n\r\nhi", -ERR_PEER, 0, NULL },
    { "no length at all", HEAD "\r\nhi", -ERR_PEER, 0, NULL },
    { "a length in the body", HEAD "\r\n\r\nContent-Length: 19\r\n", -ERR_PEER, 0, NULL },
    { "no HTTP", "hello\r\n\r\n", -ERR_PEER, 0, NULL },
    { "nothing", "", -ERR_PEER, 0, NULL },
    { "too much", HEAD "Content-Length: 17\r\n\r\n12345678901234567", -ERR_LIMIT, 0, NULL },
    { "silence", NULL, -ERR_TIMEOUT, 0, NULL },
};

/* Reads the whole question, since a socket closed over what nobody read is a reset. */
static void answer_one(int listener, const char *says)
{
    char question[4096];
    size_t size = 0;
    int fd = accept(listener, NULL, NULL);
    while (size < sizeof question - 1) {
        ssize_t n = read(fd, question + size, sizeof question - 1 - size);
        size += n > 0 ? (size_t)n : 0;
        question[size] = 0;
        if (n <= 0 || strstr(question, "\r\n\r\n{}"))
            break;
    }
    if (says)
        write_all(fd, says, strlen(says), NULL);
    else
        pause();
    _exit(strstr(question, "Content-Length: 2\r\n") == NULL);
}

static void every_answer(void **state)
{
    (void)state;
    char folder[] = "/tmp/moult-door-test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct door_way way = { 0 };
        CLEANUP(buf_done) struct buf out = { .max = 16 };
        struct err err;
        unsigned status = 0;
        struct sockaddr_un at = { .sun_family = AF_UNIX };
        snprintf(way.socket, sizeof way.socket, "%s/%zu", folder, i);
        snprintf(at.sun_path, sizeof at.sun_path, "%s/%zu", folder, i);
        CLEANUP(fd_closep) int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(listen(listener, 1), 0);
        pid_t pid = fork();
        if (pid == 0)
            answer_one(listener, row->says);
        uint64_t deadline = clock_mono_ns() + (row->says ? 60 * SECOND_NS : SECOND_NS / 20);
        int rc = door_way_ask(&way, STR("{}"), deadline, &status, &out, &err);
        if (rc != row->want || (rc == 0 && status != row->status))
            fail_msg("%s: %d, status %u: %s", row->name, rc, status, rc ? err.text : "");
        if (rc == 0)
            assert_string_equal(out.at ? out.at : "", row->body);
        if (!row->says)
            kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        unlink(at.sun_path);
    }
    rmdir(folder);
}

/* Of a refusal; a number that is none, and a word that is too long, are no reason to fail. */
static void what_the_head_says(void **state)
{
    (void)state;
    char path[] = "/tmp/moult-door-head.XXXXXX";
    struct door_way way = { 0 };
    CLEANUP(buf_done) struct buf out = { .max = 16 };
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct err err;
    unsigned status;
    assert_non_null(mkdtemp(path));
    snprintf(way.socket, sizeof way.socket, "%s/s", path);
    snprintf(at.sun_path, sizeof at.sun_path, "%s/s", path);
    CLEANUP(fd_closep) int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t pid = fork();
    if (pid == 0)
        answer_one(listener,
            HEAD "X-Moult-Refused: this-is-a-very-long-word-indeed\r\nx-moult-tokens:\t12 \r\n"
                 "x-moult-usd: -3\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(
        door_way_ask(&way, STR("{}"), clock_mono_ns() + 60 * SECOND_NS, &status, &out, &err), 0);
    assert_string_equal(way.head.refused, "this-is-a-very-long-wor");
    assert_string_equal(way.head.asked, "");
    assert_int_equal(way.head.tokens, 12);
    assert_int_equal(way.head.usd, 0);
    waitpid(pid, NULL, 0);
    unlink(at.sun_path);
    rmdir(path);
}

static void a_door_that_is_closed(void **state)
{
    (void)state;
    struct door_way way = { .socket = "/nowhere/at/all" };
    struct buf out = { .max = 16 };
    struct str used = STR("left");
    unsigned status;
    assert_int_equal(
        door_way_ask(&way, STR("{}"), clock_mono_ns() + SECOND_NS, &status, &out, NULL), -ERR_PEER);
    door_way_close(&way, NULL, &used);
    assert_int_equal(used.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer),
        cmocka_unit_test(what_the_head_says),
        cmocka_unit_test(a_door_that_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
