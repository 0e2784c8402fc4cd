/* compare - see compare.h. */
#include "trials/comparing.h"

#include "base/clock.h"
#include "base/mem.h"
#include "trials/pass.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64, WORKERS = 2, WALL_MS = 3000, TIMED_AGAIN = 3, TIMED_MOST = 10 };

/* The sanitised build goes over all runs anyway: with a third time and seed. */
static const unsigned first_pass[ARMS] = { [OLD_AGAIN] = 1, [NEW_AGAIN] = 1, [SANITISED] = 2 };

static int open_arm(struct comparing *c, enum arm arm, struct replay_arm plan, struct err *err)
{
    plan.pass = first_pass[arm];
    c->arms[arm].wanted = true;
    unsigned workers = c->plan->workers ? c->plan->workers : WORKERS;
    return replay_open(&c->arms[arm].replay, &plan, workers, err);
}

static int open_arms(struct comparing *c, struct err *err)
{
    const struct compare_plan *plan = c->plan;
    struct replay_arm old = plan->old;
    int rc;
    old.patient = true;
    if ((rc = open_arm(c, OLD, old, err)) < 0 || (rc = open_arm(c, OLD_AGAIN, old, err)) < 0)
        return err_while(err, "the old arm");
    if ((rc = open_arm(c, NEW, plan->new, err)) < 0 ||
        (rc = open_arm(c, NEW_AGAIN, plan->new, err)) < 0)
        return err_while(err, "the new arm");
    if (plan->sanitised.worker && open_arm(c, SANITISED, plan->sanitised, err) < 0)
        return err_while(err, "the sanitised arm");
    if (plan->genesis.worker && open_arm(c, GENESIS, plan->genesis, err) < 0)
        return err_while(err, "generation 0");
    if (plan->marks && marks_wanted(plan->marks) > 0 && plan->marked.worker &&
        open_arm(c, MARKED, plan->marked, err) < 0)
        return err_while(err, "the marked arm");
    return 0;
}

static void note_marks(struct comparing *c, unsigned i, struct str bits)
{
    for (size_t k = 0; k < bits.size && k < WIRE_COVER_MAX; k++)
        c->ran[i - c->from][k] |= (uint8_t)bits.at[k];
}

int comparing_step(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    struct comparing *c = with;
    const struct compare_plan *plan = c->plan;
    unsigned i = c->from;
    if (c->timing)
        return 0;
    while (c->tried[i].run != run)
        i++;
    struct tried *tried = &c->tried[i];
    struct track *track = &tried->tracks[c->arm];
    if (c->arm == OLD && effects->end == EFFECTS_ABNORMAL && !effects->hook_failed)
        tried->dead = true;
    if (c->arm == MARKED)
        note_marks(c, i, effects->cover);
    int over = track_step(track, tried->detector, step, effects, c->arena);
    if (c->arm == NEW && track->mended == step && plan->resolved && !comparing_variant(c, tried))
        plan->resolved(plan->with, run, step, effects);
    return over;
}

/* Other work on the machine makes a pass dearer and never cheaper: what counts is the cheapest. */
static void note_cost(struct comparing *c, enum arm arm, struct cost pass)
{
    struct cost *best = &c->chunk[arm == NEW || arm == NEW_AGAIN];
    if (arm <= NEW_AGAIN && pass.steps > 0 &&
        (best->steps == 0 || comparing_step_ns(&pass) < comparing_step_ns(best)))
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

uint32_t comparing_wall_ms(const struct comparing *c)
{
    return c->plan->wall_ms ? c->plan->wall_ms : WALL_MS;
}

/* What the old arm dies of kills the new one as well, and each death costs a worker. */
static bool wants(enum arm arm, const struct tried *tried)
{
    return !tried->dead && (arm != GENESIS || tried->suite == SUITE_SAFETY) &&
           (arm <= NEW || !tried->once);
}

/* An arm whose infrastructure fails is not tried again: what it lacks is missing. */
static void run_chunk(struct comparing *c, enum arm arm, unsigned pass)
{
    const struct run *runs[CHUNK];
    unsigned count = 0;
    struct arm_state *state = &c->arms[arm];
    uint64_t from = clock_mono_ns();
    if (!state->replay)
        return;
    struct replay_use before = replay_use(state->replay);
    c->arm = arm;
    replay_pass(state->replay, pass);
    for (unsigned i = c->from; i < c->to; i++)
        if ((pass <= first_pass[arm] || c->tried[i].often) && wants(arm, &c->tried[i]))
            runs[count++] = c->tried[i].run;
    int rc = replay_runs(state->replay, runs, count, comparing_wall_ms(c), comparing_step, c, NULL);
    uint32_t memory = replay_memory(state->replay);
    state->memory = memory > state->memory ? memory : state->memory;
    if (rc >= 0 && pass <= first_pass[arm])
        note_cost(c, arm, cost_since(state, &before, from));
    if (rc < 0) {
        replay_free(state->replay);
        state->replay = NULL;
    }
}

/* So much slower that it might lose by it is asked more often. */
static bool looks_slower(const struct comparing *c, int timed)
{
    double times = timed < TIMED_AGAIN ? 1.25 : 1.75;
    return timed < TIMED_MOST &&
           comparing_step_ns(&c->chunk[1]) > times * comparing_step_ns(&c->chunk[0]);
}

/* One that looks slower is timed again beside the other: a busy machine is not its fault. */
static void settle_cost(struct comparing *c)
{
    c->timing = true;
    for (int i = 0; looks_slower(c, i); i++) {
        run_chunk(c, OLD, 0);
        run_chunk(c, NEW, 0);
    }
    c->timing = false;
    for (int side = 0; side < 2; side++) {
        c->total[side].ns += c->chunk[side].ns;
        c->total[side].steps += c->chunk[side].steps;
        c->chunk[side] = (struct cost){ 0 };
    }
}

static void note_pass(struct tried *tried)
{
    for (int arm = OLD; arm <= NEW && !tried->once; arm++) {
        const struct track *a = &tried->tracks[arm], *b = &tried->tracks[arm + OLD_AGAIN];
        if (!a->complete || !b->complete)
            tried->unsure |= a->complete != b->complete;
        else
            tried->unstable[arm] |= track_parts(a, b) != UINT32_MAX;
    }
}

/* Those that have all passes have them all in both arms, so that it shows whose fault it is. */
static void run_later_passes(struct comparing *c)
{
    for (unsigned pass = 2; pass < PASSES; pass++) {
        for (unsigned i = c->from; i < c->to; i++)
            for (int arm = OLD_AGAIN; c->tried[i].often && arm <= NEW_AGAIN; arm++)
                track_begin(&c->tried[i].tracks[arm], c->tried[i].run, c->arena);
        run_chunk(c, OLD_AGAIN, pass);
        run_chunk(c, NEW_AGAIN, pass);
        for (unsigned i = c->from; i < c->to; i++)
            if (c->tried[i].often)
                note_pass(&c->tried[i]);
    }
}

/* As long as a branch is left of which few cases are known: what the others would say is clear. A
 * run that the marked build takes otherwise tells nothing of the build that is judged. */
static void run_marked(struct comparing *c)
{
    struct marks *marks = c->plan->marks;
    if (!c->arms[MARKED].wanted || !marks_want_more(marks))
        return;
    memset(c->ran, 0, CHUNK * sizeof *c->ran);
    run_chunk(c, MARKED, 0);
    for (unsigned i = c->from; i < c->to; i++) {
        const struct tried *tried = &c->tried[i];
        const struct track *new = &tried->tracks[NEW], *marked = &tried->tracks[MARKED];
        const struct mark_case of = { .id = tried->run->session,
            .variant = comparing_variant(c, tried),
            .held_out = tried->suite != SUITE_SAFETY && tried->run->split != SPLIT_HELD_IN };
        if (new->complete && marked->complete &&track_parts(new, marked) == UINT32_MAX)
            marks_add(
                marks, (struct str){ (const char *)c->ran[i - c->from], WIRE_COVER_MAX }, &of);
    }
}

/* In turns. The old arm begins, since it says which runs are not to be had; the new one begins the
 * second round. */
static void run_all(struct comparing *c)
{
    static const enum arm order[] = { OLD, NEW, NEW_AGAIN, OLD_AGAIN, SANITISED };
    for (c->from = 0; c->from < c->tried_count; c->from = c->to) {
        unsigned left = c->tried_count - c->from;
        c->to = c->from + (left < CHUNK ? left : CHUNK);
        for (unsigned i = 0; i < COUNT_OF(order); i++)
            run_chunk(c, order[i], first_pass[order[i]]);
        for (unsigned i = c->from; i < c->to; i++)
            note_pass(&c->tried[i]);
        run_later_passes(c);
        run_marked(c);
        run_chunk(c, GENESIS, 0);
        settle_cost(c);
        if (c->plan->progress)
            c->plan->progress(c->plan->with, c->to, c->tried_count);
    }
}

int compare_runs(
    struct report *ret, const struct compare_plan *plan, struct arena *arena, struct err *err)
{
    struct comparing c = { .plan = plan, .arena = arena, .ran = mem_zero(CHUNK, sizeof *c.ran) };
    int rc = comparing_choose(&c, err);
    if (rc == 0)
        rc = open_arms(&c, err);
    if (rc == 0) {
        run_all(&c);
        comparing_alone(&c);
        comparing_report(&c, ret);
    }
    for (int arm = 0; arm < ARMS; arm++)
        replay_free(c.arms[arm].replay);
    free(c.tried);
    free(c.ran);
    return rc;
}
