/* Whole files: old content or new, whichever call fails; nothing outside the folder is touched. */
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char folder[32];

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/moult-file-test.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

static char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void expect(const char *path, const char *want)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    assert_int_equal(file_read(path, &text, 1000, NULL), 0);
    assert_string_equal(text.at, want);
}

static unsigned entries(void)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

typedef int writer(const char *path, struct str data, mode_t mode, struct err *err);

/* Fails each call in turn until the write succeeds; says how many failed. old: NULL for no file. */
static unsigned fail_each(writer *write_file, const char *path, const char *old, int error)
{
    for (unsigned nth = 1;; nth++) {
        struct err err = { 0 };
        file_fail(nth, error);
        int rc = write_file(path, STR("new"), 0600, &err);
        file_fail(0, 0);
        if (rc == 0) {
            expect(path, "new");
            assert_int_equal(entries(), 1);
            return nth - 1;
        }
        assert_int_equal(rc, -ERR_SYS);
        assert_int_equal(err.sys, error);
        assert_int_equal(file_exists(path), old != NULL);
        if (old)
            expect(path, old);
        assert_int_equal(entries(), old != NULL);
        assert_true(nth < 50);
    }
}

static void old_file_survives_each_failing_call(void **state)
{
    (void)state;
    static const int errors[] = { ENOSPC, EIO, EDQUOT };
    const char *path = path_of("file");
    for (size_t e = 0; e < COUNT_OF(errors); e++) {
        assert_int_equal(file_write(path, STR("old"), 0600, NULL), 0);
        /* Folder, temporary, write, mode, fsync, close, rename, fsync of the folder. */
        assert_int_equal(fail_each(file_write, path, "old", errors[e]), 8);
    }
}

static void no_file_stays_no_file(void **state)
{
    (void)state;
    const char *path = path_of("file");
    assert_int_equal(fail_each(file_write, path, NULL, ENOSPC), 8);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fail_each(file_create, path, NULL, ENOSPC), 8);
}

/* A limit of the kernel, not an injected fault: the first write is short, the second refused. */
static void half_a_write_is_no_write(void **state)
{
    (void)state;
    const char *path = path_of("file");
    static char large[100000];
    struct rlimit old;
    assert_int_equal(file_write(path, STR("old"), 0600, NULL), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = { 4096, old.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct err err = { 0 };
    int rc = file_write(path, (struct str){ large, sizeof large }, 0600, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(rc, -ERR_SYS);
    assert_int_equal(err.sys, EFBIG);
    expect(path, "old");
    assert_int_equal(entries(), 1);
}

static void interrupted_calls_go_on(void **state)
{
    (void)state;
    const char *path = path_of("file");
    file_fail(3, EINTR); /* the write of the content */
    assert_int_equal(file_write(path, STR("new"), 0600, NULL), 0);
    file_fail(3, EINTR); /* the read */
    expect(path, "new");
    file_fail(0, 0);
}

static void mode_is_exact(void **state)
{
    (void)state;
    struct stat st;
    const char *path = path_of("file");
    assert_int_equal(file_write(path, STR("x"), 0640, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(file_write(path, STR("y"), 0600, NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void create_refuses_other_content(void **state)
{
    (void)state;
    const char *path = path_of("file");
    assert_int_equal(file_create(path, STR("a"), 0600, NULL), 0);
    assert_int_equal(file_create(path, STR("a"), 0600, NULL), 0);
    assert_int_equal(file_create(path, STR("b"), 0600, NULL), -ERR_STATE);
    assert_int_equal(file_create(path, STR(""), 0600, NULL), -ERR_STATE);
    assert_int_equal(file_create(path, STR("ab"), 0600, NULL), -ERR_STATE);
    expect(path, "a");
    assert_int_equal(entries(), 1);
}

static void write_does_not_follow_a_link(void **state)
{
    (void)state;
    char *target = mem_string(path_of("target")), *path = mem_string(path_of("link"));
    assert_int_equal(file_write(target, STR("kept"), 0600, NULL), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(file_write(path, STR("new"), 0600, NULL), 0);
    expect(target, "kept");
    expect(path, "new");
    free(target);
    free(path);
}

/* A pipe that a link leads to gets the bytes, and both are still there; a folder gets nothing. */
static void what_is_no_file_is_written_to(void **state)
{
    (void)state;
    struct err err;
    struct stat there;
    char pipe[256], got[8] = "";
    strcpy(pipe, path_of("pipe"));
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(symlink("pipe", path_of("link")), 0);
    int reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    assert_int_equal(file_give(path_of("link"), STR("given"), 0600, &err), 0);
    assert_int_equal(read(reader, got, sizeof got), 5);
    assert_memory_equal(got, "given", 5);
    close(reader);
    assert_true(lstat(pipe, &there) == 0 && S_ISFIFO(there.st_mode));
    assert_true(lstat(path_of("link"), &there) == 0 && S_ISLNK(there.st_mode));
    assert_int_equal(file_give(folder, STR("x"), 0600, &err), -ERR_SYS);
    assert_int_equal(file_give(path_of("file"), STR("one"), 0600, &err), 0);
    assert_int_equal(file_give(path_of("file"), STR("two"), 0600, &err), 0);
    expect(path_of("file"), "two");
}

static void read_is_bounded(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    char *path = path_of("file");
    assert_int_equal(file_write(path, STR("0123456789"), 0600, NULL), 0);
    assert_int_equal(file_read(path, &text, 9, NULL), -ERR_LIMIT);
    assert_int_equal(file_read(path, &text, 10, NULL), 0);
    assert_string_equal(text.at, "0123456789");
    /* A file whose size the kernel does not say is bounded as well. */
    assert_int_equal(file_read("/proc/self/maps", &text, 10, NULL), -ERR_LIMIT);
    assert_int_equal(file_read(path_of("none"), &text, 9, NULL), -ERR_MISSING);
    assert_int_equal(file_read(path_of("file/none"), &text, 9, NULL), -ERR_MISSING);
    assert_int_equal(file_read(folder, &text, 9, NULL), -ERR_INPUT);
}

static void a_pipe_does_not_hold_the_reader(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    const char *path = path_of("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(file_read(path, &text, 9, NULL), -ERR_INPUT);
}

static void makes_folders(void **state)
{
    (void)state;
    assert_int_equal(file_mkdirs(path_of("a//b/c/"), 0700, NULL), 0);
    assert_int_equal(file_mkdirs(path_of("a/b/c"), 0700, NULL), 0);
    assert_true(file_exists(path_of("a/b/c")));
    assert_int_equal(file_write(path_of("a/file"), STR(""), 0600, NULL), 0);
    assert_int_equal(file_mkdirs(path_of("a/file"), 0700, NULL), -ERR_STATE);
    assert_int_equal(file_mkdirs(path_of("a/file/x"), 0700, NULL), -ERR_SYS);
    assert_int_equal(file_mkdirs("", 0700, NULL), -ERR_SYS);
}

static void remove_follows_no_link(void **state)
{
    (void)state;
    char *kept = mem_string(path_of("kept")), *tree = mem_string(path_of("tree"));
    assert_int_equal(file_mkdirs(path_of("kept/inner"), 0700, NULL), 0);
    assert_int_equal(file_mkdirs(path_of("tree/x/y"), 0700, NULL), 0);
    assert_int_equal(symlink(kept, path_of("tree/x/link")), 0);
    assert_int_equal(file_remove_tree(tree, NULL), 0);
    assert_false(file_exists(tree));
    assert_true(file_exists(path_of("kept/inner")));
    assert_int_equal(symlink(kept, tree), 0);
    assert_int_equal(file_remove_tree(tree, NULL), 0);
    assert_false(file_exists(tree));
    assert_true(file_exists(path_of("kept/inner")));
    assert_int_equal(file_remove_tree(tree, NULL), 0);
    free(kept);
    free(tree);
}

/* Deeper than a path may be long, than there are descriptors, and than a stack would bear. */
static void removes_a_deep_tree(void **state)
{
    (void)state;
    enum { DEPTH = 5000 };
    int at = open(folder, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < DEPTH; i++) {
        assert_int_equal(mkdirat(at, "d", 0700), 0);
        int file = openat(at, "f", O_WRONLY | O_CREAT, 0600);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
        assert_true(file >= 0 && next >= 0);
        close(file);
        close(at);
        at = next;
    }
    close(at);
    assert_int_equal(file_remove_tree(path_of("d"), NULL), 0);
    assert_int_equal(entries(), 1);
}

static void program_dir(void **state)
{
    (void)state;
    char dir[4096], small[4];
    assert_int_equal(file_program_dir(dir, sizeof dir, NULL), 0);
    assert_int_equal(dir[0], '/');
    assert_true(file_exists(dir));
    assert_int_equal(file_program_dir(small, sizeof small, NULL), -ERR_LIMIT);
}

/* This program again, as one that only writes a file: with MOULT_FAIL_IO in its environment. */
static int write_elsewhere(const char *fail, const char *path)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("MOULT_FAIL_IO", fail, 1);
        execl("/proc/self/exe", "base_file_test", path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void environment_fails_calls_in_test_builds_only(void **state)
{
    (void)state;
    const char *path = path_of("file");
    assert_int_equal(write_elsewhere("3:28", path), MOULT_FAULTS ? ERR_SYS : 0);
    assert_int_equal(file_exists(path), !MOULT_FAULTS);
    assert_int_equal(write_elsewhere("nonsense", path), 0);
    expect(path, "written");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return -file_write(argv[1], STR("written"), 0600, NULL);
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(old_file_survives_each_failing_call),
        TEST(no_file_stays_no_file),
        TEST(half_a_write_is_no_write),
        TEST(interrupted_calls_go_on),
        TEST(mode_is_exact),
        TEST(create_refuses_other_content),
        TEST(write_does_not_follow_a_link),
        TEST(what_is_no_file_is_written_to),
        TEST(read_is_bounded),
        TEST(a_pipe_does_not_hold_the_reader),
        TEST(makes_folders),
        TEST(remove_follows_no_link),
        TEST(removes_a_deep_tree),
        TEST(program_dir),
        TEST(environment_fails_calls_in_test_builds_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
