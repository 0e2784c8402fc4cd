/* condition - how a condition relates to the one that it replaces: whether it holds less often,
 * more often, or the other way round.
 *
 * Only what the text shows is said: parts joined or dropped with && and ||, a negation, a bound
 * moved, a comparison made strict. Anything else is "changed". */
#pragma once

#include "patch/syntax.h"

enum relation {
    RELATION_SAME,
    RELATION_NARROWER, /* holds less often */
    RELATION_WIDER,    /* holds more often */
    RELATION_NEGATED,
    RELATION_CHANGED
};
extern const char *const relation_words[RELATION_CHANGED + 1];
enum relation condition_relation(
    const struct syntax *was, uint32_t a, const struct syntax *now, uint32_t b);
