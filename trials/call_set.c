/* call_set - see call_set.h. Open addressing, never more than half full; a key is a digest, so any
 * eight bytes of it are a hash. */
#include "trials/call_set.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void call_set_begin(struct call_set *set, const struct run *run)
{
    uint64_t calls = 0;
    set->room = 8;
    for (uint32_t i = 0; i < run->messages_count; i++)
        calls += run->messages[i].calls_count;
    while (set->room < 2 * calls)
        set->room *= 2;
    set->at = mem_zero(set->room, sizeof(*set->at));
}

void call_set_done(struct call_set *set)
{
    free(set->at);
}

bool call_same(const struct run_call *a, const struct run_call *b)
{
    return memcmp(a->key.at, b->key.at, sizeof(a->key.at)) == 0;
}

struct call_place *call_set_place(const struct call_set *set, const struct run_call *call)
{
    uint64_t hash;
    memcpy(&hash, call->key.at, sizeof(hash));
    uint32_t i = (uint32_t)hash & (set->room - 1);
    while (set->at[i].call && !call_same(set->at[i].call, call))
        i = (i + 1) & (set->room - 1);
    return &set->at[i];
}
