/* A path that leads elsewhere between the check of a mount and the mount: nothing of a home is
 * shown. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/birth.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char base[] = "/var/tmp/moult-grant-test.XXXXXX";
static char *work, *other, *home;

/* What somebody does who may rename in the folder above, at the worst moment. */
int __real_birth_start(struct born *ret, const struct birth *birth, struct err *err);
int __wrap_birth_start(struct born *ret, const struct birth *birth, struct err *err);
int __wrap_birth_start(struct born *ret, const struct birth *birth, struct err *err)
{
    if (rename(work, other) == 0 && symlink(home, work) < 0)
        abort();
    return __real_birth_start(ret, birth, err);
}

static void make(const char *folder, const char *name, const char *text)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", folder, name);
    assert_int_equal(file_mkdirs(folder, 0755, NULL), 0);
    assert_int_equal(file_write(path, str_of(text), 0644, NULL), 0);
}

static void put_back(void)
{
    struct stat st;
    if (lstat(other, &st) < 0)
        return;
    assert_int_equal(unlink(work), 0);
    assert_int_equal(rename(other, work), 0);
}

static void home_is_not_mounted(bool write, enum sandbox_tier tier)
{
    const char *argv[] = { "/usr/bin/sh", "-c", "cat secret; echo x > left", NULL };
    const struct sandbox_mount mount = { work, work, write, false };
    const struct sandbox_run run = { .profile = SANDBOX_TOOL,
        .argv = argv,
        .cwd = work,
        .mounts = &mount,
        .mounts_count = 1,
        .tier = tier };
    CLEANUP(mem_freep) char *left = mem_format("%s/left", home);
    struct sandbox_result result = { 0 };
    struct err err = { 0 };
    int rc = sandbox_run(&run, &result, &err);
    if (rc == 0)
        assert_int_equal(result.out.size, 0);
    else
        assert_int_equal(rc, -ERR_DENIED);
    assert_int_equal(access(left, F_OK), -1);
    sandbox_result_done(&result);
    put_back();
}

static void what_was_checked_is_mounted(void **state)
{
    (void)state;
    home_is_not_mounted(true, SANDBOX_STRONG);
    home_is_not_mounted(false, SANDBOX_STRONG);
}

/* A file that is a link into a home. */
static void a_link_to_a_file_of_a_home_is_refused(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *key = mem_format("%s/keys/home.id", home);
    CLEANUP(mem_freep) char *link = mem_format("%s/link", base);
    const char *argv[] = { "/usr/bin/true", NULL };
    const struct sandbox_mount mount = { link, "/mnt", false, false };
    const struct sandbox_run run = {
        .profile = SANDBOX_TOOL, .argv = argv, .mounts = &mount, .mounts_count = 1
    };
    struct sandbox_result result = { 0 };
    assert_int_equal(symlink(key, link), 0);
    assert_int_equal(sandbox_run(&run, &result, NULL), -ERR_DENIED);
    put_back();
}

static void the_same_without_namespaces(void **state)
{
    (void)state;
    without_namespaces();
    home_is_not_mounted(true, SANDBOX_CONTAINER);
    home_is_not_mounted(false, SANDBOX_CONTAINER);
}

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(base) || chmod(base, 0755) < 0)
        return -1;
    work = mem_format("%s/work", base);
    other = mem_format("%s/other", base);
    home = mem_format("%s/home", base);
    CLEANUP(mem_freep) char *keys = mem_format("%s/keys", home);
    make(work, "file", "");
    make(keys, "home.id", "1\n");
    make(home, "secret", "secret\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(work);
    free(other);
    free(home);
    return file_remove_tree(base, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_checked_is_mounted),
        cmocka_unit_test(a_link_to_a_file_of_a_home_is_refused),
        cmocka_unit_test(the_same_without_namespaces),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
