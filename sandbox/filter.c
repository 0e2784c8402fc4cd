/* filter - see filter.h. */
#include "sandbox/filter.h"

#include "base/fd.h"
#include "base/mem.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |     \
        CLONE_NEWCGROUP)
/* The kernel looks at 32 bits of these; a comparison of 64 could be passed by setting others. */
#define WORD 0xffffffffu
#define CREATE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#define SET_ID (S_ISUID | S_ISGID)

/* Allowed where (argument & mask) is one of the values. */
static const struct {
    unsigned argument, count;
    uint64_t mask, values[16];
} onlys[ONLY_COUNT] = {
    [ONLY_DATA] = { 2, 1, PROT_EXEC, { 0 } },
    [ONLY_CHILD] = { 0, 1, NEW_NAMESPACES, { 0 } },
    [ONLY_SELF] = { 0, 1, WORD, { 0 } },
    [ONLY_IOCTL] = { 1, 8, WORD,
        { TCGETS, TCSETS, TIOCGWINSZ, TIOCGPGRP, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX } },
    [ONLY_PRCTL] = { 0, 5, WORD,
        { PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_SET_PDEATHSIG, PR_CAPBSET_READ } },
    [ONLY_UNIX] = { 0, 1, WORD, { AF_UNIX } },
    [ONLY_NOT_CREATE] = { 2, 1, CREATE, { 0 } },
    [ONLY_NOT_CREATE_1] = { 1, 1, CREATE, { 0 } },
    [ONLY_MODE_1] = { 1, 1, SET_ID, { 0 } },
    [ONLY_MODE_2] = { 2, 1, SET_ID, { 0 } },
    [ONLY_MODE_3] = { 3, 1, SET_ID, { 0 } },
    [ONLY_PIPE_1] = { 1, 1, S_IFMT | SET_ID, { S_IFIFO } },
    [ONLY_PIPE_2] = { 2, 1, S_IFMT | SET_ID, { S_IFIFO } },
};

const char *const filter_only_words[ONLY_COUNT] = {
    [ONLY_ANY] = "",
    [ONLY_DATA] = " (not executable)",
    [ONLY_CHILD] = " (no new namespace)",
    [ONLY_SELF] = " (itself)",
    [ONLY_IOCTL] = " (requests by list)",
    [ONLY_PRCTL] = " (options by list)",
    [ONLY_UNIX] = " (AF_UNIX)",
    [ONLY_NOT_CREATE] = " (not creating)",
    [ONLY_NOT_CREATE_1] = " (not creating)",
    [ONLY_MODE_1] = " (no set-uid bits)",
    [ONLY_MODE_2] = " (no set-uid bits)",
    [ONLY_MODE_3] = " (no set-uid bits)",
    [ONLY_PIPE_1] = " (named pipes)",
    [ONLY_PIPE_2] = " (named pipes)",
};

static int add(scmp_filter_ctx filter, const struct filter_call *call)
{
    int number = seccomp_syscall_resolve_name(call->name);
    if (number == __NR_SCMP_ERROR)
        return -EINVAL;
    if (call->only == ONLY_ANY)
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < onlys[call->only].count; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
            SCMP_CMP64(onlys[call->only].argument, SCMP_CMP_MASKED_EQ, onlys[call->only].mask,
                onlys[call->only].values[i]));
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

int filter_seal(const struct filter_set *const *sets, bool errno_default, struct err *err)
{
    uint32_t otherwise = errno_default ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
    CLEANUP(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
    scmp_filter_ctx filter = seccomp_init(otherwise);
    int rc =
        filter ? seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) : -ENOMEM;
    if (rc == 0) /* a tree instead of a list: some profiles have two hundred calls */
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = add_sets(filter, sets);
    if (rc == 0 && errno_default)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0)
        rc = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
    seccomp_release(filter);
    if (rc < 0) {
        errno = -rc;
        return err_sys(err, "make the system call filter");
    }
    return fd_steal(&fd);
}
