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

/* What may be done at a place: write, run. What is not meant to run is mounted noexec. */
#define READ false, false
#define RUN false, true
#define WRITE true, false
#define BUILD true, true

/* And the toolchain's parts. With no other file there, the preprocessor can neither include one nor
 * tell whether it exists. */
static const struct sandbox_mount compile_mounts[] = {
    { "/dev/null", "/dev/null", WRITE },
    { NULL, "/tmp", WRITE },
};
static const char *const compile_held[] = { "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/include",
    NULL };

/* Libraries for a program of ours, which the caller names, and a place to write. */
static const struct sandbox_mount propose_mounts[] = {
    { "/usr/lib", "/usr/lib", RUN },
    { "/usr/lib64", "/usr/lib64", RUN },
    { "/dev/null", "/dev/null", WRITE },
    { NULL, "/tmp", WRITE },
    { NULL, "/scratch", WRITE },
};

/* The system, read-only, and of /etc what programs of it need to find their parts. Shared memory is
 * data: what is known to map code there (some script engines) does so elsewhere as well, since
 * containers have long had it noexec. */
static const struct sandbox_mount tool_mounts[] = {
    { "/usr", "/usr", RUN },
    { "/etc/alternatives", "/etc/alternatives", READ },
    { "/etc/ld.so.cache", "/etc/ld.so.cache", READ },
    { "/etc/localtime", "/etc/localtime", READ },
    { "/etc/passwd", "/etc/passwd", READ },
    { "/etc/group", "/etc/group", READ },
    { "/etc/nsswitch.conf", "/etc/nsswitch.conf", READ },
    { "/etc/mime.types", "/etc/mime.types", READ },
    { "/etc/ssl/openssl.cnf", "/etc/ssl/openssl.cnf", READ },
    { "/etc/ssl/certs", "/etc/ssl/certs", READ },
    { "/dev/null", "/dev/null", WRITE },
    { "/dev/zero", "/dev/zero", WRITE },
    { "/dev/full", "/dev/full", WRITE },
    { "/dev/random", "/dev/random", READ },
    { "/dev/urandom", "/dev/urandom", READ },
    { NULL, "/tmp", BUILD },
    { NULL, "/dev/shm", WRITE },
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
        .toolchain = true,
        .held = compile_held,
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
        .network = true,
        .builds = true,
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
        .model = true,
        .required = NAMESPACES | LAYER_BIT(LAYER_ROOT) | SELF,
        .container_required = SELF,
        .wanted = LAYER_BIT(LAYER_CGROUP) | LAYER_BIT(LAYER_OWN_UID),
        .limits = { .wall_ms = 1800000, .cpu_ms = 1800000, .processes = 64, .files = 256,
            .memory = 2ull << 30, .disk = 256 << 20, .output = 1 << 20 },
        .env = propose_env,
        .cwd = "/scratch",
    },
};
