/* mandate - see mandate.h. The links of a confirmation are a table, so that none can be signed and
 * not checked. */
#include "admission/mandate.h"

#include "admission/attest.h"
#include "base/mem.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS (24ull * 3600 * 1000)

static int refuse(struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, "the mandate %s", what);
}

/* --- what a reviewer signs */

void mandate_sign(struct buf *out, const struct mandate *mandate, const struct home *home,
    const struct sign_key *key)
{
    CLEANUP(buf_done) struct buf predicate = { 0 };
    const struct attest statement = { .kind = ATTEST_MANDATE,
        .subjects = { { STR("policy"), mandate->policy },
            { STR("admission-before"), mandate->admission_before } },
        .subjects_count = 2 };
    buf_format(&predicate, "{\"home\":\"%s\",\"plugins\":[", home->id);
    for (uint32_t i = 0; i < mandate->plugins_count; i++) {
        buf_text(&predicate, i ? "," : "");
        json_quote(&predicate, str_of(mandate->plugins[i]));
    }
    buf_format(&predicate,
        "],\"from_ms\":%llu,\"expires_ms\":%llu,\"admissions\":%u,\"unattended\":%s}",
        (unsigned long long)mandate->from_ms, (unsigned long long)mandate->expires_ms,
        mandate->admissions, mandate->unattended ? "true" : "false");
    attest_sign(out, &statement, buf_view(&predicate), key);
}

static int read_plugins(
    struct mandate *ret, const struct json *list, struct arena *arena, struct err *err)
{
    if (!json_is(list, JSON_ARRAY) || list->count == 0 || list->count > MANDATE_PLUGINS_MAX)
        return refuse(err, "names no plugin, or too many");
    JSON_EACH(item, list)
    {
        struct str name = json_string(arena, item);
        if (!str_is_name(name, MANDATE_NAME_MAX))
            return refuse(err, "names a plugin that has no name");
        memcpy(ret->plugins[ret->plugins_count++], name.at, name.size);
    }
    return 0;
}

static int read_bounds(struct mandate *ret, const struct json *predicate, struct err *err)
{
    int64_t from = json_int(json_get(predicate, "from_ms"), 0),
            expires = json_int(json_get(predicate, "expires_ms"), 0),
            admissions = json_int(json_get(predicate, "admissions"), 0);
    if (from <= 0 || expires <= from || (uint64_t)(expires - from) > MANDATE_DAYS_MAX * DAY_MS)
        return refuse(err, "holds for no time, or for too long");
    if (admissions < 1 || admissions > MANDATE_ADMISSIONS_MAX)
        return refuse(err, "allows no admission, or too many");
    ret->from_ms = (uint64_t)from;
    ret->expires_ms = (uint64_t)expires;
    ret->admissions = (uint32_t)admissions;
    ret->unattended = json_bool(json_get(predicate, "unattended"), true);
    return 0;
}

static int read_subjects(struct mandate *ret, const struct attest *statement, struct err *err)
{
    const struct digest *policy = attest_subject(statement, "policy"),
                        *before = attest_subject(statement, "admission-before");
    if (!policy || !before)
        return err_set(err, ERR_VERIFY, "the mandate names no policy or no admission");
    ret->policy = *policy;
    ret->admission_before = *before;
    return 0;
}

static int check_home(const struct json *predicate, const struct home *home, const char *what,
    struct arena *arena, struct err *err)
{
    return str_equal(json_string(arena, json_get(predicate, "home")), str_of(home->id))
               ? 0
               : err_set(err, ERR_VERIFY, "the %s is for another home", what);
}

int mandate_open(struct mandate *ret, struct str envelope, const struct home *home,
    const struct reviewers *reviewers, uint64_t list, uint64_t at_ms, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct mandate mandate = { .id = hash_of(envelope) };
    const struct reviewer *reviewer;
    struct attest statement;
    struct digest key_id;
    int rc = attest_key(&key_id, "mandate", envelope, &arena, err);
    if (rc < 0 || (rc = reviewers_find_in(reviewers, &key_id, list, at_ms, &reviewer, err)) < 0 ||
        (rc = attest_open(&statement, ATTEST_MANDATE, envelope, &reviewer->key, &arena, err)) < 0 ||
        (rc = check_home(statement.predicate, home, "mandate", &arena, err)) < 0 ||
        (rc = read_subjects(&mandate, &statement, err)) < 0 ||
        (rc = read_plugins(&mandate, json_get(statement.predicate, "plugins"), &arena, err)) < 0 ||
        (rc = read_bounds(&mandate, statement.predicate, err)) < 0)
        return rc;
    snprintf(mandate.by, sizeof mandate.by, "%s", reviewer->name);
    *ret = mandate;
    return 0;
}

bool mandate_names(const struct mandate *mandate, struct str plugin)
{
    for (uint32_t i = 0; i < mandate->plugins_count; i++)
        if (str_equal(str_of(mandate->plugins[i]), plugin))
            return true;
    return false;
}

/* --- what the home says of a candidate */

static const struct link {
    const char *name;
    size_t offset;
    bool own; /* only the confirmation names it */
} links[] = {
    { "candidate", offsetof(struct confirmation, candidate) },
    { "batch", offsetof(struct confirmation, batch) },
    { "build", offsetof(struct confirmation, build) },
    { "report", offsetof(struct confirmation, report) },
    { "policy", offsetof(struct confirmation, policy) },
    { "mandate", offsetof(struct confirmation, mandate) },
    { "admission-before", offsetof(struct confirmation, admission_before) },
    { "fresh-report", offsetof(struct confirmation, fresh), true },
    { "verdict", offsetof(struct confirmation, verdict), true },
};
_Static_assert(COUNT_OF(links) <= ATTEST_SUBJECTS_MAX, "every link is a subject");

static const struct digest *link_of(const struct confirmation *of, const struct link *link)
{
    return (const struct digest *)((const char *)of + link->offset);
}

void confirmation_sign(struct buf *out, const struct confirmation *confirmation,
    const struct home *home, const struct sign_key *key)
{
    CLEANUP(buf_done) struct buf predicate = { 0 };
    struct attest statement = { .kind = ATTEST_CONFIRMATION };
    for (size_t i = 0; i < COUNT_OF(links); i++)
        statement.subjects[statement.subjects_count++] =
            (struct attest_subject){ str_of(links[i].name), *link_of(confirmation, &links[i]) };
    buf_format(&predicate,
        "{\"home\":\"%s\",\"at_ms\":%llu,\"shard\":%u,\"look\":%u,\"level\":%.17g,"
        "\"groups\":%u,\"worse\":%u,\"failing\":%u,\"fixed\":%u,\"claims\":%s,\"waived\":%s}",
        home->id, (unsigned long long)confirmation->at_ms, confirmation->shard, confirmation->look,
        confirmation->level, confirmation->groups, confirmation->worse, confirmation->failing,
        confirmation->fixed, confirmation->claims ? "true" : "false",
        confirmation->waived ? "true" : "false");
    attest_sign(out, &statement, buf_view(&predicate), key);
}

static int read_links(struct confirmation *ret, const struct attest *statement, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        const struct digest *have = attest_subject(statement, links[i].name);
        if (!have)
            return err_set(err, ERR_VERIFY, "the confirmation names no %s", links[i].name);
        memcpy((char *)ret + links[i].offset, have, sizeof *have);
    }
    return 0;
}

static uint32_t number(const struct json *predicate, const char *name, uint32_t missing)
{
    int64_t value = json_int(json_get(predicate, name), missing);
    return value < 0 || value > UINT32_MAX ? missing : (uint32_t)value;
}

/* What is not said is what speaks against it. */
static void read_figures(struct confirmation *ret, const struct json *predicate)
{
    ret->at_ms = (uint64_t)json_int(json_get(predicate, "at_ms"), 0);
    ret->shard = number(predicate, "shard", 0);
    ret->look = number(predicate, "look", 0);
    ret->level = json_double(json_get(predicate, "level"), 1);
    ret->groups = number(predicate, "groups", 0);
    ret->worse = number(predicate, "worse", UINT32_MAX);
    ret->failing = number(predicate, "failing", 0);
    ret->fixed = number(predicate, "fixed", 0);
    ret->claims = json_bool(json_get(predicate, "claims"), true);
    ret->waived = json_bool(json_get(predicate, "waived"), true);
}

int confirmation_open(
    struct confirmation *ret, struct str envelope, const struct home *home, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct confirmation confirmation = { 0 };
    struct attest statement;
    struct sign_public key;
    char path[PATH_MAX];
    int rc = sign_load_public(home_path(path, home, REVIEWERS_KEY ".pub"), &key, err);
    if (rc < 0 ||
        (rc = attest_open(&statement, ATTEST_CONFIRMATION, envelope, &key, &arena, err)) < 0 ||
        (rc = check_home(statement.predicate, home, "confirmation", &arena, err)) < 0 ||
        (rc = read_links(&confirmation, &statement, err)) < 0)
        return rc;
    read_figures(&confirmation, statement.predicate);
    *ret = confirmation;
    return 0;
}

int confirmation_links(
    const struct confirmation *have, const struct confirmation *want, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(links); i++)
        if (!links[i].own && !hash_equal(link_of(have, &links[i]), link_of(want, &links[i])))
            return err_set(err, ERR_VERIFY, "the confirmation is of another %s", links[i].name);
    return 0;
}
