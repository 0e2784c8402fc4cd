/* What a run hides from a parent that is not root: a process that it may not look into. With a user
 * namespace it may, since that is its own. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { USER = 31337 };

static const char *const hides =
    "cp /usr/bin/perl hidden && chmod 0111 hidden && "
    "exec ./hidden -e 'for (1 .. 8) { open $f[$_], q(>), qq(x$_); unlink qq(x$_); "
    "print { $f[$_] } q(a) x 3e6 } sleep 20'";
/* The first sleep has ended, and who is its parent by then does not wait for it. */
static const char *const leaves_one = "sleep 0 & exec sleep 1";
/* The memory is another thread's by then. */
static const char *const ends_its_first_thread = "exec python3 -c 'import ctypes, threading, time\n"
                                                 "def hold():\n"
                                                 "    time.sleep(0.2)\n"
                                                 "    kept = b\"a\" * (300 << 20)\n"
                                                 "    time.sleep(20)\n"
                                                 "threading.Thread(target=hold).start()\n"
                                                 "ctypes.CDLL(None).pthread_exit(None)'";

static int run_script(const char *work, const char *script, enum sandbox_limit limit)
{
    const char *argv[] = { "/usr/bin/sh", "-c", script, NULL };
    const struct sandbox_mount mount = { work, work, true, true };
    const struct sandbox_run run = { .profile = SANDBOX_TOOL,
        .tier = SANDBOX_CONTAINER,
        .argv = argv,
        .cwd = work,
        .mounts = &mount,
        .mounts_count = 1,
        .limits = { .disk = 12 << 20, .memory = 128 << 20 } };
    struct sandbox_result result;
    struct err err = { 0 };
    if (sandbox_run(&run, &result, &err) < 0) {
        print_error("%s (%s)\n", err.text, err.hint);
        return 1;
    }
    print_message("limit %s, exit %d, \"%s\"\n", sandbox_limit_words[result.limit],
        result.exit_code, result.err.at ? result.err.at : "");
    bool killed = result.exit_code < 0;
    int rc = result.limit == limit && killed == (limit != LIMIT_NONE) ? 0 : 2;
    sandbox_result_done(&result);
    return rc;
}

/* Somebody else on the same file system, as long as the run is there. */
static pid_t write_beside(const char *work)
{
    enum { LATER_US = 300000, PART = 1 << 20, PARTS = 24 };
    char path[64];
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char *part = mem_zero(1, PART);
    snprintf(path, sizeof path, "%s.beside", work);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    unlink(path);
    usleep(LATER_US);
    for (int i = 0; i < PARTS; i++)
        if (write(fd, part, PART) != PART)
            break;
    for (;;)
        pause();
}

static void run_as_user(const char *script, enum sandbox_limit limit, bool beside)
{
    char work[] = "/var/tmp/moult-held-test.XXXXXX";
    int status = -1;
    assert_non_null(mkdtemp(work));
    if (geteuid() == 0)
        assert_int_equal(chown(work, USER, USER), 0);
    pid_t other = beside ? write_beside(work) : 0;
    pid_t pid = fork();
    if (pid == 0) {
        bool root = geteuid() == 0;
        /* As after an exec: who changes its uid may not be looked into. */
        if (root && (setgroups(0, NULL) < 0 || setgid(USER) < 0 || setuid(USER) < 0 ||
                        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0))
            _exit(3);
        without_namespaces();
        _exit(run_script(work, script, limit));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (other > 0) {
        kill(other, SIGKILL);
        waitpid(other, NULL, 0);
    }
    assert_int_equal(file_remove_tree(work, NULL), 0);
    assert_int_equal(status, 0);
}

static void a_process_that_cannot_be_read_hides_nothing(void **state)
{
    (void)state;
    run_as_user(hides, LIMIT_DISK, false);
}

static void a_process_that_has_ended_hides_nothing(void **state)
{
    (void)state;
    run_as_user(leaves_one, LIMIT_NONE, true);
}

static void threads_without_their_first_hide_nothing(void **state)
{
    (void)state;
    run_as_user(ends_its_first_thread, LIMIT_MEMORY, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_cannot_be_read_hides_nothing),
        cmocka_unit_test(a_process_that_has_ended_hides_nothing),
        cmocka_unit_test(threads_without_their_first_hide_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
