/* compare_alone - cases put once more to a worker that has seen no other.
 *
 * Workers are shared by many runs, since builds have no memory that could outlast one
 * (sandbox/elf.h). That is believed nowhere else without being tried: what a verdict rests on must
 * go as it went among others. First every run where the arms part, then the cases of the batch and
 * of the look, then one in twenty of the rest. A start costs more than a run, so there are
 * ALONE_MAX, by their names where that is too few; the report says of how many. */
#include "trials/comparing.h"

enum { ALONE_MAX = 96, ONE_IN = 20 };

enum rank { PARTED, DECIDING, SAMPLED, RANKS };

static uint64_t throw_of(const struct tried *tried)
{
    return hash_fast(tried->run->session.at, tried->run->session.size, ONE_IN);
}

/* RANKS: not wanted. */
static enum rank rank_of(const struct comparing *c, const struct tried *tried)
{
    const struct track *old = &tried->tracks[OLD], *new = &tried->tracks[NEW];
    bool died = new->last &&new->last->outcome == OUTCOME_ABNORMAL; /* lost anyway, and dear */
    if (!new->complete || died || comparing_variant(c, tried))
        return RANKS;
    if (old->complete && track_parts(old, new) != UINT32_MAX)
        return PARTED;
    if (tried->suite == SUITE_BATCH || tried->suite == SUITE_HELD_OUT)
        return DECIDING;
    return throw_of(tried) % ONE_IN == 0 ? SAMPLED : RANKS;
}

/* False: there is no such worker to be had. */
static bool run_alone(struct comparing *c, unsigned i)
{
    struct replay *replay;
    struct tried *tried = &c->tried[i];
    c->from = i;
    c->to = i + 1;
    c->arm = ALONE;
    if (replay_open(&replay, &c->plan->new, 1, NULL) < 0)
        return false;
    int rc = replay_runs(replay, &tried->run, 1, comparing_wall_ms(c), comparing_step, c, NULL);
    replay_free(replay);
    if (rc < 0 || !tried->tracks[ALONE].complete)
        return false;
    c->alone++;
    c->alone_other += track_parts(&tried->tracks[NEW], &tried->tracks[ALONE]) != UINT32_MAX;
    return true;
}

/* Of one rank, as many as there is room for. */
static bool run_rank(struct comparing *c, enum rank rank, unsigned count, unsigned room)
{
    for (unsigned i = 0; i < c->tried_count; i++) {
        const struct tried *tried = &c->tried[i];
        bool taken = count <= room || throw_of(tried) / ONE_IN % count < room;
        if (taken && tried->rank == rank && !run_alone(c, i))
            return false;
    }
    return true;
}

/* Where one cannot be had none counts: what was not asked is not known. */
void comparing_alone(struct comparing *c)
{
    unsigned counts[RANKS + 1] = { 0 };
    for (unsigned i = 0; i < c->tried_count; i++) {
        c->tried[i].rank = (uint8_t)rank_of(c, &c->tried[i]);
        counts[c->tried[i].rank]++;
    }
    for (int rank = 0; rank < RANKS; rank++) {
        c->alone_wanted += counts[rank];
        unsigned room = c->alone < ALONE_MAX ? ALONE_MAX - c->alone : 0;
        if (!run_rank(c, (enum rank)rank, counts[rank], room)) {
            c->alone = c->alone_other = 0;
            return;
        }
    }
}
