/* admit - see admit.h. */
#include "promote/admit.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>

struct moving {
    struct journal_move *moves;
    struct buf *bodies; /* one a move */
    uint32_t count;
};

static bool holds_build(const struct generation *generation, const struct digest *build)
{
    for (uint32_t i = 0; i < generation->builds_count; i++)
        if (hash_equal(&generation->builds[i].build, build))
            return true;
    return false;
}

/* The event that this admission is for a candidate, or -1. */
static int event_of(const struct candidate *candidate, const struct generation *generation,
    enum admission_kind kind, const struct candidate *promoted)
{
    if (promoted && str_equal(candidate->id, promoted->id))
        return ON_ACTIVATE;
    switch (candidate->stage) {
    case STAGE_ACTIVE:
        return holds_build(generation, &candidate->build) ? -1
               : kind == ADMIT_ROLLBACK                   ? ON_ROLLBACK
                                                          : ON_SUPERSEDE;
    case STAGE_GATED:
    case STAGE_IN_REVIEW:
    case STAGE_APPROVED:
    case STAGE_CANARY:
        return ON_SUPERSEDE;
    default:
        return -1;
    }
}

static int add_move(struct moving *moving, struct driver *driver, const struct admission *next,
    struct candidate *candidate, enum stage_event event, struct err *err)
{
    if (event == ON_ACTIVATE)
        candidate->why = (struct str){ 0 };
    else
        candidate->why = str_of(arena_format(&driver->arena, "generation %u came: %s", next->number,
            admission_kind_words[next->kind]));
    int rc = candidate_move_to(
        &moving->moves[moving->count], &moving->bodies[moving->count], candidate, event, err);
    moving->count++;
    return rc;
}

static int add_moves(struct moving *moving, struct driver *driver, const struct admission *next,
    const struct generation *generation, const struct candidate *promoted, struct err *err)
{
    struct candidate *list;
    uint32_t count;
    int rc = candidate_list(driver->journal, &driver->arena, &list, &count, err);
    if (rc < 0)
        return rc;
    moving->moves = mem_zero(JOURNAL_MOVES_MAX, sizeof *moving->moves);
    moving->bodies = mem_zero(JOURNAL_MOVES_MAX, sizeof *moving->bodies);
    /* What must move goes first; of those that wait, as many as fit: the rest is refused when it
     * asks to be promoted. */
    for (int must = 1; must >= 0; must--)
        for (uint32_t i = 0; rc >= 0 && i < count && moving->count < JOURNAL_MOVES_MAX; i++) {
            int event = event_of(&list[i], generation, next->kind, promoted);
            bool waits = event == ON_SUPERSEDE && list[i].stage != STAGE_ACTIVE;
            if (event >= 0 && waits != must)
                rc = add_move(moving, driver, next, &list[i], (enum stage_event)event, err);
        }
    return rc < 0 ? rc : 0;
}

static void moving_done(struct moving *moving)
{
    for (uint32_t i = 0; i < moving->count; i++)
        buf_done(&moving->bodies[i]);
    free(moving->bodies);
    free(moving->moves);
}

static int put_generation(
    struct digest *ret, struct driver *driver, const struct generation *generation, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    generation_print(&text, generation);
    return journal_put(driver->journal, "generation", buf_view(&text), ret, err);
}

int admit(struct driver *driver, struct admission *next, const struct generation *generation,
    const struct candidate *promoted, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    CLEANUP(moving_done) struct moving moving = { 0 };
    const struct admission *last = driver_last(driver);
    next->home = str_of(driver->home.id);
    next->number = generation->number;
    next->commit = generation->commit;
    if (last) {
        next->before = last->digest;
        if (hash_zero(&next->corpus))
            next->corpus = last->corpus; /* it outlives what it was gathered for */
    }
    if (next->at_s == 0)
        next->at_s = (uint32_t)(clock_wall_ms() / 1000);
    int rc = put_generation(&next->generation, driver, generation, err);
    if (rc == 0)
        rc = add_moves(&moving, driver, next, generation, promoted, err);
    if (rc < 0)
        return rc;
    admission_print(&body, next);
    return journal_admit(
        driver->journal, buf_view(&body), moving.moves, moving.count, &next->digest, err);
}
