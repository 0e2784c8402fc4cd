/* simulated_live - chance, and groups whose runs end by it. See simulated.h. */
#include "simulated.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* An LCG with a mixed output: what matters is that a seed gives the same rates for ever. */
double chance_uniform(struct chance *chance)
{
    chance->state = chance->state * 6364136223846793005u + 1442695040888963407u;
    uint64_t mixed = (chance->state ^ chance->state >> 33) * 0xff51afd7ed558ccdu;
    return (double)((mixed ^ mixed >> 33) >> 11) / 9007199254740992.0;
}

bool chance_hits(struct chance *chance, double p)
{
    return chance_uniform(chance) < p;
}

/* By Joehnk: no more than powers, and quick for small shapes. */
double chance_beta(struct chance *chance, double a, double b)
{
    for (;;) {
        double x = pow(chance_uniform(chance), 1 / a), y = pow(chance_uniform(chance), 1 / b);
        if (x + y > 0 && x + y <= 1)
            return x / (x + y);
    }
}

#define FAILS(chance) chance_beta(chance, .6, 1.4)
#define MARGIN .20
#define LEVEL .05

static double new_rate(struct chance *chance, enum live_world world, double *old)
{
    switch (world) {
    case LIVE_MEAN_0:
        return FAILS(chance);
    case LIVE_BETTER:
        return *old / 3;
    case LIVE_EDGE: /* scaled, so that there is room for the margin */
        *old *= 1 - MARGIN;
        return *old + MARGIN;
    default:
        return *old;
    }
}

struct sequential_group live_group(struct chance *chance, enum live_world world, uint32_t repeats,
    uint32_t number, int ret_pairs[LIVE_REPEATS_MAX])
{
    struct sequential_group group = { .signature = true, .cases = 1 };
    double old = FAILS(chance), new = new_rate(chance, world, &old);
    memcpy(group.group.at, &number, sizeof number);
    for (uint32_t i = 0; i < repeats; i++) {
        bool old_failed = chance_hits(chance, old), new_failed = chance_hits(chance, new);
        group.old.failed += old_failed;
        group.new.failed += new_failed;
        if (ret_pairs)
            ret_pairs[i] = old_failed - new_failed;
    }
    group.old.passed = repeats - group.old.failed;
    group.new.passed = repeats - group.new.failed;
    group.lost = group.old.failed == 0 && group.new.passed == 0;
    return group;
}

struct sequential_plan live_plan(uint32_t repeats, uint32_t groups, double level)
{
    return (struct sequential_plan){ .look = 1,
        .level = level,
        .level_harm = .05,
        .margin = MARGIN,
        .missing_max = .1,
        .repeats = repeats,
        .cases = groups,
        .groups = groups };
}

/* --- rules, the gate's and others' */

const uint32_t live_sizes[LIVE_SIZES] = { 20, 40, 80 };

struct live_run {
    struct sequential row;
    struct stats_bet votes, repeats;
    uint32_t wins, losses;        /* groups */
    uint32_t runs_won, runs_lost; /* pairs of runs */
    bool promoted[LIVE_RULES];
};

static void run_done(struct live_run *run)
{
    sequential_done(&run->row);
}

static void bet_on(struct stats_bet *bet, double d, bool *promoted)
{
    *promoted |= stats_bet_add(bet, d) >= -log(LEVEL);
}

static void add_group(struct live_run *run, const struct sequential_group *group, const int *pairs)
{
    uint32_t repeats = run->row.plan.repeats;
    int vote = (group->new.passed > group->old.passed) - (group->new.passed < group->old.passed);
    if (run->row.end == SEQUENTIAL_OPEN)
        run->promoted[LIVE_VERDICT] = sequential_add(&run->row, group, NULL) == SEQUENTIAL_PASS;
    bet_on(&run->votes, vote, &run->promoted[LIVE_VOTES]);
    for (uint32_t i = 0; i < repeats; i++) {
        bet_on(&run->repeats, pairs[i], &run->promoted[LIVE_PER_REPEAT]);
        run->runs_won += pairs[i] > 0;
        run->runs_lost += pairs[i] < 0;
    }
    run->wins += vote > 0;
    run->losses += vote < 0;
    run->promoted[LIVE_PEEKING] |=
        stats_up(run->runs_won, run->runs_won + run->runs_lost, .5) <= LEVEL;
    run->promoted[LIVE_FIXED] = stats_up(run->wins, run->wins + run->losses, .5) <= LEVEL;
    run->promoted[LIVE_KEEP] = run->runs_won > run->runs_lost;
}

static void one_run(double ret[LIVE_RULES][LIVE_SIZES], struct chance *chance,
    enum live_world world, const struct sequential_plan *plan)
{
    CLEANUP(run_done) struct live_run run = { 0 };
    int rc = sequential_init(&run.row, plan, NULL), size = 0;
    stats_bet_init(&run.votes, 0, 1);
    stats_bet_init(&run.repeats, 0, 1);
    for (uint32_t g = 0; rc == 0 && g < plan->groups; g++) {
        int pairs[LIVE_REPEATS_MAX];
        struct sequential_group group = live_group(chance, world, plan->repeats, g, pairs);
        add_group(&run, &group, pairs);
        if (g + 1 != live_sizes[size])
            continue;
        for (int rule = 0; rule < LIVE_RULES; rule++)
            ret[rule][size] += run.promoted[rule];
        size++;
    }
}

void live_rates(double ret[LIVE_RULES][LIVE_SIZES], struct chance *chance, enum live_world world,
    uint32_t repeats, unsigned runs)
{
    const struct sequential_plan plan = live_plan(repeats, live_sizes[LIVE_SIZES - 1], LEVEL);
    memset(ret, 0, LIVE_RULES * sizeof *ret);
    for (unsigned i = 0; i < runs; i++)
        one_run(ret, chance, world, &plan);
    for (int rule = 0; rule < LIVE_RULES; rule++)
        for (int size = 0; size < LIVE_SIZES; size++)
            ret[rule][size] /= runs;
}

double live_kept(struct chance *chance, double discordant, uint32_t groups, unsigned runs)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < runs; i++) {
        int gain = 0;
        for (uint32_t g = 0; g < groups; g++)
            if (chance_hits(chance, discordant))
                gain += chance_hits(chance, .5) ? 1 : -1;
        kept += gain > 0;
    }
    return (double)kept / runs;
}
