/* tally - votes of groups.
 *
 * The asymmetries are deliberate: a missing or abnormal new arm is a loss, a missing old arm counts
 * as a pass of the old one, so a candidate gains nothing by failing to finish where it would lose.
 */
#include "trials/tally.h"

#include "base/mem.h"
#include "trials/grade/grade.h"

#include <stdlib.h>

static bool ended_worse(const struct report_case *c)
{
    return c->new_abnormal && !c->old_abnormal;
}

/* Worse without an abnormal end: the arms differ, and what the new one does is not the repair. */
static bool is_loss(const struct report_case *c)
{
    if (c->missing_new)
        return true;
    if (c->new_abnormal || c->new_outcome == OUTCOME_RESOLVED)
        return false;
    if (c->missing_old || c->old_abnormal)
        return c->new_outcome != OUTCOME_SAME;
    return !hash_equal(&c->old_effects, &c->new_effects);
}

/* Harm behind the claim. Where the symptom is, a case of it has nothing to lose. */
static bool is_stray(const struct report_case *c)
{
    return c->after_step != UINT32_MAX && !(c->after_symptom && c->signature);
}

/* Sealed cases are for the report alone. Made cases belong to no customer and stand for themselves,
 * and so does what an older shard has been asked already. */
static int standing(const struct report_case *c)
{
    enum { MADE = SPLITS, PAST };
    return c->suite == SUITE_SAFETY ? MADE : c->past ? PAST : c->split;
}

/* Among other people it would not have been. */
static bool by_heart(const struct report_case *c)
{
    return c->variants_mended < c->variants;
}

static bool is_mended(const struct report_case *c)
{
    return c->new_outcome == OUTCOME_RESOLVED && !c->missing_new && !c->new_abnormal &&
           c->after_step == UINT32_MAX;
}

enum flip tally_flip(const struct report_case *c)
{
    if (is_loss(c) || ended_worse(c) || is_stray(c))
        return FLIP_WORSE;
    bool mended_before = c->old_outcome == OUTCOME_RESOLVED && !c->missing_old;
    return is_mended(c) && !mended_before ? FLIP_MENDED : FLIP_NONE;
}

enum flip tally_taken(const struct report_taken *c)
{
    bool passed = c->old == GRADE_PASS || c->missing_old;
    if (c->flaky)
        return FLIP_NONE;
    if (c->new == GRADE_PASS)
        return passed ? FLIP_NONE : FLIP_MENDED;
    return passed || (c->new_abnormal && !c->old_abnormal) || c->missing_new ? FLIP_WORSE
                                                                             : FLIP_NONE;
}

static int by_group(const void *left, const void *right)
{
    const struct report_case *a = *(const struct report_case *const *)left;
    const struct report_case *b = *(const struct report_case *const *)right;
    return standing(a) != standing(b) ? standing(a) - standing(b) : str_compare(a->group, b->group);
}

struct group {
    bool worse, missing, asked;
    uint32_t signature, resolved_new;  /* cases */
    uint32_t resolved_old, passed_old; /* passed: resolved, or without a result */
};

static void group_add(struct group *group, const struct report_case *c)
{
    group->worse |= tally_flip(c) == FLIP_WORSE;
    group->missing |= c->missing_old || c->missing_new;
    group->asked |= c->asked && !c->missing_old && !c->missing_new;
    if (!c->signature)
        return;
    group->signature++;
    group->resolved_new += is_mended(c) && !by_heart(c);
    group->resolved_old += c->old_outcome == OUTCOME_RESOLVED && !c->missing_old;
    group->passed_old += c->old_outcome == OUTCOME_RESOLVED || c->missing_old;
}

static void count_group(struct tally *ret, const struct group *group, int where)
{
    /* A group that the old arm mends already is no failing group any more: it neither counts for
     * the candidate nor against it, beyond that it must not get worse. */
    bool fails = group->resolved_old < group->signature;
    bool fixed = !group->worse && group->resolved_new == group->signature &&
                 group->passed_old < group->signature;
    ret->groups++;
    ret->groups_missing += group->missing;
    if (where == SPLIT_HELD_IN) {
        ret->in_groups += fails;
        ret->in_fixed += fixed;
        ret->in_asked += group->asked;
    }
    if (where == SPLIT_HELD_OUT) {
        ret->out_groups += fails;
        ret->out_fixed += fixed;
        ret->all_groups++;
        ret->out_asked += group->asked;
        ret->worse += group->worse;
    }
}

static void count_case(struct tally *ret, const struct report_case *c)
{
    ret->cases[c->suite]++;
    ret->losses[c->suite] += is_loss(c);
    ret->abnormal += ended_worse(c);
    if (c->signature && is_mended(c)) {
        ret->mended++;
        ret->mended_varied += c->variants > 0;
        ret->by_heart += by_heart(c);
    }
    ret->strays += is_stray(c);
    ret->riders[c->suite][c->rider]++;
}

static void count_taken(struct tally *ret, const struct report_taken *c)
{
    bool worse = tally_taken(c) == FLIP_WORSE, ended = c->new_abnormal && !c->old_abnormal;
    ret->taken[c->suite]++;
    ret->losses[c->suite] += worse && !ended;
    ret->abnormal += worse && ended;
    ret->flaky += c->flaky;
    ret->unstable += c->unstable;
}

void tally_of(struct tally *ret, const struct report *report)
{
    CLEANUP(mem_freep)
    const struct report_case **order = mem_zero(report->cases_count + 1, sizeof *order);
    uint32_t count = 0;
    *ret = (struct tally){ 0 };
    for (uint32_t i = 0; i < report->cases_count; i++)
        if (report->cases[i].split != SPLIT_TEST)
            order[count++] = &report->cases[i];
    for (uint32_t i = 0; i < report->taken_count; i++)
        count_taken(ret, &report->taken[i]);
    qsort(order, count, sizeof *order, by_group);
    struct group group = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        count_case(ret, order[i]);
        group_add(&group, order[i]);
        if (i + 1 == count || by_group(&order[i], &order[i + 1]) != 0) {
            count_group(ret, &group, standing(order[i]));
            group = (struct group){ 0 };
        }
    }
}
