/* probe - see probe.h: sandbox_probe NAME [ARGUMENT]. Standard output says what it saw. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifdef PROBE_LOCKED
void probe_lock(void);
#endif

bool probe_opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd >= 0 && close(fd) == 0;
}

void probe_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static bool make_call(const struct bare_call *call)
{
    const long *a = call->arguments;
    long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4]);
    return result >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES);
}

static int say(const char *name, bool through)
{
    const char *seen = through ? "got through" : strerror(errno);
    if (write(STDOUT_FILENO, name, strlen(name)) < 0 || write(STDOUT_FILENO, ": ", 2) < 0 ||
        write(STDOUT_FILENO, seen, strlen(seen)) < 0)
        return through ? GOT_THROUGH : REFUSED;
    return through ? GOT_THROUGH : REFUSED;
}

static const struct attempt *find(const char *name)
{
    const struct attempt *const lists[] = { attempts_files, attempts_processes, attempts_network,
        attempts_kernel, attempts_bombs };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct attempt *attempt = lists[i]; attempt->name; attempt++)
            if (strcmp(attempt->name, name) == 0)
                return attempt;
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const char *argument = argc > 2 ? argv[2] : "";
    const struct attempt *attempt = find(name);
    const struct bare_call *call = bare_calls;
    while (call->name && strcmp(call->name, name) != 0)
        call++;
    if (!attempt && !call->name)
        return UNKNOWN;
#ifdef PROBE_LOCKED
    probe_lock();
#endif
    errno = 0;
    return say(name, attempt ? attempt->run(argument) : make_call(call));
}
