/* schedule - see schedule.h. */
#include "promote/schedule.h"

#include <math.h>
#include <stdio.h>

static const double micro = 1e6;

const char *const schedule_words[SCHEDULE_WORDS] = {
    [SCHEDULE_GO] = "ready",
    [SCHEDULE_WAITS] = "waits",
    [SCHEDULE_TRIED] = "tried",
    [SCHEDULE_COOLS] = "cools",
    [SCHEDULE_SPENT] = "spent",
    [SCHEDULE_PARKED] = "parked",
};

bool schedule_counts(const struct schedule_plan *plan, const struct attempt_row *row)
{
    const struct attempt_begun *begun = &row->begun;
    return !str_equal(row->ended.end, STR(ATTEMPT_ERROR)) &&
           str_equal(begun->cluster, plan->cluster) && str_equal(begun->active, plan->active) &&
           (uint64_t)plan->groups < 2 * (uint64_t)(begun->groups ? begun->groups : 1);
}

static bool is_of(
    const struct schedule_plan *plan, const struct attempt_row *row, struct str proposer)
{
    return str_equal(row->begun.proposer, proposer) && schedule_counts(plan, row);
}

/* The newest that counts, or NULL. */
static const struct attempt_row *last_of(const struct schedule_plan *plan, struct str proposer)
{
    for (uint32_t i = plan->rows_count; i-- > 0;)
        if (is_of(plan, &plan->rows[i], proposer))
            return &plan->rows[i];
    return NULL;
}

static uint32_t in_vain(const struct schedule_plan *plan, struct str proposer)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->rows_count; i++)
        if (is_of(plan, &plan->rows[i], proposer))
            count = plan->rows[i].ended.rests ? 0 : count + 1;
    return count;
}

static bool parked(const struct schedule_plan *plan)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->rows_count; i++)
        if (schedule_counts(plan, &plan->rows[i]))
            count = plan->rows[i].ended.rests ? 0 : count + 1;
    return plan->attempts_max && count >= plan->attempts_max;
}

/* All before it had their turn, and handed in nothing. One that was cut off has found nothing. */
static bool no_survivor(const struct schedule_plan *plan, uint32_t turn)
{
    for (uint32_t i = 0; i < turn; i++) {
        const struct attempt_row *last = last_of(plan, plan->turns[i].name);
        if (!last || last->ended.proposals > 0)
            return false;
    }
    return true;
}

/* A clock that was set back makes nobody wait longer than the whole pause. */
static uint32_t cools(const struct schedule_plan *plan, const struct config_turn *turn,
    uint32_t vain, const struct attempt_row *last)
{
    uint64_t pause = turn->cooldown, ended_s = (uint64_t)(last->ended.at_ms / 1000);
    for (uint32_t i = 1; i < vain && pause < SCHEDULE_COOL_MAX; i++)
        pause *= 2;
    pause = pause < SCHEDULE_COOL_MAX ? pause : SCHEDULE_COOL_MAX;
    uint64_t passed = plan->now_s > ended_s ? plan->now_s - ended_s : 0;
    return passed < pause ? (uint32_t)(pause - passed) : 0;
}

/* A part of one costs one: else many small attempts would cost nothing. */
static void take(uint32_t *left, double spent)
{
    double whole = ceil(spent);
    if (*left != UINT32_MAX)
        *left = whole < *left ? *left - (uint32_t)whole : 0;
}

static uint32_t bound(uint32_t budget)
{
    return budget ? budget : UINT32_MAX;
}

static struct schedule_left left_of(
    const struct schedule_plan *plan, const struct config_turn *turn)
{
    struct schedule_left left = { bound(turn->candidates), bound(turn->seconds),
        bound(turn->tokens), bound(turn->usd) };
    for (uint32_t i = 0; i < plan->rows_count; i++) {
        const struct attempt_row *row = &plan->rows[i];
        if (!is_of(plan, row, turn->name))
            continue;
        take(&left.candidates, attempt_candidates(row));
        take(&left.seconds, row->ended.seconds);
        take(&left.tokens, row->ended.tokens);
        take(&left.usd, row->ended.usd * micro);
    }
    return left;
}

static bool spent(const struct schedule_left *left)
{
    return !left->candidates || !left->seconds || !left->tokens || !left->usd;
}

struct schedule_said schedule_turn(const struct schedule_plan *plan, uint32_t number)
{
    const struct config_turn *turn = &plan->turns[number];
    const struct attempt_row *last = last_of(plan, turn->name);
    struct schedule_said said = { .left = left_of(plan, turn),
        .in_vain = in_vain(plan, turn->name) };
    if (last && said.in_vain > 0)
        said.wait_s = cools(plan, turn, said.in_vain, last);
    if (parked(plan))
        said.word = SCHEDULE_PARKED;
    else if (turn->when == WHEN_FIRST && last)
        said.word = SCHEDULE_TRIED;
    else if (turn->when == WHEN_NO_SURVIVOR && !no_survivor(plan, number))
        said.word = SCHEDULE_WAITS;
    else if (spent(&said.left))
        said.word = SCHEDULE_SPENT;
    else if (said.wait_s > 0)
        said.word = SCHEDULE_COOLS;
    return said;
}

char *schedule_say(char *out, size_t size, const struct schedule_said *said)
{
    static const char *const words[SCHEDULE_WORDS] = {
        [SCHEDULE_GO] = "it is its turn",
        [SCHEDULE_WAITS] = "it waits until those before it have found nothing",
        [SCHEDULE_TRIED] = "it is asked first, and was",
        [SCHEDULE_SPENT] = "its budget for this cluster is used up",
        [SCHEDULE_PARKED] = "the cluster is parked: too much was tried in vain; it is taken up "
                            "again when it has twice the groups, or another generation is active",
    };
    if (said->word == SCHEDULE_COOLS)
        snprintf(
            out, size, "it cools down for %u s, behind %u in vain", said->wait_s, said->in_vain);
    else
        snprintf(out, size, "%s", words[said->word]);
    return out;
}

uint32_t schedule_buys(
    const struct schedule_plan *plan, struct str proposer, uint32_t seconds, uint32_t most)
{
    for (uint32_t i = plan->rows_count; i-- > 0;) {
        const struct attempt_row *row = &plan->rows[i];
        uint32_t candidates = attempt_candidates(row);
        if (row->open || candidates == 0 || row->ended.seconds <= 0 ||
            !str_equal(row->begun.proposer, proposer))
            continue;
        double buys = candidates / row->ended.seconds * seconds;
        return buys < most ? (uint32_t)buys : most;
    }
    return most;
}
