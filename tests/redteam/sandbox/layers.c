/* layers - see layers.h. */
#include "layers.h"

#include "base/mem.h"
#include "lock/lock.h"
#include "sandbox/cgroup.h"
#include "sandbox/held.h"
#include "sandbox/init/init.h"
#include "sandbox/orders.h"
#include "sandbox/root.h"
#include "sandbox/usage.h"
#include "sandbox/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const parts_words[PARTS] = { "user_ns", "mount_ns", "pid_ns", "net_ns", "ipc_ns",
    "uts_ns", "root", "landlock", "seccomp", "no_new_privs", "caps", "rlimits", "cgroup", "own_uid",
    "start", "guards", "watch", "clock" };

enum { INIT_ARGV_PROGRAM = 2 }; /* birth.c: init's own name, how it stands, the program, its argv */
static uint32_t off;
static bool container;

void layers_off(uint32_t parts)
{
    off = parts;
}

void layers_container(bool on)
{
    container = on;
}

static bool is_off(unsigned part)
{
    return off >> part & 1;
}

#define REAL(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

static unsigned long namespaces_left(unsigned long flags)
{
    static const struct {
        unsigned part;
        unsigned long flag;
    } rows[] = { { LAYER_USER_NS, CLONE_NEWUSER }, { LAYER_PID_NS, CLONE_NEWPID },
        { LAYER_NET_NS, CLONE_NEWNET }, { LAYER_IPC_NS, CLONE_NEWIPC },
        { LAYER_UTS_NS, CLONE_NEWUTS } };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (is_off(rows[i].part))
            flags &= ~rows[i].flag;
    return flags;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* The parent still gets its listener, on which nothing comes. */
static long filter_nothing(unsigned long flags)
{
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { 1, &all };
    return __real_syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* That of the parent, too. In the child only, so that it need not be freed. */
static char **with_environment(char **given)
{
    enum { VARIABLES_MAX = 256 };
    static char *all[VARIABLES_MAX];
    unsigned count = 0;
    for (; *given && count + 1 < VARIABLES_MAX; given++)
        all[count++] = *given;
    for (char **own = environ; *own && count + 1 < VARIABLES_MAX; own++)
        all[count++] = *own;
    return all;
}

/* Takes six words whatever was passed, as syscall(2) takes six registers: a sanitizer minds. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < COUNT_OF(a); i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_clone && (a[0] & CLONE_NEWNS)) {
        if (container)
            return errno = EPERM, -1;
        a[0] = (long)namespaces_left((unsigned long)a[0]);
    }
    if (number == SYS_seccomp && a[0] == SECCOMP_SET_MODE_FILTER && is_off(LAYER_SECCOMP))
        return filter_nothing((unsigned long)a[1]);
    bool ids = number == SYS_setresuid || number == SYS_setresgid || number == SYS_setgroups;
    if (ids && container && is_off(LAYER_OWN_UID))
        return 0;
    if (number == SYS_openat2 && is_off(PART_GUARDS))
        return errno = ENOENT, -1;
    /* A place of the run's own root, as /program: where the caller has it. */
    if (number == SYS_execveat && a[0] == INIT_PROGRAM_FD && is_off(LAYER_ROOT))
        ((char **)a[2])[INIT_ARGV_PROGRAM] = ((char **)a[2])[INIT_ARGV_PROGRAM + 1];
    if (number == SYS_execveat && is_off(PART_START))
        a[3] = (long)with_environment((char **)a[3]);
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The maps of a user namespace that is not there, or one in which the host's root is. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(list, mode_t) : 0;
    va_end(list);
    bool map = strncmp(path, "/proc/", 6) == 0 && strstr(path, "id_map");
    bool none = map || (strncmp(path, "/proc/", 6) == 0 && strstr(path, "/setgroups"));
    if (none && is_off(LAYER_USER_NS))
        return __real_open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (map && is_off(LAYER_OWN_UID)) {
        int fd = __real_open(path, flags, mode);
        if (fd < 0 || write(fd, "0 0 1", 5) != 5)
            return fd;
        close(fd);
        return __real_open("/dev/null", O_WRONLY | O_CLOEXEC);
    }
    return __real_open(path, flags, mode);
}

/* Where the pid namespace is the host's, so is /proc. */
REAL(int, mount, const char *from, const char *to, const char *type, unsigned long flags,
    const void *data)
{
    if (type && strcmp(type, "proc") == 0 && is_off(LAYER_PID_NS))
        return __real_mount("/proc", to, NULL, MS_BIND | MS_REC, NULL);
    return __real_mount(from, to, type, flags, data);
}

REAL(int, root_enter, const struct root_plan *plan, struct root_sources *sources, struct err *err)
{
    if (!is_off(LAYER_ROOT))
        return __real_root_enter(plan, sources, err);
    sources->own = __real_open("/", O_PATH | O_CLOEXEC);
    return chdir(plan->cwd) < 0 ? err_sys(err, "go to %s", plan->cwd) : 0;
}

REAL(int, close_range, unsigned first, unsigned last, int flags)
{
    return is_off(PART_START) ? 0 : __real_close_range(first, last, flags);
}

REAL(int, setrlimit, int resource, const struct rlimit *limit)
{
    return is_off(LAYER_RLIMITS) ? 0 : __real_setrlimit(resource, limit);
}

/* The run's first process takes signals from the program by a Landlock of its own, and gives it a
 * session of its own: it is told that there is none to be had. */
static int without_call(unsigned number, struct err *err)
{
    struct sock_filter rows[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { COUNT_OF(rows), rows };
    if (__real_syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return err_sys(err, "do without a call");
    return 0;
}

REAL(pid_t, setsid, void)
{
    return is_off(PART_START) ? getpid() : __real_setsid();
}

REAL(int, lock_landlock, const struct lock_rule *rules, unsigned count,
    const struct lock_ports *ports, struct err *err)
{
    int rc = is_off(PART_START) ? without_call(SYS_setsid, err) : 0;
    if (rc == 0 && is_off(LAYER_LANDLOCK))
        return without_call(SYS_landlock_create_ruleset, err);
    return rc < 0 ? rc : __real_lock_landlock(rules, count, ports, err);
}

REAL(int, lock_no_new_privileges, struct err *err)
{
    return is_off(LAYER_NO_NEW_PRIVS) ? 0 : __real_lock_no_new_privileges(err);
}

REAL(int, lock_drop_bound, struct err *err)
{
    return is_off(LAYER_CAPS) ? 0 : __real_lock_drop_bound(err);
}

/* Without no_new_privs the kernel wants a capability of who confines itself: it goes with the exec
 * that follows, since there is nothing left that could keep it. */
static int drop_at_exec(struct err *err)
{
    struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct admin[2] = { { 0 } };
    admin[0].effective = admin[0].permitted = 1u << CAP_SYS_ADMIN;
    int rc = __real_lock_drop_bound(err);
    if (rc < 0 || prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED) < 0 ||
        __real_syscall(SYS_capset, &head, admin) < 0)
        return err_sys(err, "drop capabilities at the exec");
    return 0;
}

REAL(int, lock_drop_capabilities, struct err *err)
{
    if (is_off(LAYER_CAPS))
        return 0;
    return is_off(LAYER_NO_NEW_PRIVS) ? drop_at_exec(err) : __real_lock_drop_capabilities(err);
}

REAL(bool, cgroup_make, struct cgroup *ret, uint64_t memory, uint32_t tasks)
{
    return is_off(LAYER_CGROUP) ? false : __real_cgroup_make(ret, memory, tasks);
}

REAL(struct watch_use, watch_sum, struct ledger *ledger, pid_t init)
{
    return is_off(PART_WATCH) ? (struct watch_use){ 0 } : __real_watch_sum(ledger, init);
}

REAL(uint64_t, cgroup_cpu_us, const struct cgroup *cgroup)
{
    return is_off(PART_WATCH) ? 0 : __real_cgroup_cpu_us(cgroup);
}

REAL(const char *, orders_look, const struct orders *orders, unsigned *next)
{
    return is_off(PART_GUARDS) ? NULL : __real_orders_look(orders, next);
}

REAL(void, held_look, struct held *held, pid_t init)
{
    if (!is_off(PART_WATCH))
        __real_held_look(held, init);
}

/* The folder that stands for the root's tmpfs is none. */
REAL(uint64_t, usage_bytes, const struct usage *usage)
{
    struct usage without = *usage;
    if (is_off(LAYER_ROOT))
        without.own = -1;
    return is_off(PART_WATCH) ? 0 : __real_usage_bytes(&without);
}
