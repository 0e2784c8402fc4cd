/* schema - the C of a trial build: one plugin in which each choice of a candidate is a hole.
 *
 * The pool's expressions become cases of one function a type, so a candidate is a row of numbers
 * and never source. The same build tells the values' prints (its counters), which conditions hold
 * (its atoms), and takes the guarded way when the row's bits say so. */
#pragma once

#include "propose/pool.h"

/* The row of a candidate. A way is one edit or none: the action, and what fills its parameters. */
enum schema_hole {
    HOLE_ITERATOR,
    HOLE_PROBE, /* enum schema_probe */
    HOLE_RETURN,
    HOLE_CHANGE, /* of what is there: which change, from 1; and which way, from 1, or the number */
    HOLE_VALUE,
    HOLE_HIGH, /* of a number: what does not fit into one hole */
    HOLE_WAY,  /* two ways of 1 + VERB_PARAMS_MAX numbers */
    HOLES_WAY = 1 + VERB_PARAMS_MAX,
    HOLES = HOLE_WAY + 2 * HOLES_WAY
};

/* No candidate, but told: prints of the scope's values, or what numbers are compared with. */
enum schema_probe { PROBE_NOTHING, PROBE_VALUES, PROBE_CHANGES };

/* What a way may do: edits of the hook's classes; number 0 is nothing. */
enum { ACTIONS_MAX = 16 };
struct actions {
    const struct verb *at[ACTIONS_MAX];
    uint32_t count;
};
void schema_actions(struct actions *ret, const struct pool *pool);

struct schema_plan {
    const struct pool *pool;
    const struct actions *actions;
    const struct atom *atoms[POOL_ITERATORS_MAX]; /* by scope */
    uint32_t atoms_count[POOL_ITERATORS_MAX];
    uint32_t cover_min; /* counters that something else needs, beside one an expression */
};
/* How many bits a row of atoms has: a multiple of 8. */
uint32_t schema_atoms_bits(const struct schema_plan *plan);
/* The functions; they end with one `moult_action search_run(moult_turn *, moult_call *)`, which the
 * pool's locals stand behind. */
void schema_print(struct buf *out, const struct schema_plan *plan);
/* The export, for the end of the file. */
void schema_print_export(struct buf *out, const struct schema_plan *plan);
