/* Nothing of a run is left: no descriptor, thread, mount, control group or process, however it
 * ends, and wherever its parent is killed. `moult bench leaks` does the same ten thousand times. */
#include "base/mem.h"
#include "leaks.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { ROUNDS = 3, KILLS = 12 };

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

static struct leaks before;

static void nothing_more_is_there(const char *after_what)
{
    struct leaks after = leaks_now();
    CLEANUP(buf_done) struct buf why = { 0 };
    if (!leaks_same(&before, &after, &why))
        fail_msg("after %s: %s", after_what, why.at);
}

static void run_mix(enum sandbox_tier tier)
{
    struct err err = { 0 };
    for (unsigned i = 0; i < leaks_mix() * ROUNDS; i++) {
        if (i == leaks_mix())
            before = leaks_now(); /* what a library keeps is there by now */
        if (leaks_run(i, tier, &err) < 0)
            fail_msg("%s", err.text);
        if (i >= leaks_mix())
            nothing_more_is_there(leaks_word(i));
    }
}

static void nothing_is_left_of_runs_however_they_end(void **state)
{
    (void)state;
    run_mix(SANDBOX_STRONG);
}

static bool has_groups(void)
{
    struct sandbox_check check;
    struct err err = { 0 };
    return sandbox_check(&check, &err) == 0 && check.layer[LAYER_CGROUP].effective;
}

/* At places spread over all that it does; each of them is a system call of the parent. */
static void kill_parents(enum sandbox_tier tier)
{
    struct err err = { 0 };
    for (unsigned row = 0; row < leaks_mix(); row++) {
        if (tier == SANDBOX_CONTAINER && leaks_profile(row) == SANDBOX_COMPILE && !has_groups())
            continue; /* a compiler may not signal, so its init can end nobody */
        unsigned calls = leaks_calls(row, tier);
        if (calls == 0) {
            print_message("SKIPPED: NO ptrace HERE: NO PARENT WAS KILLED\n");
            skip();
        }
        for (unsigned i = 0; i < KILLS; i++)
            leaks_kill(row, tier, calls * i / KILLS);
        /* What a parent could not remove, the next run does. */
        if (leaks_run(0, tier, &err) < 0)
            fail_msg("%s", err.text);
        nothing_more_is_there(leaks_word(row));
    }
}

static void nothing_is_left_of_a_killed_parent(void **state)
{
    (void)state;
    kill_parents(SANDBOX_STRONG);
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
    /* A daemon of a daemon, in a session of its own. */
    const char *argv[] = { "/usr/bin/sh", "-c",
        "(setsid sh -c '(setsid sh -c \"echo x >&3; exec sleep 1000\" &); exec sleep 1000' &)\n"
        "exec sleep 1000",
        NULL };
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

static bool keeps_signals(void)
{
    enum { VERSION = 1, SCOPES_SINCE = 6 };
    return syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION) >= SCOPES_SINCE;
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
    run_mix(SANDBOX_CONTAINER);
    if (keeps_signals())
        kill_parent(SANDBOX_CONTAINER);
    if (keeps_signals() || has_groups())
        kill_parents(SANDBOX_CONTAINER);
    if (has_groups())
        kill_init(SANDBOX_CONTAINER);
}

int main(void)
{
    struct err err;
    if (leaks_begin(&err) < 0)
        return fprintf(stderr, "%s\n", err.text), 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_of_runs_however_they_end),
        cmocka_unit_test(nothing_is_left_of_a_killed_parent),
        cmocka_unit_test(a_parent_with_many_descriptors_starts_runs),
        cmocka_unit_test(a_killed_parent_takes_its_run_along),
        cmocka_unit_test(a_run_without_its_init_ends),
        cmocka_unit_test(also_without_namespaces),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    leaks_end();
    return failed;
}
