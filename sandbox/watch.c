/* watch - see watch.h. */
#include "sandbox/watch.h"

#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TASKS_MAX = 65536 };

struct task {
    pid_t pid, parent;
    uint64_t cpu_ticks, pages;
};

/* proc(5): "pid (name) state ppid ..."; the name may hold blanks and brackets. */
static bool read_task(struct task *ret, const char *pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return false;
    text[n] = 0;
    char *behind = strrchr(text, ')');
    int parent;
    unsigned long user, system, child_user, child_system, rss;
    if (!behind || sscanf(behind + 2,
                       "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu %*d %*d %*d %*d "
                       "%*u %*u %lu",
                       &parent, &user, &system, &child_user, &child_system, &rss) != 6)
        return false;
    *ret =
        (struct task){ (pid_t)atoi(pid), parent, user + system + child_user + child_system, rss };
    return true;
}

static unsigned read_tasks(struct task **ret)
{
    unsigned count = 0, room = 256;
    struct task *tasks = mem_zero(room, sizeof *tasks);
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder && count < TASKS_MAX && (entry = readdir(folder));) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        if (count == room)
            tasks = mem_grow(tasks, room *= 2, sizeof *tasks);
        count += read_task(&tasks[count], entry->d_name);
    }
    if (folder)
        closedir(folder);
    *ret = tasks;
    return count;
}

static const struct task *find(const struct task *tasks, unsigned count, pid_t pid)
{
    for (unsigned i = 0; i < count; i++)
        if (tasks[i].pid == pid)
            return &tasks[i];
    return NULL;
}

static bool below(const struct task *tasks, unsigned count, const struct task *task, pid_t init)
{
    enum { DEPTH_MAX = 256 };
    for (int depth = 0; task && depth < DEPTH_MAX; depth++) {
        if (task->pid == init)
            return true;
        task = find(tasks, count, task->parent);
    }
    return false;
}

struct watch_use watch_sum(pid_t init)
{
    struct watch_use use = { 0 };
    CLEANUP(mem_freep) struct task *tasks;
    unsigned count = read_tasks(&tasks);
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK), page = (uint64_t)sysconf(_SC_PAGESIZE);
    for (unsigned i = 0; i < count; i++) {
        if (!below(tasks, count, &tasks[i], init))
            continue;
        use.cpu_ms += tasks[i].cpu_ticks * 1000 / ticks;
        use.memory += tasks[i].pages * page;
        use.processes++;
    }
    return use;
}
