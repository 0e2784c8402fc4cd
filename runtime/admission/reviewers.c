/* reviewers - see reviewers.h. */
#include "promote/reviewers.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "promote/attest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 1 << 20 };
#define KEY_FILE "keys/moult.key"
#define LIST_FILE "keys/reviewers.json"

static bool name_ok(struct str name)
{
    static const char extra[] = "._-@";
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!plain && !memchr(extra, c, sizeof extra - 1))
            return false;
    }
    return name.size > 0 && name.size <= REVIEWER_NAME_MAX;
}

static void print_hex(struct buf *out, const struct sign_public *key)
{
    for (size_t i = 0; i < sizeof key->at; i++)
        buf_format(out, "%02x", key->at[i]);
}

static int write_list(const struct home *home, const struct reviewers *reviewers, struct err *err)
{
    CLEANUP(buf_done) struct buf predicate = { 0 }, envelope = { 0 };
    struct sign_key key;
    char path[PATH_MAX];
    int rc = sign_load(home_path(path, home, KEY_FILE), &key, err);
    if (rc < 0)
        return err_while(err, "the home's key");
    buf_format(&predicate, "{\"home\":\"%s\",\"number\":%llu,\"reviewers\":[", home->id,
        (unsigned long long)reviewers->number);
    for (unsigned i = 0; i < reviewers->count; i++) {
        const struct reviewer *one = &reviewers->list[i];
        buf_format(&predicate, "%s{\"name\":\"%s\",\"key\":\"", i ? "," : "", one->name);
        print_hex(&predicate, &one->key);
        buf_format(&predicate, "\",\"added_ms\":%llu,\"revoked_ms\":%llu}",
            (unsigned long long)one->added_ms, (unsigned long long)one->revoked_ms);
    }
    buf_text(&predicate, "]}");
    const struct attest statement = { .kind = ATTEST_REVIEWERS };
    attest_sign(&envelope, &statement, buf_view(&predicate), &key);
    sign_key_wipe(&key);
    return file_write(home_path(path, home, LIST_FILE), buf_view(&envelope), 0600, err);
}

int reviewers_init(const struct home *home, struct err *err)
{
    struct sign_public public_key;
    char path[PATH_MAX];
    int rc = sign_create(home_path(path, home, KEY_FILE), &public_key, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) struct reviewers *empty = mem_zero(1, sizeof *empty);
    return write_list(home, empty, err);
}

static int read_one(
    struct reviewer *ret, const struct json *item, struct arena *arena, struct err *err)
{
    struct str name = json_string(arena, json_get(item, "name"));
    struct digest key;
    int rc = hash_unhex(&key, json_string(arena, json_get(item, "key")), err);
    if (rc < 0)
        return err_while(err, "reviewers: key");
    if (!name_ok(name))
        return err_set(err, ERR_INPUT, "reviewers: a name that is none");
    memcpy(ret->name, name.at, name.size);
    memcpy(ret->key.at, key.at, sizeof ret->key.at);
    ret->added_ms = (uint64_t)json_int(json_get(item, "added_ms"), 0);
    ret->revoked_ms = (uint64_t)json_int(json_get(item, "revoked_ms"), 0);
    return 0;
}

static int read_list(struct reviewers *ret, const struct home *home, struct str envelope,
    struct arena *arena, struct err *err)
{
    struct sign_public public_key;
    struct attest statement;
    char path[PATH_MAX];
    int rc = sign_load_public(home_path(path, home, KEY_FILE ".pub"), &public_key, err);
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
    int rc = file_read(home_path(path, home, LIST_FILE), &text, LIST_MAX, err);
    return rc < 0 ? rc : read_list(ret, home, buf_view(&text), &arena, err);
}

int reviewers_add(const struct home *home, const char *name, const struct sign_public *key,
    uint64_t at_ms, struct err *err)
{
    CLEANUP(mem_freep) struct reviewers *reviewers = mem_zero(1, sizeof *reviewers);
    if (!name_ok(str_of(name)))
        return err_set(err, ERR_USAGE, "a reviewer's name has 1 to %d letters, digits, . _ - @",
            REVIEWER_NAME_MAX);
    int rc = reviewers_read(reviewers, home, err);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < reviewers->count; i++)
        if (strcmp(reviewers->list[i].name, name) == 0 ||
            memcmp(&reviewers->list[i].key, key, sizeof *key) == 0)
            return err_set(err, ERR_STATE, "that reviewer is in the list already: %s",
                reviewers->list[i].name);
    if (reviewers->count == REVIEWERS_MAX)
        return err_set(err, ERR_LIMIT, "at most %d reviewers", REVIEWERS_MAX);
    struct reviewer *one = &reviewers->list[reviewers->count++];
    snprintf(one->name, sizeof one->name, "%s", name);
    one->key = *key;
    one->added_ms = at_ms;
    reviewers->number++;
    return write_list(home, reviewers, err);
}

int reviewers_revoke(const struct home *home, const char *name, uint64_t at_ms, struct err *err)
{
    CLEANUP(mem_freep) struct reviewers *reviewers = mem_zero(1, sizeof *reviewers);
    int rc = reviewers_read(reviewers, home, err);
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < reviewers->count; i++) {
        struct reviewer *one = &reviewers->list[i];
        if (strcmp(one->name, name) != 0)
            continue;
        if (one->revoked_ms)
            return err_set(err, ERR_STATE, "%s is revoked already", name);
        one->revoked_ms = at_ms;
        reviewers->number++;
        return write_list(home, reviewers, err);
    }
    return err_set(err, ERR_MISSING, "no reviewer %.64s", name);
}

int reviewers_find(const struct reviewers *reviewers, const struct digest *key_id, uint64_t at_ms,
    const struct reviewer **ret, struct err *err)
{
    for (unsigned i = 0; i < reviewers->count; i++) {
        const struct reviewer *one = &reviewers->list[i];
        struct digest id = sign_id(&one->key);
        if (!hash_equal(&id, key_id))
            continue;
        if (one->revoked_ms && one->revoked_ms <= at_ms)
            return err_set(err, ERR_DENIED, "the key of %s was revoked", one->name);
        *ret = one;
        return 0;
    }
    return err_set(err, ERR_DENIED, "no reviewer of this home holds that key");
}

int reviewer_key_path(char out[PATH_MAX], struct err *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *user = getenv("HOME");
    if (config && config[0] == '/')
        snprintf(out, PATH_MAX, "%s/moult", config);
    else if (user && user[0] == '/')
        snprintf(out, PATH_MAX, "%s/.config/moult", user);
    else
        return err_set(err, ERR_USAGE, "no place for the reviewer's key: give --reviewer-key FILE");
    int rc = file_mkdirs(out, 0700, err);
    if (rc < 0)
        return rc;
    strncat(out, "/reviewer.key", PATH_MAX - strlen(out) - 1);
    return 0;
}
