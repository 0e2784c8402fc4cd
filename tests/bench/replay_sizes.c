/* replay_sizes - the recorded runs over and over, each time by another name (so with other dice),
 * up to a corpus of a million replies. Its list is there before the first figure: what memory grows
 * by is the replay's own. */
#include "replay_parts.h"

#include "bench.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SMALLEST = 1000, SIZES_MAX = 8, ROUNDS_MAX = 7, STEPS_OF_ALL_ROUNDS = 200000 };

struct corpus {
    struct arena arena;
    struct run *runs;
    const struct run **list;
    unsigned count;
};

static void corpus_done(struct corpus *corpus)
{
    free(corpus->runs);
    free(corpus->list);
    arena_done(&corpus->arena);
}

/* How many of the first runs have so many replies. */
static unsigned runs_of(const struct run *const *runs, unsigned count, uint64_t steps)
{
    uint64_t have = 0;
    unsigned needed = 0;
    while (have < steps && needed < count)
        have += runs[needed++]->steps_count;
    return needed;
}

static struct corpus corpus_of(const struct ground *ground, uint64_t steps)
{
    uint64_t once = 0;
    for (unsigned i = 0; i < ground->runs_count; i++)
        once += ground->runs[i]->steps_count;
    uint64_t times = steps / once + 1;
    struct corpus corpus = { .runs = mem_zero(times * ground->runs_count, sizeof *corpus.runs),
        .list = mem_zero(times * ground->runs_count, sizeof *corpus.list) };
    for (uint64_t i = 0; i < times * ground->runs_count; i++) {
        struct run *one = &corpus.runs[corpus.count];
        *one = *ground->runs[i % ground->runs_count];
        one->session = str_of(arena_format(&corpus.arena, "run %u", corpus.count));
        corpus.list[corpus.count++] = one;
    }
    return corpus;
}

static double resident_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* *ret_reply: processor time of a reply, in seconds. */
static int measure(struct buf *out, double *ret_reply, const struct corpus *corpus, uint64_t steps,
    struct replay *replay, unsigned workers, struct err *err)
{
    double wall[ROUNDS_MAX], cpu[ROUNDS_MAX];
    unsigned count = runs_of(corpus->list, corpus->count, steps), rounds = 0;
    struct ground_pass pass;
    char name[80];
    do {
        int rc = ground_replay(&pass, replay, corpus->list, count, err);
        if (rc < 0)
            return rc;
        wall[rounds] = pass.wall_s;
        cpu[rounds++] = pass.cpu_s;
    } while (rounds < ROUNDS_MAX && rounds * steps < STEPS_OF_ALL_ROUNDS);
    *ret_reply = bench_median(cpu, rounds) / (double)pass.steps;
    snprintf(name, sizeof name, "%llu replies, %u worker%s: cases a second",
        (unsigned long long)steps, workers, workers > 1 ? "s" : "");
    bench_figure(out, name, count / bench_median(wall, rounds), "cases", 0);
    return 0;
}

static int by_workers(struct buf *out, const struct corpus *corpus, uint64_t steps,
    const struct ground *ground, unsigned workers, struct err *err)
{
    struct replay *replay = NULL;
    double reply[SIZES_MAX], before_mb = 0;
    unsigned sizes = 0;
    char name[80];
    struct ground_pass warm;
    int rc = replay_open(&replay, &ground->arm, workers, err);
    if (rc == 0) /* the first pass of a worker pays for its memory */
        rc = ground_replay(
            &warm, replay, corpus->list, runs_of(corpus->list, corpus->count, SMALLEST), err);
    for (uint64_t size = SMALLEST; rc == 0 && size <= steps && sizes < SIZES_MAX; size *= 10) {
        rc = measure(out, &reply[sizes++], corpus, size, replay, workers, err);
        before_mb = sizes == 1 ? resident_mb() : before_mb;
    }
    if (rc == 0 && sizes > 0) {
        snprintf(name, sizeof name, "%u worker%s: a reply of the most beside one of the fewest",
            workers, workers > 1 ? "s" : "");
        bench_figure(out, name, reply[sizes - 1] / reply[0], "times", 1.2);
        bench_figure(out, "memory that the most took more", resident_mb() - before_mb, "MiB", 0);
        bench_figure(out, "memory of a worker", replay_memory(replay) / 1024.0, "MiB", 0);
    }
    replay_free(replay);
    return rc;
}

int replay_sizes(struct buf *out, const struct ground *ground, uint64_t steps, struct err *err)
{
    CLEANUP(corpus_done) struct corpus corpus = corpus_of(ground, steps);
    int rc = 0;
    for (unsigned workers = 1; rc == 0 && workers <= 2; workers++)
        rc = by_workers(out, &corpus, steps, ground, workers, err);
    return rc;
}
