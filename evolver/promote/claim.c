/* claim - see claim.h. What was opened is replayed as the gate replays held-out groups, both arms
 * afresh: the generation of the candidate's parent, and the same with the candidate's build. */
#include "promote/claim.h"

#include "base/mem.h"
#include "base/seal.h"
#include "promote/builds.h"
#include "promote/runs.h"
#include "trials/compare.h"
#include "trials/stats.h"
#include "trials/tally.h"
#include "trials/verdict.h"

#include <stdlib.h>

#define CLAIM_LEVEL .05

struct claiming {
    struct driver *driver;
    const struct candidate *candidate;
    struct journal *journal; /* in the role that reads what is open */
    struct arena arena;
    struct journal_shard shard;
    struct seal_pair pair;
    struct trace_tools tools;
    struct run **runs;
    unsigned count, room, left_out;
    struct batch held_in, cases; /* cases: of what was opened */
    struct driver_builds old, new;
};

/* --- what is in the shard */

/* In the report these are what held-out groups are for the gate. */
static int add_run(struct claiming *c, struct journal_session *session, struct err *err)
{
    struct run *run;
    int rc = journal_unseal(session, &c->pair, &c->arena, err);
    if (rc < 0)
        return rc;
    rc = trace_run(&run, session, &c->tools, &c->arena, err);
    if (rc == -ERR_INPUT || rc == -ERR_LIMIT) {
        c->left_out++;
        return 0;
    }
    if (rc < 0)
        return rc;
    run->split = SPLIT_HELD_OUT;
    if (c->count == c->room) {
        c->room = c->room ? 2 * c->room : 64;
        c->runs = mem_grow(c->runs, c->room, sizeof(struct run *));
    }
    c->runs[c->count++] = run;
    return 0;
}

static int read_one(struct claiming *c, uint64_t number, struct err *err)
{
    struct journal_session session;
    if (c->count == RUNS_MAX || c->arena.used >= RUNS_BYTES_MAX) {
        c->left_out++;
        return 0;
    }
    int rc = journal_read(c->journal, number, &c->arena, &session, err);
    return rc < 0 ? rc : add_run(c, &session, err);
}

static int read_shard(struct claiming *c, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session *page;
    uint32_t count = 1;
    int rc = 0;
    for (uint64_t after = 0; rc >= 0 && count > 0; arena_reset(&arena)) {
        rc = journal_list(c->journal, after, &arena, &page, &count, err);
        for (uint32_t i = 0; rc >= 0 && i < count; i++) {
            after = page[i].number;
            rc = page[i].shard == c->shard.number ? read_one(c, after, err) : 0;
        }
    }
    if (rc >= 0 && c->count == 0)
        rc =
            err_set(err, ERR_MISSING, "shard %u has nothing that can be replayed", c->shard.number);
    return rc < 0 ? rc : 0;
}

/* By the miner's own code: the cases of the candidate's failure, and what must stay as it is. */
static int find_cases(struct claiming *c, const char *detector, struct err *err)
{
    CLEANUP(miner_freep) struct miner *miner = miner_new();
    CLEANUP(buf_done) struct buf text = { 0 };
    for (unsigned i = 0; i < c->count; i++)
        miner_add(miner, c->runs[i]);
    miner_rank(miner);
    const struct cluster *cluster = miner_find(miner, detector);
    if (!cluster)
        return 0; /* the failure is not there: no case, and nobody to be mended */
    batch_print_held_out(&text, miner, cluster);
    struct str kept = { arena_copy(&c->arena, text.at, text.size), text.size };
    return batch_read(&c->cases, kept, &c->arena, err);
}

/* --- both arms */

/* The generation that was active when the candidate was made. */
static int open_arms(struct claiming *c, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    const struct driver *driver = c->driver;
    struct generation parent = { 0 };
    struct str text;
    uint32_t i = driver->admissions_count;
    while (i > 0 && !str_equal(driver->admissions[i - 1].commit, c->candidate->parent))
        i--;
    if (i == 0)
        return err_set(err, ERR_MISSING, "the candidate's parent was never active here");
    int rc = journal_get(driver->journal, "generation", &driver->admissions[i - 1].generation,
        &c->arena, &text, err);
    if (rc == 0)
        rc = generation_read(&parent, text, &c->arena, err);
    if (rc == 0)
        rc = builds_get(&driver->home, &c->candidate->build, &image, err);
    if (rc == 0)
        rc = driver_builds(&c->old, driver, &parent, err);
    if (rc == 0)
        rc = driver_builds(&c->new, driver, &parent, err);
    return rc < 0 ? rc : driver_builds_swap(&c->new, c->candidate->plugin, buf_view(&image), err);
}

static void on_progress(void *with, unsigned done, unsigned count)
{
    (void)with;
    verb_progress_of(done, count, "runs");
}

static int replay(
    struct report *ret, struct claiming *c, const struct detector *detector, struct err *err)
{
    struct compare_plan plan = { .detector = detector,
        .held_in = &c->held_in,
        .held_out = &c->cases,
        .old = driver_arm(c->driver, &c->old, "moult-worker"),
        .new = driver_arm(c->driver, &c->new, "moult-worker"),
        .runs = (const struct run *const *)c->runs,
        .runs_count = c->count,
        .progress = on_progress };
    int rc = compare_runs(ret, &plan, &c->arena, err);
    verb_progress_clear();
    return rc;
}

static int fill(struct claim *ret, struct claiming *c, struct err *err)
{
    struct report report;
    struct tally tally;
    struct str text;
    int rc = journal_get(c->driver->journal, "batch", &c->candidate->batch, &c->arena, &text, err);
    if (rc == 0)
        rc = batch_read(&c->held_in, text, &c->arena, err);
    if (rc < 0)
        return rc;
    const char *name = arena_string(&c->arena, c->held_in.detector.at, c->held_in.detector.size);
    const struct detector *detector = detector_find(name);
    if (!detector)
        return err_set(err, ERR_STATE, "its batch is of a detector that is not known here");
    if ((rc = find_cases(c, name, err)) < 0 || (rc = open_arms(c, err)) < 0 ||
        (rc = replay(&report, c, detector, err)) < 0)
        return rc;
    tally_of(&tally, &report);
    *ret = (struct claim){ .candidate = c->candidate->id,
        .parent = c->candidate->parent,
        .detector = str_of(detector->id),
        .shard = c->shard.number,
        .sessions = c->count,
        .left_out = c->left_out,
        .groups = tally.all_groups,
        .worse = tally.worse,
        .failing = tally.out_groups,
        .fixed = tally.out_fixed,
        .worse_at_most = stats_upper(tally.worse, tally.all_groups, CLAIM_LEVEL),
        .fixed_at_least = stats_lower(tally.out_fixed, tally.out_groups, CLAIM_LEVEL),
        .level = CLAIM_LEVEL,
        .claims = report.claims };
    return 0;
}

/* --- the opening */

static int make(
    struct claim *ret, struct claiming *c, const struct sign_key *reviewer, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct digest digest;
    int rc = journal_open(&c->journal, &c->driver->home, JOURNAL_REPORT, err);
    if (rc >= 0)
        rc = journal_open_shard(c->journal, c->candidate->id, &c->arena, &c->shard, err);
    if (rc >= 0)
        rc = journal_unlock(&c->pair, c->shard.locks, reviewer, err);
    if (rc >= 0)
        rc = read_shard(c, err);
    if (rc >= 0)
        rc = fill(ret, c, err);
    if (rc < 0)
        return rc;
    claim_print(&text, ret);
    rc = journal_put(c->journal, "claim", buf_view(&text), &digest, err);
    return rc < 0
               ? rc
               : journal_report_shard(c->journal, c->shard.number, c->candidate->id, &digest, err);
}

int claim_make(struct claim *ret, struct driver *driver, const struct candidate *candidate,
    const struct sign_key *reviewer, struct err *err)
{
    struct claiming c = { .driver = driver, .candidate = candidate };
    if (hash_zero(&candidate->batch))
        return err_set(err, ERR_STATE,
            "candidate %.12s only takes a plugin out: it says of no failure that it is mended, and "
            "no shard is opened for it",
            candidate->id.at);
    int rc = make(ret, &c, reviewer, err);
    seal_pair_wipe(&c.pair);
    driver_builds_done(&c.old);
    driver_builds_done(&c.new);
    trace_tools_done(&c.tools);
    journal_close(c.journal);
    arena_done(&c.arena);
    free(c.runs);
    return rc < 0 ? err_while(err, "report on candidate %.12s", candidate->id.at) : 0;
}

int claim_find(
    struct claim *ret, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    struct journal_opening *list;
    struct str text;
    uint32_t count;
    int rc = journal_openings(driver->journal, &driver->arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (!str_equal(list[i].candidate, candidate->id) || hash_zero(&list[i].claim))
            continue;
        rc = journal_get(driver->journal, "claim", &list[i].claim, &driver->arena, &text, err);
        if (rc == 0)
            rc = claim_read(ret, text, &driver->arena, err);
        return rc < 0 ? rc : 1;
    }
    return rc < 0 ? rc : 0;
}
