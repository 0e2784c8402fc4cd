/* replay - recorded runs through the naive harness in one locked worker, beside reading and parsing
 * the same runs with no harness at all. Taken in turns; what counts is processor time, the worker's
 * and the driver's together, so the figures are those of one core. */
#include "bench.h"
#include "shipped.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "trials/builds.h"

#include <limits.h>

enum { ROUNDS = 7, WALL_MS = 10000 };

struct ground {
    struct shipped shipped;
    struct builds builds;
    struct replay *replay;
    uint64_t steps, same;
};

static int open_ground(struct ground *ground, struct err *err)
{
    char folder[PATH_MAX];
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *worker = mem_format("%s/moult-worker", folder);
    CLEANUP(mem_freep) char *naive = mem_format("%s/../plugins/naive", folder);
    rc = shipped_load(&ground->shipped, bench_traces(), err);
    if (rc == 0)
        rc = builds_read(&ground->builds, naive, err);
    const struct replay_arm arm = { .worker = worker,
        .builds = ground->builds.list,
        .builds_count = ground->builds.count,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 1 };
    return rc < 0 ? rc : replay_open(&ground->replay, &arm, 1, err);
}

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct ground *ground = with;
    (void)run;
    (void)step;
    ground->steps++;
    ground->same += effects->same;
    return 0;
}

static int replay_once(struct ground *ground, double *ret_cpu, double *ret_wall, struct err *err)
{
    uint64_t worker = replay_use(ground->replay).cpu_ns;
    uint64_t cpu = bench_cpu_ns(), wall = clock_mono_ns();
    ground->steps = ground->same = 0;
    int rc = replay_runs(ground->replay, ground->shipped.runs, ground->shipped.runs_count, WALL_MS,
        on_step, ground, err);
    cpu = bench_cpu_ns() - cpu + (replay_use(ground->replay).cpu_ns - worker);
    *ret_cpu = (double)cpu / 1e9;
    *ret_wall = (double)(clock_mono_ns() - wall) / 1e9;
    return rc;
}

static int read_once(const struct ground *ground, double *ret_cpu, struct err *err)
{
    uint64_t from = bench_cpu_ns();
    for (unsigned i = 0; i < ground->shipped.runs_count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        const struct run *run = ground->shipped.runs[i];
        struct run *again = run_new(&arena);
        again->tools = run->tools;
        for (uint32_t k = 0; k < run->messages_count; k++) {
            int rc = run_add(again, run->messages[k].bytes, run->messages[k].failed, err);
            if (rc < 0)
                return rc;
        }
        run_seal(again);
    }
    *ret_cpu = (double)(bench_cpu_ns() - from) / 1e9;
    return 0;
}

static void tell(
    struct buf *out, const struct ground *ground, double *replay, double *wall, double *read)
{
    double runs = ground->shipped.runs_count, steps = (double)ground->steps;
    double with = bench_median(replay, ROUNDS), without = bench_median(read, ROUNDS);
    bench_figure(out, "runs", runs, "", 0);
    bench_figure(out, "replies", steps, "", 0);
    bench_figure(out, "replies as recorded", (double)ground->same, "", 0);
    bench_figure(out, "replayed a second a core", runs / with, "runs", 0);
    bench_figure(
        out, "replayed a second, one worker", runs / bench_median(wall, ROUNDS), "runs", 0);
    bench_figure(out, "a reply", with / steps * 1e6, "us", 0);
    bench_figure(out, "read and parsed a second a core", runs / without, "runs", 0);
    bench_figure(out, "replay beside reading", with / without, "times", 2);
}

int bench_replay(struct buf *out, struct err *err)
{
    struct ground ground = { 0 };
    double replay[ROUNDS], wall[ROUNDS], read[ROUNDS];
    int rc = open_ground(&ground, err);
    for (int i = 0; rc == 0 && i < ROUNDS; i++) {
        rc = replay_once(&ground, &replay[i], &wall[i], err);
        if (rc == 0)
            rc = read_once(&ground, &read[i], err);
    }
    if (rc == 0)
        tell(out, &ground, replay, wall, read);
    replay_free(ground.replay);
    builds_done(&ground.builds);
    shipped_done(&ground.shipped);
    return rc;
}
