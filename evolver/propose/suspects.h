/* suspects - the plugins that stand at the hook, and what is suspicious in each. */
#pragma once

#include "propose/judge.h"
#include "propose/localise.h"
#include "propose/target.h"

struct suspect {
    struct target target; /* its syntax is owned here; at the hook's entry */
    struct localise localise;
    uint32_t *order;  /* marks, most suspicious first */
    double suspicion; /* of the most suspicious one that the hook can reach */
    bool marked;      /* replayed with marks */
};
struct suspects {
    struct suspect at[TARGETS_MAX];
    uint32_t count;
};
/* Those that can be patched, in the order of the bundle. Errors as of target_find. */
int suspects_begin(
    struct suspects *ret, struct arena *arena, const struct bundle *bundle, struct err *err);
void suspects_done(struct suspects *suspects);

/* Replays each with marks at the steps of both lists; then the most suspicious one is first.
 * unchanged, by place in the bundle: what the harness does as it is; *ret_seen says that it was
 * filled. A build that does not compile leaves its plugin without marks. */
int suspects_look(struct suspects *suspects, struct arena *arena, struct judge *judge,
    const struct steps *fails, const struct steps *others, struct proposer_verdict *unchanged,
    bool *ret_seen, struct err *err);
/* Whether a function runs for this hook: it, or one that is no hook's. */
bool suspect_reaches(const struct suspect *suspect, uint32_t function);
/* The most suspicious of the statements that these stand in; 0 without marks. */
double suspect_most(const struct suspect *suspect, const struct span *at, uint32_t count);
/* ["function", ...] of those that ran where something fails, most suspicious first; the patched one
 * is always there. */
void suspect_blame(struct buf *out, const struct suspect *suspect, const char *patched);
/* The most suspicious places in one line, for people: one of those that ran together. */
void suspect_tell(const struct suspect *suspect, struct judge *judge);
