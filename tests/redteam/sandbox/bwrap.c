/* bwrap - see bwrap.h. */
#include "bwrap.h"

#include "base/fd.h"
#include "base/mem.h"
#include "scene.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GOT_THROUGH = 0, REFUSED = 42, LIFELINE = 3, GONE_MS = 1000 };

bool bwrap_is_here(char version[64])
{
    FILE *said = popen("bwrap --version 2>/dev/null", "re");
    bool here = said && fgets(version, 64, said);
    if (here)
        version[strcspn(version, "\n")] = 0;
    if (said)
        pclose(said);
    return here;
}

static void become_bwrap(const char *probe, const char *attempt, const char *argument, int lifeline)
{
    const char *work = scene_work();
    const char *const argv[] = { "bwrap", "--unshare-all", "--die-with-parent", "--new-session",
        "--clearenv", "--setenv", "PATH", "/usr/bin", "--ro-bind", "/usr", "/usr", "--symlink",
        "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
        "--ro-bind", "/etc/passwd", "/etc/passwd", "--proc", "/proc", "--dev", "/dev", "--tmpfs",
        "/tmp", "--bind", work, work, "--ro-bind", probe, probe, "--chdir", work, "--", probe,
        attempt, scene_argument(argument), NULL };
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        dup2(nowhere, fd);
    if (lifeline >= 0)
        dup2(lifeline, LIFELINE);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static enum outcome run(
    const struct trying *trying, const char *attempt, const char *argument, int lifeline)
{
    int status;
    scene_fresh();
    pid_t pid = fork();
    if (pid == 0)
        become_bwrap(trying->program, attempt, argument, lifeline);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return OUTCOME_ODD;
    return WEXITSTATUS(status) == GOT_THROUGH ? OUTCOME_THROUGH
           : WEXITSTATUS(status) == REFUSED   ? OUTCOME_REFUSED
                                              : OUTCOME_ODD;
}

enum outcome bwrap_probe(const struct trying *trying, const struct probe *probe)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return OUTCOME_ODD;
    enum outcome outcome = run(trying, probe->attempt, probe->argument, ends[1]);
    close(ends[1]);
    struct pollfd polled = { ends[0], POLLIN, 0 };
    if (outcome == OUTCOME_THROUGH && (probe->flags & OUTLIVES) && poll(&polled, 1, GONE_MS) != 0)
        outcome = OUTCOME_REFUSED;
    /* A name that it changes is that of its own namespace. */
    bool harmless = (probe->flags & RENAMES) || ((probe->flags & REMAINS) && !try_remains(probe));
    if (outcome == OUTCOME_THROUGH && harmless)
        outcome = OUTCOME_REFUSED;
    close(ends[0]);
    scene_sweep();
    return outcome;
}

enum outcome bwrap_bomb(const struct trying *trying, const struct bomb *bomb)
{
    enum outcome outcome = run(trying, bomb->name, "0", -1);
    scene_sweep();
    return outcome;
}
