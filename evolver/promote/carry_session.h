/* carry_session - the life of one tool server: which calls go in, and what its answers mean. Inside
 * this folder only.
 *
 * A world can be asked as long as nothing that was not recorded has changed it. So mended calls of
 * one run share a server up to the first that writes, and a run of reads costs one start. */
#pragma once

#include "promote/carry.h"

struct carry_session {
    const struct carry_plan *plan;
    uint32_t first, count; /* the plan's calls that it is to answer */
    struct carry_line *lines;
    uint32_t lines_count;
    struct arena arena;
};
/* Chooses the calls from `first` on and prints what goes in. End it in any case. */
void carry_session_begin(
    struct carry_session *ret, const struct carry_plan *plan, uint32_t first, struct buf *input);
void carry_session_done(struct carry_session *session);
/* Fills outcomes (of the plan) from what came out; texts go to the arena. Returns how many calls
 * are settled, at least 1: behind one without an answer the others want another server. */
uint32_t carry_session_read(const struct carry_session *session, struct str output,
    struct carry_outcome *outcomes, struct arena *arena);
