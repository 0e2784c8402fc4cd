/* watch - see watch.h. */
#include "sandbox/watch.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TEXT_MAX = 4096 };

static ssize_t read_text(const char *path, char *out, size_t size)
{
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
    out[n > 0 ? n : 0] = 0;
    return n;
}

struct task {
    uint64_t cpu_ticks, pages, started;
    unsigned threads;
    char state;
};

/* proc(5): "pid (name) state ppid ..."; the name may hold blanks and brackets. */
static bool read_task(struct task *ret, pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    ssize_t n = read_text(path, text, sizeof text);
    char *behind = n > 0 ? strrchr(text, ')') : NULL;
    unsigned long user, system, child_user, child_system, threads, rss;
    unsigned long long started;
    char state;
    if (!behind ||
        sscanf(behind + 2,
            "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu %*d %*d %lu %*d "
            "%llu %*u %lu",
            &state, &user, &system, &child_user, &child_system, &threads, &started, &rss) != 8)
        return false;
    *ret = (struct task){ user + system + child_user + child_system, rss, started,
        (unsigned)threads, state };
    return true;
}

/* Since Linux 6.2 the size of that folder is how many are open. */
static unsigned open_files(pid_t pid)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    return stat(path, &st) == 0 ? (unsigned)st.st_size : 0;
}

struct watch_use watch_sum(pid_t init)
{
    struct watch_use use = { 0 };
    CLEANUP(tree_done) struct tree tree = { 0 };
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK), page = (uint64_t)sysconf(_SC_PAGESIZE);
    tree_find(&tree, init);
    for (unsigned i = 0; i < tree.count; i++) {
        struct task task;
        if (!read_task(&task, tree.pids[i]))
            continue;
        use.cpu_ms += task.cpu_ticks * 1000 / ticks;
        use.memory += task.pages * page;
        use.tasks += i > 0 ? task.threads : 0;
        unsigned files = i > 0 ? open_files(tree.pids[i]) : 0;
        use.files = files > use.files ? files : use.files;
    }
    return use;
}

/* "Pss:  12 kB" of smaps_rollup; where it may not be read, what is resident. */
static uint64_t own_memory(pid_t pid)
{
    char path[64], text[TEXT_MAX];
    struct task task;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    const char *pss = read_text(path, text, sizeof text) > 0 ? strstr(text, "\nPss:") : NULL;
    if (pss)
        return strtoull(pss + 5, NULL, 10) << 10;
    return read_task(&task, pid) ? task.pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t watch_memory(pid_t init)
{
    uint64_t sum = 0;
    CLEANUP(tree_done) struct tree tree = { 0 };
    tree_find(&tree, init);
    for (unsigned i = 0; i < tree.count; i++)
        sum += own_memory(tree.pids[i]);
    return sum;
}

/* The number could be another process's by now: it is held, then compared. */
static void signal_one(pid_t pid, const struct task *seen, int signal)
{
    struct task now;
    CLEANUP(fd_closep) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd >= 0 && read_task(&now, pid) && now.started == seen->started)
        syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
}

/* Returns how many there were that the signal was new for. */
static unsigned signal_all(pid_t init, int signal)
{
    CLEANUP(tree_done) struct tree tree = { 0 };
    unsigned count = 0;
    tree_find(&tree, init);
    for (unsigned i = 1; i < tree.count; i++) {
        struct task task;
        if (!read_task(&task, tree.pids[i]) || task.state == 'Z' ||
            (signal == SIGSTOP && task.state == 'T'))
            continue;
        signal_one(tree.pids[i], &task, signal);
        count++;
    }
    return count;
}

bool watch_kill(pid_t init)
{
    enum { ROUNDS_MAX = 64 };
    /* Who is killed makes room for another child of who is not: so all are stopped first. */
    for (int round = 0; round < ROUNDS_MAX && signal_all(init, SIGSTOP) > 0; round++)
        continue;
    return signal_all(init, SIGKILL) > 0;
}

unsigned watch_tasks_of(uid_t uid)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[64], text[TEXT_MAX];
        struct task task;
        unsigned real;
        snprintf(path, sizeof path, "/proc/%.20s/status", entry->d_name);
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
            read_text(path, text, sizeof text) <= 0)
            continue;
        const char *line = strstr(text, "\nUid:");
        if (line && sscanf(line + 5, "%u", &real) == 1 && real == uid &&
            read_task(&task, (pid_t)atoi(entry->d_name)))
            count += task.threads;
    }
    if (folder)
        closedir(folder);
    return count;
}
