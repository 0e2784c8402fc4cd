/* Every hostile attempt of tests/redteam/sandbox_probe.c, in every profile that runs a program of
 * others, in both tiers; and without any sandbox, to show that there it gets through. */
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { GOT_THROUGH = 0, REFUSED = 42 };
static const enum sandbox_profile profiles[] = { SANDBOX_COMPILE, SANDBOX_TOOL, SANDBOX_PROPOSE };

/* Not in /tmp: every run has a /tmp of its own. */
static char base[] = "/var/tmp/moult-probes-test.XXXXXX";
static char work[64], secret[64], port[16], parent[16];
static struct sockaddr_un listener = { .sun_family = AF_UNIX };
static int listeners[2];

static int listen_on(const struct sockaddr *address, socklen_t size, int number)
{
    listeners[number] = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(listeners[number], address, size) < 0 ? -1 : listen(listeners[number], 64);
}

static int begin(void **state)
{
    (void)state;
    struct sockaddr_in here = { .sin_family = AF_INET };
    socklen_t size = sizeof here;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!mkdtemp(base) || chmod(base, 0711) < 0)
        return -1;
    snprintf(work, sizeof work, "%s/work", base);
    snprintf(secret, sizeof secret, "%s/secret", base);
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    snprintf(listener.sun_path, sizeof listener.sun_path, "%s/socket", base);
    setenv("MOULT_SECRET", "secret", 1);
    if (file_mkdirs(work, 0777, NULL) < 0 || chmod(work, 0777) < 0 ||
        file_write(secret, STR("key"), 0644, NULL) < 0 ||
        listen_on((struct sockaddr *)&here, sizeof here, 0) < 0 ||
        listen_on((struct sockaddr *)&listener, sizeof listener, 1) < 0 ||
        chmod(listener.sun_path, 0777) < 0 ||
        getsockname(listeners[0], (struct sockaddr *)&here, &size) < 0)
        return -1;
    snprintf(port, sizeof port, "%d", ntohs(here.sin_port));
    return 0;
}

static int end(void **state)
{
    (void)state;
    close(listeners[0]);
    close(listeners[1]);
    return file_remove_tree(base, NULL);
}

/* Where the refusal holds beside the strong tier. Without a root of its own a run can still look at
 * names, and what its uid owns it may change: that is why that tier must be asked for. */
enum where { EVERYWHERE, WITH_OWN_UID, STRONG_ONLY };

static const struct row {
    const char *name, *argument;
    const char *unsure; /* why it may fail without a sandbox, too; NULL: as root it gets through */
    enum where where;
} rows[] = {
    { "read", secret, NULL, EVERYWHERE },
    { "read", "/etc/shadow", NULL, EVERYWHERE },
    { "write", secret, NULL, EVERYWHERE },
    { "write", "/usr/bin/moult-planted", "not tried: it would stay", EVERYWHERE },
    { "list", "/root", NULL, EVERYWHERE },
    { "list", "/home", NULL, EVERYWHERE },
    { "read-by-symlink", secret, NULL, EVERYWHERE },
    { "read-by-hardlink", secret, NULL, EVERYWHERE },
    { "read-by-dots", secret, NULL, EVERYWHERE },
    { "read-by-proc-root", secret, "init may be out of reach for root, too", EVERYWHERE },
    { "stat", secret, NULL, STRONG_ONLY },
    { "chmod", secret, NULL, WITH_OWN_UID },
    { "chown", secret, NULL, WITH_OWN_UID },
    { "utimes", secret, NULL, WITH_OWN_UID },
    { "other-process", parent, NULL, EVERYWHERE },
    { "memory-of-first", "", "init may be out of reach for root, too", EVERYWHERE },
    { "environment-of-first", "", "init may be out of reach for root, too", EVERYWHERE },
    { "core-pattern", "", NULL, EVERYWHERE },
    { "environment", "MOULT_SECRET", NULL, EVERYWHERE },
    { "descriptors", "4", NULL, EVERYWHERE },
    { "inet", "", NULL, EVERYWHERE },
    { "inet6", "", "a machine may have none", EVERYWHERE },
    { "unix", "", NULL, EVERYWHERE },
    { "netlink", "", NULL, EVERYWHERE },
    { "vsock", "", "a machine may have none", EVERYWHERE },
    { "packet", "", NULL, EVERYWHERE },
    { "connect", port, NULL, EVERYWHERE },
    { "connect-unix", listener.sun_path, NULL, EVERYWHERE },
    { "datagram", "", NULL, EVERYWHERE },
    { "ptrace", parent, "not tried: it would be traced", EVERYWHERE },
    { "ptrace-child", "", NULL, EVERYWHERE },
    { "read-memory", "", NULL, EVERYWHERE },
    { "signal", parent, NULL, EVERYWHERE },
    { "mount", "", NULL, EVERYWHERE },
    { "fsopen", "", NULL, EVERYWHERE },
    { "unshare", "", NULL, EVERYWHERE },
    { "clone", "", NULL, EVERYWHERE },
    { "clone3", "", NULL, EVERYWHERE },
    { "setns", "", "init may be out of reach for root, too", EVERYWHERE },
    { "chroot", "", NULL, EVERYWHERE },
    { "io-uring", "", "a machine may have none", EVERYWHERE },
    { "bpf", "", NULL, EVERYWHERE },
    { "userfaultfd", "", NULL, EVERYWHERE },
    { "perf", "", "a machine may have none", EVERYWHERE },
    { "keyring", "", NULL, EVERYWHERE },
    { "handle", "", "not every file system has handles", EVERYWHERE },
    { "device", "", NULL, EVERYWHERE },
    { "type", "", "a test has no terminal", EVERYWHERE },
    { "set-uid", "", NULL, EVERYWHERE },
    { "int80", "", "a kernel may lack the 32-bit calls", EVERYWHERE },
    { "x32", "", "a kernel may lack them", EVERYWHERE },
    { "memfd-exec", "", NULL, EVERYWHERE },
    { "raise-limits", "", "root in a container may lack the right", EVERYWHERE },
    { "capability-bound", "", NULL, WITH_OWN_UID },
    { "capabilities", "", NULL, EVERYWHERE },
    { "pivot_root", "", NULL, EVERYWHERE },
    { "umount", "", NULL, EVERYWHERE },
    { "move_mount", "", NULL, EVERYWHERE },
    { "open_tree", "", NULL, EVERYWHERE },
    { "mount_setattr", "", NULL, EVERYWHERE },
    { "swapon", "", NULL, EVERYWHERE },
    { "swapoff", "", NULL, EVERYWHERE },
    { "acct", "", "a kernel may lack it", EVERYWHERE },
    { "reboot", "", NULL, EVERYWHERE },
    { "kexec", "", "a kernel may lack it", EVERYWHERE },
    { "init_module", "", "a kernel may lack it", EVERYWHERE },
    { "finit_module", "", "a kernel may lack it", EVERYWHERE },
    { "delete_module", "", "a kernel may lack it", EVERYWHERE },
    { "syslog", "", "root in a container may lack the right", EVERYWHERE },
    { "quotactl", "", "a kernel may lack it", EVERYWHERE },
    { "sethostname", "", NULL, EVERYWHERE },
    { "setdomainname", "", NULL, EVERYWHERE },
    { "clock_settime", "", NULL, EVERYWHERE },
    { "add_key", "", NULL, EVERYWHERE },
    { "request_key", "", NULL, EVERYWHERE },
    { "fanotify", "", "a kernel may lack it", EVERYWHERE },
    { "kcmp", "", "a kernel may lack it", EVERYWHERE },
    { "pidfd_getfd", "", NULL, EVERYWHERE },
    { "process_vm_writev", "", NULL, EVERYWHERE },
    { "process_madvise", "", NULL, EVERYWHERE },
    { "personality", "", NULL, EVERYWHERE },
    { "vmsplice", "", NULL, EVERYWHERE },
    { "memfd_create", "", NULL, EVERYWHERE },
    { "migrate_pages", "", "a kernel may lack it", EVERYWHERE },
    { "move_pages", "", "a kernel may lack it", EVERYWHERE },
    { "mq_open", "", "a kernel may lack it", EVERYWHERE },
    { "shmget", "", NULL, EVERYWHERE },
    { "msgget", "", NULL, EVERYWHERE },
    { "semget", "", NULL, EVERYWHERE },
    { "io_setup", "", "a kernel may lack it", EVERYWHERE },
    { "openat2", "", NULL, EVERYWHERE },
    { "sched_setscheduler", "", NULL, EVERYWHERE },
    { "setxattr", "", NULL, EVERYWHERE },
    { "seccomp", "", NULL, EVERYWHERE },
    { "prctl", "", NULL, EVERYWHERE },
    { "iopl", "", "a kernel may lack it", EVERYWHERE },
    { "ioperm", "", "a kernel may lack it", EVERYWHERE },
    { "modify_ldt", "", "a kernel may lack it", EVERYWHERE },
};

static void run_probe(struct sandbox_result *result, enum sandbox_profile profile,
    enum sandbox_tier tier, const char *name, const char *argument, struct sandbox_limits limits)
{
    const struct sandbox_mount mounts[] = { { work, work, true },
        { MOULT_PROBE, MOULT_PROBE, false } };
    const char *argv[] = { MOULT_PROBE, name, argument, NULL };
    struct err err = { 0 };
    const struct sandbox_run run = { .profile = profile,
        .tier = tier,
        .argv = argv,
        .cwd = work,
        .mounts = mounts,
        .mounts_count = COUNT_OF(mounts),
        .limits = limits };
    if (sandbox_run(&run, result, &err) < 0)
        fail_msg("%s in %s: %s (%s)", name, sandbox_profile_words[profile], err.text, err.hint);
    assert_int_equal(result->tier, tier);
}

static void empty_work(void)
{
    assert_int_equal(file_remove_tree(work, NULL), 0);
    assert_int_equal(file_mkdirs(work, 0777, NULL), 0);
    assert_int_equal(chmod(work, 0777), 0);
}

static bool holds(const struct row *row, enum sandbox_tier tier)
{
    return tier == SANDBOX_STRONG || row->where == EVERYWHERE ||
           (row->where == WITH_OWN_UID && geteuid() == 0);
}

static void try_all(enum sandbox_tier tier)
{
    for (size_t p = 0; p < COUNT_OF(profiles); p++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            struct sandbox_result result;
            if (!holds(&rows[i], tier))
                continue;
            run_probe(&result, profiles[p], tier, rows[i].name, rows[i].argument,
                (struct sandbox_limits){ 0 });
            /* Another architecture's calls end the process instead. */
            if (result.exit_code != REFUSED && result.signal == 0)
                fail_msg("%s %s in %s: exit %d, said \"%s\"", rows[i].name, rows[i].argument,
                    sandbox_profile_words[profiles[p]], result.exit_code,
                    result.out.at ? result.out.at : "");
            sandbox_result_done(&result);
        }
        empty_work();
    }
}

static void nothing_gets_through(void **state)
{
    (void)state;
    int secret_fd = open(secret, O_RDONLY); /* not for a child */
    assert_int_equal(fd_cloexec(secret_fd, false, NULL), 0);
    try_all(SANDBOX_STRONG);
    close(secret_fd);
}

/* Without a sandbox, as root, in a mount namespace of its own. */
static void without_it_they_get_through(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    int kept = open(secret, O_RDONLY);
    assert_int_equal(fd_cloexec(kept, false, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(mem_freep)
        char *command = mem_format("cd %s && %s '%s' '%s' >/dev/null 2>&1", work, MOULT_PROBE,
            rows[i].name, rows[i].argument);
        int status = rows[i].unsure ? 0 : system(command);
        if (status != 0)
            fail_msg("%s %s is refused without a sandbox, so it shows nothing: %d", rows[i].name,
                rows[i].argument, status);
    }
    close(kept);
    empty_work();
}

static const struct bomb {
    const char *name;
    struct sandbox_limits limits;
    enum sandbox_limit want;
} bombs[] = {
    { "fork-bomb", { .processes = 40 }, LIMIT_PROCESSES },
    { "thread-bomb", { .processes = 40 }, LIMIT_PROCESSES },
    { "memory-bomb", { .memory = 64 << 20 }, LIMIT_MEMORY },
    { "memory-bomb-in-parts", { .memory = 64 << 20 }, LIMIT_MEMORY },
    { "byte-bomb", { .disk = 4 << 20 }, LIMIT_DISK },
    { "file-bomb", { .disk = 4 << 20 }, LIMIT_DISK },
    { "descriptor-bomb", { .files = 50 }, LIMIT_FILES },
    { "output-bomb", { .output = 100000 }, LIMIT_OUTPUT },
    { "time-bomb", { .cpu_ms = 200 }, LIMIT_CPU },
    { "time-bomb-in-parts", { .cpu_ms = 200 }, LIMIT_CPU },
};

static void end_all(enum sandbox_tier tier)
{
    for (size_t p = 0; p < COUNT_OF(profiles); p++) {
        for (size_t i = 0; i < COUNT_OF(bombs); i++) {
            struct sandbox_result result;
            struct sandbox_limits limits = bombs[i].limits;
            limits.wall_ms = 30000;
            run_probe(&result, profiles[p], tier, bombs[i].name, "", limits);
            if (result.limit != bombs[i].want)
                fail_msg("%s in %s: limit %s, exit %d, signal %d", bombs[i].name,
                    sandbox_profile_words[profiles[p]], sandbox_limit_words[result.limit],
                    result.exit_code, result.signal);
            sandbox_result_done(&result);
            empty_work();
        }
    }
}

static void every_bomb_ends_by_its_name(void **state)
{
    (void)state;
    end_all(SANDBOX_STRONG);
}

/* The daemon holds descriptor 3: its end of file comes when the last process has gone. */
static void leave_daemons(enum sandbox_tier tier)
{
    for (size_t p = 0; p < COUNT_OF(profiles); p++) {
        int ends[2];
        char byte;
        struct sandbox *sandbox;
        struct sandbox_result result;
        struct err err = { 0 };
        const struct sandbox_mount mounts[] = { { work, work, true },
            { MOULT_PROBE, MOULT_PROBE, false } };
        const char *argv[] = { MOULT_PROBE, "daemon", NULL };
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        const struct sandbox_run run = { .profile = profiles[p],
            .tier = tier,
            .argv = argv,
            .cwd = work,
            .mounts = mounts,
            .mounts_count = COUNT_OF(mounts),
            .fds = &ends[1],
            .fds_count = 1 };
        assert_int_equal(sandbox_start(&sandbox, &run, &err), 0);
        close(ends[1]);
        assert_int_equal(sandbox_wait(sandbox, &result, &err), 0);
        assert_int_equal(result.exit_code, GOT_THROUGH); /* it was there */
        assert_int_equal(read(ends[0], &byte, 1), 0);    /* and is no more */
        close(ends[0]);
        sandbox_result_done(&result);
    }
}

static void no_daemon_stays(void **state)
{
    (void)state;
    leave_daemons(SANDBOX_STRONG);
}

/* Last: this process cannot make namespaces after it. */
static void the_same_without_namespaces(void **state)
{
    (void)state;
    without_namespaces();
    try_all(SANDBOX_CONTAINER);
    end_all(SANDBOX_CONTAINER);
    leave_daemons(SANDBOX_CONTAINER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gets_through),
        cmocka_unit_test(without_it_they_get_through),
        cmocka_unit_test(every_bomb_ends_by_its_name),
        cmocka_unit_test(no_daemon_stays),
        cmocka_unit_test(the_same_without_namespaces),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
