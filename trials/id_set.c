/* id_set - see id_set.h. */
#include "trials/id_set.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

void id_set_add(struct id_set *set, const struct digest *session)
{
    if (set->count == set->room) {
        set->room = set->room ? set->room * 2 : 64;
        set->at = mem_grow(set->at, set->room, sizeof *set->at);
    }
    set->at[set->count++] = *session;
}

int id_set_add_hex(struct id_set *set, struct str session, struct err *err)
{
    struct digest id;
    int rc = hash_unhex(&id, session, err);
    if (rc == 0)
        id_set_add(set, &id);
    return rc;
}

void id_set_seal(struct id_set *set)
{
    uint32_t kept = 0;
    if (set->count > 0)
        qsort(set->at, set->count, sizeof *set->at, by_digest);
    for (uint32_t i = 0; i < set->count; i++)
        if (kept == 0 || !hash_equal(&set->at[kept - 1], &set->at[i]))
            set->at[kept++] = set->at[i];
    set->count = kept;
}

bool id_set_has(const struct id_set *set, const struct digest *session)
{
    return set && set->count > 0 &&
           bsearch(session, set->at, set->count, sizeof *set->at, by_digest);
}

void id_set_done(struct id_set *set)
{
    free(set->at);
    *set = (struct id_set){ 0 };
}
