/* import - recorded traces read, unpacked and parsed into runs; cut by the redactor; and brought
 * into a journal by moult import, broker and disk included; then the logs of other agents. */
#include "bench.h"
#include "import_agents.h"
#include "import_whole.h"
#include "traces.h"

#include "base/mem.h"
#include "trials/redact.h"

#include <glob.h>
#include <sys/resource.h>

enum { ROUNDS = 7, WHOLE_ROUNDS = 3 };

static double resident_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static int bench_read(struct buf *out, double *ret_mb, struct err *err)
{
    double seconds[ROUNDS], first = 0;
    uint64_t runs, bytes;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t from = bench_cpu_ns();
        int rc = traces_read(&runs, &bytes, err);
        if (rc < 0)
            return rc;
        seconds[i] = (double)(bench_cpu_ns() - from) / 1e9;
        first = i == 0 ? resident_mb() : first;
    }
    double median = bench_median(seconds, ROUNDS), mb = (double)bytes / 1e6;
    bench_figure(out, "runs", (double)runs, "", 0);
    bench_figure(out, "messages", mb, "MB", 0);
    bench_figure(out, "read a second a core", mb / median, "MB", 0);
    bench_figure(out, "a MB takes", median / mb * 1e3, "ms", 20);
    bench_figure(out, "memory that six more rounds took", resident_mb() - first, "MiB", 1);
    *ret_mb = mb;
    return 0;
}

struct cutting {
    struct redact *redact;
    uint64_t ns;
};

static int cut_one(void *with, const struct import_session *given, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct cutting *cutting = with;
    struct import_session session = *given;
    uint64_t from = bench_cpu_ns();
    int rc = import_redact(&session, cutting->redact, STR("key"), &arena, err);
    cutting->ns += bench_cpu_ns() - from;
    return rc;
}

static int bench_redact(struct buf *out, double mb, struct err *err)
{
    double seconds[WHOLE_ROUNDS];
    uint64_t cuts = 0;
    for (int i = 0; i < WHOLE_ROUNDS; i++) {
        CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
        struct cutting cutting = { redact, 0 };
        int rc = traces_each(cut_one, &cutting, err);
        if (rc < 0)
            return rc;
        seconds[i] = (double)cutting.ns / 1e9;
        cuts = redact_total(redact);
    }
    bench_figure(
        out, "redacted a second a core", mb / bench_median(seconds, WHOLE_ROUNDS), "MB", 0);
    bench_figure(out, "texts cut out", (double)cuts, "", 0);
    return 0;
}

static int bench_whole(struct buf *out, double mb, struct err *err)
{
    double wall[WHOLE_ROUNDS], cpu[WHOLE_ROUNDS], broker[WHOLE_ROUNDS];
    CLEANUP(mem_freep) char *pattern = mem_format("%s/*.jsonl.gz", bench_traces());
    CLEANUP(globfree) glob_t files = { 0 };
    struct import_whole one;
    if (glob(pattern, 0, NULL, &files) != 0)
        return err_set(err, ERR_MISSING, "no traces: %s", pattern);
    for (int i = 0; i < WHOLE_ROUNDS; i++) {
        int rc = import_whole(&one, "tau-bench", files.gl_pathv, files.gl_pathc, err);
        if (rc < 0)
            return rc;
        wall[i] = one.wall_s;
        cpu[i] = one.program_s + one.broker_s;
        broker[i] = one.broker_s;
    }
    double median = bench_median(cpu, WHOLE_ROUNDS);
    bench_figure(
        out, "moult import, all of it, a second", mb / bench_median(wall, WHOLE_ROUNDS), "MB", 0);
    bench_figure(out, "the same a second of processor time", mb / median, "MB", 0);
    bench_figure(out, "a MB takes, all of it", median / mb * 1e3, "ms", 20);
    bench_figure(
        out, "the broker's part of it", bench_median(broker, WHOLE_ROUNDS) / median * 100, "%", 0);
    bench_figure(out, "memory of the importer", one.program_mb, "MiB", 0);
    bench_figure(out, "memory of the broker", one.broker_mb, "MiB", 0);
    return 0;
}

int bench_import(struct buf *out, struct err *err)
{
    double mb = 0;
    int rc = bench_read(out, &mb, err);
    if (rc == 0)
        rc = bench_redact(out, mb, err);
    if (rc == 0)
        rc = bench_whole(out, mb, err);
    return rc == 0 ? import_agents(out, err) : rc;
}
