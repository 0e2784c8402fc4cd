/* confirm - see confirm.h. */
#include "promote/confirm.h"

#include "admission/may_admit.h"
#include "base/clock.h"
#include "base/mem.h"
#include "promote/gate_policy.h"
#include "promote/runs.h"
#include "promote/shard.h"
#include "trials/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS_MAX = 1000 };

struct confirming {
    struct driver *driver;
    struct advancing advancing;
    struct candidate *candidate;
    struct digest mandate, shard;
    uint32_t number, look; /* of the shard; of the look at it */
    struct policy policy;
    struct digest policy_digest;
    uint64_t since_ms;
    struct batch held_in;  /* the candidate's own */
    struct batch held_out; /* the failure's newest cases */
    bool mendable_here;    /* one of its own cases is no claim */
    bool looks;
    struct runs runs;
    const struct run **chosen; /* held-in ones, and fresh held-out ones */
    unsigned chosen_count;
};

struct policy confirm_policy(struct policy policy)
{
    policy.p0 = fmax(policy.p0, .5);
    policy.margin = fmin(policy.margin, .1);
    policy.level_harm = 0; /* as much as the look */
    policy.claims = false;
    return policy;
}

/* --- the shard */

static struct digest shard_of(const struct digest *mandate, uint32_t number)
{
    const struct str parts[] = { STR("auto"), { (const char *)mandate->at, sizeof mandate->at },
        { (const char *)&number, sizeof number } };
    return hash_parts(parts, COUNT_OF(parts));
}

struct shard_seen {
    bool closed, own;
    uint32_t looks;
    struct journal_look look; /* own */
};

static struct shard_seen read_shard(const struct journal_look_row *rows, uint32_t count,
    const struct digest *shard, struct str candidate)
{
    struct shard_seen seen = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        if (!hash_equal(&rows[i].shard, shard))
            continue;
        seen.looks++;
        seen.closed |= rows[i].look.ended && rows[i].look.passed;
        if (str_equal(rows[i].candidate, candidate)) {
            seen.own = true;
            seen.look = rows[i].look;
        }
    }
    return seen;
}

/* Its own look, wherever: but for the gate's. */
static bool looked_elsewhere(
    const struct confirming *c, const struct journal_look_row *rows, uint32_t count)
{
    const struct journal_look_row *gate =
        shard_own(c->driver->home.id, rows, count, c->candidate->id);
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(rows[i].candidate, c->candidate->id) && &rows[i] != gate &&
            !hash_equal(&rows[i].shard, &c->shard))
            return true;
    return false;
}

/* The one that it has looked at already, or the first that no pass has ended. */
static int find_shard(struct confirming *c, enum confirm_end *ret, struct err *err)
{
    struct journal_look_row *rows;
    struct shard_seen seen = { 0 };
    uint32_t count;
    int rc = journal_looks(c->driver->journal, &c->driver->arena, &rows, &count, err);
    if (rc < 0)
        return rc;
    for (c->number = 1; c->number < SHARDS_MAX; c->number++) {
        c->shard = shard_of(&c->mandate, c->number);
        seen = read_shard(rows, count, &c->shard, c->candidate->id);
        if (seen.own || !seen.closed)
            break;
    }
    c->look = seen.own ? seen.look.k : seen.looks + 1;
    *ret = looked_elsewhere(c, rows, count) || (seen.own && seen.look.ended && !seen.look.passed)
               ? CONFIRM_LOOKED
               : CONFIRM_WAITS;
    return 0;
}

/* --- which groups are fresh */

/* Behind its making, and behind every confirmation that there was: groups serve once. */
static int find_since(struct confirming *c, struct err *err)
{
    struct driver *driver = c->driver;
    struct candidate *list;
    uint32_t count;
    c->since_ms = ((uint64_t)c->candidate->made_s + 1) * 1000;
    int rc = candidate_list(driver->journal, &driver->arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        struct confirmation known;
        struct str text;
        if (hash_zero(&list[i].confirmation) || str_equal(list[i].id, c->candidate->id))
            continue;
        rc = journal_get(
            driver->journal, "confirmation", &list[i].confirmation, &driver->arena, &text, err);
        if (rc == 0)
            rc = confirmation_open(&known, text, &driver->home, err);
        if (rc == 0 && known.at_ms + 1000 > c->since_ms)
            c->since_ms = known.at_ms + 1000;
    }
    return rc;
}

struct seen_run {
    const struct run *run;
    uint64_t at_ms;
};

static int by_group(const void *a, const void *b)
{
    const struct seen_run *x = a, *y = b;
    int order = str_compare(x->run->group, y->run->group);
    return order ? order : (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

static bool is_case(const struct batch *batch, const struct run *run)
{
    for (uint32_t i = 0; i < batch->cases_count; i++)
        if (str_equal(batch->cases[i].session, run->session))
            return true;
    return false;
}

static bool is_neighbour(const struct batch *batch, const struct run *run)
{
    for (uint32_t i = 0; i < batch->neighbours_count; i++)
        if (str_equal(batch->neighbours[i], run->session))
            return true;
    return false;
}

/* One group's runs, the earliest first. What is neither a case nor a neighbour does not count here,
 * though the gate may count it: rather a group more than one too few. */
static void choose_group(
    struct confirming *c, const struct seen_run *runs, unsigned count, struct confirm_seen *seen)
{
    bool held_out = runs[0].run->split == SPLIT_HELD_OUT, counts = false, fails = false;
    if (held_out && runs[0].at_ms <= c->since_ms)
        return;
    for (unsigned i = 0; i < count; i++) {
        if (runs[i].run->claims)
            continue;
        c->chosen[c->chosen_count++] = runs[i].run;
        c->mendable_here |= is_case(&c->held_in, runs[i].run);
        fails |= is_case(&c->held_out, runs[i].run);
        counts |= fails || is_neighbour(&c->held_out, runs[i].run);
    }
    seen->groups += held_out && counts;
    seen->failing += held_out && fails;
}

static void choose(struct confirming *c, struct confirm_seen *seen)
{
    const unsigned count = c->runs.count;
    CLEANUP(mem_freep) struct seen_run *order = mem_zero(count + 1, sizeof *order);
    c->chosen = arena_alloc(&c->advancing.arena, (count + 1) * sizeof(const struct run *));
    for (unsigned i = 0; i < count; i++)
        order[i] = (struct seen_run){ c->runs.at[i], c->runs.at_ms[i] };
    qsort(order, count, sizeof *order, by_group);
    for (unsigned from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && str_equal(order[to].run->group, order[from].run->group);)
            to++;
        choose_group(c, &order[from], to - from, seen);
    }
}

/* The newest cases of its cluster, which the miner finds with each round. */
static int read_cases(struct confirming *c, struct err *err)
{
    struct driver *driver = c->driver;
    struct arena *arena = &driver->arena;
    struct journal_cluster *rows;
    struct batch newest;
    struct str text;
    uint32_t count, i = 0;
    int rc = journal_get(driver->journal, "batch", &c->candidate->batch, arena, &text, err);
    if (rc == 0)
        rc = batch_read(&c->held_in, text, arena, err);
    if (rc == 0)
        rc = journal_clusters(driver->journal, arena, &rows, &count, err);
    while (rc == 0 && i < count && !str_equal(rows[i].id, c->candidate->cluster))
        i++;
    if (rc == 0 && i == count)
        return err_set(err, ERR_MISSING, "its cluster is not there any more");
    if (rc == 0)
        rc = journal_get(driver->journal, "batch", &rows[i].document, arena, &text, err);
    if (rc == 0)
        rc = batch_read(&newest, text, arena, err);
    if (rc == 0)
        rc = journal_get(driver->journal, "held-out", &newest.held_out, arena, &text, err);
    return rc < 0 ? rc : batch_read(&c->held_out, text, arena, err);
}

static int load_runs(struct confirming *c, struct err *err)
{
    CLEANUP(id_set_done) struct id_set named = { 0 };
    const struct runs_want want = { .splits = RUNS_GATE, .named = &named };
    int rc = runs_name_batch(&named, &c->held_in, err);
    if (rc == 0)
        rc = runs_name_batch(&named, &c->held_out, err);
    id_set_seal(&named);
    return rc < 0 ? rc : runs_load(&c->runs, c->driver->journal, &want, err);
}

static int read_fresh(struct confirming *c, struct confirm_seen *seen, struct err *err)
{
    int rc = find_since(c, err);
    if (rc == 0)
        rc = read_cases(c, err);
    if (rc == 0)
        rc = load_runs(c, err);
    if (rc == 0)
        choose(c, seen);
    return rc;
}

/* --- the look */

static int put_text(
    struct digest *ret, struct confirming *c, const char *kind, struct buf *text, struct err *err)
{
    return journal_put(c->driver->journal, kind, buf_view(text), ret, err);
}

static int put_confirmation(struct digest *ret, struct confirming *c,
    const struct confirmation *confirmation, struct err *err)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    char path[PATH_MAX];
    struct sign_key key;
    int rc = sign_load(home_path(path, &c->driver->home, REVIEWERS_KEY), &key, err);
    if (rc < 0)
        return err_while(err, "the home's key");
    confirmation_sign(&envelope, confirmation, &c->driver->home, &key);
    sign_key_wipe(&key);
    return put_text(ret, c, "confirmation", &envelope, err);
}

static int confirm(struct digest *ret, struct confirming *c, const struct report *report,
    const struct verdict_result *verdict, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 }, said = { 0 };
    const struct candidate *candidate = c->candidate;
    struct confirmation it = { .batch = candidate->batch,
        .build = candidate->build,
        .report = candidate->report,
        .policy = candidate->policy,
        .mandate = c->mandate,
        .admission_before = driver_last(c->driver)->digest,
        .shard = c->number,
        .look = c->look,
        .groups = verdict->all_groups,
        .worse = verdict->worse,
        .failing = verdict->out_groups,
        .fixed = verdict->out_fixed,
        .level = verdict->level,
        .claims = report->claims,
        .waived = !str_equal(report->tier, STR("strong")) || c->driver->config.waived_count > 0,
        .at_ms = clock_wall_ms() / 1000 * 1000 };
    report_print(&text, report);
    verdict_print(&said, verdict);
    int rc = hash_unhex(&it.candidate, candidate->id, err);
    if (rc == 0)
        rc = put_text(&it.fresh, c, "report", &text, err);
    if (rc == 0)
        rc = put_text(&it.verdict, c, "verdict", &said, err);
    return rc < 0 ? rc : put_confirmation(ret, c, &it, err);
}

/* Noted once; asked again, it may get worse and never better. */
static int answer(
    struct confirming *c, const struct journal_look *look, bool *passed, struct err *err)
{
    if (!look->ended)
        return journal_look_end(c->driver->journal, &c->shard, c->candidate->id, *passed, err);
    *passed = *passed && look->passed;
    return 0;
}

static int look_at(
    enum confirm_end *ret, struct digest *ret_document, struct confirming *c, struct err *err)
{
    struct verdict_result verdict = { .verdict = VERDICT_FAIL };
    struct journal_look look;
    struct report report;
    const struct journal_debit debit = {
        .k = c->look, .own = c->look, .level = mandate_level(c->number, c->look)
    };
    int rc = journal_look(c->driver->journal, &c->shard, c->candidate->id, &debit, &look, err);
    if (rc < 0)
        return rc;
    c->look = look.k;
    advance_tell(&c->advancing, "%.12s  look %u at fresh groups", c->candidate->id.at, look.k);
    rc = advance_compare(&report, &c->advancing, &c->held_out, c->chosen, c->chosen_count, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        verdict_at(&verdict, &report, &c->policy, look.k, mandate_level(c->number, look.k));
    bool passed = verdict.verdict == VERDICT_PASS && verdict.worse == 0;
    if ((rc = answer(c, &look, &passed, err)) < 0)
        return rc;
    *ret = passed ? CONFIRM_GOOD : CONFIRM_LOOKED;
    return passed ? confirm(ret_document, c, &report, &verdict, err) : 0;
}

static int run(enum confirm_end *ret, struct confirm_seen *ret_seen, struct digest *ret_document,
    struct confirming *c, struct err *err)
{
    struct policy policy;
    int rc = gate_policy(&policy, &c->policy_digest, c->driver, err);
    if (rc == 0)
        rc = find_shard(c, ret, err);
    if (rc < 0 || *ret == CONFIRM_LOOKED)
        return rc;
    c->policy = confirm_policy(policy);
    double level = mandate_level(c->number, c->look);
    ret_seen->groups_wanted = stats_groups_not_worse(0, c->policy.margin, level);
    ret_seen->failing_wanted = stats_groups_fixed(c->policy.p0, level);
    if (ret_seen->failing_wanted < c->policy.held_out_groups_min)
        ret_seen->failing_wanted = c->policy.held_out_groups_min;
    if ((rc = read_fresh(c, ret_seen, err)) < 0)
        return rc;
    if (!c->mendable_here)
        *ret = CONFIRM_CLAIMS;
    if (!c->mendable_here || ret_seen->groups < ret_seen->groups_wanted ||
        ret_seen->failing < ret_seen->failing_wanted)
        return 0;
    if (!c->looks) {
        *ret = CONFIRM_COULD;
        return 0;
    }
    return look_at(ret, ret_document, c, err);
}

static int confirm_with(bool looks, enum confirm_end *ret, struct confirm_seen *ret_seen,
    struct digest *ret_document, const struct advance *advance, struct candidate *candidate,
    const struct digest *mandate, struct err *err)
{
    struct confirming c = { .driver = advance->driver,
        .candidate = candidate,
        .mandate = *mandate,
        .looks = looks,
        .advancing = { .advance = advance, .driver = advance->driver, .candidate = candidate } };
    *ret_seen = (struct confirm_seen){ 0 };
    int rc = run(ret, ret_seen, ret_document, &c, err);
    runs_done(&c.runs);
    arena_done(&c.advancing.arena);
    return rc < 0 ? err_while(err, "confirm candidate %.12s", candidate->id.at) : 0;
}

int confirm_run(enum confirm_end *ret, struct confirm_seen *ret_seen, struct digest *ret_document,
    const struct advance *advance, struct candidate *candidate, const struct digest *mandate,
    struct err *err)
{
    return confirm_with(true, ret, ret_seen, ret_document, advance, candidate, mandate, err);
}

int confirm_ask(enum confirm_end *ret, struct confirm_seen *ret_seen, const struct advance *advance,
    struct candidate *candidate, const struct digest *mandate, struct err *err)
{
    struct digest unused;
    return confirm_with(false, ret, ret_seen, &unused, advance, candidate, mandate, err);
}
