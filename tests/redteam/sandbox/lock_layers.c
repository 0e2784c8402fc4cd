/* lock_layers - takes layers of the lock away, for tests: what a worker does to itself says that it
 * has worked, and does nothing. As in layers.c, the code of the lock is moult's own, and what it
 * calls is replaced when the probe is linked. */
#include "parts.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REAL(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

static bool is_off(unsigned part)
{
    const char *off = getenv(PARTS_OFF);
    return off && (strtoul(off, NULL, 16) >> part & 1);
}

REAL(int, mount, const char *from, const char *to, const char *type, unsigned long flags,
    const void *data)
{
    return is_off(LAYER_ROOT) ? 0 : __real_mount(from, to, type, flags, data);
}

REAL(int, umount2, const char *place, int flags)
{
    return is_off(LAYER_ROOT) ? 0 : __real_umount2(place, flags);
}

REAL(int, chdir, const char *path)
{
    return __real_chdir(is_off(LAYER_ROOT) ? getenv(PARTS_WORK) : path);
}

REAL(int, setrlimit, int resource, const struct rlimit *limit)
{
    return is_off(LAYER_RLIMITS) ? 0 : __real_setrlimit(resource, limit);
}

REAL(int, close_range, unsigned first, unsigned last, int flags)
{
    return is_off(PART_START) ? 0 : __real_close_range(first, last, flags);
}

REAL(int, munmap, void *at, size_t size)
{
    return is_off(PART_CLOCK) ? 0 : __real_munmap(at, size);
}

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
    unsigned long a[4];
    va_list list;
    va_start(list, option);
    for (size_t i = 0; i < sizeof a / sizeof *a; i++)
        a[i] = va_arg(list, unsigned long);
    va_end(list);
    const struct {
        int option;
        unsigned part;
    } rows[] = { { PR_SET_NO_NEW_PRIVS, LAYER_NO_NEW_PRIVS }, { PR_CAPBSET_DROP, LAYER_CAPS },
        { PR_SET_SECUREBITS, LAYER_CAPS }, { PR_SET_TSC, PART_CLOCK } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].option == option && is_off(rows[i].part))
            return 0;
    return __real_prctl(option, a[0], a[1], a[2], a[3]);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
/* Takes six words whatever was passed, as syscall(2) takes six registers: a sanitizer minds. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < sizeof a / sizeof *a; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    const struct {
        long number;
        unsigned part;
    } rows[] = { { SYS_pivot_root, LAYER_ROOT }, { SYS_capset, LAYER_CAPS },
        { SYS_landlock_restrict_self, LAYER_LANDLOCK }, { SYS_seccomp, LAYER_SECCOMP } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].number == number && is_off(rows[i].part))
            return 0;
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
