/* compare - see compare.h. */
#include "trials/compare.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "trials/overreach.h"
#include "trials/track.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHUNK = 64, WORKERS = 2, WALL_MS = 3000, TIMED_AGAIN = 3 };
/* OLD_AGAIN and NEW_AGAIN: the second passes. */
enum arm { OLD, NEW, OLD_AGAIN, NEW_AGAIN, SANITISED, ARMS };

struct arm_state {
    struct replay *replay; /* NULL: not run, or its infrastructure failed */
    bool wanted;
};
struct cost {
    double ns;
    uint64_t steps;
};
struct tried {
    const struct run *run;
    const struct detector
        *detector; /* whose frame says what a repair is; NULL: nothing may change */
    uint8_t suite;
    struct track tracks[ARMS];
};
struct comparing {
    const struct compare_plan *plan;
    struct arena *arena;
    struct arm_state arms[ARMS];
    struct tried *tried;
    unsigned tried_count;
    /* the chunk in work */
    enum arm arm;
    unsigned from, to;
    bool timing;                    /* only what it costs: effects were compared before */
    struct cost chunk[2], total[2]; /* of OLD and of NEW */
};

/* --- which runs, in which suite */

static bool in_cases(const struct batch *batch, struct str session)
{
    for (uint32_t i = 0; batch && i < batch->cases_count; i++)
        if (str_equal(batch->cases[i].session, session))
            return true;
    return false;
}

static bool in_neighbours(const struct batch *batch, struct str session)
{
    for (uint32_t i = 0; batch && i < batch->neighbours_count; i++)
        if (str_equal(batch->neighbours[i], session))
            return true;
    return false;
}

static void on_hit(void *with, const struct detect_hit *hit)
{
    (void)hit;
    *(bool *)with = true;
}

/* A run with the symptom that is neither a case nor a neighbour says nothing: -1. */
static int suite_of(const struct compare_plan *plan, const struct run *run)
{
    bool symptom = false;
    if (in_cases(plan->held_in, run->session))
        return SUITE_BATCH;
    if (in_cases(plan->held_out, run->session))
        return SUITE_HELD_OUT;
    if (in_neighbours(plan->held_in, run->session) || in_neighbours(plan->held_out, run->session))
        return SUITE_REGRESSION;
    plan->detector->find(run, on_hit, &symptom);
    return symptom ? -1 : SUITE_REGRESSION;
}

static void add_run(
    struct comparing *c, const struct run *run, uint8_t suite, const struct detector *detector)
{
    struct tried *tried = &c->tried[c->tried_count++];
    tried->run = run;
    tried->suite = suite;
    tried->detector = detector;
    for (int arm = 0; arm < ARMS; arm++)
        track_begin(&tried->tracks[arm], run, c->arena);
}

static bool told_before(unsigned detector)
{
    for (unsigned i = 0; i < detector; i++)
        if (detectors[i].overreach == detectors[detector].overreach)
            return true;
    return false;
}

/* Made cases of every detector, those of the candidate's own included. */
static int add_made(struct comparing *c, struct err *err)
{
    for (unsigned i = 0; i < detectors_count; i++) {
        struct run **runs;
        unsigned count;
        if (!detectors[i].overreach || told_before(i))
            continue;
        int rc = overreach_runs(&detectors[i], c->arena, &runs, &count, err);
        if (rc < 0)
            return rc;
        c->tried = mem_grow(c->tried, c->tried_count + count + 1, sizeof *c->tried);
        for (unsigned k = 0; k < count; k++)
            add_run(c, runs[k], SUITE_SAFETY, NULL);
    }
    return 0;
}

static int choose_runs(struct comparing *c, struct err *err)
{
    const struct compare_plan *plan = c->plan;
    c->tried = mem_zero(plan->runs_count + 1, sizeof *c->tried);
    for (unsigned i = 0; i < plan->runs_count; i++) {
        int suite = suite_of(plan, plan->runs[i]);
        if (suite >= 0)
            add_run(c, plan->runs[i], (uint8_t)suite, plan->detector);
    }
    return add_made(c, err);
}

/* --- arms */

static int open_arm(struct comparing *c, enum arm arm, struct replay_arm plan, struct err *err)
{
    bool again = arm == OLD_AGAIN || arm == NEW_AGAIN;
    plan.seed += again ? 76 : 0;
    plan.lease_base += again ? 1000000 : 0;
    plan.elapsed_ms += again ? 12345 : 0;
    c->arms[arm].wanted = true;
    unsigned workers = c->plan->workers ? c->plan->workers : WORKERS;
    return replay_open(&c->arms[arm].replay, &plan, workers, err);
}

static int open_arms(struct comparing *c, struct err *err)
{
    const struct compare_plan *plan = c->plan;
    int rc;
    if ((rc = open_arm(c, OLD, plan->old, err)) < 0 ||
        (rc = open_arm(c, OLD_AGAIN, plan->old, err)) < 0)
        return err_while(err, "the old arm");
    if ((rc = open_arm(c, NEW, plan->new, err)) < 0 ||
        (rc = open_arm(c, NEW_AGAIN, plan->new, err)) < 0)
        return err_while(err, "the new arm");
    if (plan->sanitised.worker && open_arm(c, SANITISED, plan->sanitised, err) < 0)
        return err_while(err, "the sanitised arm");
    return 0;
}

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct comparing *c = with;
    const struct compare_plan *plan = c->plan;
    unsigned i = c->from;
    if (c->timing)
        return 0;
    while (c->tried[i].run != run)
        i++;
    struct track *track = &c->tried[i].tracks[c->arm];
    int over = track_step(track, c->tried[i].detector, step, effects, c->arena);
    if (c->arm == NEW && track->outcome == OUTCOME_RESOLVED && plan->resolved)
        plan->resolved(plan->with, run, step, effects);
    return over;
}

static double step_ns(const struct cost *cost)
{
    return cost->steps ? cost->ns / (double)cost->steps : 0;
}

/* Other work on the machine makes a pass dearer and never cheaper: what counts is the cheapest. */
static void note_cost(struct comparing *c, enum arm arm, struct cost pass)
{
    struct cost *best = &c->chunk[arm == NEW || arm == NEW_AGAIN];
    if (arm != SANITISED && pass.steps > 0 && (best->steps == 0 || step_ns(&pass) < step_ns(best)))
        *best = pass;
}

/* Processor time of the workers where the kernel tells, else time that went by. */
static struct cost cost_since(
    const struct arm_state *state, const struct replay_use *before, uint64_t since_ns)
{
    struct replay_use use = replay_use(state->replay);
    uint64_t cpu_ns = use.cpu_ns - before->cpu_ns;
    return (struct cost){ .ns = (double)(cpu_ns ? cpu_ns : clock_mono_ns() - since_ns),
        .steps = use.steps - before->steps };
}

/* An arm whose infrastructure fails is not tried again: what it lacks is missing. */
static void run_chunk(struct comparing *c, enum arm arm)
{
    const struct run *runs[CHUNK];
    struct arm_state *state = &c->arms[arm];
    uint32_t wall_ms = c->plan->wall_ms ? c->plan->wall_ms : WALL_MS;
    uint64_t from = clock_mono_ns();
    if (!state->replay)
        return;
    struct replay_use before = replay_use(state->replay);
    c->arm = arm;
    for (unsigned i = c->from; i < c->to; i++)
        runs[i - c->from] = c->tried[i].run;
    int rc = replay_runs(state->replay, runs, c->to - c->from, wall_ms, on_step, c, NULL);
    if (rc >= 0)
        note_cost(c, arm, cost_since(state, &before, from));
    if (rc < 0) {
        replay_free(state->replay);
        state->replay = NULL;
    }
}

/* One that looks slower is timed again beside the other: a busy machine is not its fault. */
static void settle_cost(struct comparing *c)
{
    c->timing = true;
    for (int i = 0; i < TIMED_AGAIN && step_ns(&c->chunk[1]) > 1.25 * step_ns(&c->chunk[0]); i++) {
        run_chunk(c, OLD);
        run_chunk(c, NEW);
    }
    c->timing = false;
    for (int side = 0; side < 2; side++) {
        c->total[side].ns += c->chunk[side].ns;
        c->total[side].steps += c->chunk[side].steps;
        c->chunk[side] = (struct cost){ 0 };
    }
}

/* In turns, and each first in half of the chunks. */
static void run_all(struct comparing *c)
{
    static const enum arm orders[2][ARMS] = { { OLD, NEW, OLD_AGAIN, NEW_AGAIN, SANITISED },
        { NEW, OLD, NEW_AGAIN, OLD_AGAIN, SANITISED } };
    for (c->from = 0; c->from < c->tried_count; c->from = c->to) {
        unsigned left = c->tried_count - c->from;
        c->to = c->from + (left < CHUNK ? left : CHUNK);
        for (int i = 0; i < ARMS; i++)
            run_chunk(c, orders[c->from / CHUNK % 2][i]);
        settle_cost(c);
        if (c->plan->progress)
            c->plan->progress(c->plan->with, c->to, c->tried_count);
    }
}

/* --- the report */

static struct digest effects_digest(const struct track *track, uint32_t step)
{
    return track->complete ? track_digest(track, step) : (struct digest){ 0 };
}

static void fill_case(struct report_case *ret, const struct tried *tried)
{
    const struct track *old = &tried->tracks[OLD], *new = &tried->tracks[NEW];
    bool both = old->complete && new->complete;
    uint32_t parts = both ? track_parts(old, new) : UINT32_MAX;
    *ret = (struct report_case){ .id = tried->run->session,
        .group = tried->run->group,
        .suite = tried->suite,
        .split = tried->suite == SUITE_SAFETY ? SPLIT_HELD_IN : tried->run->split,
        .signature = tried->suite == SUITE_BATCH || tried->suite == SUITE_HELD_OUT,
        .old_outcome = old->complete ? old->outcome : OUTCOME_SAME,
        .new_outcome = new->complete ? new->outcome : OUTCOME_SAME,
        .step = parts,
        .old_abnormal = old->complete && old->outcome == OUTCOME_ABNORMAL,
        .new_abnormal = new->complete &&new->outcome == OUTCOME_ABNORMAL,
        .missing_old = !old->complete,
        .missing_new = !new->complete,
        .old_effects = effects_digest(old, parts),
        .new_effects = effects_digest(new, parts) };
    if (ret->split == SPLIT_HELD_IN)
        ret->detail = new->complete ? new->detail : STR("");
}

/* What it finds wrong there in the new arm, and not in the old one at the same step. */
static uint32_t new_failures(const struct tried *tried, struct arena *arena)
{
    const struct track *old = &tried->tracks[OLD], *new = &tried->tracks[NEW];
    struct effects recorded;
    if (!new->failing || old->changed < new->changed)
        return 0;
    uint64_t before = old->failing;
    if (old->changed != new->changed) {
        effects_recorded(&recorded, tried->run, new->changed, arena);
        before = track_failing(tried->run, new->changed, &recorded);
    }
    return (uint32_t)__builtin_popcountll(new->failing & ~before);
}

static bool breaks_prefix(const struct tried *tried)
{
    const struct track *old = &tried->tracks[OLD], *new = &tried->tracks[NEW];
    return !new->prefix && !(old->changed == new->changed && !old->prefix);
}

static bool again_same(const struct tried *tried, enum arm first, enum arm second)
{
    const struct track *a = &tried->tracks[first], *b = &tried->tracks[second];
    return a->complete == b->complete && track_parts(a, b) == UINT32_MAX;
}

/* Death under the sanitiser, or anything that the release build does not do. */
static bool sanitiser_finds(const struct tried *tried)
{
    const struct track *new = &tried->tracks[NEW], *sanitised = &tried->tracks[SANITISED];
    return sanitised->complete && new->complete &&track_parts(new, sanitised) != UINT32_MAX;
}

static void fill_cases(struct comparing *c, struct report *ret)
{
    ret->cases = arena_alloc(c->arena, (c->tried_count + 1) * sizeof *ret->cases);
    ret->cases_count = c->tried_count;
    ret->deterministic = c->tried_count > 0;
    ret->sanitised = c->arms[SANITISED].wanted;
    for (unsigned i = 0; i < c->tried_count; i++) {
        const struct tried *tried = &c->tried[i];
        fill_case(&ret->cases[i], tried);
        ret->claims |= tried->run->claims;
        ret->deterministic &=
            again_same(tried, OLD, OLD_AGAIN) && again_same(tried, NEW, NEW_AGAIN);
        ret->sanitised &= tried->tracks[SANITISED].complete;
        ret->sanitised_findings += c->arms[SANITISED].wanted && sanitiser_finds(tried);
        ret->new_signatures += new_failures(tried, c->arena);
        ret->prefix_breaks += breaks_prefix(tried);
    }
    if (c->arms[SANITISED].replay) {
        unsigned reports = replay_use(c->arms[SANITISED].replay).reports;
        if (ret->sanitised_findings < reports)
            ret->sanitised_findings = reports; /* where the release build died, too */
    }
}

static void fill_sandbox(struct comparing *c, struct report *ret)
{
    CLEANUP(buf_done) struct buf words = { 0 };
    uint32_t layers = UINT32_MAX;
    const uint32_t namespaces = LAYER_BIT(LAYER_MOUNT_NS) | LAYER_BIT(LAYER_PID_NS) |
                                LAYER_BIT(LAYER_NET_NS) | LAYER_BIT(LAYER_ROOT);
    for (int arm = 0; arm < ARMS; arm++)
        if (c->arms[arm].wanted)
            layers &= c->arms[arm].replay ? replay_layers(c->arms[arm].replay) : 0;
    for (int i = 0; i < LAYERS; i++)
        if (layers & LAYER_BIT(i))
            buf_format(&words, "%s%s", words.size ? "," : "", sandbox_layer_words[i]);
    bool strong = (layers & namespaces) == namespaces;
    ret->tier = str_of(sandbox_tier_words[strong ? SANDBOX_STRONG : SANDBOX_CONTAINER]);
    ret->layers =
        (struct str){ arena_string(c->arena, words.at ? words.at : "", words.size), words.size };
}

static const struct replay_build *build_named(const struct replay_arm *arm, const char *name)
{
    for (unsigned i = 0; i < arm->builds_count; i++)
        if (strcmp(arm->builds[i].name, name) == 0)
            return &arm->builds[i];
    return NULL;
}

static uint32_t size_of(const struct replay_build *build)
{
    struct stat info;
    return build && fstat(build->fd, &info) == 0 ? (uint32_t)info.st_size : 0;
}

/* The build that differs; several: the first by its order in the new arm, and all of their bytes.
 */
static void fill_builds(struct comparing *c, struct report *ret)
{
    const struct compare_plan *plan = c->plan;
    for (unsigned i = 0; i < plan->new.builds_count; i++) {
        const struct replay_build *new = &plan->new.builds[i];
        const struct replay_build *old = build_named(&plan->old, new->name);
        if (old && hash_equal(&old->build, &new->build))
            continue;
        if (ret->plugin.size == 0) {
            ret->plugin = str_of(arena_format(c->arena, "%s", new->name));
            ret->new_build = new->build;
            ret->old_build = old ? old->build : (struct digest){ 0 };
        }
        ret->so_bytes_old += size_of(old);
        ret->so_bytes_new += size_of(new);
    }
}

static void fill_report(struct comparing *c, struct report *ret)
{
    const struct compare_plan *plan = c->plan;
    *ret = (struct report){ .batch = plan->held_in->digest,
        .detector = str_of(plan->detector->id),
        .fresh_baseline = true,
        .us_step_old = step_ns(&c->total[0]) / 1000,
        .us_step_new = step_ns(&c->total[1]) / 1000 };
    fill_builds(c, ret);
    fill_sandbox(c, ret);
    fill_cases(c, ret);
}

int compare_runs(
    struct report *ret, const struct compare_plan *plan, struct arena *arena, struct err *err)
{
    struct comparing c = { .plan = plan, .arena = arena };
    int rc = choose_runs(&c, err);
    if (rc == 0)
        rc = open_arms(&c, err);
    if (rc == 0) {
        run_all(&c);
        fill_report(&c, ret);
    }
    for (int arm = 0; arm < ARMS; arm++)
        replay_free(c.arms[arm].replay);
    free(c.tried);
    return rc;
}
