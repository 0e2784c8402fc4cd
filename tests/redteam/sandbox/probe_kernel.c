/* probe_kernel - parts of the kernel that no program of a run has a use for: namespaces, mounts,
 * devices, io_uring, bpf, keys, another architecture's calls. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Newer than some headers. */
enum { CALL_IO_URING = 425, CALL_STATMOUNT = 457, CALL_LISTMOUNT = 458, CALL_MEMFD_SECRET = 447 };

/* The control is in a mount namespace of its own. */
static bool mount_tmpfs(const char *folder)
{
    return mount("none", folder, "tmpfs", 0, NULL) == 0 && umount2(folder, MNT_DETACH) == 0;
}

static bool mount_bind(const char *folder)
{
    return mount("/", folder, NULL, MS_BIND, NULL) == 0 && umount2(folder, MNT_DETACH) == 0;
}

/* What is read-only becomes writable. */
static bool mount_again(const char *folder)
{
    return mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND, NULL) == 0 || errno == EINVAL;
}

static bool mount_by_new_calls(const char *argument)
{
    (void)argument;
    return syscall(SYS_fsopen, "tmpfs", 0) >= 0;
}

static bool copy_mount(const char *folder)
{
    return syscall(SYS_open_tree, AT_FDCWD, folder, OPEN_TREE_CLONE) >= 0;
}

static bool list_mounts(const char *argument)
{
    (void)argument;
    uint64_t ask[3] = { 24, UINT64_MAX, 0 }, ids[16];
    return syscall(CALL_LISTMOUNT, ask, ids, 16, 0) >= 0;
}

static bool unshare_user(const char *argument)
{
    (void)argument;
    return unshare(CLONE_NEWUSER) == 0;
}

static bool unshare_mounts(const char *argument)
{
    (void)argument;
    return unshare(CLONE_NEWNS) == 0;
}

static bool unshare_time(const char *argument)
{
    enum { NEW_TIME = 0x80 };
    (void)argument;
    return unshare(NEW_TIME) == 0;
}

static bool ended_well(long pid)
{
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid((pid_t)pid, NULL, 0) == pid;
}

static bool clone_user(const char *argument)
{
    (void)argument;
    return ended_well(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static bool clone3_user(const char *argument)
{
    (void)argument;
    uint64_t args[8] = { CLONE_NEWUSER, [4] = SIGCHLD };
    return ended_well(syscall(SYS_clone3, args, sizeof args));
}

static bool join_namespace(const char *pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/ns/net", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
}

static bool change_root(const char *argument)
{
    (void)argument;
    return chroot(".") == 0;
}

/* The control has a host name of its own. */
static bool change_name(const char *argument)
{
    (void)argument;
    return sethostname("moult-probe", 11) == 0;
}

static bool ring(const char *argument)
{
    (void)argument;
    char params[120] = { 0 };
    return syscall(CALL_IO_URING, 4, params) >= 0;
}

static bool asynchronous(const char *argument)
{
    (void)argument;
    unsigned long context = 0;
    return syscall(SYS_io_setup, 1, &context) == 0 && syscall(SYS_io_destroy, context) == 0;
}

static bool bpf_map(const char *argument)
{
    (void)argument;
    uint32_t map[16] = { 2, 4, 4, 1 }; /* an array of one word */
    return syscall(SYS_bpf, 0, map, sizeof map) >= 0;
}

/* A socket filter: r0 = 0; exit. Users may load those where the system allows it. */
static bool bpf_program(const char *argument)
{
    (void)argument;
    static const uint64_t code[] = { 0xb7, 0x95 };
    static const char license[] = "GPL";
    union {
        uint32_t words[32];
        struct {
            uint32_t type, count;
            uint64_t code, license;
        } load;
    } program = { .load = { 1, 2, (uintptr_t)code, (uintptr_t)license } };
    enum { LOAD = 5 };
    return syscall(SYS_bpf, LOAD, &program, sizeof program) >= 0;
}

static bool fault_by_user(const char *argument)
{
    enum { USER_MODE_ONLY = 1 };
    (void)argument;
    return syscall(SYS_userfaultfd, USER_MODE_ONLY) >= 0;
}

static bool count_events(const char *argument)
{
    (void)argument;
    uint32_t attr[32] = { 1, sizeof attr };
    return syscall(SYS_perf_event_open, attr, 0, -1, -1, 0) >= 0;
}

static bool see_keyring(const char *argument)
{
    (void)argument;
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) >= 0;
}

static bool add_key(const char *argument)
{
    (void)argument;
    return syscall(SYS_add_key, "user", "moult-probe", "x", 1, KEY_SPEC_PROCESS_KEYRING) >= 0;
}

static bool memory_file(const char *argument)
{
    (void)argument;
    return syscall(SYS_memfd_create, "probe", 0) >= 0;
}

static bool secret_memory(const char *argument)
{
    (void)argument;
    return syscall(CALL_MEMFD_SECRET, 0) >= 0;
}

/* A program that is on no file system. */
static bool execute_memory(const char *argument)
{
    (void)argument;
    char *argv[] = { "probe", "exit", NULL };
    int to = (int)syscall(SYS_memfd_create, "code", 0);
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    char bytes[65536];
    for (ssize_t n; to >= 0 && (n = read(from, bytes, sizeof bytes)) > 0;)
        if (write(to, bytes, (size_t)n) != n)
            return false;
    return to >= 0 && syscall(SYS_execveat, to, "", argv, NULL, AT_EMPTY_PATH) == 0;
}

static bool exit_well(const char *argument)
{
    (void)argument;
    return true;
}

/* int 0x80: the 32-bit table, where getpid is 20. */
static bool call_of_32_bits(const char *argument)
{
    (void)argument;
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    errno = result > 0 ? 0 : (int)-result;
    return result > 0;
#else
    return false;
#endif
}

static bool call_of_x32(const char *argument)
{
    (void)argument;
    return syscall(0x40000000 + SYS_getpid) > 0;
}

static bool raise_files(const char *argument)
{
    (void)argument;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return false;
    limit.rlim_cur = ++limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* The vDSO answers; where it is not mapped there is nothing at its address. */
static bool read_clock(const char *argument)
{
    (void)argument;
    struct timespec now = { 0 };
    return clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0 && now.tv_nsec + now.tv_sec != 0;
}

#ifdef __x86_64__
static bool read_counter(const char *argument)
{
    (void)argument;
    return __builtin_ia32_rdtsc() != 0;
}
#endif

/* A little above what lock_first.c gives. */
static bool map_much(const char *argument)
{
    (void)argument;
    enum { MUCH = 160 << 20 };
    return mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

/* core(5): with 1 the kernel starts no handler behind a pipe either, with 0 it does. */
static bool have_no_cores(const char *argument)
{
    (void)argument;
    struct rlimit limit = { 0, 0 };
    return setrlimit(RLIMIT_CORE, &limit) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 &&
           limit.rlim_cur != 1;
}

static bool raise_priority(const char *argument)
{
    (void)argument;
    return setpriority(PRIO_PROCESS, 0, -5) == 0;
}

static bool be_real_time(const char *argument)
{
    (void)argument;
    struct sched_param first = { .sched_priority = 1 };
    return sched_setscheduler(0, SCHED_FIFO, &first) == 0;
}

static bool can_get_capabilities(const char *argument)
{
    enum { ADMIN = 21 };
    (void)argument;
    return prctl(PR_CAPBSET_READ, ADMIN, 0, 0, 0) == 1;
}

static bool have_capabilities(const char *argument)
{
    (void)argument;
    uint32_t head[2] = { 0x20080522, 0 }, data[6] = { 0 };
    return syscall(SYS_capget, head, data) == 0 && (data[0] | data[3]);
}

static bool keep_capabilities(const char *argument)
{
    (void)argument;
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0;
}

static bool be_dumpable(const char *argument)
{
    (void)argument;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

/* Who answers notifications could allow what the filter above refuses to others. */
static bool own_filter(const char *argument)
{
    (void)argument;
    uint32_t action = SECCOMP_RET_ALLOW;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static bool execute_what_is_read(const char *argument)
{
    enum { READ_IMPLIES = 0x0400000 };
    (void)argument;
    return syscall(SYS_personality, READ_IMPLIES) >= 0;
}

static bool map_lowest(const char *argument)
{
    (void)argument;
    void *at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return at == NULL && munmap(at, 4096) == 0;
}

static bool lock_memory(const char *argument)
{
    (void)argument;
    return mlockall(MCL_CURRENT) == 0 && munlockall() == 0;
}

static bool give_pages(const char *argument)
{
    (void)argument;
    int ends[2];
    static char page[4096];
    struct iovec from = { page, sizeof page };
    return pipe(ends) == 0 && vmsplice(ends[1], &from, 1, 0) == sizeof page;
}

static bool read_log(const char *argument)
{
    enum { SIZE_BUFFER = 10 };
    (void)argument;
    return syscall(SYS_syslog, SIZE_BUFFER, NULL, 0) >= 0;
}

static bool mark_files(const char *argument)
{
    (void)argument;
    return syscall(SYS_fanotify_init, 0, O_RDONLY) >= 0;
}

/* Set to what it is. */
static bool set_clock(const char *argument)
{
    (void)argument;
    struct timex now = { .modes = ADJ_SETOFFSET };
    return syscall(SYS_clock_adjtime, 0, &now) >= 0;
}

#ifdef __x86_64__
static bool use_ports(const char *argument)
{
    (void)argument;
    return syscall(SYS_ioperm, 0x80, 1, 1) == 0;
}

static bool change_segments(const char *argument)
{
    (void)argument;
    char table[16];
    return syscall(SYS_modify_ldt, 0, table, sizeof table) >= 0;
}
#endif

const struct attempt attempts_kernel[] = {
    { "mount-tmpfs", mount_tmpfs },
    { "mount-bind", mount_bind },
    { "mount-again", mount_again },
    { "fsopen", mount_by_new_calls },
    { "open-tree", copy_mount },
    { "listmount", list_mounts },
    { "unshare-user", unshare_user },
    { "unshare-mounts", unshare_mounts },
    { "unshare-time", unshare_time },
    { "clone-user", clone_user },
    { "clone3-user", clone3_user },
    { "setns", join_namespace },
    { "chroot", change_root },
    { "sethostname", change_name },
    { "io-uring", ring },
    { "aio", asynchronous },
    { "bpf-map", bpf_map },
    { "bpf-program", bpf_program },
    { "userfaultfd", fault_by_user },
    { "perf", count_events },
    { "keyring", see_keyring },
    { "add-key", add_key },
    { "memfd", memory_file },
    { "memfd-secret", secret_memory },
    { "memfd-exec", execute_memory },
    { "exit", exit_well },
    { "int80", call_of_32_bits },
    { "x32", call_of_x32 },
    { "raise-files", raise_files },
    { "clock-vdso", read_clock },
#ifdef __x86_64__
    { "clock-tsc", read_counter },
#endif
    { "heap", map_much },
    { "no-cores", have_no_cores },
    { "raise-priority", raise_priority },
    { "real-time", be_real_time },
    { "capability-bound", can_get_capabilities },
    { "capabilities", have_capabilities },
    { "keep-capabilities", keep_capabilities },
    { "dumpable", be_dumpable },
    { "own-filter", own_filter },
    { "personality", execute_what_is_read },
    { "map-lowest", map_lowest },
    { "lock-memory", lock_memory },
    { "give-pages", give_pages },
    { "kernel-log", read_log },
    { "fanotify", mark_files },
    { "clock", set_clock },
#ifdef __x86_64__
    { "ports", use_ports },
    { "segments", change_segments },
#endif
    { NULL, NULL },
};

const struct bare_call bare_calls[] = {
    { "pivot_root", SYS_pivot_root, { 0 } },
    { "umount", SYS_umount2, { 0 } },
    { "move_mount", SYS_move_mount, { -1, 0, -1, 0, 0 } },
    { "mount_setattr", SYS_mount_setattr, { -1 } },
    { "statmount", CALL_STATMOUNT, { 0 } },
    { "swapon", SYS_swapon, { 0 } },
    { "swapoff", SYS_swapoff, { 0 } },
    { "acct", SYS_acct, { 1 } },
    { "reboot", SYS_reboot, { 0 } },
    { "kexec", SYS_kexec_load, { 0, 0, 0, -1 } },
    { "init_module", SYS_init_module, { 0 } },
    { "finit_module", SYS_finit_module, { -1 } },
    { "delete_module", SYS_delete_module, { 0 } },
    { "quotactl", SYS_quotactl, { -1 } },
    { "setdomainname", SYS_setdomainname, { 0, -1 } },
    { "clock_settime", SYS_clock_settime, { -1, 0 } },
    { "request_key", SYS_request_key, { 0 } },
    { "migrate_pages", SYS_migrate_pages, { 0 } },
    { "openat2", SYS_openat2, { -1 } },
    { "sched_setattr", SYS_sched_setattr, { 0, 0, -1 } },
    { "ioprio_set", SYS_ioprio_set, { -1 } },
#ifdef __x86_64__
    { "iopl", SYS_iopl, { 0 } },
#endif
    { NULL, 0, { 0 } },
};
