/* promotion - see promotion.h. */
#include "promote/promotion.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "promote/admit.h"
#include "promote/back.h"
#include "promote/builds.h"
#include "promote/canary.h"
#include "promote/chain.h"
#include "promote/checkpoint.h"
#include "promote/corpus.h"
#include "promote/mandates.h"
#include "promote/round.h"
#include "promote/suite.h"

#include <stdio.h>
#include <string.h>

int promotion_links(struct approval *ret, const struct driver *driver,
    const struct candidate *candidate, struct err *err)
{
    *ret = (struct approval){ .batch = candidate->batch,
        .patch = candidate->patch,
        .tree = candidate->tree,
        .build = candidate->build,
        .report = candidate->report,
        .policy = candidate->policy,
        .admission_before = driver_last(driver)->digest,
        .corpus = candidate->corpus };
    if (hash_zero(&ret->patch) || hash_zero(&ret->build) || hash_zero(&ret->report) ||
        hash_zero(&ret->policy))
        return err_set(err, ERR_STATE, "candidate %.12s was not gated", candidate->id.at);
    return hash_unhex(&ret->candidate, candidate->id, err);
}

/* An old list that was put back would know nothing of who was revoked since. */
static int check_list(
    const struct driver *driver, const struct reviewers *reviewers, struct err *err)
{
    for (uint32_t i = 0; i < driver->admissions_count; i++)
        if (reviewers->number < driver->admissions[i].reviewers)
            return err_set(err, ERR_VERIFY,
                "the list of reviewers has number %llu; admission %u rested on number %u",
                (unsigned long long)reviewers->number, driver->admissions[i].number,
                driver->admissions[i].reviewers);
    return 0;
}

static int check_approval(struct driver *driver, const struct candidate *candidate,
    struct approval *ret, struct reviewers *reviewers, struct err *err)
{
    struct approval want;
    struct str envelope;
    int rc = promotion_links(&want, driver, candidate, err);
    if (rc == 0)
        rc = journal_get(
            driver->journal, "approval", &candidate->approval, &driver->arena, &envelope, err);
    if (rc == 0)
        rc = reviewers_read(reviewers, &driver->home, err);
    if (rc == 0)
        rc = check_list(driver, reviewers, err);
    if (rc == 0)
        rc = approval_check(ret, envelope, &want, &driver->home, reviewers, clock_wall_ms(), err);
    return rc;
}

/* Who let it, and how. */
struct word {
    char by[REVIEWER_NAME_MAX + 1];
    bool unattended, mandate;
    bool bare; /* the approval names no corpus */
};

static int check_word(struct driver *driver, const struct candidate *candidate, struct word *ret,
    struct reviewers *reviewers, struct err *err)
{
    struct approval approval;
    struct mandate mandate;
    ret->mandate = hash_zero(&candidate->approval) && !hash_zero(&candidate->mandate);
    int rc = reviewers_read(reviewers, &driver->home, err);
    if (rc == 0 && ret->mandate)
        rc = check_list(driver, reviewers, err);
    if (rc < 0)
        return rc;
    rc = ret->mandate ? mandates_check(&mandate, driver, candidate, err)
                      : check_approval(driver, candidate, &approval, reviewers, err);
    if (rc < 0)
        return rc;
    snprintf(ret->by, sizeof ret->by, "%s", ret->mandate ? mandate.by : approval.by);
    ret->unattended = ret->mandate ? mandate.unattended : approval.unattended;
    ret->bare = !ret->mandate && approval.bare;
    return 0;
}

/* What is admitted is what the commit's source gives, now and here, and it is in the store. */
static int rebuild(struct driver *driver, const struct candidate *candidate,
    const struct lineage_id *commit, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct compile_result result;
    int rc = lineage_file(driver->lineage, commit, candidate->path.at, &text, err);
    const struct harness_source source = { candidate->plugin, candidate->path, buf_view(&text) };
    if (rc == 0)
        rc = driver_compile(&result, driver, &source, ELF_RELEASE, err);
    if (rc < 0)
        return rc;
    struct digest kept;
    if (result.stage != COMPILE_OK || !hash_equal(&result.build, &candidate->build))
        rc = err_set(err, ERR_VERIFY, "the build of candidate %.12s does not come from its commit",
            candidate->id.at);
    else
        rc = builds_put(&driver->home, buf_view(&result.image), &kept, err);
    compile_result_done(&result);
    return rc;
}

static int make_commit(struct lineage_id *ret, struct driver *driver,
    const struct candidate *candidate, uint32_t number, uint32_t at_s, struct err *err)
{
    const struct lineage_id tree_of = lineage_id_of(candidate->commit);
    struct digest id;
    int rc = hash_unhex(&id, candidate->id, err);
    const struct lineage_trailer trailers[] = {
        { "Candidate", id },
        { "Batch", candidate->batch },
        { "Build", candidate->build },
        { "Report", candidate->report },
        { hash_zero(&candidate->approval) ? "Mandate" : "Approval",
            hash_zero(&candidate->approval) ? candidate->mandate : candidate->approval },
        { "Admission", driver_last(driver)->digest },
    };
    const struct lineage_step step = { .kind = LINEAGE_PROMOTION,
        .active = &driver->active,
        .tree_of = &tree_of,
        .generation = number,
        .at_s = at_s,
        .trailers = trailers,
        .trailers_count = COUNT_OF(trailers) };
    return rc < 0 ? rc : lineage_commit(driver->lineage, &step, ret, err);
}

/* The rows had moved when the admission came: nothing of it was written. */
static int lost_race(int rc, struct err *err)
{
    return rc == -ERR_STATE && !err->hint[0]
               ? err_hint(err, "somebody else decided meanwhile: moult log says what")
               : rc;
}

/* The row, then the references. What git refuses now the next command tries again. */
static int admit_and_move(struct driver *driver, struct admission *next,
    const struct generation *generation, const struct lineage_id *commit,
    const struct candidate *promoted, struct err *err)
{
    const struct lineage_id before = driver->active;
    CLEANUP(fd_closep) int turn = round_follow(&driver->home, err);
    int rc = turn < 0 ? turn : admit(driver, next, generation, promoted, err);
    if (rc < 0)
        return lost_race(rc, err);
    rc = lineage_move(driver->lineage, &before, commit, next->number, err);
    return rc < 0 ? err_while(err, "generation %u is active, but", next->number) : 0;
}

static int admit_and_follow(struct driver *driver, struct admission *next,
    const struct generation *generation, const struct lineage_id *commit,
    const struct candidate *promoted, struct err *err)
{
    int rc = admit_and_move(driver, next, generation, commit, promoted, err);
    if (rc < 0)
        return rc;
    rc = driver_refresh(driver, err);
    if (rc == 0)
        rc = checkpoint_make(driver->journal, &driver->home, err);
    return rc < 0 ? err_while(err, "generation %u is active, but", next->number) : 0;
}

/* Nothing is decided on a candidate that nobody approved; one at `canary` was. */
static int check_ready(struct driver *driver, const struct candidate *candidate, struct err *err)
{
    bool frozen = false;
    int rc = journal_frozen(driver->journal, &frozen, err);
    if (rc < 0)
        return rc;
    if (frozen) {
        err_set(err, ERR_DENIED, "promotions are frozen");
        return err_hint(err, "moult thaw --why TEXT lifts it");
    }
    if (candidate->stage == STAGE_APPROVED || candidate->stage == STAGE_CANARY)
        return 0;
    err_set(err, ERR_STATE, "candidate %.12s is %s, not approved", candidate->id.at,
        stage_words[candidate->stage]);
    return err_hint(err, "moult review, then moult approve");
}

/* Live turns first, where there are any; then the row, and the service follows it. */
static int try_and_admit(struct driver *driver, struct admission *next,
    const struct generation *generation, const struct lineage_id *commit,
    struct candidate *candidate, struct canary_seen *ret, struct err *err)
{
    struct mandate mandate;
    int rc = canary_run(ret, driver, candidate, err);
    if (rc < 0)
        return rc;
    /* The live turns took their time, and a mandate may have ended meanwhile. */
    if (!hash_zero(&next->mandate))
        rc = mandates_check(&mandate, driver, candidate, err);
    if (rc == 0)
        rc = admit_and_follow(driver, next, generation, commit, candidate, err);
    if (rc < 0) {
        canary_give_up(driver, candidate);
        return rc;
    }
    candidate->stage = STAGE_ACTIVE;
    return canary_activated(driver, next->number, candidate, err);
}

/* First of all, and soon over: what does not even do this gets no live turn. */
static int check_smoke(struct driver *driver, const struct generation *generation,
    const struct candidate *candidate, struct err *err)
{
    struct driver_builds builds;
    struct suites_smoke seen;
    int rc = driver_builds(&builds, driver, generation, err);
    if (rc < 0)
        return rc;
    rc = suite_smoke(&seen, driver, &builds, err);
    driver_builds_done(&builds);
    if (rc < 0 || !seen.failed)
        return rc;
    err_set(err, ERR_DENIED, "candidate %.12s: the smoke suite's case %s does not pass: %.120s",
        candidate->id.at, seen.id, seen.why);
    return err_hint(err, "what was active still is; moult case check %s", seen.id);
}

int promotion_run(
    struct driver *driver, struct candidate *candidate, struct canary_seen *ret, struct err *err)
{
    const struct lineage_id tree_of = lineage_id_of(candidate->commit);
    const uint32_t number = driver_last(driver)->number + 1;
    struct reviewers *reviewers = arena_alloc(&driver->arena, sizeof *reviewers);
    struct generation generation;
    struct word word;
    struct lineage_id commit;
    int rc = check_ready(driver, candidate, err);
    if (rc < 0 || (rc = chain_check(driver, candidate, err)) < 0 ||
        (rc = check_word(driver, candidate, &word, reviewers, err)) < 0 ||
        (rc = rebuild(driver, candidate, &tree_of, err)) < 0)
        return rc;
    struct admission next = { .number = number,
        .kind = ADMIT_PROMOTION,
        .plugin = candidate->plugin,
        .build = candidate->build,
        .candidate = candidate->id,
        .by = str_of(word.by),
        .unattended = word.unattended,
        .batch = candidate->batch,
        .report = candidate->report,
        .verdict = candidate->verdict,
        .policy = candidate->policy,
        .approval = candidate->approval,
        .reviewers = (uint32_t)reviewers->number,
        .at_s = (uint32_t)(clock_wall_ms() / 1000) };
    if ((rc = corpus_grow(&next.corpus, NULL, driver, candidate, err)) < 0)
        return rc;
    if (!word.bare && !word.mandate && !hash_equal(&next.corpus, &candidate->corpus))
        return err_set(
            err, ERR_VERIFY, "what it adds to the regression corpus is not what was approved");
    if (word.mandate) {
        next.mandate = candidate->mandate;
        next.confirmation = candidate->confirmation;
    }
    if ((rc = make_commit(&commit, driver, candidate, number, next.at_s, err)) < 0 ||
        (rc = driver_generation(&generation, driver, &commit, number, &driver->generation, err)) <
            0)
        return rc;
    const struct generation_build *build = generation_find(&generation, candidate->plugin);
    if (!build || !hash_equal(&build->build, &candidate->build))
        return err_set(
            err, ERR_VERIFY, "generation %u does not hold the build that was approved", number);
    rc = driver_loads(driver, &generation, err);
    if (rc == 0)
        rc = check_smoke(driver, &generation, candidate, err);
    return rc < 0 ? rc : try_and_admit(driver, &next, &generation, &commit, candidate, ret, err);
}

/* --- back */

/* The old file of that plugin in the active tree. */
static int commit_back(struct lineage_id *ret, struct driver *driver,
    const struct admission *target, struct str plugin, uint32_t at_s, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct lineage_id old = lineage_id_of(target->commit);
    struct str path = { 0 };
    const struct lineage_trailer trailers[] = { { "Admission", driver_last(driver)->digest } };
    struct lineage_step step = { .kind = LINEAGE_ROLLBACK,
        .active = &driver->active,
        .tree_of = plugin.size ? &driver->active : &old,
        .generation = driver_last(driver)->number + 1,
        .at_s = at_s,
        .trailers = trailers,
        .trailers_count = COUNT_OF(trailers) };
    int rc = plugin.size ? harness_path(&path, plugin, &driver->arena, err) : 0;
    if (rc == 0 && plugin.size)
        rc = lineage_file(driver->lineage, &old, path.at, &text, err);
    if (plugin.size) {
        step.path = path.at;
        step.content = buf_view(&text);
    }
    return rc < 0 ? rc : lineage_commit(driver->lineage, &step, ret, err);
}

static int refuse_unknown(struct str plugin, struct err *err)
{
    err_set(err, ERR_MISSING, "no plugin %.*s is active", (int)(plugin.size & 127), plugin.at);
    return err_hint(err, "moult plugins lists them");
}

static int refuse_same(struct err *err)
{
    err_set(err, ERR_STATE, "that is what is active");
    return err_hint(err, "moult log lists what was active before");
}

int promotion_rollback(struct driver *driver, struct str plugin, struct str to, struct err *err)
{
    const struct admission *target = NULL;
    struct generation generation, known;
    struct lineage_id commit;
    struct admission next = { .kind = ADMIT_ROLLBACK,
        .plugin = plugin,
        .by = STR("operator"),
        .at_s = (uint32_t)(clock_wall_ms() / 1000) };
    struct generation_build *row = generation_find(&driver->generation, plugin);
    if (plugin.size && !row)
        return refuse_unknown(plugin, err);
    int rc = back_target(&target, &known, driver, plugin, to, err);
    if (rc < 0)
        return rc;
    const struct generation_build *back = plugin.size ? generation_find(&known, plugin) : NULL;
    bool same = back ? hash_equal(&back->build, &row->build)
                     : hash_equal(&known.tree, &driver->generation.tree);
    if (same)
        return refuse_same(err);
    next.returns = target->digest;
    if ((rc = commit_back(&commit, driver, target, plugin, next.at_s, err)) < 0)
        return rc;
    /* Whatever the old generation does not give comes from the active one: nothing is compiled. */
    if (back) {
        next.build = back->build;
        *row = *back;
        known = driver->generation;
    }
    if ((rc = driver_generation(
             &generation, driver, &commit, driver_last(driver)->number + 1, &known, err)) < 0 ||
        (rc = driver_loads(driver, &generation, err)) < 0)
        return rc;
    rc = admit_and_follow(driver, &next, &generation, &commit, NULL, err);
    return rc < 0 ? rc : canary_activated(driver, next.number, NULL, err);
}
