/* Landlock on kernels that have less of it than this one: each ABI from 1 to 7, and one that is yet
 * to come. What moult asks of the kernel passes through here (the linker's --wrap=syscall), where
 * an older kernel's answers are given; everything else is the real kernel's. */
#include "base/mem.h"
#include "lock/lock.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

enum { ABI_REAL = 0, VERSION = 1 };

/* linux/landlock.h, by the kernel that brought it: what an ABI takes and no more. */
static const struct abi {
    const char *kernel;
    uint64_t fs, net, scoped;
    size_t size;
} abis[] = {
    [1] = { "5.13", 0x1fff, 0, 0, 8 },
    [2] = { "5.19", 0x3fff, 0, 0, 8 },    /* links between folders */
    [3] = { "6.2", 0x7fff, 0, 0, 8 },     /* truncate */
    [4] = { "6.7", 0x7fff, 3, 0, 16 },    /* TCP */
    [5] = { "6.10", 0xffff, 3, 0, 16 },   /* ioctl of devices */
    [6] = { "6.12", 0xffff, 3, 3, 24 },   /* abstract sockets, signals */
    [7] = { "6.15", 0xffff, 3, 3, 24 },   /* audit */
    [8] = { "to come", 0xffff, 3, 3, 24 } /* what it brings is not known here */
};

static struct {
    unsigned abi; /* of the kernel that is played */
    unsigned made;
    uint64_t fs, net, scoped; /* of the last one */
} kernel;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* As copy_struct_from_user: what is not known must be zero. */
static long create(const uint64_t *attr, size_t size, unsigned flags)
{
    const struct abi *abi = &abis[kernel.abi];
    uint64_t asked[3] = { 0 };
    if (!attr && size == 0 && flags == VERSION)
        return kernel.abi;
    memcpy(asked, attr, size < sizeof asked ? size : sizeof asked);
    for (size_t i = abi->size / sizeof *asked; i < COUNT_OF(asked); i++)
        if (asked[i])
            return errno = E2BIG, -1;
    if (flags || (asked[0] & ~abi->fs) || (asked[1] & ~abi->net) || (asked[2] & ~abi->scoped))
        return errno = EINVAL, -1;
    kernel.made++;
    kernel.fs = asked[0];
    kernel.net = asked[1];
    kernel.scoped = asked[2];
    return __real_syscall(SYS_landlock_create_ruleset, attr, size, 0);
}

/* Takes six words whatever was passed, as syscall(2) takes six registers: a sanitizer minds. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_landlock_create_ruleset && kernel.abi != ABI_REAL)
        return create((const uint64_t *)a[0], (size_t)a[1], (unsigned)a[2]);
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* In a child, whose exit status says at which step it went wrong. */
static int hold(const char *inside, const char *outside)
{
    char from[300], to[300];
    const struct lock_rule rules[] = { { inside, true, false, NULL } };
    const struct lock_ports none = { false, 0 };
    struct err err = { 0 };
    if (lock_no_new_privileges(&err) < 0 || lock_landlock(rules, 1, &none, &err) < 0)
        return fprintf(stderr, "%s\n", err.text), 1;
    const struct abi *abi = &abis[kernel.abi];
    if (kernel.made != 1 || kernel.fs != abi->fs || kernel.net != abi->net ||
        kernel.scoped != abi->scoped)
        return 2; /* less than the kernel has */
    if (open(outside, O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
        return 3;
    snprintf(from, sizeof from, "%s/made", inside);
    int fd = open(from, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return 4;
    snprintf(to, sizeof to, "%s/moved", outside);
    if (rename(from, to) == 0)
        return 5;
    return unlink(from) < 0 ? 6 : 0;
}

static void each_version_is_used_whole(void **state)
{
    (void)state;
    char inside[] = "/tmp/moult-in.XXXXXX", outside[] = "/tmp/moult-out.XXXXXX";
    assert_non_null(mkdtemp(inside));
    assert_non_null(mkdtemp(outside));
    for (unsigned abi = 1; abi < COUNT_OF(abis); abi++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            kernel.abi = abi;
            _exit(hold(inside, outside));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("ABI %u, kernel %s: step %d", abi, abis[abi].kernel, WEXITSTATUS(status));
    }
    rmdir(inside);
    rmdir(outside);
}

/* A whole run; its child inherits the kernel that is played. */
static void runs_do_on_each(void **state)
{
    (void)state;
    const enum sandbox_profile profiles[] = { SANDBOX_COMPILE, SANDBOX_TOOL };
    for (unsigned abi = 1; abi < COUNT_OF(abis); abi++)
        for (size_t i = 0; i < COUNT_OF(profiles); i++) {
            const char *argv[] = { "/usr/bin/sh", "-c", "echo x >/tmp/y && read y </tmp/y", NULL };
            const struct sandbox_run run = { .profile = profiles[i], .argv = argv };
            struct sandbox_result result;
            struct err err = { 0 };
            kernel.abi = abi;
            int rc = sandbox_run(&run, &result, &err);
            kernel.abi = ABI_REAL;
            if (rc < 0)
                fail_msg("ABI %u, kernel %s: %s", abi, abis[abi].kernel, err.text);
            assert_int_equal(result.exit_code, 0);
            assert_true(result.layers & LAYER_BIT(LAYER_LANDLOCK));
            sandbox_result_done(&result);
        }
}

static void the_check_says_which_it_is(void **state)
{
    (void)state;
    for (unsigned abi = 1; abi < COUNT_OF(abis); abi++) {
        struct sandbox_check check;
        struct err err = { 0 };
        char word[16];
        kernel.abi = abi;
        int rc = sandbox_check(&check, &err);
        kernel.abi = ABI_REAL;
        assert_int_equal(rc, 0);
        snprintf(word, sizeof word, "ABI %u:", abi);
        assert_true(check.layer[LAYER_LANDLOCK].effective);
        if (strncmp(check.layer[LAYER_LANDLOCK].detail, word, strlen(word)) != 0)
            fail_msg("%s", check.layer[LAYER_LANDLOCK].detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_is_used_whole),
        cmocka_unit_test(runs_do_on_each),
        cmocka_unit_test(the_check_says_which_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
