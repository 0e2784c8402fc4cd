/* filter - see filter.h. */
#include "sandbox/filter.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/init/init.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |     \
        CLONE_NEWCGROUP)
/* The kernel looks at 32 bits of these; a comparison of 64 could be passed by setting others. */
#define WORD 0xffffffffu
#define CREATE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#define SET_ID (S_ISUID | S_ISGID)

/* Of a socket's type the rest is flags. */
#define TYPE 0xf

/* All but that of cores: by core(5) the 1 that a run has stops a handler behind a pipe, 0 does
 * not. */
#define LIMITS_SET                                                                                 \
    {                                                                                              \
        RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_RSS, RLIMIT_NPROC,             \
            RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING,             \
            RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME                             \
    }

/* Allowed where (argument & mask) is one of the values, and so with `also`, if it has a mask. */
static const struct only {
    unsigned argument, count;
    uint64_t mask, values[16];
    struct {
        unsigned argument;
        uint64_t mask, value;
    } also[2];
} onlys[ONLY_COUNT] = {
    [ONLY_DATA] = { 2, 1, PROT_EXEC, { 0 } },
    [ONLY_CHILD] = { 0, 1, NEW_NAMESPACES, { 0 } },
    [ONLY_SELF] = { 0, 1, WORD, { 0 } },
    [ONLY_SELF_1] = { 1, 1, WORD, { 0 } },
    [ONLY_IOCTL] = { 1, 8, WORD,
        { TCGETS, TCSETS, TIOCGWINSZ, TIOCGPGRP, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX } },
    [ONLY_PRCTL] = { 0, 5, WORD,
        { PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_SET_PDEATHSIG, PR_CAPBSET_READ } },
    [ONLY_UNIX] = { 1, 2, TYPE, { SOCK_STREAM, SOCK_SEQPACKET }, { { 0, WORD, AF_UNIX } } },
    [ONLY_TCP] = { 0, 2, WORD, { AF_INET, AF_INET6 },
        { { 1, TYPE, SOCK_STREAM }, { 2, WORD, 0 } } },
    [ONLY_TCP_NAMED] = { 0, 2, WORD, { AF_INET, AF_INET6 },
        { { 1, TYPE, SOCK_STREAM }, { 2, WORD, IPPROTO_TCP } } },
    [ONLY_NOT_CREATE] = { 2, 1, CREATE, { 0 } },
    [ONLY_NOT_CREATE_1] = { 1, 1, CREATE, { 0 } },
    [ONLY_MODE_1] = { 1, 1, SET_ID, { 0 } },
    [ONLY_MODE_2] = { 2, 1, SET_ID, { 0 } },
    [ONLY_MODE_3] = { 3, 1, SET_ID, { 0 } },
    [ONLY_PIPE_1] = { 1, 1, S_IFMT | SET_ID, { S_IFIFO } },
    [ONLY_PIPE_2] = { 2, 1, S_IFMT | SET_ID, { S_IFIFO } },
    [ONLY_LIMIT_ASKED] = { 2, 1, UINT64_MAX, { 0 }, { { 0, WORD, 0 } } },
    [ONLY_LIMIT] = { 1, 15, WORD, LIMITS_SET, { { 0, WORD, 0 } } },
    [ONLY_LIMIT_0] = { 0, 15, WORD, LIMITS_SET },
    [ONLY_GROW] = { 1, 1, WORD, { 0 } },
};

const char *const filter_only_words[ONLY_COUNT] = {
    [ONLY_ANY] = "",
    [ONLY_DATA] = " (not executable)",
    [ONLY_CHILD] = " (no new namespace)",
    [ONLY_SELF] = " (itself)",
    [ONLY_SELF_1] = " (itself)",
    [ONLY_IOCTL] = " (requests by list)",
    [ONLY_PRCTL] = " (options by list)",
    [ONLY_UNIX] = " (AF_UNIX, no datagrams)",
    [ONLY_TCP] = " (TCP)",
    [ONLY_TCP_NAMED] = " (TCP by number)",
    [ONLY_NOT_CREATE] = " (not creating)",
    [ONLY_NOT_CREATE_1] = " (not creating)",
    [ONLY_MODE_1] = " (no set-uid bits)",
    [ONLY_MODE_2] = " (no set-uid bits)",
    [ONLY_MODE_3] = " (no set-uid bits)",
    [ONLY_PIPE_1] = " (named pipes)",
    [ONLY_PIPE_2] = " (named pipes)",
    [ONLY_LIMIT_ASKED] = " (itself, asking)",
    [ONLY_LIMIT] = " (itself, not of cores)",
    [ONLY_LIMIT_0] = " (not of cores)",
    [ONLY_GROW] = " (mode 0)",
};

static int add(scmp_filter_ctx filter, const struct filter_call *call)
{
    int number = seccomp_syscall_resolve_name(call->name);
    if (number == __NR_SCMP_ERROR)
        return -EINVAL;
    if (call->only == ONLY_ANY)
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    const struct only *only = &onlys[call->only];
    struct scmp_arg_cmp wanted[1 + COUNT_OF(only->also)];
    unsigned count = 1;
    int rc = 0;
    for (size_t i = 0; i < COUNT_OF(only->also) && only->also[i].mask; i++)
        wanted[count++] = SCMP_CMP64(
            only->also[i].argument, SCMP_CMP_MASKED_EQ, only->also[i].mask, only->also[i].value);
    for (unsigned i = 0; rc == 0 && i < only->count; i++) {
        wanted[0] = SCMP_CMP64(only->argument, SCMP_CMP_MASKED_EQ, only->mask, only->values[i]);
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, wanted);
    }
    return rc;
}

static int add_sets(scmp_filter_ctx filter, const struct filter_set *const *sets)
{
    int rc = 0;
    for (; *sets; sets++)
        for (unsigned i = 0; rc == 0 && i < (*sets)->count; i++)
            rc = add(filter, &(*sets)->calls[i]);
    return rc;
}

/* For the moment between the filter and the first program; no run can have these descriptors, or
 * what it could do with them is allowed to it by name, too. */
static int add_start(scmp_filter_ctx filter)
{
    int rc = seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(execveat), 1, SCMP_A0(SCMP_CMP_EQ, INIT_PROGRAM_FD));
    if (rc == 0)
        rc = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 1, SCMP_A0(SCMP_CMP_EQ, INIT_SOCKET_FD));
    return rc == 0 ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) : rc;
}

/* libseccomp takes no notification as the default: what the default was made into is replaced. */
static int let_parent_answer(int fd)
{
    static const size_t size_max = FILTER_ROWS_MAX * sizeof(struct sock_filter);
    CLEANUP(mem_freep) struct sock_filter *rows = mem_alloc(size_max);
    ssize_t size = pread(fd, rows, size_max, 0);
    if (size < 0)
        return -errno;
    for (size_t i = 0; i < (size_t)size / sizeof *rows; i++)
        if (rows[i].code == (BPF_RET | BPF_K) && rows[i].k == (SECCOMP_RET_ERRNO | EPERM))
            rows[i].k = SECCOMP_RET_USER_NOTIF;
    return pwrite(fd, rows, (size_t)size, 0) == size ? 0 : -errno;
}

int filter_seal(
    const struct filter_set *const *sets, enum filter_otherwise otherwise, struct err *err)
{
    CLEANUP(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
    scmp_filter_ctx filter = seccomp_init(
        otherwise == FILTER_KILL ? SCMP_ACT_KILL_PROCESS : (uint32_t)SCMP_ACT_ERRNO(EPERM));
    int rc =
        filter ? seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) : -ENOMEM;
    if (rc == 0) /* a tree instead of a list: some profiles have two hundred calls */
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = add_sets(filter, sets);
    if (rc == 0 && otherwise != FILTER_KILL)
        rc = add_start(filter);
    if (rc == 0)
        rc = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
    if (rc == 0 && otherwise == FILTER_NOTIFY)
        rc = let_parent_answer(fd);
    seccomp_release(filter);
    if (rc < 0) {
        errno = -rc;
        err_sys(err, "layer seccomp: make the filter");
        err_hint(err, "use a kernel that has it (5.0 or newer)");
        if (err)
            err->code = ERR_LACKS;
        return -ERR_LACKS;
    }
    return fd_steal(&fd);
}

int filter_refusal(const struct seccomp_data *asked)
{
    const __u64 *args = asked->args;
    switch (asked->nr) {
    case SYS_setrlimit:
        return args[0] == RLIMIT_CORE ? 0 : EPERM;
    case SYS_prlimit64: /* who asks for the old one, too, would take what it finds for it */
        return (__u32)args[0] == 0 && args[1] == RLIMIT_CORE && args[3] == 0 ? 0 : EPERM;
    case SYS_setxattr:
    case SYS_lsetxattr:
    case SYS_fsetxattr:
    case SYS_fallocate:
        return EOPNOTSUPP;
    default:
        return EPERM;
    }
}

const char *filter_call_name(int number, char out[FILTER_NAME_MAX])
{
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    if (name)
        snprintf(out, FILTER_NAME_MAX, "%s", name);
    else
        snprintf(out, FILTER_NAME_MAX, "system call %d", number);
    free(name);
    return out;
}
