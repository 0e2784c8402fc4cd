/* store - the cases of a home: HOME/cases/ID.json, one file each.
 *
 * A file that cannot be read is listed with its error, and stays: it may be the only copy of a
 * failure. The same case is there once, whatever it is called. */
#pragma once

#include "trials/case/case.h"
#include "wire/home.h"

struct stored_case {
    struct str name; /* of the file, without .json */
    struct trial_case of;
    struct digest digest;
    struct err err; /* code nonzero: it could not be read, and the rest is empty */
};
struct case_store {
    struct arena arena;
    char folder[PATH_MAX];
    struct stored_case *list; /* by name */
    uint32_t count;
};
/* ERR_LIMIT: more cases than a store has. A zeroed store is for case_store_done. */
int case_store_read(struct case_store *ret, const struct home *home, struct err *err);
void case_store_done(struct case_store *store);
/* By its id, or by the first digits (six or more) of its digest. NULL: there is none. */
const struct stored_case *case_store_find(const struct case_store *store, struct str word);
const struct stored_case *case_store_same(
    const struct case_store *store, const struct digest *digest);
/* Writes it. ERR_STATE: another case has that id. *ret_path is the arena's. */
int case_store_add(
    struct case_store *store, const struct trial_case *of, const char **ret_path, struct err *err);
/* One file. Everything is in the arena; where of an error begins with the path. */
int case_file_read(struct trial_case *ret, const char *path, struct arena *arena, struct err *err);
