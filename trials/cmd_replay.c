/* cmd_replay - moult replay: does the harness ask, on every recorded run, for exactly what was
 * recorded? */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "trials/cmd.h"
#include "trials/identity.h"
#include "trials/trace.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MS_NS = 1000000 };

struct replaying {
    const struct verb_call *call;
    struct identity *first, *second; /* other time, seed and leases */
    uint64_t runs, steps, same, failed, unstable;
};

static void tell(
    struct replaying *r, const struct run *run, const struct identity_result *result, uint64_t ms)
{
    bool pass = result->same == result->steps;
    if (r->call->json)
        printf("%s{\"id\":\"%.*s\",\"verdict\":\"%s\",\"signatures\":[],\"divergence\":%s%s%s,"
               "\"ms\":%llu}",
            r->runs > 1 ? "," : "", (int)run->session.size, run->session.at, pass ? "pass" : "fail",
            pass ? "" : "\"", pass ? "null" : result->why, pass ? "" : "\"",
            (unsigned long long)ms);
    else if (!pass)
        printf("%.*s  step %u: %s\n", 12, run->session.at, result->first, result->why);
}

static int one(void *with, struct run *run, struct err *err)
{
    struct replaying *r = with;
    struct identity_result first, second;
    uint64_t from = clock_mono_ns();
    int rc = identity_run(r->first, run, &first, err);
    if (rc < 0 || (rc = identity_run(r->second, run, &second, err)) < 0)
        return err_while(err, "session %.12s", run->session.at);
    r->runs++;
    r->steps += first.steps;
    r->same += first.same;
    r->failed += first.same != first.steps;
    r->unstable += !hash_equal(&first.digest, &second.digest);
    tell(r, run, &first, (clock_mono_ns() - from) / MS_NS);
    return 0;
}

static void tell_totals(const struct replaying *r, uint64_t ms)
{
    uint32_t layers = identity_layers(r->first);
    if (r->call->json) {
        printf("],\"totals\":{\"runs\":%llu,\"failed\":%llu,\"unstable\":%llu,\"steps\":%llu,"
               "\"same\":%llu,"
               "\"ms\":%llu,\"layers\":[",
            (unsigned long long)r->runs, (unsigned long long)r->failed,
            (unsigned long long)r->unstable, (unsigned long long)r->steps,
            (unsigned long long)r->same, (unsigned long long)ms);
        for (int i = 0, n = 0; i < LAYERS; i++)
            if (layers & LAYER_BIT(i))
                printf("%s\"%s\"", n++ ? "," : "", sandbox_layer_words[i]);
        puts("]}}");
        return;
    }
    if (r->runs == 0)
        puts("nothing to replay: moult import brings conversations, moult mine gives their groups "
             "a split");
    printf("%llu runs, %llu replies: %llu asked for exactly what was recorded; %llu runs differ, "
           "%llu are "
           "unstable\n%llu ms for two passes in locked workers\n",
        (unsigned long long)r->runs, (unsigned long long)r->steps, (unsigned long long)r->same,
        (unsigned long long)r->failed, (unsigned long long)r->unstable, (unsigned long long)ms);
}

static int replay_all(struct replaying *r, const struct home *home, struct err *err)
{
    struct journal *journal;
    int rc = journal_open(&journal, home, JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    uint64_t from = clock_mono_ns();
    if (r->call->json)
        printf("{\"mode\":\"step\",\"cases\":[");
    rc = trace_each(journal, NULL, one, r, err);
    journal_close(journal);
    if (rc < 0)
        return rc;
    tell_totals(r, (clock_mono_ns() - from) / MS_NS);
    enum { INCONCLUSIVE = 3 };
    return r->runs == 0 || r->unstable ? INCONCLUSIVE : r->failed > 0;
}

static int run(const struct verb_call *call, struct err *err)
{
    const char *builds = NULL;
    char folder[PATH_MAX];
    const struct option options[] = {
        { "--builds", 0, OPTION_TEXT, "DIR",
            "shared objects of a harness (default: the naive example)", &builds },
        { 0 },
    };
    int rc = verb_options(call, &verb_replay, options, NULL, 0, err);
    struct home home;
    if (rc < 0 || (rc = home_find(&home, call->dir, err)) < 0 ||
        (rc = file_program_dir(folder, sizeof folder, err)) < 0)
        return rc;
    CLEANUP(mem_freep) char *worker = mem_format("%s/moult-worker", folder);
    CLEANUP(mem_freep) char *naive = mem_format("%s/../plugins/naive", folder);
    struct identity_plan plan = { .worker = worker,
        .builds = builds ? builds : naive,
        .pipeline = "order",
        .tier = SANDBOX_CONTAINER,
        .seed = 1 };
    struct replaying replaying = { .call = call };
    rc = identity_open(&replaying.first, &plan, err);
    plan.seed = 77;
    plan.lease_base = 1000000;
    plan.elapsed_ms = 12345;
    if (rc == 0)
        rc = identity_open(&replaying.second, &plan, err);
    if (rc == 0)
        rc = replay_all(&replaying, &home, err);
    identity_close(replaying.first);
    identity_close(replaying.second);
    return rc;
}

const struct verb verb_replay = { "replay", run, "replay [--builds DIR]",
    "put every recorded reply to the harness, in a locked worker, and compare what it asks for" };
