/* probe_bombs - more of something than a run may have. Each stops by itself, a little above the
 * limit that it is run with (table.h), so that it harms nothing where it gets through; it then
 * stays there for as many milliseconds as its argument says, since a limit may be looked at a
 * moment later. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TASKS = 100, MIB = 1 << 20, MEMORY_MIB = 160, PARTS = 10, DISK_MIB = 24, FILES = 120 };
static char block[MIB];

static void *wait_in_thread(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

static bool stay(const char *ms)
{
    return poll(NULL, 0, atoi(ms)) == 0;
}

/* Where the kernel refuses more, what there is stays, so that the limit is seen and named. */
static bool no_more(const char *ms)
{
    int error = errno;
    stay(ms);
    errno = error;
    return false;
}

static bool processes(const char *ms)
{
    for (int i = 0; i < TASKS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            probe_with_parent();
            wait_in_thread(NULL);
        }
        if (pid < 0)
            return no_more(ms);
    }
    return stay(ms);
}

static bool threads(const char *ms)
{
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    for (int i = 0; i < TASKS; i++)
        if ((errno = pthread_create(&thread, &small, wait_in_thread, NULL)) != 0)
            return no_more(ms);
    return stay(ms);
}

static bool fill_memory(int count, int flags)
{
    for (int i = 0; i < count; i++) {
        char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return false;
        memset(p, 1, MIB);
    }
    return true;
}

static bool memory(const char *ms)
{
    return fill_memory(MEMORY_MIB, MAP_PRIVATE) ? stay(ms) : no_more(ms);
}

static bool shared_memory(const char *ms)
{
    return fill_memory(MEMORY_MIB, MAP_SHARED) ? stay(ms) : no_more(ms);
}

/* Each child has less than the limit. */
static bool memory_in_parts(const char *ms)
{
    int ready[2];
    char byte;
    if (pipe(ready) < 0)
        return false;
    for (int i = 0; i < PARTS; i++) {
        if (fork() != 0)
            continue;
        probe_with_parent();
        if (fill_memory(MEMORY_MIB / PARTS, MAP_PRIVATE) && write(ready[1], "r", 1) == 1)
            wait_in_thread(NULL);
        _exit(1);
    }
    close(ready[1]);
    for (int i = 0; i < PARTS; i++)
        if (read(ready[0], &byte, 1) != 1)
            return no_more(ms);
    return stay(ms);
}

/* One page read of every two MiB: each wants a table, and all are the same page of zeros. */
static bool tables(const char *ms)
{
    const size_t each = (size_t)2 << 20, count = (size_t)MEMORY_MIB << 8;
    char *p =
        mmap(NULL, each * count, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return false;
    madvise(p, each * count, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < count; i++)
        (void)*(volatile char *)&p[i * each];
    return stay(ms);
}

/* Memory of the kernel, which no process has resident. */
static bool pipes(const char *ms)
{
    for (int i = 0; i < MEMORY_MIB; i++) {
        int ends[2];
        if (pipe2(ends, O_NONBLOCK) < 0 || fcntl(ends[1], F_SETPIPE_SZ, MIB) < 0 ||
            write(ends[1], block, MIB) != MIB)
            return false;
    }
    return stay(ms);
}

static bool sockets(const char *ms)
{
    size_t held = 0;
    while (held < (size_t)MEMORY_MIB << 20) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
            return no_more(ms);
        for (int side = 0; side < 2; side++)
            for (ssize_t n; (n = write(ends[side], block, 32768)) > 0;)
                held += (size_t)n;
    }
    return stay(ms);
}

static bool give(int socket, int fd)
{
    char byte = 0;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec io = { &byte, 1 };
    const struct msghdr message = { .msg_iov = &io,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_LEN(sizeof fd) };
    control.head = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_DONTWAIT) == 1 && close(fd) == 0;
}

/* Full sockets that nobody has open: each is on its way in another. */
static bool sockets_in_flight(const char *ms)
{
    int way[2];
    size_t held = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, way) < 0)
        return false;
    while (held < (size_t)MEMORY_MIB << 20) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
            return false;
        for (int side = 0; side < 2; side++) {
            const int size = MIB;
            setsockopt(ends[side], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
            for (ssize_t n; (n = write(ends[side], block, 32768)) > 0;)
                held += (size_t)n;
        }
        if (!give(way[0], ends[0]) || !give(way[0], ends[1]))
            return false;
    }
    return stay(ms);
}

static bool write_mib(int fd, int count)
{
    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < count; i++)
        if (write(fd, block, MIB) != MIB)
            return false;
    return true;
}

static int new_file(const char *folder, int number)
{
    char name[96];
    snprintf(name, sizeof name, "%s/bomb-%d", folder, number);
    return open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static bool bytes(const char *ms)
{
    int fd = new_file(".", 0);
    return fd >= 0 && write_mib(fd, DISK_MIB) ? stay(ms) : no_more(ms);
}

static bool bytes_in(const char *folder, const char *ms)
{
    for (int i = 0; i < DISK_MIB; i++) {
        int fd = new_file(folder, i);
        if (fd < 0 || !write_mib(fd, 1))
            return no_more(ms);
        close(fd);
    }
    return stay(ms);
}

static bool files(const char *ms)
{
    return bytes_in(".", ms);
}

/* A folder that may be entered and not listed. */
static bool files_in_the_dark(const char *ms)
{
    return mkdir("dark", 0700) == 0 && chmod("dark", 0300) == 0 && bytes_in("dark", ms);
}

/* Files without a name: nobody who walks the folder sees them. */
static bool files_unlinked_in(const char *folder, const char *ms)
{
    for (int i = 0; i < DISK_MIB; i++) {
        int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0 && i == 0)
            return false;
        if (fd < 0 || !write_mib(fd, 1))
            return no_more(ms);
    }
    return stay(ms);
}

static bool files_unlinked(const char *ms)
{
    return files_unlinked_in(".", ms);
}

static bool files_in_tmp(const char *ms)
{
    return files_unlinked_in("/tmp", ms);
}

/* Nor a descriptor. */
static bool files_mapped(const char *ms)
{
    for (int i = 0; i < DISK_MIB; i++) {
        int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0 || !write_mib(fd, 1) ||
            mmap(NULL, MIB, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
            return no_more(ms);
        close(fd);
    }
    return stay(ms);
}

/* Nor any process that has them. */
static bool files_in_flight(const char *ms)
{
    int way[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, way) < 0)
        return false;
    for (int i = 0; i < DISK_MIB; i++) {
        int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0 || !write_mib(fd, 1) || !give(way[0], fd))
            return false;
    }
    return stay(ms);
}

static bool descriptors(const char *ms)
{
    for (int i = 0; i < FILES; i++)
        if (dup(0) < 0)
            return no_more(ms);
    return stay(ms);
}

static bool output(const char *ms)
{
    return write_mib(STDOUT_FILENO, 2) ? stay(ms) : no_more(ms);
}

static bool errors(const char *ms)
{
    return write_mib(STDERR_FILENO, 2) ? stay(ms) : no_more(ms);
}

static void burn(long ms)
{
    struct timespec used;
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < ms);
}

static bool processor(const char *ms)
{
    burn(400 + atol(ms));
    return true;
}

/* Each child has less than the limit. */
static bool processor_in_parts(const char *ms)
{
    for (long part = 0; part < (400 + atol(ms)) / 50; part++) {
        pid_t pid = fork();
        if (pid == 0) {
            burn(50);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    return true;
}

/* What the kernel forgets: the time of children whose parent does not want to know of them. */
static bool processor_unwaited(const char *ms)
{
    signal(SIGCHLD, SIG_IGN);
    for (long part = 0; part < (400 + atol(ms)) / 10; part++) {
        if (fork() == 0) {
            burn(10);
            _exit(0);
        }
        wait(NULL);
    }
    return true;
}

static bool wait_long(const char *ms)
{
    char longer[32];
    snprintf(longer, sizeof longer, "%ld", 400 + atol(ms));
    return stay(longer);
}

const struct attempt attempts_bombs[] = {
    { "bomb-processes", processes },
    { "bomb-threads", threads },
    { "bomb-memory", memory },
    { "bomb-shared-memory", shared_memory },
    { "bomb-memory-in-parts", memory_in_parts },
    { "bomb-tables", tables },
    { "bomb-pipes", pipes },
    { "bomb-sockets", sockets },
    { "bomb-sockets-in-flight", sockets_in_flight },
    { "bomb-bytes", bytes },
    { "bomb-files", files },
    { "bomb-files-in-the-dark", files_in_the_dark },
    { "bomb-files-unlinked", files_unlinked },
    { "bomb-files-mapped", files_mapped },
    { "bomb-files-in-flight", files_in_flight },
    { "bomb-tmp", files_in_tmp },
    { "bomb-descriptors", descriptors },
    { "bomb-output", output },
    { "bomb-errors", errors },
    { "bomb-processor", processor },
    { "bomb-processor-in-parts", processor_in_parts },
    { "bomb-processor-unwaited", processor_unwaited },
    { "bomb-time", wait_long },
    { NULL, NULL },
};
