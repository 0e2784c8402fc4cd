/* cmd_status - moult status: what the running service says of itself. */
#include "base/mem.h"
#include "talk/cmd.h"
#include "talk/link.h"

#include <inttypes.h>
#include <stdio.h>

enum { SHOWN = 200, MINUTE = 60, HOUR = 3600, DAY = 86400 };

struct look {
    const struct json *root;
    struct arena arena;
    char text[SHOWN];
};

static int64_t number(const struct json *object, const char *key)
{
    return json_int(json_get(object, key), 0);
}

static const char *word(struct look *look, const struct json *object, const char *key)
{
    struct str text = json_string(&look->arena, json_get(object, key));
    return str_printable(look->text, sizeof look->text, text, false);
}

static void print_generation(struct look *look)
{
    const struct json *canary = json_get(look->root, "canary");
    if (json_get(look->root, "degraded"))
        printf("%-12s%s\n", "degraded", word(look, look->root, "degraded"));
    if (!json_is(json_get(look->root, "generation"), JSON_NUMBER))
        return;
    printf("%-12s%" PRId64, "generation", number(look->root, "generation"));
    if (json_get(look->root, "before"))
        printf(" (before: %" PRId64 ")", number(look->root, "before"));
    printf("\n");
    if (!json_is(canary, JSON_OBJECT))
        return;
    printf("%-12s%.12s, ", "canary", word(look, canary, "candidate"));
    printf("probe %s, %" PRId64 " %% of new turns: %" PRId64 " done, %" PRId64 " failed, %" PRId64
           " crashed\n",
        word(look, canary, "probe"), number(canary, "share"), number(canary, "done"),
        number(canary, "failed"), number(canary, "crashed"));
}

static void print_candidates(struct look *look)
{
    int64_t waiting = number(look->root, "candidates");
    printf("%-12s%" PRId64 " wait%s for review%s\n", "candidates", waiting, waiting == 1 ? "s" : "",
        waiting ? ": moult review" : "");
}

static void print_splits(struct look *look)
{
    const struct json *splits = json_get(look->root, "splits");
    if (!json_is(splits, JSON_OBJECT))
        return;
    printf("%-12s%" PRId64 " held-in, %" PRId64 " held-out, ", "groups", number(splits, "held-in"),
        number(splits, "held-out"));
    if (number(splits, "test") > 0)
        printf("%" PRId64 " test: %" PRId64 " of %" PRId64 " shards opened\n",
            number(splits, "test"), number(splits, "opened"), number(splits, "shards"));
    else
        printf("none sealed\n");
}

static void print_evolving(struct look *look)
{
    const struct json *evolving = json_get(look->root, "evolving");
    if (!json_is(evolving, JSON_OBJECT))
        return;
    printf("%-12sautonomy %s", "evolving", word(look, evolving, "autonomy"));
    printf(", %s", word(look, evolving, "state"));
    printf(", %" PRId64 " of %" PRId64 " rounds today; %s\n", number(evolving, "rounds_today"),
        number(evolving, "rounds_a_day"), word(look, evolving, "last"));
    const struct json *far = json_get(evolving, "conversion");
    if (json_is(far, JSON_OBJECT))
        printf("%-12s%" PRId64 " clusters observed, %" PRId64 " batched, %" PRId64
               " proposed, %" PRId64 " gated, %" PRId64 " promoted, %" PRId64 " held\n",
            "mined", number(far, "observed"), number(far, "batched"), number(far, "proposed"),
            number(far, "gated"), number(far, "promoted"), number(far, "held"));
    JSON_EACH(one, json_get(evolving, "waiting"))
    {
        printf("%-12s%.12s of ", "waits", word(look, one, "candidate"));
        printf("%s: ", word(look, one, "plugin"));
        printf("%s\n", word(look, one, "says"));
    }
}

static void print_sandbox(struct look *look)
{
    JSON_EACH(layer, json_get(look->root, "waived"))
    {
        struct str name = json_string(&look->arena, layer);
        printf("%-12sgoes without %s where the machine has it not (moult.json)\n", "sandbox",
            str_printable(look->text, sizeof look->text, name, false));
    }
}

static void print_turns(struct look *look)
{
    printf("%-12s%" PRId64 " in memory, %" PRId64 " turns open; %" PRId64
           " turns since the start, %" PRId64 " failed\n",
        "sessions", number(look->root, "sessions"), number(look->root, "turns_open"),
        number(look->root, "turns"), number(look->root, "turns_failed"));
}

static void print_uptime(struct look *look)
{
    int64_t s = number(look->root, "uptime_s");
    printf("%-12s", "up");
    if (s >= DAY)
        printf("%" PRId64 " d ", s / DAY);
    printf("%02" PRId64 ":%02" PRId64 ":%02" PRId64 ", process %" PRId64 "\n", s % DAY / HOUR,
        s % HOUR / MINUTE, s % MINUTE, number(look->root, "pid"));
}

/* A candidate has no number yet. */
static const char *generation_of(const struct json *worker, char name[24])
{
    int64_t at = json_int(json_get(worker, "generation"), -1);
    if (at < 0)
        return "candidate";
    snprintf(name, 24, "%" PRId64, at);
    return name;
}

static void print_workers(struct look *look)
{
    const struct json *workers = json_get(look->root, "workers");
    if (!workers || workers->count == 0) {
        printf("%-12snone yet: the first turn starts one\n", "workers");
        return;
    }
    printf("\n%8s  %10s  %5s  %7s  %9s  %s\n", "WORKER", "GENERATION", "TURNS", "MEMORY", "CPU",
        "PRINCIPAL");
    JSON_EACH(worker, workers)
    {
        char name[24];
        printf("%8" PRId64 "  %10s  %5" PRId64 "  %4.1f MB  %7.1f s  %s\n", number(worker, "pid"),
            generation_of(worker, name), number(worker, "turns"),
            (double)number(worker, "rss") / 1e6, (double)number(worker, "cpu_ms") / 1e3,
            word(look, worker, "principal"));
    }
}

/* In the order in which a person asks. */
static void (*const parts[])(struct look *look) = { print_generation, print_candidates,
    print_splits, print_evolving, print_sandbox, print_turns, print_uptime, print_workers };

static int run_status(const struct verb_call *call, struct err *err)
{
    struct look look = { 0 };
    struct link *link = NULL;
    struct home home;
    const struct option options[] = { { 0 } };
    int rc = verb_options(call, &verb_status, options, NULL, 0, err);
    if (rc >= 0)
        rc = home_find(&home, call->dir, err);
    if (rc >= 0)
        rc = link_open(&link, &home, err);
    if (rc >= 0)
        rc = ask_json(&look.root, link, "/api/status", &look.arena, err);
    if (rc >= 0 && call->json)
        printf("%.*s\n", (int)look.root->raw.size, look.root->raw.at);
    for (size_t i = 0; rc >= 0 && !call->json && i < COUNT_OF(parts); i++)
        parts[i](&look);
    link_close(link);
    arena_done(&look.arena);
    return rc;
}

const struct verb verb_status = { "status", run_status, "status",
    "generation, workers, sessions and candidates of the running service" };
