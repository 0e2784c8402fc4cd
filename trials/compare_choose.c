/* compare_choose - which runs are put to both arms, and as what: cases, neighbours, the rest,
 * variants of cases, and made cases. */
#include "trials/comparing.h"

#include "base/mem.h"
#include "trials/case/rename.h"
#include "trials/case/resize.h"
#include "trials/id_set.h"
#include "trials/overreach.h"

enum { EACH = 8 };

/* What the batches name: thousands of sessions, asked for each of tens of thousands of runs. By the
 * digest of the name, which here need not be a session's id. */
struct named {
    struct id_set held_in, held_out, neighbours;
};

static void add_name(struct id_set *set, struct str session)
{
    struct digest name = hash_of(session);
    id_set_add(set, &name);
}

static bool has_name(const struct id_set *set, struct str session)
{
    struct digest name = hash_of(session);
    return id_set_has(set, &name);
}

static void add_batch(struct named *named, struct id_set *cases, const struct batch *batch)
{
    for (uint32_t i = 0; batch && i < batch->cases_count; i++)
        add_name(cases, batch->cases[i].session);
    for (uint32_t i = 0; batch && i < batch->neighbours_count; i++)
        add_name(&named->neighbours, batch->neighbours[i]);
}

static struct named read_names(const struct compare_plan *plan)
{
    struct named named = { 0 };
    add_batch(&named, &named.held_in, plan->held_in);
    add_batch(&named, &named.held_out, plan->held_out);
    id_set_seal(&named.held_in);
    id_set_seal(&named.held_out);
    id_set_seal(&named.neighbours);
    return named;
}

static void named_done(struct named *named)
{
    id_set_done(&named->held_in);
    id_set_done(&named->held_out);
    id_set_done(&named->neighbours);
}

static void on_hit(void *with, const struct detect_hit *hit)
{
    (void)hit;
    *(bool *)with = true;
}

/* A run with the symptom that is neither a case nor a neighbour says nothing: -1. */
static int suite_of(
    const struct compare_plan *plan, const struct named *named, const struct run *run)
{
    bool symptom = false;
    if (run->past || plan->less)
        return SUITE_REGRESSION;
    if (has_name(&named->held_in, run->session))
        return SUITE_BATCH;
    if (has_name(&named->held_out, run->session))
        return SUITE_HELD_OUT;
    if (has_name(&named->neighbours, run->session))
        return SUITE_REGRESSION;
    plan->detector->find(run, on_hit, &symptom);
    return symptom ? -1 : SUITE_REGRESSION;
}

static struct tried *add_run(
    struct comparing *c, const struct run *run, uint8_t suite, const struct detector *detector)
{
    struct tried *tried = &c->tried[c->tried_count];
    *tried = (struct tried){ .run = run,
        .suite = suite,
        .detector = detector,
        .often = suite == SUITE_SAFETY || c->tried_count % EACH == 0,
        .of = c->tried_count };
    c->tried_count++;
    for (int arm = 0; arm < ARMS; arm++) {
        track_begin(&tried->tracks[arm], run, c->arena);
        tried->tracks[arm].any = c->plan->less && suite != SUITE_SAFETY;
    }
    return tried;
}

bool comparing_variant(const struct comparing *c, const struct tried *tried)
{
    return tried != &c->tried[tried->of];
}

struct hits {
    uint64_t digest;
    unsigned count;
};

static void on_place(void *with, const struct detect_hit *hit)
{
    struct hits *hits = with;
    const uint32_t place[] = { hit->step, hit->call };
    hits->digest = hash_fast(place, sizeof place, hits->digest);
    hits->count++;
}

/* The same failures at the same places. */
static bool shows(const struct detector *detector, const struct run *variant, const struct run *run)
{
    struct hits a = { 0 }, b = { 0 };
    detector->find(variant, on_place, &a);
    detector->find(run, on_place, &b);
    return a.count == b.count && a.digest == b.digest;
}

static int make_variant(
    struct run **ret, struct comparing *c, const struct run *run, unsigned number, struct err *err)
{
    if (number < COMPARE_NAMES)
        return run_vary(ret, run, number, c->arena, err);
    if (number == COMPARE_NAMES)
        return run_rename(ret, run, c->arena, err);
    if (number == COMPARE_SIZES)
        return run_resize(ret, run, c->arena, err);
    return run_speak(ret, run, number - COMPARE_LANGUAGES, c->arena, err);
}

/* The same failing run among other people, and so on. One that cannot be made is none, nor is one
 * that the old arm takes otherwise (fill_variant). */
static int add_variants(struct comparing *c, const struct run *run, uint8_t suite, struct err *err)
{
    unsigned of = c->tried_count - 1;
    for (unsigned i = 0; i < COMPARE_VARIANTS; i++) {
        struct run *variant;
        int rc = make_variant(&variant, c, run, i, err);
        if (rc < 0)
            return err_while(
                err, "variant %u of session %.*s", i, (int)run->session.size, run->session.at);
        if (!variant || !shows(c->plan->detector, variant, run))
            continue;
        struct tried *tried = add_run(c, variant, suite, c->plan->detector);
        tried->of = of;
        tried->once = i >= COMPARE_SIZES;
        tried->often &= !tried->once;
    }
    return 0;
}

static bool told_before(unsigned detector)
{
    for (unsigned i = 0; i < detector; i++)
        if (detectors[i].overreach == detectors[detector].overreach)
            return true;
    return false;
}

/* Made cases of every detector, those of the candidate's own included. */
static int add_made(struct comparing *c, struct err *err)
{
    for (unsigned i = 0; i < detectors_count; i++) {
        struct run **runs;
        unsigned count;
        if (!detectors[i].overreach || told_before(i))
            continue;
        int rc = overreach_runs(&detectors[i], c->arena, &runs, &count, err);
        if (rc < 0)
            return rc;
        c->tried = mem_grow(c->tried, c->tried_count + count + 1, sizeof *c->tried);
        for (unsigned k = 0; k < count; k++)
            add_run(c, runs[k], SUITE_SAFETY, NULL);
    }
    return 0;
}

int comparing_choose(struct comparing *c, struct err *err)
{
    const struct compare_plan *plan = c->plan;
    CLEANUP(named_done) struct named named = read_names(plan);
    int rc = 0;
    c->tried = mem_zero(plan->runs_count * (size_t)(1 + COMPARE_VARIANTS) + 1, sizeof *c->tried);
    for (unsigned i = 0; rc == 0 && i < plan->runs_count; i++) {
        int suite = suite_of(plan, &named, plan->runs[i]);
        if (suite < 0)
            continue;
        add_run(c, plan->runs[i], (uint8_t)suite, plan->detector);
        if (suite == SUITE_BATCH || suite == SUITE_HELD_OUT)
            rc = add_variants(c, plan->runs[i], (uint8_t)suite, err);
    }
    return rc < 0 ? rc : add_made(c, err);
}
