/* sandbox - from sandbox_run of /bin/true to its result, by profile, beside a bare fork and exec;
 * and a compile inside and outside. */
#include "bench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 51, COMPILES = 9 };
static const char source[] = "#include <stddef.h>\nint f(size_t x) { return (int)x + 1; }\n";

static const struct row {
    const char *name;
    enum sandbox_profile profile;
    const char *argv[12], *input;
    int runs;
    double aim_ms;
} rows[] = {
    { "compile: true", SANDBOX_COMPILE, { "/bin/true" }, "", RUNS, 5 },
    { "tool: true", SANDBOX_TOOL, { "/bin/true" }, "", RUNS, 5 },
    { "propose: true", SANDBOX_PROPOSE, { "/bin/true" }, "", RUNS, 5 },
    { "compile: gcc", SANDBOX_COMPILE,
        { "/usr/bin/gcc", "-x", "c", "-O2", "-c", "-o", "/tmp/x.o", "-" }, source, COMPILES, 0 },
};

static int inside(const struct row *row, double *ret_ms, struct err *err)
{
    struct sandbox_result result;
    const struct sandbox_run run = {
        .profile = row->profile, .argv = row->argv, .input = str_of(row->input)
    };
    uint64_t began = clock_mono_ns();
    int rc = sandbox_run(&run, &result, err);
    *ret_ms = (double)(clock_mono_ns() - began) / 1e6;
    if (rc == 0 && result.exit_code != 0)
        rc = err_set(err, ERR_PEER, "%s ends with %d", row->argv[0], result.exit_code);
    if (rc == 0)
        sandbox_result_done(&result);
    return rc;
}

static int outside(const struct row *row, double *ret_ms, struct err *err)
{
    char file[] = "/tmp/moult-bench.XXXXXX";
    int status = 0, input = mkstemp(file);
    if (input < 0 || write(input, row->input, strlen(row->input)) < 0 || lseek(input, 0, SEEK_SET))
        return err_sys(err, "input");
    unlink(file);
    uint64_t began = clock_mono_ns();
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(input, 0) == 0 && chdir("/tmp") == 0)
            execv(row->argv[0], (char *const *)row->argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    *ret_ms = (double)(clock_mono_ns() - began) / 1e6;
    close(input);
    return status == 0 ? 0 : err_set(err, ERR_PEER, "%s ends with %d", row->argv[0], status);
}

static int measure(const struct row *row, struct buf *out, struct err *err)
{
    int (*const ways[])(const struct row *, double *, struct err *) = { inside, outside };
    static const char *const words[] = { "", ", bare" };
    for (int way = 0; way < 2; way++) {
        double ms[RUNS];
        CLEANUP(mem_freep) char *name = mem_format("%s%s", row->name, words[way]);
        for (int i = 0; i < row->runs; i++) {
            int rc = ways[way](row, &ms[i], err);
            if (rc < 0)
                return rc;
        }
        bench_figure(out, name, bench_median(ms, (unsigned)row->runs), "ms", way ? 0 : row->aim_ms);
    }
    return 0;
}

int bench_sandbox(struct buf *out, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int rc = measure(&rows[i], out, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
