/* describe - a patch in words, for those who read many: what changed, where, in which hook, and
 * what of it deserves a second look. Words from the source stand in backquotes, cut short; a
 * new piece that is longer has a line for each of its statements. The diff stands beside them in a
 * review.
 *
 * A line begins with "guard weaker: " where something was kept from happening less often than
 * before, as far as the text shows; "guard changed: " where that cannot be told; "state: " where
 * sessions' state is read otherwise; "copied from the batch: " where a literal of the patch stands
 * in a text of the failing cases; "by chance: " and "by time: " where it asks for these;
 * "always the same: " of a hook that decided and decides no more; "new power: " of a way to act
 * that the plugin did not use before. */
#pragma once

#include "patch/diff.h"
#include "patch/outline.h"

struct describe {
    const struct syntax *was, *now;
    const struct diff *diff; /* of the two */
    const struct str *literals;
    uint32_t literals_count;
};
/* One line each, at most DESCRIBE_LINES_MAX of them and then how many more. */
enum { DESCRIBE_LINES_MAX = 200 };
void describe_patch(struct buf *out, const struct describe *describe);
