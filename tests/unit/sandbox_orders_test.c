/* What a run leaves in a workspace for the next git of the host: no hook, no other configuration,
 * no way to another folder. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/orders.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char work[] = "/var/tmp/moult-orders-test.XXXXXX";

static char *at(const char *name)
{
    return mem_format("%s/%s", work, name);
}

static void make(const char *name, const char *text)
{
    CLEANUP(mem_freep) char *path = at(name);
    assert_int_equal(file_write(path, str_of(text), 0666, NULL), 0);
    assert_int_equal(chmod(path, 0666), 0);
}

static bool is_there(const char *name)
{
    CLEANUP(mem_freep) char *path = at(name);
    return access(path, F_OK) == 0;
}

static void run(struct sandbox_result *result, const char *script)
{
    const char *argv[] = { "/usr/bin/sh", "-c", script, NULL };
    const struct sandbox_mount mount = { work, work, true, true };
    const struct sandbox_run wish = {
        .profile = SANDBOX_TOOL, .argv = argv, .cwd = work, .mounts = &mount, .mounts_count = 1
    };
    struct err err = { 0 };
    if (sandbox_run(&wish, result, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
}

static int fresh(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *git = at(".git");
    chmod(work, 0700);
    chmod(git, 0700);
    file_remove_tree(work, NULL);
    return file_mkdirs(git, 0755, NULL);
}

static bool was_denied(const struct sandbox_result *result, const char *path)
{
    for (unsigned i = 0; i < result->denied_count; i++)
        if (result->denied[i].is_path && strcmp(result->denied[i].what, path) == 0)
            return true;
    return false;
}

/* Each with what its content must still be where it was moved to. */
static const struct made {
    const char *path, *script, *aside;
} mades[] = {
    { ".git/commondir", "echo ../evil >.git/commondir", ".git/commondir" ORDERS_ASIDE },
    { ".git/config", "echo ../evil >.git/config", ".git/config" ORDERS_ASIDE },
    { ".git/config.worktree", "echo ../evil >.git/config.worktree",
        ".git/config.worktree" ORDERS_ASIDE },
    { ".envrc", "echo ../evil >.envrc", ".envrc" ORDERS_ASIDE },
    { ".envrc", "echo ../evil >x; ln -s x .envrc", ".envrc" ORDERS_ASIDE },
    { ".envrc", "mkdir .envrc" ORDERS_ASIDE "; echo ../evil >.envrc", ".envrc" ORDERS_ASIDE "-2" },
    { ".vscode", "mkdir v; echo ../evil >v/tasks.json; mv v .vscode",
        ".vscode" ORDERS_ASIDE "/tasks.json" },
    { ".claude", "mkdir .c; echo ../evil >.c/settings.json; mv .c .claude",
        ".claude" ORDERS_ASIDE "/settings.json" },
    { ".mcp.json", "echo ../evil >x; chmod 0 x; mv x .mcp.json; chmod 0500 .",
        ".mcp.json" ORDERS_ASIDE },
    { ".git/commondir", "echo ../evil >.git/commondir; chmod 0 .git .",
        ".git/commondir" ORDERS_ASIDE },
};

static void what_came_is_moved_aside(void **state)
{
    for (size_t i = 0; i < COUNT_OF(mades); i++) {
        struct sandbox_result result;
        CLEANUP(mem_freep) char *aside = at(mades[i].aside);
        CLEANUP(buf_done) struct buf text = { 0 };
        fresh(state);
        run(&result, mades[i].script);
        if (result.exit_code != 0 || !was_denied(&result, mades[i].path) || is_there(mades[i].path))
            fail_msg("%s: %s", mades[i].script, result.err.at ? result.err.at : "");
        chmod(aside, 0600);
        if (file_read(aside, &text, 64, NULL) < 0 || !str_equal(buf_view(&text), STR("../evil\n")))
            fail_msg("%s: not in %s", mades[i].script, aside);
        sandbox_result_done(&result);
    }
}

/* A run that takes every name that can be foreseen. */
static void there_is_always_a_name(void **state)
{
    (void)state;
    struct sandbox_result result;
    run(&result, "mkdir .envrc" ORDERS_ASIDE "; for i in 2 3 4 5 6 7 8 9 10 11; do "
                 "mkdir .envrc" ORDERS_ASIDE "-$i; done; echo x >.envrc");
    assert_int_equal(result.exit_code, 0);
    assert_true(was_denied(&result, ".envrc"));
    assert_false(is_there(".envrc"));
    sandbox_result_done(&result);
}

/* Without a repository there is none whose orders they are; the run may make one. */
static void a_repository_of_its_own_is_left(void **state)
{
    (void)state;
    struct sandbox_result result;
    CLEANUP(mem_freep) char *git = at(".git");
    assert_int_equal(rmdir(git), 0);
    run(&result, "git init -q . && git config user.name x && echo x >a && git add a");
    if (result.exit_code != 0 || !is_there(".git/config"))
        fail_msg("%s", result.err.at);
    sandbox_result_done(&result);
}

/* What git on the host makes meanwhile: it changes config first, which the run cannot. */
static void what_the_host_makes_stays(void **state)
{
    (void)state;
    int ends[2];
    struct sandbox *sandbox;
    struct sandbox_result result;
    struct err err = { 0 };
    const char *argv[] = { "/usr/bin/sh", "-c", "read -r line <&3", NULL };
    const struct sandbox_mount mount = { work, work, true, true };
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const struct sandbox_run wish = { .profile = SANDBOX_TOOL,
        .argv = argv,
        .cwd = work,
        .mounts = &mount,
        .mounts_count = 1,
        .fds = &ends[0],
        .fds_count = 1 };
    make(".git/config", "[core]\n");
    assert_int_equal(sandbox_start(&sandbox, &wish, &err), 0);
    make(".git/config", "[extensions]\n\tworktreeConfig = true\n");
    make(".git/config.worktree", "[core]\n\tsparseCheckout = true\n");
    assert_int_equal(write(ends[1], "go\n", 3), 3);
    assert_int_equal(sandbox_wait(sandbox, &result, &err), 0);
    assert_int_equal(result.exit_code, 0);
    assert_int_equal(result.denied_count, 0);
    assert_true(is_there(".git/config.worktree"));
    sandbox_result_done(&result);
    close(ends[0]);
    close(ends[1]);
}

/* With a file that git on the host replaces goes the mount that guarded it. The run writes until it
 * cannot. */
static void what_the_host_replaces_is_guarded_again(void **state)
{
    (void)state;
    enum { PATIENCE_MS = 20000 };
    static const char *const names[] = { ".git/config", "mise.toml" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        int ends[2];
        struct sandbox *sandbox;
        struct sandbox_result result;
        struct err err = { 0 };
        CLEANUP(mem_freep)
        char *script = mem_format("! echo x 2>/dev/null >>%s && read -r line <&3 && "
                                  "while ! grep -q host %s; do :; done; "
                                  "while echo '#' 2>/dev/null >>%s; do :; done",
            names[i], names[i], names[i]);
        const char *argv[] = { "/usr/bin/sh", "-c", script, NULL };
        const struct sandbox_mount mount = { work, work, true };
        fresh(state);
        make(names[i], "#\n");
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        const struct sandbox_run wish = { .profile = SANDBOX_TOOL,
            .argv = argv,
            .cwd = work,
            .mounts = &mount,
            .mounts_count = 1,
            .limits = { .wall_ms = PATIENCE_MS },
            .fds = &ends[0],
            .fds_count = 1 };
        assert_int_equal(sandbox_start(&sandbox, &wish, &err), 0);
        make(names[i], "#host\n");
        assert_int_equal(write(ends[1], "go\n", 3), 3);
        assert_int_equal(sandbox_wait(sandbox, &result, &err), 0);
        if (result.exit_code != 0 || result.limit != LIMIT_NONE || !is_there(names[i]))
            fail_msg("%s: %d, %s", names[i], result.exit_code, result.err.at);
        sandbox_result_done(&result);
        close(ends[0]);
        close(ends[1]);
    }
}

/* Also while the run goes on. */
static void it_is_gone_at_once(void **state)
{
    (void)state;
    struct sandbox_result result;
    run(&result, "echo x > .envrc; while [ -e .envrc ]; do :; done");
    assert_int_equal(result.exit_code, 0);
    assert_int_equal(result.limit, LIMIT_NONE);
    sandbox_result_done(&result);
}

static void what_was_there_stays_and_is_not_written(void **state)
{
    static const char *const names[] = { ".git/commondir", ".git/config", ".envrc", "mise.toml",
        ".mcp.json", ".exrc" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct sandbox_result result;
        CLEANUP(mem_freep)
        char *script = mem_format("! echo ../evil > %s && ! rm -f %s && "
                                  "! mv %s x",
            names[i], names[i], names[i]);
        fresh(state);
        make(names[i], ".\n");
        run(&result, script);
        if (result.exit_code != 0 || was_denied(&result, names[i]) || !is_there(names[i]))
            fail_msg("%s was changed", names[i]);
        sandbox_result_done(&result);
    }
}

/* Of the names that are obeyed each one is in force: there it is read-only, or it is moved. */
static void every_name_is_looked_at(void **state)
{
    for (const struct obeyed *name = obeyed_names; name->path; name++) {
        struct sandbox_result result;
        CLEANUP(mem_freep) char *path = at(name->path);
        CLEANUP(mem_freep) char *script = mem_format("! touch %s/x", name->path);
        if (name->how == ORDER_HELD || strncmp(name->path, ".git/config", 11) == 0)
            continue; /* a configuration that is a folder is refused */
        fresh(state);
        assert_int_equal(mkdir(path, 0777) + chmod(path, 0777), 0);
        run(&result, script);
        if (result.exit_code != 0)
            fail_msg("%s is written", name->path);
        sandbox_result_done(&result);
    }
}

/* A linked worktree stands elsewhere on the host; git there obeys what is here. */
static void what_a_linked_worktree_obeys_is_not_written(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "echo ../evil > .git/worktrees/w/commondir",
        "echo x > .git/worktrees/w/config.worktree",
        "rm .git/worktrees/w/commondir",
        "mv .git/worktrees/w .git/worktrees/other",
        "mv .git/worktrees .git/other",
    };
    CLEANUP(mem_freep) char *tree = at(".git/worktrees/w");
    CLEANUP(mem_freep) char *trees = at(".git/worktrees");
    assert_int_equal(file_mkdirs(tree, 0777, NULL), 0);
    assert_int_equal(chmod(tree, 0777) + chmod(trees, 0777), 0);
    make(".git/worktrees/w/commondir", "../..\n");
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        struct sandbox_result result;
        run(&result, scripts[i]);
        if (result.exit_code == 0)
            fail_msg("%s", scripts[i]);
        sandbox_result_done(&result);
    }
    assert_true(is_there(".git/worktrees/w/commondir"));
    assert_false(is_there(".git/worktrees/w/config.worktree"));
}

static void hooks_are_not_made(void **state)
{
    (void)state;
    struct sandbox_result result;
    run(&result, "mkdir -p .git/hooks; echo x > .git/hooks/pre-commit");
    assert_int_not_equal(result.exit_code, 0);
    assert_false(is_there(".git/hooks/pre-commit"));
    sandbox_result_done(&result);
}

static void a_git_that_is_a_file_is_not_written(void **state)
{
    (void)state;
    struct sandbox_result result;
    CLEANUP(mem_freep) char *git = at(".git");
    assert_int_equal(rmdir(git), 0);
    make(".git", "gitdir: /elsewhere\n");
    run(&result, "echo 'gitdir: evil' > .git");
    assert_int_not_equal(result.exit_code, 0);
    sandbox_result_done(&result);
    run(&result, "mv .git other");
    assert_int_not_equal(result.exit_code, 0);
    sandbox_result_done(&result);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(work) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(work, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_is_moved_aside),
        cmocka_unit_test_setup(there_is_always_a_name, fresh),
        cmocka_unit_test_setup(a_repository_of_its_own_is_left, fresh),
        cmocka_unit_test_setup(what_the_host_makes_stays, fresh),
        cmocka_unit_test(what_the_host_replaces_is_guarded_again),
        cmocka_unit_test_setup(it_is_gone_at_once, fresh),
        cmocka_unit_test(what_was_there_stays_and_is_not_written),
        cmocka_unit_test(every_name_is_looked_at),
        cmocka_unit_test_setup(what_a_linked_worktree_obeys_is_not_written, fresh),
        cmocka_unit_test_setup(hooks_are_not_made, fresh),
        cmocka_unit_test_setup(a_git_that_is_a_file_is_not_written, fresh),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
