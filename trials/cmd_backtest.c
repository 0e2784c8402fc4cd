/* cmd_backtest - moult backtest ID: what a candidate would have done to the service's own traffic.
 *
 * Both harnesses, the active one and the one with the candidate's build in it, get every reply of
 * the last days in its recorded context. What is told is the first effect of a session that differs
 * between them, like ones together; what would have followed belongs to a world that did not
 * happen. Groups of the sealed test split are left out: they are for the report alone. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/waive.h"
#include "trials/builds.h"
#include "trials/cmd.h"
#include "trials/decisions.h"
#include "trials/detect.h"
#include "trials/shown.h"
#include "trials/split.h"
#include "trials/trace.h"
#include "wire/config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

enum { WALL_MS = 10000, WORKERS = 2, PAGE = 64, INCONCLUSIVE = 3, NO_STEP = UINT32_MAX };
enum { MS_NS = 1000000, SECOND_MS = 1000 };
enum { OLD, NEW, ARMS };

struct case_of { /* one session of the page */
    const struct run *run;
    uint64_t number;       /* of its session */
    struct effects *steps; /* of the old arm, by step */
    uint32_t first;        /* the first step that differs */
    struct effects is;     /* there */
    const char *resolved;  /* the detector whose frame allows the change */
};
struct backtest {
    const struct verb_call *call;
    struct replay *arms[ARMS];
    int arm; /* that is being run */
    uint64_t since_ms;
    struct arena arena; /* of a page */
    struct decisions decisions;
    struct shown shown;
    struct trace_tools tools;
    struct case_of page[PAGE];
    unsigned page_count;
    uint64_t sessions, turns, steps, changed, resolved, abnormal, sealed, unread;
    uint64_t all; /* sessions that may come; 0: nobody would see it */
};

/* --- steps */

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *seen)
{
    struct backtest *b = with;
    struct case_of *of = b->page;
    while (of->run != run)
        of++;
    if (b->arm == OLD) {
        of->steps[step] = effects_copy(seen, &b->arena);
        return 0;
    }
    b->steps++;
    if (hash_equal(&of->steps[step].digest, &seen->digest))
        return 0;
    of->first = step;
    of->is = effects_copy(seen, &b->arena);
    of->resolved = detect_resolved_by(run, step, seen);
    return 1; /* what follows is of another world */
}

/* --- one page */

static void tell(struct backtest *b, const struct case_of *of)
{
    uint8_t was = of->steps[of->first].end, is = of->is.end;
    verb_progress_clear();
    if (b->call->json)
        printf(
            "%s{\"session\":\"%.*s\",\"step\":%u,\"was\":\"%s\",\"is\":\"%s\",\"resolved\":%s%s%s}",
            b->changed > 1 ? "," : "", (int)of->run->session.size, of->run->session.at, of->first,
            effects_end_words[was], effects_end_words[is], of->resolved ? "\"" : "",
            of->resolved ? of->resolved : "null", of->resolved ? "\"" : "");
    else
        printf("%.12s  step %u: %s, then: %s%s%s\n", of->run->session.at, of->first,
            effects_end_words[was], effects_end_words[is], of->resolved ? "; it resolves " : "",
            of->resolved ? of->resolved : "");
}

static int judge(struct backtest *b, const struct case_of *of, struct err *err)
{
    const struct effects *was = &of->steps[of->first == NO_STEP ? 0 : of->first];
    uint8_t split = of->run->split;
    b->sessions++;
    if (of->first == NO_STEP)
        return 0;
    /* A group without a split is moved for an example that is wanted, and for no other. */
    int shows = split == JOURNAL_NO_SPLIT && decisions_has(&b->decisions, was, &of->is)
                    ? 0
                    : shown_take(&b->shown, of->number, split, err);
    if (shows < 0)
        return shows;
    b->changed++;
    b->resolved += of->resolved != NULL;
    b->abnormal += of->is.end == EFFECTS_ABNORMAL;
    const struct decision_example example = { of->run->session, of->first, shows };
    decisions_add(&b->decisions, was, &of->is, &example, of->resolved != NULL);
    tell(b, of);
    return 0;
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
        rc = judge(b, &b->page[i], err);
    b->page_count = 0;
    arena_reset(&b->arena);
    verb_progress_of(b->sessions, b->all, "sessions");
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
    b->turns += session.turns;
    b->page[b->page_count++] = (struct case_of){ .run = run,
        .number = number,
        .first = NO_STEP,
        .steps = arena_alloc(&b->arena, (run->steps_count + 1) * sizeof(struct effects)) };
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

static void tell_totals(struct backtest *b, uint64_t ms)
{
    CLEANUP(buf_done) struct buf groups = { 0 };
    double rate = ms ? (double)b->turns * SECOND_MS / (double)ms : 0;
    verb_progress_clear();
    (b->call->json ? decisions_json : decisions_text)(&groups, &b->decisions);
    if (b->call->json)
        printf("],\"groups\":%s,\"totals\":{\"sessions\":%" PRIu64 ",\"turns\":%" PRIu64
               ",\"steps\":%" PRIu64 ",\"changed\":%" PRIu64 ",\"resolved\":%" PRIu64
               ",\"abnormal\":%" PRIu64 ",\"sealed\":%" PRIu64 ",\"unread\":%" PRIu64
               ",\"ms\":%" PRIu64 ",\"turns_a_second\":%.1f}}\n",
            groups.at, b->sessions, b->turns, b->steps, b->changed, b->resolved, b->abnormal,
            b->sealed, b->unread, ms, rate);
    else
        printf("%s%s%" PRIu64 " sessions, %" PRIu64 " replies: it would have changed %" PRIu64
               ", resolved %" PRIu64 ", ended %" PRIu64 " abnormally; %" PRIu64
               " sealed ones left out%s; %.1f turns a second\n",
            groups.size ? "\n" : "", groups.size ? groups.at : "", b->sessions, b->steps,
            b->changed, b->resolved, b->abnormal, b->sealed,
            b->unread ? "; some could not be read" : "", rate);
}

static int open_arms(struct backtest *b, struct journal *journal, const struct home *home,
    struct builds builds[ARMS], const char *candidate, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct config config;
    uint32_t waived;
    char folder[PATH_MAX];
    int rc = file_program_dir(folder, sizeof folder, err);
    if (rc == 0)
        rc = config_read(&config, home, &arena, err);
    if (rc == 0)
        rc = sandbox_waive(config.waived, config.waived_count, &waived, err);
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
    verb_document(b->call);
    if (rc == 0 && b->call->json)
        printf("{\"candidate\":\"%s\",\"changed\":[", candidate);
    if (rc == 0 && verb_progress_seen())
        rc = trace_count(journal, true, b->since_ms, &b->all, err);
    uint64_t from = clock_mono_ns();
    verb_progress_of(0, b->all, "sessions");
    if (rc == 0)
        rc = walk(b, journal, err);
    if (rc == 0)
        tell_totals(b, (clock_mono_ns() - from) / MS_NS);
    for (int i = OLD; i < ARMS; i++) {
        replay_free(b->arms[i]);
        builds_done(&builds[i]);
    }
    trace_tools_done(&b->tools);
    arena_done(&b->arena);
    decisions_done(&b->decisions);
    shown_done(&b->shown);
    journal_close(journal);
    return rc < 0 ? rc : b->abnormal ? 1 : b->sessions == 0 ? INCONCLUSIVE : 0;
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
    rc = option_span("--since", since, &ms, err);
    if (rc == 0)
        rc = home_find(&home, call->dir, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) struct backtest *b = mem_zero(1, sizeof *b);
    b->call = call;
    b->shown.home = &home;
    b->since_ms = clock_wall_ms() - ms;
    return backtest(b, &home, args[0], err);
}

const struct verb verb_backtest = { "backtest", run_backtest, "backtest ID [--since 7d]",
    "what a candidate would have done to the service's own traffic" };
