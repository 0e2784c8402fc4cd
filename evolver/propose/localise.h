/* localise - which statements of a plugin are likely wrong: those that run at failing steps and not
 * at passing ones.
 *
 * Spectrum-based fault localisation with the Ochiai coefficient, which did best of those compared
 * in Abreu, Zoeteweij, van Gemund: On the accuracy of spectrum-based fault localization (2007). A
 * trial build of the source as it is has a mark at each statement, at each end of a block that is
 * reached, and on the way past each `if` that has no `else`; replays tell which marks a step ran.
 *
 * Steps count by groups: a group weighs one, shared by its steps of a kind. A customer with two
 * hundred failing steps says no more than one with two, and a passing group with many steps would
 * else have run everything. */
#pragma once

#include "patch/outline.h"

enum { LOCALISE_MARKS_MAX = 512 };

struct localise_mark {
    struct outline_point point; /* where new code could stand; of a way past: all zero */
    uint32_t node;              /* the statement; the block at its end; the `if` that is passed */
    uint32_t function;          /* of the source's functions, by number */
    double failed, passed;      /* groups: the shares of their steps that ran it */
    double suspicion;           /* 0 to 1 */
    uint64_t digest;            /* of which steps ran it: marks with one digest ran together */
};
struct localise {
    const struct syntax *syntax;
    struct outline_functions functions;
    struct localise_mark *at; /* in the order of the source */
    uint32_t count;
    double failing; /* groups that fail */
};
/* What there is to mark, in the arena; what is beyond the bound has no mark. */
void localise_begin(struct localise *ret, const struct syntax *syntax, struct arena *arena);
/* Appends the source with its marks, as a trial build whose rows have `holes` numbers that choose
 * nothing, and as many counters as marks. */
void localise_print(
    struct buf *out, const struct localise *localise, uint32_t holes, struct arena *arena);

/* A step's group has `of` steps of its kind. ran: u32 counters, may be too few of them. */
void localise_add(
    struct localise *localise, bool failing, uint32_t group_steps, struct str ran, uint32_t step);
/* Suspicions, when all steps are added. */
void localise_end(struct localise *localise);
/* ef / sqrt((ef + nf) (ef + ep)); 0 where that has no value. failing: ef + nf. */
double localise_ochiai(double ran_failing, double failing, double ran_passing);

/* Of the innermost mark's statement around a byte of the source, or 0. */
double localise_rank(const struct localise *localise, uint32_t offset);
/* Numbers of the marks, most suspicious first, then in the order of the source; in the arena. */
uint32_t *localise_order(const struct localise *localise, struct arena *arena);
