/* score - see score.h. */
#include "promote/score.h"

#include "base/mem.h"
#include "trials/tally.h"

#include <math.h>
#include <string.h>

enum { CORRELATION_LEAST = 3 };

const char *const edit_kind_words[EDIT_KINDS] = {
    [EDIT_INSERTED] = "insert",
    [EDIT_DELETED] = "delete",
    [EDIT_REPLACED] = "replace",
    [EDIT_WHOLE] = "whole",
};

enum edit_kind edit_kind_of(const struct proposal *proposal)
{
    bool takes = false, puts = false;
    for (uint32_t i = 0; i < proposal->edits_count; i++) {
        takes |= proposal->edits[i].to > proposal->edits[i].from;
        puts |= proposal->edits[i].text.size > 0;
    }
    if (proposal->edits_count == 1 && proposal->edits[0].from == 0 && takes && puts)
        return EDIT_WHOLE;
    return !takes ? EDIT_INSERTED : !puts ? EDIT_DELETED : EDIT_REPLACED;
}

/* --- sums */

static double *grown(struct arena *arena, double *old, uint32_t count)
{
    return arena_grow(arena, old, count * sizeof *old, (count + 1) * sizeof *old);
}

void score_add(struct score *score, const struct scored *of, struct arena *arena)
{
    score->worse += of->worse;
    score_add_risks(&score->risks, of);
    if (of->predicted == 0) {
        score->unspoken++;
        return;
    }
    score->predicted += of->predicted;
    score->mended += of->mended;
    score->hits += of->hits;
    score->said = grown(arena, score->said, score->n);
    score->came = grown(arena, score->came, score->n);
    score->said[score->n] = (double)of->predicted / of->cases;
    score->came[score->n] = (double)of->mended / of->cases;
    score->n++;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

double score_precision(const struct score *score)
{
    return share(score->hits, score->predicted);
}

double score_recall(const struct score *score)
{
    return share(score->hits, score->mended);
}

static double rank_of(const double *values, uint32_t count, double value)
{
    double below = 0, equal = 0;
    for (uint32_t i = 0; i < count; i++) {
        below += values[i] < value;
        equal += values[i] == value;
    }
    return below + (equal + 1) / 2;
}

double score_correlation(const struct score *score)
{
    double mean = (score->n + 1) / 2.0, both = 0, one = 0, other = 0;
    for (uint32_t i = 0; i < score->n; i++) {
        double a = rank_of(score->said, score->n, score->said[i]) - mean;
        double b = rank_of(score->came, score->n, score->came[i]) - mean;
        both += a * b;
        one += a * a;
        other += b * b;
    }
    return score->n < CORRELATION_LEAST || one == 0 || other == 0 ? NAN : both / sqrt(one * other);
}

/* --- one candidate */

static bool names(const struct json *fixes, uint32_t number)
{
    JSON_EACH(fix, fixes)
    if (json_int(fix, -1) == (int64_t)number)
        return true;
    return false;
}

static const struct batch_case *case_of(
    const struct batch *batch, const struct report_case *c, uint32_t *ret_number)
{
    for (uint32_t i = 0; i < batch->cases_count; i++)
        if (str_equal(batch->cases[i].session, c->id)) {
            *ret_number = i;
            return &batch->cases[i];
        }
    return NULL;
}

static void count(struct scored *ret, const struct batch *batch, const struct report *report,
    const struct json *fixes)
{
    for (uint32_t i = 0; i < report->cases_count; i++) {
        const struct report_case *c = &report->cases[i];
        uint32_t number;
        if (c->split != SPLIT_HELD_IN)
            continue;
        enum flip flip = tally_flip(c);
        ret->worse += flip == FLIP_WORSE;
        if (c->suite != SUITE_BATCH || !c->signature || !case_of(batch, c, &number))
            continue;
        bool predicted = names(fixes, number), mended = flip == FLIP_MENDED;
        ret->cases++;
        ret->predicted += predicted;
        ret->mended += mended;
        ret->hits += predicted && mended;
    }
}

int score_candidate(struct scored *ret, struct driver *driver, const struct candidate *candidate,
    const struct json *said, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct report report;
    struct batch batch;
    struct str text;
    *ret = (struct scored){ 0 };
    if (hash_zero(&candidate->report) || hash_zero(&candidate->batch))
        return 0;
    int rc = journal_get(driver->journal, "report", &candidate->report, &arena, &text, err);
    if (rc == 0)
        rc = report_read(&report, text, &arena, err);
    if (rc == 0)
        rc = journal_get(driver->journal, "batch", &candidate->batch, &arena, &text, err);
    if (rc == 0)
        rc = batch_read(&batch, text, &arena, err);
    if (rc < 0)
        return rc;
    count(ret, &batch, &report, json_get(said, "fixes"));
    score_risks(ret, &batch, &report, json_get(said, "risks"));
    return ret->cases > 0;
}
