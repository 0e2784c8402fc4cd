/* cmd_backtest - moult backtest ID: what a candidate would have done to the service's own traffic.
 *
 * Both harnesses, the active one and the one with the candidate's build in it, get every reply of
 * the last days in its recorded context. What is told is the first effect of a session that differs
 * between them; what would have followed belongs to a world that did not happen. Groups of the
 * sealed test split are left out: they are for the report alone. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "trials/builds.h"
#include "trials/cmd.h"
#include "trials/detect.h"
#include "trials/split.h"
#include "trials/trace.h"
#include "wire/config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { WALL_MS = 10000, WORKERS = 2, PAGE = 64, INCONCLUSIVE = 3, NO_STEP = UINT32_MAX };
enum { DAYS_MAX = 3650 };
enum { OLD, NEW, ARMS };

struct case_of { /* one session of the page */
    const struct run *run;
    struct digest *steps; /* of the old arm's effects, by step */
    uint8_t *ends;
    uint32_t first;       /* the first step that differs */
    uint8_t was, is;      /* enum effects_end */
    const char *resolved; /* the detector whose frame allows the change */
};
struct backtest {
    const struct verb_call *call;
    struct replay *arms[ARMS];
    int arm; /* that is being run */
    uint64_t since_ms;
    struct arena arena; /* of a page */
    struct trace_tools tools;
    struct case_of page[PAGE];
    unsigned page_count;
    uint64_t sessions, steps, changed, resolved, abnormal, sealed, unread;
};

/* --- steps */

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *seen)
{
    struct backtest *b = with;
    struct case_of *of = b->page;
    while (of->run != run)
        of++;
    if (b->arm == OLD) {
        of->steps[step] = seen->digest;
        of->ends[step] = seen->end;
        return 0;
    }
    b->steps++;
    if (hash_equal(&of->steps[step], &seen->digest))
        return 0;
    of->first = step;
    of->was = of->ends[step];
    of->is = seen->end;
    of->resolved = detect_resolved_by(run, step, seen);
    return 1; /* what follows is of another world */
}

/* --- one page */

static void tell(struct backtest *b, const struct case_of *of)
{
    if (b->call->json)
        printf(
            "%s{\"session\":\"%.*s\",\"step\":%u,\"was\":\"%s\",\"is\":\"%s\",\"resolved\":%s%s%s}",
            b->changed > 1 ? "," : "", (int)of->run->session.size, of->run->session.at, of->first,
            effects_end_words[of->was], effects_end_words[of->is], of->resolved ? "\"" : "",
            of->resolved ? of->resolved : "null", of->resolved ? "\"" : "");
    else
        printf("%.12s  step %u: %s, then: %s%s%s\n", of->run->session.at, of->first,
            effects_end_words[of->was], effects_end_words[of->is],
            of->resolved ? "; it resolves " : "", of->resolved ? of->resolved : "");
}

static void judge(struct backtest *b, const struct case_of *of)
{
    b->sessions++;
    if (of->first == NO_STEP)
        return;
    b->changed++;
    b->resolved += of->resolved != NULL;
    b->abnormal += of->is == EFFECTS_ABNORMAL;
    tell(b, of);
}

static int run_page(struct backtest *b, struct err *err)
{
    const struct run *runs[PAGE];
    int rc = 0;
    for (unsigned i = 0; i < b->page_count; i++)
        runs[i] = b->page[i].run;
    for (b->arm = OLD; rc == 0 && b->arm < ARMS && b->page_count > 0; b->arm++)
        rc = replay_runs(b->arms[b->arm], runs, b->page_count, WALL_MS, on_step, b, err);
    for (unsigned i = 0; rc == 0 && i < b->page_count; i++)
        judge(b, &b->page[i]);
    b->page_count = 0;
    arena_reset(&b->arena);
    verb_progress("%" PRIu64 " sessions", b->sessions);
    return rc;
}

/* A session that no reader understands is told by number, and stops nobody. */
static int add_session(
    struct backtest *b, struct journal *journal, uint64_t number, struct err *err)
{
    struct journal_session session;
    struct run *run;
    int rc = journal_read(journal, number, &b->arena, &session, err);
    if (rc == 0)
        rc = trace_run(&run, &session, &b->tools, &b->arena, err);
    if (rc == -ERR_INPUT || rc == -ERR_LIMIT) {
        b->unread++;
        return 0;
    }
    if (rc < 0)
        return rc;
    b->page[b->page_count++] = (struct case_of){ .run = run,
        .first = NO_STEP,
        .steps = arena_alloc(&b->arena, (run->steps_count + 1) * sizeof(struct digest)),
        .ends = arena_alloc(&b->arena, run->steps_count + 1) };
    return b->page_count == PAGE ? run_page(b, err) : 0;
}

static int walk(struct backtest *b, struct journal *journal, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count = 1;
    for (uint64_t after = 0; count > 0; arena_reset(&arena)) {
        int rc = journal_list(journal, after, &arena, &page, &count, err);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; i < count; i++) {
            after = page[i].number;
            if (!page[i].live || page[i].at_ms < b->since_ms)
                continue;
            if (page[i].split == SPLIT_TEST)
                b->sealed++;
            else if ((rc = add_session(b, journal, after, err)) < 0)
                return rc;
        }
    }
    return run_page(b, err);
}

/* --- all */

static void tell_totals(const struct backtest *b)
{
    if (b->call->json)
        printf("],\"totals\":{\"sessions\":%" PRIu64 ",\"steps\":%" PRIu64 ",\"changed\":%" PRIu64
               ",\"resolved\":%" PRIu64 ",\"abnormal\":%" PRIu64 ",\"sealed\":%" PRIu64
               ",\"unread\":%" PRIu64 "}}\n",
            b->sessions, b->steps, b->changed, b->resolved, b->abnormal, b->sealed, b->unread);
    else
        printf("%" PRIu64 " sessions, %" PRIu64 " replies: it would have changed %" PRIu64
               ", resolved %" PRIu64 ", ended %" PRIu64 " abnormally; %" PRIu64
               " sealed ones left out%s\n",
            b->sessions, b->steps, b->changed, b->resolved, b->abnormal, b->sealed,
            b->unread ? "; some could not be read" : "");
}

static int open_arms(struct backtest *b, struct journal *journal, const struct home *home,
    struct builds builds[ARMS], const char *candidate, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct config config;
    char folder[PATH_MAX];
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc == 0)
        rc = config_read(&config, home, &arena, err);
    for (int i = OLD; rc == 0 && i < ARMS; i++)
        rc = builds_generation(&builds[i], journal, home, BUILDS_ACTIVE, err);
    if (rc == 0)
        rc = builds_candidate(&builds[NEW], journal, home, str_of(candidate), err);
    CLEANUP(mem_freep) char *worker = mem_format("%s/moult-worker", folder);
    for (int i = OLD; rc == 0 && i < ARMS; i++) {
        const struct replay_arm arm = { .worker = worker,
            .builds = builds[i].list,
            .builds_count = builds[i].count,
            .pipeline = "order",
            .tier = config.tier,
            .seed = 1 };
        rc = replay_open(&b->arms[i], &arm, WORKERS, err);
    }
    return rc;
}

static int backtest(
    struct backtest *b, const struct home *home, const char *candidate, struct err *err)
{
    struct builds builds[ARMS] = { 0 };
    struct journal *journal;
    int rc = journal_open(&journal, home, JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    rc = open_arms(b, journal, home, builds, candidate, err);
    if (rc == 0 && b->call->json)
        printf("{\"candidate\":\"%s\",\"changed\":[", candidate);
    if (rc == 0)
        rc = walk(b, journal, err);
    if (rc == 0)
        tell_totals(b);
    for (int i = OLD; i < ARMS; i++) {
        replay_free(b->arms[i]);
        builds_done(&builds[i]);
    }
    trace_tools_done(&b->tools);
    arena_done(&b->arena);
    journal_close(journal);
    return rc < 0 ? rc : b->abnormal ? 1 : b->sessions == 0 ? INCONCLUSIVE : 0;
}

/* "7d", "12h", "30m". */
static int read_since(const char *text, uint64_t *ret_ms, struct err *err)
{
    static const struct {
        char unit;
        uint64_t ms;
    } units[] = { { 'd', 86400000 }, { 'h', 3600000 }, { 'm', 60000 } };
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (end > text && end[0] == units[i].unit && !end[1] && text[0] != '-' &&
            number * units[i].ms / units[i].ms == number &&
            number <= DAYS_MAX * units[0].ms / units[i].ms) {
            *ret_ms = number * units[i].ms;
            return 0;
        }
    return err_set(err, ERR_USAGE, "--since wants days, hours or minutes: 7d, 12h, 30m");
}

static int run_backtest(const struct verb_call *call, struct err *err)
{
    const char *args[1], *since = "7d";
    struct home home;
    uint64_t ms = 0;
    const struct option options[] = {
        { "--since", 0, OPTION_TEXT, "AGE", "sessions that began so long ago at most: 7d, 12h, 30m",
            &since },
        { 0 },
    };
    int rc = verb_options(call, &verb_backtest, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ERR_USAGE, "backtest wants a candidate's id");
    rc = read_since(since, &ms, err);
    if (rc == 0)
        rc = home_find(&home, call->dir, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) struct backtest *b = mem_zero(1, sizeof *b);
    b->call = call;
    b->since_ms = clock_wall_ms() - ms;
    return backtest(b, &home, args[0], err);
}

const struct verb verb_backtest = { "backtest", run_backtest, "backtest ID [--since 7d]",
    "what a candidate would have done to the service's own traffic" };
