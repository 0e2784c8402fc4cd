/* search_rank - what decides between patches that do as much, and which are worth a look beside
 * others. */
#pragma once

#include "propose/search.h"

/* How far a guarded action is from what the stock plugins do (idioms.inc): of the pairs of a word
 * of its condition and a word of its action the share that stands together in none of them. In
 * hundredths of a literal, at most RANK_STRANGE_MAX; 0 for what has no condition, and without
 * `idioms`. */
enum { RANK_STRANGE_MAX = 10 };
uint32_t rank_strange(const struct search *search, const struct patch *patch);
/* The same of words. */
uint32_t rank_strange_words(
    const struct str *looks, uint32_t looks_count, const struct str *acts, uint32_t acts_count);

/* Two patches are distinct if they do something else at some failing step (another list of those
 * that they mend), or are made of other words: verbs, flags, parts of the scope. Constants and
 * numbers are no words. */
bool rank_distinct(const struct offer *a, const struct offer *b);
