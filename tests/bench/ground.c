/* ground - see ground.h. */
#include "ground.h"

#include "bench.h"
#include "traces.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <limits.h>
#include <stdlib.h>

enum { WALL_MS = 10000 };

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

int ground_load(struct ground *ret, struct err *err)
{
    char folder[PATH_MAX];
    *ret = (struct ground){ 0 };
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *naive = mem_format("%s/../plugins/naive", folder);
    ret->worker = mem_format("%s/moult-worker", folder);
    rc = load_runs(ret, err);
    if (rc == 0)
        rc = builds_read(&ret->builds, naive, err);
    ret->arm = (struct replay_arm){ .worker = ret->worker,
        .builds = ret->builds.list,
        .builds_count = ret->builds.count,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 1 };
    return rc;
}

void ground_done(struct ground *ground)
{
    builds_done(&ground->builds);
    free(ground->worker);
    free(ground->runs);
    arena_done(&ground->arena);
}

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct ground_pass *pass = with;
    (void)run;
    (void)step;
    pass->steps++;
    pass->same += effects->same;
    return 0;
}

int ground_replay(struct ground_pass *ret, struct replay *replay, const struct run *const *runs,
    unsigned count, struct err *err)
{
    *ret = (struct ground_pass){ 0 };
    uint64_t workers = replay_use(replay).cpu_ns;
    uint64_t cpu = bench_cpu_ns(), wall = clock_mono_ns();
    int rc = replay_runs(replay, runs, count, WALL_MS, on_step, ret, err);
    ret->driver_s = (double)(bench_cpu_ns() - cpu) / 1e9;
    ret->cpu_s = ret->driver_s + (double)(replay_use(replay).cpu_ns - workers) / 1e9;
    ret->wall_s = (double)(clock_mono_ns() - wall) / 1e9;
    return rc;
}
