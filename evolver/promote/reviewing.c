/* reviewing - see reviewing.h. */
#include "promote/reviewing.h"

#include "admission/attest.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    int rc = sign_load(home_path(path, home, REVIEWERS_KEY), &key, err);
    if (rc < 0)
        return err_while(err, "the home's key");
    buf_format(&predicate, "{\"home\":\"%s\",\"number\":%llu,\"reviewers\":[", home->id,
        (unsigned long long)reviewers->number);
    for (unsigned i = 0; i < reviewers->count; i++) {
        const struct reviewer *one = &reviewers->list[i];
        buf_format(&predicate, "%s{\"name\":\"%s\",\"key\":\"", i ? "," : "", one->name);
        print_hex(&predicate, &one->key);
        buf_format(&predicate, "\",\"added_ms\":%llu,\"revoked_ms\":%llu,\"revoked_in\":%llu}",
            (unsigned long long)one->added_ms, (unsigned long long)one->revoked_ms,
            (unsigned long long)one->revoked_in);
    }
    buf_text(&predicate, "]}");
    const struct attest statement = { .kind = ATTEST_REVIEWERS };
    attest_sign(&envelope, &statement, buf_view(&predicate), &key);
    sign_key_wipe(&key);
    return file_write(home_path(path, home, REVIEWERS_FILE), buf_view(&envelope), 0600, err);
}

int reviewing_init(const struct home *home, struct err *err)
{
    struct sign_public public_key;
    char path[PATH_MAX];
    int rc = sign_create(home_path(path, home, REVIEWERS_KEY), &public_key, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) struct reviewers *empty = mem_zero(1, sizeof *empty);
    return write_list(home, empty, err);
}

int reviewing_add(const struct home *home, const char *name, const struct sign_public *key,
    uint64_t at_ms, struct err *err)
{
    CLEANUP(mem_freep) struct reviewers *reviewers = mem_zero(1, sizeof *reviewers);
    if (!str_is_name(str_of(name), REVIEWER_NAME_MAX))
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

int reviewing_revoke(const struct home *home, const char *name, uint64_t at_ms, struct err *err)
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
        one->revoked_in = ++reviewers->number;
        return write_list(home, reviewers, err);
    }
    return err_set(err, ERR_MISSING, "no reviewer %.64s", name);
}

int reviewing_key_path(char out[PATH_MAX], struct err *err)
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
