/* names - see names.h. */
#include "patch/names.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

void names_add(struct names *names, struct str name, struct arena *arena)
{
    uint32_t count = names->count;
    if ((count & (count - 1)) == 0)
        names->at = arena_grow(arena, names->at, count * sizeof(names->at[0]),
            (count ? 2 * (size_t)count : 1) * sizeof(names->at[0]));
    names->at[names->count++] = name;
}

void names_sort(struct names *names)
{
    if (names->count)
        qsort(names->at, names->count, sizeof(names->at[0]), compare);
}

bool names_has(const struct names *names, struct str name)
{
    return names->count &&
           bsearch(&name, names->at, names->count, sizeof(names->at[0]), compare) != NULL;
}
