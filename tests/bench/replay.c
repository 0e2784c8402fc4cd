/* replay - recorded runs through the naive harness in one locked worker, beside reading and parsing
 * the files that they come from with no harness at all. Taken in turns; what counts is processor
 * time, the worker's and the driver's together, so the figures are those of one core. Then the
 * series: longer cases, more of them, and whole episodes. */
#include "bench.h"
#include "replay_parts.h"
#include "traces.h"

#include "base/mem.h"

#include <stdlib.h>

enum { ROUNDS = 7, STEPS_MAX = 1000000 };

static int read_once(double *ret_cpu, struct err *err)
{
    uint64_t runs, bytes, from = bench_cpu_ns();
    int rc = traces_read(&runs, &bytes, err);
    *ret_cpu = (double)(bench_cpu_ns() - from) / 1e9;
    return rc;
}

static void tell(struct buf *out, const struct ground *ground, const struct ground_pass *pass,
    double *replay, double *wall, double *read)
{
    double runs = ground->runs_count, steps = (double)pass->steps;
    double with = bench_median(replay, ROUNDS), without = bench_median(read, ROUNDS);
    bench_figure(out, "runs", runs, "", 0);
    bench_figure(out, "replies", steps, "", 0);
    bench_figure(out, "replies as recorded", (double)pass->same, "", 0);
    bench_figure(out, "replayed a second a core", runs / with, "runs", 0);
    bench_figure(
        out, "replayed a second, one worker", runs / bench_median(wall, ROUNDS), "runs", 0);
    bench_figure(out, "the driver's part of it", pass->driver_s / pass->cpu_s * 100, "%", 0);
    bench_figure(out, "a reply", with / steps * 1e6, "us", 0);
    bench_figure(out, "read and parsed a second a core", runs / without, "runs", 0);
    bench_figure(out, "replay beside reading", with / without, "times", 2);
}

static int as_recorded(struct buf *out, const struct ground *ground, struct err *err)
{
    double cpu[ROUNDS], wall[ROUNDS], read[ROUNDS];
    struct replay *replay = NULL;
    struct ground_pass pass = { 0 };
    int rc = replay_open(&replay, &ground->arm, 1, err);
    for (int i = 0; rc == 0 && i < ROUNDS; i++) {
        rc = ground_replay(&pass, replay, ground->runs, ground->runs_count, err);
        cpu[i] = pass.cpu_s;
        wall[i] = pass.wall_s;
        if (rc == 0)
            rc = read_once(&read[i], err);
    }
    if (rc == 0)
        tell(out, ground, &pass, cpu, wall, read);
    replay_free(replay);
    return rc;
}

/* Of the largest corpus. */
static uint64_t steps_wanted(void)
{
    const char *named = getenv("MOULT_STEPS");
    uint64_t steps = named ? strtoull(named, NULL, 10) : STEPS_MAX;
    return steps < STEPS_MAX ? steps : STEPS_MAX;
}

int bench_replay(struct buf *out, struct err *err)
{
    CLEANUP(ground_done) struct ground ground;
    int rc = ground_load(&ground, err);
    if (rc == 0)
        rc = as_recorded(out, &ground, err);
    if (rc == 0)
        rc = replay_lengths(out, &ground, err);
    if (rc == 0)
        rc = replay_sizes(out, &ground, steps_wanted(), err);
    return rc == 0 ? replay_episodes(out, &ground, steps_wanted(), err) : rc;
}
