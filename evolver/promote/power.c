/* power - see power.h. */
#include "promote/power.h"

#include "base/mem.h"
#include "promote/shard_groups.h"
#include "trials/policy_home.h"

#include <stdio.h>

uint32_t power_groups(const struct batch *batch)
{
    uint32_t groups = 0;
    for (uint32_t i = 0; i < batch->cases_count; i++) {
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = str_equal(batch->cases[i].group, batch->cases[k].group);
        groups += !seen;
    }
    return groups;
}

static int read_batch(struct batch *ret, struct driver *driver, const char *kind,
    const struct digest *digest, struct arena *arena, struct err *err)
{
    struct str text;
    int rc = journal_get(driver->journal, kind, digest, arena, &text, err);
    return rc < 0 ? rc : batch_read(ret, text, arena, err);
}

int power_of(struct shard_plan *ret, struct driver *driver, const struct digest *batch,
    struct str proposer, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct candidate nobody = { .id = STR("none"), .proposer = proposer };
    struct shard_groups groups;
    struct batch held_in, held_out;
    struct policy policy;
    int rc = policy_of_home(&policy, &driver->home, &driver->config, err);
    if (rc == 0)
        rc = read_batch(&held_in, driver, "batch", batch, &arena, err);
    if (rc == 0)
        rc = read_batch(&held_out, driver, "held-out", &held_in.held_out, &arena, err);
    if (rc == 0)
        rc = shard_groups_plan(ret, &groups, driver, &nobody, &held_out, &policy, &arena, err);
    if (rc == 0)
        shard_groups_done(&groups);
    return rc;
}

char *power_say(char *out, size_t size, const struct shard_plan *plan)
{
    snprintf(out, size,
        "shard %u could not pass; %u more held-out groups with this failure and %u more in all are "
        "needed",
        plan->number, plan->failing_missing, plan->groups_missing);
    return out;
}
