/* advance_gate - the steps of a candidate that decide: both arms afresh over what may be seen,
 * then, only if nothing speaks against it there, the one look at the held-out groups that the
 * ledger gives it, if a perfect result at it could pass (shard.h).
 *
 * A look is journaled before the first held-out run is read. Whoever lost without a look has cost
 * the home nothing. */
#include "promote/advance.h"

#include "base/mem.h"
#include "promote/builds.h"
#include "promote/carrying.h"
#include "promote/certified.h"
#include "promote/corpus.h"
#include "promote/gate_policy.h"
#include "promote/marked.h"
#include "promote/retire.h"
#include "promote/runs.h"
#include "promote/shard_groups.h"
#include "promote/statement.h"
#include "promote/suite.h"
#include "trials/compare.h"
#include "trials/verdict.h"

#include <stdio.h>
#include <string.h>

struct gating {
    struct advancing *advancing;
    struct runs runs;
    struct batch held_in, held_out;
    bool takes_out; /* it has no batch: it only takes a plugin out */
    struct compare_less less;
    bool looks;             /* at the held-out groups */
    struct shard_plan plan; /* of that look, and the groups it was planned from */
    struct shard_groups groups;
    struct driver_builds old, new, sanitised, watched, genesis;
    struct marked marked; /* watched has its build */
    struct marks *marks;  /* NULL: nobody watches */
    struct carrying carrying;
};

/* --- what is replayed */

static int read_batch(struct batch *ret, struct gating *gating, const char *kind,
    const struct digest *digest, struct err *err)
{
    struct arena *arena = &gating->advancing->arena;
    struct str text;
    int rc = journal_get(gating->advancing->driver->journal, kind, digest, arena, &text, err);
    return rc < 0 ? rc : batch_read(ret, text, arena, err);
}

static int read_batches(struct gating *gating, struct err *err)
{
    struct advancing *advancing = gating->advancing;
    int rc = retire_claim(
        &gating->less, advancing->driver, advancing->candidate, &advancing->arena, err);
    gating->takes_out = rc == 1;
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = read_batch(&gating->held_in, gating, "batch", &advancing->candidate->batch, err);
    if (rc == 0 && gating->looks)
        rc = read_batch(&gating->held_out, gating, "held-out", &gating->held_in.held_out, err);
    return rc;
}

/* The sanitised build of the same source, in the place of the release build. */
static int swap_sanitised(struct gating *gating, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct candidate *candidate = gating->advancing->candidate;
    struct compile_result result;
    int rc = advance_source(gating->advancing, &text, err);
    const struct harness_source source = { candidate->plugin, candidate->path, buf_view(&text) };
    if (rc == 0)
        rc = driver_compile(&result, gating->advancing->driver, &source, ELF_ASAN, err);
    if (rc < 0)
        return rc;
    rc = result.stage == COMPILE_OK
             ? driver_builds_swap(
                   &gating->sanitised, candidate->plugin, buf_view(&result.image), err)
             : advance_refuse(gating->advancing, "its sanitised build is refused (%s)",
                   compile_stage_words[result.stage]);
    compile_result_done(&result);
    return rc;
}

/* The marked build, if there is one to be had. Without it the report says that nobody watched. */
static int swap_marked(struct gating *gating, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct candidate *candidate = gating->advancing->candidate;
    struct driver *driver = gating->advancing->driver;
    const struct harness_source *old = harness_find(&driver->harness, candidate->plugin);
    int rc = old ? advance_source(gating->advancing, &text, err) : 0;
    const struct harness_source source = { candidate->plugin, candidate->path, buf_view(&text) };
    if (rc < 0 || !old)
        return rc;
    rc = marked_build(&gating->marked, driver, &source, old->text, &gating->advancing->arena, err);
    if (rc <= 0)
        return rc;
    gating->marks = &gating->marked.marks;
    if (gating->marked.image.size == 0)
        return 0;
    rc = driver_builds(&gating->watched, driver, &driver->generation, err);
    return rc < 0 ? rc
                  : driver_builds_swap(
                        &gating->watched, candidate->plugin, buf_view(&gating->marked.image), err);
}

/* Generation 0, which init admitted. One whose builds are not in the store any more is not run, and
 * the report says so. */
static int open_genesis(struct gating *gating, struct err *err)
{
    struct driver *driver = gating->advancing->driver;
    struct generation *generation = arena_alloc(&gating->advancing->arena, sizeof *generation);
    struct str text;
    int rc = journal_get(driver->journal, "generation", &driver->admissions[0].generation,
        &gating->advancing->arena, &text, err);
    if (rc == 0)
        rc = generation_read(generation, text, &gating->advancing->arena, err);
    if (rc == 0)
        rc = driver_builds(&gating->genesis, driver, generation, err);
    if (rc != -ERR_MISSING)
        return rc;
    driver_builds_done(&gating->genesis);
    gating->genesis.count = 0;
    return 0;
}

static int open_builds(struct gating *gating, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    struct driver *driver = gating->advancing->driver;
    const struct candidate *candidate = gating->advancing->candidate;
    int rc = builds_get(&driver->home, &candidate->build, &image, err);
    if (rc == 0)
        rc = driver_builds(&gating->old, driver, &driver->generation, err);
    if (rc == 0)
        rc = driver_builds(&gating->new, driver, &driver->generation, err);
    if (rc == 0)
        rc = driver_builds(&gating->sanitised, driver, &driver->generation, err);
    if (rc == 0)
        rc = driver_builds_swap(&gating->new, candidate->plugin, buf_view(&image), err);
    if (rc == 0)
        rc = open_genesis(gating, err);
    if (rc == 0)
        rc = swap_marked(gating, err);
    return rc < 0 ? rc : swap_sanitised(gating, err);
}

static void gating_done(struct gating *gating)
{
    driver_builds_done(&gating->old);
    driver_builds_done(&gating->new);
    driver_builds_done(&gating->sanitised);
    driver_builds_done(&gating->watched);
    driver_builds_done(&gating->genesis);
    marked_done(&gating->marked);
    carrying_done(&gating->carrying);
    shard_groups_done(&gating->groups);
    runs_done(&gating->runs);
}

static bool is_case(const struct batch *batch, const struct run *run)
{
    for (uint32_t i = 0; i < batch->cases_count; i++)
        if (str_equal(batch->cases[i].session, run->session))
            return true;
    return false;
}

/* Of this failure's cases only: the same patch may mend another one too. */
static void on_resolved(
    void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct gating *gating = with;
    if (is_case(&gating->held_in, run) || is_case(&gating->held_out, run))
        carrying_add(&gating->carrying, run, step, effects);
}

static void on_progress(void *with, unsigned done, unsigned count)
{
    (void)with;
    verb_progress_of(done, count, "runs");
}

/* --- the report */

static void fill_patch(struct report *report, struct gating *gating)
{
    struct str text;
    struct advancing *advancing = gating->advancing;
    const struct json *root = NULL;
    if (journal_get(advancing->driver->journal, "patch", &advancing->candidate->patch,
            &advancing->arena, &text, NULL) == 0)
        root = json_read(&advancing->arena, text, NULL, NULL);
    report->patch_lines = (uint32_t)json_int(json_get(root, "lines"), UINT32_MAX);
    report->certificate = certified_of(root, &advancing->arena);
}

/* A generation as it would be: digests only. */
static struct digest generation_digest(const struct driver_builds *builds)
{
    struct hash_state state;
    hash_begin(&state);
    for (unsigned i = 0; i < builds->count; i++) {
        hash_add(&state, builds->at[i].name, strlen(builds->at[i].name) + 1);
        hash_add(&state, &builds->at[i].build, sizeof builds->at[i].build);
    }
    return hash_end(&state);
}

static void fill_names(struct report *report, struct gating *gating)
{
    const struct candidate *candidate = gating->advancing->candidate;
    report->batch = candidate->batch;
    report->old_build = candidate->build_before;
    report->new_build = candidate->build;
    report->old_generation = generation_digest(&gating->old);
    report->new_generation = generation_digest(&gating->new);
    report->source = candidate->source;
    report->detector = gating->held_in.detector;
    report->plugin = candidate->plugin;
    fill_patch(report, gating);
}

static int replay(struct report *ret, struct gating *gating, const struct run *const *runs,
    unsigned count, struct err *err)
{
    struct driver *driver = gating->advancing->driver;
    struct advancing *advancing = gating->advancing;
    int rc = open_builds(gating, err);
    if (rc != 0)
        return rc;
    const bool repairs = !gating->takes_out;
    if (repairs)
        gating->carrying.detector = detector_named(gating->held_in.detector);
    struct compare_plan plan = { .less = repairs ? NULL : &gating->less,
        .detector = gating->carrying.detector,
        .held_in = repairs ? &gating->held_in : NULL,
        .held_out = repairs && gating->looks ? &gating->held_out : NULL,
        .old = driver_arm(driver, &gating->old, "moult-worker"),
        .new = driver_arm(driver, &gating->new, "moult-worker"),
        .sanitised = driver_arm(driver, &gating->sanitised, "moult-worker-asan"),
        .marked = driver_arm(driver, &gating->watched, "moult-worker"),
        .marks = gating->marks,
        .runs = runs,
        .runs_count = count,
        .workers = advancing->advance->workers,
        .progress = on_progress,
        .resolved = repairs ? on_resolved : NULL,
        .with = gating };
    if (gating->genesis.count > 0)
        plan.genesis = driver_arm(driver, &gating->genesis, "moult-worker");
    if (repairs && !plan.detector)
        return err_set(err, ERR_STATE, "the batch is of a detector that is not known here");
    on_progress(gating, 0, count);
    rc = compare_runs(ret, &plan, &advancing->arena, err);
    verb_progress_clear();
    const struct suite_arms arms = { &gating->old, &gating->new, &gating->sanitised,
        &gating->genesis, &gating->watched, gating->marks };
    if (rc == 0)
        rc = suite_gate(ret, driver, &arms, &advancing->arena, err);
    if (rc == 0)
        fill_names(ret, gating);
    return rc;
}

/* The batch, what promotions have gathered, and of all else what fits. */
static int load(struct gating *gating, struct err *err)
{
    CLEANUP(id_set_done) struct id_set named = { 0 };
    CLEANUP(id_set_done) struct id_set kept = { 0 };
    struct driver *driver = gating->advancing->driver;
    const struct digest *corpus = &driver_last(driver)->corpus;
    const struct runs_want want = { .splits = gating->looks ? RUNS_GATE : RUNS_HELD_IN,
        .named = &named };
    int rc = gating->takes_out ? 0 : runs_name_batch(&named, &gating->held_in, err);
    if (rc == 0 && gating->looks && !gating->takes_out)
        rc = runs_name_batch(&named, &gating->held_out, err);
    if (rc == 0)
        rc = corpus_names(&named, driver, corpus, err);
    if (rc == 0 && gating->looks)
        rc = corpus_names(&kept, driver, corpus, err);
    id_set_seal(&named);
    id_set_seal(&kept);
    if (rc == 0)
        rc = runs_load(&gating->runs, driver->journal, &want, err);
    if (rc == 0 && gating->looks)
        shard_groups_keep(&gating->runs, &gating->groups, &gating->plan, &kept);
    return rc;
}

static int compare(struct report *ret, struct gating *gating, struct err *err)
{
    int rc = load(gating, err);
    if (rc == 0)
        rc = replay(
            ret, gating, (const struct run *const *)gating->runs.at, gating->runs.count, err);
    if (rc == 0)
        ret->left_out = (uint32_t)gating->runs.left_out;
    return rc;
}

int advance_compare(struct report *ret, struct advancing *advancing, const struct batch *held_out,
    const struct run *const *runs, unsigned count, struct err *err)
{
    struct gating gating = { .advancing = advancing, .looks = true, .held_out = *held_out };
    int rc = read_batch(&gating.held_in, &gating, "batch", &advancing->candidate->batch, err);
    if (rc == 0)
        rc = replay(ret, &gating, runs, count, err);
    gating_done(&gating);
    return rc;
}

static int put_report(struct advancing *advancing, const struct report *report, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    report_print(&text, report);
    return journal_put(
        advancing->driver->journal, "report", buf_view(&text), &advancing->candidate->report, err);
}

/* --- scanned -> replayed */

/* Without a failure that it mends, it says the same with less, or nothing speaks for it. */
static int check_claim(struct advancing *advancing, struct err *err)
{
    struct compare_less less;
    int rc = retire_claim(&less, advancing->driver, advancing->candidate, &advancing->arena, err);
    if (rc == 0)
        return advance_refuse(advancing,
            "no batch speaks for it: name a cluster that moult mine has made one for; and it does "
            "more than take one plugin out of the order");
    return rc < 0 ? rc : 0;
}

int advance_replay(struct advancing *advancing, struct err *err)
{
    struct gating gating = { .advancing = advancing };
    struct report report;
    int rc = hash_zero(&advancing->candidate->batch) ? check_claim(advancing, err) : 0;
    if (rc != 0)
        return rc;
    advance_tell(advancing, "%.12s  replaying both arms, held-in", advancing->candidate->id.at);
    rc = read_batches(&gating, err);
    if (rc == 0)
        rc = compare(&report, &gating, err);
    if (rc == -ERR_MISSING && gating.takes_out)
        rc = advance_refuse(advancing, "no conversation is there to replay without it");
    if (rc == 0)
        rc = put_report(advancing, &report, err);
    gating_done(&gating);
    return rc;
}

/* --- replayed -> gated */

static int put_verdict(
    struct advancing *advancing, const struct verdict_result *verdict, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct candidate *candidate = advancing->candidate;
    verdict_print(&text, verdict);
    int rc = journal_put(
        advancing->driver->journal, "verdict", buf_view(&text), &candidate->verdict, err);
    return rc < 0 ? rc
                  : statement_test_result(
                        &candidate->test_result, advancing->driver, candidate, verdict, err);
}

/* Every rule that decided, with its numbers, on what everybody may see. */
static void add_reasons(struct buf *out, const struct verdict_result *verdict, enum verdict which)
{
    for (unsigned i = 0; i < verdict->reasons_count; i++) {
        const struct verdict_reason *reason = &verdict->reasons[i];
        if (reason->holds != which || reason->looks)
            continue;
        bool named = str_starts(str_of(reason->text), str_of(reason->rule));
        buf_format(out, "%s%s%s%s", out->size ? "; " : "", named ? "" : reason->rule,
            named ? "" : ": ", reason->text);
    }
}

/* The verdict on what everybody may see, under the policy that the home has now. */
static int before_look(struct verdict_result *ret, struct report *ret_report,
    struct policy *ret_policy, struct advancing *advancing, struct err *err)
{
    struct str text;
    int rc = gate_policy(ret_policy, &advancing->candidate->policy, advancing->driver, err);
    if (rc == 0)
        rc = journal_get(advancing->driver->journal, "report", &advancing->candidate->report,
            &advancing->arena, &text, err);
    if (rc == 0)
        rc = report_read(ret_report, text, &advancing->arena, err);
    if (rc == 0)
        verdict_of(ret, ret_report, ret_policy, (struct ledger_look){ 1, 0 });
    return rc;
}

int advance_answer_look(enum verdict *verdict, struct advancing *advancing,
    const struct digest *shard, const struct journal_look *look, struct err *err)
{
    bool passed = *verdict == VERDICT_PASS;
    if (!look->ended)
        return journal_look_end(
            advancing->driver->journal, shard, advancing->candidate->id, passed, err);
    if (passed && !look->passed)
        *verdict = VERDICT_INCONCLUSIVE;
    return 0;
}

/* The row is in the ledger when this returns, and the plan is of the groups that it saw. */
static int debit(struct journal_look *ret, struct gating *gating, struct err *err)
{
    struct shard_plan *plan = &gating->plan;
    struct advancing *advancing = gating->advancing;
    int rc = journal_look(
        advancing->driver->journal, &plan->name, advancing->candidate->id, &plan->debit, ret, err);
    if (rc == 0 && ret->seen < plan->upto)
        plan->upto = ret->seen;
    return rc;
}

static int look(
    struct verdict_result *ret, struct gating *gating, const struct policy *policy, struct err *err)
{
    struct advancing *advancing = gating->advancing;
    struct journal_look look;
    struct report report;
    int rc = debit(&look, gating, err);
    if (rc < 0)
        return rc;
    advance_tell(
        advancing, "%.12s  look %u at the held-out groups", advancing->candidate->id.at, look.k);
    rc = compare(&report, gating, err);
    if (rc == 0) {
        verdict_at(ret, &report, policy, look.k, shard_level(&look, policy->level_shard));
        if (ret->verdict == VERDICT_PASS)
            rc = carrying_run(&gating->carrying, advancing->driver, &report, err);
    }
    if (rc == 0)
        rc = put_report(advancing, &report, err);
    if (rc == ADVANCE_REFUSED)
        ret->verdict = VERDICT_FAIL;
    int answered =
        rc < 0 ? rc : advance_answer_look(&ret->verdict, advancing, &gating->plan.name, &look, err);
    return answered < 0 ? answered : rc;
}

/* No look is spent that could not pass. How many groups there are hangs on no candidate, so whoever
 * proposes may know it. */
static int refuse_look(struct verdict_result *verdict, struct gating *gating,
    const struct report *report, const struct policy *policy, struct err *err)
{
    const struct shard_plan *plan = &gating->plan;
    verdict_at(verdict, report, policy, plan->debit.k, plan->debit.level);
    verdict->verdict = VERDICT_INCONCLUSIVE;
    if (plan->debit.level > 0 && gating->takes_out)
        advance_refuse(gating->advancing,
            "gate: inconclusive, before any look at held-out groups: a perfect result at look %u "
            "of shard %u could not pass; %u more held-out groups are needed, %u are there",
            plan->debit.k, plan->number, plan->groups_missing, plan->groups);
    else if (plan->debit.level > 0)
        advance_refuse(gating->advancing,
            "gate: inconclusive, before any look at held-out groups: a perfect result at look %u "
            "of "
            "shard %u could not pass; %u more held-out groups with this failure and %u more in all "
            "are needed, %u and %u are there",
            plan->debit.k, plan->number, plan->failing_missing, plan->groups_missing, plan->failing,
            plan->groups);
    else
        advance_refuse(gating->advancing,
            "gate: inconclusive, before any look at held-out groups: shard %u is spent",
            plan->number);
    int rc = put_verdict(gating->advancing, verdict, err);
    return rc < 0 ? rc : ADVANCE_REFUSED;
}

static int plan_look(struct gating *gating, const struct policy *policy, struct err *err)
{
    struct advancing *advancing = gating->advancing;
    int rc = read_batches(gating, err);
    return rc < 0 ? rc
                  : shard_groups_plan(&gating->plan, &gating->groups, advancing->driver,
                        advancing->candidate, gating->takes_out ? NULL : &gating->held_out, policy,
                        &advancing->arena, err);
}

int advance_lost(const struct advance *advance, struct candidate *candidate, struct err *err)
{
    struct verdict_result verdict;
    struct report report;
    struct policy policy;
    struct advancing advancing = {
        .advance = advance, .driver = advance->driver, .candidate = candidate
    };
    int rc = before_look(&verdict, &report, &policy, &advancing, err);
    arena_done(&advancing.arena);
    return rc < 0 ? rc : verdict_before_look(&verdict) != VERDICT_PASS;
}

/* What a look could not help gets none. */
static int refuse_before(
    struct verdict_result *verdict, struct advancing *advancing, struct err *err)
{
    CLEANUP(buf_done) struct buf why = { 0 };
    verdict->verdict = verdict_before_look(verdict);
    add_reasons(&why, verdict, verdict->verdict);
    advance_refuse(advancing, "gate: %s, before any look at held-out groups: %s",
        verdict_words[verdict->verdict], why.at);
    int rc = put_verdict(advancing, verdict, err);
    return rc < 0 ? rc : ADVANCE_REFUSED;
}

int advance_gate(struct advancing *advancing, struct err *err)
{
    struct gating gating = { .advancing = advancing, .looks = true };
    struct verdict_result verdict;
    struct report report;
    struct policy policy;
    int rc = before_look(&verdict, &report, &policy, advancing, err);
    if (rc < 0)
        return rc;
    if (verdict_before_look(&verdict) != VERDICT_PASS)
        return refuse_before(&verdict, advancing, err);
    rc = plan_look(&gating, &policy, err);
    bool looks = rc == 0 && gating.plan.can_pass;
    if (rc == 0)
        rc = looks ? look(&verdict, &gating, &policy, err)
                   : refuse_look(&verdict, &gating, &report, &policy, err);
    gating_done(&gating);
    if (rc != 0 || (rc = put_verdict(advancing, &verdict, err)) < 0)
        return rc;
    /* The reason stands in states, lists and logs, and what made the candidate may read those. By
     * which rule it did not pass stands in the verdict, for people. */
    if (verdict.verdict != VERDICT_PASS)
        advance_refuse(advancing, "gate: its look at the held-out groups did not pass");
    return ADVANCE_ON;
}
