/* mine - all runs that moult import has, through all detectors and into clusters, as moult mine
 * does behind the journal. */
#include "bench.h"
#include "shipped.h"

#include "base/mem.h"

enum { ROUNDS = 7 };

static uint64_t bytes_of(const struct shipped *shipped)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < shipped->runs_count; i++)
        for (uint32_t k = 0; k < shipped->runs[i]->messages_count; k++)
            bytes += shipped->runs[i]->messages[k].bytes.size;
    return bytes;
}

static double mine_once(const struct shipped *shipped)
{
    uint64_t from = bench_cpu_ns();
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    for (unsigned i = 0; i < shipped->runs_count; i++)
        miner_add(miner, shipped->runs[i]);
    miner_rank(miner);
    return (double)(bench_cpu_ns() - from) / 1e9;
}

int bench_mine(struct buf *out, struct err *err)
{
    struct shipped shipped;
    double seconds[ROUNDS];
    int rc = shipped_load_all(&shipped, bench_traces(), err);
    if (rc < 0)
        return rc;
    for (int i = 0; i < ROUNDS; i++)
        seconds[i] = mine_once(&shipped);
    double median = bench_median(seconds, ROUNDS), mb = (double)bytes_of(&shipped) / 1e6;
    bench_figure(out, "runs", shipped.runs_count, "", 0);
    bench_figure(out, "mined a second a core", mb / median, "MB", 0);
    bench_figure(out, "a MB takes", median / mb * 1e3, "ms", 20);
    shipped_done(&shipped);
    return 0;
}
