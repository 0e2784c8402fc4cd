/* cover_numbers - which expressions are numbers that may choose, though nothing branches. Inside
 * this folder only.
 *
 * A choice needs no branch: a table read at a place that is worked out, a sum that is nothing until
 * the three hundredth call, a number that loses its upper half where it is kept. What is worked out
 * of constants alone chooses nothing, a comparison is a condition, and what is compared is decided
 * there. */
#pragma once

#include "patch/names.h"
#include "patch/outline.h"

enum cover_number {
    NUMBER_NOT_ZERO = 1, /* must be seen other than zero */
    NUMBER_VARIES = 2,   /* must be seen with two values */
    NUMBER_KEPT = 4,     /* that only if it loses a part of itself where it is kept */
    NUMBER_OF_FILE = 8   /* a place in the file's own constants, if it is a pointer */
};
struct cover_numbers {
    const struct syntax *syntax;
    const struct outline_functions *functions;
    struct names local;  /* parameters and variables of functions, which hide what is constant */
    struct names moving; /* those of them that get something else than constants */
    struct names fixed;  /* enumerators, and constants of the file */
    struct names single; /* tables of one row */
};
void cover_numbers_of(struct cover_numbers *ret, const struct syntax *syntax,
    const struct outline_functions *functions, struct arena *arena);
/* cover_fixed.c: nothing in it comes from a run, but by the branches that were taken. */
bool cover_is_fixed(const struct cover_numbers *numbers, uint32_t top);
bool cover_is_fixed_name(const struct cover_numbers *numbers, struct str name);
/* The array or struct in `table[i]` and in `rows[i].names[k].size`; 0: not by a name. */
uint32_t cover_array_of(const struct syntax *syntax, uint32_t node);
/* Of enum cover_number, or'ed; 0: nothing to watch. */
unsigned cover_number(const struct cover_numbers *numbers, uint32_t node);

/* cover_kept.c: the type, as C, that a value gets where a variable, the caller or a parameter has
 * it; empty: none by which it could lose a part. */
struct str cover_kept_type(const struct cover_numbers *numbers, uint32_t node);
/* So, and the value is what stands elsewhere: nothing is worked out. */
bool cover_is_kept(const struct cover_numbers *numbers, uint32_t node);
/* What it is an operand of, whatever parentheses are around it; *node: the outermost of those. */
uint32_t cover_user_of(const struct syntax *syntax, uint32_t *node);
/* A number of eight bytes may lose some as that type. */
bool cover_may_lose(struct str type);
