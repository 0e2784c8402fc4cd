/* reviewers - see reviewers.h. */
#include "admission/reviewers.h"

#include "admission/attest.h"
#include "base/file.h"
#include "base/mem.h"

#include <string.h>

enum { LIST_MAX = 1 << 20 };

static int read_one(
    struct reviewer *ret, const struct json *item, struct arena *arena, struct err *err)
{
    struct str name = json_string(arena, json_get(item, "name"));
    struct digest key;
    int rc = hash_unhex(&key, json_string(arena, json_get(item, "key")), err);
    if (rc < 0)
        return err_while(err, "reviewers: key");
    if (!str_is_name(name, REVIEWER_NAME_MAX))
        return err_set(err, ERR_INPUT, "reviewers: a name that is none");
    memcpy(ret->name, name.at, name.size);
    memcpy(ret->key.at, key.at, sizeof ret->key.at);
    ret->added_ms = (uint64_t)json_int(json_get(item, "added_ms"), 0);
    ret->revoked_ms = (uint64_t)json_int(json_get(item, "revoked_ms"), 0);
    ret->revoked_in = (uint64_t)json_int(json_get(item, "revoked_in"), 0);
    return 0;
}

static int read_list(struct reviewers *ret, const struct home *home, struct str envelope,
    struct arena *arena, struct err *err)
{
    struct sign_public public_key;
    struct attest statement;
    char path[PATH_MAX];
    int rc = sign_load_public(home_path(path, home, REVIEWERS_KEY ".pub"), &public_key, err);
    if (rc < 0 ||
        (rc = attest_open(&statement, ATTEST_REVIEWERS, envelope, &public_key, arena, err)) < 0)
        return rc;
    if (!str_equal(json_string(arena, json_get(statement.predicate, "home")), str_of(home->id)))
        return err_set(err, ERR_VERIFY, "the list of reviewers belongs to another home");
    const struct json *list = json_get(statement.predicate, "reviewers");
    if (!json_is(list, JSON_ARRAY) || list->count > REVIEWERS_MAX)
        return err_set(err, ERR_INPUT, "the list of reviewers is none");
    memset(ret, 0, sizeof *ret);
    ret->number = (uint64_t)json_int(json_get(statement.predicate, "number"), 0);
    JSON_EACH(item, list)
    {
        if ((rc = read_one(&ret->list[ret->count], item, arena, err)) < 0)
            return rc;
        ret->count++;
    }
    return 0;
}

int reviewers_read(struct reviewers *ret, const struct home *home, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    char path[PATH_MAX];
    int rc = file_read(home_path(path, home, REVIEWERS_FILE), &text, LIST_MAX, err);
    return rc < 0 ? rc : read_list(ret, home, buf_view(&text), &arena, err);
}

static bool is_revoked(const struct reviewer *one, uint64_t list, uint64_t at_ms)
{
    bool by_number = list == REVIEWERS_NOW || (list > 0 && one->revoked_in > 0);
    return one->revoked_ms && (by_number ? list >= one->revoked_in : one->revoked_ms <= at_ms);
}

int reviewers_find_in(const struct reviewers *reviewers, const struct digest *key_id, uint64_t list,
    uint64_t at_ms, const struct reviewer **ret, struct err *err)
{
    for (unsigned i = 0; i < reviewers->count; i++) {
        const struct reviewer *one = &reviewers->list[i];
        struct digest id = sign_id(&one->key);
        if (!hash_equal(&id, key_id))
            continue;
        if (is_revoked(one, list, at_ms))
            return err_set(err, ERR_DENIED, "the key of %s was revoked", one->name);
        *ret = one;
        return 0;
    }
    return err_set(err, ERR_DENIED, "no reviewer of this home holds that key");
}

int reviewers_find(const struct reviewers *reviewers, const struct digest *key_id, uint64_t at_ms,
    const struct reviewer **ret, struct err *err)
{
    return reviewers_find_in(reviewers, key_id, 0, at_ms, ret, err);
}
