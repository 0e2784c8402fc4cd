/* trip - is the new generation worse than the old one beside it? A stop rule for live turns.
 *
 * A unit (a principal; a session where there is only one) belongs to one arm by a keyed hash, to
 * the new one with chance f. Its first bad turn is its one vote: where both builds are alike, it
 * falls to the new arm with chance f, whatever traffic does. Against that are held the chances that
 * the new arm would have were it 2, 4, 8 or 16 times as bad, a quarter of the stake on each. Under
 * alike builds the stake is a martingale, so however often one looks it reaches 20 times its worth
 * with chance 1/20 at most (docs/reference/statistics.md). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { TRIP_RATES = 4 };
struct trip {
    double f;                     /* in (0, 1); else nothing is compared */
    double log_stake[TRIP_RATES]; /* one for each rate */
    uint32_t votes, new_votes;
    bool tripped; /* for good */
};
void trip_begin(struct trip *ret, double f);
/* One vote. True: it has tripped, now or before. */
bool trip_vote(struct trip *trip, bool in_new);
/* The log of what the stake is worth now. */
double trip_log_worth(const struct trip *trip);

/* So many units of the new arm, all of them clean, show at 95 % that fewer than m of such units go
 * bad; 0 < m < 1. And the bound that `units` clean ones show; 1 for none. */
uint32_t trip_clean_units(double m);
double trip_clean_bound(uint32_t units);
