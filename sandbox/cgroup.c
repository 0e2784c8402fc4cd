/* cgroup - see cgroup.h. */
#include "sandbox/cgroup.h"

#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOUNT "/sys/fs/cgroup"
#define PREFIX "moult-"
enum { TEXT_MAX = 4096 };

/* Where each version keeps what: version 2 has one folder, version 1 one for each controller. */
static const struct controller {
    const char *name;
    const char *limit[2], *events[2], *word; /* by version - 1; the word before the count */
} controllers[] = {
    { "memory", { "memory.limit_in_bytes", "memory.max" },
        { "memory.oom_control", "memory.events" }, "oom_kill " },
    { "pids", { "pids.max", "pids.max" }, { "pids.events", "pids.events" }, "max " },
};

static bool put(const char *dir, const char *name, const char *text)
{
    char path[CGROUP_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool get(const char *path, char out[TEXT_MAX])
{
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, TEXT_MAX - 1);
    out[n > 0 ? n : 0] = 0;
    return n >= 0;
}

/* Whoever is still in it. False: somebody is of another pid namespace, and shows as 0, which would
 * be our own process group. */
static bool kill_members(const char *dir)
{
    char path[CGROUP_PATH_MAX + 316], text[TEXT_MAX];
    snprintf(path, sizeof path, "%s/cgroup.procs", dir);
    if (!get(path, text))
        return true;
    char *at = text;
    for (char *end; (end = strchr(at, '\n')); at = end + 1) {
        pid_t pid = (pid_t)atoi(at);
        if (pid <= 0)
            return false;
        kill(pid, SIGKILL);
    }
    return true;
}

/* Without a pid namespace a run that lost its init has nobody else to end it. Who was killed leaves
 * the group a moment later, and is not always listed until then. */
static void remove_group(const char *dir)
{
    enum { ROUNDS_MAX = 400, MS_NS = 1000000 };
    for (int round = 0; round < ROUNDS_MAX; round++) {
        if (rmdir(dir) == 0 || errno != EBUSY || !kill_members(dir))
            return;
        nanosleep(&(struct timespec){ .tv_nsec = MS_NS }, NULL);
    }
}

/* A parent that was killed could not remove its groups. One of a dead process goes, and who is in
 * it. */
static void sweep(const char *above)
{
    DIR *folder = opendir(above);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[CGROUP_PATH_MAX + 300];
        int pid;
        if (sscanf(entry->d_name, PREFIX "%d-", &pid) != 1 || pid <= 0 || kill(pid, 0) == 0 ||
            errno != ESRCH)
            continue;
        snprintf(path, sizeof path, "%s/%s", above, entry->d_name);
        remove_group(path);
    }
    if (folder)
        closedir(folder);
}

static bool make_below(struct cgroup *ret, const char *above, const char *members)
{
    static atomic_uint number;
    char *dir = ret->dirs[ret->count], path[CGROUP_PATH_MAX + 16];
    sweep(above);
    if (snprintf(dir, CGROUP_PATH_MAX, "%s/" PREFIX "%d-%u", above, (int)getpid(), number++) >=
            CGROUP_PATH_MAX ||
        mkdir(dir, 0755) < 0)
        return false;
    snprintf(path, sizeof path, "%s/%s", dir, members);
    ret->fds[ret->count++] = open(path, O_WRONLY | O_CLOEXEC);
    return true;
}

/* "cpu,cpuacct": several controllers of version 1 may have their groups together. */
static bool has_controller(const char *names, const char *controller)
{
    size_t size = strlen(controller);
    for (const char *at = names; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, controller, size) == 0 && (at[size] == 0 || (size && at[size] == ',')))
            return true;
    }
    return false;
}

/* The folder of our own group: "N:memory:/path" in /proc/self/cgroup, "0::/path" for version 2. In
 * a container the path may be one of the host: then it is the mount itself. */
static bool find_own(char out[CGROUP_PATH_MAX], const char *controller)
{
    char text[TEXT_MAX], *state = NULL;
    if (!get("/proc/self/cgroup", text))
        return false;
    for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = 0;
        if (!has_controller(names + 1, controller))
            continue;
        const char *slash = *controller ? "/" : "";
        int size = snprintf(out, CGROUP_PATH_MAX, MOUNT "%s%s%s", slash, controller, path);
        if (size >= CGROUP_PATH_MAX || access(out, W_OK) < 0)
            snprintf(out, CGROUP_PATH_MAX, MOUNT "%s%s", slash, controller);
        return access(out, W_OK) == 0;
    }
    return false;
}

static bool limit_all(const struct cgroup *cgroup, const uint64_t limits[2])
{
    for (unsigned i = 0; i < COUNT_OF(controllers); i++) {
        char text[32];
        bool v2 = cgroup->count == 1;
        snprintf(text, sizeof text, "%llu", (unsigned long long)limits[i]);
        if (!put(cgroup->dirs[v2 ? 0 : i], controllers[i].limit[v2], text))
            return false;
    }
    return true;
}

static bool make_v1(struct cgroup *ret, const uint64_t limits[2])
{
    char above[CGROUP_PATH_MAX];
    for (unsigned i = 0; i < COUNT_OF(controllers); i++)
        if (!find_own(above, controllers[i].name) || !make_below(ret, above, "tasks"))
            return false;
    if (!limit_all(ret, limits))
        return false;
    if (find_own(above, "cpuacct")) /* wanted only */
        make_below(ret, above, "tasks");
    return true;
}

/* Version 2 has no limits below a group that has processes itself, but for the first of all: so it
 * is our own group, or the one above it, beside ours. */
static bool make_v2(struct cgroup *ret, const uint64_t limits[2])
{
    char above[CGROUP_PATH_MAX];
    if (!find_own(above, ""))
        return false;
    size_t size = strlen(above);
    above[size - 1] = above[size - 1] == '/' ? 0 : above[size - 1];
    for (int up = 0; up < 2; up++) {
        put(above, "cgroup.subtree_control", "+memory +pids"); /* the limits show whether it took */
        if (make_below(ret, above, "cgroup.procs") && limit_all(ret, limits))
            return true;
        cgroup_done(ret);
        if (strcmp(above, MOUNT) == 0)
            break;
        *strrchr(above, '/') = 0;
    }
    return false;
}

bool cgroup_make(struct cgroup *ret, uint64_t memory, uint32_t tasks)
{
    const uint64_t limits[2] = { memory, tasks };
    bool (*const makers[])(struct cgroup *, const uint64_t *) = { make_v2, make_v1 };
    for (size_t i = 0; i < COUNT_OF(makers); i++) {
        struct cgroup made = { .count = 0 };
        if (makers[i](&made, limits)) {
            *ret = made;
            return true;
        }
        cgroup_done(&made);
    }
    ret->count = 0;
    return false;
}

bool cgroup_join(const struct cgroup *cgroup)
{
    for (unsigned i = 0; i < cgroup->count; i++)
        if (write(cgroup->fds[i], "0", 1) != 1 && i < COUNT_OF(controllers))
            return false;
    return cgroup->count > 0;
}

static bool happened(const char *dir, const char *file, const char *word)
{
    char path[CGROUP_PATH_MAX + 64], text[TEXT_MAX], *state = NULL;
    snprintf(path, sizeof path, "%s/%s", dir, file);
    if (!get(path, text))
        return false;
    for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
        if (strncmp(line, word, strlen(word)) == 0)
            return atoi(line + strlen(word)) > 0;
    return false;
}

struct cgroup_events cgroup_events(const struct cgroup *cgroup)
{
    bool found[2] = { false, false }, v2 = cgroup->count == 1;
    for (unsigned i = 0; cgroup->count > 0 && i < COUNT_OF(controllers); i++)
        found[i] =
            happened(cgroup->dirs[v2 ? 0 : i], controllers[i].events[v2], controllers[i].word);
    return (struct cgroup_events){ found[0], found[1] };
}

/* Version 1: nanoseconds alone; version 2: "usage_usec N", in every group. */
uint64_t cgroup_cpu_us(const struct cgroup *cgroup)
{
    enum { US_NS = 1000, TIME = 2 };
    char path[CGROUP_PATH_MAX + 64], text[TEXT_MAX];
    unsigned long long time;
    bool v2 = cgroup->count == 1;
    if (!v2 && cgroup->count <= TIME)
        return 0;
    snprintf(
        path, sizeof path, "%s/%s", cgroup->dirs[v2 ? 0 : TIME], v2 ? "cpu.stat" : "cpuacct.usage");
    if (!get(path, text) || sscanf(text, v2 ? "usage_usec %llu" : "%llu", &time) != 1)
        return 0;
    return v2 ? time : time / US_NS;
}

void cgroup_done(struct cgroup *cgroup)
{
    for (unsigned i = 0; i < cgroup->count; i++) {
        fd_closep(&cgroup->fds[i]);
        remove_group(cgroup->dirs[i]);
    }
    cgroup->count = 0;
}
