/* replay_lengths - cases of so many replies: recorded runs that are that long, cut off there. What
 * they are held against is the same messages read into runs, which is what any tool that looks at a
 * trace has to do. */
#include "replay_parts.h"

#include "bench.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 3 };
static const uint32_t lengths[] = { 1, 5, 10, 20 };

struct cases {
    struct run *runs;
    const struct run **list;
    unsigned count;
};

static void cases_done(struct cases *cases)
{
    free(cases->runs);
    free(cases->list);
}

static struct cases cases_of(const struct ground *ground, uint32_t length)
{
    struct cases cases = { .runs = mem_zero(ground->runs_count, sizeof *cases.runs),
        .list = mem_zero(ground->runs_count, sizeof *cases.list) };
    for (unsigned i = 0; i < ground->runs_count; i++) {
        if (ground->runs[i]->steps_count < length)
            continue;
        struct run *one = &cases.runs[cases.count];
        *one = *ground->runs[i];
        one->steps_count = length;
        cases.list[cases.count++] = one;
    }
    return cases;
}

static int read_one(const struct run *run, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run *read = run_like(run, &arena);
    uint32_t last = run->steps[run->steps_count - 1];
    for (uint32_t i = 0; i <= last; i++) {
        int rc = run_add(read, run->messages[i].bytes, run->messages[i].failed, err);
        if (rc < 0)
            return rc;
    }
    run_seal(read);
    return 0;
}

static int read_all(double *ret_cpu, const struct cases *cases, struct err *err)
{
    uint64_t from = bench_cpu_ns();
    for (unsigned i = 0; i < cases->count; i++) {
        int rc = read_one(cases->list[i], err);
        if (rc < 0)
            return rc;
    }
    *ret_cpu = (double)(bench_cpu_ns() - from) / 1e9;
    return 0;
}

static int measure(struct buf *out, const struct cases *cases, uint32_t length,
    struct replay *replay, struct err *err)
{
    double played[ROUNDS], read[ROUNDS];
    char name[64];
    for (int i = 0; i < ROUNDS; i++) {
        struct ground_pass pass;
        int rc = ground_replay(&pass, replay, cases->list, cases->count, err);
        if (rc == 0)
            rc = read_all(&read[i], cases, err);
        if (rc < 0)
            return rc;
        played[i] = pass.cpu_s;
    }
    double with = bench_median(played, ROUNDS), without = bench_median(read, ROUNDS);
    snprintf(name, sizeof name, "cases of length %u a second a core", length);
    bench_figure(out, name, cases->count / with, "cases", 0);
    snprintf(name, sizeof name, "a case of length %u", length);
    bench_figure(out, name, with / cases->count * 1e6, "us", length == 20 ? 1000 : 0);
    snprintf(name, sizeof name, "length %u beside the same parsed in memory", length);
    bench_figure(out, name, with / without, "times", 0);
    return 0;
}

int replay_lengths(struct buf *out, const struct ground *ground, struct err *err)
{
    struct replay *replay = NULL;
    int rc = replay_open(&replay, &ground->arm, 1, err);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(lengths); i++) {
        CLEANUP(cases_done) struct cases cases = cases_of(ground, lengths[i]);
        if (cases.count > 0)
            rc = measure(out, &cases, lengths[i], replay, err);
    }
    replay_free(replay);
    return rc;
}
