/* attend - see attend.h. In its pid namespace there is nobody but the first process, this one, and
 * what the command started: so a signal to all, and none in fact, finds who is left. */
#include "propose/attend.h"

#include "base/fd.h"
#include "propose/proposer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_STARTED = 127, LOOK_MS = 10 };

/* A moment is theirs: programs end their helpers as they end themselves. */
static uint32_t left_running(void)
{
    for (int ms = 0; ms < ATTEND_PATIENCE_MS; ms += LOOK_MS) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        if (kill(-1, 0) < 0 && errno == ESRCH)
            return 0;
        poll(NULL, 0, LOOK_MS);
    }
    return 1;
}

void attend(char *const *argv)
{
    struct attend_report report = { .status = 0 };
    pid_t pid = fork();
    if (pid == 0) {
        close(PROPOSER_FD);
        execv(argv[0], argv);
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(NOT_STARTED);
    }
    if (pid < 0)
        _exit(NOT_STARTED);
    while (waitpid(pid, &report.status, 0) < 0 && errno == EINTR)
        continue;
    report.left = left_running();
    write_all(PROPOSER_FD, &report, sizeof report, NULL);
    _exit(WIFEXITED(report.status) ? WEXITSTATUS(report.status) : NOT_STARTED);
}
