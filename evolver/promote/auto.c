/* auto - see auto.h. */
#include "promote/auto.h"

#include "admission/hooks.h"
#include "base/fd.h"
#include "base/mem.h"
#include "promote/confirm.h"
#include "promote/mandates.h"
#include "promote/promotion.h"
#include "promote/round.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORKERS = 2, SAYS_MAX = 240 };

/* Why a candidate waits, beside the table of what a mandate admits (may_admit.h). */
enum reason {
    FROZEN,
    NO_MANDATE,
    REVIEWER_GONE,
    NO_CANARY,
    FRESH_GROUPS,
    LOOKED,
    LIVE_TURNS,
    NOT_ADMITTED,
    NEXT_ROUND,
    REASONS
};
static const char *const reason_words[REASONS] = {
    [FROZEN] = "frozen",
    [NO_MANDATE] = "no_mandate",
    [REVIEWER_GONE] = "reviewer",
    [NO_CANARY] = "no_canary",
    [FRESH_GROUPS] = "fresh_groups",
    [LOOKED] = "looked",
    [LIVE_TURNS] = "live_turns",
    [NOT_ADMITTED] = "not_admitted",
    [NEXT_ROUND] = "next_round",
};

struct walk {
    struct driver *driver;
    struct advance advance;
    struct mandates mandates;
    bool json, frozen;
    bool only_asks;      /* nothing is looked at, moved or admitted */
    struct buf waiting;  /* JSON, or lines */
    struct str admitted; /* id */
};

/* --- telling */

static void say(void *with, const char *line)
{
    (void)with;
    fprintf(stderr, "  %s\n", line);
}

static int waits(
    struct walk *walk, const struct candidate *candidate, const char *reason, const char *says)
{
    struct buf *out = &walk->waiting;
    if (!walk->json) {
        buf_format(out, "%.12s  %.*s waits for a person: %s\n", candidate->id.at,
            (int)candidate->plugin.size, candidate->plugin.at, says);
        return 0;
    }
    buf_format(out, "%s{\"candidate\":\"%.*s\",\"plugin\":", out->size ? "," : "",
        (int)candidate->id.size, candidate->id.at);
    json_quote(out, candidate->plugin);
    buf_format(out, ",\"reason\":\"%s\",\"says\":", reason);
    json_quote(out, str_of(says));
    buf_char(out, '}');
    return 0;
}

__attribute__((format(printf, 4, 5))) static int waits_for(struct walk *walk,
    const struct candidate *candidate, enum reason reason, const char *format, ...)
{
    char says[SAYS_MAX], clean[SAYS_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(says, sizeof says, format, args);
    va_end(args);
    str_printable(clean, sizeof clean, str_of(says), false);
    return waits(walk, candidate, reason_words[reason], clean);
}

static int waits_by(struct walk *walk, const struct candidate *candidate, const char *rule)
{
    for (unsigned i = 0; i < may_admit_rules_count; i++)
        if (strcmp(may_admit_rules[i].name, rule) == 0)
            return waits(walk, candidate, rule, may_admit_rules[i].says);
    return waits(walk, candidate, rule, rule);
}

/* --- before any look */

/* The mandate that covers it; else the rule that speaks against the one that comes nearest. */
static const struct mandate_row *choose(struct walk *walk, const struct may_admit *asked,
    const struct may_admit_rule **ret_why, bool *ret_gone)
{
    *ret_why = NULL;
    *ret_gone = false;
    for (uint32_t i = 0; i < walk->mandates.count; i++) {
        const struct mandate_row *row = &walk->mandates.at[i];
        struct may_admit one = *asked;
        if (row->state == MANDATE_FORGED)
            continue;
        one.mandate = &row->mandate;
        one.ended_ms = row->ended_ms;
        one.past = mandates_past(walk->driver, &row->id, asked->plugin);
        const struct may_admit_rule *rule = may_admit(&one);
        if (!rule && row->state == MANDATE_IN_FORCE)
            return row;
        *ret_gone |= row->state == MANDATE_REVIEWER_GONE && !rule;
        if (rule > *ret_why)
            *ret_why = rule;
    }
    return NULL;
}

/* 1: there is one, 0: it waits. */
static int find_mandate(struct walk *walk, const struct candidate *candidate,
    const struct mandate_row **ret, struct err *err)
{
    const struct may_admit_rule *why;
    bool gone;
    struct may_admit asked;
    int rc = mandates_asked(&asked, &walk->mandates, walk->driver, candidate, err);
    if (rc < 0)
        return rc;
    const struct mandate_row *row = choose(walk, &asked, &why, &gone);
    if (row)
        *ret = row;
    else if (gone)
        waits_for(walk, candidate, REVIEWER_GONE, "who gave the mandate is no reviewer any more");
    else if (why)
        waits_by(walk, candidate, why->name);
    else
        waits_for(walk, candidate, NO_MANDATE, "no mandate was given: moult mandate give");
    return row != NULL;
}

/* What the gate's own report rests on, so that no look is spent on what cannot be admitted. */
static int check_report(struct walk *walk, const struct candidate *candidate, struct err *err)
{
    struct driver *driver = walk->driver;
    struct report report;
    struct str text;
    int rc = journal_get(driver->journal, "report", &candidate->report, &driver->arena, &text, err);
    if (rc == 0)
        rc = report_read(&report, text, &driver->arena, err);
    if (rc < 0)
        return rc;
    if (!str_equal(report.tier, STR("strong")) || driver->config.waived_count > 0)
        return waits_by(walk, candidate, "sandbox");
    return 1;
}

static int check_home(struct walk *walk, const struct candidate *candidate)
{
    const struct config_canary *canary = &walk->driver->config.canary;
    if (walk->frozen)
        return waits_for(walk, candidate, FROZEN, "promotions are frozen: moult thaw");
    if (canary->turns == 0 || canary->seconds == 0 || canary->share == 0)
        return waits_for(
            walk, candidate, NO_CANARY, "moult.json gives a candidate no live turns first: canary");
    return 1;
}

/* --- one candidate */

/* What a confirmation came to, where it is none. */
static int waits_to_confirm(struct walk *walk, const struct candidate *candidate,
    enum confirm_end end, const struct confirm_seen *seen)
{
    if (end == CONFIRM_CLAIMS)
        return waits_by(walk, candidate, "claims");
    if (end == CONFIRM_LOOKED)
        return waits_for(walk, candidate, LOOKED, "its one look at fresh groups did not pass");
    if (end == CONFIRM_COULD)
        return waits_for(walk, candidate, NEXT_ROUND,
            "a mandate covers it: the next round looks at fresh groups, or moult mandate use");
    return waits_for(walk, candidate, FRESH_GROUPS,
        "held-out groups first seen after it was made: %u of %u; of this failure %u of %u",
        seen->groups, seen->groups_wanted, seen->failing, seen->failing_wanted);
}

static int confirm(
    struct walk *walk, struct candidate *candidate, const struct mandate_row *row, struct err *err)
{
    struct confirm_seen seen;
    enum confirm_end end = CONFIRM_WAITS;
    int rc = walk->only_asks ? confirm_ask(&end, &seen, &walk->advance, candidate, &row->id, err)
                             : confirm_run(&end, &seen, &candidate->confirmation, &walk->advance,
                                   candidate, &row->id, err);
    if (rc < 0)
        return rc;
    if (end != CONFIRM_GOOD)
        return waits_to_confirm(walk, candidate, end, &seen);
    candidate->mandate = row->id;
    rc = candidate_move(walk->driver->journal, candidate, ON_APPROVE, err);
    return rc < 0 ? rc : 1;
}

/* What is not to be admitted any more is a person's again. */
static int give_back(
    struct walk *walk, struct candidate *candidate, const struct err *why, struct err *err)
{
    int rc = candidate_move(walk->driver->journal, candidate, ON_CHANGE, err);
    return rc < 0 ? rc : waits_for(walk, candidate, NOT_ADMITTED, "%s", why->text);
}

static int promote(struct walk *walk, struct candidate *candidate, struct err *err)
{
    struct canary_seen seen = { 0 };
    struct err why = { 0 };
    struct mandate mandate;
    int rc = mandates_check(&mandate, walk->driver, candidate, &why);
    if (rc == -ERR_DENIED || rc == -ERR_VERIFY)
        return give_back(walk, candidate, &why, err);
    if (rc == 0)
        rc = promotion_run(walk->driver, candidate, &seen, &why);
    if (rc == 0) {
        walk->admitted = candidate->id;
        return 0;
    }
    if (candidate->stage == STAGE_QUARANTINED)
        return 0;
    return waits_for(walk, candidate, rc == -ERR_STATE ? LIVE_TURNS : NOT_ADMITTED, "%s", why.text);
}

static bool is_ours(const struct candidate *candidate)
{
    return !hash_zero(&candidate->mandate) && hash_zero(&candidate->approval);
}

static int try_one(struct walk *walk, struct candidate *candidate, struct err *err)
{
    const struct mandate_row *row = NULL;
    bool begun = candidate->stage == STAGE_APPROVED || candidate->stage == STAGE_CANARY;
    if (begun && walk->only_asks)
        return 0;
    if (begun ? !is_ours(candidate) : candidate->stage != STAGE_IN_REVIEW)
        return 0;
    int rc = check_home(walk, candidate);
    if (rc > 0 && !begun && (rc = find_mandate(walk, candidate, &row, err)) > 0 &&
        (rc = check_report(walk, candidate, err)) > 0)
        rc = confirm(walk, candidate, row, err);
    return rc > 0 ? promote(walk, candidate, err) : rc;
}

/* What was made for another generation is not looked at: a person's word would not do either. */
static int each(struct walk *walk, struct err *err)
{
    struct driver *driver = walk->driver;
    struct candidate *list;
    uint32_t count;
    int rc = candidate_list(driver->journal, &driver->arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count && walk->admitted.size == 0; i++)
        if (str_equal(list[i].parent, str_of(driver->active.hex)))
            rc = try_one(walk, &list[i], err);
    return rc;
}

/* --- the command */

static void tell(const struct walk *walk)
{
    if (walk->json && walk->admitted.size)
        printf("{\"admitted\":\"%.*s\",", (int)walk->admitted.size, walk->admitted.at);
    else if (walk->json)
        printf("{\"admitted\":null,");
    else if (walk->admitted.size)
        printf("%.12s  admitted under a mandate: generation %u\n", walk->admitted.at,
            driver_last(walk->driver)->number);
    if (walk->json)
        printf("\"waiting\":[%s]}\n", walk->waiting.size ? walk->waiting.at : "");
    else
        printf("%s", walk->waiting.size ? walk->waiting.at : "nothing waits\n");
}

int auto_run(const struct verb_call *call, struct driver *driver, struct err *err)
{
    struct walk walk = { .driver = driver,
        .json = call->json,
        .advance = { .driver = driver, .workers = WORKERS, .say = call->json ? NULL : say } };
    if (!str_equal(driver->config.autonomy, STR("auto"))) {
        err_set(err, ERR_STATE, "moult.json: evolve.autonomy is %.*s, not auto",
            (int)driver->config.autonomy.size, driver->config.autonomy.at);
        return err_hint(err, "a person decides: moult review");
    }
    CLEANUP(fd_closep) int round = round_begin(&driver->home, err);
    int rc = round < 0 ? round : journal_frozen(driver->journal, &walk.frozen, err);
    if (rc == 0)
        rc = mandates_read(&walk.mandates, driver, err);
    if (rc == 0)
        rc = each(&walk, err);
    if (rc == 0)
        tell(&walk);
    buf_done(&walk.waiting);
    return rc;
}

int auto_waiting(struct buf *out, struct driver *driver, const struct candidate *only, bool json,
    struct err *err)
{
    struct walk walk = { .driver = driver,
        .json = json,
        .only_asks = true,
        .advance = { .driver = driver, .workers = WORKERS } };
    if (!str_equal(driver->config.autonomy, STR("auto")) ||
        (only && !str_equal(only->parent, str_of(driver->active.hex))))
        return 0;
    int rc = journal_frozen(driver->journal, &walk.frozen, err);
    if (rc == 0)
        rc = mandates_read(&walk.mandates, driver, err);
    struct candidate one = only ? *only : (struct candidate){ 0 };
    if (rc == 0)
        rc = only ? try_one(&walk, &one, err) : each(&walk, err);
    buf_str(out, buf_view(&walk.waiting));
    buf_done(&walk.waiting);
    return rc;
}

void auto_tell(struct driver *driver)
{
    struct str unused;
    journal_service(driver->journal, "mandate", STR("{}"), &driver->arena, &unused, NULL);
}
