/* faults - a library that is preloaded into a program under test and lets one of its calls go
 * wrong: the process is killed in front of it, or the call fails. So a test walks along every place
 * at which a real program of a real run may be killed, or its disk be full, in libraries as well as
 * in moult's own code.
 *
 *     FAULTS=PROGRAM:CALLS:N:ACTION   the Nth of the calls of that program
 *     FAULTS_FIRED=FILE               is made when that has happened: without it, N was too high
 *
 * CALLS: said (blocking messages to another process), disk (whatever changes a file), sync (what
 * puts it on the disk). ACTION: kill, or an errno, which then every later call of these gets, as on
 * a full disk.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum calls { NONE, SAID, DISK, SYNC };
static enum calls wanted;
static int nth, error; /* error 0: kill */
static atomic_int seen;
static pid_t self; /* what it clones counts nothing */
static const char *fired;

__attribute__((constructor)) static void read_environment(void)
{
    char program[40], calls[10], action[10], own[16] = "";
    const char *text = getenv("FAULTS");
    fired = getenv("FAULTS_FIRED");
    prctl(PR_GET_NAME,
        own); /* the first argument is another program's: the front passes its own on */
    if (!text || sscanf(text, "%39[^:]:%9[^:]:%d:%9s", program, calls, &nth, action) != 4 ||
        strcmp(program, own) != 0)
        return;
    wanted = strcmp(calls, "said") == 0 ? SAID : strcmp(calls, "sync") == 0 ? SYNC : DISK;
    error = atoi(action);
    self = getpid();
}

static void tell(void)
{
    int fd = fired ? (int)syscall(SYS_openat, AT_FDCWD, fired, O_CREAT | O_WRONLY, 0644) : -1;
    if (fd >= 0)
        syscall(SYS_close, fd);
}

/* True: the call fails, with errno set. */
static bool goes_wrong(enum calls calls)
{
    bool meant = calls == wanted || (calls == SYNC && wanted == DISK);
    if (!meant || getpid() != self)
        return false;
    int number = atomic_fetch_add(&seen, 1) + 1;
    if (number < nth)
        return false;
    if (number == nth)
        tell();
    if (!error)
        raise(SIGKILL);
    errno = error;
    return true;
}

/* On a disk: neither a memfd, which has no name, nor a file of the kernel's own. */
static bool is_file(int fd)
{
    struct stat info;
    struct statfs system;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 0 &&
           fstatfs(fd, &system) == 0 && system.f_type != PROC_SUPER_MAGIC &&
           system.f_type != CGROUP_SUPER_MAGIC;
}

#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (!real)                                                                                     \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

/* returns name(parameters), which is let through with the arguments unless `when` and it goes wrong
 */
#define CALL(calls, when, returns, name, parameters, ...)                                          \
    EXPORT returns name parameters;                                                                \
    EXPORT returns name parameters                                                                 \
    {                                                                                              \
        REAL(name);                                                                                \
        return (when) && goes_wrong(calls) ? -1 : real(__VA_ARGS__);                               \
    }

CALL(SAID, !(flags & MSG_DONTWAIT), ssize_t, send, (int fd, const void *at, size_t size, int flags),
    fd, at, size, flags)
CALL(DISK, is_file(fd), ssize_t, write, (int fd, const void *at, size_t size), fd, at, size)
CALL(DISK, is_file(fd), ssize_t, pwrite, (int fd, const void *at, size_t size, off_t to), fd, at,
    size, to)
CALL(DISK, is_file(fd), ssize_t, pwrite64, (int fd, const void *at, size_t size, off_t to), fd, at,
    size, to)
CALL(SYNC, is_file(fd), int, fsync, (int fd), fd)
CALL(SYNC, is_file(fd), int, fdatasync, (int fd), fd)
CALL(DISK, is_file(fd), int, ftruncate64, (int fd, off_t size), fd, size)
CALL(DISK, true, int, rename, (const char *from, const char *to), from, to)
CALL(DISK, true, int, renameat2,
    (int from_fd, const char *from, int to_fd, const char *to, unsigned flags), from_fd, from,
    to_fd, to, flags)
CALL(DISK, true, int, link, (const char *from, const char *to), from, to)
CALL(DISK, true, int, linkat, (int from_fd, const char *from, int to_fd, const char *to, int flags),
    from_fd, from, to_fd, to, flags)
CALL(DISK, true, int, mkdir, (const char *path, mode_t mode), path, mode)

/* The mode is there only where a file may be made. */
#define OPEN(name)                                                                                 \
    EXPORT int name(const char *path, int flags, ...);                                             \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        REAL(name);                                                                                \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        unsigned mode = flags & O_CREAT ? va_arg(args, unsigned) : 0;                              \
        va_end(args);                                                                              \
        return flags & O_CREAT && goes_wrong(DISK) ? -1 : real(path, flags, mode);                 \
    }
OPEN(open)
OPEN(open64)
