/* near - runs that say nearly the same: MinHash of the person's words and the calls made, and an
 * index over it that finds those alike without comparing all with all.
 *
 * What a sketch is made of is keyed, so nobody who writes conversations can make two of them meet,
 * or miss. Cost is linear in runs: each is put into NEAR_BANDS buckets and compared with at most
 * NEAR_BUCKET_MAX of each. */
#pragma once

#include "trials/run.h"

enum {
    NEAR_WORDS = 64,
    NEAR_BANDS = 16, /* of four words: alike to .8 they share one but for one time in 5,000 */
    NEAR_BUCKET_MAX = 64,
    NEAR_SHINGLES_MAX = 8192, /* of a run: the first */
    NEAR_LITTLE = 8,          /* shingles: with fewer, many people say the same */
    NEAR_ALIKE = 52           /* words in common: a likeness (Jaccard) of .8 and more */
};
struct near_sketch {
    uint32_t at[NEAR_WORDS];
    uint32_t shingles; /* that it was made of; two that say nothing are not alike */
};
/* key: the home's. Three words in a row, and a call with its arguments, are one thing each. */
struct near_sketch near_sketch(const struct run *run, const struct digest *key);
bool near_alike(const struct near_sketch *a, const struct near_sketch *b);

struct near; /* an index */
struct near *near_new(void);
void near_free(struct near *near);
/* tag: the caller's. */
void near_add(struct near *near, const struct near_sketch *sketch, uint32_t tag);
/* The tags of those alike, in the order in which they were added, `most` at most; how many. */
uint32_t near_find(
    const struct near *near, const struct near_sketch *sketch, uint32_t *ret, uint32_t most);
