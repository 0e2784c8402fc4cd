/* A machine that lacks a layer: without it the run is refused, by the layer's name; with it waived
 * the run goes on, and says what was in force. */
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct row {
    enum sandbox_layer layer;
    long call; /* that the kernel has not; 0: new namespaces */
    const char *says;
    bool can_be_waived;
} rows[] = {
    { LAYER_LANDLOCK, SYS_landlock_create_ruleset, "layer landlock", true },
    { LAYER_CAPS, SYS_capset, "layer caps", true },
    { LAYER_RLIMITS, SYS_prlimit64, "layer rlimits", true },
    { LAYER_SECCOMP, SYS_seccomp, "layer seccomp", false },
    { LAYER_ROOT, SYS_mount, "layer root", false },
    { LAYER_USER_NS, 0, "layer user_ns", false },
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
    if (row->call)
        without_call(row->call);
    else
        without_namespaces();
    if (run_true(&result, 0, &err) != -ERR_LACKS)
        return 1;
    if (!strstr(err.text, row->says) || !err.hint[0] || err_exit(err.code) != 4)
        return fprintf(stderr, "%s (%s)\n", err.text, err.hint), 2;
    int rc = run_true(&result, LAYER_BIT(row->layer), &err);
    if (!row->can_be_waived)
        return rc == -ERR_LACKS ? 0 : 3;
    if (rc < 0 || result.exit_code != 0)
        return fprintf(stderr, "%s\n", err.text), 4;
    return result.layers & LAYER_BIT(row->layer) ? 5 : 0;
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
            fail_msg(
                "without %s: step %d", sandbox_layer_words[rows[i].layer], WEXITSTATUS(status));
    }
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
        cmocka_unit_test(a_whole_machine_says_what_is_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
