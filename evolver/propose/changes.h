/* changes - other values for the numbers and flags that stand in a plugin already: the smallest
 * patch there is, and the one for a guard that comes too late.
 *
 * In the trial build each literal becomes a choice by two holes: which of them, and which value. */
#pragma once

#include "propose/schema.h"
#include "propose/target.h"

enum { CHANGES_MAX = 48, CHANGE_VALUES_MAX = 64, CHANGE_USES_MAX = 16 };

struct change {
    struct span at;                    /* what a patch replaces: a literal, an enumerator's value */
    struct span uses[CHANGE_USES_MAX]; /* where it is read: itself, or the enumerator's name */
    uint32_t uses_count;
    bool condition;  /* of an if, with its parentheses */
    struct str name; /* of an enumerator, else empty */
    struct str was;
    struct str values[CHANGE_VALUES_MAX]; /* first those that are tried first */
    uint32_t values_count;
};
/* Of the functions of the target's file. Texts are in the arena or the source. */
uint32_t changes_list(const struct target *target, const struct pool *pool, struct arena *arena,
    struct change ret[CHANGES_MAX]);
/* The conditions of the functions: negated, and with one half of && or || alone. They hold
 * literals, so the two lists are for two builds. */
uint32_t changes_conditions(
    const struct target *target, struct arena *arena, struct change ret[CHANGES_MAX]);
/* The trial source: the schema's edits, and a choice for each use. */
void changes_print(struct buf *out, const struct target *target, struct arena *arena,
    const struct change *changes, uint32_t count, const struct insertion *insertion,
    struct str behind);
