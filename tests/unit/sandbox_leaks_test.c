/* Nothing of a run is left: no descriptor, no control group, no thread; and no process, even when
 * its parent is killed. */
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { RUNS = 40 };

static unsigned count_entries(const char *path, const char *prefix)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    if (folder)
        closedir(folder);
    return count;
}

static unsigned count_groups(void)
{
    CLEANUP(mem_freep) char *mine = mem_format("moult-%d-", (int)getpid());
    return count_entries("/sys/fs/cgroup/pids", mine) + count_entries("/sys/fs/cgroup", mine);
}

static int run_shell(const char *script, enum sandbox_profile profile, struct err *err)
{
    struct sandbox_result result;
    const char *argv[] = { "/usr/bin/sh", "-c", script, NULL };
    const struct sandbox_run run = { .profile = profile, .argv = argv, .input = STR("x") };
    int rc = sandbox_run(&run, &result, err);
    if (rc == 0)
        sandbox_result_done(&result);
    return rc;
}

static void nothing_of_ours_is_left(void **state)
{
    (void)state;
    struct err err = { 0 };
    assert_int_equal(run_shell("exit 0", SANDBOX_TOOL, &err), 0); /* what a library keeps */
    unsigned files = count_entries("/proc/self/fd", ""),
             tasks = count_entries("/proc/self/task", "");
    for (int i = 0; i < RUNS; i++) {
        const char *argv[] = { "/usr/bin/no-such-program", NULL };
        const struct sandbox_run bad = { .profile = SANDBOX_TOOL, .argv = argv };
        struct sandbox_result result;
        assert_int_equal(run_shell("exit 3", i % 2 ? SANDBOX_TOOL : SANDBOX_COMPILE, &err), 0);
        assert_true(sandbox_run(&bad, &result, &err) < 0);
    }
    assert_int_equal(count_entries("/proc/self/fd", ""), files);
    assert_int_equal(count_entries("/proc/self/task", ""), tasks);
    assert_int_equal(count_groups(), 0);
}

/* What the parent has open, and where its own descriptors of the run come to stand, is no matter.
 */
static void a_parent_with_many_descriptors_starts_runs(void **state)
{
    (void)state;
    enum { MANY = 1500 };
    static int open_ones[MANY];
    struct rlimit was, more;
    struct err err = { 0 };
    getrlimit(RLIMIT_NOFILE, &was);
    more = was;
    more.rlim_cur = was.rlim_max;
    setrlimit(RLIMIT_NOFILE, &more);
    for (int i = 0; i < MANY; i++)
        if ((open_ones[i] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
            fail_msg("only %d descriptors of %d may be open here", i, MANY);
    if (run_shell("exit 0", SANDBOX_TOOL, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < MANY; i++)
        close(open_ones[i]);
    setrlimit(RLIMIT_NOFILE, &was);
}

/* A process that starts a run and waits for it, until it is killed. */
static void be_parent(int told, enum sandbox_tier tier)
{
    const char *argv[] = { "/usr/bin/sh", "-c", "echo x >&3; exec sleep 1000", NULL };
    const struct sandbox_run run = { .profile = SANDBOX_TOOL,
        .tier = tier,
        .argv = argv,
        .cwd = tier == SANDBOX_CONTAINER ? "/tmp" : NULL,
        .fds = &told,
        .fds_count = 1 };
    struct sandbox_result result;
    struct err err = { 0 };
    _exit(sandbox_run(&run, &result, &err) < 0 ? 1 : 0);
}

static void kill_parent(enum sandbox_tier tier)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        be_parent(ends[1], tier);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1); /* it runs */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    while (read(ends[0], &byte, 1) == 1)
        continue; /* until nobody holds the other end */
    close(ends[0]);
}

static void a_killed_parent_takes_its_run_along(void **state)
{
    (void)state;
    kill_parent(SANDBOX_STRONG);
}

/* The init of a run is killed from outside; a daemon that it was to end holds the pipe. */
static void kill_init(enum sandbox_tier tier)
{
    int ends[2];
    char byte;
    struct sandbox *sandbox;
    struct sandbox_result result;
    struct err err = { 0 };
    const char *argv[] = { "/usr/bin/sh", "-c",
        "(setsid sh -c 'printf x >&3; exec sleep 1000' &); exec sleep 1000", NULL };
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const struct sandbox_run run = { .profile = SANDBOX_TOOL,
        .tier = tier,
        .argv = argv,
        .cwd = tier == SANDBOX_CONTAINER ? "/tmp" : NULL,
        .fds = &ends[1],
        .fds_count = 1 };
    assert_int_equal(sandbox_start(&sandbox, &run, &err), 0);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(kill(sandbox_pid(sandbox), SIGKILL), 0);
    assert_int_equal(sandbox_wait(sandbox, &result, &err), 0);
    assert_int_equal(result.signal, SIGKILL);
    if (tier == SANDBOX_STRONG || (result.layers & LAYER_BIT(LAYER_CGROUP)))
        assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    sandbox_result_done(&result);
}

static void a_run_without_its_init_ends(void **state)
{
    (void)state;
    kill_init(SANDBOX_STRONG);
}

/* Last: this process cannot make namespaces after it. */
static void also_without_namespaces(void **state)
{
    (void)state;
    without_namespaces();
    kill_parent(SANDBOX_CONTAINER);
    if (geteuid() == 0)
        kill_init(SANDBOX_CONTAINER); /* needs a cgroup */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_ours_is_left),
        cmocka_unit_test(a_parent_with_many_descriptors_starts_runs),
        cmocka_unit_test(a_killed_parent_takes_its_run_along),
        cmocka_unit_test(a_run_without_its_init_ends),
        cmocka_unit_test(also_without_namespaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
