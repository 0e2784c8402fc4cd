/* import_agents - see import_agents.h. A sample is small, and bytes that are stored already cost
 * the journal nothing: so each copy says its number at the beginning of every text. */
#include "import_agents.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "bench.h"
#include "import_whole.h"
#include "trials/import.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { BYTES_AIM = 16 << 20, SAMPLE_MOST = 4 << 20 };

/* The first log of each is its longest. */
static const struct agent {
    const char *format, *file, *end;
} agents[] = {
    { "claude-code", "claude_code/incremental-subagents.agent-a485154.jsonl.gz", ".jsonl" },
    { "codex", "codex/rollout-2026-05-11T13-28-45-019e1695-0522-7c83-8b39-0dd379793f80.jsonl.gz",
        ".jsonl" },
    { "openclaw", "openclaw/pi.large-session.jsonl.gz", ".jsonl" },
    { "gemini-cli", "gemini_cli/session-2025-12-01T21-45-5b959dae.json.gz", ".json" },
    { "swe-agent", "swe_agent/marshmallow-1867.function_calling_replace.traj.gz", ".traj" },
    { "openhands", "openhands/multi_swe_bench.output.jsonl.gz", ".jsonl" },
};

static int read_sample(const struct agent *agent, struct buf *ret, struct err *err)
{
    CLEANUP(mem_freep)
    char *path = mem_format("%s/tests/data/samples/%s", MOULT_SOURCE_DIR, agent->file);
    gzFile file = gzopen(path, "rbe");
    int got = file ? gzread(file, buf_reserve(ret, SAMPLE_MOST), SAMPLE_MOST) : -1;
    if (file)
        gzclose(file);
    if (got <= 0)
        return err_set(err, ERR_MISSING, "no sample: %s", path);
    ret->size = (size_t)got;
    return 0;
}

/* Where a text begins: behind one of these. */
static size_t text_at(struct str bytes)
{
    static const char *const marks[] = { "\"text\":\"", "\"content\":\"", "\"content\": \"",
        "\"output\":\"", "\"output\": \"" };
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (str_starts(bytes, str_of(marks[i])))
            return strlen(marks[i]);
    return 0;
}

static int write_copy(
    const struct agent *agent, struct str sample, const char *folder, int number, struct err *err)
{
    CLEANUP(buf_done) struct buf copy = { 0 };
    CLEANUP(mem_freep) char *path = mem_format("%s/%d%s", folder, number, agent->end);
    for (size_t at = 0; at < sample.size; at++) {
        struct str rest = { sample.at + at, sample.size - at };
        size_t size = rest.at[0] == '"' ? text_at(rest) : 0;
        buf_add(&copy, rest.at, size ? size : 1);
        if (size > 0)
            buf_format(&copy, "%d ", number);
        at += size ? size - 1 : 0;
    }
    return file_write(path, buf_view(&copy), 0600, err);
}

static int add_bytes(void *with, const struct import_session *session, struct err *err)
{
    double *mb = with;
    (void)err;
    for (uint32_t i = 0; i < session->messages_count; i++)
        *mb += (double)session->messages[i].size / 1e6;
    return 0;
}

static void on_skipped(void *with, const char *where, const char *why)
{
    (void)with;
    (void)where;
    (void)why;
}

/* Of the messages, so that how a log says them changes nothing. */
static int count_mb(
    const struct agent *agent, const char *folder, int copies, double *ret, struct err *err)
{
    const struct import_sink sink = { ret, add_bytes, on_skipped, NULL };
    const struct import_options options = { .offered = -1 };
    int rc = 0;
    for (int i = 0; i < copies && rc == 0; i++) {
        CLEANUP(mem_freep) char *path = mem_format("%s/%d%s", folder, i, agent->end);
        rc = import_format_find(agent->format)->read(path, &options, &sink, err);
    }
    return rc;
}

static int measure(
    struct buf *out, const struct agent *agent, char *folder, int copies, struct err *err)
{
    struct import_whole whole;
    double mb = 0;
    int rc = count_mb(agent, folder, copies, &mb, err);
    if (rc == 0)
        rc = import_whole(&whole, agent->format, &folder, 1, err);
    if (rc < 0)
        return rc;
    const struct {
        const char *name, *unit;
        double value, aim;
    } figures[] = {
        { "messages", "MB", mb, 0 },
        { "a second of processor time", "MB", mb / (whole.program_s + whole.broker_s), 0 },
        { "a MB takes", "ms", (whole.program_s + whole.broker_s) / mb * 1e3, 20 },
        { "the broker's part of it", "ms", whole.broker_s / mb * 1e3, 0 },
        { "memory of the importer", "MiB", whole.program_mb, 0 },
        { "memory of the broker", "MiB", whole.broker_mb, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(figures); i++) {
        char name[80];
        snprintf(name, sizeof name, "%s: %s", agent->format, figures[i].name);
        bench_figure(out, name, figures[i].value, figures[i].unit, figures[i].aim);
    }
    return 0;
}

int import_agents(struct buf *out, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; i < COUNT_OF(agents) && rc == 0; i++) {
        CLEANUP(buf_done) struct buf sample = { 0 };
        struct scratch scratch;
        rc = read_sample(&agents[i], &sample, err);
        if (rc < 0 || (rc = scratch_make(&scratch, "logs", 0700, err)) < 0)
            return rc;
        int copies = (int)(BYTES_AIM / sample.size + 1);
        for (int n = 0; n < copies && rc == 0; n++)
            rc = write_copy(&agents[i], buf_view(&sample), scratch.path, n, err);
        if (rc == 0)
            rc = measure(out, &agents[i], scratch.path, copies, err);
        scratch_remove(&scratch);
    }
    return rc;
}
