/* Temporary folders: removed by their makers, and by a sweep when these were killed. */
#include "base/file.h"
#include "base/mem.h"
#include "base/scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void is_removed_with_what_is_in_it(void **state)
{
    (void)state;
    struct scratch scratch;
    struct stat st;
    assert_int_equal(scratch_make(&scratch, "test", 0711, NULL), 0);
    char kept[sizeof scratch.path];
    strcpy(kept, scratch.path);
    assert_int_equal(stat(kept, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0711);
    CLEANUP(mem_freep) char *inner = mem_format("%s/a/b", kept);
    assert_int_equal(file_mkdirs(inner, 0700, NULL), 0);
    scratch_remove(&scratch);
    assert_int_equal(stat(kept, &st), -1);
    scratch_remove(&scratch);
}

/* One that is young must stay, whoever made it. */
static void a_living_or_young_one_is_left(void **state)
{
    (void)state;
    struct scratch scratch;
    struct stat st;
    assert_int_equal(scratch_make(&scratch, "test", 0700, NULL), 0);
    scratch_sweep();
    assert_int_equal(stat(scratch.path, &st), 0);
    scratch_remove(&scratch);
}

/* The maker is killed: its lock is gone with it. */
static void the_lock_goes_with_its_maker(void **state)
{
    (void)state;
    int told[2];
    struct stat st;
    char path[64] = "";
    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct scratch scratch;
        if (scratch_make(&scratch, "test", 0700, NULL) < 0 ||
            write(told[1], scratch.path, sizeof scratch.path) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(told[0], path, sizeof path), sizeof path);
    scratch_sweep_kind("test", 0);
    assert_int_equal(stat(path, &st), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    scratch_sweep();
    assert_int_equal(stat(path, &st), 0); /* too young */
    scratch_sweep_kind("test", 0);
    assert_int_equal(stat(path, &st), -1);
    close(told[0]);
    close(told[1]);
}

/* What only looks like one is not followed. */
static void a_link_is_not_followed(void **state)
{
    (void)state;
    struct stat st;
    char target[] = "/tmp/scratch-target.XXXXXX", link[] = "/tmp/moult-scratch-test.XXXXXX";
    assert_non_null(mkdtemp(target));
    assert_non_null(mkdtemp(link));
    assert_int_equal(rmdir(link), 0);
    assert_int_equal(symlink(target, link), 0);
    scratch_sweep_kind("test", 0);
    assert_int_equal(stat(target, &st), 0);
    unlink(link);
    rmdir(target);
}

/* A folder of somebody else's making stays, whatever it is called like. */
static void others_are_left(void **state)
{
    (void)state;
    struct stat st;
    char other[] = "/tmp/moult-test.XXXXXX";
    assert_non_null(mkdtemp(other));
    scratch_sweep_kind("*test", 0);
    scratch_sweep_kind("test", 0);
    assert_int_equal(stat(other, &st), 0);
    rmdir(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_removed_with_what_is_in_it),
        cmocka_unit_test(a_living_or_young_one_is_left),
        cmocka_unit_test(the_lock_goes_with_its_maker),
        cmocka_unit_test(a_link_is_not_followed),
        cmocka_unit_test(others_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
