/* retirement - see retirement.h. */
#include "admission/retirement.h"

#include "admission/attest.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* The one subject's name says what kind of thing it is. */
static const char *const subjects[2] = { "case-added", "session" };

void retirement_sign(struct buf *out, const struct retirement *retirement, const struct home *home,
    const struct sign_key *key)
{
    CLEANUP(buf_done) struct buf predicate = { 0 };
    const struct attest statement = { .kind = ATTEST_RETIREMENT,
        .subjects = { { str_of(subjects[retirement->session]), retirement->what } },
        .subjects_count = 1 };
    buf_format(&predicate, "{\"home\":\"%s\",\"at_ms\":%llu,\"unattended\":%s,\"why\":", home->id,
        (unsigned long long)retirement->at_ms, retirement->unattended ? "true" : "false");
    json_quote(&predicate, str_of(retirement->why));
    buf_char(&predicate, '}');
    attest_sign(out, &statement, buf_view(&predicate), key);
}

static int read_statement(struct retirement *ret, const struct attest *statement,
    const struct home *home, struct arena *arena, struct err *err)
{
    const struct json *predicate = statement->predicate;
    struct str why = json_string(arena, json_get(predicate, "why"));
    const struct digest *what = attest_subject(statement, subjects[0]);
    ret->session = !what;
    what = what ? what : attest_subject(statement, subjects[1]);
    if (!str_equal(json_string(arena, json_get(predicate, "home")), str_of(home->id)))
        return err_set(err, ERR_VERIFY, "the retirement is for another home");
    if (!what || statement->subjects_count != 1)
        return err_set(err, ERR_VERIFY, "the retirement names not one thing");
    if (why.size == 0 || why.size > RETIREMENT_WHY_MAX)
        return err_set(err, ERR_INPUT, "the retirement gives no reason");
    ret->what = *what;
    ret->at_ms = (uint64_t)json_int(json_get(predicate, "at_ms"), 0);
    ret->unattended = json_bool(json_get(predicate, "unattended"), true);
    snprintf(ret->why, sizeof ret->why, "%.*s", (int)why.size, why.at);
    return 0;
}

int retirement_open(struct retirement *ret, struct str envelope, const struct home *home,
    const struct reviewers *reviewers, uint64_t list, uint64_t at_ms, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct retirement retirement = { 0 };
    const struct reviewer *reviewer;
    struct attest statement;
    struct digest key_id;
    int rc = attest_key(&key_id, "retirement", envelope, &arena, err);
    if (rc < 0 || (rc = reviewers_find_in(reviewers, &key_id, list, at_ms, &reviewer, err)) < 0 ||
        (rc = attest_open(&statement, ATTEST_RETIREMENT, envelope, &reviewer->key, &arena, err)) <
            0 ||
        (rc = read_statement(&retirement, &statement, home, &arena, err)) < 0)
        return rc;
    snprintf(retirement.by, sizeof retirement.by, "%s", reviewer->name);
    *ret = retirement;
    return 0;
}
