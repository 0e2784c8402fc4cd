/* metrics - see metrics.h. One table: a row a counter. */
#include "broker/metrics.h"

#include "base/clock.h"
#include "base/mem.h"
#include "broker/swap.h"

#include <inttypes.h>
#include <stddef.h>

static const struct counter {
    const char *name, *help;
    size_t at;
} counters[] = {
    { "requests", "Requests for a model protocol.", offsetof(struct metrics, requests) },
    { "turns", "Turns begun.", offsetof(struct metrics, turns) },
    { "turns_failed", "Turns that ended without an answer.",
        offsetof(struct metrics, turns_failed) },
    { "effects_refused", "Effects that the permit table refused.",
        offsetof(struct metrics, refused) },
    { "breaches", "Workers ended for breaking the protocol.", offsetof(struct metrics, breaches) },
    { "worker_crashes", "Workers that crashed.", offsetof(struct metrics, crashed) },
    { "worker_hangs", "Workers that were ended because they did not answer.",
        offsetof(struct metrics, hung) },
    { "turns_moved", "Times a turn went on in another worker.", offsetof(struct metrics, moved) },
    { "stale_messages", "Messages under a lease that had ended.", offsetof(struct metrics, stale) },
    { "swaps", "Times another generation became active.", offsetof(struct metrics, swaps) },
    { "quarantines", "Generations quarantined.", offsetof(struct metrics, quarantined) },
    { "upstream_requests", "Requests sent to model providers.",
        offsetof(struct metrics, upstream) },
    { "upstream_failures", "Requests to model providers that failed.",
        offsetof(struct metrics, upstream_failed) },
    { "commit_failures", "Effects that could not be made durable.",
        offsetof(struct metrics, commits_failed) },
};
static const char *const kind_words[METRIC_KINDS] = { [WIRE_MODEL] = "model",
    [WIRE_HAND] = "hand",
    [WIRE_TOOL] = "tool",
    [WIRE_NESTED] = "nested",
    [WIRE_PERSON] = "person",
    [WIRE_WAIT] = "wait" };

static void head(struct buf *out, const char *name, const char *help, const char *type)
{
    buf_format(out, "# HELP moult_%s %s\n# TYPE moult_%s %s\n", name, help, name, type);
}

static void gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, help, "gauge");
    buf_format(out, "moult_%s %" PRIu64 "\n", name, value);
}

struct sums {
    uint64_t workers, resident, cpu_us;
};

static void add_worker(void *with, const struct crew_look *look)
{
    struct sums *sums = with;
    sums->workers++;
    sums->resident += look->resident;
    sums->cpu_us += look->cpu_us;
}

void metrics_print(const struct engine *engine, struct buf *out)
{
    char name[64];
    struct sums sums = { 0 };
    CLEANUP(buf_done) struct buf unread = { 0 };
    for (size_t i = 0; i < COUNT_OF(counters); i++) {
        const char *base = (const char *)&engine->metrics;
        snprintf(name, sizeof name, "%s_total", counters[i].name);
        head(out, name, counters[i].help, "counter");
        buf_format(out, "moult_%s %" PRIu64 "\n", name, *(const uint64_t *)(base + counters[i].at));
    }
    head(out, "effects_total", "Effects that workers asked for, by kind.", "counter");
    for (int kind = WIRE_MODEL; kind <= WIRE_WAIT; kind++)
        buf_format(out, "moult_effects_total{kind=\"%s\"} %" PRIu64 "\n", kind_words[kind],
            engine->metrics.effects[kind]);
    crew_each(engine->crew, add_worker, &sums);
    gauge(out, "workers", "Worker processes.", sums.workers);
    gauge(out, "workers_resident_bytes", "Resident memory of workers.", sums.resident);
    gauge(out, "sessions_in_memory", "Conversations in memory.", engine->sessions);
    gauge(out, "turns_open", "Turns in work, or handed to their client.", engine->turns_open);
    const struct crew_generation *active = swap_active(engine->swap);
    if (active)
        gauge(out, "generation", "Number of the active generation.", crew_spec_of(active)->number);
    gauge(out, "degraded", "1: turns fail, and there is no generation to go back to.",
        swap_degraded(engine->swap, &unread));
    gauge(out, "uptime_seconds", "Seconds since the service began.",
        (clock_mono_ns() - engine->started_ns) / 1000000000);
}
