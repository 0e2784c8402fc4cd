/* condition - finds the conjunction of recorded conditions under which an action should be taken.
 *
 * No replay: for each time that the guarded point was reached the trial build told which atoms held
 * there. Rows of passing and made steps must be false, all of them and never a sample: one solved
 * run in thousands decides. Rows of a failing step are a whole: it is mended when all that must be
 * true are and none else. */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONDITION_LITERALS_MAX = 6, CONDITION_SIZES = 4, CONDITION_NARROWER_MAX = 6 };

struct condition_row {
    /* Of a failing step: each step's rows together; group: its number among those that fail. */
    uint32_t step, group;
    bool failing; /* else it must be false */
    bool want;
    const uint8_t *bits;
};
struct condition_atom {
    uint16_t cost;
    bool related; /* it looks at what the action uses */
    bool tight;   /* it says that a value of the action is known or fits */
    bool upwards; /* a count that is reached: not that it must be small, an accident of evidence */
    /* Thresholds of one number in one direction have one series; 0: it is no threshold. */
    uint16_t series;
    int64_t threshold;
    bool below; /* it holds for numbers below it */
    /* Atoms that say the same of fewer: one more way in which calls must be alike. */
    uint16_t narrower[CONDITION_NARROWER_MAX];
    uint8_t narrower_count;
};
struct condition_problem {
    const struct condition_row *rows; /* the failing ones first */
    uint32_t rows_count, failing_count;
    const struct condition_atom *atoms;
    uint32_t atoms_count;
    uint32_t groups_count; /* of failing steps */
};
struct condition {
    struct {
        uint16_t atom;
        bool negated;
    } at[CONDITION_LITERALS_MAX];
    uint32_t count;
    uint32_t mended_steps, mended_groups;
    uint32_t changed_groups; /* touched and not mended */
    uint32_t mixed_groups;   /* mended at some steps, touched at others */
    uint32_t score;          /* in hundredths; less is better */
};
/* What a patch's effect on `groups` failing groups weighs, in hundredths: of few groups one more
 * says less, since it may be won by chance with one more literal. */
uint32_t condition_weight(const struct condition *effect, uint32_t groups);
/* The best condition of each size, of those that are wrong nowhere: a longer one may be an accident
 * of few groups, and who tries them on others can tell. Returns how many; *ret_tried counts
 * conjunctions. */
uint32_t condition_search(const struct condition_problem *problem,
    struct condition ret[CONDITION_SIZES], uint64_t *ret_tried);
