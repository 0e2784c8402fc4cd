/* simulated - worlds of chance for the gate: whether it errs as seldom as it says can only be told
 * where the truth is known.
 *
 * Worlds are made here; what judges them is the gate's own code (trials/verdict.h, sequential.h).
 * Everything is drawn from a seed, so a rate that was printed once is printed again. */
#pragma once

#include "base/arena.h"
#include "trials/sequential.h"
#include "trials/verdict.h"

/* --- chance, seeded */

struct chance {
    uint64_t state;
};
double chance_uniform(struct chance *chance); /* [0, 1) */
bool chance_hits(struct chance *chance, double p);
double chance_beta(struct chance *chance, double a, double b);

/* --- with a model that is asked again each time: regime L */

enum live_world {
    LIVE_SAME,   /* both builds are the same one */
    LIVE_MEAN_0, /* groups differ, for better as often as for worse */
    LIVE_BETTER, /* failures are a third of what they were: 30 % to 10 % */
    LIVE_EDGE,   /* worse by just the margin in every group */
    LIVE_WORLDS
};
enum { LIVE_REPEATS_MAX = 8 };
/* One group of one case, `repeats` runs an arm. A group's rate of failure is Beta(.6, 1.4).
 * ret_pairs (NULL: not wanted): of each pair of runs 1 if only the new one passed, -1 if only the
 * old one. */
struct sequential_group live_group(struct chance *chance, enum live_world world, uint32_t repeats,
    uint32_t number, int ret_pairs[LIVE_REPEATS_MAX]);
struct sequential_plan live_plan(uint32_t repeats, uint32_t groups, double level);

enum live_rule {
    LIVE_VERDICT,    /* the gate's: better and not worse, stopped at any group */
    LIVE_VOTES,      /* its bet on votes alone */
    LIVE_FIXED,      /* its sign test, once, when all groups are run */
    LIVE_PEEKING,    /* exact test of McNemar over all pairs of runs, after each group, at .05 */
    LIVE_PER_REPEAT, /* one bet a repeat instead of one a group */
    LIVE_KEEP,       /* keep if better */
    LIVE_RULES
};
enum { LIVE_SIZES = 3 };
extern const uint32_t live_sizes[LIVE_SIZES]; /* groups: 20, 40, 80 */
/* How often each rule has promoted by so many groups, of `runs` comparisons at level .05. */
void live_rates(double ret[LIVE_RULES][LIVE_SIZES], struct chance *chance, enum live_world world,
    uint32_t repeats, unsigned runs);
/* How often a change that does nothing is kept if better, where a share of the groups ends
 * otherwise when it is run once more. */
double live_kept(struct chance *chance, double discordant, uint32_t groups, unsigned runs);

/* --- with recorded replies: regime S */

/* What a candidate does to groups that it was not made for, as shares of them. */
struct made {
    const char *name;
    double in_fixed; /* of the held-in groups that it was made with */
    double fixed;    /* of other failing groups */
    double worse;    /* of all other groups, failing or not */
    double broken;   /* cases that a proposer sees and that passed */
    double by_heart; /* fixed groups where it fails among other people */
};
struct home {
    uint32_t in, out;    /* groups with the failure */
    uint32_t others;     /* held-out groups without it */
    uint32_t regression; /* cases that a proposer sees */
};
/* A report as compare_runs makes it, in the arena. `looks`: with the held-out groups. */
struct report made_report(struct arena *arena, struct chance *chance, const struct home *home,
    const struct made *made, bool looks);
/* One whose numbers of held-out groups fixed and worse are given, and which is else without fault.
 */
struct report counted_report(
    struct arena *arena, const struct home *home, uint32_t fixed, uint32_t worse);

/* --- proposers that learn, on one set of `out` held-out groups */

enum learns {
    LEARNS_BIT,    /* passed or not passed, of candidates that fix a share p0: nothing to learn */
    LEARNS_BETTER, /* whether it fixes more of the held-out groups than the best before: a leak */
    LEARNS_RIDERS  /* passed or not, of true repairs that each carry something worthless */
};
enum spends {
    SPENDS_SHARE, /* level(k, i): the gate */
    SPENDS_EACH   /* .05 for each candidate */
};
/* Whether any of `candidates` passes that is worth no more than p0. The verdict is the gate's; as
 * it is a function of counts, one of equal counts is asked for once (`memory`, of learning_new). */
struct learning;
struct learning *learning_new(uint32_t out, uint32_t candidates);
void learning_free(struct learning *learning);
bool learning_false_pass(
    struct learning *learning, struct chance *chance, enum learns learns, enum spends spends);
