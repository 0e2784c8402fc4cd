/* traces - see traces.h. */
#include "traces.h"

#include "base/mem.h"
#include "bench.h"

#include <glob.h>

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    (void)where;
    (void)why;
}

int traces_each(int (*each)(void *with, const struct import_session *session, struct err *err),
    void *with, struct err *err)
{
    CLEANUP(mem_freep) char *pattern = mem_format("%s/*.jsonl.gz", bench_traces());
    const struct import_options options = { NULL, -1 };
    const struct import_sink sink = { with, each, on_skipped };
    glob_t files = { 0 };
    int rc = 0;
    if (glob(pattern, 0, NULL, &files) != 0)
        rc = err_set(err, ERR_MISSING, "no traces: %s", pattern);
    for (size_t i = 0; rc == 0 && i < files.gl_pathc; i++)
        rc = import_tau(files.gl_pathv[i], &options, &sink, err);
    globfree(&files);
    return rc;
}

struct reading {
    uint64_t bytes, runs;
};

static int read_one(void *with, const struct import_session *session, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct reading *reading = with;
    struct run *run;
    for (uint32_t i = 0; i < session->messages_count; i++)
        reading->bytes += session->messages[i].size;
    reading->runs++;
    return import_run(&run, session, NULL, &arena, err);
}

int traces_read(uint64_t *ret_runs, uint64_t *ret_bytes, struct err *err)
{
    struct reading reading = { 0 };
    int rc = traces_each(read_one, &reading, err);
    *ret_runs = reading.runs;
    *ret_bytes = reading.bytes;
    return rc;
}
