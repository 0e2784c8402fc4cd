/* Progress: what its line says, and that only a terminal gets it, and only of what lasts. */
#include "wire/verb.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct row {
    const char *name;
    uint64_t done, all, elapsed_ms;
    const char *want;
} rows[] = {
    { "how much, how fast, how long still", 120, 612, 4000,
        "120 of 612 sessions, 30 a second, 17 s left" },
    { "nobody knows how much it is", 120, 0, 4000, "120 sessions, 30 a second" },
    { "a slow one has a digit more", 3, 4, 2000, "3 of 4 sessions, 1.5 a second, 1 s left" },
    { "minutes", 10, 2010, 1000, "10 of 2010 sessions, 10 a second, 3 min 21 s left" },
    { "hours", 10, 100010, 1000, "10 of 100010 sessions, 10 a second, 2 h 46 min left" },
    { "nothing yet: no guess", 0, 612, 4000, "0 of 612 sessions, 0.0 a second" },
    { "done", 612, 612, 1000, "612 of 612 sessions, 612 a second" },
    { "more than there were at first", 700, 612, 1000, "700 sessions, 700 a second" },
    { "a guess of years is none", 1, UINT64_MAX, 1000,
        "1 of 18446744073709551615 sessions, 1.0 a second" },
    { "no time has gone by", 5, 6, 0, "5 of 6 sessions, 0.0 a second" },
};

static void the_line_says_what_is_known(void **state)
{
    (void)state;
    char line[160];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        verb_progress_line(line, sizeof line, row->done, row->all, "sessions", row->elapsed_ms);
        if (strcmp(line, row->want) != 0)
            fail_msg("%s: %s; wanted %s", row->name, line, row->want);
    }
}

/* Standard error is put aside; what was written to the other end of `to` since comes into out. */
static void until_written(int to, int from, char *out, size_t size)
{
    int kept = dup(STDERR_FILENO);
    dup2(to, STDERR_FILENO);
    const struct timespec little = { .tv_nsec = 20000000 };
    ssize_t n = 0;
    for (uint64_t done = 1; n <= 0 && done < 500; done++) {
        verb_progress_of(done, 1000, "runs");
        nanosleep(&little, NULL);
        n = read(from, out, size - 1);
    }
    verb_progress_clear();
    dup2(kept, STDERR_FILENO);
    close(kept);
    out[n > 0 ? n : 0] = 0;
}

static void a_terminal_gets_it_and_loses_it_again(void **state)
{
    (void)state;
    char text[400];
    int host = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(host >= 0 && grantpt(host) == 0 && unlockpt(host) == 0);
    int line = open(ptsname(host), O_RDWR | O_NOCTTY);
    assert_true(line >= 0);
    until_written(line, host, text, sizeof text);
    assert_non_null(strstr(text, " of 1000 runs, "));
    assert_non_null(strstr(text, " left"));
    ssize_t n = read(host, text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = 0;
    assert_string_equal(text + n - 4, "\r\033[K"); /* it is gone */
    close(line);
    close(host);
}

static void a_pipe_never_sees_it(void **state)
{
    (void)state;
    int ends[2], kept = dup(STDERR_FILENO);
    char byte;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    dup2(ends[1], STDERR_FILENO);
    verb_progress_of(7, 1000, "runs"); /* the work lasts for a second by now */
    bool seen = verb_progress_seen();
    verb_progress_clear();
    dup2(kept, STDERR_FILENO);
    assert_false(seen);
    assert_int_equal(read(ends[0], &byte, 1), -1);
    close(ends[0]);
    close(ends[1]);
    close(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_says_what_is_known),
        cmocka_unit_test(a_terminal_gets_it_and_loses_it_again),
        cmocka_unit_test(a_pipe_never_sees_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
