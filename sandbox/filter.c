/* filter - see filter.h. */
#include "sandbox/filter.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

const struct filter_call filter_worker[FILTER_WORKER_COUNT] = {
    { "read", ONLY_ANY, "messages from the broker" },
    { "write", ONLY_ANY, "messages to the broker; last words on standard error" },
    { "mmap", ONLY_DATA, "memory for a turn" },
    { "munmap", ONLY_ANY, "memory given back" },
    { "mremap", ONLY_ANY, "a large buffer grows" },
    { "mprotect", ONLY_DATA, "malloc's arenas" },
    { "madvise", ONLY_ANY, "malloc gives pages back" },
    { "brk", ONLY_ANY, "malloc" },
    { "exit_group", ONLY_ANY, "the end" },
    { "getpid", ONLY_ANY, "the sanitised worker's report names its process" },
    { "rt_sigreturn", ONLY_ANY, "return from a handler that was set before the lock" },
};

#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |     \
        CLONE_NEWCGROUP)

static int add(scmp_filter_ctx filter, const struct filter_call *call)
{
    int number = seccomp_syscall_resolve_name(call->name);
    if (number == __NR_SCMP_ERROR)
        return -EINVAL;
    if (call->only == ONLY_DATA)
        return seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, number, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (call->only == ONLY_THREAD)
        return seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, number, 1, SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

int filter_seal(
    const struct filter_call *calls, unsigned count, bool errno_default, struct err *err)
{
    uint32_t otherwise = errno_default ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
    CLEANUP(fd_closep) int fd = memfd_create("filter", MFD_CLOEXEC);
    scmp_filter_ctx filter = seccomp_init(otherwise);
    int rc =
        filter ? seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) : -ENOMEM;
    for (unsigned i = 0; rc == 0 && i < count; i++)
        rc = add(filter, &calls[i]);
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
