/* approve - see approve.h. The links are a table, so that none can be checked and not signed. */
#include "admission/approve.h"

#include "base/mem.h"
#include "admission/attest.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct link {
    const char *name;
    size_t offset;
    bool of_candidate; /* an admission does not name it */
    bool later;        /* earlier versions did not sign it */
} links[] = {
    { "candidate", offsetof(struct approval, candidate) },
    { "batch", offsetof(struct approval, batch) },
    { "patch", offsetof(struct approval, patch), true },
    { "tree", offsetof(struct approval, tree) },
    { "build", offsetof(struct approval, build) },
    { "report", offsetof(struct approval, report) },
    { "policy", offsetof(struct approval, policy) },
    { "admission-before", offsetof(struct approval, admission_before) },
    { "corpus", offsetof(struct approval, corpus), .later = true },
};
_Static_assert(COUNT_OF(links) <= ATTEST_SUBJECTS_MAX, "every link is a subject");

static const struct digest *link_of(const struct approval *approval, const struct link *link)
{
    return (const struct digest *)((const char *)approval + link->offset);
}

void approval_sign(struct buf *out, const struct approval *approval, const struct home *home,
    const struct sign_key *key)
{
    CLEANUP(buf_done) struct buf predicate = { 0 };
    struct attest statement = { .kind = ATTEST_APPROVAL };
    for (size_t i = 0; i < COUNT_OF(links); i++)
        statement.subjects[statement.subjects_count++] =
            (struct attest_subject){ str_of(links[i].name), *link_of(approval, &links[i]) };
    buf_format(&predicate, "{\"home\":\"%s\",\"at_ms\":%llu,\"expires_ms\":%llu,\"unattended\":%s}",
        home->id, (unsigned long long)approval->at_ms, (unsigned long long)approval->expires_ms,
        approval->unattended ? "true" : "false");
    attest_sign(out, &statement, buf_view(&predicate), key);
}

/* What the statement says: every link must be there that its version had. */
static int read_links(struct approval *ret, const struct attest *statement, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        const struct digest *have = attest_subject(statement, links[i].name);
        if (!have && !links[i].later)
            return err_set(err, ERR_VERIFY, "the approval names no %s", links[i].name);
        ret->bare |= !have;
        if (have)
            memcpy((char *)ret + links[i].offset, have, sizeof *have);
    }
    return 0;
}

static int check_links(
    const struct approval *have, const struct approval *want, bool all, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        const struct digest *wanted = link_of(want, &links[i]);
        if ((!all && links[i].of_candidate) || (have->bare && links[i].later) ||
            hash_equal(link_of(have, &links[i]), wanted))
            continue;
        err_set(err, ERR_VERIFY, "the approval is for another %s", links[i].name);
        return err_hint(err, "what was approved has changed: review it again");
    }
    return 0;
}

static int open_envelope(struct approval *ret, struct str envelope, const struct home *home,
    const struct reviewers *reviewers, uint64_t list, uint64_t at_ms, struct arena *arena,
    struct err *err)
{
    struct digest key_id;
    struct attest statement;
    const struct reviewer *reviewer;
    struct approval approval = { 0 };
    int rc = attest_key(&key_id, "approval", envelope, arena, err);
    if (rc < 0 || (rc = reviewers_find_in(reviewers, &key_id, list, at_ms, &reviewer, err)) < 0 ||
        (rc = attest_open(&statement, ATTEST_APPROVAL, envelope, &reviewer->key, arena, err)) < 0 ||
        (rc = read_links(&approval, &statement, err)) < 0)
        return rc;
    if (!str_equal(json_string(arena, json_get(statement.predicate, "home")), str_of(home->id)))
        return err_set(err, ERR_VERIFY, "the approval is for another home");
    approval.at_ms = (uint64_t)json_int(json_get(statement.predicate, "at_ms"), 0);
    approval.expires_ms = (uint64_t)json_int(json_get(statement.predicate, "expires_ms"), 0);
    approval.unattended = json_bool(json_get(statement.predicate, "unattended"), true);
    snprintf(approval.by, sizeof approval.by, "%s", reviewer->name);
    *ret = approval;
    return 0;
}

static int check(struct approval *ret, struct str envelope, const struct approval *want,
    uint64_t list, const struct home *home, const struct reviewers *reviewers, uint64_t at_ms,
    struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct approval have;
    int rc = open_envelope(&have, envelope, home, reviewers, list, at_ms, &arena, err);
    if (rc < 0 || (rc = check_links(&have, want, list == REVIEWERS_NOW, err)) < 0)
        return rc;
    if (have.expires_ms <= at_ms)
        return err_set(err, ERR_DENIED, "the approval has expired");
    *ret = have;
    return 0;
}

int approval_check(struct approval *ret, struct str envelope, const struct approval *want,
    const struct home *home, const struct reviewers *reviewers, uint64_t now_ms, struct err *err)
{
    return check(ret, envelope, want, REVIEWERS_NOW, home, reviewers, now_ms, err);
}

int approval_held(struct approval *ret, struct str envelope, const struct approval *want,
    const struct home *home, const struct reviewers *reviewers, uint64_t list, uint64_t at_ms,
    struct err *err)
{
    return check(ret, envelope, want, list, home, reviewers, at_ms, err);
}

int approval_links_of(
    struct approval *ret, const struct json *row, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        const struct json *member = json_get(row, links[i].name);
        if (json_is(member, JSON_STRING) &&
            hash_unhex((struct digest *)((char *)ret + links[i].offset), json_string(arena, member),
                err) < 0)
            return err_while(err, "%s", links[i].name);
    }
    return 0;
}
