/* probe_processes - processes that a run did not start: looked at, signalled, traced, read,
 * written; and what processes share (System V objects, queues, futex lists, terminals). */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool opens_of(const char *pid, const char *name, int flags)
{
    char path[128];
    snprintf(path, sizeof path, "/proc/%.20s/%s", pid, name);
    return probe_opens(path, flags);
}

static bool see_process(const char *pid)
{
    return opens_of(pid, "status", O_RDONLY);
}

static bool read_environment(const char *pid)
{
    char path[128], byte;
    snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, &byte, 1) == 1;
}

static bool open_memory(const char *pid)
{
    return opens_of(pid, "mem", O_RDWR);
}

static bool list_descriptors(const char *pid)
{
    return opens_of(pid, "fd", O_RDONLY | O_DIRECTORY) && opens_of(pid, "fd/0", O_RDONLY);
}

static bool change_score(const char *pid)
{
    return opens_of(pid, "oom_score_adj", O_WRONLY);
}

static bool trace(const char *pid)
{
    int status;
    pid_t victim = atoi(pid);
    if (ptrace(PTRACE_SEIZE, victim, 0, 0) < 0)
        return false;
    /* Stopped once, so that it can be let go. */
    return ptrace(PTRACE_INTERRUPT, victim, 0, 0) == 0 &&
           waitpid(victim, &status, __WALL) == victim && ptrace(PTRACE_DETACH, victim, 0, 0) == 0;
}

static bool trace_child(const char *argument)
{
    (void)argument;
    pid_t pid = fork();
    if (pid == 0) {
        probe_with_parent();
        pause();
        _exit(0);
    }
    bool got = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0;
    int error = errno;
    kill(pid, SIGKILL);
    errno = error;
    return got;
}

struct place {
    pid_t pid;
    uint64_t address;
};

/* "PID:ADDRESS" of a byte that is the victim's to give. */
static struct place place_of(const char *text)
{
    char *rest;
    struct place place = { (pid_t)strtol(text, &rest, 10), 0 };
    if (*rest == ':')
        place.address = strtoull(rest + 1, NULL, 16);
    return place;
}

static bool read_memory(const char *at)
{
    char byte;
    struct place place = place_of(at);
    struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)place.address, 1 };
    return syscall(SYS_process_vm_readv, place.pid, &here, 1, &there, 1, 0) == 1;
}

static bool write_memory(const char *at)
{
    char byte = 'x';
    struct place place = place_of(at);
    struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)place.address, 1 };
    return syscall(SYS_process_vm_writev, place.pid, &here, 1, &there, 1, 0) == 1;
}

static bool advise_memory(const char *pid)
{
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    struct iovec none = { NULL, 0 };
    enum { COLD = 20 };
    return fd >= 0 && syscall(SYS_process_madvise, fd, &none, 0, COLD, 0) >= 0;
}

/* 0 looks only whether it may. */
static bool signal_it(const char *pid)
{
    return kill(atoi(pid), 0) == 0;
}

static bool signal_thread(const char *pid)
{
    return syscall(SYS_tgkill, atoi(pid), atoi(pid), 0) == 0;
}

static bool signal_one_thread(const char *pid)
{
    return syscall(SYS_tkill, atoi(pid), 0) == 0;
}

static bool signal_by_queue(const char *pid)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_code = SI_QUEUE;
    return syscall(SYS_rt_sigqueueinfo, atoi(pid), 0, &info) == 0;
}

static bool signal_by_descriptor(const char *pid)
{
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    return fd >= 0 && syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0;
}

static bool hold_process(const char *pid)
{
    return syscall(SYS_pidfd_open, atoi(pid), 0) >= 0;
}

static bool take_descriptor(const char *pid)
{
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    return fd >= 0 && syscall(SYS_pidfd_getfd, fd, 0, 0) >= 0;
}

static bool compare_processes(const char *pid)
{
    enum { FILES = 2 };
    return syscall(SYS_kcmp, getpid(), atoi(pid), FILES, 0, 0) >= 0;
}

static bool change_limits(const char *pid)
{
    struct rlimit limit;
    return prlimit(atoi(pid), RLIMIT_NOFILE, NULL, &limit) == 0;
}

static bool change_priority(const char *pid)
{
    errno = 0;
    int now = getpriority(PRIO_PROCESS, (id_t)atoi(pid));
    return errno == 0 && setpriority(PRIO_PROCESS, (id_t)atoi(pid), now) == 0;
}

static bool move_pages_of(const char *pid)
{
    return syscall(SYS_move_pages, atoi(pid), 0, NULL, NULL, NULL, 0) == 0;
}

static bool pin_process(const char *pid)
{
    cpu_set_t set;
    return sched_getaffinity(atoi(pid), sizeof set, &set) == 0 &&
           sched_setaffinity(atoi(pid), sizeof set, &set) == 0;
}

static bool list_of_locks(const char *pid)
{
    void *head;
    size_t size;
    return syscall(SYS_get_robust_list, atoi(pid), &head, &size) == 0;
}

static bool attach_shared_memory(const char *id)
{
    void *at = shmat(atoi(id), NULL, SHM_RDONLY);
    return at != (void *)-1 && shmdt(at) == 0;
}

static bool make_shared_memory(const char *argument)
{
    (void)argument;
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    return id >= 0 && shmctl(id, IPC_RMID, NULL) == 0;
}

static bool make_queue(const char *argument)
{
    (void)argument;
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    return id >= 0 && msgctl(id, IPC_RMID, NULL) == 0;
}

static bool make_semaphore(const char *argument)
{
    (void)argument;
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    return id >= 0 && semctl(id, 0, IPC_RMID) == 0;
}

static bool open_posix_queue(const char *name)
{
    return mq_open(name, O_RDONLY) >= 0;
}

static int open_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    return fd < 0 ? STDIN_FILENO : fd;
}

/* What is typed into a terminal, the shell behind it obeys. A terminal that is not the own one says
 * EPERM to who may call, but is not there for who has none. */
static bool type_into_terminal(const char *argument)
{
    (void)argument;
    return ioctl(open_terminal(), TIOCSTI, "x") == 0;
}

/* The kernel looks at 32 bits of a request. */
static bool type_by_high_bits(const char *argument)
{
    (void)argument;
    return syscall(SYS_ioctl, open_terminal(), (1ul << 32) | TIOCSTI, "x") == 0;
}

/* Pastes what is selected on a console. */
static bool type_by_selection(const char *argument)
{
    (void)argument;
    char paste = 3;
    return ioctl(open_terminal(), TIOCLINUX, &paste) == 0 || errno == ENOTTY;
}

/* A daemon, in a session of its own, whose parents have gone; descriptor 3 stays open with it. */
static bool daemon_stays(const char *argument)
{
    (void)argument;
    int ready[2];
    char byte;
    if (pipe(ready) < 0)
        return false;
    if (fork() == 0) {
        setsid();
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        if (fork() == 0) {
            close(ready[0]);
            if (write(ready[1], "r", 1) == 1)
                close(ready[1]);
            for (;;)
                pause();
        }
        _exit(0);
    }
    return read(ready[0], &byte, 1) == 1;
}

/* Descriptor 3: says ping, hears pong. */
static bool use_socket(const char *argument)
{
    (void)argument;
    char answer[4];
    return write(3, "ping", 4) == 4 && read(3, answer, 4) == 4 && memcmp(answer, "pong", 4) == 0;
}

const struct attempt attempts_processes[] = {
    { "see-process", see_process },
    { "read-environment", read_environment },
    { "open-memory", open_memory },
    { "list-descriptors", list_descriptors },
    { "oom-score", change_score },
    { "ptrace", trace },
    { "ptrace-child", trace_child },
    { "read-memory", read_memory },
    { "write-memory", write_memory },
    { "advise-memory", advise_memory },
    { "signal", signal_it },
    { "signal-thread", signal_thread },
    { "signal-tkill", signal_one_thread },
    { "signal-queue", signal_by_queue },
    { "signal-pidfd", signal_by_descriptor },
    { "pidfd", hold_process },
    { "pidfd-getfd", take_descriptor },
    { "kcmp", compare_processes },
    { "prlimit", change_limits },
    { "priority", change_priority },
    { "move-pages", move_pages_of },
    { "affinity", pin_process },
    { "robust-list", list_of_locks },
    { "shm-attach", attach_shared_memory },
    { "shm-make", make_shared_memory },
    { "msg-make", make_queue },
    { "sem-make", make_semaphore },
    { "mq-open", open_posix_queue },
    { "type", type_into_terminal },
    { "type-high-bits", type_by_high_bits },
    { "type-selection", type_by_selection },
    { "daemon", daemon_stays },
    { "socket", use_socket },
    { NULL, NULL },
};
