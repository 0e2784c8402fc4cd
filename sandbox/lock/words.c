/* words - see words.h. */
#include "lock/words.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { HANDLER_STACK = 64 << 10, FRAME_MAX = 256 << 10, RED_ZONE = 4096 };

#if defined(__x86_64__)
#define STACK_POINTER(context) ((uintptr_t)(context)->uc_mcontext.gregs[REG_RSP])
#elif defined(__aarch64__)
#define STACK_POINTER(context) ((uintptr_t)(context)->uc_mcontext.sp)
#else
#error "the stack pointer of this machine is wanted here"
#endif

/* Where a stack may grow it does; a fault beside its end is that it may not. The handler is set for
 * one time: the instruction is tried again, and the signal ends the program. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    static const char text[] = LOCK_WORD_STACK "\n";
    uintptr_t at = (uintptr_t)info->si_addr, stack = STACK_POINTER((const ucontext_t *)context);
    (void)number;
    if (at + FRAME_MAX >= stack && at <= stack + RED_ZONE &&
        write(STDERR_FILENO, text, sizeof text - 1) < 0)
        return;
}

int lock_last_words(struct err *err)
{
    const struct sigaction action = { .sa_sigaction = on_fault,
        .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND };
    struct sigaction before;
    if (sigaction(SIGSEGV, NULL, &before) == 0 && before.sa_handler != SIG_DFL)
        return 0; /* a sanitizer's */
    stack_t stack = { .ss_size = HANDLER_STACK };
    stack.ss_sp =
        mmap(NULL, HANDLER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) < 0 ||
        sigaction(SIGSEGV, &action, NULL) < 0)
        return err_sys(err, "last words");
    return 0;
}
