/* sequential - the verdict on a candidate where chance takes part: group by group, both arms, and
 * it may end at each of them.
 *
 * A model that is asked twice answers twice, so one run of a case says little and a look after each
 * makes luck look like skill. Here each group bets once, on the mean of repeats that were fixed
 * beforehand, and the wealth of a bet exceeds 1/a with chance at most a whenever one stops
 * (stats.h). Four such processes run side by side; two must be won for a pass, one of the others
 * ends it the other way. "No pass-to-fail" would refuse an identical build more often than not (100
 * cases of rate .99: 63 %), so it is a claim with a margin like the other.
 *
 * The state is nothing but the plan and what the groups gave, in order: wealth is worked out again
 * from that, so a row that is read back cannot say more than its groups do. A row is resumed, never
 * restarted: its plan stands in the ledger before the first run, and no group bets twice.
 * docs/reference/statistics.md has the formulas. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "trials/stats.h"

#include <stdbool.h>

enum sequential_stop {
    SEQUENTIAL_ANY,  /* at each group */
    SEQUENTIAL_FIXED /* all groups are run, then one sign test: has more power with few of them */
};
/* All of it is fixed before the first run, and durable with the look that it spends. */
struct sequential_plan {
    struct digest shard, candidate;
    uint32_t look, passes; /* of the ledger: k and i of stats_level */
    double level;          /* of "better": what that look may spend */
    double level_harm;     /* of "not worse" */
    double margin;         /* how much lower the share of passes may be and still be "not worse" */
    double missing_max;    /* share of groups that lack a result in an arm */
    uint32_t repeats;      /* of each case in each arm */
    uint32_t cases;        /* in all groups together */
    uint32_t groups;       /* the most; SEQUENTIAL_FIXED: exactly so many */
    uint8_t stop;          /* enum sequential_stop */
};

/* How the runs of one arm ended. An abnormal end is a failure; missing: infrastructure failed. */
struct sequential_arm {
    uint32_t passed, failed, missing;
};
struct sequential_group {
    struct digest group;
    bool signature; /* the batch's failure occurs in it */
    uint32_t cases; /* each once, whatever copies there are */
    uint32_t lost;  /* cases that passed in every repeat of the old arm and in none of the new */
    struct sequential_arm old, new;
};

enum sequential_process {
    PROCESS_BETTER,
    PROCESS_NOT_WORSE,
    PROCESS_HARM,
    PROCESS_FUTILE,
    PROCESSES
};
extern const char *const sequential_process_words[PROCESSES];
enum sequential_end {
    SEQUENTIAL_OPEN,
    SEQUENTIAL_PASS,   /* better, and not worse */
    SEQUENTIAL_HARM,   /* worse, or a case alone that was safe and is lost */
    SEQUENTIAL_FUTILE, /* not better by as much as would be worth the runs */
    SEQUENTIAL_SPENT   /* all groups have bet: inconclusive */
};
extern const char *const sequential_end_words[SEQUENTIAL_SPENT + 1];

struct sequential {
    struct sequential_plan plan;
    struct sequential_group *groups; /* owned, in the order in which they bet */
    uint32_t groups_count, cases_count;
    uint32_t wins, losses; /* votes of groups with the signature */
    uint32_t lost;         /* cases */
    uint32_t missing;      /* groups */
    struct stats_bet bets[PROCESSES];
    double log_wealth[PROCESSES], log_most[PROCESSES]; /* now, and the most that it ever was */
    uint8_t end;                                       /* enum sequential_end */
};
/* ERR_INPUT: the plan makes no sense (a level of 0 is an exhausted shard). */
int sequential_init(struct sequential *ret, const struct sequential_plan *plan, struct err *err);
void sequential_done(struct sequential *sequential);

/* Puts groups into the order in which they bet: by keyed hash, which nobody can choose. */
void sequential_order(const struct sequential_plan *plan, struct digest *groups, uint32_t count);
/* Whether that group has bet: its runs are done, and it is passed over when a row is resumed. */
bool sequential_has(const struct sequential *sequential, const struct digest *group);
/* One group's bet, once all repeats of both arms are there. Returns enum sequential_end.
 * ERR_STATE: it has bet before, or the row has ended. ERR_INPUT: the counts do not add up to the
 * plan's repeats. Nothing has changed then. */
int sequential_add(
    struct sequential *sequential, const struct sequential_group *group, struct err *err);

/* Bounds at level a of the mean of share passed new minus share passed old, valid whenever one
 * looks: steps of .01 from -1 to 1. For people. */
void sequential_interval(
    const struct sequential *sequential, double a, double *ret_low, double *ret_high);
/* One line for people: what decided, with its numbers. Names no group. */
void sequential_tell(struct buf *out, const struct sequential *sequential);

/* What the log of a process's wealth has to reach to end it. */
double sequential_wanted(const struct sequential_plan *plan, enum sequential_process process);
/* Whether all groups could pass under this plan, were each as good as can be; `signature` of them
 * have the failure. Else the shard is exhausted, and nothing should be run. */
bool sequential_can_pass(const struct sequential_plan *plan, uint32_t signature);

/* The row: JSON, schema 1. */
void sequential_print(struct buf *out, const struct sequential *sequential);
/* Members of it, without braces: for who keeps it in pieces. */
void sequential_print_plan(struct buf *out, const struct sequential_plan *plan);
void sequential_print_group(struct buf *out, const struct sequential_group *group);
/* Bets again with every group that stands there; a row that goes on behind its end, or where a
 * group bets twice, is refused: ERR_INPUT with the path. */
int sequential_read(struct sequential *ret, struct str text, struct err *err);
/* As sequential_read, and only if it is of this very plan: ERR_STATE if another stands there. */
int sequential_resume(
    struct sequential *ret, struct str text, const struct sequential_plan *plan, struct err *err);
