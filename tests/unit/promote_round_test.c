/* Two evolves at once: the second is told so, and a killed one stands in nobody's way. */
#include "base/fd.h"
#include "base/mem.h"
#include "broker_home.h"
#include "promote/round.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void is_for_one_at_a_time(void **state)
{
    (void)state;
    struct err err;
    const struct home home = home_fresh(), other = home_fresh();
    CLEANUP(fd_closep) int first = round_begin(&home, &err);
    CLEANUP(fd_closep) int elsewhere = round_begin(&other, &err);
    assert_true(first >= 0 && elsewhere >= 0);
    assert_int_equal(round_begin(&home, &err), -ERR_STATE);
    assert_true(err.hint[0]);
    fd_closep(&first);
    first = round_begin(&home, &err);
    assert_true(first >= 0);
}

static void ends_with_the_process(void **state)
{
    (void)state;
    struct err err;
    const struct home home = home_fresh();
    int ready[2], status;
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        byte = round_begin(&home, NULL) >= 0;
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    assert_int_equal(round_begin(&home, &err), -ERR_STATE);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    CLEANUP(fd_closep) int next = round_begin(&home, &err);
    assert_true(next >= 0);
    close(ready[0]);
    close(ready[1]);
}

/* While one follows an admission, nobody else does; a round of the pipeline is no hindrance. */
static void following_is_for_one_at_a_time_too(void **state)
{
    (void)state;
    struct err err;
    char path[PATH_MAX];
    const struct home home = home_fresh();
    CLEANUP(fd_closep) int round = round_begin(&home, &err);
    CLEANUP(fd_closep) int first = round_follow(&home, &err);
    assert_true(round >= 0 && first >= 0);
    CLEANUP(fd_closep)
    int other = open(home_path(path, &home, "run/follow.lock"), O_RDWR | O_CLOEXEC);
    assert_true(other >= 0);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
    fd_closep(&first);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_for_one_at_a_time),
        cmocka_unit_test(ends_with_the_process),
        cmocka_unit_test(following_is_for_one_at_a_time_too),
    };
    return cmocka_run_group_tests(tests, homes_begin, homes_end);
}
