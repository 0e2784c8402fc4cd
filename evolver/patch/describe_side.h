/* describe_side - what the files of describe share: one of the two trees with its outline. Inside
 * this folder only. */
#pragma once

#include "patch/describe.h"

struct side_tree {
    const struct syntax *syntax;
    struct outline_functions functions;
    struct outline_plugin plugin;
    struct outline_tables tables;
};
struct telling {
    const struct describe *describe;
    struct side_tree was, now;
    struct arena arena;
    struct buf *out;
    size_t begin;                 /* of the line in hand */
    uint32_t lines, hidden, told; /* told: the condition or struct that was told last */
};

/* Begins and ends a line: prefix ("guard weaker: " or ""), "FUNCTION (HOOK), line N: ". */
void tell_where(
    struct telling *telling, const char *prefix, const struct side_tree *side, uint32_t node);
void tell_end(struct telling *telling);
/* `a piece of source`, on one line, cut short. */
void tell_piece(struct telling *telling, const struct syntax *syntax, struct span span);
void tell_long_piece(struct telling *telling, const struct syntax *syntax, struct span span);
void tell_node(struct telling *telling, const struct syntax *syntax, uint32_t node);

/* Whether a change takes protection away. */
bool guard_stops(const struct syntax *syntax, uint32_t branch); /* it leaves, and does nothing */
bool guard_denies(const struct syntax *syntax, uint32_t top);   /* it denies, retries or finishes */
/* The word in front of a changed condition: "guard weaker: ", "guard changed: " or "". */
const char *guard_of_condition(
    const struct syntax *was, uint32_t condition, const struct syntax *now, uint32_t now_condition);
/* The same for a run of statements, or a part of one. */
const char *guard_of_change(const struct telling *telling, const struct diff_change *change);

/* A line for each statement in what is new, from the first node of a run to its last. */
void tell_inside(
    struct telling *telling, const struct side_tree *side, uint32_t first, uint32_t last);

/* Lines for what is new and asks for chance or time. */
void tell_chance(struct telling *telling, const struct diff_run *now);
/* describe_powers.c, describe_always.c: of the two sources as wholes. */
void tell_powers(struct telling *telling);
void tell_always(struct telling *telling);
/* Lines for literals of what is new that stand in texts of the batch. */
void tell_literals(struct telling *telling, const struct diff_run *now);
