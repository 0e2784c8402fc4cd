/* bounds_inside - what the files of bounds share. Inside this folder only. */
#pragma once

#include "patch/bounds.h"
#include "patch/outline.h"

/* One thing of a source that is over its bound. */
struct bounds_found {
    enum rule rule;
    struct str function, what; /* what: of a function a budget's words, of a loop its head */
    uint64_t have;
    struct place place;
    const char *why;
};
struct bounds {
    const struct syntax *syntax;
    const struct bounds_budget *budget;
    struct outline_functions functions;
    struct arena *arena;
    struct bounds_found *at;
    uint32_t count;
};
void bounds_add(struct bounds *bounds, struct bounds_found found);
void bounds_calls(struct bounds *bounds);
void bounds_loops(struct bounds *bounds);

/* --- bounds_names.c: what a name stands for, and who changes it */

/* The expression within parentheses and casts. */
uint32_t bounds_bare(const struct syntax *syntax, uint32_t node);
/* The function around a node, or NULL. */
const struct outline_function *bounds_function(const struct bounds *bounds, uint32_t node);
/* What a name means at a node; false: nothing of this file. */
bool bounds_meaning(const struct bounds *bounds, uint32_t node, struct outline_name *ret);
enum bounds_change {
    BOUNDS_ASSIGNED = 1,  /* it, or a member of it */
    BOUNDS_ADDRESSED = 2, /* its address goes somewhere */
    BOUNDS_HIDDEN = 4     /* something else has its name further in */
};
/* How a name is changed within `top`, but for what stands within `but` (0: nothing). */
unsigned bounds_changes(const struct syntax *syntax, uint32_t top, struct str name, uint32_t but);
/* A verb of the SDK's rows that is called here (and no local of that name): its signature. NULL:
 * none. */
const char *bounds_verb(const struct bounds *bounds, uint32_t call, struct str *ret_name);
/* The number-th argument of a call, or 0; UINT32_MAX: the last. */
uint32_t bounds_argument(const struct syntax *syntax, uint32_t call, uint32_t number);

/* What a declared name began with, or 0. */
uint32_t bounds_initial(const struct syntax *syntax, const struct outline_name *name);
/* Whether a name of a function keeps, at this use of it, the value that it began with. */
bool bounds_stays(const struct bounds *bounds, uint32_t node, const struct outline_name *name);
/* Asks `each` for what every call passes for a parameter. False: one said no, there is no call, or
 * the function is called by something else than its name. */
typedef bool bounds_follow_each(
    const struct bounds *bounds, uint32_t node, unsigned depth, void *with);
bool bounds_follow(const struct bounds *bounds, uint32_t node, const struct outline_name *name,
    unsigned depth, bounds_follow_each *each, void *with);

/* --- bounds_text.c */

bool bounds_is_text(const struct bounds *bounds, uint32_t node, unsigned depth);

/* --- bounds_value.c: how large a number can get */

struct bounds_value {
    enum {
        VALUE_UNREAD,
        VALUE_NUMBER,
        VALUE_COUNT
    } kind; /* COUNT: how many there are of something
             * that was handed to the plugin */
    uint64_t number;
};
struct bounds_value bounds_value(const struct bounds *bounds, uint32_t node);

/* --- bounds_counter.c */

/* Whether this part of a for's condition ends it: why not, or NULL and after how many rounds (0: as
 * many as a count says). */
const char *bounds_counts(
    const struct bounds *bounds, uint32_t loop, uint32_t part, uint64_t *ret_rounds);
extern const char bounds_no_end[], bounds_no_counter[];
