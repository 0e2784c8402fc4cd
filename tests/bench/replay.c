/* replay - recorded runs through the naive harness in one locked worker, beside reading and parsing
 * the files that they come from with no harness at all. Taken in turns; what counts is processor
 * time, the worker's and the driver's together, so the figures are those of one core. */
#include "bench.h"
#include "traces.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "trials/builds.h"

#include <limits.h>
#include <stdlib.h>

enum { ROUNDS = 7, WALL_MS = 10000 };

struct ground {
    struct arena arena;
    struct run_tools *tools;
    const struct run **runs;
    unsigned runs_count;
    struct builds builds;
    struct replay *replay;
    uint64_t steps, same;
};

static struct str keep(struct ground *ground, struct str s)
{
    return (struct str){ arena_string(&ground->arena, s.size ? s.at : "", s.size), s.size };
}

/* A run's slices point into the session, which is gone after the call. */
static int keep_run(void *with, const struct import_session *session, struct err *err)
{
    struct ground *ground = with;
    struct import_session kept = *session;
    struct run *run;
    kept.meta = keep(ground, session->meta);
    kept.messages =
        arena_alloc(&ground->arena, (session->messages_count + 1) * sizeof(*kept.messages));
    for (uint32_t i = 0; i < session->messages_count; i++)
        kept.messages[i] = keep(ground, session->messages[i]);
    int rc = import_run(&run, &kept, ground->tools, &ground->arena, err);
    if (rc < 0)
        return rc;
    run->session = str_of(arena_format(&ground->arena, "run %u", ground->runs_count));
    ground->runs = mem_grow(ground->runs, ground->runs_count + 1, sizeof(*ground->runs));
    ground->runs[ground->runs_count++] = run;
    return 0;
}

static int load_runs(struct ground *ground, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/tau_retail_tools.json", bench_traces());
    CLEANUP(buf_done) struct buf text = { 0 };
    int rc = file_read(path, &text, 1 << 20, err);
    if (rc == 0)
        rc = run_tools_read(&ground->tools, keep(ground, buf_view(&text)), &ground->arena, err);
    return rc < 0 ? rc : traces_each(keep_run, ground, err);
}

static int open_ground(struct ground *ground, struct err *err)
{
    char folder[PATH_MAX];
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *worker = mem_format("%s/moult-worker", folder);
    CLEANUP(mem_freep) char *naive = mem_format("%s/../plugins/naive", folder);
    rc = load_runs(ground, err);
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
    int rc = replay_runs(
        ground->replay, ground->runs, ground->runs_count, WALL_MS, on_step, ground, err);
    cpu = bench_cpu_ns() - cpu + (replay_use(ground->replay).cpu_ns - worker);
    *ret_cpu = (double)cpu / 1e9;
    *ret_wall = (double)(clock_mono_ns() - wall) / 1e9;
    return rc;
}

static int read_once(double *ret_cpu, struct err *err)
{
    uint64_t runs, bytes, from = bench_cpu_ns();
    int rc = traces_read(&runs, &bytes, err);
    *ret_cpu = (double)(bench_cpu_ns() - from) / 1e9;
    return rc;
}

static void tell(
    struct buf *out, const struct ground *ground, double *replay, double *wall, double *read)
{
    double runs = ground->runs_count, steps = (double)ground->steps;
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
            rc = read_once(&read[i], err);
    }
    if (rc == 0)
        tell(out, &ground, replay, wall, read);
    replay_free(ground.replay);
    builds_done(&ground.builds);
    free(ground.runs);
    arena_done(&ground.arena);
    return rc;
}
