/* diff - two trees of one file, as runs of whole nodes that differ.
 *
 * Down from the roots: where two nodes are of one kind, their children are paired (equal text
 * first, then kind) and looked into, so that a change is as small as whole nodes let it be. An
 * expression whose operators differ is one change as a whole. Comments are no nodes here. */
#pragma once

#include "base/arena.h"
#include "patch/syntax.h"

/* `count` sibling nodes from `first` (comments between them included) in `parent`. An empty run
 * has first 0; the place is then behind the child `behind`, or at the front if that is 0. */
struct diff_run {
    uint32_t parent, first, last, count, behind;
};
struct diff_change {
    struct diff_run was, now;
};
struct diff {
    struct diff_change *at; /* in document order */
    uint32_t count;
};
struct diff diff_trees(const struct syntax *was, const struct syntax *now, struct arena *arena);
/* The same tokens: blanks and comments between them do not count. */
bool diff_same(const struct syntax *was, uint32_t a, const struct syntax *now, uint32_t b);
/* The bytes of a run: an empty one has the place's offset twice. */
struct span diff_span(const struct syntax *syntax, const struct diff_run *run);
