/* cmd_candidates - moult candidates, show, review: look at what was proposed. */
#include "base/file.h"
#include "base/mem.h"
#include "base/names.h"
#include "promote/cmd.h"
#include "promote/view.h"

#include <stdio.h>
#include <string.h>

static int list(struct driver *driver, const char *state, struct str id, bool json, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct candidate *candidates;
    uint32_t count, shown = 0;
    int rc = candidate_list(driver->journal, &driver->arena, &candidates, &count, err);
    if (rc < 0)
        return rc;
    if (json)
        buf_text(&out, "{\"candidates\":[");
    for (uint32_t i = 0; i < count; i++) {
        if (state && strcmp(stage_words[candidates[i].stage], state) != 0)
            continue;
        if (!str_starts(candidates[i].id, id))
            continue;
        if (json)
            buf_text(&out, shown ? ",{" : "{");
        (json ? view_short : view_line)(&out, &candidates[i]);
        buf_char(&out, json ? '}' : '\n');
        shown++;
    }
    if (json)
        buf_text(&out, "]}\n");
    else if (shown == 0)
        buf_text(&out, "none: moult evolve proposes\n");
    fputs(out.at, stdout);
    return 0;
}

static int run_candidates(const struct verb_call *call, struct err *err)
{
    const char *state = NULL, *id = "";
    const struct option options[] = {
        { "--state", 0, OPTION_TEXT, "STATE", "only those: in_review, rejected, active, ...",
            &state },
        { "--id", 0, OPTION_TEXT, "ID", "only those whose id begins so", &id },
        { 0 },
    };
    struct driver driver;
    int rc = verb_options(call, &verb_candidates, options, NULL, 0, err);
    if (rc < 0)
        return rc;
    if (state && name_find(stage_words, STAGES, str_of(state)) < 0)
        return err_set(err, ERR_USAGE, "no candidate is ever %.60s", state);
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    rc = list(&driver, state, str_of(id), call->json, err);
    driver_done(&driver);
    return rc;
}

/* Forms of a review for other programs, each into a file. */
enum form { FORM_JUNIT, FORM_PAGE, FORMS };
static int (*const forms[FORMS])(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err) = {
    [FORM_JUNIT] = view_junit,
    [FORM_PAGE] = view_page,
};
struct shown_as {
    const char *files[FORMS]; /* NULL: not wanted */
};

/* The one that was named, or the newest that waits for a person. */
static int choose(struct candidate *ret, struct driver *driver, const char *id, struct err *err)
{
    struct candidate *candidates;
    uint32_t count;
    if (id)
        return candidate_find(driver->journal, &driver->arena, str_of(id), ret, err);
    int rc = candidate_list(driver->journal, &driver->arena, &candidates, &count, err);
    for (uint32_t i = count; rc == 0 && i-- > 0;)
        if (candidates[i].stage == STAGE_IN_REVIEW) {
            *ret = candidates[i];
            return 0;
        }
    if (rc == 0) {
        err_set(err, ERR_MISSING, "no candidate waits for a person");
        rc = err_hint(err, "moult candidates lists all; moult evolve proposes");
    }
    return rc;
}

/* The files that a person asked for beside the answer. */
static int write_files(struct driver *driver, const struct candidate *candidate,
    const struct shown_as *as, struct err *err)
{
    for (size_t i = 0; i < FORMS; i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        if (!as->files[i])
            continue;
        int rc = forms[i](&out, driver, candidate, err);
        if (rc == 0)
            rc = file_give(as->files[i], buf_view(&out), 0600, err); /* it quotes sessions */
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int show(
    const struct verb_call *call, const struct verb *verb, bool needs_id, struct err *err)
{
    struct shown_as as = { 0 };
    const struct option options[] = {
        { "--junit", 0, OPTION_TEXT, "FILE", "its report as JUnit XML, for a CI system",
            &as.files[FORM_JUNIT] },
        { "--html", 0, OPTION_TEXT, "FILE", "the review as one page for a browser",
            &as.files[FORM_PAGE] },
        { 0 },
    };
    const char *args[1] = { NULL };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct driver driver;
    struct candidate candidate;
    int rc = verb_options(call, verb, options, args, 1, err);
    if (rc < 0)
        return rc;
    if (needs_id && rc == 0)
        return err_set(err, ERR_USAGE, "%s wants a candidate's id", verb->name);
    if ((rc = driver_open(&driver, call, err)) < 0)
        return rc;
    rc = choose(&candidate, &driver, args[0], err);
    if (rc == 0)
        rc = write_files(&driver, &candidate, &as, err);
    if (rc == 0 && call->json) {
        buf_char(&out, '{');
        rc = view_whole(&out, &driver, &candidate, err);
        buf_text(&out, "}\n");
    } else if (rc == 0) {
        rc = view_review(&out, &driver, &candidate, err);
        if (candidate.stage == STAGE_IN_REVIEW)
            buf_format(&out,
                "\nnext: moult approve %.12s, or moult reject %.12s --why TEXT; then moult promote "
                "%.12s\n",
                candidate.id.at, candidate.id.at, candidate.id.at);
    }
    if (rc == 0)
        fputs(out.at, stdout);
    driver_done(&driver);
    return rc;
}

static int run_show(const struct verb_call *call, struct err *err)
{
    return show(call, &verb_show, true, err);
}

static int run_review(const struct verb_call *call, struct err *err)
{
    return show(call, &verb_review, false, err);
}

const struct verb verb_candidates = { "candidates", run_candidates,
    "candidates [--state STATE] [--id ID]", "what was proposed, and how far each came" };
const struct verb verb_show = { "show", run_show, "show ID [--html FILE] [--junit FILE]",
    "everything about one candidate: diff, contract, evidence, verdict" };
const struct verb verb_review = { "review", run_review, "review [ID] [--html FILE] [--junit FILE]",
    "the diff and its evidence, before a decision (default: the newest that waits)" };
