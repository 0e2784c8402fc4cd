/* cmd_replay - moult replay: does a harness ask, on every recorded run, for exactly what was
 * recorded? Where it does not: is the change the repair of a failure that was there?
 *
 * Every run is replayed twice, the second time with other time, ids and seed; a harness that then
 * does something else is not a function of what it sees, and no verdict on it means anything. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "trials/builds.h"
#include "trials/cmd.h"
#include "trials/detect.h"
#include "trials/trace.h"
#include "wire/config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MS_NS = 1000000, WALL_MS = 10000, WORKERS_MAX = 8, CASES_MAX = 256, INCONCLUSIVE = 3 };
enum { PASSES = 2 };

static const char *const verdicts[] = {
    [0] = "pass", [1] = "fail", [INCONCLUSIVE] = "inconclusive"
};

/* What came of one run of the page. */
struct outcome_of {
    const struct run *run;
    struct hash_state effects[PASSES];
    uint32_t steps, same, first; /* first: the first step that differs, or UINT32_MAX */
    char why[200];
    const char *resolved; /* the detector whose frame allows that change */
    uint64_t from_ns, to_ns;
};
struct replaying {
    const struct verb_call *call;
    const char *const *cases; /* session ids, or their beginnings */
    unsigned cases_count;
    struct replay *arms[PASSES];
    unsigned pass;
    struct outcome_of page[JOURNAL_PAGE];
    unsigned page_count;
    uint64_t runs, steps, same, failed, resolved, unstable;
};

/* --- one step */

static void note_change(
    struct outcome_of *of, uint32_t step, const struct effects *seen, const struct effects *wanted)
{
    of->first = step;
    of->resolved = detect_resolved_by(of->run, step, seen);
    if (seen->end == EFFECTS_ABNORMAL)
        snprintf(of->why, sizeof of->why, "step %u: %.*s", step, (int)seen->why.size, seen->why.at);
    else if (seen->error)
        snprintf(of->why, sizeof of->why, "step %u: an error: %s, %s; recorded %s, %s", step,
            effects_end_words[seen->end], effects_again_words[seen->again],
            effects_end_words[wanted->end], effects_again_words[wanted->again]);
    else
        snprintf(of->why, sizeof of->why, "step %u: request %s, reply %s, ended %s, recorded %s",
            step, seen->request_same ? "same" : "changed", seen->same ? "same" : "changed",
            effects_end_words[seen->end], effects_end_words[wanted->end]);
}

static struct outcome_of *outcome_of(struct replaying *r, const struct run *run)
{
    unsigned i = 0;
    while (r->page[i].run != run)
        i++;
    return &r->page[i];
}

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *seen)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct replaying *r = with;
    struct outcome_of *of = outcome_of(r, run);
    struct effects wanted;
    hash_add(&of->effects[r->pass], seen->digest.at, sizeof seen->digest.at);
    if (r->pass > 0)
        return 0;
    effects_recorded(&wanted, run, step, &arena);
    bool same = seen->request_same && seen->same && seen->end == wanted.end;
    of->steps++;
    of->same += same;
    of->to_ns = clock_mono_ns();
    if (!same && of->first == UINT32_MAX)
        note_change(of, step, seen, &wanted);
    return 0;
}

/* --- one page of runs */

static void on_hit(void *with, const struct detect_hit *hit)
{
    (void)hit;
    *(bool *)with = true;
}

static void tell_signatures(const struct run *run)
{
    int told = 0;
    for (unsigned i = 0; i < detectors_count; i++) {
        bool there = false;
        if (detectors[i].hook >= 0)
            detectors[i].find(run, on_hit, &there);
        if (there)
            printf("%s\"%s\"", told++ ? "," : "", detectors[i].id);
    }
}

static void tell(const struct replaying *r, const struct outcome_of *of, int verdict)
{
    CLEANUP(buf_done) struct buf why = { 0 };
    char plain[240];
    if (!r->call->json && verdict == 0 && !of->resolved)
        return;
    if (!r->call->json) {
        printf("%.12s  %s  %s%s%s\n", of->run->session.at, verdicts[verdict],
            str_printable(plain, sizeof plain, str_of(of->why), false),
            of->resolved ? ", which resolves " : "", of->resolved ? of->resolved : "");
        return;
    }
    json_quote(&why, str_of(of->why));
    printf("%s{\"id\":\"%.*s\",\"verdict\":\"%s\",\"signatures\":[", r->runs > 1 ? "," : "",
        (int)of->run->session.size, of->run->session.at, verdicts[verdict]);
    tell_signatures(of->run);
    printf("],\"divergence\":%s,\"resolved\":%s%s%s,\"ms\":%llu}",
        of->first == UINT32_MAX ? "null" : why.at, of->resolved ? "\"" : "",
        of->resolved ? of->resolved : "null", of->resolved ? "\"" : "",
        (unsigned long long)((of->to_ns - of->from_ns) / MS_NS));
}

static void judge(struct replaying *r, struct outcome_of *of)
{
    struct digest first = hash_end(&of->effects[0]), second = hash_end(&of->effects[1]);
    bool stable = hash_equal(&first, &second);
    bool good = of->first == UINT32_MAX || of->resolved;
    r->runs++;
    r->steps += of->steps;
    r->same += of->same;
    r->failed += !good;
    r->resolved += of->resolved != NULL;
    r->unstable += !stable;
    tell(r, of, !stable ? INCONCLUSIVE : !good);
}

static bool wanted_case(const struct replaying *r, const struct run *run)
{
    bool wanted = r->cases_count == 0;
    for (unsigned i = 0; i < r->cases_count; i++)
        wanted |= str_starts(run->session, str_of(r->cases[i]));
    return wanted;
}

static int on_page(void *with, struct run *const *runs, unsigned count, struct err *err)
{
    struct replaying *r = with;
    const struct run *chosen[JOURNAL_PAGE];
    r->page_count = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!wanted_case(r, runs[i]))
            continue;
        struct outcome_of *of = &r->page[r->page_count];
        *of =
            (struct outcome_of){ .run = runs[i], .first = UINT32_MAX, .from_ns = clock_mono_ns() };
        of->to_ns = of->from_ns;
        for (int k = 0; k < PASSES; k++)
            hash_begin(&of->effects[k]);
        chosen[r->page_count++] = runs[i];
    }
    int rc = 0;
    for (r->pass = 0; rc == 0 && r->pass < PASSES; r->pass++)
        rc = replay_runs(r->arms[r->pass], chosen, r->page_count, WALL_MS, on_step, r, err);
    for (unsigned i = 0; rc == 0 && i < r->page_count; i++)
        judge(r, &r->page[i]);
    verb_progress("%llu runs", (unsigned long long)r->runs);
    return rc;
}

/* --- all */

static void tell_totals(const struct replaying *r, uint64_t ms)
{
    uint32_t layers = replay_layers(r->arms[0]);
    if (r->call->json) {
        printf("],\"totals\":{\"runs\":%llu,\"failed\":%llu,\"resolved\":%llu,\"unstable\":%llu,"
               "\"steps\":%llu,\"same\":%llu,\"ms\":%llu,\"layers\":[",
            (unsigned long long)r->runs, (unsigned long long)r->failed,
            (unsigned long long)r->resolved, (unsigned long long)r->unstable,
            (unsigned long long)r->steps, (unsigned long long)r->same, (unsigned long long)ms);
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
           "%llu of them resolved, %llu are unstable\n%llu ms for two passes in locked workers\n",
        (unsigned long long)r->runs, (unsigned long long)r->steps, (unsigned long long)r->same,
        (unsigned long long)(r->failed + r->resolved), (unsigned long long)r->resolved,
        (unsigned long long)r->unstable, (unsigned long long)ms);
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
    rc = trace_pages(journal, on_page, r, err);
    journal_close(journal);
    if (rc < 0)
        return rc;
    tell_totals(r, (clock_mono_ns() - from) / MS_NS);
    return r->runs == 0 || r->unstable ? INCONCLUSIVE : r->failed > 0;
}

struct asked {
    uint64_t generation;
    const char *builds, *mode, *worker;
    struct option_list candidates;
    uint64_t workers;
    int tier; /* the weakest that the home's configuration allows */
};

static int open_arms(
    struct replaying *r, const struct asked *asked, const struct builds *builds, struct err *err)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned workers = asked->workers             ? (unsigned)asked->workers
                       : processors > WORKERS_MAX ? WORKERS_MAX
                                                  : (unsigned)processors;
    struct replay_arm arm = { .worker = asked->worker,
        .builds = builds->list,
        .builds_count = builds->count,
        .pipeline = "order",
        .tier = asked->tier,
        .seed = 1 };
    int rc = replay_open(&r->arms[0], &arm, workers, err);
    arm.seed = 77;
    arm.lease_base = 1000000;
    arm.elapsed_ms = 12345;
    return rc < 0 ? rc : replay_open(&r->arms[1], &arm, workers, err);
}

static bool is_object(const char *candidate)
{
    size_t size = strlen(candidate);
    return strchr(candidate, '/') || (size > 3 && strcmp(candidate + size - 3, ".so") == 0);
}

/* A folder's builds or a generation of the home, and candidates in the place of some. */
static int choose_builds(
    struct builds *ret, const struct asked *asked, const struct home *home, struct err *err)
{
    struct journal *journal;
    int rc = journal_open(&journal, home, JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    rc = asked->builds ? builds_read(ret, asked->builds, err)
                       : builds_generation(ret, journal, home, asked->generation, err);
    for (unsigned i = 0; rc == 0 && i < asked->candidates.count; i++) {
        const char *candidate = asked->candidates.at[i];
        rc = is_object(candidate) ? builds_add(ret, candidate, err)
                                  : builds_candidate(ret, journal, home, str_of(candidate), err);
    }
    journal_close(journal);
    return rc;
}

static int replay_with(
    struct replaying *r, const struct asked *asked, const struct home *home, struct err *err)
{
    CLEANUP(builds_done) struct builds builds = { 0 };
    int rc = choose_builds(&builds, asked, home, err);
    if (rc == 0)
        rc = open_arms(r, asked, &builds, err);
    if (rc == 0)
        rc = replay_all(r, home, err);
    for (int k = 0; k < PASSES; k++)
        replay_free(r->arms[k]);
    return rc;
}

static int read_tier(struct asked *asked, const struct home *home, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct config config;
    int rc = config_read(&config, home, &arena, err);
    if (rc == 0)
        asked->tier = config.tier;
    return rc;
}

static int check(const struct asked *asked, struct err *err)
{
    if (asked->workers > WORKERS_MAX)
        return err_set(err, ERR_USAGE, "at most %d workers", WORKERS_MAX);
    if (strcmp(asked->mode, "step") == 0)
        return 0;
    if (strcmp(asked->mode, "episode") != 0 && strcmp(asked->mode, "live") != 0)
        return err_set(err, ERR_USAGE, "no mode \"%s\": step, episode or live", asked->mode);
    err_set(err, ERR_LACKS, "mode %s needs a model source, and this version has none", asked->mode);
    return err_hint(err, "--mode step puts each recorded reply to the harness in its context");
}

static int run(const struct verb_call *call, struct err *err)
{
    struct asked asked = { .mode = "step", .generation = BUILDS_ACTIVE };
    const char *cases[CASES_MAX];
    char folder[PATH_MAX];
    const struct option options[] = {
        { "--mode", 0, OPTION_TEXT, "MODE", "step (the default)", &asked.mode },
        { "--generation", 0, OPTION_NUMBER, "N", "of this home (default: the active one)",
            &asked.generation },
        { "--builds", 0, OPTION_TEXT, "DIR", "shared objects of a harness, instead of a generation",
            &asked.builds },
        { "--candidate", 0, OPTION_LIST, "ID|FILE.so",
            "in the place of the build of that name; may be repeated", &asked.candidates },
        { "--workers", 0, OPTION_NUMBER, "N", "how many (default: one a processor)",
            &asked.workers },
        { 0 },
    };
    int count = verb_options(call, &verb_replay, options, cases, CASES_MAX, err);
    struct home home;
    if (count == VERB_HELPED)
        return 0;
    int rc = count < 0 ? count : check(&asked, err);
    if (rc < 0 || (rc = home_find(&home, call->dir, err)) < 0 ||
        (rc = read_tier(&asked, &home, err)) < 0 ||
        (rc = file_program_dir(folder, sizeof folder, err)) < 0)
        return rc;
    CLEANUP(mem_freep) char *worker = mem_format("%s/moult-worker", folder);
    CLEANUP(mem_freep) struct replaying *replaying = mem_zero(1, sizeof *replaying);
    asked.worker = worker;
    replaying->call = call;
    replaying->cases = cases;
    replaying->cases_count = (unsigned)count;
    return replay_with(replaying, &asked, &home, err);
}

const struct verb verb_replay = { "replay", run,
    "replay [--mode step] [--generation N] [--candidate ID|FILE.so]... [CASE...]",
    "put recorded replies to a harness, in locked workers, and compare what it asks for" };
