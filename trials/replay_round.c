/* replay_round - the verdicts of one round of replay --watch, and what flipped since the round
 * before it. Runs of a round come in the order of the journal; they are compared by id, since there
 * may be more of them by then. */
#include "trials/replay_watch.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void replay_round_add(struct replay_round *round, const struct replayed *of)
{
    struct replay_flip one = { .is = (uint8_t)replayed_verdict(of) };
    if (hash_unhex(&one.id, of->run->session, NULL) < 0)
        one.id = hash_of(of->run->session);
    snprintf(one.why, sizeof one.why, "%s", of->why);
    if (round->count == round->room) {
        round->room = round->room ? 2 * round->room : 256;
        round->runs = mem_grow(round->runs, round->room, sizeof *round->runs);
    }
    round->runs[round->count++] = one;
}

static int by_id(const void *left, const void *right)
{
    const struct replay_flip *a = left, *b = right;
    return memcmp(&a->id, &b->id, sizeof a->id);
}

/* Worse ones first. */
static int by_weight(const void *left, const void *right)
{
    const struct replay_flip *a = left, *b = right;
    bool worse = a->is != REPLAYED_PASS, other = b->is != REPLAYED_PASS;
    return worse != other ? (worse ? -1 : 1) : by_id(left, right);
}

void replay_round_seal(struct replay_round *round)
{
    if (round->count > 0)
        qsort(round->runs, round->count, sizeof *round->runs, by_id);
}

void replay_round_done(struct replay_round *round)
{
    free(round->runs);
    *round = (struct replay_round){ 0 };
}

static uint8_t verdict_before(const struct replay_round *before, const struct replay_flip *now)
{
    const struct replay_flip *was =
        before->count > 0 ? bsearch(now, before->runs, before->count, sizeof *before->runs, by_id)
                          : NULL;
    return was ? was->is : REPLAYED_PASS;
}

struct replay_flip *replay_round_flips(
    const struct replay_round *before, const struct replay_round *now, unsigned *ret_count)
{
    struct replay_flip *flips = mem_zero(now->count + 1, sizeof *flips);
    unsigned count = 0;
    for (unsigned i = 0; i < now->count; i++) {
        struct replay_flip flip = now->runs[i];
        flip.was = verdict_before(before, &flip);
        if (flip.was != flip.is)
            flips[count++] = flip;
    }
    qsort(flips, count, sizeof *flips, by_weight);
    *ret_count = count;
    return flips;
}
