/* A machine that lacks a layer: without it the run is refused, by the layer's name; with it waived
 * the run goes on, and says what was in force. */
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/waive.h"
#include "sandbox_without.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct row {
    const char *name;
    enum sandbox_layer layer;
    long call; /* that fails so */
    unsigned error;
    unsigned bits; /* of its first argument, with which it does; 0: always */
    const char *says;
    bool can_be_waived;
} rows[] = {
    { "a kernel before 5.13", LAYER_LANDLOCK, SYS_landlock_create_ruleset, ENOSYS, 0,
        "layer landlock", true },
    { "Landlock not switched on", LAYER_LANDLOCK, SYS_landlock_create_ruleset, EOPNOTSUPP, 0,
        "layer landlock", true },
    { "as deep in Landlock as the kernel lets one be", LAYER_LANDLOCK, SYS_landlock_restrict_self,
        E2BIG, 0, "layer landlock", true },
    { "no capabilities to drop", LAYER_CAPS, SYS_capset, ENOSYS, 0, "layer caps", true },
    { "no limits", LAYER_RLIMITS, SYS_prlimit64, ENOSYS, 0, "layer rlimits", true },
    { "no seccomp", LAYER_SECCOMP, SYS_seccomp, ENOSYS, 0, "layer seccomp", false },
    { "a kernel without notifications", LAYER_SECCOMP, SYS_seccomp, EINVAL, 0, "layer seccomp",
        false },
    { "another filter with notifications around it", LAYER_SECCOMP, SYS_seccomp, EBUSY, 0,
        "layer seccomp", false },
    { "no right to mount", LAYER_ROOT, SYS_mount, EPERM, 0, "layer root", false },
    { "user namespaces switched off", LAYER_USER_NS, SYS_clone, EPERM, CLONE_NEWUSER,
        "layer user_ns", false },
    { "user.max_user_namespaces is 0", LAYER_USER_NS, SYS_clone, ENOSPC, CLONE_NEWUSER,
        "layer user_ns", false },
    { "a kernel without network namespaces", LAYER_NET_NS, SYS_clone, EINVAL, CLONE_NEWNET,
        "layer user_ns: new namespaces", false },
};

static int run_true(struct sandbox_result *result, uint32_t waived, struct err *err)
{
    const char *argv[] = { "/bin/true", NULL };
    const struct sandbox_run run = { .profile = SANDBOX_TOOL, .argv = argv, .waived = waived };
    return sandbox_run(&run, result, err);
}

/* In a child, whose exit status says at which step it went wrong. */
static int try_row(const struct row *row)
{
    struct sandbox_result result;
    struct err err = { 0 };
    if (row->bits)
        without_bits(row->call, row->bits, row->error);
    else
        without_answer(row->call, row->error);
    if (run_true(&result, 0, &err) != -ERR_LACKS)
        return 1;
    if (!strstr(err.text, row->says) || !err.hint[0] || err_exit(err.code) != 4)
        return fprintf(stderr, "%s (%s)\n", err.text, err.hint), 2;
    const struct str name = str_of(sandbox_layer_words[row->layer]);
    uint32_t bits;
    int rc = run_true(&result, LAYER_BIT(row->layer), &err);
    if (!row->can_be_waived)
        return rc == -ERR_LACKS && sandbox_waive(&name, 1, &bits, &err) == -ERR_INPUT ? 0 : 3;
    if (rc < 0 || result.exit_code != 0)
        return fprintf(stderr, "%s\n", err.text), 4;
    if (result.layers & LAYER_BIT(row->layer))
        return 5;
    if (sandbox_waive(&name, 1, &bits, &err) < 0 || bits != LAYER_BIT(row->layer))
        return 6;
    return run_true(&result, 0, &err) < 0 ? 7 : 0; /* nobody told that run */
}

static void what_lacks_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(try_row(&rows[i]));
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("%s: step %d", rows[i].name, WEXITSTATUS(status));
    }
}

/* In a child. */
static int try_limits(rlim_t soft, rlim_t hard, int want)
{
    const struct rlimit limit = { soft, hard };
    struct sandbox_result result;
    struct err err = { 0 };
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1;
    int rc = run_true(&result, 0, &err);
    if (rc != want)
        return fprintf(stderr, "%d: %s\n", rc, err.text), 2;
    return rc == 0 || (strstr(err.text, "hard limit is 600") && err.hint[0]) ? 0 : 3;
}

/* What the sandbox itself needs is no matter of the limit that its caller works with, and said
 * where the machine will not have it. */
static void few_descriptors_are_enough_or_it_is_said(void **state)
{
    (void)state;
    static const struct {
        rlim_t soft, hard;
        int want;
    } limits[] = { { 64, 2048, 0 }, { 600, 1005, 0 }, { 600, 600, -ERR_LACKS } };
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(try_limits(limits[i].soft, limits[i].hard, limits[i].want));
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("row %zu: step %d", i, WEXITSTATUS(status));
    }
}

enum { USER = 31337, ON_THEIR_WAY = 300 };

/* In a child. What another program of this user leaves in sockets is no matter of a run's own limit
 * of descriptors, which is lower for this profile. */
static int try_with_others_on_their_way(void)
{
    const char *argv[] = { "/bin/true", NULL };
    const struct sandbox_run run = { .profile = SANDBOX_COMPILE, .argv = argv };
    struct sandbox_result result;
    struct err err = { 0 };
    int pairs[2][2]; /* one would be full */
    if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(USER) < 0 || setuid(USER) < 0 ||
                              prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0))
        return 1;
    for (int i = 0; i < 2; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) < 0)
            return 2;
    for (int i = 0; i < ON_THEIR_WAY; i++)
        if (fd_send(pairs[i % 2][0], pairs[0][0], &err) < 0)
            return fprintf(stderr, "%s\n", err.text), 3;
    if (sandbox_run(&run, &result, &err) < 0)
        return fprintf(stderr, "%s (%s)\n", err.text, err.hint), 4;
    return result.exit_code == 0 ? 0 : 5;
}

static void descriptors_on_their_way_keep_no_run_from_starting(void **state)
{
    int status = 0;
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(try_with_others_on_their_way());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* In a child. Its sockets count by what they could keep then: no run is refused for that. */
static int try_without_table(void)
{
    struct sandbox_result result;
    struct err err = { 0 };
    without_bits(SYS_socket, AF_NETLINK, EPERM);
    if (run_true(&result, 0, &err) < 0)
        return fprintf(stderr, "%s\n", err.text), 1;
    return result.exit_code == 0 && result.tier == SANDBOX_STRONG ? 0 : 2;
}

static void a_table_of_sockets_is_not_required(void **state)
{
    int status = 0;
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(try_without_table());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_whole_machine_says_what_is_in_force(void **state)
{
    (void)state;
    struct sandbox_result result;
    struct err err = { 0 };
    assert_int_equal(run_true(&result, 0, &err), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_true(result.layers & LAYER_BIT(rows[i].layer));
    assert_true(result.layers & LAYER_BIT(LAYER_NO_NEW_PRIVS));
    sandbox_result_done(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lacks_is_named),
        cmocka_unit_test(few_descriptors_are_enough_or_it_is_said),
        cmocka_unit_test(descriptors_on_their_way_keep_no_run_from_starting),
        cmocka_unit_test(a_table_of_sockets_is_not_required),
        cmocka_unit_test(a_whole_machine_says_what_is_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
