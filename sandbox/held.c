/* held - see held.h. */
#include "sandbox/held.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { FILES_MAX = 65536, BLOCK = 512, SHARE = 20, PAUSE_MIN_NS = 100000000 };
/* A structure for each, and its share of the tree that they are in. MAPPINGS: as many as a process
 * may have usually; a look reads a few times that. */
enum { MAPPING_BYTES = 256, MAPPINGS_MAX = 65530, MAPPINGS_READ_MAX = 4 * MAPPINGS_MAX };
#define HIDING_PROCESS (1ull << 63) /* its number; else the inode of a socket */

struct file {
    dev_t device;
    ino_t inode;
    uint64_t bytes;
    bool socket;
    unsigned carried; /* descriptors that wait in it */
};
/* One that several processes have, or one process twice, is there as often. */
struct files {
    struct file *at;
    unsigned count, room;
    uint64_t *hiding;
    unsigned hiding_count, hiding_room;
    uint64_t mappings;
    unsigned mappings_read;
    bool full;
};

void held_init(struct held *held, const struct sandbox_run *run)
{
    *held = (struct held){ .asks = -1, .tcp = run->network != NULL };
    for (unsigned i = 0; i < run->mounts_count && held->devices_count < HELD_DEVICES_MAX; i++) {
        struct stat st;
        const struct sandbox_mount *mount = &run->mounts[i];
        if (mount->write && mount->from && stat(mount->from, &st) == 0)
            held->devices[held->devices_count++] = st.st_dev;
    }
}

static bool is_counted(const struct held *held, dev_t device)
{
    for (unsigned i = 0; i < held->devices_count; i++)
        if (held->devices[i] == device)
            return true;
    return false;
}

static void add_hiding(struct files *files, uint64_t what)
{
    if (files->hiding_count >= FILES_MAX)
        return;
    if (files->hiding_count == files->hiding_room)
        files->hiding = mem_grow(
            files->hiding, files->hiding_room = files->hiding_room * 2 + 64, sizeof *files->hiding);
    files->hiding[files->hiding_count++] = what;
}

static void add(struct files *files, struct file file)
{
    if (files->count >= FILES_MAX) {
        if (!files->full)
            add_hiding(files, HIDING_PROCESS); /* nobody's number: what comes behind is not seen */
        files->full = true;
        return;
    }
    if (files->count == files->room)
        files->at = mem_grow(files->at, files->room = files->room * 2 + 64, sizeof *files->at);
    files->at[files->count++] = file;
}

/* proc(5), /proc/PID/statm: no size is left to who ends, or has ended and is not waited for yet.
 * Its descriptors are root's by then, but nothing is hidden: it runs no more. */
static bool is_ending(const char *who)
{
    char path[96];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "%s/statm", who);
    FILE *file = fopen(path, "re");
    bool told = file && fscanf(file, "%lu", &pages) == 1;
    if (file)
        fclose(file);
    return !told || pages == 0;
}

/* "scm_fds: 2" (Linux 5.6): in the messages that nobody has received yet. One that nothing waits in
 * is not asked. */
static unsigned carried_in(
    const struct held *held, const char *who, const char *name, const struct stat *st)
{
    char path[128], text[1024];
    unsigned count = 0;
    const struct queue *queue = held->told ? queues_find(&held->queues, st->st_ino) : NULL;
    if (queue && queue->unread == 0 && !queue->whole)
        return 0;
    snprintf(path, sizeof path, "%s/fdinfo/%.20s", who, name);
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    const char *line = strstr(text, "\nscm_fds:");
    return line && sscanf(line + 9, "%u", &count) == 1 ? count : 0;
}

static void add_open(struct files *files, const struct held *held, pid_t pid, const char *who)
{
    char path[96];
    snprintf(path, sizeof path, "%s/fd", who);
    DIR *folder = opendir(path);
    /* Its program may be run and not read, proc(5): only root looks into such a process. */
    if (!folder && errno == EACCES && !is_ending(who))
        add_hiding(files, HIDING_PROCESS | (uint64_t)pid);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        struct stat st;
        if (entry->d_name[0] == '.' || fstatat(dirfd(folder), entry->d_name, &st, 0) < 0)
            continue;
        if (S_ISSOCK(st.st_mode))
            add(files, (struct file){ st.st_dev, st.st_ino, 0, true,
                           carried_in(held, who, entry->d_name, &st) });
        else if (S_ISREG(st.st_mode) && st.st_nlink == 0 && is_counted(held, st.st_dev))
            add(files,
                (struct file){ st.st_dev, st.st_ino, (uint64_t)st.st_blocks * BLOCK, false, 0 });
    }
    if (folder)
        closedir(folder);
}

/* proc(5), /proc/PID/map_files: only root may follow these. */
static uint64_t size_of_mapped(pid_t pid, unsigned long from, unsigned long to)
{
    char path[96];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/map_files/%lx-%lx", (int)pid, from, to);
    return stat(path, &st) == 0 ? (uint64_t)st.st_blocks * BLOCK : to - from;
}

static void add_mapping(struct files *files, const struct held *held, pid_t pid, const char *line)
{
    unsigned long from, to, inode;
    unsigned high, low;
    if (!strstr(line, "(deleted)") ||
        sscanf(line, "%lx-%lx %*s %*x %x:%x %lu", &from, &to, &high, &low, &inode) != 5 ||
        !is_counted(held, makedev(high, low)))
        return;
    add(files, (struct file){ makedev(high, low), inode, size_of_mapped(pid, from, to), false, 0 });
}

/* What there is no time to read counts as if it were all that there can be, and may hide a file. */
static void add_mapped(struct files *files, const struct held *held, pid_t pid, const char *who)
{
    char path[96];
    CLEANUP(mem_freep) char *line = NULL;
    size_t room = 0;
    snprintf(path, sizeof path, "%s/maps", who);
    FILE *maps = fopen(path, "re");
    unsigned count = 0;
    while (maps && files->mappings_read < MAPPINGS_READ_MAX && getline(&line, &room, maps) > 0) {
        add_mapping(files, held, pid, line);
        files->mappings_read++;
        count++;
    }
    if (maps)
        fclose(maps);
    files->mappings += count;
    if (files->mappings_read < MAPPINGS_READ_MAX)
        return;
    files->mappings += count < MAPPINGS_MAX ? MAPPINGS_MAX - count : 0;
    add_hiding(files, HIDING_PROCESS | (uint64_t)pid);
}

/* Of a process whose first thread has ended, the others have what it had. */
static void find_who(char *ret, size_t size, pid_t pid)
{
    char path[64];
    snprintf(ret, size, "/proc/%d", (int)pid);
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = is_ending(ret) ? opendir(path) : NULL;
    for (struct dirent *entry; tasks && is_ending(ret) && (entry = readdir(tasks));)
        snprintf(ret, size, "%s/%.20s", path, entry->d_name);
    if (tasks)
        closedir(tasks);
}

static int by_identity(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* A socket's buffer may be set to twice this number, socket(7). */
static uint64_t socket_max(void)
{
    enum { USUAL = 212992 };
    char text[32];
    CLEANUP(fd_closep) int fd = open("/proc/sys/net/core/wmem_max", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    uint64_t bytes = strtoull(text, NULL, 10);
    return 2 * (bytes ? bytes : USUAL);
}

static const struct file *find_socket(const struct files *files, dev_t device, ino_t inode)
{
    const struct file wanted = { .device = device, .inode = inode };
    return files->count > 0 ? bsearch(&wanted, files->at, files->count, sizeof wanted, by_identity)
                            : NULL;
}

/* What the kernel does not tell of is what there could be: of the sockets that were handed to the
 * run; where it tells nothing, of each, and of each descriptor that waits in one. */
static uint64_t could_keep(const struct held *held, const struct file *file, uint64_t each)
{
    if (held->told)
        return queues_find(&held->queues, file->inode) ? 0 : each;
    return (1 + (uint64_t)file->carried) * each;
}

static void sum(struct held *held, struct files *files)
{
    uint64_t each = socket_max();
    dev_t sockets = 0;
    held->disk = 0;
    held->sockets = held->told ? queues_bytes(&held->queues, each) : 0;
    if (files->count > 0)
        qsort(files->at, files->count, sizeof *files->at, by_identity);
    for (unsigned i = 0; i < files->count; i++) {
        const struct file *file = &files->at[i];
        if (i > 0 && by_identity(&files->at[i - 1], file) == 0)
            continue;
        held->disk += file->bytes;
        held->sockets += file->socket ? could_keep(held, file, each) : 0;
        sockets = file->socket ? file->device : sockets;
        if (file->carried > 0)
            add_hiding(files, file->inode);
    }
    /* In nobody's hands: on its way itself, perhaps in its own queue, with what it carries. */
    for (unsigned i = 0; held->told && i < held->queues.count; i++) {
        const struct queue *queue = &held->queues.at[i];
        if (queue->passes && queue->inode && !find_socket(files, sockets, queue->inode))
            add_hiding(files, queue->inode);
    }
    held->mappings = files->mappings * MAPPING_BYTES;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Takes the list. A descriptor that is received in its time, or a process on its way to its end,
 * is in one look and not in the next. */
static void take_hiding(struct held *held, struct files *files)
{
    if (files->hiding_count > 0)
        qsort(files->hiding, files->hiding_count, sizeof *files->hiding, by_number);
    held->hides = files->hiding_count > 0;
    held->hides_lasting = false;
    for (unsigned i = 0; i < files->hiding_count && held->hiding_count > 0; i++)
        held->hides_lasting |= bsearch(&files->hiding[i], held->hiding, held->hiding_count,
                                   sizeof *held->hiding, by_number) != NULL;
    free(held->hiding);
    held->hiding = files->hiding;
    held->hiding_count = files->hiding_count;
}

bool held_is_due(const struct held *held)
{
    return clock_mono_ns() >= held->next_ns;
}

void held_look(struct held *held, pid_t init)
{
    uint64_t started = clock_mono_ns();
    CLEANUP(tree_done) struct tree tree = { 0 };
    struct files files = { 0 };
    held->told = held->asks >= 0 && queues_ask(&held->queues, held->asks, held->tcp);
    tree_find(&tree, init);
    for (unsigned i = 0; i < tree.count; i++) {
        char who[64 + 24];
        find_who(who, sizeof who, tree.pids[i]);
        add_open(&files, held, tree.pids[i], who);
        add_mapped(&files, held, tree.pids[i], who);
    }
    sum(held, &files);
    take_hiding(held, &files);
    free(files.at);
    uint64_t ended = clock_mono_ns(), pause = (ended - started) * SHARE;
    held->cost_ns = ended - started;
    held->next_ns = ended + (pause > PAUSE_MIN_NS ? pause : PAUSE_MIN_NS);
}

void held_done(struct held *held)
{
    queues_done(&held->queues);
    free(held->hiding);
    held->hiding = NULL;
    held->hiding_count = 0;
}
