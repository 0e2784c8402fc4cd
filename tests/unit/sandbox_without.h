/* sandbox_without - makes this process one that cannot have namespaces, as in many containers, or
 * one whose kernel lacks a call. For good, so a test that uses it comes last. */
#pragma once

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void without_filter(struct sock_filter *filter, size_t count)
{
    struct sock_fprog program = { (unsigned short)count, filter };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        _exit(9);
}

/* A call answers with an error, or does nothing and says that it has worked (0). */
static inline void without_answer(long number, unsigned error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    without_filter(filter, sizeof filter / sizeof *filter);
}

/* A kernel that does not know this call. */
static inline void without_call(long number)
{
    without_answer(number, ENOSYS);
}

/* The call fails when its first argument has one of these bits. */
static inline void without_bits(long number, unsigned bits, unsigned error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    without_filter(filter, sizeof filter / sizeof *filter);
}

static inline void without_namespaces(void)
{
    without_answer(SYS_mount, EPERM);
    without_answer(SYS_unshare, EPERM);
    without_answer(SYS_setns, EPERM);
    without_bits(SYS_clone,
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
            CLONE_NEWCGROUP,
        EPERM);
}
