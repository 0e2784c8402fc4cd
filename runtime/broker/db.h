/* db - what the files of the store share: SQLite with bound parameters, and its errors in moult's
 * words. Only files named store*.c and live*.c include this. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "broker/permit.h"

#include <sqlite3.h>

enum { STATEMENTS_MAX = 256 }; /* a power of two, never more than half full */

/* A statement is prepared once and found again by the address of its text, a literal. */
struct prepared {
    const char *sql;
    sqlite3_stmt *statement;
};

struct store {
    sqlite3 *db;
    struct prepared prepared[STATEMENTS_MAX];
    unsigned prepared_count;
    char home_id[33];
    int64_t last; /* number of the newest row of what the service writes (schema.c, version 3) */
    int64_t reserved, reserving; /* the file leaves numbers up to here to us; once committed */
    int64_t issued;              /* the last of the open transaction */
};

/* The last failure of SQLite, with what was being done. */
int db_fail(struct store *store, struct err *err, const char *what);
/* Prepares and binds: i int64_t, n int64_t whose 0 is NULL, t struct str as text, b struct str as
 * blob, e the same whose empty is NULL, d digest, z digest that is empty when it is zero. NULL with
 * err. Bytes are not copied: they stay until the statement is reset. It belongs to the store and is
 * reset by its user: CLEANUP(db_resetp). */
sqlite3_stmt *db_bind(
    struct store *store, struct err *err, const char *sql, const char *types, ...);
void db_resetp(sqlite3_stmt **statement);
/* Runs a statement that has no rows. NULL: db_bind has failed, and err says why. */
int db_done(struct store *store, sqlite3_stmt *statement, struct err *err, const char *what);
/* A column as bytes, valid until the statement is stepped or reset. */
struct str db_text(sqlite3_stmt *statement, int column);
/* Zero when the column is none. */
struct digest db_digest(sqlite3_stmt *statement, int column);

/* The number of those bytes in the table of blobs, where they stand once. */
int64_t db_blob(struct store *store, struct str bytes, struct err *err);
/* Where bytes are to stand: small ones in the row itself, since to find out whether they are there
 * already costs more than they do. For two columns, of the types n and e. */
struct db_bytes {
    int64_t blob;
    struct str in_row;
};
int db_bytes(struct store *store, struct str bytes, struct db_bytes *ret, struct err *err);
/* The same for bytes whose digest is known. */
int db_hashed_bytes(struct store *store, struct str bytes, const struct digest *digest,
    struct db_bytes *ret, struct err *err);
/* The next number of the count over all live rows, in the open transaction. */
int64_t db_number(struct store *store);
/* Appends a record to the audit chain, in the open transaction. body: JSON. */
int db_audit(struct store *store, const char *kind, struct str body, struct err *err);

/* The group that a session s counts with, and what decides who may see it: its split, its shard,
 * and whether that is open. One that was set aside has no split. */
#define DB_GROUP " coalesce(k.root, s.grp)"
#define DB_SEEN_COLUMNS                                                                            \
    " iif(a.session IS NULL, coalesce(p.split, 255), 255), coalesce(x.shard, 0), EXISTS"           \
    " (SELECT 1 FROM opening o WHERE o.shard = x.shard AND o.report IS NULL)"
#define DB_SEEN_JOINS                                                                              \
    " LEFT JOIN kin k ON k.grp = s.grp LEFT JOIN split p ON p.grp = coalesce(k.root, s.grp)"       \
    " LEFT JOIN aside a ON a.session = s.number LEFT JOIN sealed x ON x.session = s.number"
struct permit_seen db_seen(sqlite3_stmt *row, int column);

/* A candidate's id: hex digits. ERR_INPUT. */
int db_check_id(struct str id, struct err *err);
/* A text that is kept, and put into its audit record, as it came: one JSON object of at most
 * size_max bytes with nothing around it, not deep. NULL with err. */
const struct json *db_object(
    struct arena *arena, struct str text, size_t size_max, const char *what, struct err *err);
/* Rows of a list: a page ends with JOURNAL_PAGE rows or a quarter of a frame. */
struct db_page {
    struct buf rows;
    uint32_t count;
    int code; /* of the last step */
};
bool db_next(struct db_page *page, sqlite3_stmt *row); /* false: the page is full, or an end */
/* Packs count and rows, frees them. */
int db_page_end(
    struct store *store, struct db_page *page, struct buf *out, const char *what, struct err *err);
