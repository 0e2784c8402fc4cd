/* search_clusters - whole searches on the shipped traces, as `moult evolve` has them made: the time
 * of each, and what takes it.
 *
 * Both compilers of trial builds in turns, so that other work on the machine is on both. */
#include "search_parts.h"

#include "bench.h"
#include "shipped.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "promote/evidence_now.h"
#include "promote/proposing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAIVE MOULT_SOURCE_DIR "/examples/naive-harness/"
enum { TURNS = 3, TURNS_MAX = 25, AIM_S = 10 };

static const char *const clusters[] = { "leak_tagged", "leak_bare", "string_for_array",
    "failed_call_repeated" };
static const char *const plugins[] = { "answers", "calls", "history", "order", "replies", "results",
    "router", "session_stats" };

struct ground {
    struct shipped shipped;
    struct buf texts[COUNT_OF(plugins)];
    char *paths[COUNT_OF(plugins)];
    struct harness harness;
    struct replay_build builds[COUNT_OF(plugins)];
    struct arena arena;
    const struct evidence_digests **now;
    char sdk[PATH_MAX], worker[PATH_MAX];
    unsigned turns;
};

static void ground_done(struct ground *ground)
{
    for (size_t i = 0; i < COUNT_OF(plugins); i++) {
        fd_closep(&ground->builds[i].fd);
        buf_done(&ground->texts[i]);
        free(ground->paths[i]);
    }
    shipped_done(&ground->shipped);
    arena_done(&ground->arena);
}

static int open_plugin(struct ground *ground, size_t number, const char *bin, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    const char *name = plugins[number];
    CLEANUP(mem_freep) char *built = mem_format("%s/../plugins/naive/%s.so", bin, name);
    char *path = strcmp(name, "order") == 0 ? mem_string("pipeline/order.c")
                                            : mem_format("plugins/%s/%s.c", name, name);
    CLEANUP(mem_freep) char *source = mem_format(NAIVE "%s", path);
    ground->paths[number] = path;
    int rc = file_read(built, &image, 1 << 22, err);
    if (rc == 0)
        rc = file_read(source, &ground->texts[number], 1 << 20, err);
    if (rc < 0)
        return rc;
    ground->builds[number] = (struct replay_build){ name, hash_of(buf_view(&image)),
        fd_seal(name, buf_view(&image), err) };
    ground->harness.at[ground->harness.count++] =
        (struct harness_source){ str_of(name), str_of(path), buf_view(&ground->texts[number]) };
    return ground->builds[number].fd < 0 ? ground->builds[number].fd : 0;
}

static int open_ground(struct ground *ground, struct err *err)
{
    char bin[PATH_MAX - 64];
    int rc = file_program_dir(bin, sizeof bin, err);
    if (rc == 0)
        rc = compile_sdk(ground->sdk, err);
    if (rc == 0)
        rc = shipped_load(&ground->shipped, MOULT_SOURCE_DIR "/tests/data/traces", err);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(plugins); i++)
        rc = open_plugin(ground, i, bin, err);
    if (rc < 0)
        return rc;
    snprintf(ground->worker, sizeof ground->worker, "%s/moult-worker", bin);
    const struct replay_arm arm = { .worker = ground->worker,
        .builds = ground->builds,
        .builds_count = COUNT_OF(plugins),
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 1 };
    return evidence_now(&ground->now, &ground->arena, &arm, 2, ground->shipped.runs,
        ground->shipped.runs_count, err);
}

/* What takes the time, in seconds. */
enum part { WHOLE, BUILDS, JUDGING, TRIES, OTHER, PARTS };
static const char *const part_words[PARTS] = { "whole", "builds", "judging", "tries", "other" };

struct measured {
    double seconds[2][PARTS][TURNS_MAX]; /* by enum compile_by */
    struct proposing_result last;
};

static void take_parts(
    struct measured *measured, unsigned turn, bool by_gcc, const struct proposing_result *run)
{
    const double us[PARTS] = { (double)run->wall_us, (double)run->build_us, (double)run->judge_us,
        (double)run->try_us,
        (double)run->wall_us - (double)(run->build_us + run->judge_us + run->try_us) };
    for (unsigned part = 0; part < PARTS; part++)
        measured->seconds[by_gcc ? COMPILE_BY_GCC : COMPILE_BY_TCC][part][turn] = us[part] / 1e6;
}

static int search_once(const struct ground *ground, const struct evidence *evidence,
    struct str bundle, bool by_gcc, struct proposing_result *ret, struct err *err)
{
    const struct proposing_plan plan = {
        .judging = { .evidence = evidence,
            .harness = &ground->harness,
            .builds = ground->builds,
            .builds_count = COUNT_OF(plugins),
            .pipeline = "order",
            .worker = ground->worker,
            .sdk = ground->sdk,
            .tier = SANDBOX_CONTAINER,
            .workers = 2,
            .by_gcc = by_gcc },
        .bundle = bundle,
    };
    return proposing_run(ret, &plan, err);
}

static int measure(struct measured *ret, const struct ground *ground,
    const struct evidence *evidence, struct str bundle, struct err *err)
{
    for (unsigned i = 0; i < 2 * ground->turns; i++) {
        bool by_gcc = i % 2 == 0;
        proposing_result_done(&ret->last);
        int rc = search_once(ground, evidence, bundle, by_gcc, &ret->last, err);
        if (rc < 0) {
            ret->last = (struct proposing_result){ 0 };
            return rc;
        }
        take_parts(ret, i / 2, by_gcc, &ret->last);
    }
    return 0;
}

static void tell(
    struct buf *out, const char *cluster, struct measured *measured, unsigned turns, bool by_tcc)
{
    char name[96];
    for (unsigned part = 0; part < PARTS; part++) {
        double *tcc = measured->seconds[COMPILE_BY_TCC][part];
        snprintf(name, sizeof name, "%s: %s", cluster, part_words[part]);
        bench_figure(out, name, bench_median(tcc, turns), "s", part == WHOLE ? AIM_S : 0);
    }
    for (unsigned part = WHOLE; by_tcc && part <= BUILDS; part++) {
        double *gcc = measured->seconds[COMPILE_BY_GCC][part];
        snprintf(name, sizeof name, "%s: %s, trial builds by gcc", cluster, part_words[part]);
        bench_figure(out, name, bench_median(gcc, turns), "s", 0);
    }
    snprintf(name, sizeof name, "%s: rows judged", cluster);
    bench_figure(out, name, (double)measured->last.judged, "rows", 0);
}

static int bench_cluster(
    struct buf *out, struct ground *ground, const char *cluster, struct err *err)
{
    CLEANUP(buf_done) struct buf bundle = { 0 };
    CLEANUP(mem_freep) struct measured *measured = mem_zero(1, sizeof *measured);
    struct batch batch;
    struct evidence evidence;
    int rc = shipped_batch(&batch, &ground->shipped, cluster, err);
    if (rc < 0)
        return rc;
    const struct evidence_plan from = { .detector = detector_find(cluster),
        .batch = &batch,
        .runs = ground->shipped.runs,
        .runs_count = ground->shipped.runs_count,
        .now = (const struct evidence_digests *const *)ground->now,
        .harness = &ground->harness,
        .candidates = PROPOSER_CANDIDATES_MAX,
        .seconds = 60,
        .seed = 1 };
    if ((rc = evidence_choose(&evidence, &from, err)) < 0)
        return rc;
    evidence_print(&bundle, &evidence, &from);
    rc = measure(measured, ground, &evidence, buf_view(&bundle), err);
    if (rc == 0)
        tell(out, cluster, measured, ground->turns, measured->last.built_by[COMPILE_BY_TCC] > 0);
    proposing_result_done(&measured->last);
    evidence_done(&evidence);
    return rc;
}

/* Of a list with commas; none: all. */
static bool is_asked_for(const char *cluster)
{
    const char *at = getenv("MOULT_FAULTS");
    size_t size = strlen(cluster);
    if (!at)
        return true;
    for (; *at; at += strspn(at, ",")) {
        size_t word = strcspn(at, ",");
        if (word == size && strncmp(at, cluster, size) == 0)
            return true;
        at += word;
    }
    return false;
}

int search_clusters(struct buf *out, struct err *err)
{
    CLEANUP(mem_freep) struct ground *ground = mem_zero(1, sizeof *ground);
    const char *turns = getenv("MOULT_RUNS");
    long asked = turns ? strtol(turns, NULL, 10) : 0;
    ground->turns = asked > 0 && asked <= TURNS_MAX ? (unsigned)asked : TURNS;
    for (size_t i = 0; i < COUNT_OF(plugins); i++)
        ground->builds[i].fd = -1;
    int rc = open_ground(ground, err);
    for (size_t i = 0; rc >= 0 && i < COUNT_OF(clusters); i++)
        if (is_asked_for(clusters[i]))
            rc = bench_cluster(out, ground, clusters[i], err);
    ground_done(ground);
    return rc;
}
