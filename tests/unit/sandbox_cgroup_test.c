/* Control groups of version 2, in files that stand where the kernel's would: a tmpfs over the mount
 * of this process's own mount namespace. What the kernel does in such a folder is played here, at
 * the linker's edge (--wrap=mkdir,--wrap=rmdir): files come with a group, a group with members
 * stays. What it is not: the kernel's own limits. Nothing here shows that memory.max holds. */
#include "base/mem.h"
#include "sandbox/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define MOUNT "/sys/fs/cgroup"
enum { MEMORY = 64 << 20, TASKS = 7 };

static struct {
    const char *hands_down; /* the group whose children have controllers */
} kernel;

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);

static void put(const char *dir, const char *name, const char *text)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        abort();
    close(fd);
}

static const char *get(const char *dir, const char *name)
{
    static char text[256];
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    if (fd >= 0)
        close(fd);
    return n < 0 ? NULL : text;
}

static const char *const always[] = { "cgroup.procs", "cgroup.subtree_control", "cpu.stat" };
static const char *const controlled[] = { "memory.max", "memory.events", "pids.max",
    "pids.events" };

int __wrap_mkdir(const char *path, mode_t mode)
{
    int rc = __real_mkdir(path, mode);
    if (rc < 0 || strncmp(path, MOUNT "/", sizeof MOUNT) != 0)
        return rc;
    CLEANUP(mem_freep) char *above = mem_format("%.*s", (int)(strrchr(path, '/') - path), path);
    for (size_t i = 0; i < COUNT_OF(always); i++)
        put(path, always[i], "");
    for (size_t i = 0; i < COUNT_OF(controlled); i++)
        if (kernel.hands_down && strcmp(above, kernel.hands_down) == 0)
            put(path, controlled[i], strstr(controlled[i], "events") ? "oom_kill 0\nmax 0\n" : "");
    return 0;
}

static bool lives(pid_t pid)
{
    return pid > 0 && waitpid(pid, NULL, WNOHANG) == 0;
}

int __wrap_rmdir(const char *path)
{
    if (strncmp(path, MOUNT "/", sizeof MOUNT) != 0)
        return __real_rmdir(path);
    const char *members = get(path, "cgroup.procs");
    if (members && members[0] && (atoi(members) == 0 || lives((pid_t)atoi(members))))
        return errno = EBUSY, -1;
    for (size_t i = 0; i < COUNT_OF(always) + COUNT_OF(controlled); i++) {
        const char *name = i < COUNT_OF(always) ? always[i] : controlled[i - COUNT_OF(always)];
        CLEANUP(mem_freep) char *file = mem_format("%s/%s", path, name);
        unlink(file);
    }
    return __real_rmdir(path);
}

static void write_own(const char *file, const char *text)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        abort();
    close(fd);
}

/* A machine of version 2 alone; `own`: where this process is, as the kernel says it. */
static void machine(const char *own, const char *hands_down)
{
    CLEANUP(mem_freep) char *line = mem_format("0::%s\n", own);
    char file[] = "/tmp/moult-cgroup.XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    kernel.hands_down = NULL;
    assert_int_equal(mount("none", MOUNT, "tmpfs", 0, "size=1m,mode=755"), 0);
    write_own(file, line);
    assert_int_equal(mount(file, "/proc/self/cgroup", NULL, MS_BIND, NULL), 0);
    unlink(file);
    put(MOUNT, "cgroup.subtree_control", "");
    assert_int_equal(mkdir(MOUNT "/user", 0755), 0);
    assert_int_equal(mkdir(MOUNT "/user/ours", 0755), 0);
    kernel.hands_down = hands_down;
}

static int no_machine(void **state)
{
    (void)state;
    umount2("/proc/self/cgroup", MNT_DETACH);
    umount2(MOUNT, MNT_DETACH);
    return 0;
}

static void check_group(const struct cgroup *group, const char *above)
{
    assert_int_equal(group->count, 1);
    assert_true(strncmp(group->dirs[0], above, strlen(above)) == 0);
    assert_int_equal(strrchr(group->dirs[0], '/') - group->dirs[0], strlen(above));
    assert_string_equal(get(group->dirs[0], "memory.max"), "67108864");
    assert_string_equal(get(group->dirs[0], "pids.max"), "7");
    assert_string_equal(get(above, "cgroup.subtree_control"), "+memory +pids");
}

static void a_group_is_made_where_limits_are_handed_down(void **state)
{
    (void)state;
    static const struct row {
        const char *own, *hands_down;
    } rows[] = {
        { "/user/ours", MOUNT "/user/ours" }, /* nobody is in it but those that we start */
        { "/user/ours", MOUNT "/user" },      /* a delegated subtree: beside our own */
        { "/", MOUNT },                       /* a container's own view of the first of all */
        { "/of/the/host", MOUNT },            /* a container that is told a path of the host */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cgroup group;
        machine(rows[i].own, rows[i].hands_down);
        if (!cgroup_make(&group, MEMORY, TASKS))
            fail_msg("%s: no group", rows[i].own);
        check_group(&group, rows[i].hands_down);
        assert_true(cgroup_join(&group));
        assert_string_equal(get(group.dirs[0], "cgroup.procs"), "0"); /* who writes it */
        put(group.dirs[0], "cgroup.procs", "");
        cgroup_done(&group);
        assert_int_not_equal(access(group.dirs[0], F_OK), 0);
        no_machine(NULL);
    }
}

static unsigned count_ours(void)
{
    static const char *const places[] = { MOUNT, MOUNT "/user", MOUNT "/user/ours" };
    unsigned count = 0;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        DIR *folder = opendir(places[i]);
        for (struct dirent *entry; folder && (entry = readdir(folder));)
            count += strncmp(entry->d_name, "moult-", 6) == 0;
        if (folder)
            closedir(folder);
    }
    return count;
}

static void without_controllers_there_is_none(void **state)
{
    (void)state;
    static const char *const owns[] = { "/user/ours", "/", "/of/the/host" };
    for (size_t i = 0; i < COUNT_OF(owns); i++) {
        struct cgroup group;
        machine(owns[i], NULL);
        assert_false(cgroup_make(&group, MEMORY, TASKS));
        assert_int_equal(group.count, 0);
        assert_false(cgroup_join(&group));
        assert_false(cgroup_events(&group).memory);
        assert_int_equal(count_ours(), 0);
        no_machine(NULL);
    }
}

static void what_happened_is_read(void **state)
{
    (void)state;
    static const struct row {
        const char *memory, *pids;
        bool killed, refused;
    } rows[] = {
        { "low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n", "max 0\n", false, false },
        { "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n", "max 0\n", true, false },
        { "oom_kill 0\n", "max 3\nmax.imposed 0\n", false, true },
        { "oom_kill 2\n", "max 1\n", true, true },
        { "", "", false, false },
        { "oom_kill", "max", false, false },
        { "oom_kill -1\n", "max x\n", false, false },
    };
    struct cgroup group;
    machine("/user/ours", MOUNT "/user");
    assert_true(cgroup_make(&group, MEMORY, TASKS));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        put(group.dirs[0], "memory.events", rows[i].memory);
        put(group.dirs[0], "pids.events", rows[i].pids);
        struct cgroup_events events = cgroup_events(&group);
        if (events.memory != rows[i].killed || events.tasks != rows[i].refused)
            fail_msg("row %zu", i);
    }
    cgroup_done(&group);
}

/* Of all that were ever in it; what is no number is none. */
static void time_is_read(void **state)
{
    (void)state;
    static const struct row {
        const char *stat;
        uint64_t us;
    } rows[] = {
        { "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n", 1234567 },
        { "usage_usec 0\n", 0 },
        { "", 0 },
        { "usage_usec\n", 0 },
        { "user_usec 5\nusage_usec 7\n", 0 },
    };
    struct cgroup group;
    machine("/user/ours", MOUNT "/user");
    assert_true(cgroup_make(&group, MEMORY, TASKS));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        put(group.dirs[0], "cpu.stat", rows[i].stat);
        assert_int_equal(cgroup_cpu_us(&group), rows[i].us);
    }
    cgroup_done(&group);
    assert_int_equal(cgroup_cpu_us(&group), 0);
}

static pid_t start_sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static void who_is_still_in_it_is_ended(void **state)
{
    (void)state;
    struct cgroup group;
    char text[32];
    machine("/user/ours", MOUNT "/user");
    assert_true(cgroup_make(&group, MEMORY, TASKS));
    pid_t pid = start_sleeper();
    snprintf(text, sizeof text, "%d\n", (int)pid);
    put(group.dirs[0], "cgroup.procs", text);
    cgroup_done(&group);
    assert_false(lives(pid));
    assert_int_not_equal(access(group.dirs[0], F_OK), 0);
}

/* Numbers of processes of other pid namespaces are shown as 0: our own process group, to kill(2).
 */
static void a_dead_parents_group_goes_and_others_stay(void **state)
{
    (void)state;
    struct cgroup group;
    pid_t dead = start_sleeper(), living = start_sleeper();
    kill(dead, SIGKILL);
    waitpid(dead, NULL, 0);
    machine("/user/ours", MOUNT "/user");
    CLEANUP(mem_freep) char *left = mem_format(MOUNT "/user/moult-%d-3", (int)dead);
    CLEANUP(mem_freep) char *theirs = mem_format(MOUNT "/user/moult-%d-3", (int)living);
    CLEANUP(mem_freep) char *foreign = mem_format(MOUNT "/user/moult-%d-4", (int)dead);
    assert_int_equal(mkdir(left, 0755), 0);
    assert_int_equal(mkdir(theirs, 0755), 0);
    assert_int_equal(mkdir(foreign, 0755), 0);
    assert_int_equal(mkdir(MOUNT "/user/moult-x-1", 0755), 0);
    put(foreign, "cgroup.procs", "0\n");
    assert_true(cgroup_make(&group, MEMORY, TASKS));
    assert_int_not_equal(access(left, F_OK), 0);
    assert_int_equal(access(theirs, F_OK), 0);
    assert_int_equal(access(foreign, F_OK), 0); /* and this process lives */
    assert_int_equal(access(MOUNT "/user/moult-x-1", F_OK), 0);
    cgroup_done(&group);
    kill(living, SIGKILL);
    waitpid(living, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_group_is_made_where_limits_are_handed_down, no_machine),
        cmocka_unit_test_teardown(without_controllers_there_is_none, no_machine),
        cmocka_unit_test_teardown(what_happened_is_read, no_machine),
        cmocka_unit_test_teardown(time_is_read, no_machine),
        cmocka_unit_test_teardown(who_is_still_in_it_is_ended, no_machine),
        cmocka_unit_test_teardown(a_dead_parents_group_goes_and_others_stay, no_machine),
    };
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        perror("new namespaces");
        return 1;
    }
    CLEANUP(mem_freep) char *uids = mem_format("0 %u 1", uid);
    CLEANUP(mem_freep) char *gids = mem_format("0 %u 1", gid);
    write_own("/proc/self/setgroups", "deny");
    write_own("/proc/self/uid_map", uids);
    write_own("/proc/self/gid_map", gids);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
