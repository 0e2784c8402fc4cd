/* suite - see suite.h. */
#include "promote/suite.h"

#include "base/mem.h"
#include "sandbox/waive.h"

static int means_of(
    struct player_means *ret, struct driver *driver, struct arena *arena, struct err *err)
{
    const struct config *config = &driver->config;
    struct grade_means grade = { .sandbox = true, .tier = config->tier, .redact = &config->redact };
    int rc = sandbox_waive(config->waived, config->waived_count, &grade.waived, err);
    if (rc == 0)
        *ret = player_means_of(&grade, arena_format(arena, "%s/moult-tool", driver->bin));
    return rc;
}

int suite_gate(struct report *report, struct driver *driver, const struct suite_arms *arms,
    struct arena *arena, struct err *err)
{
    CLEANUP(taken_done) struct taken taken = { 0 };
    struct player_means means;
    int rc = taken_read(&taken, driver->journal, &driver->home, err);
    if (rc == 0)
        rc = taken_whole(&taken, err);
    if (rc == 0)
        rc = means_of(&means, driver, arena, err);
    if (rc < 0)
        return rc;
    struct suites_plan plan = { .taken = &taken,
        .old = driver_arm(driver, arms->old, "moult-worker"),
        .new = driver_arm(driver, arms->new, "moult-worker"),
        .sanitised = driver_arm(driver, arms->sanitised, "moult-worker-asan"),
        .means = &means };
    if (arms->genesis->count > 0)
        plan.genesis = driver_arm(driver, arms->genesis, "moult-worker");
    if (arms->marks && arms->marked->count > 0) {
        plan.marked = driver_arm(driver, arms->marked, "moult-worker");
        plan.marks = arms->marks;
    }
    suites_play(report, &plan, arena);
    return 0;
}

int suite_smoke(struct suites_smoke *ret, struct driver *driver, const struct driver_builds *builds,
    struct err *err)
{
    CLEANUP(taken_done) struct taken taken = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct player_means means;
    *ret = (struct suites_smoke){ 0 };
    int rc = taken_read(&taken, driver->journal, &driver->home, err);
    if (rc == 0)
        rc = taken_whole(&taken, err);
    if (rc == 0)
        rc = means_of(&means, driver, &arena, err);
    if (rc < 0)
        return rc;
    const struct replay_arm arm = driver_arm(driver, builds, "moult-worker");
    return suites_smoke(ret, &taken, &arm, &means, err);
}
