/* service - the benchmarks of the running service, and of the loop from outside (proposers,
 * scripted, faults, ablation, year): each is a story beside this file, run by node, with homes and
 * clients of the stories' own. A story prints a figure a line: name, value, unit and aim, with tabs
 * between them. What it says on standard error (a part that was skipped, progress) is seen. */
#include "bench.h"

#include "base/file.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: does not return. */
static void become(const char *story, const char *bin, int output)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/tests/bench/%s.mjs", MOULT_SOURCE_DIR, story);
    if (dup2(output, STDOUT_FILENO) >= 0 && setenv("MOULT_BIN", bin, 1) == 0 &&
        setenv("MOULT_SRC", MOULT_SOURCE_DIR, 1) == 0)
        execlp("node", "node", path, (char *)NULL);
    perror("node");
    _exit(127);
}

static int take(FILE *figures, struct buf *out, struct err *err)
{
    char line[512], name[128], unit[32];
    double value, aim;
    while (fgets(line, sizeof(line), figures)) {
        if (sscanf(line, "%127[^\t]\t%lf\t%31[^\t]\t%lf", name, &value, unit, &aim) != 4)
            return err_set(err, ERR_PEER, "not a figure: %s", line);
        bench_figure(out, name, value, unit, aim);
    }
    return 0;
}

static int await(pid_t pid, const char *story, struct err *err)
{
    int status;
    if (waitpid(pid, &status, 0) < 0)
        return err_sys(err, "waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return err_set(err, ERR_PEER, "%s.mjs ended with status %d", story, status);
}

static int run(const char *story, struct buf *out, struct err *err)
{
    char bin[PATH_MAX - 64];
    int figures[2], r = file_program_dir(bin, sizeof(bin), err);
    if (r < 0)
        return r;
    if (pipe(figures) < 0)
        return err_sys(err, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        close(figures[0]);
        become(story, bin, figures[1]);
    }
    close(figures[1]);
    FILE *from = fdopen(figures[0], "r");
    if (pid < 0 || !from) {
        close(figures[0]);
        return err_sys(err, "%s.mjs", story);
    }
    r = take(from, out, err);
    fclose(from); /* one that goes on writing ends of it */
    int ended = await(pid, story, r < 0 ? NULL : err);
    return r < 0 ? r : ended;
}

int bench_turn(struct buf *out, struct err *err)
{
    return run("turn", out, err);
}

int bench_cold(struct buf *out, struct err *err)
{
    return run("cold", out, err);
}

int bench_memory(struct buf *out, struct err *err)
{
    return run("memory", out, err);
}

int bench_swap(struct buf *out, struct err *err)
{
    return run("swap", out, err);
}

int bench_rollback(struct buf *out, struct err *err)
{
    return run("rollback", out, err);
}

int bench_past(struct buf *out, struct err *err)
{
    return run("past", out, err);
}

int bench_recover(struct buf *out, struct err *err)
{
    return run("recover", out, err);
}

int bench_peers(struct buf *out, struct err *err)
{
    return run("peers", out, err);
}

int bench_proposers(struct buf *out, struct err *err)
{
    return run("proposers", out, err);
}

int bench_scripted(struct buf *out, struct err *err)
{
    return run("scripted", out, err);
}

int bench_ablation(struct buf *out, struct err *err)
{
    return run("ablation", out, err);
}

int bench_faults(struct buf *out, struct err *err)
{
    return run("faults", out, err);
}

int bench_year(struct buf *out, struct err *err)
{
    return run("year", out, err);
}
