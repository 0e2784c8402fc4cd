/* import_whole - see import_whole.h. The broker is started by the importer and outlives it for a
 * moment; this process is made the one that orphans come to, so what it took is known as well. */
#include "import_whole.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

extern char **environ;

static double cpu_of(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static int run(char **argv, struct rusage *usage, struct err *err)
{
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    int status = 0;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawn(&pid, argv[0], &quiet, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&quiet);
    if (failed != 0 || wait4(pid, &status, 0, usage) < 0)
        return err_sys(err, "run %s", argv[0]);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? 0
               : err_set(err, ERR_STATE, "moult %s failed", argv[3]);
}

/* All that came here as orphans: the brokers that the program started. */
static void wait_for_others(struct rusage *ret)
{
    struct rusage usage;
    *ret = (struct rusage){ 0 };
    while (wait4(-1, NULL, 0, &usage) >= 0 || errno == EINTR) {
        if (usage.ru_maxrss > ret->ru_maxrss)
            ret->ru_maxrss = usage.ru_maxrss;
        timeradd(&ret->ru_utime, &usage.ru_utime, &ret->ru_utime);
        timeradd(&ret->ru_stime, &usage.ru_stime, &ret->ru_stime);
    }
}

static int import_into(struct import_whole *ret, char *moult, char *home, const char *format,
    char *const *paths, size_t count, struct err *err)
{
    struct rusage program, others;
    char *const init[] = { moult, "-C", "/", "init", home, NULL };
    /* Copies of a session have its name. */
    char *const head[] = { moult, "-C", home, "import", "--newer", (char *)format };
    CLEANUP(mem_freep) char **argv = mem_zero(COUNT_OF(head) + count + 1, sizeof *argv);
    memcpy(argv, head, sizeof head);
    memcpy(argv + COUNT_OF(head), paths, count * sizeof *argv);
    int rc = run((char **)init, &program, err);
    if (rc < 0)
        return rc;
    wait_for_others(&others);
    uint64_t from = clock_mono_ns();
    rc = run(argv, &program, err);
    ret->wall_s = (double)(clock_mono_ns() - from) / 1e9;
    wait_for_others(&others);
    ret->program_s = cpu_of(&program);
    ret->broker_s = cpu_of(&others);
    ret->program_mb = (double)program.ru_maxrss / 1024;
    ret->broker_mb = (double)others.ru_maxrss / 1024;
    return rc;
}

int import_whole(
    struct import_whole *ret, const char *format, char *const *paths, size_t count, struct err *err)
{
    struct scratch scratch;
    char moult[PATH_MAX], home[PATH_MAX], config[PATH_MAX];
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int rc = file_program_dir(moult, sizeof moult - 16, err);
    if (rc < 0 || (rc = scratch_make(&scratch, "import", 0700, err)) < 0)
        return rc;
    strcat(moult, "/moult");
    snprintf(home, sizeof home, "%s/home", scratch.path);
    snprintf(config, sizeof config, "%s/config", scratch.path);
    setenv("XDG_CONFIG_HOME", config, 1);
    rc = import_into(ret, moult, home, format, paths, count, err);
    scratch_remove(&scratch);
    return rc;
}
