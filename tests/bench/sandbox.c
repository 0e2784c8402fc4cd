/* sandbox - from sandbox_run of /bin/true to its result, by profile, beside bubblewrap with the
 * same mounts and namespaces and a bare fork and exec; and a compile in all three.
 *
 * They take turns, so that what else the machine does falls on all of them. bubblewrap is the one
 * on the path, or the one that MOULT_BWRAP names. */
#include "bench.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 201, COMPILES = 41, INPUT_MAX = 1 << 20, RUNS_MAX = 100000, ARGV_MAX = 64 };
#define SDK MOULT_SOURCE_DIR "/plugins/sdk"
#define OBJECT "/tmp/moult-bench.o"
#define PLUGIN MOULT_SOURCE_DIR "/examples/naive-harness/plugins/calls/calls.c"

#define UNSHARED                                                                                   \
    "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"
#define LINKS "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib64", "/lib64"
#define READ_ONLY(path) "--ro-bind", path, path
#define DEVICE(path) "--dev-bind", path, path
static const struct row {
    const char *name;
    enum sandbox_profile profile;
    const char *argv[12], *input; /* a file, if any */
    int runs;
    double aim_ms;
    const char *bwrap[ARGV_MAX]; /* what the profile mounts */
    const char *folder;          /* mounted where it is, if any */
} rows[] = {
    { "compile: true", SANDBOX_COMPILE, { "/bin/true" }, NULL, RUNS, 5,
        { UNSHARED, READ_ONLY("/usr/bin"), READ_ONLY("/usr/lib"), READ_ONLY("/usr/lib64"),
            READ_ONLY("/usr/include"), "--symlink", "usr/lib", "/lib", LINKS, DEVICE("/dev/null"),
            "--tmpfs", "/tmp" } },
    { "tool: true", SANDBOX_TOOL, { "/bin/true" }, NULL, RUNS, 5,
        { UNSHARED, READ_ONLY("/usr"), "--symlink", "usr/lib", "/lib", LINKS, "--proc", "/proc",
            "--dir", "/etc", READ_ONLY("/etc/alternatives"), READ_ONLY("/etc/ld.so.cache"),
            READ_ONLY("/etc/passwd"), READ_ONLY("/etc/group"), DEVICE("/dev/null"),
            DEVICE("/dev/zero"), DEVICE("/dev/full"), DEVICE("/dev/random"), DEVICE("/dev/urandom"),
            "--tmpfs", "/tmp" } },
    { "propose: true", SANDBOX_PROPOSE, { "/bin/true" }, NULL, RUNS, 5,
        { UNSHARED, READ_ONLY("/usr/lib"), READ_ONLY("/usr/lib64"), READ_ONLY("/bin/true"),
            "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", DEVICE("/dev/null"),
            "--tmpfs", "/tmp" } },
    { "compile: gcc", SANDBOX_COMPILE,
        { "/usr/bin/gcc", "-x", "c", "-O2", "-ffreestanding", "-I", SDK, "-c", "-o", OBJECT, "-" },
        PLUGIN, COMPILES, 0,
        { UNSHARED, READ_ONLY("/usr/bin"), READ_ONLY("/usr/lib"), READ_ONLY("/usr/lib64"),
            READ_ONLY("/usr/include"), "--symlink", "usr/lib", "/lib", LINKS, DEVICE("/dev/null"),
            "--tmpfs", "/tmp", READ_ONLY(SDK), "--setenv", "PATH", "/usr/bin" },
        SDK },
};

static int inside(const struct row *row, double *ret_ms, struct err *err)
{
    struct sandbox_result result;
    CLEANUP(buf_done) struct buf input = { 0 };
    const struct sandbox_mount mount = { row->folder, row->folder, false, false };
    int rc = row->input ? file_read(row->input, &input, INPUT_MAX, err) : 0;
    if (rc < 0)
        return rc;
    const struct sandbox_run run = { .profile = row->profile,
        .argv = row->argv,
        .input = buf_view(&input),
        .mounts = &mount,
        .mounts_count = row->folder ? 1 : 0 };
    uint64_t began = clock_mono_ns();
    rc = sandbox_run(&run, &result, err);
    *ret_ms = (double)(clock_mono_ns() - began) / 1e6;
    if (rc == 0 && result.exit_code != 0)
        rc = err_set(err, ERR_PEER, "%s ends with %d", row->argv[0], result.exit_code);
    if (rc == 0)
        sandbox_result_done(&result);
    return rc;
}

static int spawn(const char *const *argv, const char *from, double *ret_ms, struct err *err)
{
    int status = 0;
    CLEANUP(fd_closep) int input = open(from ? from : "/dev/null", O_RDONLY | O_CLOEXEC);
    if (input < 0)
        return err_sys(err, "%s", from ? from : "/dev/null");
    uint64_t began = clock_mono_ns();
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(input, 0) == 0 && chdir("/tmp") == 0)
            execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    *ret_ms = (double)(clock_mono_ns() - began) / 1e6;
    unlink(OBJECT);
    return status == 0 ? 0 : err_set(err, ERR_PEER, "%s ends with %d", argv[0], status);
}

static const char *bwrap_name(void)
{
    const char *named = getenv("MOULT_BWRAP");
    return named ? named : "bwrap";
}

static int wrapped(const struct row *row, double *ret_ms, struct err *err)
{
    const char *argv[ARGV_MAX + COUNT_OF(row->argv) + 3] = { bwrap_name() };
    size_t count = 1;
    for (size_t i = 0; i < ARGV_MAX && row->bwrap[i]; i++)
        argv[count++] = row->bwrap[i];
    argv[count++] = "--";
    for (size_t i = 0; i < COUNT_OF(row->argv) && row->argv[i]; i++)
        argv[count++] = row->argv[i];
    return spawn(argv, row->input, ret_ms, err);
}

static int bare(const struct row *row, double *ret_ms, struct err *err)
{
    return spawn(row->argv, row->input, ret_ms, err);
}

static const struct way {
    const char *word;
    int (*run)(const struct row *row, double *ret_ms, struct err *err);
} ways[] = { { "", inside }, { ", bare", bare }, { ", bwrap", wrapped } };

static bool has_bwrap(void)
{
    static const char *const argv[] = { "sh", "-c", "\"$0\" --version >/dev/null 2>&1", NULL };
    const char *named[] = { argv[0], argv[1], argv[2], bwrap_name(), NULL };
    double ms;
    return spawn(named, NULL, &ms, NULL) == 0;
}

/* A compile takes ten times as long: its number is a bound, too. */
static unsigned runs_of(const struct row *row)
{
    const char *text = getenv("MOULT_RUNS");
    int asked = text ? atoi(text) : 0;
    if (asked <= 0 || asked > RUNS_MAX)
        return (unsigned)row->runs;
    return (unsigned)(row->runs < RUNS && asked > row->runs ? row->runs : asked);
}

static void tell(const struct row *row, double *ms[], size_t count, unsigned runs, struct buf *out)
{
    double median[COUNT_OF(ways)];
    for (size_t way = 0; way < count; way++) {
        CLEANUP(mem_freep) char *name = mem_format("%s%s, median", row->name, ways[way].word);
        CLEANUP(mem_freep) char *late = mem_format("%s%s, p99", row->name, ways[way].word);
        median[way] = bench_median(ms[way], runs);
        bench_figure(out, name, median[way], "ms", way ? 0 : row->aim_ms);
        bench_figure(out, late, ms[way][(runs - 1) * 99 / 100], "ms", 0);
    }
    for (size_t way = 1; way < count; way++) {
        CLEANUP(mem_freep) char *name = mem_format("%s, to%s", row->name, ways[way].word + 1);
        bool beside = strcmp(ways[way].word, ", bwrap") == 0;
        double aim = row->aim_ms > 0 ? (beside ? 1 : 0) : (beside ? 0 : 1.1);
        bench_figure(out, name, median[0] / median[way], "times", aim);
    }
}

static int measure(const struct row *row, size_t count, struct buf *out, struct err *err)
{
    double *ms[COUNT_OF(ways)] = { NULL };
    unsigned runs = runs_of(row);
    int rc = 0;
    for (size_t way = 0; way < count; way++)
        ms[way] = mem_zero(runs, sizeof *ms[way]);
    for (unsigned i = 0; i < runs && rc == 0; i++)
        for (size_t way = 0; way < count && rc == 0; way++)
            rc = ways[way].run(row, &ms[way][i], err);
    if (rc == 0)
        tell(row, ms, count, runs, out);
    for (size_t way = 0; way < count; way++)
        free(ms[way]);
    return rc;
}

int bench_sandbox(struct buf *out, struct err *err)
{
    size_t count = COUNT_OF(ways);
    if (!has_bwrap()) {
        fprintf(stderr, "sandbox: no bwrap on the path: nothing to stand beside (install "
                        "bubblewrap, or name it by MOULT_BWRAP)\n");
        count--;
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int rc = measure(&rows[i], count, out, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
