/* import - recorded traces read, unpacked and parsed into runs, as moult import does up to the
 * journal. */
#include "bench.h"
#include "traces.h"

#include <sys/resource.h>

enum { ROUNDS = 7 };

static double resident_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

int bench_import(struct buf *out, struct err *err)
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
    return 0;
}
