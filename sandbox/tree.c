/* tree - see tree.h. */
#include "sandbox/tree.h"

#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TASKS_MAX = 65536, TEXT_MAX = 4096 };

static void add(struct tree *tree, pid_t pid)
{
    if (tree->count >= TASKS_MAX)
        return;
    if (tree->count == tree->room)
        tree->pids = mem_grow(tree->pids, tree->room = tree->room * 2 + 64, sizeof *tree->pids);
    tree->pids[tree->count++] = pid;
}

/* proc(5), /proc/PID/task/TID/children: a list of numbers, of any length. */
static void add_children(struct tree *tree, pid_t pid, const char *task)
{
    char path[96], text[TEXT_MAX];
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, task);
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t kept = 0;
    for (ssize_t n; fd >= 0 && (n = read(fd, text + kept, sizeof text - 1 - kept)) > 0;) {
        text[kept + (size_t)n] = 0;
        char *at = text;
        for (char *end; (end = strchr(at, ' ')); at = end + 1)
            add(tree, (pid_t)atoi(at));
        kept = strlen(at);
        memmove(text, at, kept);
    }
}

/* A process with one thread, as most are, is not listed: its folder of threads has three links. */
static void add_children_of(struct tree *tree, pid_t pid)
{
    enum { LINKS_OF_ONE = 3 };
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    if (stat(path, &st) == 0 && st.st_nlink == LINKS_OF_ONE) {
        snprintf(path, sizeof path, "%d", (int)pid);
        add_children(tree, pid, path);
        return;
    }
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && (entry = readdir(tasks));)
        if (entry->d_name[0] != '.')
            add_children(tree, pid, entry->d_name);
    if (tasks)
        closedir(tasks);
}

/* Breadth first: what is added at the end is looked at in its turn. */
static void find_by_children(struct tree *tree, pid_t init)
{
    add(tree, init);
    for (unsigned i = 0; i < tree->count; i++)
        add_children_of(tree, tree->pids[i]);
}

void tree_find(struct tree *ret, pid_t init)
{
    if (access("/proc/thread-self/children", R_OK) == 0)
        find_by_children(ret, init);
    else
        tree_find_by_parents(ret, init);
}

/* proc(5): "pid (name) state ppid ..."; the name may hold blanks and brackets. */
static pid_t parent_of(const char *pid)
{
    char path[64], text[1024];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    const char *behind = strrchr(text, ')');
    return behind && sscanf(behind + 1, " %*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

void tree_find_by_parents(struct tree *ret, pid_t init)
{
    CLEANUP(tree_done) struct tree pids = { 0 }, parents = { 0 };
    DIR *folder = opendir("/proc");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        add(&pids, (pid_t)atoi(entry->d_name));
        add(&parents, parent_of(entry->d_name));
    }
    if (folder)
        closedir(folder);
    add(ret, init);
    for (unsigned i = 0; i < ret->count; i++)
        for (unsigned j = 0; j < pids.count; j++)
            if (parents.pids[j] == ret->pids[i])
                add(ret, pids.pids[j]);
}

void tree_done(struct tree *tree)
{
    free(tree->pids);
}
