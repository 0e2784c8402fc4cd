/* attempt - see attempt.h. */
#include "promote/attempt.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/ablation.h"
#include "promote/asking.h"
#include "promote/attempts.h"
#include "promote/command.h"
#include "promote/donors.h"
#include "promote/dropping.h"
#include "promote/enter.h"
#include "promote/evidence_now.h"
#include "promote/past.h"
#include "promote/runs.h"
#include "trials/policy_home.h"

#include <stdio.h>
#include <string.h>

struct trying {
    const struct attempt_plan *plan;
    struct attempt *attempt;
    struct arena arena;
    struct runs runs;
    struct batch batch;
    struct evidence_past *past;
    struct donors donors;
    const struct harness *harness; /* what the proposer begins with */
    unsigned past_count;
    const char *proposer;                          /* as the row says */
    unsigned proposal_of[PROPOSER_CANDIDATES_MAX]; /* by candidate */
};

/* --- evidence */

/* The batch's runs, and of all others what fits. */
static int load_runs(struct trying *trying, struct journal *journal, struct err *err)
{
    CLEANUP(id_set_done) struct id_set named = { 0 };
    const struct runs_want want = { .splits = RUNS_HELD_IN, .named = &named };
    int rc = runs_name_batch(&named, &trying->batch, err);
    id_set_seal(&named);
    return rc < 0 ? rc : runs_load(&trying->runs, journal, &want, err);
}

static int read_held_in(struct trying *trying, struct err *err)
{
    const struct attempt_plan *plan = trying->plan;
    struct journal *journal;
    struct str text;
    int rc = journal_open(&journal, &plan->driver->home, JOURNAL_PROPOSE, err);
    if (rc < 0)
        return rc;
    rc = journal_get(journal, "batch", &plan->batch, &trying->arena, &text, err);
    if (rc == 0) {
        text.at = arena_string(&trying->arena, text.at, text.size);
        rc = batch_read(&trying->batch, text, &trying->arena, err);
    }
    if (rc == 0)
        rc = load_runs(trying, journal, err);
    journal_close(journal);
    return rc;
}

/* --- candidates */

/* Of what the gate refuses without a look nobody asks what it is made of: that costs minutes. */
static int ablate(struct candidate *candidate, const struct trying *trying,
    const struct ablation_plan *plan, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct advance *advance = &trying->plan->advance;
    if (!trying->plan->ablate || trying->plan->command || trying->plan->model || trying->plan->from)
        return 0;
    int lost = advance_lost(advance, candidate, err);
    if (lost != 0)
        return lost < 0 ? lost : 0;
    if (advance->say)
        advance->say(advance->with, "what is it made of? once more without each ingredient");
    int rc = ablation_run(&text, plan, err);
    return rc < 0 ? rc
                  : journal_put(trying->plan->driver->journal, "evidence", buf_view(&text),
                        &candidate->ablation, err);
}

/* A stop before the build, so that what it is made of stands in the row before a person sees it. */
static int advance_all(struct candidate *candidate, const struct trying *trying,
    const struct ablation_plan *plan, struct err *err)
{
    struct advance first = trying->plan->advance;
    if (first.until > STAGE_REPLAYED)
        first.until = STAGE_REPLAYED;
    int rc = advance_run(&first, candidate, err);
    if (rc == 0 && candidate->stage == STAGE_REPLAYED && hash_zero(&candidate->ablation))
        rc = ablate(candidate, trying, plan, err);
    return rc < 0 ? rc : advance_run(&trying->plan->advance, candidate, err);
}

/* --- from the archive */

/* The active sources, with the archived one in its place. What the plugin was changed by since then
 * would be lost, so it must be as it was. */
static int open_archived(struct trying *trying, struct err *err)
{
    struct driver *driver = trying->plan->driver;
    const struct candidate *from = trying->plan->from;
    trying->harness = &driver->harness;
    if (!from)
        return 0;
    CLEANUP(buf_done) struct buf then = { 0 }, source = { 0 };
    const struct lineage_id parent = lineage_id_of(from->parent);
    const struct lineage_id commit = lineage_id_of(from->commit);
    struct harness *harness = arena_copy(&trying->arena, &driver->harness, sizeof *harness);
    struct harness_source *at = NULL;
    for (uint32_t i = 0; i < harness->count; i++)
        if (str_equal(harness->at[i].name, from->plugin))
            at = &harness->at[i];
    if (!at || from->commit.size == 0)
        return err_set(err, ERR_STATE, "candidate %.12s has no source to start from", from->id.at);
    int rc = lineage_file(driver->lineage, &parent, at->path.at, &then, err);
    if (rc == 0)
        rc = lineage_file(driver->lineage, &commit, at->path.at, &source, err);
    if (rc < 0)
        return rc;
    if (!str_equal(buf_view(&then), at->text)) {
        err_set(err, ERR_STATE, "plugin %.60s was changed since candidate %.12s was made",
            from->plugin.at, from->id.at);
        return err_hint(err, "moult show %.12s has its diff", from->id.at);
    }
    at->text = (struct str){ arena_string(&trying->arena, source.at, source.size), source.size };
    trying->harness = harness;
    return 0;
}

/* What was handed in as edits of the archived source, as one of the active one: that is its one
 * parent. */
static int compose(
    struct proposal *ret, struct trying *trying, const struct proposal *from, struct err *err)
{
    CLEANUP(buf_done) struct buf source = { 0 }, text = { 0 };
    struct arena *arena = &trying->attempt->proposing.arena;
    const struct harness_source *base = harness_find(trying->harness, from->plugin);
    const struct harness_source *active =
        harness_find(&trying->plan->driver->harness, from->plugin);
    *ret = *from;
    if (base->text.at == active->text.at)
        return 0;
    int rc = proposal_apply(&source, from, base->text, err);
    if (rc < 0)
        return rc;
    const struct json *root = json_read(arena, from->raw, NULL, err);
    JSON_EACH(value, root)
    {
        buf_format(
            &text, "%s\"%.*s\":", text.size ? "," : "{", (int)value->key.size, value->key.at);
        if (!str_equal(value->key, STR("edits"))) {
            buf_str(&text, value->raw);
            continue;
        }
        buf_format(&text, "[{\"from\":0,\"to\":%zu,\"text\":", active->text.size);
        json_quote(&text, buf_view(&source));
        buf_text(&text, "}]");
    }
    buf_char(&text, '}');
    const struct str kept = { arena_string(arena, text.at, text.size), text.size };
    return proposal_read(ret, kept, arena, err);
}

/* 1: it is no candidate. */
static int drop(struct trying *trying, const struct ablation_plan *plan, struct err *err)
{
    char line[160];
    const struct advance *advance = &trying->plan->advance;
    struct driver *driver = trying->plan->driver;
    const struct dropping dropping = { .driver = driver,
        .evidence = plan->evidence,
        .batch = &trying->plan->batch,
        .workers = advance->workers };
    const char *why;
    int rc = dropping_look(&why, &dropping, plan->fix, err);
    if (rc < 0 || !why)
        return rc;
    struct str plugin = plan->fix->plugin;
    trying->attempt->dropped[trying->attempt->dropped_count++] = (struct attempt_dropped){
        { arena_string(&driver->arena, plugin.at, plugin.size), plugin.size }, why
    };
    snprintf(
        line, sizeof line, "a proposal for %.*s is dropped: %s", (int)plugin.size, plugin.at, why);
    if (advance->say)
        advance->say(advance->with, line);
    return 1;
}

static int take_proposals(struct trying *trying, struct ablation_plan *plan, struct err *err)
{
    struct attempt *attempt = trying->attempt;
    struct driver *driver = trying->plan->driver;
    struct digest from;
    if (trying->plan->from && hash_unhex(&from, trying->plan->from->id, err) < 0)
        return -err->code;
    for (unsigned i = 0; i < attempt->proposing.proposals_count; i++) {
        struct candidate *candidate = &attempt->candidates[attempt->count];
        struct proposal composed;
        int rc = compose(&composed, trying, &attempt->proposing.proposals[i], err);
        if (rc < 0)
            return rc;
        plan->fix = &composed;
        int dropped = drop(trying, plan, err);
        if (dropped < 0)
            return dropped;
        if (dropped)
            continue;
        rc = enter(candidate, driver, plan->fix, trying->proposer, &trying->plan->batch,
            trying->plan->from ? &from : NULL, err);
        if (rc < 0)
            return rc;
        trying->proposal_of[attempt->count++] = i;
        if ((rc = advance_all(candidate, trying, plan, err)) < 0)
            return rc;
        if (candidate->stage != STAGE_REJECTED)
            return 0;
    }
    return 0;
}

/* --- its row */

/* What a door counted: of a command its whole sum, of a model a part of it. */
static void count_asked(struct attempt_ended *ended, const struct proposing_result *run)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *root = json_read(&arena, run->stop, NULL, NULL);
    const struct json *asked = json_get(root, "asked");
    const struct json *sum = json_is(asked, JSON_OBJECT) ? asked : root;
    int64_t tokens = json_int(json_get(sum, "tokens"), 0);
    double usd = json_double(json_get(sum, "usd"), 0);
    ended->tokens = tokens > UINT32_MAX ? UINT32_MAX : tokens > 0 ? (uint32_t)tokens : 0;
    ended->usd = usd > 0 ? usd : 0;
    ended->requests = (uint32_t)json_int(json_get(sum, "requests"), 0);
}

static int begin_row(struct digest *ret, const struct trying *trying,
    const struct evidence *evidence, struct err *err)
{
    const struct attempt_plan *plan = trying->plan;
    const struct attempt_begun begun = { .cluster = plan->cluster,
        .proposer = plan->name,
        .active = str_of(plan->driver->active.hex),
        .batch = plan->batch,
        .groups = plan->groups,
        .steps = evidence->steps_count,
        .seconds = plan->seconds,
        .at_ms = (double)clock_wall_ms() };
    return attempt_begin(plan->driver->journal, &begun, ret, err);
}

/* Runs and steps: those that must stay are in no list of the batch. Nothing where it said nothing.
 */
static void print_risks(
    struct buf *out, const struct proposal *proposal, const struct evidence *evidence)
{
    if (!proposal->risk_steps)
        return;
    buf_text(out, ",\"risks\":[");
    for (uint32_t i = 0; i < proposal->risk_steps_count; i++) {
        const struct evidence_step *step = &evidence->steps[proposal->risk_steps[i]];
        buf_text(out, i ? ",{\"session\":" : "{\"session\":");
        json_quote(out, step->run->session);
        buf_format(out, ",\"step\":%u}", step->step);
    }
    buf_char(out, ']');
}

/* Cases of the batch by their numbers there: a step is the proposer's own, and told nowhere else.
 */
static void print_predicted(
    struct buf *out, const struct trying *trying, const struct evidence *evidence, unsigned number)
{
    const struct attempt *attempt = trying->attempt;
    const struct proposal *proposal = &attempt->proposing.proposals[trying->proposal_of[number]];
    const struct batch *batch = &trying->batch;
    const char *comma = "";
    buf_format(out, "%s{\"id\":\"%.*s\",\"fixes\":[", number ? "," : "",
        (int)attempt->candidates[number].id.size, attempt->candidates[number].id.at);
    for (uint32_t i = 0; i < batch->cases_count; i++) {
        bool predicted = false;
        for (uint32_t k = 0; k < proposal->fixes_count && !predicted; k++)
            predicted = str_equal(
                batch->cases[i].session, evidence->steps[proposal->fixes[k]].run->session);
        if (predicted)
            buf_format(out, "%s%u", comma, i);
        comma = out->at[out->size - 1] == '[' ? "" : ",";
    }
    buf_char(out, ']');
    print_risks(out, proposal, evidence);
    buf_char(out, '}');
}

/* failed: why the machine ended it, or NULL. */
static int end_row(const struct digest *row, const struct trying *trying,
    const struct evidence *evidence, const struct err *failed, struct err *err)
{
    CLEANUP(buf_done) struct buf candidates = { 0 };
    const struct attempt *attempt = trying->attempt;
    const struct proposing_result *run = &attempt->proposing;
    struct attempt_ended ended = { .attempt = *row,
        .end = str_of(failed ? ATTEMPT_ERROR : proposing_end_words[run->end]),
        .why = str_of(failed ? failed->text : run->why),
        .proposals = run->proposals_count,
        .judged = run->judged < UINT32_MAX ? (uint32_t)run->judged : UINT32_MAX,
        .builds = run->builds,
        .tries = run->tries,
        .seconds = (double)run->wall_us / 1e6,
        .at_ms = (double)clock_wall_ms() };
    for (unsigned i = 0; i < attempt->count; i++)
        ended.rests |= attempt->candidates[i].stage != STAGE_REJECTED;
    buf_char(&candidates, '[');
    for (unsigned i = 0; !failed && i < attempt->count; i++)
        print_predicted(&candidates, trying, evidence, i);
    buf_char(&candidates, ']');
    ended.candidates = buf_view(&candidates);
    if (!failed && (trying->plan->command || trying->plan->model))
        count_asked(&ended, run);
    return attempt_end(trying->plan->driver->journal, &ended, err);
}

static int propose(struct trying *trying, const struct driver_builds *builds,
    const struct evidence *evidence, const struct evidence_plan *from, const struct policy *policy,
    struct err *err)
{
    CLEANUP(buf_done) struct buf bundle = { 0 };
    const struct attempt_plan *plan = trying->plan;
    struct driver *driver = plan->driver;
    struct digest digest, row;
    evidence_print(&bundle, evidence, from);
    const struct proposing_plan proposing = {
        .judging = { .evidence = evidence,
            .harness = trying->harness,
            .builds = builds->at,
            .builds_count = builds->count,
            .pipeline = HARNESS_PIPELINE,
            .worker = driver_arm(driver, builds, "moult-worker").worker,
            .sdk = driver->sdk,
            .policy = policy,
            .tier = driver->config.tier,
            .workers = plan->advance.workers },
        .bundle = buf_view(&bundle),
        .budget = { .seconds = plan->seconds,
            .judged = (uint64_t)plan->candidates * evidence->steps_count,
            .tries = plan->model ? plan->candidates : 0 },
        .say = plan->advance.say,
        .with = plan->advance.with,
    };
    struct ablation_plan ablation = { .proposing = &proposing, .evidence = evidence, .from = from };
    const struct command_plan command = { .driver = driver,
        .proposer = plan->command,
        .harness = trying->harness,
        .evidence = evidence,
        .bundle = buf_view(&bundle),
        .seconds = plan->seconds };
    int rc = journal_put(driver->journal, "evidence", buf_view(&bundle), &digest, err);
    if (rc == 0)
        rc = begin_row(&row, trying, evidence, err);
    if (rc < 0)
        return rc;
    if (plan->command)
        rc = command_run(&trying->attempt->proposing, &command, err);
    else if (plan->model)
        rc = asking_run(&trying->attempt->proposing, driver, plan->model, &proposing, err);
    else
        rc = proposing_run(&trying->attempt->proposing, &proposing, err);
    if (rc == 0)
        rc = take_proposals(trying, &ablation, err);
    struct err ending = { 0 };
    int ended = end_row(&row, trying, evidence, rc < 0 ? err : NULL, &ending);
    if (rc < 0 || ended == 0)
        return rc;
    *err = ending;
    return ended;
}

static int with_builds(struct trying *trying, const struct driver_builds *builds, struct err *err)
{
    const struct attempt_plan *plan = trying->plan;
    struct driver *driver = plan->driver;
    const struct replay_arm arm = driver_arm(driver, builds, "moult-worker");
    const struct run *const *runs = (const struct run *const *)trying->runs.at;
    const struct evidence_digests **now;
    struct evidence evidence = { 0 };
    const char *detector =
        arena_string(&trying->arena, trying->batch.detector.at, trying->batch.detector.size);
    struct policy policy;
    int rc = policy_of_home(&policy, &driver->home, &driver->config, err);
    if (rc == 0)
        rc = evidence_now(
            &now, &trying->arena, &arm, plan->advance.workers, runs, trying->runs.count, err);
    if (rc < 0)
        return rc;
    const struct evidence_plan from = { .detector = detector_find(detector),
        .batch = &trying->batch,
        .runs = runs,
        .runs_count = trying->runs.count,
        .now = (const struct evidence_digests *const *)now,
        .harness = trying->harness,
        .stock = trying->donors.stock,
        .earlier = trying->donors.earlier,
        .earlier_count = trying->donors.earlier_count,
        .from = plan->from ? plan->from->id : (struct str){ 0 },
        .past = trying->past,
        .past_count = trying->past_count,
        .without = plan->without,
        .without_count = plan->without_count,
        .candidates = PROPOSER_CANDIDATES_MAX,
        .seconds = plan->seconds,
        .rounds = plan->model ? plan->model->rounds : 0,
        .lines = policy.patch_lines_max,
        .seed = plan->seed };
    struct err why = { 0 };
    rc = evidence_choose(&evidence, &from, &why);
    if (rc == -ERR_MISSING || rc == -ERR_STATE) {
        trying->attempt->not_tried = arena_string(&driver->arena, why.text, strlen(why.text));
        return 0;
    }
    if (rc < 0) {
        *err = why;
        return rc;
    }
    rc = propose(trying, builds, &evidence, &from, &policy, err);
    evidence_done(&evidence);
    return rc;
}

int attempt_run(struct attempt *ret, const struct attempt_plan *plan, struct err *err)
{
    struct trying trying = { .plan = plan, .attempt = ret, .proposer = "search" };
    struct driver_builds builds;
    memset(ret, 0, sizeof *ret);
    if (plan->command)
        trying.proposer = arena_format(&trying.arena, CONFIG_COMMAND "%.*s",
            (int)plan->command->name.size, plan->command->name.at);
    if (plan->model)
        trying.proposer = asking_name(plan->model, &trying.arena);
    int rc = open_archived(&trying, err);
    if (rc == 0)
        rc = read_held_in(&trying, err);
    if (rc == 0)
        rc = past_read(&trying.past, &trying.past_count, plan->driver->journal, plan->cluster,
            &trying.arena, err);
    if (rc == 0)
        rc = donors_read(&trying.donors, plan->driver,
            plan->stock || plan->driver->config.search_stock, &trying.arena, err);
    if (rc == 0)
        rc = driver_builds(&builds, plan->driver, &plan->driver->generation, err);
    if (rc == 0) {
        rc = with_builds(&trying, &builds, err);
        driver_builds_done(&builds);
    }
    runs_done(&trying.runs);
    arena_done(&trying.arena);
    if (rc < 0)
        attempt_done(ret);
    return rc;
}

void attempt_done(struct attempt *attempt)
{
    proposing_result_done(&attempt->proposing);
}
