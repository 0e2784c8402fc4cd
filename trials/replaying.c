/* replaying - see replaying.h. */
#include "trials/replaying.h"

#include "base/clock.h"
#include "base/mem.h"
#include "trials/detect.h"
#include "trials/trace.h"
#include "trials/split.h"
#include "wire/verb.h"

#include <stdio.h>
#include <string.h>

enum { MS_NS = 1000000, WALL_MS = 10000 };

const char *const replayed_words[REPLAYED_INCONCLUSIVE + 1] = {
    [REPLAYED_PASS] = "pass",
    [REPLAYED_FAIL] = "fail",
    [REPLAYED_INCONCLUSIVE] = "inconclusive",
};

struct one { /* a run of the page */
    struct replayed of;
    struct hash_state effects[REPLAYING_PASSES];
    uint64_t from_ns, to_ns;
};
struct page {
    struct replaying *replaying;
    struct one list[JOURNAL_PAGE];
    unsigned count, pass;
    uint64_t all; /* runs that may come; 0: nobody would see it */
};

/* It has replies, and none that could be put to a harness. */
static bool nothing_asked(const struct run *run)
{
    return run->steps_count == 0 && run->unasked > 0;
}

int replayed_verdict(const struct replayed *of)
{
    if (!of->stable || nothing_asked(of->run))
        return REPLAYED_INCONCLUSIVE;
    return of->first == UINT32_MAX || of->resolved ? REPLAYED_PASS : REPLAYED_FAIL;
}

int replaying_exit(const struct replaying_totals *totals)
{
    if (totals->runs == 0 || totals->unstable > 0)
        return REPLAYED_INCONCLUSIVE;
    return totals->failed > 0 ? REPLAYED_FAIL : REPLAYED_PASS;
}

int replaying_open(
    struct replaying *replaying, struct replay_arm arm, unsigned workers, struct err *err)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < REPLAYING_PASSES; i++) {
        arm.pass = (unsigned)i;
        rc = replay_open(&replaying->arms[i], &arm, workers, err);
    }
    return rc;
}

/* --- one step */

static void note_change(
    struct replayed *of, uint32_t step, const struct effects *seen, const struct effects *wanted)
{
    of->first = step;
    of->resolved = detect_resolved_by(of->run, step, seen);
    if (seen->end == EFFECTS_ABNORMAL && of->run->split != SPLIT_HELD_IN)
        snprintf(of->why, sizeof of->why, "step %u: an abnormal end, held out", step);
    else if (seen->end == EFFECTS_ABNORMAL)
        snprintf(of->why, sizeof of->why, "step %u: %.*s", step, (int)seen->why.size, seen->why.at);
    else if (seen->error)
        snprintf(of->why, sizeof of->why, "step %u: an error: %s, %s; recorded %s, %s", step,
            effects_end_words[seen->end], effects_again_words[seen->again],
            effects_end_words[wanted->end], effects_again_words[wanted->again]);
    else
        snprintf(of->why, sizeof of->why, "step %u: request %s, reply %s, ended %s, recorded %s",
            step, seen->request_same ? "same" : "changed", seen->same ? "same" : "changed",
            effects_end_words[seen->end], effects_end_words[wanted->end]);
}

static struct one *one_of(struct page *page, const struct run *run)
{
    unsigned i = 0;
    while (page->list[i].of.run != run)
        i++;
    return &page->list[i];
}

static int on_step(void *with, const struct run *run, uint32_t step, const struct effects *seen)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct page *page = with;
    struct one *one = one_of(page, run);
    struct replayed *of = &one->of;
    struct effects wanted;
    hash_add(&one->effects[page->pass], seen->digest.at, sizeof seen->digest.at);
    if (page->pass > 0)
        return 0;
    effects_recorded(&wanted, run, step, &arena);
    bool same = seen->request_same && seen->same && seen->end == wanted.end;
    of->steps++;
    of->same += same;
    one->to_ns = clock_mono_ns();
    if (!same && of->first == UINT32_MAX)
        note_change(of, step, seen, &wanted);
    return 0;
}

/* --- one page of runs */

static void judge(struct page *page, struct one *one)
{
    struct replaying *replaying = page->replaying;
    struct replaying_totals *totals = &replaying->totals;
    struct digest first = hash_end(&one->effects[0]), second = hash_end(&one->effects[1]);
    struct replayed *of = &one->of;
    of->stable = hash_equal(&first, &second);
    of->ms = (one->to_ns - one->from_ns) / MS_NS;
    totals->runs++;
    totals->steps += of->steps;
    totals->same += of->same;
    totals->failed += of->first != UINT32_MAX && !of->resolved;
    totals->resolved += of->resolved != NULL;
    totals->unstable += !of->stable;
    totals->unasked += of->run->unasked;
    if (nothing_asked(of->run))
        snprintf(of->why, sizeof of->why, "no harness asks for any of its replies");
    replaying->tell(replaying->with, of);
}

static int on_page(void *with, struct run *const *runs, unsigned count, struct err *err)
{
    struct page *page = with;
    struct replaying *replaying = page->replaying;
    page->count = count;
    for (unsigned i = 0; i < count; i++) {
        struct one *one = &page->list[i];
        *one = (struct one){ .of = { .run = runs[i], .first = UINT32_MAX },
            .from_ns = clock_mono_ns() };
        one->to_ns = one->from_ns;
        for (int k = 0; k < REPLAYING_PASSES; k++)
            hash_begin(&one->effects[k]);
    }
    int rc = 0;
    for (page->pass = 0; rc == 0 && page->pass < REPLAYING_PASSES; page->pass++)
        rc = replay_runs(replaying->arms[page->pass], (const struct run *const *)runs, count,
            WALL_MS, on_step, page, err);
    for (unsigned i = 0; rc == 0 && i < count; i++)
        judge(page, &page->list[i]);
    verb_progress_of(replaying->totals.runs, page->all, "runs");
    return rc;
}

int replaying_run(struct replaying *replaying, struct err *err)
{
    CLEANUP(mem_freep) struct page *page = mem_zero(1, sizeof *page);
    uint64_t from = clock_mono_ns();
    int rc = 0;
    page->replaying = replaying;
    page->all = replaying->cases_count;
    if (!page->all && verb_progress_seen())
        rc = trace_count(replaying->journal, false, 0, &page->all, err);
    verb_progress_of(0, page->all, "runs");
    if (rc == 0)
        rc = replaying->cases_count ? trace_page_of(replaying->journal, replaying->cases,
                                          replaying->cases_count, on_page, page, err)
                                    : trace_pages(replaying->journal, on_page, page, err);
    verb_progress_clear();
    replaying->totals.ms = (clock_mono_ns() - from) / MS_NS;
    replaying->totals.layers = replay_layers(replaying->arms[0]);
    return rc;
}
