/* shadowed - where a candidate would do otherwise with a live turn, and whether its repair is why.
 *
 * A repair changes what happens where its failure is, and nothing else. A copy of a live step that
 * goes otherwise in a session without that failure has no such reason: one is enough to stop the
 * candidate, before it had any turn of its own. A session is judged when its turn has ended, or a
 * moment after it was told: before that the reply may not stand in the journal yet, and the turn of
 * a client that was handed a call ends when the client comes back, or never. */
#pragma once

#include "promote/driver.h"
#include "trials/detect.h"

enum { SHADOWED_MAX = 64 };
struct shadowed {
    const struct detector *detector; /* NULL: what it mends is not known, so nothing is judged */
    struct shadowed_delta {
        uint64_t session, turn, told_ns;
    } at[SHADOWED_MAX];
    unsigned count; /* that were not judged yet */
};
/* The detector of the candidate's batch, if it has one. */
int shadowed_begin(struct shadowed *ret, struct driver *driver, const struct candidate *candidate,
    struct err *err);
/* Takes what the service told ("told"), each turn once. */
void shadowed_add(struct shadowed *shadowed, const struct json *told);
/* Judges those that can be. 1: one is unexplained, and *ret says which; 0: none so far. A
 * session that this role may not read is not judged. */
int shadowed_judge(
    struct shadowed_delta *ret, struct shadowed *shadowed, struct driver *driver, struct err *err);
