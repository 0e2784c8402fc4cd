/* sides - see sides.h. */
#include "promote/sides.h"

#include "base/mem.h"
#include "promote/builds.h"
#include "trials/overreach.h"
#include "trials/track.h"

enum { WALL_MS = 3000, WORKERS = 2 };

struct seeing {
    struct sides *list;
    unsigned count;
    struct arena *arena;
    const struct detector *detector;
    struct track *tracks; /* of the arm that runs, one a case */
    int arm;
};

/* --- the runs */

/* Every detector brings its own to every gate. */
static const struct run *made_case(struct driver *driver, struct str id)
{
    for (unsigned i = 0; i < detectors_count; i++) {
        struct run **runs;
        unsigned count = 0;
        if (overreach_runs(&detectors[i], &driver->arena, &runs, &count, NULL) < 0)
            continue;
        for (unsigned k = 0; k < count; k++)
            if (str_equal(runs[k]->session, id))
                return runs[k];
    }
    return NULL;
}

/* The split is asked of the journal, not of the report: what is held out by now is not shown. */
static const struct run *recorded_case(
    struct driver *driver, struct trace_tools *tools, struct str id)
{
    struct journal_session session;
    struct run *run;
    uint64_t number;
    if (journal_find(driver->journal, id, &number, NULL) < 0 ||
        journal_read(driver->journal, number, &driver->arena, &session, NULL) < 0 ||
        session.split != SPLIT_HELD_IN ||
        trace_run(&run, &session, tools, &driver->arena, NULL) < 0)
        return NULL;
    return run;
}

/* --- one arm */

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *seen)
{
    struct seeing *seeing = with;
    unsigned i = 0;
    while (seeing->list[i].run != run)
        i++;
    const struct report_case *of = seeing->list[i].of;
    struct side *side = &seeing->list[i].arms[seeing->arm];
    int over = track_step(&seeing->tracks[i], seeing->detector, step, seen, seeing->arena);
    if (step == of->step) {
        side->there = true;
        side->claim = effects_copy(seen, seeing->arena);
    }
    if (step == of->after_step)
        side->after = effects_copy(seen, seeing->arena);
    return over;
}

static int run_arm(struct seeing *seeing, const struct replay_arm *arm, struct err *err)
{
    const struct run **runs = arena_alloc(seeing->arena, (seeing->count + 1) * sizeof *runs);
    struct replay *replay = NULL;
    unsigned count = 0;
    for (unsigned i = 0; i < seeing->count; i++)
        if (seeing->list[i].run) {
            track_begin(&seeing->tracks[i], seeing->list[i].run, seeing->arena);
            runs[count++] = seeing->list[i].run;
        }
    int rc = replay_open(&replay, arm, WORKERS, err);
    if (rc == 0)
        rc = replay_runs(replay, runs, count, WALL_MS, on_step, seeing, err);
    replay_free(replay);
    for (unsigned i = 0; rc == 0 && i < seeing->count; i++) {
        struct sides *one = &seeing->list[i];
        if (!one->run)
            continue;
        const struct digest now = track_digest(&seeing->tracks[i], one->of->step);
        one->arms[seeing->arm].as_reported = hash_equal(
            &now, seeing->arm == SIDE_OLD ? &one->of->old_effects : &one->of->new_effects);
    }
    return rc;
}

/* The active builds with that one in the place of the candidate's plugin; a plugin that was not
 * there before has none. */
static int open_builds(struct driver_builds *ret, struct driver *driver,
    const struct candidate *candidate, const struct digest *build, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    int rc = driver_builds(ret, driver, &driver->generation, err);
    if (rc == 0 && !hash_zero(build))
        rc = builds_get(&driver->home, build, &image, err);
    if (rc == 0 && !hash_zero(build))
        rc = driver_builds_swap(ret, candidate->plugin, buf_view(&image), err);
    return rc;
}

int sides_run(struct sides *list, const struct report_case *const *cases, unsigned count,
    struct trace_tools *tools, struct driver *driver, const struct candidate *candidate,
    const struct report *report, struct err *err)
{
    const struct digest *const builds[SIDES] = { &candidate->build_before, &candidate->build };
    const char *name = arena_string(&driver->arena, report->detector.at, report->detector.size);
    struct seeing seeing = { .list = list,
        .count = count,
        .arena = &driver->arena,
        .detector = detector_find(name),
        .tracks = arena_alloc(&driver->arena, (count + 1) * sizeof *seeing.tracks) };
    for (unsigned i = 0; i < count; i++) {
        const struct report_case *of = cases[i];
        list[i] = (struct sides){ .of = of };
        if (of->split == SPLIT_HELD_IN)
            list[i].run = of->suite == SUITE_SAFETY ? made_case(driver, of->id)
                                                    : recorded_case(driver, tools, of->id);
    }
    int rc = 0;
    for (seeing.arm = 0; rc == 0 && count > 0 && seeing.arm < SIDES; seeing.arm++) {
        struct driver_builds arm = { 0 };
        rc = open_builds(&arm, driver, candidate, builds[seeing.arm], err);
        const struct replay_arm replayed = driver_arm(driver, &arm, "moult-worker");
        if (rc == 0)
            rc = run_arm(&seeing, &replayed, err);
        driver_builds_done(&arm);
    }
    return rc;
}
