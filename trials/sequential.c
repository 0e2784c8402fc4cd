/* sequential - see sequential.h. */
#include "trials/sequential.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of any bet that ends a comparison against the candidate, and of one case alone. */
#define LEVEL_AGAINST .05
#define LEVEL_FUTILE .10
#define WORTH .10 /* a mean effect below this is not worth the runs that would show it */
enum { GROUPS_MAX = 10000, REPEATS_MAX = 100, CASES_MAX = 1000000 };

const char *const sequential_end_words[] = {
    [SEQUENTIAL_OPEN] = "open",
    [SEQUENTIAL_PASS] = "pass",
    [SEQUENTIAL_HARM] = "harm",
    [SEQUENTIAL_FUTILE] = "futile",
    [SEQUENTIAL_SPENT] = "spent",
};
const char *const sequential_process_words[PROCESSES] = {
    [PROCESS_BETTER] = "better",
    [PROCESS_NOT_WORSE] = "not worse",
    [PROCESS_HARM] = "harm",
    [PROCESS_FUTILE] = "futile",
};

/* What a group bets with in each process: its vote, or the difference of its shares. A bet on votes
 * is won sooner, since most groups differ little; a margin can only be told of a mean. */
static const struct process {
    int sign;       /* 1: against "the mean is at most", -1: against "at least" */
    bool vote;      /* the sign of the difference only */
    bool signature; /* only groups in which the failure occurs */
} processes[PROCESSES] = {
    [PROCESS_BETTER] = { 1, true, true },
    [PROCESS_NOT_WORSE] = { 1, false, false },
    [PROCESS_HARM] = { -1, true, false },
    [PROCESS_FUTILE] = { -1, false, true },
};

static double mean_of(const struct sequential_plan *plan, enum sequential_process process)
{
    return process == PROCESS_NOT_WORSE ? -plan->margin : process == PROCESS_FUTILE ? WORTH : 0;
}

static double level_of(const struct sequential_plan *plan, enum sequential_process process)
{
    return process == PROCESS_BETTER      ? plan->level
           : process == PROCESS_NOT_WORSE ? plan->level_harm
           : process == PROCESS_FUTILE    ? LEVEL_FUTILE
                                          : LEVEL_AGAINST;
}

double sequential_wanted(const struct sequential_plan *plan, enum sequential_process process)
{
    return -log(level_of(plan, process));
}

/* --- a plan */

static bool is_level(double a)
{
    return a > 0 && a <= .5;
}

int sequential_init(struct sequential *ret, const struct sequential_plan *plan, struct err *err)
{
    const char *wrong = NULL;
    if (plan->look == 0 || plan->passes >= plan->look)
        wrong = "there is no such look";
    else if (!is_level(plan->level) || !is_level(plan->level_harm))
        wrong = "a level is above 0 and at most .5";
    else if (!(plan->margin > 0 && plan->margin < 1))
        wrong = "the margin is between 0 and 1";
    else if (!(plan->missing_max >= 0 && plan->missing_max <= .5))
        wrong = "at most a half may be missing";
    else if (plan->repeats < 1 || plan->repeats > REPEATS_MAX)
        wrong = "1 to 100 repeats";
    else if (plan->groups < 1 || plan->groups > GROUPS_MAX)
        wrong = "1 to 10000 groups";
    else if (plan->cases < plan->groups || plan->cases > CASES_MAX)
        wrong = "at least as many cases as groups, at most a million";
    else if (plan->stop > SEQUENTIAL_FIXED)
        wrong = "no such way to stop";
    if (wrong)
        return err_set(err, ERR_INPUT, "plan of a comparison: %s", wrong);
    *ret = (struct sequential){ .plan = *plan };
    for (int i = 0; i < PROCESSES; i++)
        stats_bet_init(&ret->bets[i], mean_of(plan, (enum sequential_process)i), processes[i].sign);
    return 0;
}

void sequential_done(struct sequential *sequential)
{
    if (sequential)
        free(sequential->groups);
    if (sequential)
        *sequential = (struct sequential){ 0 };
}

/* --- order */

struct place {
    struct digest at, group;
};

static int by_place(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    return memcmp(&a->at, &b->at, sizeof a->at);
}

void sequential_order(const struct sequential_plan *plan, struct digest *groups, uint32_t count)
{
    CLEANUP(mem_freep) struct place *places = mem_zero(count + 1, sizeof *places);
    char key[sizeof plan->shard + sizeof plan->candidate];
    memcpy(key, &plan->shard, sizeof plan->shard);
    memcpy(key + sizeof plan->shard, &plan->candidate, sizeof plan->candidate);
    for (uint32_t i = 0; i < count; i++)
        places[i] =
            (struct place){ hash_key((struct str){ key, sizeof key },
                                (struct str){ (const char *)groups[i].at, sizeof groups[i] }),
                groups[i] };
    qsort(places, count, sizeof *places, by_place);
    for (uint32_t i = 0; i < count; i++)
        groups[i] = places[i].group;
}

bool sequential_has(const struct sequential *sequential, const struct digest *group)
{
    for (uint32_t i = 0; i < sequential->groups_count; i++)
        if (memcmp(&sequential->groups[i].group, group, sizeof *group) == 0)
            return true;
    return false;
}

/* --- a group */

static bool adds_up(const struct sequential_arm *arm, uint64_t runs)
{
    return (uint64_t)arm->passed + arm->failed + arm->missing == runs;
}

static const char *group_wrong(
    const struct sequential *sequential, const struct sequential_group *g)
{
    const struct sequential_plan *plan = &sequential->plan;
    uint64_t runs = (uint64_t)g->cases * plan->repeats;
    if (g->cases == 0 || g->cases > plan->cases - sequential->cases_count)
        return "more cases than the plan has, or none";
    if (!adds_up(&g->old, runs) || !adds_up(&g->new, runs))
        return "the runs of an arm are not cases times repeats";
    /* Each lost case is `repeats` passes of the old arm and as many failures of the new one. */
    uint64_t lost = (uint64_t)g->lost * plan->repeats;
    if (lost > (uint64_t)g->old.passed || lost > (uint64_t)g->new.failed + g->new.missing)
        return "more cases lost than the runs allow";
    return NULL;
}

/* Runs that passed, new minus old. Where the new arm is missing it failed; where the old one is, it
 * passed: else it would pay not to finish. */
static int64_t gain_of(const struct sequential_group *group)
{
    return (int64_t)group->new.passed - ((int64_t)group->old.passed + group->old.missing);
}

static double input_of(const struct process *process, int64_t gain, uint64_t runs)
{
    return process->vote ? (gain > 0) - (gain < 0) : (double)gain / (double)runs;
}

static void bet(struct sequential *s, const struct sequential_group *group)
{
    int64_t gain = gain_of(group);
    uint64_t runs = (uint64_t)group->cases * s->plan.repeats;
    for (int i = 0; i < PROCESSES; i++) {
        if (processes[i].signature && !group->signature)
            continue;
        s->log_wealth[i] = stats_bet_add(&s->bets[i], input_of(&processes[i], gain, runs));
        s->log_most[i] = fmax(s->log_most[i], s->log_wealth[i]);
    }
    s->wins += group->signature && gain > 0;
    s->losses += group->signature && gain < 0;
    s->lost += group->lost;
    s->missing += group->old.missing > 0 || group->new.missing > 0;
    s->cases_count += group->cases;
}

/* --- its end */

static bool won(const struct sequential *s, enum sequential_process process)
{
    return s->log_most[process] >= sequential_wanted(&s->plan, process);
}

/* All repeats of the old arm and none of the new: one order of C(2r, r), in one of all cases. */
static bool lost_alone(const struct sequential *s)
{
    double r = s->plan.repeats, orders = exp(lgamma(2 * r + 1) - 2 * lgamma(r + 1));
    return s->lost > 0 && s->plan.cases / orders <= LEVEL_AGAINST;
}

static bool is_better(const struct sequential *s)
{
    if (s->plan.stop == SEQUENTIAL_ANY)
        return won(s, PROCESS_BETTER);
    return s->groups_count == s->plan.groups &&
           stats_up(s->wins, s->wins + s->losses, .5) <= s->plan.level;
}

static enum sequential_end end_of(const struct sequential *s)
{
    bool much_missing = s->missing > s->plan.missing_max * s->groups_count;
    if (won(s, PROCESS_HARM) || lost_alone(s))
        return SEQUENTIAL_HARM;
    if (is_better(s) && won(s, PROCESS_NOT_WORSE) && !much_missing)
        return SEQUENTIAL_PASS;
    if (s->plan.stop == SEQUENTIAL_ANY && won(s, PROCESS_FUTILE))
        return SEQUENTIAL_FUTILE;
    return s->groups_count == s->plan.groups ? SEQUENTIAL_SPENT : SEQUENTIAL_OPEN;
}

int sequential_add(
    struct sequential *sequential, const struct sequential_group *group, struct err *err)
{
    const char *wrong = group_wrong(sequential, group);
    if (sequential->end != SEQUENTIAL_OPEN)
        return err_set(
            err, ERR_STATE, "the comparison has ended: %s", sequential_end_words[sequential->end]);
    if (sequential_has(sequential, &group->group))
        return err_set(err, ERR_STATE, "a group bets once");
    if (wrong)
        return err_set(err, ERR_INPUT, "group %u: %s", sequential->groups_count, wrong);
    sequential->groups =
        mem_grow(sequential->groups, sequential->groups_count + 1, sizeof *sequential->groups);
    sequential->groups[sequential->groups_count++] = *group;
    bet(sequential, group);
    sequential->end = (uint8_t)end_of(sequential);
    return sequential->end;
}

/* Played through, not worked out: the same code decides. */
bool sequential_can_pass(const struct sequential_plan *plan, uint32_t signature)
{
    CLEANUP(sequential_done) struct sequential best = { 0 };
    if (sequential_init(&best, plan, NULL) < 0)
        return false;
    for (uint32_t i = 0; i < plan->groups && best.end == SEQUENTIAL_OPEN; i++) {
        const bool mended = i < signature;
        struct sequential_group group = { .signature = mended,
            .cases = 1,
            .old = { .passed = mended ? 0 : plan->repeats, .failed = mended ? plan->repeats : 0 },
            .new = { .passed = plan->repeats } };
        memcpy(group.group.at, &i, sizeof i);
        sequential_add(&best, &group, NULL);
    }
    return best.end == SEQUENTIAL_PASS;
}

/* --- for people */

/* Whether a mean of mu0 is ever excluded, from below or from above. */
static bool excludes(const struct sequential *s, double mu0, int sign, double a)
{
    struct stats_bet bet;
    stats_bet_init(&bet, mu0, sign);
    for (uint32_t i = 0; i < s->groups_count; i++) {
        uint64_t runs = (uint64_t)s->groups[i].cases * s->plan.repeats;
        if (stats_bet_add(&bet, (double)gain_of(&s->groups[i]) / (double)runs) >= -log(a / 2))
            return true;
    }
    return false;
}

void sequential_interval(
    const struct sequential *sequential, double a, double *ret_low, double *ret_high)
{
    int low = -100, high = 100; /* hundredths; a mean of -1 or 1 cannot be bet against there */
    while (low < 99 && excludes(sequential, (low + 1) / 100.0, 1, a))
        low++;
    while (high > -99 && excludes(sequential, (high - 1) / 100.0, -1, a))
        high--;
    *ret_low = low / 100.0;
    *ret_high = high / 100.0;
}

void sequential_tell(struct buf *out, const struct sequential *sequential)
{
    double low, high;
    sequential_interval(sequential, LEVEL_AGAINST, &low, &high);
    buf_format(out, "%s: %u groups of at most %u, %u repeats an arm; %u better, %u worse",
        sequential_end_words[sequential->end], sequential->groups_count, sequential->plan.groups,
        sequential->plan.repeats, sequential->wins, sequential->losses);
    for (int i = 0; i < PROCESSES; i++)
        buf_format(out, "%s %s %.3g of %.3g", i ? "," : "; wealth:", sequential_process_words[i],
            exp(sequential->log_most[i]),
            1 / level_of(&sequential->plan, (enum sequential_process)i));
    buf_format(out, "; mean %+.2f to %+.2f at 95 %%", low, high);
    if (sequential->lost)
        buf_format(out, "; %u cases went from always to never", sequential->lost);
    if (sequential->missing)
        buf_format(out, "; %u groups lack a result", sequential->missing);
}
