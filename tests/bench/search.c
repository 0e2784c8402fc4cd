/* search - candidates of a trial build judged a second, on the shipped traces' real steps, by
 * workers behind their lock; and whole searches (search_clusters.c). */
#include "bench.h"
#include "search_parts.h"
#include "shipped.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "promote/judging.h"

#include <stdio.h>

#define HARNESS MOULT_SOURCE_DIR "/tests/data/trial-harness/"
#define PLUGIN_PATH "plugins/candidates/candidates.c"
enum { ROWS = 2048, WIDTH = 3, AIM_US = 100 }; /* 10,000 a second */

struct ground {
    struct shipped shipped;
    struct batch batch;
    struct evidence evidence;
    struct harness harness;
    struct buf source;
    struct replay_build builds[2];
    char sdk[PATH_MAX], worker[PATH_MAX + 32];
    struct judging judging;
};

static int open_build(struct replay_build *ret, const char *bin, const char *name, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/../plugins/trial/%s.so", bin, name);
    CLEANUP(buf_done) struct buf image = { 0 };
    int rc = file_read(path, &image, 1 << 22, err);
    if (rc < 0)
        return rc;
    *ret = (struct replay_build){ name, hash_of(buf_view(&image)),
        fd_seal(name, buf_view(&image), err) };
    return ret->fd < 0 ? ret->fd : 0;
}

static int choose(struct ground *ground, struct err *err)
{
    const struct evidence_plan plan = { .detector = detector_find("leak_tagged"),
        .batch = &ground->batch,
        .runs = ground->shipped.runs,
        .runs_count = ground->shipped.runs_count,
        .harness = &ground->harness };
    return evidence_choose(&ground->evidence, &plan, err);
}

static int begin_judging(struct ground *ground, unsigned workers, struct err *err)
{
    CLEANUP(buf_done) struct buf answer = { 0 };
    const struct judging_plan plan = { .evidence = &ground->evidence,
        .harness = &ground->harness,
        .builds = ground->builds,
        .builds_count = 2,
        .pipeline = "order",
        .worker = ground->worker,
        .sdk = ground->sdk,
        .tier = SANDBOX_CONTAINER,
        .workers = workers };
    judging_done(&ground->judging);
    judging_open(&ground->judging, &plan);
    int rc =
        judging_build(&ground->judging, STR("candidates"), buf_view(&ground->source), &answer, err);
    return rc == 0 ? err_set(err, ERR_INPUT, "the trial build is refused: %.150s", answer.at) : rc;
}

static int open_ground(struct ground *ground, struct err *err)
{
    char bin[PATH_MAX - 64];
    int rc = file_program_dir(bin, sizeof(bin), err);
    if (rc == 0)
        rc = compile_sdk(ground->sdk, err);
    if (rc == 0)
        rc = shipped_load(&ground->shipped, MOULT_SOURCE_DIR "/tests/data/traces", err);
    if (rc == 0)
        rc = shipped_batch(&ground->batch, &ground->shipped, "leak_tagged", err);
    if (rc == 0)
        rc = file_read(HARNESS PLUGIN_PATH, &ground->source, 1 << 20, err);
    if (rc == 0)
        rc = open_build(&ground->builds[0], bin, "candidates", err);
    if (rc == 0)
        rc = open_build(&ground->builds[1], bin, "order", err);
    if (rc < 0)
        return rc;
    snprintf(ground->worker, sizeof(ground->worker), "%s/moult-worker", bin);
    ground->harness.count = 1;
    ground->harness.at[0] =
        (struct harness_source){ STR("candidates"), STR(PLUGIN_PATH), buf_view(&ground->source) };
    return choose(ground, err);
}

static void close_ground(struct ground *ground)
{
    judging_done(&ground->judging);
    evidence_done(&ground->evidence);
    fd_closep(&ground->builds[0].fd);
    fd_closep(&ground->builds[1].fd);
    buf_done(&ground->source);
    shipped_done(&ground->shipped);
}

static int count_rows(void *with, const struct proposer_judged *judged, struct err *err)
{
    (void)err;
    *(uint64_t *)with += judged->count;
    return 0;
}

/* Rows a second over `jobs` steps from number `from`. */
static int rate(struct ground *ground, uint32_t from, uint32_t jobs_count, uint32_t rows,
    double *ret, struct err *err)
{
    CLEANUP(mem_freep) uint32_t *jobs = mem_zero(jobs_count, sizeof(*jobs));
    CLEANUP(mem_freep) uint16_t *holes = mem_zero((size_t)rows * WIDTH, sizeof(*holes));
    CLEANUP(mem_freep) uint64_t *decide = mem_zero(rows, sizeof(*decide));
    for (uint32_t i = 0; i < jobs_count; i++)
        jobs[i] = from + i;
    for (uint32_t i = 0; i < rows; i++) { /* all find the call, make it, and cut in turn */
        holes[(size_t)i * WIDTH] = 1;
        holes[(size_t)i * WIDTH + 1] = (uint16_t)(i % 3);
        decide[i] = UINT64_MAX;
    }
    const struct proposer_judge judge = { .jobs = jobs,
        .jobs_count = jobs_count,
        .holes = holes,
        .count = rows,
        .width = WIDTH,
        .decide = decide };
    uint64_t judged = 0, start = clock_mono_ns();
    int rc = judging_judge(&ground->judging, &judge, count_rows, &judged, err);
    *ret = (double)judged / ((double)(clock_mono_ns() - start) / 1e9);
    return rc;
}

static int rates(struct buf *out, struct ground *ground, struct err *err)
{
    const struct evidence *evidence = &ground->evidence;
    double alone = 0, many = 0, one = 0;
    int rc = begin_judging(ground, 1, err);
    if (rc >= 0)
        rc = rate(ground, 0, evidence->fails, ROWS, &alone, err);
    if (rc >= 0)
        rc = begin_judging(ground, 2, err);
    if (rc >= 0)
        rc = rate(ground, 0, evidence->fails, ROWS, &many, err);
    if (rc >= 0)
        rc = rate(ground, evidence->fails, evidence->passes, 1, &one, err);
    if (rc < 0)
        return rc;
    bench_figure(out, "judged a second, failing steps, one worker", alone, "candidates", 0);
    bench_figure(out, "judged a second, failing steps, two workers", many, "candidates", 0);
    bench_figure(out, "a candidate on a failing step, two workers", 1e6 / many, "us", AIM_US);
    bench_figure(out, "passing steps a second, one each", one, "steps", 0);
    return 0;
}

int bench_search(struct buf *out, struct err *err)
{
    CLEANUP(mem_freep) struct ground *ground = mem_zero(1, sizeof(*ground));
    ground->builds[0].fd = ground->builds[1].fd = -1;
    ground->judging.trial_fd = -1;
    int rc = open_ground(ground, err);
    if (rc >= 0)
        rc = rates(out, ground, err);
    close_ground(ground);
    return rc < 0 ? rc : search_clusters(out, err);
}
