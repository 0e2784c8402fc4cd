/* decisions - where two harnesses part on the same reply, in words, and like ones together: a
 * person asks what a candidate changes, not in which sessions.
 *
 * A group is (tool, was, is): "cancel_order: called, then denied". What has no tool is about how
 * the step ended. Each group has an example. Texts are anybody's. */
#pragma once

#include "trials/effects.h"

struct decision {
    struct str tool; /* that the first difference is about; empty: none */
    const char *was, *is;
};
/* They are not equal. tool: of one of them. */
struct decision decision_of(const struct effects *was, const struct effects *is);

struct decision_group {
    struct decision decision;
    uint64_t count, resolved; /* resolved: where a detector's frame allows the change */
    struct str session;       /* the example: the first that came */
    uint32_t step;
    bool shows;         /* its words may be told; an example of one whose may not is replaced */
    struct str was, is; /* effects_say of both, cut; empty where it does not show them */
};
enum { DECISIONS_MAX = 200 };
/* A zeroed struct is valid and empty. */
struct decisions {
    struct arena arena;
    struct decision_group at[DECISIONS_MAX];
    unsigned count;
    uint64_t others; /* that had no place as a group of their own */
};
struct decision_example {
    struct str session;
    uint32_t step;
    bool shows;
};
void decisions_add(struct decisions *decisions, const struct effects *was, const struct effects *is,
    const struct decision_example *of, bool resolved);
/* Is there a group of it, or no room for one? Then its session is not asked for. */
bool decisions_has(
    const struct decisions *decisions, const struct effects *was, const struct effects *is);
/* The most frequent first. A JSON array; or a line a group and its example under it. */
void decisions_json(struct buf *out, struct decisions *decisions);
void decisions_text(struct buf *out, struct decisions *decisions);
void decisions_done(struct decisions *decisions);
