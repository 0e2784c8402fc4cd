/* What git's configuration names in a workspace: which files and folders a run may then not write,
 * and what of a hostile configuration is refused. */
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/gitconfig.h"
#include "sandbox/orders.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char work[] = "/var/tmp/moult-gitorders-test.XXXXXX";

static const struct syntax {
    const char *text, *want; /* "section.name=value" each, with "|" behind it */
} syntaxes[] = {
    { "[core]\n\thooksPath = a b \n", "core.hookspath=a b|" },
    { "[Core] HooksPath=x # y\n", "core.hookspath=x|" },
    { "[core]\r\nhooksPath = x\r\n", "core.hookspath=x|" },
    { "\xef\xbb\xbf[core]\nhooksPath = x", "core.hookspath=x|" },
    { "[diff \"a\\\"]b\"]\n\tcommand = c", "diff.command=c|" },
    { "[diff.a]\ncommand = c", "diff.command=c|" },
    { "[core]\nhooksPath = \"a # b \" ; c\n", "core.hookspath=a # b |" },
    { "[core]\nhooksPath = a\\\nb\\tc\\\"\n", "core.hookspath=ab\tc\"|" },
    { "[core]\nhooksPath\nbare", "core.hookspath=|core.bare=|" },
    { "; hooksPath = x\n#[x\n[core]\n", "" },
    { "[core\nhooksPath = x\n", "core.hookspath=x|" },
    { "?? = x\n[core]\n=\nhooksPath = x\n", ".x=|core.hookspath=x|" },
    { "[core]\nhooksPath = \"never ends\nbare = x", "core.hookspath=never ends|core.bare=x|" },
};

static void the_syntax_is_gits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(syntaxes); i++) {
        CLEANUP(buf_done) struct buf seen = { 0 };
        struct gitconfig config = { .text = str_of(syntaxes[i].text) };
        struct gitconfig_value value;
        buf_text(&seen, "");
        while (gitconfig_next(&config, &value))
            buf_format(&seen, "%s.%s=%s|", value.section, value.name, value.value);
        if (strcmp(seen.at ? seen.at : "", syntaxes[i].want) != 0)
            fail_msg("%s: %s", syntaxes[i].text, seen.at);
    }
}

static char *at(const char *name)
{
    return mem_format("%s/%s", work, name);
}

static void make(const char *name, const char *text)
{
    CLEANUP(mem_freep) char *path = at(name);
    if (file_write(path, str_of(text), 0755, NULL) < 0)
        fail_msg("%s", path);
}

static void fresh(void)
{
    static const char *const folders[] = { ".git/objects", "hooks", "tools/deep" };
    static const char *const files[] = { "hooks/pre-commit", "tools/deep/x.sh", "run.py" };
    file_remove_tree(work, NULL);
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        CLEANUP(mem_freep) char *path = at(folders[i]);
        assert_int_equal(file_mkdirs(path, 0755, NULL), 0);
    }
    for (size_t i = 0; i < COUNT_OF(files); i++)
        make(files[i], "#!/bin/sh\n");
}

static int find(struct orders *orders, const char *from, struct err *err)
{
    const struct sandbox_mount mount = { from, from, true };
    const struct sandbox_run run = { .profile = SANDBOX_TOOL, .mounts = &mount, .mounts_count = 1 };
    struct grant grant = { .count = 0 };
    int rc = grant_check(&grant, &run, err);
    if (rc == 0)
        rc = orders_find(orders, &run, &grant, err);
    grant_done(&grant);
    return rc;
}

/* Those beside the names that are always looked at: "path" held, "=path" read-only, "?path" moved
 * aside if it comes. */
static char *beside_the_names(const struct orders *orders)
{
    struct buf seen = { 0 };
    buf_text(&seen, "");
    for (unsigned i = 0; i < orders->count; i++) {
        const struct order *order = &orders->at[i];
        const struct obeyed *name = obeyed_names;
        while (name->path && strcmp(name->path, order->path) != 0)
            name++;
        if (!name->path)
            buf_format(&seen, "%s%s%s", seen.size > 0 ? " " : "",
                !order->there              ? "?"
                : order->how == ORDER_HELD ? ""
                                           : "=",
                order->path);
    }
    return buf_steal(&seen);
}

static const struct row {
    const char *name, *config, *want; /* %s in the configuration: the workspace */
} rows[] = {
    { "a folder of hooks", "[core]\nhooksPath = hooks", "=hooks" },
    { "by its whole path", "[core]\nhooksPath = %s/hooks", "=hooks" },
    { "by a path that climbs", "[core]\nhooksPath = tools/../../%s/./hooks", "" },
    { "by dots", "[core]\nhooksPath = tools/../hooks/", "=hooks" },
    { "one that is not there", "[core]\nhooksPath = .hooks/_", "?.hooks" },
    { "one below a folder", "[core]\nhooksPath = tools/deep", "tools =tools/deep" },
    { "one that lacks, below a folder", "[core]\nhooksPath = tools/git/hooks", "tools ?tools/git" },
    { "the usual one", "[core]\nhooksPath = %s/.git/hooks", "" },
    { "none", "[core]\nhooksPath = /dev/null", "" },
    { "elsewhere", "[core]\nhooksPath = ../hooks", "" },
    { "empty", "[core]\nhooksPath =", "" },
    { "a file of configuration, from where it is named", "[include]\npath = ../run.py", "=run.py" },
    { "one on a condition", "[includeIf \"onbranch:x\"]\npath = ../run.py", "=run.py" },
    { "one that lacks", "[include]\npath = ../other.inc", "?other.inc" },
    { "a monitor", "[core]\nfsmonitor = tools/deep/x.sh", "tools tools/deep =tools/deep/x.sh" },
    { "a monitor that git has", "[core]\nfsmonitor = true", "" },
    { "a program's script", "[diff \"x\"]\ncommand = python3 run.py --to hooks", "=run.py" },
    { "one behind a variable", "[core]\nsshCommand = $(git rev-parse --show-toplevel)/run.py -v",
        "=run.py" },
    { "a shell's", "[filter \"f\"]\nclean = sh -c 'cat | \"./run.py\"'", "=run.py" },
    { "one that lacks", "[filter \"f\"]\nsmudge = ./gone.sh %%f", "?gone.sh" },
    { "a helper", "[credential]\nhelper = !./run.py", "=run.py" },
    { "any pager", "[pager]\nlog = ./run.py", "=run.py" },
    { "words that are no files", "[filter \"f\"]\nprocess = git-lfs hooks tools %%f", "" },
    { "what a person calls by name", "[alias]\nx = !./run.py", "" },
    { "data", "[commit]\ntemplate = run.py", "" },
    { "behind an error", "[core]\n???\nhooksPath = hooks", "=hooks" },
};

static void what_is_named_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct orders orders = { 0 };
        struct err err = { 0 };
        CLEANUP(mem_freep) char *config = mem_format(rows[i].config, work);
        fresh();
        make(".git/config", config);
        if (find(&orders, work, &err) < 0)
            fail_msg("%s: %s", rows[i].name, err.text);
        CLEANUP(mem_freep) char *seen = beside_the_names(&orders);
        if (strcmp(seen ? seen : "", rows[i].want) != 0)
            fail_msg("%s: \"%s\"", rows[i].name, seen);
        orders_done(&orders);
    }
}

/* Files that name each other, and what they name. */
static void includes_are_followed(void **state)
{
    (void)state;
    struct orders orders = { 0 };
    struct err err = { 0 };
    fresh();
    make(".git/config", "[include]\npath = ../a.inc\npath = config\n");
    make("a.inc", "[include]\npath = b.inc\npath = .git/config\n");
    make("b.inc", "[include]\npath = a.inc\n[core]\nhooksPath = hooks\n");
    assert_int_equal(find(&orders, work, &err), 0);
    CLEANUP(mem_freep) char *seen = beside_the_names(&orders);
    assert_string_equal(seen, "=a.inc =b.inc =hooks");
    orders_done(&orders);
}

static void expect(const char *from, const char *want)
{
    struct orders orders = { 0 };
    struct err err = { 0 };
    if (find(&orders, from, &err) < 0)
        fail_msg("%s: %s", from, err.text);
    CLEANUP(mem_freep) char *seen = beside_the_names(&orders);
    if (strcmp(seen ? seen : "", want) != 0)
        fail_msg("%s: \"%s\"", from, seen);
    orders_done(&orders);
}

/* The configuration may stand elsewhere: of a folder below, of a linked work tree, of one tree. */
static void it_is_found_where_git_finds_it(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *tools = at("tools"), *linked = at("linked");
    CLEANUP(mem_freep) char *tree = at(".git/worktrees/linked"), *hooks = at("linked/hooks");
    CLEANUP(mem_freep) char *to_tree = mem_format("gitdir: %s\n", tree);
    fresh();
    make(".git/config", "[core]\nhooksPath = tools/deep\n");
    expect(tools, "=deep");
    assert_int_equal(file_mkdirs(tree, 0755, NULL) + file_mkdirs(hooks, 0755, NULL), 0);
    make("linked/.git", to_tree);
    make(".git/worktrees/linked/commondir", "../..\n");
    make(".git/worktrees/linked/config.worktree", "[core]\nfsmonitor = ./run.py\n");
    make(".git/config", "[core]\nhooksPath = hooks\n");
    expect(linked, "=hooks ?run.py");
    expect(work, "=hooks =run.py");
}

static void refuse(const char *name, int want)
{
    struct orders orders = { 0 };
    struct err err = { 0 };
    int rc = find(&orders, work, &err);
    if (rc != want || !err.text[0])
        fail_msg("%s: %d, %s", name, rc, err.text);
    orders_done(&orders);
}

static void what_has_no_end_is_refused(void **state)
{
    (void)state;
    enum { MANY = 6 << 20, NAMES = 4000, FILES = 100 };
    CLEANUP(buf_done) struct buf text = { 0 };
    fresh();
    make(".git/config", "[core]\nhooksPath = .\n");
    refuse("the workspace itself", -ERR_DENIED);
    make(".git/config", "[include]\npath = /dev/zero\n");
    refuse("a device", -ERR_DENIED);
    CLEANUP(mem_freep) char *pipe = at("pipe");
    assert_int_equal(mkfifo(pipe, 0666), 0);
    make(".git/config", "[include]\npath = ../pipe\n");
    refuse("a pipe", -ERR_DENIED);
    buf_text(&text, "[core]\nhooksPath = ");
    for (int i = 0; i < 10000; i++)
        buf_char(&text, 'x');
    make(".git/config", text.at);
    refuse("a long value", -ERR_LIMIT);
    buf_clear(&text);
    buf_text(&text, "[include]\n");
    for (int i = 0; i < NAMES; i++)
        buf_format(&text, "path = ../%d\n", i);
    make(".git/config", text.at);
    refuse("many names", -ERR_LIMIT);
    buf_clear(&text);
    buf_text(&text, "[include]\n");
    for (int i = 0; i < FILES; i++) {
        CLEANUP(mem_freep) char *name = mem_format("%d.inc", i);
        make(name, "");
        buf_format(&text, "path = ../%s\n", name);
    }
    make(".git/config", text.at);
    refuse("many files", -ERR_LIMIT);
    CLEANUP(mem_freep) char *config = at(".git/config");
    make(".git/config", "");
    assert_int_equal(truncate(config, MANY), 0);
    refuse("a large file", -ERR_LIMIT);
}

static bool is_there(const char *name)
{
    CLEANUP(mem_freep) char *path = at(name);
    return access(path, F_OK) == 0;
}

static int run(const char *script)
{
    const char *argv[] = { "/usr/bin/sh", "-c", script, NULL };
    const struct sandbox_mount mount = { work, work, true };
    const struct sandbox_run wish = {
        .profile = SANDBOX_TOOL, .argv = argv, .cwd = work, .mounts = &mount, .mounts_count = 1
    };
    struct sandbox_result result;
    struct err err = { 0 };
    if (sandbox_run(&wish, &result, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    int status = result.exit_code;
    sandbox_result_done(&result);
    return status;
}

static void a_run_cannot_write_it(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "echo x >tools/deep/pre-commit",
        "echo x >tools/deep/x.sh",
        "mv tools/deep tools/other",
        "mv tools other",
        "rm -rf tools/deep/x.sh",
        "mkdir -p x && mv x/../tools x/y",
    };
    fresh();
    make(".git/config", "[core]\nhooksPath = tools/deep\n");
    for (size_t i = 0; i < COUNT_OF(scripts); i++)
        if (run(scripts[i]) == 0 || !is_there("tools/deep/x.sh"))
            fail_msg("%s", scripts[i]);
    assert_int_equal(run("echo x >tools/beside && echo x >hooks/pre-commit"), 0);
    make(".git/config", "[core]\nhooksPath = .husky/_\n");
    assert_int_equal(run("mkdir -p h/_ && echo x >h/_/pre-commit && mv h .husky"), 0);
    assert_false(is_there(".husky"));
    assert_true(is_there(".husky" ORDERS_ASIDE "/_/pre-commit"));
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
        cmocka_unit_test(the_syntax_is_gits),
        cmocka_unit_test(what_is_named_is_found),
        cmocka_unit_test(includes_are_followed),
        cmocka_unit_test(it_is_found_where_git_finds_it),
        cmocka_unit_test(what_has_no_end_is_refused),
        cmocka_unit_test(a_run_cannot_write_it),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
