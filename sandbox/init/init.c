/* init - the first process of a run: starts the program, reaps what loses its parent, and tells how
 * the program ended.
 *
 * A program that is itself the first process of a pid namespace cannot be killed by its own
 * signals, so its end would be told wrongly; and without a pid namespace somebody must be the
 * parent of what it leaves behind. It is exec'd, so nothing of the parent is in its memory, and
 * linked without a library, so there is nothing else in it. It is confined like the program: see
 * birth.c.
 *
 * Arguments: INIT_STRONG or another, the program's path, its arguments. */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

struct ruleset {
    uint64_t fs, net, scoped;
};
enum { SCOPE_SIGNAL = 2 };

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n"
        "\tcall init_main\n");
static long call(long number, long a, long b, long c, long d, long e)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl init_main\n");
static long call(long number, long a, long b, long c, long d, long e)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
#else
#error "a system call of this machine is wanted here"
#endif

void init_main(long *stack) __attribute__((noreturn));

static void leave(int code) __attribute__((noreturn));
static void leave(int code)
{
    for (;;)
        call(SYS_exit_group, code, 0, 0, 0, 0);
}

/* The program may signal its own children only: not this process. Where the kernel is older than
 * that, a pid namespace does the same. */
static void scope_signals(void)
{
    const struct ruleset ruleset = { .scoped = SCOPE_SIGNAL };
    long fd = call(SYS_landlock_create_ruleset, (long)(uintptr_t)&ruleset, sizeof ruleset, 0, 0, 0);
    if (fd < 0)
        return;
    call(SYS_landlock_restrict_self, fd, 0, 0, 0, 0);
    call(SYS_close, fd, 0, 0, 0, 0);
}

static void start(char **argv, char **env) __attribute__((noreturn));
static void start(char **argv, char **env)
{
    scope_signals();
    call(SYS_setsid, 0, 0, 0, 0, 0);
    call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    int error = (int)-call(SYS_execve, (long)(uintptr_t)argv[0], (long)(uintptr_t)(argv + 1),
        (long)(uintptr_t)env, 0, 0);
    call(SYS_write, INIT_REPORT_FD, (long)(uintptr_t)&error, sizeof error, 0, 0);
    leave(127);
}

#if defined(__x86_64__)
#define SA_RESTORER                                                                                \
    0x04000000ul /* the kernel wants one, also of a handler that does not return                   \
                  */
#else
#define SA_RESTORER 0ul
#endif
struct action { /* as the kernel has it */
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};

/* Everybody whom this process may signal: its own run and nobody else, see below. */
static void end_all(int number)
{
    (void)number;
    call(SYS_kill, -1, SIGKILL, 0, 0, 0);
    leave(128 + SIGKILL);
}

static void no_return(void)
{
    leave(126);
}

/* Without a pid namespace nobody ends what the program has left behind, once the parent has gone;
 * so the parent's death becomes a signal that can be handled. Only where Landlock keeps signals
 * within the run (argv[1] says that it is in force, its version that it does), and the parent is
 * seen to be out of reach. */
static void outlive_parent(void)
{
    enum { VERSION = 1, SCOPES_SINCE = 6 };
    const struct action action = { end_all, SA_RESTORER, no_return, 0 };
    long parent = call(SYS_getppid, 0, 0, 0, 0, 0);
    if (call(SYS_landlock_create_ruleset, 0, 0, VERSION, 0, 0) < SCOPES_SINCE || parent <= 1 ||
        call(SYS_kill, parent, 0, 0, 0, 0) != -EPERM)
        return;
    if (call(SYS_rt_sigaction, SIGTERM, (long)(uintptr_t)&action, 0, sizeof action.mask, 0) == 0)
        call(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

/* Until nobody is left: without a pid namespace the parent outside kills what is. */
static void reap(long program, int strong)
{
    for (;;) {
        int status = 0;
        long pid = call(SYS_wait4, -1, (long)(uintptr_t)&status, 0, 0, 0);
        if (pid == program) {
            call(SYS_write, INIT_STATUS_FD, (long)(uintptr_t)&status, sizeof status, 0, 0);
            if (strong)
                return;
        }
        if (pid < 0 && pid != -EINTR)
            return;
    }
}

void init_main(long *stack)
{
    long argc = stack[0];
    char **argv = (char **)(stack + 1);
    char **env = argv + argc + 1;
    if (argc < 4)
        leave(126);
    int strong = argv[1][0] == INIT_STRONG[0];
    /* Without a pid namespace others live on: what is held is held by the last of them. */
    if (strong)
        call(SYS_fcntl, INIT_HOLD_FD, F_SETFD, FD_CLOEXEC, 0, 0);
    call(SYS_fcntl, INIT_REPORT_FD, F_SETFD, FD_CLOEXEC, 0, 0);
    call(SYS_fcntl, INIT_STATUS_FD, F_SETFD, FD_CLOEXEC, 0, 0);
    if (argv[1][0] == INIT_SCOPED[0])
        outlive_parent();
    long program = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (program == 0)
        start(argv + 2, env);
    if (program < 0) {
        int error = (int)-program;
        call(SYS_write, INIT_REPORT_FD, (long)(uintptr_t)&error, sizeof error, 0, 0);
        leave(126);
    }
    /* What the program closes is closed. */
    call(SYS_close_range, 0, INIT_REPORT_FD, 0, 0, 0);
    reap(program, strong);
    leave(0);
}
