/* worktree.c: what a program may leave of the harness that it was given, and every other thing. */
#include "promote/worktree.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ORDER "pipeline/order.c"
#define ONE "plugins/one/one.c"
#define TWO "plugins/two/two.c"

static const struct harness harness = { .at = { { STR("order"), STR(ORDER), STR("order\n") },
                                            { STR("one"), STR(ONE), STR("one\n") },
                                            { STR("two"), STR(TWO), STR("two\n") } },
    .count = 3 };
static char base[] = "/tmp/moult-worktree-test.XXXXXX";

static void write_at(const char *path, struct str text)
{
    assert_int_equal(file_write(path, text, 0644, NULL), 0);
}

static void left_alone(void)
{
}
static void changes_one(void)
{
    write_at(ONE, STR("one more\n"));
}
static void changes_two(void)
{
    changes_one();
    write_at(TWO, STR("two more\n"));
}
static void adds_a_file(void)
{
    write_at("plugins/one/notes", STR("a"));
}
static void adds_beside(void)
{
    write_at("README.md", STR("a"));
}
static void adds_a_folder(void)
{
    assert_int_equal(mkdir("plugins/three", 0755), 0);
}
static void adds_an_escape(void)
{
    write_at("plugins/\033[2J", STR("a"));
}
static void removes_one(void)
{
    assert_int_equal(unlink(ONE), 0);
}
static void removes_a_folder(void)
{
    assert_int_equal(unlink(ONE) | rmdir("plugins/one"), 0);
}
static void links_a_file(void)
{
    removes_one();
    assert_int_equal(symlink("/etc/passwd", ONE), 0);
}
static void links_a_folder(void)
{
    assert_int_equal(rename("plugins/one", "plugins/1"), 0);
    assert_int_equal(symlink("1", "plugins/one"), 0);
}
static void links_hard(void)
{
    removes_one();
    assert_int_equal(link(TWO, ONE), 0);
}
static void makes_a_pipe(void)
{
    removes_one();
    assert_int_equal(mkfifo(ONE, 0644), 0);
}
static void makes_a_program(void)
{
    changes_one();
    assert_int_equal(chmod(ONE, 0755), 0);
}
static void makes_a_folder_of_it(void)
{
    removes_one();
    assert_int_equal(mkdir(ONE, 0755), 0);
}
static void writes_nul(void)
{
    write_at(ONE, (struct str){ "a\0b", 3 });
}
static void writes_no_utf8(void)
{
    write_at(ONE, STR("\xff"));
}
static void writes_much(void)
{
    CLEANUP(mem_freep) char *much = mem_zero(1, WORKTREE_FILE_MAX + 1);
    memset(much, 'a', WORKTREE_FILE_MAX + 1);
    write_at(ONE, (struct str){ much, WORKTREE_FILE_MAX + 1 });
}
static void commits(void)
{
    assert_int_equal(mkdir(".git", 0755), 0);
}
static void hides_a_repository(void)
{
    write_at("plugins/one/.git", STR("gitdir: /x"));
}

static const struct row {
    const char *name;
    void (*made)(void);
    int want;         /* 0 or a negated code */
    const char *says; /* the changed path, or a part of the reason; NULL: nothing is changed */
} rows[] = {
    { "nothing is done", left_alone, 0, NULL },
    { "one source is changed", changes_one, 0, ONE },
    { "two are changed", changes_two, -ERR_DENIED, "both changed" },
    { "a file is added", adds_a_file, -ERR_DENIED, "plugins/one/notes was not there" },
    { "a file is added at the top", adds_beside, -ERR_DENIED, "README.md was not there" },
    { "a folder is added", adds_a_folder, -ERR_DENIED, "plugins/three was not there" },
    { "a name steers a terminal", adds_an_escape, -ERR_DENIED, "plugins/\\x1b[2J" },
    { "a source is removed", removes_one, -ERR_DENIED, ONE " is not there any more" },
    { "a folder is removed", removes_a_folder, -ERR_DENIED, ONE " is not there any more" },
    { "a source is a link", links_a_file, -ERR_DENIED, ONE " is a link" },
    { "a folder is a link", links_a_folder, -ERR_DENIED, "plugins/" },
    { "a source has two names", links_hard, -ERR_DENIED, "is linked to another name" },
    { "a source is a pipe", makes_a_pipe, -ERR_DENIED, ONE " is no file" },
    { "a source is a program", makes_a_program, -ERR_DENIED, "was made a program" },
    { "a source is a folder", makes_a_folder_of_it, -ERR_DENIED, ONE " was not there" },
    { "a source has a NUL", writes_nul, -ERR_DENIED, "is no text" },
    { "a source is no UTF-8", writes_no_utf8, -ERR_DENIED, "is no text" },
    { "a source is huge", writes_much, -ERR_DENIED, "is too large" },
    { "the tree is a repository", commits, -ERR_DENIED, ".git is a repository" },
    { "a folder is one", hides_a_repository, -ERR_DENIED, "plugins/one/.git is a repository" },
};

static void each(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct worktree_change change;
        struct err err = { 0 };
        char folder[64];
        snprintf(folder, sizeof folder, "%s/%zu", base, i);
        assert_int_equal(mkdir(folder, 0755), 0);
        assert_int_equal(worktree_write(folder, &harness, &err), 0);
        assert_int_equal(chdir(folder), 0);
        rows[i].made();
        int rc = worktree_read(&change, folder, &harness, &err);
        if (rc != rows[i].want || (rc < 0 && !strstr(err.text, rows[i].says)))
            fail_msg("%s: %d, %s", rows[i].name, rc, err.text);
        if (rc == 0 && !rows[i].says)
            assert_null(change.source);
        else if (rc == 0)
            assert_true(str_equal(change.source->path, str_of(rows[i].says)) &&
                        str_equal(buf_view(&change.text), STR("one more\n")));
        worktree_change_done(&change);
    }
}

/* However many there are, and however deep. */
static void a_flood_is_bounded(void **state)
{
    struct worktree_change change;
    struct err err = { 0 };
    char folder[64], path[96];
    (void)state;
    snprintf(folder, sizeof folder, "%s/flood", base);
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(worktree_write(folder, &harness, &err), 0);
    for (int i = 0; i < 2 * WORKTREE_ENTRIES_MAX; i++) {
        snprintf(path, sizeof path, "%s/plugins/%d", folder, i);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    assert_int_equal(worktree_read(&change, folder, &harness, &err), -ERR_DENIED);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(base) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return chdir("/") | file_remove_tree(base, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each),
        cmocka_unit_test(a_flood_is_bounded),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
