/* profile - see profile.h. */
#include "sandbox/profile.h"

#include "base/mem.h"
#include "sandbox/calls.h"

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
    { NULL, "/tmp", true },
};

/* Libraries for a program of ours, which the caller names, and a place to write. */
static const struct sandbox_mount propose_mounts[] = {
    { "/usr/lib", "/usr/lib", false },
    { "/usr/lib64", "/usr/lib64", false },
    { "/dev/null", "/dev/null", true },
    { NULL, "/tmp", true },
    { NULL, "/scratch", true },
};

/* The system, read-only, and of /etc what programs of it need to find their parts. */
static const struct sandbox_mount tool_mounts[] = {
    { "/usr", "/usr", false },
    { "/etc/alternatives", "/etc/alternatives", false },
    { "/etc/ld.so.cache", "/etc/ld.so.cache", false },
    { "/etc/localtime", "/etc/localtime", false },
    { "/etc/passwd", "/etc/passwd", false },
    { "/etc/group", "/etc/group", false },
    { "/etc/nsswitch.conf", "/etc/nsswitch.conf", false },
    { "/etc/mime.types", "/etc/mime.types", false },
    { "/etc/ssl/openssl.cnf", "/etc/ssl/openssl.cnf", false },
    { "/etc/ssl/certs", "/etc/ssl/certs", false },
    { "/dev/null", "/dev/null", true },
    { "/dev/zero", "/dev/zero", true },
    { "/dev/full", "/dev/full", true },
    { "/dev/random", "/dev/random", false },
    { "/dev/urandom", "/dev/urandom", false },
    { NULL, "/tmp", true },
    { NULL, "/dev/shm", true },
};

static const char *const compile_env[] = { "PATH=/usr/bin", "LC_ALL=C", "TMPDIR=/tmp", "HOME=/tmp",
    "SOURCE_DATE_EPOCH=0", NULL };
/* git ends where it sees that /etc/gitconfig is there and may not be read. */
static const char *const tool_env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
    "TMPDIR=/tmp", "HOME=/tmp", "TERM=dumb", "GIT_CONFIG_NOSYSTEM=1", NULL };
static const char *const propose_env[] = { "PATH=/usr/bin", "LC_ALL=C", "TMPDIR=/scratch",
    "HOME=/scratch", NULL };

const struct profile profiles[SANDBOX_PROFILES] = {
    [SANDBOX_COMPILE] = {
        .mounts = compile_mounts,
        .mounts_count = COUNT_OF(compile_mounts),
        .calls = { &calls_compile },
        .own_root = true,
        .required = NAMESPACES | LAYER_BIT(LAYER_ROOT) | SELF,
        .container_required = SELF,
        .wanted = LAYER_BIT(LAYER_CGROUP) | LAYER_BIT(LAYER_OWN_UID),
        .limits = { .wall_ms = 30000, .cpu_ms = 10000, .processes = 64, .files = 256,
            .memory = 1ull << 30, .disk = 64 << 20, .output = 1 << 20 },
        .env = compile_env,
        .cwd = "/tmp",
    },
    [SANDBOX_WORKER] = {
        .calls = { &calls_worker },
        .required = NAMESPACES | LAYER_BIT(LAYER_ROOT) | SELF,
        .container_required = SELF,
        .wanted = LAYER_BIT(LAYER_OWN_UID),
        .limits = { .output = 1 << 20 },
    },
    [SANDBOX_TOOL] = {
        .mounts = tool_mounts,
        .mounts_count = COUNT_OF(tool_mounts),
        .calls = { &calls_run, &calls_files, &calls_children },
        .own_root = true,
        .proc = true,
        .required = NAMESPACES | LAYER_BIT(LAYER_ROOT) | SELF,
        .container_required = SELF,
        .wanted = LAYER_BIT(LAYER_CGROUP) | LAYER_BIT(LAYER_OWN_UID),
        .limits = { .wall_ms = 600000, .cpu_ms = 600000, .processes = 256, .files = 1024,
            .memory = 4ull << 30, .disk = 1ull << 30, .output = 4 << 20 },
        .env = tool_env,
        .cwd = "/tmp",
    },
    [SANDBOX_PROPOSE] = {
        .mounts = propose_mounts,
        .mounts_count = COUNT_OF(propose_mounts),
        .program_place = "/program",
        .calls = { &calls_run, &calls_files, &calls_children },
        .own_root = true,
        .required = NAMESPACES | LAYER_BIT(LAYER_ROOT) | SELF,
        .container_required = SELF,
        .wanted = LAYER_BIT(LAYER_CGROUP) | LAYER_BIT(LAYER_OWN_UID),
        .limits = { .wall_ms = 1800000, .cpu_ms = 1800000, .processes = 64, .files = 256,
            .memory = 2ull << 30, .disk = 256 << 20, .output = 1 << 20 },
        .env = propose_env,
        .cwd = "/scratch",
    },
};
