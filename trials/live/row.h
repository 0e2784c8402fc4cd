/* row - a live comparison in the journal: one document with what was fixed, durable before the
 * first run, and one a group with what it gave, durable before the next group is begun.
 *
 * Each is a decision with a record in the audit chain, so none can be taken away or slipped in
 * unseen. A comparison that was begun stands for its candidate and its set of cases for good: who
 * asks again goes on with it, and a plan that is another in anything is refused, since to begin
 * anew is to choose which luck counts. The level is that of a look in the ledger (journal_look),
 * at the set of cases: the next candidate there has a harder one. */
#pragma once

#include "trials/sequential.h"
#include "wire/journal.h"

/* plan.look, passes and level are the row's to fill. */
struct live_row_plan {
    struct sequential_plan plan;
    double level_shard;
    uint32_t signature; /* groups that have the failure */
    struct str terms;   /* what else was fixed: members of a JSON object, each behind a comma */
};
/* What runs took, and the floors that the new arm broke in them. usd: micro-dollars. */
struct live_took {
    uint64_t requests, tokens, usd, floors;
};
struct live_row {
    struct journal *journal;
    struct sequential sequential;
    struct digest plan;    /* of its document */
    struct live_took took; /* by all groups that have bet */
    bool resumed;
    int lock; /* of the home: one comparison at a time; -1 */
};
/* Begins, or goes on. ERR_STATE: another plan stands there, or another comparison runs. Returns 1:
 * no result could pass any more, so nothing was begun and no look was spent; *ret is then zeroed,
 * and err says how it stands. journal: of the role drive. For live_row_close, also after an error.
 */
int live_row_open(struct live_row *ret, struct journal *journal, const struct home *home,
    struct live_row_plan *plan, struct err *err);
/* It has an end: that of its processes, or a floor that the new arm broke, which once is enough. */
bool live_row_ended(const struct live_row *row);
bool live_row_passed(const struct live_row *row);
/* One group's bet: on the disk, then counted. evidence: the document of its runs. */
int live_row_bet(struct live_row *row, const struct sequential_group *group,
    const struct digest *evidence, const struct live_took *took, struct err *err);
/* Where it has ended, the ledger is told. */
int live_row_end(struct live_row *row, struct err *err);
void live_row_close(struct live_row *row);

/* --- its parts, for tests */

void live_row_print_plan(struct buf *out, const struct live_row_plan *plan);
void live_row_print_bet(struct buf *out, const struct digest *plan, uint32_t number,
    const struct sequential_group *group, const struct digest *evidence,
    const struct live_took *took);
/* The plan's document among all, or NULL. ERR_STATE in *ret_rc: it is of another plan. */
const struct journal_document *live_row_find(const struct journal_document *list, uint32_t count,
    const struct live_row_plan *plan, int *ret_rc, struct err *err);
/* The bets of the plan among all, in their order. ERR_INPUT: one is missing, or there twice. */
int live_row_read(struct sequential *ret, struct live_took *ret_took,
    const struct sequential_plan *plan, const struct digest *document,
    const struct journal_document *bets, uint32_t count, struct err *err);
