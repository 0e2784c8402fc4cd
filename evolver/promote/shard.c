/* shard - see shard.h. */
#include "promote/shard.h"

#include "base/hash.h"
#include "base/mem.h"
#include "trials/stats.h"
#include "trials/verdict_less.h"

#include <math.h>

static const struct str others = STR("others");

uint64_t shard_group_key(struct str group)
{
    return hash_fast(group.at, group.size, 1);
}

struct digest shard_name(const char *home, uint32_t number)
{
    const struct str parts[] = { STR("held-out"), str_of(home),
        { (const char *)&number, sizeof number } };
    return hash_parts(parts, number > 1 ? 3 : 2);
}

/* --- shares */

/* What a model's proposer is called has the digest of its prompts behind the name. */
static bool is_called(struct str proposer, struct str name)
{
    return str_starts(proposer, name) &&
           (proposer.size == name.size || proposer.at[name.size] == '@');
}

struct str shard_share(const struct config *config, struct str proposer, double *ret_share)
{
    static const struct config_turn search = { .name = { "search", 6 } };
    uint32_t count = config->proposers_count ? config->proposers_count : 1;
    const struct config_turn *list = config->proposers_count ? config->proposers : &search;
    *ret_share = 1.0 / (count + 1);
    for (uint32_t i = 0; i < count; i++)
        if (is_called(proposer, list[i].name))
            return list[i].name;
    return others;
}

/* --- what stands in the ledger */

/* Of each row the number of its shard, 0: it is of no look of the gate. The caller frees it. */
static uint32_t *number_rows(const char *home, const struct journal_look_row *rows, uint32_t count)
{
    uint32_t *numbers = mem_zero(count + 1, sizeof *numbers);
    bool any = true;
    for (uint32_t number = 1; any; number++) {
        const struct digest name = shard_name(home, number);
        any = false;
        for (uint32_t i = 0; i < count; i++)
            if (hash_equal(&rows[i].shard, &name)) {
                numbers[i] = number;
                any = true;
            }
    }
    return numbers;
}

const struct journal_look_row *shard_own(
    const char *home, const struct journal_look_row *rows, uint32_t count, struct str candidate)
{
    CLEANUP(mem_freep) uint32_t *numbers = number_rows(home, rows, count);
    for (uint32_t i = 0; i < count; i++)
        if (numbers[i] > 0 && str_equal(rows[i].candidate, candidate))
            return &rows[i];
    return NULL;
}

double shard_level(const struct journal_look *look, double A)
{
    uint32_t k = look->passes == 0 && look->own > 0 ? look->own : look->k;
    double most = stats_level(A, k, look->passes);
    return look->own > 0 ? fmin(look->level, most) : most;
}

struct shard {
    struct digest name;
    uint32_t number, looks, passes;
    uint64_t after;
    uint64_t seen;   /* by its looks up to the first pass */
    double spent;    /* before its first pass */
    uint32_t own;    /* looks of the same share */
    uint32_t begins; /* index of its first row */
    const struct journal_look_row *mine;
};

static void add_look(struct shard *shard, const struct journal_look_row *row,
    const struct shard_ledger *ledger, struct str share)
{
    const struct journal_look *look = &row->look;
    shard->looks++;
    shard->passes += look->ended && look->passed;
    if (look->passes == 0) {
        shard->seen = look->seen > shard->seen ? look->seen : shard->seen;
        shard->spent += shard_level(look, ledger->policy->level_shard);
        shard->own += look->own == 0 || str_equal(row->proposer, share);
    }
}

static uint64_t upto_of(const struct shard *shard)
{
    return shard->passes > 0 ? shard->seen : UINT64_MAX;
}

static struct shard read_shard(const struct shard_ledger *ledger, const uint32_t *numbers,
    uint32_t number, struct str candidate, struct str share)
{
    struct shard shard = { .name = shard_name(ledger->home, number), .number = number };
    for (uint32_t i = 0; i < ledger->rows_count; i++) {
        const struct journal_look_row *row = &ledger->rows[i];
        if (numbers[i] != number)
            continue;
        if (shard.looks == 0)
            shard.begins = i;
        add_look(&shard, row, ledger, share);
        if (str_equal(row->candidate, candidate))
            shard.mine = row;
    }
    return shard;
}

static bool looked(
    const struct shard_ledger *ledger, const uint32_t *numbers, uint32_t rows, struct str candidate)
{
    for (uint32_t i = 0; i < rows; i++)
        if (numbers[i] > 0 && str_equal(ledger->rows[i].candidate, candidate))
            return true;
    return false;
}

/* Where the next one begins. What a confirmation has looked at is not fresh either: its candidate
 * has had a look of the gate's. */
static uint64_t end_of(const struct shard_ledger *ledger, const uint32_t *numbers,
    const struct shard *shard, uint32_t rows)
{
    uint64_t end = shard->seen;
    for (uint32_t i = 0; i < rows; i++) {
        const struct journal_look_row *row = &ledger->rows[i];
        if (numbers[i] == 0 && row->look.seen > end &&
            looked(ledger, numbers, rows, row->candidate))
            end = row->look.seen;
    }
    return end;
}

/* --- what the next look would be */

static void count_groups(struct shard_plan *plan, const struct shard_ledger *ledger)
{
    for (uint32_t i = 0; i < ledger->groups_count; i++) {
        const struct shard_group *group = &ledger->groups[i];
        if (!group->held_out || group->first <= plan->after || group->first > plan->upto)
            continue;
        plan->groups++;
        plan->failing += group->fails;
    }
}

static uint32_t lacking(uint32_t least, uint32_t have)
{
    return least > have ? least - have : 0;
}

static void weigh(struct shard_plan *plan, const struct shard_ledger *ledger)
{
    const struct policy *policy = ledger->policy;
    double level = plan->debit.level;
    double harm = policy->level_harm > 0 ? policy->level_harm : level;
    count_groups(plan, ledger);
    plan->failing_least = stats_groups_fixed(policy->p0, level);
    if (plan->failing_least < policy->held_out_groups_min)
        plan->failing_least = policy->held_out_groups_min;
    plan->groups_least = stats_groups_not_worse(0, policy->margin, harm);
    if (ledger->less) {
        plan->failing_least = 0;
        plan->groups_least = stats_groups_not_worse(
            0, verdict_less_margin(policy), verdict_less_level(level, ledger->less));
    }
    plan->groups_missing = lacking(plan->groups_least, plan->groups);
    plan->failing_missing = lacking(plan->failing_least, plan->failing);
    plan->can_pass = level > 0 && !plan->groups_missing && !plan->failing_missing;
}

/* The level of one who would look next. Shares that a person changed on the way may not add up:
 * what is left of the part before the first pass is the most there is. */
static double next_level(const struct shard *shard, const struct shard_ledger *ledger, double share)
{
    double A = ledger->policy->level_shard;
    if (shard->passes > 0)
        return stats_level(A, shard->looks + 1, shard->passes);
    double level = stats_level(A * share, shard->own + 1, 0);
    return fmax(fmin(level, A / 2 - shard->spent), 0);
}

static struct shard_plan plan_at(
    const struct shard *shard, const struct shard_ledger *ledger, struct str name, double share)
{
    struct shard_plan plan = { .name = shard->name,
        .number = shard->number,
        .after = shard->after,
        .upto = upto_of(shard),
        .debit = { .proposer = name,
            .k = shard->looks + 1,
            .passes = shard->passes,
            .own = shard->passes ? shard->looks + 1 : shard->own + 1,
            .level = next_level(shard, ledger, share) } };
    weigh(&plan, ledger);
    return plan;
}

/* The look that it has, with the groups that were there when it was made. */
static struct shard_plan resumed(const struct shard *shard, const struct shard_ledger *ledger)
{
    const struct journal_look *look = &shard->mine->look;
    struct shard_plan plan = { .name = shard->name,
        .number = shard->number,
        .after = shard->after,
        .upto = look->passes > 0 ? shard->seen : look->seen,
        .debit = { .proposer = shard->mine->proposer,
            .k = look->k,
            .passes = look->passes,
            .own = look->own,
            .level = shard_level(look, ledger->policy->level_shard) },
        .look = *look };
    weigh(&plan, ledger);
    plan.can_pass = true; /* it was paid for */
    return plan;
}

static uint32_t missing(const struct shard_plan *plan)
{
    uint32_t most =
        plan->groups_missing > plan->failing_missing ? plan->groups_missing : plan->failing_missing;
    return plan->debit.level > 0 ? most : UINT32_MAX;
}

/* A shard that still takes groups goes on while it can; behind its first pass fresh groups come
 * first, and it goes on, as it is, where there are too few. */
static struct shard_plan choose(const struct shard_plan *present, const struct shard_plan *fresh)
{
    bool takes = present->debit.passes == 0;
    const struct shard_plan *first = takes ? present : fresh, *second = takes ? fresh : present;
    if (first->can_pass || second->can_pass)
        return first->can_pass ? *first : *second;
    return takes && missing(present) <= missing(fresh) ? *present : *fresh;
}

void shard_plan(struct shard_plan *ret, const struct shard_ledger *ledger, struct str candidate,
    struct str proposer)
{
    double share;
    const struct str name = shard_share(ledger->config, proposer, &share);
    CLEANUP(mem_freep)
    uint32_t *numbers = number_rows(ledger->home, ledger->rows, ledger->rows_count);
    struct shard shard = read_shard(ledger, numbers, 1, candidate, name), next;
    struct shard_plan older = { .can_pass = false };
    for (;; shard = next) {
        if (shard.mine) {
            *ret = resumed(&shard, ledger);
            return;
        }
        next = read_shard(ledger, numbers, shard.number + 1, candidate, name);
        uint32_t before = next.looks ? next.begins : ledger->rows_count;
        next.after = end_of(ledger, numbers, &shard, before);
        if (next.looks == 0)
            break;
        const struct shard_plan plan = plan_at(&shard, ledger, name, share);
        older = plan.can_pass && shard.passes > 0 ? plan : older;
    }
    const struct shard_plan present = plan_at(&shard, ledger, name, share);
    const struct shard_plan fresh = plan_at(&next, ledger, name, share);
    *ret = shard.looks ? choose(&present, &fresh) : present;
    if (!ret->can_pass && older.can_pass)
        *ret = older; /* a failure that came no more has its groups there */
}
