/* play - see play.h. */
#include "trials/case/play.h"

#include "base/clock.h"
#include "base/mem.h"
#include "trials/marks.h"
#include "trials/pass.h"

enum { WALL_MS = 10000, MS_NS = 1000000 };

struct playing {
    struct arena *arena;
    struct effects *steps; /* NULL: they are not kept */
    struct hash_state hash;
    struct str cover;
};

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *seen)
{
    struct playing *playing = with;
    (void)run;
    hash_add(&playing->hash, seen->digest.at, sizeof seen->digest.at);
    marks_join(&playing->cover, seen->cover, playing->arena);
    if (playing->steps)
        playing->steps[step] = effects_copy(seen, playing->arena);
    return 0;
}

const char *case_step_lacks(const struct trial_case *of)
{
    if (!of->model.recorded)
        return "mode step puts recorded replies to a harness, and the case has none";
    if (of->faults_count > 0)
        return "nothing goes wrong in mode step: faults take mode episode";
    if (of->state.plugins_count > 0)
        return "mode step begins with plugins that remember nothing";
    return NULL;
}

bool case_plays_steps(const struct trial_case *of)
{
    return of->settings.mode == CASE_STEP ||
           (of->settings.mode == CASE_EITHER && !case_step_lacks(of));
}

/* One pass over the replies that the case is about: those of its state were answered before. */
static int put_pass(struct playing *playing, const struct run *run, uint32_t first,
    struct replay *arm, struct err *err)
{
    struct run played = *run;
    const struct run *const list[] = { &played };
    played.steps += first;
    played.steps_count -= first;
    hash_begin(&playing->hash);
    return replay_runs(arm, list, 1, WALL_MS, on_step, playing, err);
}

int case_play(struct case_played *ret, const struct trial_case *of, struct replay *const arms[2],
    struct arena *arena, struct err *err)
{
    struct case_played played = { .stable = true };
    struct digest digest = case_digest(of);
    char hex[DIGEST_HEX];
    struct run *run;
    uint32_t first;
    uint64_t from = clock_mono_ns();
    int rc = case_run(&run, &first, of, arena, err);
    if (rc < 0)
        return rc;
    /* The dice of a run are thrown by its name: what a case is called should change nothing. */
    run->session = str_of(arena_string(arena, hash_hex(hex, &digest), DIGEST_HEX - 1));
    struct effects *steps = arena_alloc(arena, (run->steps_count + 1) * sizeof *steps);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        struct playing playing = { .arena = arena, .steps = pass == 0 ? steps + first : NULL };
        if (pass > 0)
            replay_pass(arms[1], pass);
        if ((rc = put_pass(&playing, run, first, arms[pass > 0], err)) < 0)
            return rc;
        struct digest effects = hash_end(&playing.hash);
        if (pass == 0) {
            played.effects = effects;
            played.cover = playing.cover;
        }
        played.stable &= hash_equal(&played.effects, &effects);
    }
    played.ms = (clock_mono_ns() - from) / MS_NS;
    facts_of_steps(&played.facts, run, first, steps, arena);
    *ret = played;
    return 0;
}
