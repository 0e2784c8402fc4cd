/* What a compiler is made of, as it is found on this machine: all that it needs and nothing that it
 * does not, whatever a program says that it needs. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/toolchain.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char base[] = "/tmp/moult-toolchain-test.XXXXXX";

static int begin(void **state)
{
    (void)state;
    return mkdtemp(base) && chmod(base, 0755) == 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static const struct toolchain *take(const char *program, const struct sandbox_mount *mount)
{
    const char *argv[] = { program, NULL };
    const struct sandbox_run run = {
        .profile = SANDBOX_COMPILE, .argv = argv, .mounts = mount, .mounts_count = mount ? 1 : 0
    };
    const struct toolchain *ret = NULL;
    struct err err = { 0 };
    if (toolchain_take(&ret, &run, &err) < 0)
        fail_msg("%s: %s (%s)", program, err.text, err.hint);
    return ret;
}

static unsigned count(const struct toolchain *toolchain, const char *pattern)
{
    unsigned found = 0;
    for (unsigned i = 0; i < toolchain->parts_count; i++)
        found += fnmatch(pattern, toolchain->parts[i].to, 0) == 0;
    return found;
}

static const struct row {
    const char *program, *pattern;
    bool is_there;
} rows[] = {
    { "/usr/bin/gcc", "/usr/*/gcc/*/*", true },
    { "/usr/bin/gcc", "*/libc.so.6", true },
    { "/usr/bin/gcc", "*/ld-linux*", true },
    { "/usr/bin/gcc", "/usr/bin/*as", true },
    { "/usr/bin/gcc", "/usr/bin/*ld*", true },
    { "/usr/bin/gcc", "*clang*", false },
    { "/usr/bin/gcc", "/usr/include*", false },
    { "/usr/bin/clang", "*/clang/[0-9]*", true },
    { "/usr/bin/clang", "*/bin/clang*", true },
    { "/usr/bin/clang", "*/libLLVM*", true },
    { "/usr/bin/clang", "/usr/bin/*ld*", true },
    { "/usr/bin/clang", "/usr/bin/*gcc*", false },
    { "/bin/true", "/usr/bin/true", true },
    { "/bin/true", "/usr/bin/*gcc*", true },
    { "/usr/bin/perl", "*/libcrypt.so*", true },
    { "/usr/bin/python3", "/usr/lib/python3*", false },
};

static void its_parts_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (access(rows[i].program, X_OK) < 0)
            continue; /* a machine may lack it */
        const struct toolchain *toolchain = take(rows[i].program, NULL);
        if ((count(toolchain, rows[i].pattern) > 0) != rows[i].is_there)
            fail_msg("%s: %s", rows[i].program, rows[i].pattern);
        toolchain_drop(toolchain);
    }
}

/* Files, and folders of one compiler: none that it shares with others. */
static void no_folder_of_the_system_is_a_part(void **state)
{
    (void)state;
    static const char *const programs[] = { "/usr/bin/gcc", "/usr/bin/clang", "/usr/bin/sh" };
    for (size_t i = 0; i < COUNT_OF(programs); i++) {
        const struct toolchain *toolchain = take(programs[i], NULL);
        for (unsigned j = 0; j < toolchain->parts_count; j++) {
            const struct sandbox_mount *part = &toolchain->parts[j];
            struct stat st;
            assert_int_equal(stat(part->from, &st), 0);
            assert_true(part->run && !part->write);
            if (strncmp(part->to, "/usr/", 5) != 0 || strcmp(part->to, part->from) != 0 ||
                (S_ISDIR(st.st_mode) && fnmatch("*/gcc/*/[0-9]*", part->to, 0) != 0 &&
                    fnmatch("*/clang/[0-9]*", part->to, 0) != 0))
                fail_msg("%s: %s", programs[i], part->to);
        }
        toolchain_drop(toolchain);
    }
}

static void answers_are_kept_while_they_hold(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *script = mem_format("%s/script", base);
    const struct sandbox_mount mount = { script, "/script", false, true };
    assert_int_equal(file_write(script, STR("#!/usr/bin/true\n"), 0755, NULL), 0);
    const struct toolchain *first = take("/script", &mount);
    const struct toolchain *again = take("/script", &mount);
    assert_ptr_equal(first, again);
    assert_int_equal(count(first, "/usr/bin/true"), 1);
    assert_int_equal(file_write(script, STR("#!/usr/bin/perl\n"), 0755, NULL), 0);
    const struct toolchain *changed = take("/script", &mount);
    assert_ptr_not_equal(first, changed);
    assert_int_equal(count(changed, "/usr/bin/perl*"), 1);
    assert_int_equal(count(changed, "/usr/bin/true"), 0);
    assert_int_equal(count(first, "/usr/bin/true"), 1); /* still whole for who has it */
    toolchain_drop(first);
    toolchain_drop(again);
    toolchain_drop(changed);
}

static void a_folder_is_no_program(void **state)
{
    (void)state;
    static const char *const texts[] = { "#!/usr/bin\n", "#!/usr/bin/.\n", "#! /usr/lib/gcc/\n",
        "#!\n", "" };
    CLEANUP(mem_freep) char *script = mem_format("%s/folder", base);
    const struct sandbox_mount mount = { script, "/script", false, true };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(file_write(script, str_of(texts[i]), 0755, NULL), 0);
        const struct toolchain *toolchain = take("/script", &mount);
        assert_int_equal(count(toolchain, "/usr/bin"), 0);
        assert_int_equal(count(toolchain, "/usr/bin/."), 0);
        assert_int_equal(count(toolchain, "/usr/lib/gcc/"), 0);
        toolchain_drop(toolchain);
    }
}

/* It names a secret as its library, where that is; and a library of the system beside it. */
static void a_program_names_no_file_of_a_person(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *program = mem_format("%s/program", base);
    CLEANUP(mem_freep)
    char *command = mem_format("cd %s && echo 'int f(void) { return 1; }' >l.c && "
                               "echo 'int f(void); int main(void) { return f(); }' >p.c && "
                               "gcc -shared -fPIC -o libsecret.so l.c && "
                               "gcc -o program p.c -L. -lsecret -Wl,-rpath,%s:$(pwd)",
        base, base);
    const struct sandbox_mount mount = { program, "/program", false, true };
    assert_int_equal(system(command), 0);
    const struct toolchain *toolchain = take("/program", &mount);
    assert_int_equal(count(toolchain, "*secret*"), 0);
    assert_int_equal(count(toolchain, "*/libc.so.6"), 1);
    toolchain_drop(toolchain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_parts_are_found),
        cmocka_unit_test(no_folder_of_the_system_is_a_part),
        cmocka_unit_test(answers_are_kept_while_they_hold),
        cmocka_unit_test(a_folder_is_no_program),
        cmocka_unit_test(a_program_names_no_file_of_a_person),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
