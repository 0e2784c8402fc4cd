/* cmd_decide - moult approve, reject: a person's decision. */
#include "base/clock.h"
#include "base/mem.h"
#include "promote/chain.h"
#include "promote/cmd.h"
#include "promote/corpus.h"
#include "promote/promotion.h"
#include "promote/reviewing.h"
#include "promote/view.h"
#include "trials/redact_home.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DAY_MS = 24 * 3600 * 1000 };

static int find(struct driver *driver, struct candidate *ret, const struct verb_call *call,
    const char *id, struct err *err)
{
    int rc = driver_open(driver, call, err);
    if (rc < 0)
        return rc;
    rc = candidate_find(driver->journal, &driver->arena, str_of(id), ret, err);
    if (rc < 0)
        driver_done(driver);
    return rc;
}

static void tell(const struct candidate *candidate, const struct verb_call *call, const char *extra)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    if (call->json) {
        buf_char(&out, '{');
        view_short(&out, candidate);
        buf_text(&out, "}\n");
    } else {
        view_line(&out, candidate);
        buf_format(&out, "\n%s", extra);
    }
    fputs(out.at, stdout);
}

/* At a terminal the person types the first digits of what was reviewed; without one nobody looked,
 * and the approval says so. */
static int ask(const struct candidate *candidate, bool *ret_unattended, struct err *err)
{
    char line[64] = "";
    *ret_unattended = !isatty(STDIN_FILENO);
    if (*ret_unattended)
        return 0;
    fprintf(stderr,
        "approve candidate %.12s for plugin %.*s? Type its first 6 digits: ", candidate->id.at,
        (int)candidate->plugin.size, candidate->plugin.at);
    if (!fgets(line, sizeof line, stdin) || strncmp(line, candidate->id.at, 6) != 0)
        return err_set(err, ERR_DENIED, "not approved");
    return 0;
}

static int sign(struct buf *out, struct driver *driver, const struct candidate *candidate,
    const char *key_path, bool unattended, struct err *err)
{
    char path[PATH_MAX];
    struct sign_key key;
    struct approval approval;
    int rc = promotion_links(&approval, driver, candidate, err);
    if (rc == 0 && !key_path)
        rc = reviewing_key_path(path, err);
    if (rc < 0 || (rc = sign_load(key_path ? key_path : path, &key, err)) < 0)
        return rc < 0 ? err_while(err, "the reviewer's key") : 0;
    approval.at_ms = clock_wall_ms();
    approval.expires_ms = approval.at_ms + 7ull * DAY_MS;
    approval.unattended = unattended;
    approval_sign(out, &approval, &driver->home, &key);
    sign_key_wipe(&key);
    return 0;
}

/* Checked like at the promotion: a key that nobody knows is refused now, not then. */
static int check(struct driver *driver, const struct candidate *candidate, struct str envelope,
    struct approval *ret, struct err *err)
{
    struct approval want;
    struct reviewers *reviewers = arena_alloc(&driver->arena, sizeof *reviewers);
    int rc = promotion_links(&want, driver, candidate, err);
    if (rc == 0)
        rc = reviewers_read(reviewers, &driver->home, err);
    return rc < 0 ? rc
                  : approval_check(
                        ret, envelope, &want, &driver->home, reviewers, clock_wall_ms(), err);
}

static int approve(struct driver *driver, struct candidate *candidate, const char *key,
    struct approval *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    bool unattended;
    int rc;
    if (candidate->stage != STAGE_IN_REVIEW)
        return err_set(err, ERR_STATE, "candidate %.12s is %s: only one in_review can be approved",
            candidate->id.at, stage_words[candidate->stage]);
    if ((rc = chain_check(driver, candidate, err)) < 0 ||
        (rc = corpus_grow(&candidate->corpus, NULL, driver, candidate, err)) < 0 ||
        (rc = ask(candidate, &unattended, err)) < 0 ||
        (rc = sign(&envelope, driver, candidate, key, unattended, err)) < 0 ||
        (rc = check(driver, candidate, buf_view(&envelope), ret, err)) < 0 ||
        (rc = journal_put(
             driver->journal, "approval", buf_view(&envelope), &candidate->approval, err)) < 0)
        return rc;
    return candidate_move(driver->journal, candidate, ON_APPROVE, err);
}

static int run_approve(const struct verb_call *call, struct err *err)
{
    const char *args[1] = { NULL }, *key = NULL;
    const struct option options[] = {
        { "--key", 0, OPTION_TEXT, "FILE",
            "the reviewer's secret key (default: in the user's configuration)", &key },
        { 0 },
    };
    struct driver driver;
    struct candidate candidate;
    struct approval approval;
    int rc = verb_options(call, &verb_approve, options, args, 1, err);
    if (rc <= 0)
        return rc < 0 ? rc : err_set(err, ERR_USAGE, "approve wants a candidate's id");
    if ((rc = find(&driver, &candidate, call, args[0], err)) < 0)
        return rc;
    rc = approve(&driver, &candidate, key, &approval, err);
    if (rc == 0) {
        CLEANUP(mem_freep)
        char *extra = mem_format("approved by %s%s\nnext: moult promote %.12s\n", approval.by,
            approval.unattended ? ", unattended: nobody was at a terminal" : "", candidate.id.at);
        tell(&candidate, call, extra);
    }
    driver_done(&driver);
    return rc;
}

static int run_reject(const struct verb_call *call, struct err *err)
{
    const char *args[1] = { NULL }, *why = NULL;
    const struct option options[] = {
        { "--why", 0, OPTION_TEXT, "TEXT", "the reason, one line: it is kept and shown", &why },
        { 0 },
    };
    struct driver driver;
    struct candidate candidate;
    enum { WHY_MAX = 500 };
    int rc = verb_options(call, &verb_reject, options, args, 1, err);
    if (rc < 0)
        return rc;
    if (rc == 0 || !why || !*why || strlen(why) > WHY_MAX || strchr(why, '\n'))
        return err_set(err, ERR_USAGE, "reject wants a candidate's id and --why TEXT, one line");
    if ((rc = find(&driver, &candidate, call, args[0], err)) < 0)
        return rc;
    bool tried = candidate.stage == STAGE_CANARY;
    if ((rc = redact_reason(&why, WHY_MAX, &driver.home, &driver.arena, err)) == 0)
        rc = candidate_end(driver.journal, &driver.arena, &candidate, ON_REFUSE, why, err);
    if (rc == 0 && tried)
        canary_give_up(&driver, &candidate);
    if (rc == 0)
        tell(&candidate, call, "");
    driver_done(&driver);
    return rc < 0 ? rc : 0;
}

const struct verb verb_approve = { "approve", run_approve, "approve ID [--key FILE]",
    "a reviewer's signature over what was reviewed" };
const struct verb verb_reject = { "reject", run_reject, "reject ID --why TEXT",
    "the person says no: the candidate is kept with the reason" };
