/* import - recorded traces read, unpacked and parsed into runs, as moult import does up to the
 * journal. Bytes are those of the messages, so that how a file is packed changes nothing. */
#include "bench.h"

#include "base/mem.h"
#include "trials/import.h"

#include <glob.h>
#include <sys/resource.h>

enum { ROUNDS = 7 };

struct reading {
    uint64_t bytes, runs;
};

static int on_session(void *with, const struct import_session *session, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct reading *reading = with;
    struct run *run;
    for (uint32_t i = 0; i < session->messages_count; i++)
        reading->bytes += session->messages[i].size;
    reading->runs++;
    return import_run(&run, session, NULL, &arena, err);
}

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    (void)where;
    (void)why;
}

static int read_all(struct reading *ret, struct err *err)
{
    CLEANUP(mem_freep) char *pattern = mem_format("%s/*.jsonl.gz", bench_traces());
    const struct import_options options = { NULL, -1 };
    const struct import_sink sink = { ret, on_session, on_skipped };
    glob_t files = { 0 };
    int rc = 0;
    *ret = (struct reading){ 0 };
    if (glob(pattern, 0, NULL, &files) != 0)
        rc = err_set(err, ERR_MISSING, "no traces: %s", pattern);
    for (size_t i = 0; rc == 0 && i < files.gl_pathc; i++)
        rc = import_tau(files.gl_pathv[i], &options, &sink, err);
    globfree(&files);
    return rc;
}

static double resident_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

int bench_import(struct buf *out, struct err *err)
{
    double seconds[ROUNDS], first = 0;
    struct reading reading;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t from = bench_cpu_ns();
        int rc = read_all(&reading, err);
        if (rc < 0)
            return rc;
        seconds[i] = (double)(bench_cpu_ns() - from) / 1e9;
        first = i == 0 ? resident_mb() : first;
    }
    double median = bench_median(seconds, ROUNDS), mb = (double)reading.bytes / 1e6;
    bench_figure(out, "runs", (double)reading.runs, "", 0);
    bench_figure(out, "messages", mb, "MB", 0);
    bench_figure(out, "read a second a core", mb / median, "MB", 0);
    bench_figure(out, "a MB takes", median / mb * 1e3, "ms", 20);
    bench_figure(out, "memory that six more rounds took", resident_mb() - first, "MiB", 1);
    return 0;
}
