/* watch - see watch.h. */
#include "sandbox/watch.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/said.h"
#include "sandbox/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* STATUS: one line of it names every group that its user is in. A process whose tables cannot have
 * grown by much is read in its turn only, so that a look stays short. */
enum { TEXT_MAX = 4096, STATUS_MAX = 16384, FAULTS_FEW = 64, TURNS = 16 };
enum { NS_US = 1000, S_NS = 1000000000 };

static ssize_t read_text(const char *path, char *out, size_t size)
{
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
    out[n > 0 ? n : 0] = 0;
    return n;
}

static uint64_t pages_in(const char *text)
{
    struct said_task task;
    return said_task(&task, text) ? task.pages : 0;
}

static uint64_t tables_in(const char *text)
{
    uint64_t bytes;
    return said_tables(&bytes, text) ? bytes : 0;
}

/* Of a process whose first thread has ended, the others have the memory. */
static uint64_t read_others(pid_t pid, const char *file, uint64_t (*in)(const char *))
{
    char path[64], text[STATUS_MAX];
    uint64_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && found == 0 && (entry = readdir(tasks));) {
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/%s", (int)pid, entry->d_name, file);
        if (read_text(path, text, sizeof text) > 0)
            found = in(text);
    }
    if (tasks)
        closedir(tasks);
    return found;
}

static bool read_task(struct said_task *ret, pid_t pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_text(path, text, sizeof text) <= 0 || !said_task(ret, text))
        return false;
    if (ret->pages == 0 && ret->threads > 1)
        ret->pages = read_others(pid, "stat", pages_in);
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

/* clock_getcpuclockid(3): to the nanosecond, where /proc has hundredths of a second. */
static uint64_t own_time(pid_t pid, const struct said_task *task)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0)
        return (uint64_t)used.tv_sec * S_NS + (uint64_t)used.tv_nsec;
    return task->own_ticks * (S_NS / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* A table comes with a fault. Those that come with a fork are there when a process is seen first;
 * those that mremap makes come without one, and are seen in its turn. */
static uint64_t tables_of(
    const struct ledger *ledger, struct ledger_row *row, const struct said_task *task)
{
    char path[64], text[STATUS_MAX];
    bool turn = ((unsigned)row->pid + ledger->looks) % TURNS == 0;
    if (row->faults > 0 && task->faults - row->faults < FAULTS_FEW && !turn)
        return row->tables;
    snprintf(path, sizeof path, "/proc/%d/status", (int)row->pid);
    row->faults = task->faults;
    row->tables = read_text(path, text, sizeof text) > 0 ? tables_in(text) : 0;
    if (row->tables == 0 && task->threads > 1)
        row->tables = read_others(row->pid, "status", tables_in);
    return row->tables;
}

static void add(
    struct watch_use *use, struct ledger *ledger, pid_t pid, const struct said_task *task)
{
    struct ledger_row *row = ledger_row(ledger, pid, task->started);
    uint64_t own = own_time(pid, task);
    if (row->seen)
        return; /* it changed its parent meanwhile, and is in two lists */
    row->seen = true;
    row->parent = task->parent;
    row->own_ns = own > row->own_ns ? own : row->own_ns;
    row->children_ns = task->children_ticks * (S_NS / (uint64_t)sysconf(_SC_CLK_TCK));
    use->memory += task->pages * (uint64_t)sysconf(_SC_PAGESIZE);
    use->tables += tables_of(ledger, row, task);
    use->tasks += task->threads;
}

/* Who changed its parent while the tree was looked through may have been missed there. One that
 * cannot be read for want of descriptors has not ended. */
static void add_missed(struct watch_use *use, struct ledger *ledger)
{
    for (unsigned i = 0; i < ledger->known; i++) {
        struct ledger_row *row = &ledger->rows[i];
        struct said_task task;
        if (row->seen)
            continue;
        errno = 0;
        if (!read_task(&task, row->pid))
            row->seen = errno != 0 && errno != ENOENT && errno != ESRCH;
        else if (task.started == row->started)
            add(use, ledger, row->pid, &task);
    }
}

struct watch_use watch_sum(struct ledger *ledger, pid_t init)
{
    struct watch_use use = { 0 };
    CLEANUP(tree_done) struct tree tree = { 0 };
    ledger->init = init;
    tree_find(&tree, init);
    for (unsigned i = 0; i < tree.count; i++) {
        struct said_task task;
        if (!read_task(&task, tree.pids[i]))
            continue;
        add(&use, ledger, tree.pids[i], &task);
        if (i == 0)
            use.tasks = 0;
        unsigned files = i > 0 ? open_files(tree.pids[i]) : 0;
        use.files = files > use.files ? files : use.files;
    }
    add_missed(&use, ledger);
    ledger_turn(ledger);
    use.cpu_us = ledger_time_ns(ledger, &use.unwaited) / NS_US;
    return use;
}

/* "Pss:  12 kB" of smaps_rollup; where it may not be read, what is resident. */
static uint64_t own_memory(pid_t pid)
{
    char path[64], text[TEXT_MAX];
    struct said_task task;
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
static void signal_one(pid_t pid, const struct said_task *seen, int signal)
{
    struct said_task now;
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
        struct said_task task;
        if (!read_task(&task, tree.pids[i]) || (task.state == 'Z' && task.threads <= 1) ||
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
        struct said_task task;
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
