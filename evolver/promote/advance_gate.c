/* advance_gate - the steps of a candidate that decide: both arms afresh over what may be seen,
 * then, only if nothing speaks against it there, the one look at the held-out groups that the
 * ledger gives it.
 *
 * A look is journaled before the first held-out run is read. Whoever lost without a look has cost
 * the home nothing. */
#include "promote/advance.h"

#include "base/mem.h"
#include "promote/builds.h"
#include "promote/carrying.h"
#include "promote/gate_policy.h"
#include "promote/runs.h"
#include "promote/statement.h"
#include "trials/compare.h"
#include "trials/verdict.h"

#include <stdio.h>
#include <string.h>

struct gating {
    struct advancing *advancing;
    struct runs runs;
    struct batch held_in, held_out;
    bool looks; /* at the held-out groups */
    struct driver_builds old, new, sanitised;
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
    int rc =
        read_batch(&gating->held_in, gating, "batch", &gating->advancing->candidate->batch, err);
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
    return rc < 0 ? rc : swap_sanitised(gating, err);
}

static void gating_done(struct gating *gating)
{
    driver_builds_done(&gating->old);
    driver_builds_done(&gating->new);
    driver_builds_done(&gating->sanitised);
    carrying_done(&gating->carrying);
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

/* --- the report */

static uint32_t patch_lines(struct gating *gating)
{
    struct str text;
    struct advancing *advancing = gating->advancing;
    if (journal_get(advancing->driver->journal, "patch", &advancing->candidate->patch,
            &advancing->arena, &text, NULL) < 0)
        return UINT32_MAX;
    const struct json *root = json_read(&advancing->arena, text, NULL, NULL);
    return (uint32_t)json_int(json_get(root, "lines"), UINT32_MAX);
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
    report->patch_lines = patch_lines(gating);
}

static int replay(struct report *ret, struct gating *gating, const struct run *const *runs,
    unsigned count, struct err *err)
{
    struct driver *driver = gating->advancing->driver;
    struct advancing *advancing = gating->advancing;
    int rc = open_builds(gating, err);
    if (rc != 0)
        return rc;
    const char *detector =
        arena_string(&advancing->arena, gating->held_in.detector.at, gating->held_in.detector.size);
    gating->carrying.detector = detector_find(detector);
    const struct compare_plan plan = { .detector = detector_find(detector),
        .held_in = &gating->held_in,
        .held_out = gating->looks ? &gating->held_out : NULL,
        .old = driver_arm(driver, &gating->old, "moult-worker"),
        .new = driver_arm(driver, &gating->new, "moult-worker"),
        .sanitised = driver_arm(driver, &gating->sanitised, "moult-worker-asan"),
        .runs = runs,
        .runs_count = count,
        .workers = advancing->advance->workers,
        .resolved = on_resolved,
        .with = gating };
    if (!plan.detector)
        return err_set(err, ERR_STATE, "the batch is of a detector that is not known here");
    rc = compare_runs(ret, &plan, &advancing->arena, err);
    if (rc == 0)
        fill_names(ret, gating);
    return rc;
}

static int compare(struct report *ret, struct gating *gating, struct err *err)
{
    struct journal *journal = gating->advancing->driver->journal;
    int rc = read_batches(gating, err);
    if (rc == 0)
        rc = runs_load(&gating->runs, journal, gating->looks ? RUNS_GATE : RUNS_HELD_IN, err);
    if (rc != 0)
        return rc;
    return replay(ret, gating, (const struct run *const *)gating->runs.at, gating->runs.count, err);
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

int advance_replay(struct advancing *advancing, struct err *err)
{
    struct gating gating = { .advancing = advancing };
    struct report report;
    if (hash_zero(&advancing->candidate->batch))
        return advance_refuse(
            advancing, "no batch speaks for it: name a cluster that moult mine has made one for");
    advance_tell(advancing, "%.12s  replaying both arms, held-in", advancing->candidate->id.at);
    int rc = compare(&report, &gating, err);
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

/* Every rule that decided, with its numbers: what a person sees, and later proposers unless there
 * was a look (past.h). The reason stands in lists and logs, so the rules about held-out groups are
 * named without numbers all the same. */
static void add_reasons(struct buf *out, const struct verdict_result *verdict, enum verdict which)
{
    for (unsigned i = 0; i < verdict->reasons_count; i++) {
        const struct verdict_reason *reason = &verdict->reasons[i];
        bool hidden =
            strcmp(reason->rule, "held_out_fixed") == 0 || strcmp(reason->rule, "not_worse") == 0;
        if (reason->holds != which)
            continue;
        bool named = str_starts(str_of(reason->text), str_of(reason->rule));
        buf_format(out, "%s%s%s%s", out->size ? "; " : "", named ? "" : reason->rule,
            hidden || named ? "" : ": ", hidden ? "" : reason->text);
    }
}

/* What already fails on what may be seen needs no look. */
static bool lost(const struct verdict_result *verdict)
{
    for (unsigned i = 0; i < verdict->reasons_count; i++)
        if (verdict->reasons[i].holds == VERDICT_FAIL)
            return true;
    return false;
}

static int before_look(struct verdict_result *ret, struct advancing *advancing,
    const struct policy *policy, struct err *err)
{
    struct report report;
    struct str text;
    int rc = journal_get(advancing->driver->journal, "report", &advancing->candidate->report,
        &advancing->arena, &text, err);
    if (rc == 0)
        rc = report_read(&report, text, &advancing->arena, err);
    if (rc == 0)
        verdict_of(ret, &report, policy, (struct ledger_look){ 1, 0 });
    return rc;
}

int advance_answer_look(enum verdict *verdict, struct advancing *advancing,
    const struct journal_look *look, struct err *err)
{
    const struct digest shard = driver_shard(advancing->driver);
    bool passed = *verdict == VERDICT_PASS;
    if (!look->ended)
        return journal_look_end(
            advancing->driver->journal, &shard, advancing->candidate->id, passed, err);
    if (passed && !look->passed)
        *verdict = VERDICT_INCONCLUSIVE;
    return 0;
}

static int look(struct verdict_result *ret, struct advancing *advancing,
    const struct policy *policy, struct err *err)
{
    struct gating gating = { .advancing = advancing, .looks = true };
    struct driver *driver = advancing->driver;
    const struct digest shard = driver_shard(driver);
    struct journal_look look;
    struct report report;
    int rc = journal_look(driver->journal, &shard, advancing->candidate->id, &look, err);
    if (rc < 0)
        return rc;
    advance_tell(
        advancing, "%.12s  look %u at the held-out groups", advancing->candidate->id.at, look.k);
    rc = compare(&report, &gating, err);
    if (rc == 0) {
        verdict_of(ret, &report, policy, (struct ledger_look){ look.k, look.passes });
        if (ret->verdict == VERDICT_PASS)
            rc = carrying_run(&gating.carrying, driver, &report, err);
    }
    if (rc == 0)
        rc = put_report(advancing, &report, err);
    gating_done(&gating);
    if (rc == ADVANCE_REFUSED)
        ret->verdict = VERDICT_FAIL;
    int answered = rc < 0 ? rc : advance_answer_look(&ret->verdict, advancing, &look, err);
    return answered < 0 ? answered : rc;
}

int advance_gate(struct advancing *advancing, struct err *err)
{
    struct verdict_result verdict;
    struct policy policy;
    int rc = gate_policy(&policy, &advancing->candidate->policy, advancing->driver, err);
    if (rc == 0)
        rc = before_look(&verdict, advancing, &policy, err);
    if (rc < 0)
        return rc;
    CLEANUP(buf_done) struct buf why = { 0 };
    if (lost(&verdict)) {
        verdict.verdict = VERDICT_FAIL;
        add_reasons(&why, &verdict, VERDICT_FAIL);
        advance_refuse(advancing, "gate: fail, before any look at held-out groups: %s", why.at);
        rc = put_verdict(advancing, &verdict, err);
        return rc < 0 ? rc : ADVANCE_REFUSED;
    }
    if ((rc = look(&verdict, advancing, &policy, err)) != 0 ||
        (rc = put_verdict(advancing, &verdict, err)) < 0)
        return rc;
    if (verdict.verdict != VERDICT_PASS) {
        add_reasons(&why, &verdict, verdict.verdict);
        advance_refuse(advancing, "gate: %s: %s", verdict_words[verdict.verdict],
            why.size ? why.at : "its look at the held-out groups did not pass before");
    }
    return ADVANCE_ON;
}
