/* canary_units - whose turns a candidate gets, and whose went bad, in the candidate's share and
 * beside it.
 *
 * Turns of one person are not independent, so the unit is the principal; where there is only one,
 * the session. A unit belongs to one side, by a key that is drawn when the candidate is loaded: no
 * client can choose its side. Its first bad turn is its one vote; what the votes mean is the
 * driver's (trials/trip.h). */
#pragma once

#include "base/hash.h"
#include "base/str.h"

/* Units beyond are served as any and counted no more. */
enum { CANARY_UNITS_MAX = 1024, CANARY_VOTES_MAX = 400 };

struct canary_unit {
    uint64_t id;
    bool in_new, bad;
    uint32_t done; /* turns that ended well, in its own side */
};
struct canary_units {
    struct digest key;
    uint32_t share; /* percent; 0: nobody is in, and nothing is counted */
    uint64_t first; /* the principal that came first */
    bool many;      /* another one has come since */
    struct canary_unit at[CANARY_UNITS_MAX];
    uint32_t count;
    char votes[CANARY_VOTES_MAX + 1]; /* in their order: n in the new side, o in the old */
    uint32_t votes_count;
};
int canary_units_begin(struct canary_units *units, uint32_t share, struct err *err);
/* The unit of a turn, or NULL: nothing is counted, or there is no room. */
struct canary_unit *canary_unit_of(
    struct canary_units *units, struct str principal, uint64_t session);
/* A turn ended on one of the sides. What ran on the other side than its unit's says nothing. */
void canary_unit_done(struct canary_unit *unit, bool on_new);
void canary_unit_bad(struct canary_units *units, struct canary_unit *unit, bool on_new);
/* Members of a JSON object: units (of the new side that had a turn), clean (of these), votes. */
void canary_units_tell(const struct canary_units *units, struct buf *out);
