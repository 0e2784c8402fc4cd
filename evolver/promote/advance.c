/* advance - see advance.h: the table, and the walk along it. */
#include "promote/advance.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The gate's answer is in the candidate's reason already. */
static int open_review(struct advancing *advancing, struct err *err)
{
    (void)err;
    return advancing->candidate->why.size ? ADVANCE_REFUSED : ADVANCE_ON;
}

static const struct step {
    enum stage from;
    enum stage_event event;
    int (*run)(struct advancing *advancing, struct err *err);
} steps[] = {
    { STAGE_PROPOSED, ON_PATCH, advance_patch },
    { STAGE_PATCHED, ON_BUILD, advance_build },
    { STAGE_BUILT, ON_SCAN, advance_scan },
    { STAGE_SCANNED, ON_REPLAY, advance_replay },
    { STAGE_REPLAYED, ON_GATE, advance_gate },
    { STAGE_GATED, ON_OPEN_REVIEW, open_review },
};

static const struct step *step_from(enum stage stage)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        if (steps[i].from == stage)
            return &steps[i];
    return NULL;
}

bool advance_rests(const struct candidate *candidate)
{
    return !step_from(candidate->stage);
}

int advance_refuse(struct advancing *advancing, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    advancing->candidate->why = str_of(arena_string(&advancing->driver->arena, text, strlen(text)));
    return ADVANCE_REFUSED;
}

void advance_tell(const struct advancing *advancing, const char *format, ...)
{
    char text[400];
    va_list args;
    if (!advancing->advance->say)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    advancing->advance->say(advancing->advance->with, text);
}

int advance_source(struct advancing *advancing, struct buf *ret, struct err *err)
{
    const struct candidate *candidate = advancing->candidate;
    const struct lineage_id commit = lineage_id_of(candidate->commit);
    return lineage_file(advancing->driver->lineage, &commit, candidate->path.at, ret, err);
}

/* What was promoted meanwhile, nobody has replayed this beside. */
static bool stale(const struct advancing *advancing)
{
    return !str_equal(advancing->candidate->parent, str_of(advancing->driver->active.hex));
}

static int take_step(const struct advance *advance, const struct step *step,
    struct candidate *candidate, struct err *err)
{
    struct advancing advancing = {
        .advance = advance, .driver = advance->driver, .candidate = candidate
    };
    int rc = stale(&advancing)
                 ? advance_refuse(&advancing, "made for commit %.12s, which is not active any more",
                       candidate->parent.at)
                 : step->run(&advancing, err);
    if (rc >= 0)
        rc = candidate_move(advance->driver->journal, candidate,
            rc == ADVANCE_REFUSED ? ON_REFUSE : step->event, err);
    if (rc == 0)
        advance_tell(&advancing, "%.12s  %s%s%.*s", candidate->id.at, stage_words[candidate->stage],
            candidate->why.size ? ": " : "", (int)candidate->why.size,
            candidate->why.size ? candidate->why.at : "");
    arena_done(&advancing.arena);
    if (rc >= 0)
        return 0;
    if (!err->hint[0])
        err_hint(err, "moult reject %.12s --why TEXT goes on without it", candidate->id.at);
    return err_while(err, "candidate %.12s", candidate->id.at);
}

int advance_run(const struct advance *advance, struct candidate *candidate, struct err *err)
{
    const struct step *step;
    int rc = 0;
    while (rc == 0 && candidate->stage != advance->until && (step = step_from(candidate->stage)))
        rc = take_step(advance, step, candidate, err);
    return rc;
}
