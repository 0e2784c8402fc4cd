/* search_values - what can be said about the failing steps: grows the pool round by round, and asks
 * the trial build which values are the same everywhere. */
#include "propose/search.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { ROUNDS = 5, ROUNDS_LOOKED_AT = 2, ROUNDS_DENIED = 1 };

static struct candidate probe_of(uint32_t iterator)
{
    return (
        struct candidate){ .holes = { [HOLE_ITERATOR] = (uint16_t)iterator, [HOLE_PROBE] = 1 } };
}

/* Adds to each expression's print what one step told of it. */
static void fold(const struct pool *pool, uint32_t scope, struct str cover, uint64_t *prints)
{
    for (uint32_t i = 0; i < pool->count && (i + 1) * sizeof(uint32_t) <= cover.size; i++) {
        uint32_t told;
        memcpy(&told, cover.at + i * sizeof(told), sizeof(told));
        if (pool->at[i].iterator != scope)
            continue;
        /* Zero stays zero: nothing at every step. */
        prints[i] = prints[i] || told ? hash_fast(&told, sizeof(told), prints[i]) | 1 : 0;
    }
}

/* prints count from zero at each step, so steps where nothing was told count too. */
static int probe(struct search *search, uint64_t *prints, struct err *err)
{
    for (uint32_t i = 0; i < search->pool.iterators_count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct iterator *iterator = &search->pool.iterators[i];
        struct candidate candidate = probe_of(i);
        struct verdicts verdicts;
        uint64_t reached = 0;
        if (iterator->idle)
            continue;
        int r =
            judge_ask(&search->judge, &arena, &search->fails, &candidate, 1, true, &verdicts, err);
        if (r < 0)
            return r;
        for (uint32_t k = 0; k < search->fails.count; k++) {
            reached += verdicts.at[k].reached;
            fold(&search->pool, i, verdicts.cover[k], prints);
        }
        iterator->idle = i > 0 && reached == 0;
    }
    return 0;
}

static int round_of(struct search *search, struct err *err)
{
    CLEANUP(mem_freep) uint64_t *prints = mem_zero(POOL_MAX, sizeof(*prints));
    int r = search_build(search, err);
    if (r == 0)
        r = probe(search, prints, err);
    if (r == 0)
        pool_merge(&search->pool, prints);
    return r;
}

bool search_all_deny(const struct search *search)
{
    for (uint32_t i = 0; i < search->fails.count; i++)
        if (!search->bundle->steps[search->fails.at[i]].denies)
            return false;
    return true;
}

/* Where no edit takes a text or a value, they serve conditions alone: those that are close by. No
 * loop is walked to deny. */
static unsigned rounds_for(const struct search *search)
{
    struct actions actions;
    schema_actions(&actions, &search->pool);
    if (search_all_deny(search))
        return ROUNDS_DENIED;
    for (uint32_t i = 1; i < actions.count; i++)
        for (unsigned k = 0; k < actions.at[i]->count; k++)
            if (strchr("TJP", actions.at[i]->params[k].type))
                return ROUNDS;
    return ROUNDS_LOOKED_AT;
}

int search_values(struct search *search, struct err *err)
{
    for (unsigned round = 0, rounds = rounds_for(search); round < rounds; round++) {
        uint32_t made = pool_grow(&search->pool);
        if ((made == 0 && round > 1) || search_late(search))
            break;
        int r = round_of(search, err);
        if (r == 0 && round == 0 && rounds > 1) {
            pool_iterate(&search->pool, &search->mined);
            r = round_of(search, err); /* nothing is built on loops that are idle */
        }
        if (r < 0)
            return r;
        judge_say(&search->judge, "values: %u expressions made, %u in all differ", made,
            search->pool.count);
    }
    return 0;
}
