/* choose - which recorded sessions are taken where not all of them fit. Pure: ids, numbers and
 * groups in, an order out; the same journal gives the same one. */
#pragma once

#include "base/hash.h"

#include <stddef.h>

struct choose_item {
    uint64_t number, at_ms;
    struct digest id;
    uint64_t group, principal; /* digests; principal 0: brought by the operator */
    bool named;
};
/* The order in which they are taken, as indexes into `items` (sorted by number), the named
 * ones first: *ret_count of them, `most` and the named ones at most. Then by turns the newest and
 * one drawn over all (by the id, which no client chooses: the journal draws it). No group has more
 * than a sixteenth of `most`, no client's principal more than a quarter, unless room is left when
 * all had their share. The caller frees *ret. */
void choose_order(uint32_t **ret, uint32_t *ret_count, const struct choose_item *items,
    uint32_t count, uint32_t most);
