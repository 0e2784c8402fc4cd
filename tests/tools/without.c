/* without - runs a command in a process that lacks one thing which the sandbox is made of, as a
 * machine may: without namespaces|landlock|seccomp|room COMMAND... What is taken away stays away in
 * all that the command starts. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define FAIL(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define OTHER_THAN(call, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, skip)
#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID)
/* A clone with namespaces fails so; clone3 has its flags in memory, and libc then takes clone. */
#define NO_CLONE(error)                                                                            \
    {                                                                                              \
        NUMBER, OTHER_THAN(SYS_clone3, 1), FAIL(ENOSYS), OTHER_THAN(SYS_clone, 3), ARGUMENT(0),    \
            BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1), FAIL(error), ALLOW             \
    }

static struct sock_filter no_namespaces[] = NO_CLONE(EPERM);
static struct sock_filter no_room[] = NO_CLONE(EAGAIN);
static struct sock_filter no_landlock[] = { NUMBER, OTHER_THAN(SYS_landlock_create_ruleset, 1),
    FAIL(ENOSYS), ALLOW };
static struct sock_filter no_seccomp[] = { NUMBER, OTHER_THAN(SYS_seccomp, 1), FAIL(ENOSYS),
    OTHER_THAN(SYS_prctl, 3), ARGUMENT(0), OTHER_THAN(PR_SET_SECCOMP, 1), FAIL(EINVAL), ALLOW };

#define FILTER(name)                                                                               \
    {                                                                                              \
        sizeof(name) / sizeof((name)[0]), name                                                     \
    }
static const struct lack {
    const char *name;
    struct sock_fprog filter;
} lacks[] = {
    { "namespaces", FILTER(no_namespaces) },
    { "room", FILTER(no_room) },
    { "landlock", FILTER(no_landlock) },
    { "seccomp", FILTER(no_seccomp) },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 2 && i < sizeof lacks / sizeof lacks[0]; i++) {
        if (strcmp(argv[1], lacks[i].name) != 0)
            continue;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &lacks[i].filter) < 0) {
            perror("without");
            return 125;
        }
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        return 127;
    }
    fprintf(stderr, "usage: without namespaces|room|landlock|seccomp COMMAND...\n");
    return 2;
}
