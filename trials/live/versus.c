/* versus - see versus.h. One group after the other in keyed order, each on the disk before the
 * next, until the processes of sequential.h or the budget end it. */
#include "trials/live/versus.h"

#include "base/mem.h"
#include "trials/policy_home.h"

#include <string.h>

enum { FEW_GROUPS = 20 }; /* all of them are run then, and asked once: that has more power */

/* --- what is fixed beforehand */

static struct digest arm_digest(const struct replay_arm *arm)
{
    struct hash_state hash;
    hash_begin(&hash);
    for (unsigned i = 0; i < arm->builds_count; i++) {
        hash_add(&hash, arm->builds[i].name, strlen(arm->builds[i].name) + 1);
        hash_add(&hash, arm->builds[i].build.at, sizeof arm->builds[i].build.at);
    }
    return hash_end(&hash);
}

/* The candidate is what it is beside this very harness: beside another it is another question. */
static int name_candidate(const struct versus *versus, struct digest *ret, struct err *err)
{
    const struct digest arms[] = { arm_digest(&versus->chosen[0].arm),
        arm_digest(&versus->chosen[1].arm) };
    const struct str parts[] = { STR("moult arms"), { (const char *)arms, sizeof arms } };
    *ret = hash_parts(parts, COUNT_OF(parts));
    return hash_equal(&arms[0], &arms[1])
               ? err_set(err, ERR_USAGE, "the candidate is the harness that it stands beside")
               : 0;
}

static int common_repeats(const struct live_trial *trial, uint32_t *ret, struct err *err)
{
    *ret = live_repeats(trial, &trial->cases.list[0]);
    for (uint32_t i = 1; i < trial->cases.count; i++)
        if (live_repeats(trial, &trial->cases.list[i]) != *ret) {
            err_set(err, ERR_USAGE, "the cases want different numbers of repeats");
            return err_hint(err, "--repeats says one for all");
        }
    return 0;
}

static void print_model(struct buf *out, const struct config *config, struct str alias)
{
    for (uint32_t i = 0; i < config->models_count; i++) {
        const struct config_model *model = &config->models[i];
        if (!str_equal(model->name, alias))
            continue;
        buf_text(out, "{\"alias\":");
        json_quote(out, alias);
        buf_text(out, ",\"model\":");
        json_quote(out, model->model.size ? model->model : model->name);
        buf_text(out, ",\"base_url\":");
        json_quote(out, model->base_url);
        buf_char(out, '}');
    }
}

/* Each once, in the order in which cases name them. */
static void print_models(struct buf *out, const struct live_trial *trial)
{
    CLEANUP(buf_done) struct buf one = { 0 };
    uint32_t told = 0;
    for (uint32_t i = 0; i < trial->cases.count; i++) {
        const struct trial_case *of = &trial->cases.list[i].of;
        for (uint32_t k = 0; k <= of->grades_count; k++) {
            bool judge = k > 0 && of->grades[k - 1].check == CASE_JUDGE;
            if (k > 0 && !judge)
                continue;
            buf_clear(&one);
            print_model(&one, &trial->config, judge ? of->grades[k - 1].model : live_alias(of));
            if (str_find(buf_view(out), buf_view(&one)) >= 0)
                continue;
            buf_text(out, told++ ? "," : "");
            buf_str(out, buf_view(&one));
        }
    }
}

static void print_terms(struct buf *out, const struct live_trial *trial)
{
    buf_text(out, ", \"temperature\": ");
    if (trial->options.temperature >= 0)
        buf_format(out, "%.6g", trial->options.temperature);
    else
        buf_text(out, "null");
    buf_text(out, ", \"models\": [");
    print_models(out, trial);
    buf_char(out, ']');
}

static int make_plan(struct versus *versus, struct err *err)
{
    CLEANUP(buf_done) struct buf terms = { 0 };
    struct live_trial *trial = versus->trial;
    const struct live_cases *cases = &trial->cases;
    struct policy policy;
    struct sequential_plan plan = {
        .shard = cases->shard, .cases = cases->count, .groups = cases->groups_count
    };
    int rc = name_candidate(versus, &plan.candidate, err);
    if (rc == 0)
        rc = common_repeats(trial, &plan.repeats, err);
    if (rc == 0)
        rc = policy_of_home(&policy, trial->home, &trial->config, err);
    if (rc < 0)
        return rc;
    plan.level_harm = policy.level_harm;
    plan.margin = policy.margin;
    plan.missing_max = policy.missing_max;
    const char *stop = trial->options.stop;
    bool fixed = stop ? strcmp(stop, "fixed") == 0 : plan.groups <= FEW_GROUPS;
    plan.stop = fixed ? SEQUENTIAL_FIXED : SEQUENTIAL_ANY;
    versus->plan = (struct live_row_plan){ .plan = plan, .level_shard = policy.level_shard };
    for (uint32_t i = 0; i < cases->groups_count; i++)
        versus->plan.signature += cases->signature[i];
    print_terms(&terms, trial);
    versus->plan.terms =
        (struct str){ arena_string(&trial->arena, terms.at, terms.size), terms.size };
    return 0;
}

/* --- the runs */

static int run_arm(void *with, uint32_t of, bool new, uint32_t repeat, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct versus *versus = with;
    const struct live_case *one = &versus->trial->cases.list[versus->members[of]];
    struct live_run run;
    int rc = live_run(&run, &versus->trial->means, &one->of, &versus->chosen[new].arm,
        &versus->seats[new], repeat, &arena, err);
    if (rc < 0)
        return rc;
    live_evidence_add(&versus->evidence, &run, &one->of, new ? "new" : "old", repeat);
    versus->took.requests += run.requests;
    versus->took.tokens += run.tokens;
    versus->took.usd += run.usd;
    versus->took.floors += new &&run.proof.floor;
    return run.proof.verdict == GRADE_PASS ? ARMS_PASSED : run.missing ? ARMS_MISSING : ARMS_FAILED;
}

static int run_group(struct versus *versus, uint32_t number, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct live_cases *cases = &versus->trial->cases;
    struct digest *digests = arena_alloc(&arena, (cases->count + 1) * sizeof *digests);
    uint32_t *members = arena_alloc(&arena, (cases->count + 1) * sizeof *members), count = 0;
    struct sequential_group group = { .group = cases->groups[number],
        .signature = cases->signature[number] };
    struct digest evidence;
    for (uint32_t i = 0; i < cases->count; i++)
        if (cases->list[i].group == number) {
            digests[count] = cases->list[i].digest;
            members[count++] = i;
        }
    versus->members = members;
    versus->took = (struct live_took){ 0 };
    int rc = arms_group(&group, &versus->plan.plan, digests, count, run_arm, versus, err);
    if (rc == 0)
        rc = live_evidence_put(
            &versus->evidence, versus->trial->journal, &versus->row.plan, &evidence, err);
    return rc < 0 ? rc : live_row_bet(&versus->row, &group, &evidence, &versus->took, err);
}

static uint32_t number_of(const struct live_cases *cases, const struct digest *group)
{
    uint32_t i = 0;
    while (!hash_equal(&cases->groups[i], group))
        i++;
    return i;
}

static int run_groups(struct versus *versus, struct err *err)
{
    struct live_trial *trial = versus->trial;
    const struct live_cases *cases = &trial->cases;
    const struct sequential *state = &versus->row.sequential;
    uint32_t count = cases->groups_count;
    struct digest *order = arena_copy(&trial->arena, cases->groups, count * sizeof *order);
    int rc = 0;
    sequential_order(&versus->plan.plan, order, count);
    for (uint32_t i = 0; rc == 0 && i < count && !live_row_ended(&versus->row); i++) {
        if (sequential_has(state, &order[i]))
            continue;
        verb_progress_of(i, count, "groups");
        rc = run_group(versus, number_of(cases, &order[i]), err);
        if (rc < 0 && live_stops(trial, rc, err))
            return 0;
    }
    return rc;
}

/* --- all of it */

enum grade_verdict versus_verdict(const struct versus *versus)
{
    if (versus->row.took.floors > 0)
        return GRADE_FAIL;
    static const enum grade_verdict verdicts[] = { [SEQUENTIAL_OPEN] = GRADE_INCONCLUSIVE,
        [SEQUENTIAL_PASS] = GRADE_PASS,
        [SEQUENTIAL_HARM] = GRADE_FAIL,
        [SEQUENTIAL_FUTILE] = GRADE_INCONCLUSIVE,
        [SEQUENTIAL_SPENT] = GRADE_INCONCLUSIVE };
    return verdicts[versus->row.sequential.end];
}

static int compare(struct versus *versus, struct err *err)
{
    struct live_trial *trial = versus->trial;
    int rc = make_plan(versus, err);
    if (rc == 0)
        rc = live_row_open(&versus->row, trial->journal, trial->home, &versus->plan, err);
    if (rc == 1) {
        versus->unable = *err;
        return versus_tell(versus, err);
    }
    if (rc == 0)
        rc = run_groups(versus, err);
    if (rc == 0)
        rc = live_row_end(&versus->row, err);
    return rc < 0 ? rc : versus_tell(versus, err);
}

int live_versus(struct live_trial *trial, const struct replay_choice *choice, struct err *err)
{
    struct versus versus = { .trial = trial, .row = { .lock = -1 } };
    struct replay_choice base = *choice;
    base.candidates.count = 0;
    int rc = replay_choose(&versus.chosen[0], &base, trial->journal, trial->home, err);
    if (rc == 0)
        rc = replay_choose(&versus.chosen[1], choice, trial->journal, trial->home, err);
    if (rc == 0)
        rc = compare(&versus, err);
    for (int i = 0; i < 2; i++) {
        seat_done(&versus.seats[i]);
        replay_chosen_done(&versus.chosen[i]);
    }
    live_row_close(&versus.row);
    live_evidence_done(&versus.evidence);
    return rc;
}
