/* lock - see lock.h. The steps are a table in the order in which they must come: what needs /proc
 * first, what needs capabilities next, the filter last. */
#include "lock/lock.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/securebits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than Debian 12's headers (linux/landlock.h of 6.18: ABI 7). */
struct ruleset {
    uint64_t fs, net, scoped;
};
enum { LANDLOCK_ABI_QUERY = 1, FILTER_MAX = 4096, MAPS_MAX = 1 << 20, CAPS_LAST = 63 };
static const uint64_t fs_rights[] = { 0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff, 0xffff, 0xffff };
static const uint64_t net_rights[] = { 0, 0, 0, 0, 3, 3, 3, 3 };
static const uint64_t scopes[] = { 0, 0, 0, 0, 0, 0, 3, 3 };

struct locking {
    const struct lock_plan *plan;
    struct sock_filter *filter;
    size_t filter_count;
};

/* The vDSO answers clock calls without the kernel, so no filter sees them: it is unmapped. */
static int unmap_vdso(struct locking *locking, struct err *err)
{
    (void)locking;
    CLEANUP(fd_closep) int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    CLEANUP(buf_done) struct buf maps = { 0 };
    if (fd < 0)
        return err_sys(err, "open /proc/self/maps");
    int rc = read_to_end(fd, &maps, MAPS_MAX, err);
    if (rc < 0)
        return rc;
    for (char *line = maps.at, *end; line && *line; line = end ? end + 1 : NULL) {
        unsigned long from, to;
        end = strchr(line, '\n');
        if (end)
            *end = 0;
        bool clock = strstr(line, "[vvar") || strstr(line, "[vdso]");
        if (clock && sscanf(line, "%lx-%lx", &from, &to) == 2 &&
            munmap((void *)from, to - from) < 0)
            return err_sys(err, "unmap the vDSO");
    }
    return prctl(PR_SET_TSC, PR_TSC_SIGSEGV) < 0 ? err_sys(err, "switch off the TSC") : 0;
}

static int load_filter(struct locking *locking, struct err *err)
{
    struct stat st;
    int fd = locking->plan->filter_fd;
    if (fstat(fd, &st) < 0)
        return err_sys(err, "the filter's descriptor");
    size_t size = (size_t)st.st_size;
    if (size == 0 || size % sizeof *locking->filter || size / sizeof *locking->filter > FILTER_MAX)
        return err_set(err, ERR_DEFECT, "the filter is none");
    locking->filter = mem_alloc(size);
    locking->filter_count = size / sizeof *locking->filter;
    if (pread(fd, locking->filter, size, 0) != (ssize_t)size)
        return err_sys(err, "read the filter");
    close(fd);
    return 0;
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int close_others(struct locking *locking, struct err *err)
{
    const struct lock_plan *plan = locking->plan;
    int keep[64] = { 0, 1, 2 };
    unsigned count = 3;
    if (plan->keep_count + count > COUNT_OF(keep))
        return err_set(err, ERR_DEFECT, "too many descriptors to keep");
    for (unsigned i = 0; i < plan->keep_count; i++)
        keep[count++] = plan->keep[i];
    qsort(keep, count, sizeof *keep, by_number);
    unsigned from = 0;
    for (unsigned i = 0; i < count; i++) {
        if ((unsigned)keep[i] > from && close_range(from, (unsigned)keep[i] - 1, 0) < 0)
            return err_sys(err, "close descriptors");
        from = (unsigned)keep[i] + 1;
    }
    return close_range(from, ~0u, 0) < 0 ? err_sys(err, "close descriptors") : 0;
}

/* pivot_root(2), "pivot_root(".", ".")": the old root ends up under the new one and is detached. */
static int empty_root(struct locking *locking, struct err *err)
{
    (void)locking;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_sys(err, "make mounts private");
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount("none", "/tmp", "tmpfs", flags, "size=4k,nr_inodes=2,mode=000") < 0)
        return err_sys(err, "mount the empty root");
    if (chdir("/tmp") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return err_sys(err, "pivot to the empty root");
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) < 0)
        return err_sys(err, "make the empty root read-only");
    return 0;
}

static int limit(int resource, uint64_t value, struct err *err)
{
    struct rlimit wanted = { value, value };
    return setrlimit((__rlimit_resource_t)resource, &wanted) < 0
               ? err_sys(err, "rlimit %d", resource)
               : 0;
}

static int set_limits(struct locking *locking, struct err *err)
{
    const struct lock_plan *plan = locking->plan;
    struct rlimit cores = { .rlim_max = 0 };
    int rc = 0;
    getrlimit(RLIMIT_CORE, &cores);
    /* core(5): 1 stops a handler behind a pipe, too, which 0 does not. */
    if ((rc = limit(RLIMIT_CORE, cores.rlim_max > 0, err)) < 0 ||
        (rc = limit(RLIMIT_FSIZE, 0, err)) < 0 || (rc = limit(RLIMIT_NPROC, 0, err)) < 0 ||
        (rc = limit(RLIMIT_STACK, plan->stack_max, err)) < 0)
        return rc;
    if (plan->memory_max == 0)
        return 0;
    if ((rc = limit(RLIMIT_AS, plan->memory_max, err)) < 0)
        return rc;
    return limit(RLIMIT_DATA, plan->memory_max, err);
}

int lock_no_new_privileges(struct err *err)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_sys(err, "no new privileges") : 0;
}

int lock_drop_bound(struct err *err)
{
    for (int cap = 0; cap <= CAPS_LAST; cap++)
        if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
            errno != EPERM)
            return err_sys(err, "drop capability %d", cap);
    return 0;
}

int lock_drop_capabilities(struct err *err)
{
    const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                               SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED;
    int rc = lock_drop_bound(err);
    if (rc < 0)
        return rc;
    if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 && errno != EPERM)
        return err_sys(err, "secure bits");
    struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct none[2] = { { 0 } };
    if (syscall(SYS_capset, &head, none) < 0)
        return err_sys(err, "drop capabilities");
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? err_sys(err, "dumpable") : 0;
}

static int add_rule(int ruleset, const struct lock_rule *rule, uint64_t all, struct err *err)
{
    enum { RULE_PATH_BENEATH = 1, EXECUTE = 0x1, READ = 0x4 | 0x8 }; /* files, folders */
    const uint64_t file_rights =
        0x1 | 0x2 | 0x4 | 0x4000 | 0x8000; /* execute, write, read, truncate, ioctl */
    struct __attribute__((packed)) {
        uint64_t allowed;
        int32_t parent;
    } beneath = { (rule->write ? all & ~(uint64_t)EXECUTE : READ) | (rule->run ? EXECUTE : 0), -1 };
    struct stat st;
    CLEANUP(fd_closep) int fd = open(rule->path, O_PATH | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(err, "Landlock: %s", rule->path);
    if (rule->same && (st.st_dev != rule->same->st_dev || st.st_ino != rule->same->st_ino))
        return err_set(err, ERR_DENIED, "%s was replaced while the run started", rule->path);
    if (!S_ISDIR(st.st_mode))
        beneath.allowed &= file_rights;
    beneath.parent = fd;
    if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &beneath, 0) < 0)
        return err_sys(err, "Landlock: %s", rule->path);
    return 0;
}

static int add_port(int ruleset, uint16_t port, struct err *err)
{
    enum { RULE_NET_PORT = 2, CONNECT_TCP = 2 };
    const struct {
        uint64_t allowed, port;
    } rule = { CONNECT_TCP, port };
    return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) < 0
               ? err_sys(err, "Landlock: port %u", port)
               : 0;
}

int lock_landlock(
    const struct lock_rule *rules, unsigned count, const struct lock_ports *ports, struct err *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_ABI_QUERY);
    if (abi < 1)
        return err_sys(err, "Landlock");
    size_t row = (size_t)abi < COUNT_OF(fs_rights) ? (size_t)abi : COUNT_OF(fs_rights) - 1;
    struct ruleset ruleset = { fs_rights[row], ports->any ? 0 : net_rights[row], scopes[row] };
    size_t size = row >= 6 ? sizeof ruleset : row >= 4 ? 16 : 8;
    CLEANUP(fd_closep) int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
    if (fd < 0)
        return err_sys(err, "Landlock");
    for (unsigned i = 0; i < count; i++) {
        int rc = add_rule(fd, &rules[i], ruleset.fs, err);
        if (rc < 0)
            return rc;
    }
    int rc = ports->connect && ruleset.net ? add_port(fd, ports->connect, err) : 0;
    if (rc < 0)
        return rc;
    return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? err_sys(err, "Landlock") : 0;
}

static int no_new_privileges(struct locking *locking, struct err *err)
{
    (void)locking;
    return lock_no_new_privileges(err);
}

static int drop_capabilities(struct locking *locking, struct err *err)
{
    (void)locking;
    return lock_drop_capabilities(err);
}

/* No rule: nothing of a file system, no TCP, no abstract socket or signal to others. */
static int landlock(struct locking *locking, struct err *err)
{
    (void)locking;
    const struct lock_ports none = { .connect = 0 };
    return lock_landlock(NULL, 0, &none, err);
}

static int filter(struct locking *locking, struct err *err)
{
    struct sock_fprog program = { (unsigned short)locking->filter_count, locking->filter };
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return err_sys(err, "seccomp");
    return 0;
}

static const struct step {
    int (*run)(struct locking *, struct err *);
    const char *name;
    uint32_t layers; /* in force when it has succeeded; 0: it must succeed */
} steps[] = {
    { load_filter, "filter", 0 },
    { unmap_vdso, "clock", 0 },
    { close_others, "descriptors", 0 },
    { empty_root, "root", LAYER_BIT(LAYER_ROOT) },
    { set_limits, "rlimits", LAYER_BIT(LAYER_RLIMITS) },
    { no_new_privileges, "no_new_privs", LAYER_BIT(LAYER_NO_NEW_PRIVS) },
    { drop_capabilities, "caps", LAYER_BIT(LAYER_CAPS) },
    { landlock, "landlock", LAYER_BIT(LAYER_LANDLOCK) },
    { filter, "seccomp", LAYER_BIT(LAYER_SECCOMP) },
};

int lock_self(const struct lock_plan *plan, uint32_t *ret_layers, struct err *err)
{
    struct locking locking = { .plan = plan };
    uint32_t layers = plan->inherited;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        int rc = steps[i].run(&locking, err);
        if (rc == 0) {
            layers |= steps[i].layers;
        } else if (!steps[i].layers || (steps[i].layers & plan->required)) {
            err_while(err, "layer %s", steps[i].name);
            if (err)
                err->code = ERR_LACKS;
            return -ERR_LACKS;
        }
    }
    uint32_t missing = plan->required & ~layers;
    if (missing)
        return err_set(err, ERR_LACKS, "layers required and not in force: bits %#x", missing);
    *ret_layers = layers;
    return 0;
}

static int variable(const char *name, int base, uint32_t *ret, struct err *err)
{
    const char *text = getenv(name);
    char *end;
    unsigned long value = text ? strtoul(text, &end, base) : 0;
    if (!text || *end || value > UINT32_MAX) {
        err_set(
            err, ERR_LACKS, "%s is not given: this program is started by moult's sandbox", name);
        return err_hint(err, "use the moult command");
    }
    *ret = (uint32_t)value;
    return unsetenv(name) < 0 ? err_sys(err, "environment") : 0;
}

int lock_plan_inherited(struct lock_plan *plan, struct err *err)
{
    enum { DECIMAL = 10, HEX = 16 };
    uint32_t fd;
    int rc = variable("MOULT_LOCK_FD", DECIMAL, &fd, err);
    if (rc < 0 || (rc = variable("MOULT_LOCK_LAYERS", HEX, &plan->inherited, err)) < 0 ||
        (rc = variable("MOULT_LOCK_REQUIRED", HEX, &plan->required, err)) < 0)
        return rc;
    plan->filter_fd = (int)fd;
    return 0;
}
