/* frame_shown - the model was shown a result without its call, which no protocol allows, or a
 * result for which its request was refused as too long.
 *
 * The frames say what it is shown instead, exactly: everything but the orphans; everything, but of
 * each large result no more than its beginning. What the provider then says is not recorded, so the
 * answer that is on record stays in its place, an error most often. A large result that a model
 * took may be what it needed, so that frame speaks only where the request was refused. */
#include "trials/detect_find.h"
#include "trials/frame.h"

#include "base/mem.h"
#include "wire/shown.h"

#include "sdk/moult.h"

static bool refused_as(const struct run *run, uint32_t step, uint8_t class)
{
    const struct run_error *error = run_step_error(run, step);
    return error && error->class == class;
}

static int shown_otherwise(struct effects *ret, uint64_t shown, struct str shows)
{
    ret->shown = shown;
    ret->shows = shows;
    ret->request_same = shown == 0;
    effects_seal(ret);
    return shown != 0;
}

/* --- a result without its call */

static bool solved(const struct run *run)
{
    return run->graded && run->solved;
}

bool orphan_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    (void)hit;
    *ret_why = solved(run) ? "the run was solved all the same" : "";
    return !solved(run);
}

int orphan_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    CLEANUP(buf_done) struct buf shows = { .max = 400 };
    uint64_t shown = 0;
    for (uint32_t i = 0; i < run->steps[step]; i++) {
        const struct run_message *message = &run->messages[i];
        if (message->role != RUN_RESULT || message->answers_message >= 0)
            continue;
        shown = wire_shown_without(shown, message->told);
        buf_format(&shows, "%s without message %u", shows.size ? ";" : "", message->told);
    }
    if (!shown || solved(run))
        return 0;
    frame_begin(ret, run, step, arena);
    return shown_otherwise(
        ret, shown, (struct str){ arena_string(arena, shows.at, shows.size), shows.size });
}

/* --- a result that is too large */

/* The next large result that came behind the last reply before the step, from *at on. */
static const struct run_message *next_large(const struct run *run, uint32_t step, uint32_t *at)
{
    for (; *at < run->steps[step]; ++*at) {
        const struct run_message *message = &run->messages[*at];
        if (message->role == RUN_RESULT && message->text.size > WIRE_LARGE)
            return &run->messages[(*at)++];
    }
    return NULL;
}

static uint32_t behind_reply(const struct run *run, uint32_t step)
{
    uint32_t at = run->steps[step];
    while (at > 0 && run->messages[at - 1].role != RUN_MODEL)
        at--;
    return at;
}

void oversize_find(const struct run *run, detect_sink sink, void *with)
{
    for (uint32_t step = 0; step < run->steps_count; step++) {
        uint32_t at = behind_reply(run, step);
        if (next_large(run, step, &at))
            detect_hit_step(step, sink, with);
    }
}

bool oversize_mendable(const struct run *run, const struct detect_hit *hit, const char **ret_why)
{
    *ret_why = "the model took the request that showed it";
    return refused_as(run, hit->step, MOULT_TOO_LONG);
}

int oversize_frame(const struct run *run, uint32_t step, struct effects *ret, struct arena *arena)
{
    CLEANUP(buf_done) struct buf shows = { .max = 400 };
    uint32_t at = behind_reply(run, step);
    uint64_t shown = 0;
    if (!refused_as(run, step, MOULT_TOO_LONG))
        return 0;
    for (const struct run_message *large; (large = next_large(run, step, &at));) {
        shown = wire_shown_cut(shown, large->told);
        buf_format(&shows, "%s message %u of %zu bytes with its first %d at most",
            shows.size ? ";" : "", large->told, large->text.size, WIRE_LARGE);
    }
    if (!shown)
        return 0;
    frame_begin(ret, run, step, arena);
    return shown_otherwise(
        ret, shown, (struct str){ arena_string(arena, shows.at, shows.size), shows.size });
}
