/* mandates - see mandates.h. */
#include "promote/mandates.h"

#include "admission/hooks.h"
#include "base/clock.h"
#include "base/mem.h"
#include "promote/gate_policy.h"

#include <string.h>

const char *const mandate_state_words[MANDATE_STATES] = {
    [MANDATE_IN_FORCE] = "in force",
    [MANDATE_EXPIRED] = "expired",
    [MANDATE_REVOKED] = "revoked",
    [MANDATE_USED_UP] = "used up",
    [MANDATE_POLICY_CHANGED] = "policy changed",
    [MANDATE_REVIEWER_GONE] = "reviewer revoked",
    [MANDATE_FORGED] = "forged",
};

struct mandate_past mandates_past(
    const struct driver *driver, const struct digest *mandate, struct str plugin)
{
    struct mandate_past past = { 0 };
    for (uint32_t i = 0; i < driver->admissions_count; i++)
        mandate_past_add(&past, &driver->admissions[i], mandate, plugin);
    return past;
}

/* --- reading */

static bool knows(const struct driver *driver, const struct digest *admission)
{
    for (uint32_t i = 0; i < driver->admissions_count; i++)
        if (hash_equal(&driver->admissions[i].digest, admission))
            return true;
    return false;
}

static enum mandate_state state_of(const struct mandate_row *row, const struct mandates *all)
{
    uint64_t now_ms = clock_wall_ms();
    if (row->ended_ms)
        return MANDATE_REVOKED;
    if (now_ms >= row->mandate.expires_ms || now_ms < row->mandate.from_ms)
        return MANDATE_EXPIRED;
    if (row->used >= row->mandate.admissions)
        return MANDATE_USED_UP;
    if (!hash_equal(&row->mandate.policy, &all->policy))
        return MANDATE_POLICY_CHANGED;
    return MANDATE_IN_FORCE;
}

/* Signed by somebody who is, or was, a reviewer here; else nothing of it is believed. */
static void read_one(
    struct mandate_row *ret, struct driver *driver, const struct mandates *all, struct str envelope)
{
    struct mandate now;
    if (mandate_open(&ret->mandate, envelope, &driver->home, all->reviewers, 0, 0, NULL) < 0 ||
        !knows(driver, &ret->mandate.admission_before)) {
        ret->mandate = (struct mandate){ 0 };
        ret->state = MANDATE_FORGED;
        return;
    }
    ret->used = mandates_past(driver, &ret->id, (struct str){ 0 }).used;
    ret->state = state_of(ret, all);
    if (ret->state == MANDATE_IN_FORCE &&
        mandate_open(&now, envelope, &driver->home, all->reviewers, REVIEWERS_NOW, clock_wall_ms(),
            NULL) < 0)
        ret->state = MANDATE_REVIEWER_GONE;
}

static void read_end(struct mandates *all, const struct journal_document *end, struct arena *arena)
{
    struct digest mandate;
    const struct json *root = json_read(arena, end->text, NULL, NULL);
    if (hash_unhex(&mandate, json_string(arena, json_get(root, "mandate")), NULL) < 0)
        return;
    for (uint32_t i = 0; i < all->count; i++)
        if (hash_equal(&all->at[i].id, &mandate) && !all->at[i].ended_ms) {
            all->at[i].ended_ms = end->at_ms;
            all->at[i].ended_why = json_string(arena, json_get(root, "why"));
        }
}

int mandates_read(struct mandates *ret, struct driver *driver, struct err *err)
{
    struct arena *arena = &driver->arena;
    struct journal_document *given, *ends;
    struct policy policy;
    uint32_t count;
    struct mandates all = { .reviewers = arena_alloc(arena, sizeof *all.reviewers) };
    int rc = gate_policy(&policy, &all.policy, driver, err);
    if (rc == 0)
        rc = reviewers_read(all.reviewers, &driver->home, err);
    if (rc == 0)
        rc = journal_documents(driver->journal, "mandate", arena, &given, &all.count, err);
    if (rc == 0)
        rc = journal_documents(driver->journal, "mandate-end", arena, &ends, &count, err);
    if (rc < 0)
        return rc;
    all.at = arena_alloc(arena, (all.count + 1) * sizeof *all.at);
    memset(all.at, 0, (all.count + 1) * sizeof *all.at);
    for (uint32_t i = 0; i < all.count; i++)
        all.at[i].id = given[i].digest;
    for (uint32_t i = 0; i < count; i++)
        read_end(&all, &ends[i], arena);
    for (uint32_t i = 0; i < all.count; i++)
        read_one(&all.at[i], driver, &all, given[i].text);
    *ret = all;
    return 0;
}

int mandates_find(const struct mandate_row **ret, const struct mandates *mandates,
    struct str prefix, struct err *err)
{
    enum { DIGITS_MIN = 6 };
    const struct mandate_row *found = NULL;
    char hex[DIGEST_HEX];
    if (prefix.size < DIGITS_MIN)
        return err_set(err, ERR_USAGE, "a mandate is named by at least %d digits", DIGITS_MIN);
    for (uint32_t i = 0; i < mandates->count; i++) {
        if (!str_starts(str_of(hash_hex(hex, &mandates->at[i].id)), prefix))
            continue;
        if (found)
            return err_set(err, ERR_STATE, "several mandates begin so");
        found = &mandates->at[i];
    }
    if (!found) {
        err_set(
            err, ERR_MISSING, "no mandate begins with %.*s", (int)(prefix.size & 127), prefix.at);
        return err_hint(err, "moult mandate list");
    }
    *ret = found;
    return 0;
}

/* --- a candidate */

int mandates_asked(struct may_admit *ret, const struct mandates *mandates,
    const struct driver *driver, const struct candidate *candidate, struct err *err)
{
    struct may_admit asked = {
        .at_ms = clock_wall_ms(), .plugin = candidate->plugin, .path = candidate->path
    };
    /* The policy of then and of now are one, or no mandate is for it. */
    if (hash_equal(&mandates->policy, &candidate->policy))
        asked.policy = candidate->policy;
    /* The order of hooks has no plugin's table, and is out by its path. */
    int rc =
        kept_for_people(candidate->plugin, candidate->path, 0)
            ? 0
            : hooks_of_build(&asked.hooks_before, &driver->home, &candidate->build_before, err);
    if (rc == 0 && !kept_for_people(candidate->plugin, candidate->path, asked.hooks_before))
        rc = hooks_of_build(&asked.hooks_now, &driver->home, &candidate->build, err);
    if (rc == 0)
        *ret = asked;
    return rc;
}

static int open_confirmation(struct confirmation *ret, struct driver *driver,
    const struct candidate *candidate, struct err *err)
{
    struct confirmation want = { .batch = candidate->batch,
        .build = candidate->build,
        .report = candidate->report,
        .policy = candidate->policy,
        .mandate = candidate->mandate,
        .admission_before = driver_last(driver)->digest };
    struct str text;
    int rc = hash_unhex(&want.candidate, candidate->id, err);
    if (rc == 0)
        rc = journal_get(
            driver->journal, "confirmation", &candidate->confirmation, &driver->arena, &text, err);
    if (rc == 0)
        rc = confirmation_open(ret, text, &driver->home, err);
    return rc < 0 ? rc : confirmation_links(ret, &want, err);
}

static const struct mandate_row *row_of(const struct mandates *all, const struct digest *id)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (hash_equal(&all->at[i].id, id))
            return &all->at[i];
    return NULL;
}

int mandates_check(
    struct mandate *ret, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    struct mandates all;
    struct may_admit asked;
    struct confirmation confirmation;
    int rc = mandates_read(&all, driver, err);
    if (rc == 0)
        rc = mandates_asked(&asked, &all, driver, candidate, err);
    if (rc == 0)
        rc = open_confirmation(&confirmation, driver, candidate, err);
    if (rc < 0)
        return rc;
    const struct mandate_row *row = row_of(&all, &candidate->mandate);
    if (!row || row->state == MANDATE_FORGED)
        return err_set(err, ERR_VERIFY, "no reviewer of this home gave its mandate");
    if (row->state == MANDATE_REVIEWER_GONE)
        return err_set(err, ERR_DENIED, "who gave its mandate is no reviewer any more");
    asked.mandate = &row->mandate;
    asked.ended_ms = row->ended_ms;
    asked.past = mandates_past(driver, &row->id, candidate->plugin);
    asked.confirmation = &confirmation;
    if ((rc = may_admit_check(&asked, err)) == 0)
        *ret = row->mandate;
    return rc;
}

/* --- giving and ending */

static int check_plugin(struct driver *driver, const char *name, struct err *err)
{
    const struct generation_build *build = generation_find(&driver->generation, str_of(name));
    uint32_t hooks = 0;
    if (!build) {
        err_set(err, ERR_MISSING, "no plugin %.64s is active", name);
        return err_hint(err, "moult plugins lists them");
    }
    const char *kept = kept_for_people(build->name, build->path, 0);
    int rc = kept ? 0 : hooks_of_build(&hooks, &driver->home, &build->build, err);
    if (rc < 0)
        return rc;
    if (!kept)
        kept = kept_for_people(build->name, build->path, hooks);
    if (!kept)
        return 0;
    err_set(err, ERR_DENIED, "no mandate covers %.64s: %s", name, kept);
    return err_hint(err, "a person approves each change of it: moult review");
}

int mandates_give(struct mandate *ret, struct driver *driver, struct str envelope, struct err *err)
{
    struct reviewers *reviewers = arena_alloc(&driver->arena, sizeof *reviewers);
    struct mandate mandate;
    struct digest id;
    int rc = reviewers_read(reviewers, &driver->home, err);
    if (rc == 0)
        rc = mandate_open(
            &mandate, envelope, &driver->home, reviewers, REVIEWERS_NOW, clock_wall_ms(), err);
    for (uint32_t i = 0; rc == 0 && i < mandate.plugins_count; i++)
        rc = check_plugin(driver, mandate.plugins[i], err);
    if (rc == 0)
        rc = journal_put(driver->journal, "mandate", envelope, &id, err);
    if (rc == 0)
        *ret = mandate;
    return rc;
}

int mandates_end(
    struct driver *driver, const struct mandate_row *row, const char *why, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char hex[DIGEST_HEX];
    struct digest unused;
    if (row->ended_ms)
        return err_set(err, ERR_STATE, "mandate %.12s is revoked already", hash_hex(hex, &row->id));
    buf_format(&text, "{\"schema\":1,\"mandate\":\"%s\",\"why\":", hash_hex(hex, &row->id));
    json_quote(&text, str_of(why));
    buf_char(&text, '}');
    return journal_put(driver->journal, "mandate-end", buf_view(&text), &unused, err);
}
