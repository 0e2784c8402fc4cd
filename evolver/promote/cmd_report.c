/* cmd_report - moult report ID: the claim of an approved candidate on a shard of the sealed split.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "promote/certified.h"
#include "promote/claim.h"
#include "promote/cmd.h"
#include "promote/reviewing.h"
#include "promote/view.h"

#include <stdio.h>

static void tell(const struct claim *claim, bool known)
{
    printf("candidate %.12s beside its parent %.12s, on shard %u of the sealed split%s\n",
        claim->candidate.at, claim->parent.at, claim->shard, known ? " (opened before)" : "");
    printf("  %u groups in %u conversations that nobody had seen", claim->groups, claim->sessions);
    if (claim->left_out)
        printf("; %u more could not be replayed", claim->left_out);
    printf("\n  %.*s: %u of %u groups mended: at least %.0f %% of groups like these\n",
        (int)claim->detector.size, claim->detector.at, claim->fixed, claim->failing,
        claim->fixed_at_least * 100);
    printf("  worse: %u of %u groups: at most %.0f %% of groups like these\n", claim->worse,
        claim->groups, claim->worse_at_most * 100);
    printf("  each bound holds but for one time in %.0f; what was replayed is the first changed "
           "effect of each run%s\n",
        1 / claim->level, claim->claims ? ", as clients and imports brought it" : "");
}

/* Of somebody who is a reviewer still: a lock outlives them. */
static int load_key(
    struct sign_key *ret, const struct home *home, const char *path, struct err *err)
{
    CLEANUP(mem_freep) struct reviewers *reviewers = mem_zero(1, sizeof *reviewers);
    const struct reviewer *who;
    struct sign_public public;
    char own[PATH_MAX];
    int rc = path ? 0 : reviewing_key_path(own, err);
    if (rc == 0)
        rc = sign_load(path ? path : own, ret, err);
    if (rc == 0)
        rc = reviewers_read(reviewers, home, err);
    if (rc < 0)
        return err_while(err, "the reviewer's key");
    sign_public_of(ret, &public);
    const struct digest id = sign_id(&public);
    return reviewers_find_in(reviewers, &id, REVIEWERS_NOW, clock_wall_ms(), &who, err);
}

/* What the gate's report of the candidate names. */
static int tell_certificate(
    struct driver *driver, const struct candidate *candidate, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct report gated;
    struct str text;
    int rc = view_document(&text, driver, "report", &candidate->report, err);
    if (rc == 0 && text.size > 0 && (rc = report_read(&gated, text, &driver->arena, err)) == 0)
        certified_tell_report(&out, &gated);
    if (rc == 0 && out.size > 0)
        fputs(out.at, stdout);
    return rc;
}

static int report(struct driver *driver, const char *id, const char *key_path,
    const struct verb_call *call, struct err *err)
{
    CLEANUP(sign_key_wipe) struct sign_key key = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct candidate candidate;
    struct claim claim;
    int rc = candidate_find(driver->journal, &driver->arena, str_of(id), &candidate, err);
    int known = rc < 0 ? rc : claim_find(&claim, driver, &candidate, err);
    if (known == 0 && (rc = load_key(&key, &driver->home, key_path, err)) == 0)
        rc = claim_make(&claim, driver, &candidate, &key, err);
    if (known < 0 || rc < 0)
        return known < 0 ? known : rc;
    claim_print(&out, &claim);
    if (call->json)
        puts(out.at);
    else
        tell(&claim, known == 1);
    return call->json ? 0 : tell_certificate(driver, &candidate, err);
}

static int run_report(const struct verb_call *call, struct err *err)
{
    const char *args[1] = { NULL }, *key = NULL;
    const struct option options[] = {
        { "--key", 0, OPTION_TEXT, "FILE",
            "the reviewer's secret key (default: in the user's configuration)", &key },
        { 0 },
    };
    struct driver driver;
    int rc = verb_options(call, &verb_report, options, args, 1, err);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_USAGE, "report wants a candidate's id");
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    rc = report(&driver, args[0], key, call, err);
    driver_done(&driver);
    return rc;
}

const struct verb verb_report = { "report", run_report, "report ID [--key FILE]",
    "what an approved candidate does on groups that were sealed" };
