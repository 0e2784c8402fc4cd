/* The check of the layers shows what is there, and what is not where the machine has it not; the
 * explanation names what the tables hold. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const uint32_t namespaces = LAYER_BIT(LAYER_USER_NS) | LAYER_BIT(LAYER_MOUNT_NS) |
                                   LAYER_BIT(LAYER_PID_NS) | LAYER_BIT(LAYER_NET_NS) |
                                   LAYER_BIT(LAYER_IPC_NS) | LAYER_BIT(LAYER_UTS_NS) |
                                   LAYER_BIT(LAYER_ROOT);

static void this_machine_has_what_is_required(void **state)
{
    (void)state;
    struct sandbox_check check;
    struct err err = { 0 };
    assert_int_equal(sandbox_check(&check, &err), 0);
    assert_int_equal(check.tier, SANDBOX_STRONG);
    for (int layer = 0; layer < LAYERS; layer++) {
        bool required = check.layer[layer].need[SANDBOX_TOOL] == NEED_REQUIRED;
        if (required && !check.layer[layer].effective)
            fail_msg("%s: %s", sandbox_layer_words[layer], check.layer[layer].detail);
        if (layer == LAYER_OWN_UID && !check.layer[layer].effective)
            fail_msg("own uid: %s", check.layer[layer].detail);
        assert_true(check.layer[layer].present || !check.layer[layer].effective);
        assert_true(check.layer[layer].detail[0]);
    }
}

static void every_word_is_there(void **state)
{
    (void)state;
    for (int layer = 0; layer < LAYERS; layer++)
        assert_int_equal(sandbox_layer_of(str_of(sandbox_layer_words[layer])), layer);
    assert_int_equal(sandbox_layer_of(STR("landlok")), -1);
    assert_int_equal(sandbox_layer_of(STR("")), -1);
    for (int i = 0; i <= LIMIT_PROCESSES; i++)
        assert_non_null(sandbox_limit_words[i]);
}

static const struct row {
    enum sandbox_profile profile;
    const char *says[6];
} rows[] = {
    { SANDBOX_COMPILE, { "/usr/bin/", "landlock", "memory     1024 MiB", "execve", "EPERM" } },
    { SANDBOX_WORKER,
        { "none: the program locks itself", "mmap (not executable)", "ends the process" } },
    { SANDBOX_TOOL, { "/proc", ".git/hooks", "socketpair (AF_UNIX, no datagrams)", "cgroup" } },
    { SANDBOX_PROPOSE, { "/program", "/scratch", "landlock" } },
};

static void the_policy_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        sandbox_explain(rows[i].profile, &out);
        for (size_t j = 0; j < COUNT_OF(rows[i].says) && rows[i].says[j]; j++)
            if (!strstr(out.at, rows[i].says[j]))
                fail_msg("%s: no \"%s\" in:\n%s", sandbox_profile_words[rows[i].profile],
                    rows[i].says[j], out.at);
    }
}

/* The reference page names every layer, limit and guard that there is. */
static void the_page_names_everything(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf page = { 0 };
    assert_int_equal(
        file_read(MOULT_SOURCE_DIR "/docs/reference/sandbox.md", &page, 1 << 20, NULL), 0);
    for (int i = 0; i < LAYERS + LIMIT_PROCESSES; i++) {
        const char *word =
            i < LAYERS ? sandbox_layer_words[i] : sandbox_limit_words[i - LAYERS + 1];
        CLEANUP(mem_freep) char *quoted = mem_format("`%s`", word);
        if (!strstr(page.at, quoted))
            fail_msg("the page does not name %s", word);
    }
}

/* Each layer taken away, and those that a kernel may only claim to have: its row says so. */
static const struct taken {
    enum sandbox_layer layer;
    long call;
    unsigned bits;  /* of the first argument, with which the call fails; 0: it always does */
    unsigned error; /* 0: it does nothing, and says that it has worked */
    bool present;
} takens[] = {
    { LAYER_USER_NS, SYS_clone, CLONE_NEWUSER, EPERM, false },
    { LAYER_MOUNT_NS, SYS_clone, CLONE_NEWNS, EPERM, false },
    { LAYER_PID_NS, SYS_clone, CLONE_NEWPID, EPERM, false },
    { LAYER_NET_NS, SYS_clone, CLONE_NEWNET, EPERM, false },
    { LAYER_IPC_NS, SYS_clone, CLONE_NEWIPC, EPERM, false },
    { LAYER_UTS_NS, SYS_clone, CLONE_NEWUTS, EPERM, false },
    { LAYER_MOUNT_NS, SYS_mount, 0, EPERM, false },
    { LAYER_MOUNT_NS, SYS_mount, 0, 0, true },
    { LAYER_UTS_NS, SYS_sethostname, 0, EPERM, false },
    { LAYER_ROOT, SYS_mount, 0, EPERM, false },
    { LAYER_ROOT, SYS_pivot_root, 0, EPERM, false },
    { LAYER_LANDLOCK, SYS_landlock_create_ruleset, 0, ENOSYS, false },
    { LAYER_LANDLOCK, SYS_landlock_create_ruleset, 0, EOPNOTSUPP, false },
    { LAYER_LANDLOCK, SYS_landlock_restrict_self, 0, 0, true },
    { LAYER_SECCOMP, SYS_seccomp, 0, ENOSYS, false },
    { LAYER_SECCOMP, SYS_seccomp, 0, EBUSY, false }, /* another filter with notifications */
    { LAYER_SECCOMP, SYS_seccomp, 0, 0, true },
    { LAYER_NO_NEW_PRIVS, SYS_prctl, 0, EINVAL, false },
    { LAYER_CAPS, SYS_capset, 0, EPERM, false },
    { LAYER_CAPS, SYS_capset, 0, 0, true },
    { LAYER_RLIMITS, SYS_prlimit64, 0, ENOSYS, false },
    { LAYER_RLIMITS, SYS_prlimit64, 0, 0, true },
    { LAYER_CGROUP, SYS_mkdir, 0, EROFS, false },
    { LAYER_OWN_UID, SYS_setresuid, 0, EPERM, false },
    { LAYER_OWN_UID, SYS_setresuid, 0, 0, true },
};

/* What must not be reached cannot be reached anyway: that nothing got through shows nothing. */
static const struct bare {
    enum sandbox_layer layer;
    long call;
} bares[] = {
    { LAYER_PID_NS, SYS_kill },
    { LAYER_NET_NS, SYS_connect },
    { LAYER_NET_NS, SYS_socket },
    { LAYER_IPC_NS, SYS_shmget },
};

static int try_bare(const struct bare *bare)
{
    struct sandbox_check check;
    struct err err = { 0 };
    without_answer(bare->call, ENOSYS);
    if (sandbox_check(&check, &err) < 0)
        return 1;
    if (check.layer[bare->layer].effective)
        return 2;
    return strstr(check.layer[bare->layer].detail, "cannot be shown: ") ? 0 : 3;
}

static void what_nothing_shows_is_not_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bares); i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            _exit(try_bare(&bares[i]));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("row %zu, %s: step %d", i, sandbox_layer_words[bares[i].layer],
                WEXITSTATUS(status));
    }
}

/* In a child, whose exit status says at which step it went wrong. */
static int try_taken(const struct taken *taken)
{
    struct sandbox_check check;
    struct err err = { 0 };
    if (taken->bits)
        without_bits(taken->call, taken->bits, taken->error);
    else
        without_answer(taken->call, taken->error);
    if (sandbox_check(&check, &err) < 0)
        return 1;
    bool required = check.layer[taken->layer].need[SANDBOX_TOOL] == NEED_REQUIRED;
    const char *detail = check.layer[taken->layer].detail;
    if (check.layer[taken->layer].effective)
        return 2;
    if (check.layer[taken->layer].present != taken->present)
        return fprintf(stderr, "%s\n", detail), 3;
    if (!strstr(detail, taken->present ? "does not hold: " : "not to be had: "))
        return fprintf(stderr, "%s\n", detail), 4;
    return required && check.tier != SANDBOX_CONTAINER ? 5 : 0;
}

static void what_is_taken_away_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(takens); i++) {
        const struct taken *taken = &takens[i];
        if (geteuid() != 0 && taken->layer == LAYER_OWN_UID)
            continue; /* a user's own uid is no root's, whatever the kernel says */
        pid_t pid = fork();
        if (pid == 0)
            _exit(try_taken(taken));
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg(
                "row %zu, %s: step %d", i, sandbox_layer_words[taken->layer], WEXITSTATUS(status));
    }
}

/* Last: this process cannot make namespaces after it. */
static void what_lacks_is_shown(void **state)
{
    (void)state;
    struct sandbox_check check;
    struct err err = { 0 };
    without_namespaces();
    assert_int_equal(sandbox_check(&check, &err), 0);
    assert_int_equal(check.tier, SANDBOX_CONTAINER);
    for (int layer = 0; layer < LAYERS; layer++) {
        bool gone = namespaces & LAYER_BIT(layer);
        if (gone && (check.layer[layer].present || check.layer[layer].effective))
            fail_msg("%s: %s", sandbox_layer_words[layer], check.layer[layer].detail);
    }
    assert_true(check.layer[LAYER_LANDLOCK].effective);
    assert_true(check.layer[LAYER_SECCOMP].effective);
    assert_true(check.layer[LAYER_RLIMITS].effective);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine_has_what_is_required),
        cmocka_unit_test(every_word_is_there),
        cmocka_unit_test(the_policy_is_told),
        cmocka_unit_test(the_page_names_everything),
        cmocka_unit_test(what_is_taken_away_is_seen),
        cmocka_unit_test(what_nothing_shows_is_not_there),
        cmocka_unit_test(what_lacks_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
