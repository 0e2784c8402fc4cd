/* store - see store.h. */
#include "trials/case/store.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STORED_MAX = 10000, DIGITS_MIN = 6 };
static const char ending[] = ".json";

int case_file_read(struct trial_case *ret, const char *path, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char where[sizeof err->where];
    int rc = file_read(path, &text, CASE_SIZE_MAX, err);
    if (rc < 0)
        return rc;
    rc = case_read(ret,
        (struct str){ arena_string(arena, text.at ? text.at : "", text.size), text.size }, arena,
        err);
    if (rc >= 0 || !err)
        return rc;
    snprintf(where, sizeof where, "%s", err->where);
    return err_where(err, "%s: %s", path, where);
}

/* --- the folder */

static bool is_case(const char *name, size_t *ret_size)
{
    size_t size = strlen(name), end = sizeof ending - 1;
    *ret_size = size > end ? size - end : 0;
    return name[0] != '.' && size > end && strcmp(name + size - end, ending) == 0;
}

static int by_name(const void *left, const void *right)
{
    const struct stored_case *a = left, *b = right;
    return str_compare(a->name, b->name);
}

static int list_names(struct case_store *store, DIR *dir, struct err *err)
{
    uint32_t room = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t size;
        if (!is_case(entry->d_name, &size))
            continue;
        if (store->count == STORED_MAX)
            return err_set(err, ERR_LIMIT, "more than %d cases in %s", STORED_MAX, store->folder);
        if (store->count == room) {
            room = room ? 2 * room : 64;
            store->list = arena_grow(&store->arena, store->list, store->count * sizeof *store->list,
                room * sizeof *store->list);
        }
        store->list[store->count++] = (struct stored_case){
            .name = { arena_string(&store->arena, entry->d_name, size), size }
        };
    }
    if (store->count > 0)
        qsort(store->list, store->count, sizeof *store->list, by_name);
    return 0;
}

int case_store_read(struct case_store *ret, const struct home *home, struct err *err)
{
    home_path(ret->folder, home, "cases");
    DIR *dir = opendir(ret->folder);
    if (!dir && errno == ENOENT)
        return 0;
    if (!dir)
        return err_sys(err, "open %s", ret->folder);
    int rc = list_names(ret, dir, err);
    closedir(dir);
    for (uint32_t i = 0; i < ret->count && rc == 0; i++) {
        struct stored_case *one = &ret->list[i];
        char *path = arena_format(&ret->arena, "%s/%s%s", ret->folder, one->name.at, ending);
        if (case_file_read(&one->of, path, &ret->arena, &one->err) == 0)
            one->digest = case_digest(&one->of);
    }
    return rc;
}

void case_store_done(struct case_store *store)
{
    arena_done(&store->arena);
    store->list = NULL;
    store->count = 0;
}

const struct stored_case *case_store_find(const struct case_store *store, struct str word)
{
    for (uint32_t i = 0; i < store->count; i++)
        if (str_equal(store->list[i].name, word))
            return &store->list[i];
    for (uint32_t i = 0; i < store->count && word.size >= DIGITS_MIN; i++) {
        char hex[DIGEST_HEX];
        if (!store->list[i].err.code &&
            str_starts(str_of(hash_hex(hex, &store->list[i].digest)), word))
            return &store->list[i];
    }
    return NULL;
}

const struct stored_case *case_store_same(
    const struct case_store *store, const struct digest *digest)
{
    for (uint32_t i = 0; i < store->count; i++)
        if (!store->list[i].err.code && hash_equal(&store->list[i].digest, digest))
            return &store->list[i];
    return NULL;
}

int case_store_add(
    struct case_store *store, const struct trial_case *of, const char **ret_path, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char *path = arena_format(
        &store->arena, "%s/%.*s%s", store->folder, (int)of->id.size, of->id.at, ending);
    int rc = file_mkdirs(store->folder, 0700, err);
    if (rc < 0)
        return rc;
    case_print(&text, of);
    if (file_exists(path)) {
        err_set(err, ERR_STATE, "another case is called %.*s", (int)of->id.size, of->id.at);
        return err_hint(err, "--id gives this one another name");
    }
    if ((rc = file_create(path, buf_view(&text), 0600, err)) < 0)
        return rc;
    *ret_path = path;
    return 0;
}
