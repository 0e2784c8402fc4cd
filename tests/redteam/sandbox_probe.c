/* sandbox_probe - one hostile attempt a run: sandbox_probe NAME [ARGUMENT], or --list.
 *
 * Exit 0: it got through; 42: it was refused; 43: no such attempt. Standard output says what it
 * saw. It links nothing of moult and no sanitizer, so that what it does is what is written here. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GOT_THROUGH = 0, REFUSED = 42, UNKNOWN = 43 };

static const char *argument = "";

static bool opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd >= 0 && close(fd) == 0;
}

static bool read_file(void)
{
    return opens(argument, O_RDONLY);
}

static bool write_file(void)
{
    return opens(argument, O_WRONLY | O_CREAT);
}

static bool list_folder(void)
{
    return opens(argument, O_RDONLY | O_DIRECTORY);
}

/* A link that the run made itself leads out. */
static bool read_by_symlink(void)
{
    return symlink(argument, "way-out") == 0 && opens("way-out", O_RDONLY);
}

static bool read_by_hardlink(void)
{
    return link(argument, "way-out-too") == 0 && opens("way-out-too", O_RDONLY);
}

static bool read_by_dots(void)
{
    char path[4096] = "../../../../../../../../..";
    strncat(path, argument, sizeof path - strlen(path) - 1);
    return opens(path, O_RDONLY);
}

static bool read_by_proc_root(void)
{
    char path[4096] = "/proc/1/root";
    strncat(path, argument, sizeof path - strlen(path) - 1);
    return opens(path, O_RDONLY);
}

static bool other_processes(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/status", argument);
    return opens(path, O_RDONLY);
}

static bool core_pattern(void)
{
    return opens("/proc/sys/kernel/core_pattern", O_WRONLY);
}

static bool inherited_descriptors(void)
{
    bool any = false;
    for (int fd = atoi(argument); fd < 1024; fd++)
        any |= fcntl(fd, F_GETFD) >= 0;
    return any;
}

static bool family(int family, int type)
{
    int fd = socket(family, type, 0);
    return fd >= 0 && close(fd) == 0;
}

static bool socket_inet(void)
{
    return family(AF_INET, SOCK_STREAM) || family(AF_INET, SOCK_DGRAM);
}

static bool socket_inet6(void)
{
    return family(AF_INET6, SOCK_STREAM) || family(AF_INET6, SOCK_DGRAM);
}

static bool socket_unix(void)
{
    return family(AF_UNIX, SOCK_STREAM) || family(AF_UNIX, SOCK_DGRAM);
}

static bool socket_netlink(void)
{
    return family(AF_NETLINK, SOCK_RAW);
}

static bool socket_vsock(void)
{
    return family(AF_VSOCK, SOCK_STREAM);
}

static bool socket_packet(void)
{
    return family(AF_PACKET, SOCK_RAW);
}

static bool connect_out(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument)) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
}

static bool connect_unix(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    strncpy(to.sun_path, argument, sizeof to.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
}

static bool trace_parent(void)
{
    return ptrace(PTRACE_SEIZE, atoi(argument), 0, 0) == 0;
}

static bool trace_child(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    bool got = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0;
    kill(pid, SIGKILL);
    return got;
}

static bool read_memory(void)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { (void *)&argument, 1 };
    return syscall(SYS_process_vm_readv, getpid(), &here, 1, &there, 1, 0) == 1;
}

static bool signal_host(void)
{
    return kill(atoi(argument), 0) == 0;
}

/* Nothing is mounted here, so who may mount is told that, and who may not is refused before: an
 * attempt that leaves nothing behind where it gets through. */
static bool mount_anything(void)
{
    return mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND, NULL) == 0 || errno == EINVAL;
}

static bool mount_by_the_new_calls(void)
{
    return syscall(SYS_fsopen, "tmpfs", 0) >= 0;
}

static bool new_user_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}

static bool clone_user_namespace(void)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool clone3_user_namespace(void)
{
    uint64_t args[11] = { CLONE_NEWUSER, [4] = SIGCHLD };
    long pid = syscall(SYS_clone3, args, 64);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool change_root(void)
{
    return chroot(".") == 0;
}

static bool io_uring(void)
{
    char params[120] = { 0 };
    return syscall(425, 4, params) >= 0;
}

static bool bpf(void)
{
    uint32_t map[16] = { 2, 4, 4, 1 }; /* an array of one word */
    return syscall(SYS_bpf, 0, map, sizeof map) >= 0;
}

static bool userfaultfd(void)
{
    return syscall(SYS_userfaultfd, 1) >= 0;
}

static bool perf(void)
{
    uint32_t attr[32] = { 1, sizeof attr };
    return syscall(SYS_perf_event_open, attr, 0, -1, -1, 0) >= 0;
}

static bool keyring(void)
{
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) >= 0;
}

static bool handle(void)
{
    struct {
        unsigned size;
        int type;
        char bytes[128];
    } to = { sizeof to.bytes, 0, { 0 } };
    int mount_id;
    return syscall(SYS_name_to_handle_at, AT_FDCWD, ".", &to, &mount_id, 0) == 0 &&
           syscall(SYS_open_by_handle_at, AT_FDCWD, &to, O_RDONLY) >= 0;
}

static bool device(void)
{
    return mknod("disk", S_IFBLK | 0600, 0x0800) == 0;
}

/* In a pseudo terminal, a child's answer would be typed into the parent's shell. */
static bool type_into_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR);
    return ioctl(fd < 0 ? 0 : fd, TIOCSTI, "x") == 0 || errno == EIO;
}

static bool set_uid_file(void)
{
    int fd = open("set-uid", O_WRONLY | O_CREAT, 04755);
    struct stat st;
    if (fd < 0)
        fd = open("set-uid", O_WRONLY | O_CREAT, 0755);
    chmod("set-uid", 04755);
    fchmod(fd, 04755);
    return fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 04000);
}

/* int 0x80: the 32-bit table, where getpid is 20. */
static bool system_call_of_32_bits(void)
{
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result > 0;
#else
    return false;
#endif
}

static bool system_call_of_x32(void)
{
    return syscall(0x40000000 + SYS_getpid) > 0;
}

static bool execute_memory(void)
{
    char *argv[] = { "true", NULL };
    int to = (int)syscall(SYS_memfd_create, "code", 0), from = open("/proc/self/exe", O_RDONLY);
    char bytes[65536];
    for (ssize_t n; to >= 0 && (n = read(from, bytes, sizeof bytes)) > 0;)
        if (write(to, bytes, (size_t)n) != n)
            return false;
    return to >= 0 && syscall(SYS_execveat, to, "", argv, NULL, AT_EMPTY_PATH) == 0;
}

static bool raise_limits(void)
{
    struct {
        uint64_t now, max;
    } limit = { 1 << 20, 1 << 20 };
    return syscall(SYS_prlimit64, 0, 7, &limit, NULL) == 0; /* RLIMIT_NOFILE */
}

static bool have_capabilities(void)
{
    return prctl(PR_CAPBSET_READ, 21, 0, 0, 0) == 1; /* CAP_SYS_ADMIN could come back by an exec */
}

static bool have_privileges(void)
{
    uint32_t head[2] = { 0x20080522, 0 }, data[6] = { 0 };
    return syscall(SYS_capget, head, data) == 0 && (data[0] | data[3]);
}

static bool environment(void)
{
    return getenv(argument) != NULL;
}

/* Descriptor 3: says ping, hears pong. */
static bool use_socket(void)
{
    char answer[4];
    return write(3, "ping", 4) == 4 && read(3, answer, 4) == 4 && memcmp(answer, "pong", 4) == 0;
}

static bool write_memory_of_first(void)
{
    return opens("/proc/1/mem", O_RDWR);
}

static bool environment_of_first(void)
{
    char byte;
    int fd = open("/proc/1/environ", O_RDONLY);
    return fd >= 0 && read(fd, &byte, 1) == 1;
}

static bool join_namespace(void)
{
    int fd = open("/proc/1/ns/net", O_RDONLY);
    return fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
}

static bool change_mode(void)
{
    struct stat st;
    return stat(argument, &st) == 0 && chmod(argument, st.st_mode & 07777) == 0;
}

static bool change_owner(void)
{
    struct stat st;
    return stat(argument, &st) == 0 && chown(argument, st.st_uid, st.st_gid) == 0;
}

static bool change_times(void)
{
    return utimensat(AT_FDCWD, argument, NULL, 0) == 0;
}

static bool see_file(void)
{
    struct stat st;
    return stat(argument, &st) == 0;
}

static bool send_datagram(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd >= 0 && sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1;
}

/* What must end the run by a limit: these are not run without one. Each sleeps where it is stopped
 * otherwise, so that nothing but the limit ends it. */
static bool stopped(void)
{
    while (pause() < 0)
        continue;
    return false;
}

static bool bomb_of_forks(void)
{
    while (fork() >= 0)
        continue;
    return stopped();
}

static void *wait_in_thread(void *nothing)
{
    stopped();
    return nothing;
}

static bool bomb_of_threads(void)
{
    pthread_t thread;
    while (pthread_create(&thread, NULL, wait_in_thread, NULL) == 0)
        continue;
    return stopped();
}

static bool bomb_of_memory(void)
{
    for (;;) {
        char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            return stopped();
        memset(p, 1, 1 << 20);
    }
}

/* Each child has less than the limit. */
static bool bomb_of_memory_in_parts(void)
{
    for (int i = 0; i < 8; i++) {
        if (fork() != 0)
            continue;
        volatile char *kept = malloc(16 << 20); /* volatile: else an optimiser drops the writes */
        for (int at = 0; at < 16 << 20; at += 4096)
            kept[at] = 1;
        return stopped();
    }
    return stopped();
}

static bool bomb_of_bytes(void)
{
    static char block[65536] = "x";
    int fd = open("bomb", O_WRONLY | O_CREAT, 0600);
    signal(SIGXFSZ, SIG_IGN);
    while (write(fd, block, sizeof block) > 0)
        continue;
    return stopped();
}

static bool bomb_of_files(void)
{
    static char block[65536] = "x";
    for (int i = 0;; i++) {
        char name[32];
        snprintf(name, sizeof name, "bomb-%d", i);
        int fd = open(name, O_WRONLY | O_CREAT, 0600);
        if (fd < 0 || write(fd, block, sizeof block) < 0)
            return stopped();
        close(fd);
    }
}

static bool bomb_of_descriptors(void)
{
    while (dup(0) >= 0)
        continue;
    return stopped();
}

static bool bomb_of_output(void)
{
    static char block[65536] = "x";
    while (write(1, block, sizeof block) > 0)
        continue;
    return stopped();
}

static bool bomb_of_time(void)
{
    volatile bool on = true;
    while (on)
        continue;
    return false;
}

/* Each child has less than the limit. */
static bool bomb_of_time_in_parts(void)
{
    for (;;) {
        pid_t pid = fork();
        if (pid == 0) {
            struct timespec used;
            do
                clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
            while (used.tv_nsec < 50000000);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
}

/* A daemon, in a session of its own, whose parents have gone; descriptor 3 says that it lives. */
static bool daemon_stays(void)
{
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
            stopped();
        }
        _exit(0);
    }
    return read(ready[0], &byte, 1) == 1;
}

static const struct {
    const char *name;
    bool (*attempt)(void);
} attempts[] = {
    { "read", read_file },
    { "write", write_file },
    { "list", list_folder },
    { "read-by-symlink", read_by_symlink },
    { "read-by-hardlink", read_by_hardlink },
    { "read-by-dots", read_by_dots },
    { "read-by-proc-root", read_by_proc_root },
    { "other-process", other_processes },
    { "core-pattern", core_pattern },
    { "descriptors", inherited_descriptors },
    { "inet", socket_inet },
    { "inet6", socket_inet6 },
    { "unix", socket_unix },
    { "netlink", socket_netlink },
    { "vsock", socket_vsock },
    { "packet", socket_packet },
    { "connect", connect_out },
    { "connect-unix", connect_unix },
    { "ptrace", trace_parent },
    { "ptrace-child", trace_child },
    { "read-memory", read_memory },
    { "signal", signal_host },
    { "mount", mount_anything },
    { "fsopen", mount_by_the_new_calls },
    { "unshare", new_user_namespace },
    { "clone", clone_user_namespace },
    { "clone3", clone3_user_namespace },
    { "chroot", change_root },
    { "io-uring", io_uring },
    { "bpf", bpf },
    { "userfaultfd", userfaultfd },
    { "perf", perf },
    { "keyring", keyring },
    { "handle", handle },
    { "device", device },
    { "type", type_into_terminal },
    { "set-uid", set_uid_file },
    { "int80", system_call_of_32_bits },
    { "x32", system_call_of_x32 },
    { "memfd-exec", execute_memory },
    { "raise-limits", raise_limits },
    { "capability-bound", have_capabilities },
    { "capabilities", have_privileges },
    { "environment", environment },
    { "socket", use_socket },
    { "memory-of-first", write_memory_of_first },
    { "environment-of-first", environment_of_first },
    { "setns", join_namespace },
    { "chmod", change_mode },
    { "chown", change_owner },
    { "utimes", change_times },
    { "stat", see_file },
    { "datagram", send_datagram },
    { "fork-bomb", bomb_of_forks },
    { "thread-bomb", bomb_of_threads },
    { "memory-bomb", bomb_of_memory },
    { "memory-bomb-in-parts", bomb_of_memory_in_parts },
    { "byte-bomb", bomb_of_bytes },
    { "file-bomb", bomb_of_files },
    { "descriptor-bomb", bomb_of_descriptors },
    { "output-bomb", bomb_of_output },
    { "time-bomb", bomb_of_time },
    { "time-bomb-in-parts", bomb_of_time_in_parts },
    { "daemon", daemon_stays },
};

/* Calls that no program of a run has a use for, with arguments that do nothing: who may make them
 * is told that the arguments are wrong, who may not is refused before. */
static const struct {
    const char *name;
    long number, arguments[5];
} calls[] = {
    { "pivot_root", SYS_pivot_root, { 0 } },
    { "umount", SYS_umount2, { 0 } },
    { "move_mount", SYS_move_mount, { -1, 0, -1, 0, 0 } },
    { "open_tree", SYS_open_tree, { -1 } },
    { "mount_setattr", SYS_mount_setattr, { -1 } },
    { "swapon", SYS_swapon, { 0 } },
    { "swapoff", SYS_swapoff, { 0 } },
    { "acct", SYS_acct, { 1 } },
    { "reboot", SYS_reboot, { 0 } },
    { "kexec", SYS_kexec_load, { 0, 0, 0, -1 } },
    { "init_module", SYS_init_module, { 0 } },
    { "finit_module", SYS_finit_module, { -1 } },
    { "delete_module", SYS_delete_module, { 0 } },
    { "syslog", SYS_syslog, { 10 } },
    { "quotactl", SYS_quotactl, { -1 } },
    { "sethostname", SYS_sethostname, { 0, -1 } },
    { "setdomainname", SYS_setdomainname, { 0, -1 } },
    { "clock_settime", SYS_clock_settime, { -1, 0 } },
    { "add_key", SYS_add_key, { 0 } },
    { "request_key", SYS_request_key, { 0 } },
    { "fanotify", SYS_fanotify_init, { 0 } },
    { "kcmp", SYS_kcmp, { 1, 1, 99 } },
    { "pidfd_getfd", SYS_pidfd_getfd, { -1 } },
    { "process_vm_writev", SYS_process_vm_writev, { -1 } },
    { "process_madvise", SYS_process_madvise, { -1 } },
    { "personality", SYS_personality, { 0xffffffff } },
    { "vmsplice", SYS_vmsplice, { -1 } },
    { "memfd_create", SYS_memfd_create, { 0 } },
    { "migrate_pages", SYS_migrate_pages, { 0 } },
    { "move_pages", SYS_move_pages, { 0 } },
    { "mq_open", SYS_mq_open, { 0 } },
    { "shmget", SYS_shmget, { 0x6d6f756c } },
    { "msgget", SYS_msgget, { 0x6d6f756c } },
    { "semget", SYS_semget, { 0x6d6f756c } },
    { "io_setup", SYS_io_setup, { 0 } },
    { "openat2", SYS_openat2, { -1 } },
    { "sched_setscheduler", SYS_sched_setscheduler, { 0, -1 } },
    { "setxattr", SYS_setxattr, { 0 } },
    { "seccomp", SYS_seccomp, { 2 } },
    { "prctl", SYS_prctl, { 8, -1 } }, /* PR_SET_KEEPCAPS */
#ifdef __x86_64__
    { "iopl", SYS_iopl, { 0 } },
    { "ioperm", SYS_ioperm, { -1 } },
    { "modify_ldt", SYS_modify_ldt, { 99 } },
#endif
};

static bool refused(void)
{
    return errno == EPERM || errno == ENOSYS || errno == EACCES;
}

static int say(const char *name, bool through)
{
    printf("%s: %s\n", name, through ? "got through" : strerror(errno));
    return through ? GOT_THROUGH : REFUSED;
}

/* "--list" names every attempt. */
static int list(void)
{
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        puts(attempts[i].name);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        puts(calls[i].name);
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--list";
    if (argc > 2)
        argument = argv[2];
    errno = 0;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        if (strcmp(attempts[i].name, name) == 0)
            return say(name, attempts[i].attempt());
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        const long *a = calls[i].arguments;
        if (strcmp(calls[i].name, name) == 0)
            return say(
                name, syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4]) >= 0 || !refused());
    }
    return strcmp(name, "--list") == 0 ? list() : UNKNOWN;
}
