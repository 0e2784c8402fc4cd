/* candidate - from a patch to its release build: the source gate and the compile sandbox, beside
 * the same compiler run on the same source with nothing around it. Taken in turns, so that what
 * else the machine does falls on both. */
#include "bench.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "promote/check_source.h"
#include "promote/compile.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PLUGIN_PATH "plugins/replies/replies.c"
#define PLUGIN MOULT_SOURCE_DIR "/examples/naive-harness/" PLUGIN_PATH
#define ANCHOR "    if (calls > 1)"
enum { ROUNDS = 21, ARGS_MAX = 96 };

struct ground {
    struct buf source;
    char sdk[PATH_MAX], folder[64];
    struct patch_edit edit;
};

/* A guard more, on a whole statement's place. */
static int make_edit(struct ground *ground, struct err *err)
{
    ptrdiff_t at = str_find(buf_view(&ground->source), STR(ANCHOR));
    if (at < 0)
        return err_set(err, ERR_MISSING, "%s is another than this benchmark knows", PLUGIN);
    ground->edit = (struct patch_edit){ (uint32_t)at, (uint32_t)at,
        STR("    if (calls > 2)\n        moult_explain(turn, \"more than two\");\n") };
    return 0;
}

static int open_ground(struct ground *ground, struct err *err)
{
    snprintf(ground->folder, sizeof(ground->folder), "/tmp/moult-bench.XXXXXX");
    int rc = file_read(PLUGIN, &ground->source, 1 << 20, err);
    if (rc == 0)
        rc = make_edit(ground, err);
    if (rc == 0)
        rc = compile_sdk(ground->sdk, err);
    if (rc == 0 && !mkdtemp(ground->folder))
        rc = err_sys(err, "temporary folder");
    return rc;
}

static void close_ground(struct ground *ground)
{
    buf_done(&ground->source);
    file_remove_tree(ground->folder, NULL);
}

static int add_flags(char **argv, unsigned *argc, const char *sdk, const char *name,
    struct buf *list, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", sdk, name);
    char *state = NULL;
    int rc = file_read(path, list, 1 << 16, err);
    for (char *flag = rc < 0 ? NULL : strtok_r(list->at, "\n", &state);
         flag && *argc + 8 < ARGS_MAX; flag = strtok_r(NULL, "\n", &state))
        argv[(*argc)++] = flag;
    return rc;
}

static int spawn_and_wait(char **argv, struct err *err)
{
    static char *const env[] = { "PATH=/usr/bin", "LC_ALL=C", NULL };
    pid_t pid;
    int status;
    if (posix_spawn(&pid, argv[0], NULL, NULL, argv, env) != 0 || waitpid(pid, &status, 0) < 0)
        return err_sys(err, "run gcc");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0
                                                         : err_set(err, ERR_INPUT, "gcc refuses");
}

static int bare(const struct ground *ground, struct str source, double *ret_ms, struct err *err)
{
    CLEANUP(buf_done) struct buf cflags = { 0 }, ldflags = { 0 };
    CLEANUP(mem_freep) char *input = mem_format("%s/plugin.c", ground->folder);
    CLEANUP(mem_freep) char *output = mem_format("%s/plugin.so", ground->folder);
    CLEANUP(mem_freep) char *memory = mem_format("%s/mem.c", ground->sdk);
    CLEANUP(mem_freep) char *include = mem_format("-I%s", ground->sdk);
    char *argv[ARGS_MAX] = { "/usr/bin/gcc" };
    unsigned argc = 1;
    int rc = file_write(input, source, 0644, err);
    uint64_t from = clock_mono_ns();
    if (rc == 0)
        rc = add_flags(argv, &argc, ground->sdk, "cflags.txt", &cflags, err);
    if (rc == 0)
        rc = add_flags(argv, &argc, ground->sdk, "ldflags.txt", &ldflags, err);
    char *const rest[] = { include, "-o", output, input, memory };
    memcpy(argv + argc, rest, sizeof(rest));
    if (rc == 0)
        rc = spawn_and_wait(argv, err);
    *ret_ms = (double)(clock_mono_ns() - from) / 1e6;
    return rc;
}

static int build(const struct ground *ground, struct str source, double *ret_ms, struct err *err)
{
    struct compile_result result;
    const struct compile_plan plan = {
        .source = source, .path = STR(PLUGIN_PATH), .tier = SANDBOX_CONTAINER, .sdk = ground->sdk
    };
    uint64_t from = clock_mono_ns();
    int rc = compile_run(&result, &plan, err);
    *ret_ms = (double)(clock_mono_ns() - from) / 1e6;
    if (rc == 0 && result.stage != COMPILE_OK)
        rc = err_set(err, ERR_INPUT, "refused: %s", compile_stage_words[result.stage]);
    compile_result_done(&result);
    return rc;
}

/* The gate's answer: the new source. */
static int check(const struct ground *ground, struct buf *source, double *ret_ms, struct err *err)
{
    CLEANUP(mem_freep) struct check_source_result *result = mem_zero(1, sizeof(*result));
    const struct check_source_plan plan = { .path = STR(PLUGIN_PATH),
        .old = buf_view(&ground->source),
        .edits = &ground->edit,
        .edits_count = 1,
        .sdk = ground->sdk,
        .tier = SANDBOX_CONTAINER };
    uint64_t from = clock_mono_ns();
    int rc = check_source_run(result, &plan, err);
    *ret_ms = (double)(clock_mono_ns() - from) / 1e6;
    if (rc < 0)
        return rc;
    if (!result->ok)
        rc = err_set(err, ERR_INPUT, "refused: %s", result->findings[0].message);
    buf_clear(source);
    buf_str(source, buf_view(&result->source));
    check_source_done(result);
    return rc;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), compare);
    return values[ROUNDS / 2];
}

int bench_candidate(struct buf *out, struct err *err)
{
    struct ground ground = { 0 };
    CLEANUP(buf_done) struct buf source = { 0 };
    double checked[ROUNDS], built[ROUNDS], bared[ROUNDS], all[ROUNDS], beside[ROUNDS];
    int rc = open_ground(&ground, err);
    for (int i = 0; i < ROUNDS && rc == 0; i++) {
        rc = check(&ground, &source, &checked[i], err);
        if (rc == 0)
            rc = build(&ground, buf_view(&source), &built[i], err);
        if (rc == 0)
            rc = bare(&ground, buf_view(&source), &bared[i], err);
        all[i] = checked[i] + built[i];
        beside[i] = all[i] / bared[i];
    }
    close_ground(&ground);
    if (rc < 0)
        return rc;
    bench_figure(out, "gcc alone, median", median(bared), "ms", 0);
    bench_figure(out, "source gate, median", median(checked), "ms", 0);
    bench_figure(out, "build in the sandbox, median", median(built), "ms", 0);
    bench_figure(out, "patch to release build, median", median(all), "ms", 0);
    bench_figure(out, "beside gcc alone, median", median(beside), "times", 1.5);
    return 0;
}
