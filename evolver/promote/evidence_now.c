/* evidence_now - see evidence_now.h. */
#include "promote/evidence_now.h"

#include <stdlib.h>

enum { STEP_MS = 10000 };

struct place {
    const struct run *run;
    struct evidence_digests *digests;
};
struct now {
    struct place *places; /* by address */
    unsigned count;
};

static int by_run(const void *a, const void *b)
{
    uintptr_t left = (uintptr_t)((const struct place *)a)->run;
    uintptr_t right = (uintptr_t)((const struct place *)b)->run;
    return left < right ? -1 : left > right;
}

static int note(void *with, const struct run *run, uint32_t step, const struct effects *effects)
{
    const struct now *now = with;
    const struct place key = { .run = run };
    struct place *place = bsearch(&key, now->places, now->count, sizeof(key), by_run);
    if (place && effects->end != EFFECTS_ABNORMAL)
        place->digests[step] = evidence_digest(effects);
    return effects->end == EFFECTS_ABNORMAL && !effects->hook_failed;
}

int evidence_now(const struct evidence_digests ***ret, struct arena *arena,
    const struct replay_arm *arm, unsigned workers, const struct run *const *runs,
    unsigned runs_count, struct err *err)
{
    struct replay *replay;
    struct replay_arm active = *arm;
    struct now now = { arena_alloc(arena, (runs_count + 1) * sizeof(*now.places)), runs_count };
    const struct evidence_digests **list = arena_alloc(arena, (runs_count + 1) * sizeof(*list));
    for (unsigned i = 0; i < runs_count; i++) {
        now.places[i].run = runs[i];
        now.places[i].digests = arena_alloc(arena, (runs[i]->steps_count + 1) * sizeof(**list));
        list[i] = now.places[i].digests;
    }
    qsort(now.places, runs_count, sizeof(*now.places), by_run);
    active.patient = true;
    int rc = replay_open(&replay, &active, workers, err);
    if (rc < 0)
        return rc;
    rc = replay_runs(replay, runs, runs_count, STEP_MS, note, &now, err);
    replay_free(replay);
    if (rc < 0)
        return err_while(err, "replay the active harness");
    *ret = list;
    return 0;
}
