/* leaks - what is left of many runs that end in every way, and of parents that are killed at each
 * system call that they make: an answer by counting, where the test of the same name makes few. */
#include "bench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "leaks.h"

#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 10000, RUNS_MAX = 10000000, KILLS_SHARE = 30 };

static unsigned runs_asked(void)
{
    const char *text = getenv("MOULT_RUNS");
    int asked = text ? atoi(text) : 0;
    return (unsigned)(asked > 0 && asked <= RUNS_MAX ? asked : RUNS);
}

static int run_all(unsigned runs, struct err *err)
{
    int rc = 0;
    for (unsigned i = 0; i < runs && rc == 0; i++)
        rc = leaks_run(i, SANDBOX_STRONG, err);
    return rc;
}

/* Each row of the mix in turn, one kill at every place of equal distance. */
static unsigned kill_all(unsigned kills)
{
    unsigned done = 0, each = kills / leaks_mix() + 1;
    for (unsigned row = 0; row < leaks_mix(); row++) {
        unsigned calls = leaks_calls(row, SANDBOX_STRONG);
        for (unsigned i = 0; i < each; i++)
            done += leaks_kill(row, SANDBOX_STRONG, (unsigned)((uint64_t)calls * i / each));
    }
    return done;
}

int bench_leaks(struct buf *out, struct err *err)
{
    CLEANUP(buf_done) struct buf why = { 0 };
    unsigned runs = runs_asked();
    int rc = leaks_begin(err);
    if (rc == 0)
        rc = run_all(leaks_mix(), err); /* what a library keeps is there by now */
    struct leaks before = leaks_now();
    uint64_t began = clock_mono_ns();
    if (rc == 0)
        rc = run_all(runs, err);
    double took_ms = (double)(clock_mono_ns() - began) / 1e6;
    unsigned kills = rc == 0 ? kill_all(runs / KILLS_SHARE) : 0;
    if (rc == 0) /* what a parent could not remove, the next run does */
        rc = leaks_run(0, SANDBOX_STRONG, err);
    struct leaks after = leaks_now();
    leaks_end();
    if (rc < 0)
        return rc;
    bench_figure(out, "runs, of every profile and end", runs, "", 0);
    bench_figure(out, "one of them, mean", took_ms / runs, "ms", 0);
    bench_figure(out, "parents killed in one", kills, "", 0);
    if (!leaks_same(&before, &after, &why))
        return err_set(err, ERR_DEFECT, "left: %.200s", why.at);
    bench_figure(out, "descriptors, threads, mounts, groups, processes left", 0, "", 0);
    return 0;
}
