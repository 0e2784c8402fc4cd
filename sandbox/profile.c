/* profile - see profile.h. */
#include "sandbox/profile.h"

#include "base/mem.h"

#define NAMESPACES                                                                                 \
    (LAYER_BIT(LAYER_USER_NS) | LAYER_BIT(LAYER_MOUNT_NS) | LAYER_BIT(LAYER_PID_NS) |              \
        LAYER_BIT(LAYER_NET_NS) | LAYER_BIT(LAYER_IPC_NS) | LAYER_BIT(LAYER_UTS_NS))
#define SELF                                                                                       \
    (LAYER_BIT(LAYER_LANDLOCK) | LAYER_BIT(LAYER_SECCOMP) | LAYER_BIT(LAYER_NO_NEW_PRIVS) |        \
        LAYER_BIT(LAYER_CAPS) | LAYER_BIT(LAYER_RLIMITS))

/* The toolchain. Nothing of /etc, /home, /root, /proc: with no file there, the preprocessor can
 * neither include one nor tell whether it exists. */
static const struct sandbox_mount compile_mounts[] = {
    { "/usr/bin", "/usr/bin", false },
    { "/usr/lib", "/usr/lib", false },
    { "/usr/lib64", "/usr/lib64", false },
    { "/usr/include", "/usr/include", false },
    { "/dev/null", "/dev/null", true },
};

static const struct filter_call compile_calls[] = {
    { "read", ONLY_ANY, "files" },
    { "pread64", ONLY_ANY, "files" },
    { "readv", ONLY_ANY, "files" },
    { "write", ONLY_ANY, "files, diagnostics" },
    { "pwrite64", ONLY_ANY, "files" },
    { "writev", ONLY_ANY, "diagnostics" },
    { "lseek", ONLY_ANY, "files" },
    { "openat", ONLY_ANY, "files; the mount namespace says which" },
    { "open", ONLY_ANY, "files" },
    { "close", ONLY_ANY, "files" },
    { "newfstatat", ONLY_ANY, "search paths" },
    { "stat", ONLY_ANY, "search paths" },
    { "lstat", ONLY_ANY, "search paths" },
    { "fstat", ONLY_ANY, "files" },
    { "statx", ONLY_ANY, "files" },
    { "access", ONLY_ANY, "search paths" },
    { "faccessat", ONLY_ANY, "search paths" },
    { "faccessat2", ONLY_ANY, "search paths" },
    { "readlink", ONLY_ANY, "where the driver stands" },
    { "readlinkat", ONLY_ANY, "where the driver stands" },
    { "getcwd", ONLY_ANY, "names in diagnostics" },
    { "chdir", ONLY_ANY, "the driver" },
    { "getdents64", ONLY_ANY, "search paths" },
    { "fcntl", ONLY_ANY, "close on exec" },
    { "ioctl", ONLY_ANY, "is this a terminal; no device is there" },
    { "dup", ONLY_ANY, "pipes between the stages" },
    { "dup2", ONLY_ANY, "pipes between the stages" },
    { "pipe2", ONLY_ANY, "pipes between the stages" },
    { "pipe", ONLY_ANY, "pipes between the stages" },
    { "poll", ONLY_ANY, "pipes between the stages" },
    { "unlink", ONLY_ANY, "temporary files" },
    { "unlinkat", ONLY_ANY, "temporary files" },
    { "rename", ONLY_ANY, "the output" },
    { "renameat", ONLY_ANY, "the output" },
    { "renameat2", ONLY_ANY, "the output" },
    { "chmod", ONLY_ANY, "the linker makes its output executable" },
    { "fchmod", ONLY_ANY, "the linker makes its output executable" },
    { "fchmodat", ONLY_ANY, "the linker makes its output executable" },
    { "umask", ONLY_ANY, "the linker makes its output executable" },
    { "ftruncate", ONLY_ANY, "the output" },
    { "fallocate", ONLY_ANY, "the output" },
    { "mmap", ONLY_ANY, "memory, libraries" },
    { "mprotect", ONLY_ANY, "libraries" },
    { "munmap", ONLY_ANY, "memory" },
    { "mremap", ONLY_ANY, "memory" },
    { "madvise", ONLY_ANY, "memory" },
    { "brk", ONLY_ANY, "memory" },
    { "execve", ONLY_ANY, "the stages: cc1, as, collect2, ld" },
    { "vfork", ONLY_ANY, "the stages" },
    { "fork", ONLY_ANY, "the stages" },
    { "clone", ONLY_THREAD, "the stages; no new namespaces" },
    { "wait4", ONLY_ANY, "the stages" },
    { "exit", ONLY_ANY, "the end" },
    { "exit_group", ONLY_ANY, "the end" },
    { "rt_sigaction", ONLY_ANY, "the driver cleans up" },
    { "rt_sigprocmask", ONLY_ANY, "the driver cleans up" },
    { "rt_sigreturn", ONLY_ANY, "the driver cleans up" },
    { "sigaltstack", ONLY_ANY, "reports of a crash" },
    { "futex", ONLY_ANY, "the C library" },
    { "set_tid_address", ONLY_ANY, "the C library" },
    { "set_robust_list", ONLY_ANY, "the C library" },
    { "rseq", ONLY_ANY, "the C library" },
    { "arch_prctl", ONLY_ANY, "the C library" },
    { "getrandom", ONLY_ANY, "names of temporary files" },
    { "prlimit64", ONLY_ANY, "the compiler asks for its stack" },
    { "getrlimit", ONLY_ANY, "the compiler asks for its stack" },
    { "setrlimit", ONLY_ANY, "the compiler lowers or keeps its stack" },
    { "getrusage", ONLY_ANY, "time reports" },
    { "times", ONLY_ANY, "time reports" },
    { "clock_gettime", ONLY_ANY, "time reports" },
    { "sysinfo", ONLY_ANY, "sizes of the garbage collector" },
    { "getpid", ONLY_ANY, "names of temporary files" },
    { "gettid", ONLY_ANY, "abort" },
    { "tgkill", ONLY_ANY, "abort; nobody else is there" },
    { "getuid", ONLY_ANY, "the C library" },
    { "geteuid", ONLY_ANY, "the C library" },
    { "getgid", ONLY_ANY, "the C library" },
    { "getegid", ONLY_ANY, "the C library" },
    { "uname", ONLY_ANY, "the C library" },
    { "sched_getaffinity", ONLY_ANY, "how many threads to use" },
};

static const char *const compile_env[] = { "PATH=/usr/bin", "LC_ALL=C", "TMPDIR=/tmp", "HOME=/tmp",
    "SOURCE_DATE_EPOCH=0", NULL };

const struct profile profiles[SANDBOX_PROFILES] = {
    [SANDBOX_COMPILE] = {
        .mounts = compile_mounts,
        .mounts_count = COUNT_OF(compile_mounts),
        .calls = compile_calls,
        .calls_count = COUNT_OF(compile_calls),
        .errno_default = true,
        .own_root = true,
        .required = NAMESPACES | LAYER_BIT(LAYER_ROOT) | SELF,
        .container_required = SELF,
        .limits = { .wall_ms = 30000, .cpu_ms = 10000, .processes = 64, .files = 256,
            .memory = 1ull << 30, .disk = 64 << 20, .output = 1 << 20 },
        .env = compile_env,
        .cwd = "/tmp",
    },
    [SANDBOX_WORKER] = {
        .calls = filter_worker,
        .calls_count = FILTER_WORKER_COUNT,
        .required = NAMESPACES | LAYER_BIT(LAYER_ROOT) | SELF,
        .container_required = SELF,
        .limits = { .output = 1 << 20 },
    },
};
