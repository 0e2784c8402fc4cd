/* arms - see arms.h. */
#include "trials/live/arms.h"

#include "base/mem.h"

struct tally { /* of one case, by arm: [0] old, [1] new */
    uint32_t passed[2];
};

bool arms_new_first(const struct sequential_plan *plan, const struct digest *of, uint32_t repeat)
{
    const struct str parts[] = { STR("arms"),
        { (const char *)plan->shard.at, sizeof plan->shard.at },
        { (const char *)plan->candidate.at, sizeof plan->candidate.at },
        { (const char *)of->at, sizeof of->at }, { (const char *)&repeat, sizeof repeat } };
    struct digest digest = hash_parts(parts, COUNT_OF(parts));
    return digest.at[0] & 1;
}

static int run_one(struct sequential_group *ret, struct tally *tally, uint32_t of, bool new,
    uint32_t repeat, arms_run run, void *with, struct err *err)
{
    struct sequential_arm *arm = new ? &ret->new : &ret->old;
    int end = run(with, of, new, repeat, err);
    if (end < 0)
        return end;
    arm->passed += end == ARMS_PASSED;
    arm->failed += end == ARMS_FAILED;
    arm->missing += end == ARMS_MISSING;
    tally->passed[new] += end == ARMS_PASSED;
    return 0;
}

int arms_group(struct sequential_group *ret, const struct sequential_plan *plan,
    const struct digest *cases, uint32_t count, arms_run run, void *with, struct err *err)
{
    CLEANUP(mem_freep) struct tally *tallies = mem_zero(count + 1, sizeof *tallies);
    struct sequential_group group = {
        .group = ret->group, .signature = ret->signature, .cases = count
    };
    for (uint32_t repeat = 0; repeat < plan->repeats; repeat++)
        for (uint32_t i = 0; i < count; i++) {
            bool first = arms_new_first(plan, &cases[i], repeat);
            int rc = run_one(&group, &tallies[i], i, first, repeat, run, with, err);
            if (rc == 0)
                rc = run_one(&group, &tallies[i], i, !first, repeat, run, with, err);
            if (rc < 0)
                return rc;
        }
    for (uint32_t i = 0; i < count; i++)
        group.lost += tallies[i].passed[false] == plan->repeats && tallies[i].passed[true] == 0;
    *ret = group;
    return 0;
}
