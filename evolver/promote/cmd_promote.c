/* cmd_promote - moult promote, rollback, freeze, thaw: what moves the active generation, and what
 * stops it. */
#include "base/mem.h"
#include "promote/cmd.h"
#include "promote/promotion.h"
#include "promote/suite.h"
#include "promote/view.h"
#include "trials/redact_home.h"
#include "trials/trip.h"

#include <stdio.h>
#include <string.h>

/* seen: NULL at a return, which waits for no turns. */
static void tell_active(
    const struct driver *driver, bool json, const char *what, const struct canary_seen *seen)
{
    const struct admission *last = driver_last(driver);
    char hex[DIGEST_HEX];
    if (json)
        printf("{\"generation\":%u,\"kind\":\"%s\",\"commit\":\"%s\",\"plugin\":\"%.*s\","
               "\"candidate\":\"%.*s\",\"admission\":\"%s\",\"unattended\":%s,\"canary_turns\":%u,"
               "\"canary_units\":%u,\"canary_clean\":%u}\n",
            last->number, admission_kind_words[last->kind], driver->active.hex,
            (int)last->plugin.size, last->plugin.at, (int)last->candidate.size, last->candidate.at,
            hash_hex(hex, &last->digest), last->unattended ? "true" : "false",
            seen ? seen->turns : 0, seen ? seen->units : 0, seen ? seen->clean : 0);
    else
        printf("%s   generation %u, commit %.12s%s\n", what, last->number, driver->active.hex,
            last->unattended ? ", approved unattended" : "");
    if (!json && seen && seen->service)
        printf("shadow     %u copies of live steps as before, %u otherwise\n"
               "canary     %u live turns ended well, %u failed; %u of %u principals or sessions "
               "clean: under %.0f %% go bad (95 %% bound)\n",
            seen->shadow_same, seen->shadow_other, seen->turns, seen->failed, seen->clean,
            seen->units, 100 * (seen->clean == seen->units ? trip_clean_bound(seen->units) : 1));
}

static int run_promote(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1] = { NULL };
    struct driver driver;
    struct candidate candidate;
    struct canary_seen seen = { 0 };
    int rc = verb_options(call, &verb_promote, options, args, 1, err);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_USAGE, "promote wants a candidate's id");
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    rc = candidate_find(driver.journal, &driver.arena, str_of(args[0]), &candidate, err);
    if (rc == 0)
        rc = promotion_run(&driver, &candidate, &seen, err);
    if (rc == 0)
        tell_active(&driver, call->json, "promoted", &seen);
    driver_done(&driver);
    return rc;
}

/* The way back stays open whatever the smoke suite says; but it is said. */
static void tell_smoke(struct driver *driver)
{
    struct suites_smoke seen;
    struct driver_builds builds;
    struct err err = { 0 };
    int rc = driver_builds(&builds, driver, &driver->generation, &err);
    if (rc == 0) {
        rc = suite_smoke(&seen, driver, &builds, &err);
        driver_builds_done(&builds);
    }
    if (rc < 0)
        printf("smoke      not played: %s\n", err.text);
    else if (seen.failed)
        printf("smoke      %s does not pass: %s\n", seen.id, seen.why);
    else if (seen.cases > 0)
        printf("smoke      %u cases pass\n", seen.passed);
}

static int run_rollback(const struct verb_call *call, struct err *err)
{
    const char *args[1] = { NULL }, *to = NULL;
    const struct option options[] = {
        { "--to", 0, OPTION_TEXT, "BUILD|COMMIT",
            "first digits (6 or more) of what was active before (default: the last that differs)",
            &to },
        { 0 },
    };
    enum { DIGITS_MIN = 6 };
    struct driver driver;
    int rc = verb_options(call, &verb_rollback, options, args, 1, err);
    if (rc < 0)
        return rc;
    if (to && strlen(to) < DIGITS_MIN)
        return err_set(err, ERR_USAGE, "--to wants at least %d digits", DIGITS_MIN);
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    rc = promotion_rollback(&driver, str_of(args[0]), str_of(to), err);
    if (rc == 0)
        tell_active(&driver, call->json, "rolled back", NULL);
    if (rc == 0 && !call->json)
        tell_smoke(&driver);
    driver_done(&driver);
    return rc;
}

static int set_frozen(
    const struct verb_call *call, const struct verb *verb, bool frozen, struct err *err)
{
    const char *why = NULL;
    const struct option options[] = {
        { "--why", 0, OPTION_TEXT, "TEXT", "the reason, one line: it stands in the audit log",
            &why },
        { 0 },
    };
    struct driver driver;
    int rc = verb_options(call, verb, options, NULL, 0, err);
    if (rc < 0)
        return rc;
    if (!why || !*why)
        return err_set(err, ERR_USAGE, "%s wants --why TEXT", verb->name);
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    rc = redact_reason(&why, JOURNAL_WHY_MAX, &driver.home, &driver.arena, err);
    if (rc == 0)
        rc = journal_freeze(driver.journal, frozen, str_of(why), err);
    if (rc == 0)
        printf(call->json ? "{\"frozen\":%s}\n" : "frozen      %s\n", frozen ? "true" : "false");
    driver_done(&driver);
    return rc;
}

static int run_freeze(const struct verb_call *call, struct err *err)
{
    return set_frozen(call, &verb_freeze, true, err);
}

static int run_thaw(const struct verb_call *call, struct err *err)
{
    return set_frozen(call, &verb_thaw, false, err);
}

const struct verb verb_promote = { "promote", run_promote, "promote ID",
    "make an approved candidate part of the active generation" };
const struct verb verb_rollback = { "rollback", run_rollback,
    "rollback [PLUGIN] [--to BUILD|COMMIT]",
    "go back to builds that were active before; needs no compiler" };
const struct verb verb_freeze = { "freeze", run_freeze, "freeze --why TEXT",
    "no promotion until a person says so" };
const struct verb verb_thaw = { "thaw", run_thaw, "thaw --why TEXT", "allow promotions again" };
