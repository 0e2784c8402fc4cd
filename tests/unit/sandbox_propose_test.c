/* The propose profile, in both tiers: a program of ours has its evidence, a place to write and one
 * socket. What it has not, sandbox_probes_test.c tries. */
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { GOT_THROUGH = 0, REFUSED = 42 };

static char base[] = "/tmp/moult-propose-test.XXXXXX";
static char evidence[64], scratch[64], bundle[96];

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(base) || chmod(base, 0711) < 0)
        return -1;
    snprintf(evidence, sizeof evidence, "%s/evidence", base);
    snprintf(scratch, sizeof scratch, "%s/scratch", base);
    snprintf(bundle, sizeof bundle, "%s/bundle.json", evidence);
    return file_mkdirs(evidence, 0755, NULL) < 0 || file_mkdirs(scratch, 0777, NULL) < 0 ||
                   chmod(scratch, 0777) < 0 || file_write(bundle, STR("{}"), 0644, NULL) < 0
               ? -1
               : 0;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static void plan_run(struct sandbox_run *run, struct sandbox_mount mounts[2],
    const char *const *argv, enum sandbox_tier tier)
{
    bool strong = tier == SANDBOX_STRONG;
    mounts[0] = (struct sandbox_mount){ evidence, strong ? "/evidence" : evidence, false, false };
    mounts[1] = (struct sandbox_mount){ scratch, scratch, true, false };
    *run = (struct sandbox_run){ .profile = SANDBOX_PROPOSE,
        .tier = tier,
        .argv = argv,
        .cwd = strong ? NULL : scratch,
        .mounts = mounts,
        .mounts_count = strong ? 1 : 2 };
}

static void probe(
    struct sandbox_result *result, enum sandbox_tier tier, const char *name, const char *argument)
{
    struct sandbox_mount mounts[2];
    struct sandbox_run run;
    struct err err = { 0 };
    const char *argv[] = { MOULT_PROBE, name, argument, NULL };
    plan_run(&run, mounts, argv, tier);
    if (sandbox_run(&run, result, &err) < 0)
        fail_msg("%s %s: %s (%s)", name, argument, err.text, err.hint);
    assert_int_equal(result->tier, tier);
}

struct row {
    const char *name, *argument;
};

static void allow_its_own(enum sandbox_tier tier)
{
    bool strong = tier == SANDBOX_STRONG;
    const struct row allowed[] = {
        { "read", strong ? "/evidence/bundle.json" : bundle },
        { "make", strong ? "/scratch/notes" : scratch },
    };
    struct sandbox_result result;
    for (size_t i = 0; i < COUNT_OF(allowed); i++) {
        if (i == 1 && !strong)
            continue; /* the folder that it starts in, below */
        probe(&result, tier, allowed[i].name, allowed[i].argument);
        assert_int_equal(result.exit_code, GOT_THROUGH);
        sandbox_result_done(&result);
    }
    probe(&result, tier, "make", "notes");
    assert_int_equal(result.exit_code, GOT_THROUGH);
    sandbox_result_done(&result);
    probe(&result, tier, "write", strong ? "/evidence/bundle.json" : bundle);
    assert_int_equal(result.exit_code, REFUSED);
    sandbox_result_done(&result);
}

static void talk(enum sandbox_tier tier)
{
    int pair[2];
    char heard[4];
    struct sandbox_mount mounts[2];
    struct sandbox_run run;
    struct sandbox *sandbox;
    struct sandbox_result result;
    struct err err = { 0 };
    const char *argv[] = { MOULT_PROBE, "socket", NULL };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    plan_run(&run, mounts, argv, tier);
    run.fds = &pair[1];
    run.fds_count = 1;
    if (sandbox_start(&sandbox, &run, &err) < 0)
        fail_msg("%s", err.text);
    close(pair[1]);
    assert_int_equal(read_all(pair[0], heard, 4, &err), 0);
    assert_memory_equal(heard, "ping", 4);
    assert_int_equal(write_all(pair[0], "pong", 4, &err), 0);
    assert_int_equal(sandbox_wait(sandbox, &result, &err), 0);
    assert_int_equal(result.exit_code, GOT_THROUGH);
    sandbox_result_done(&result);
    close(pair[0]);
}

static void its_own_is_there(void **state)
{
    (void)state;
    allow_its_own(SANDBOX_STRONG);
}

static void the_one_socket_works(void **state)
{
    (void)state;
    talk(SANDBOX_STRONG);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct sandbox_mount mounts[2];
    struct sandbox_run run;
    struct sandbox_result result;
    struct err err = { 0 };
    const char *argv[] = { "/nowhere/moult-propose", NULL };
    plan_run(&run, mounts, argv, SANDBOX_STRONG);
    assert_true(sandbox_run(&run, &result, &err) < 0);
    assert_non_null(strstr(err.text, "/nowhere/moult-propose"));
}

/* Last: this process cannot make namespaces after it. */
static void the_same_holds_without_namespaces(void **state)
{
    (void)state;
    without_namespaces();
    struct sandbox_mount mounts[2];
    struct sandbox_run run;
    struct sandbox_result result;
    struct err err = { 0 };
    const char *argv[] = { MOULT_PROBE, NULL };
    plan_run(&run, mounts, argv, SANDBOX_STRONG);
    assert_int_equal(sandbox_run(&run, &result, &err), -ERR_LACKS);
    assert_non_null(strstr(err.hint, "container"));
    allow_its_own(SANDBOX_CONTAINER);
    talk(SANDBOX_CONTAINER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_is_there),
        cmocka_unit_test(the_one_socket_works),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(the_same_holds_without_namespaces),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
