/* store_shard - the shards of the sealed split: which one a group is in, and who opened it.
 *
 * A shard is a key. Its open half seals; its secret half is made here, sealed for each reviewer of
 * the home, and forgotten: what moult holds opens nothing. A shard takes groups until it is full or
 * opened, and an opened one is never read for anybody but the candidate that opened it. */
#include "admission/reviewers.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/seal.h"
#include "broker/db.h"
#include "broker/store.h"

#include <string.h>

enum { SHARD_GROUPS = 30 }; /* with none of them worse the bound is 10 % */

/* --- a new one */

static int add_lock(struct buf *out, bool first, const struct reviewer *reviewer,
    const struct seal_pair *pair, struct err *err)
{
    CLEANUP(buf_done) struct buf box = { 0 };
    uint8_t open_key[SEAL_KEY];
    char hex[DIGEST_HEX];
    const struct digest id = sign_id(&reviewer->key);
    int rc = seal_open_key_of(open_key, &reviewer->key, err);
    if (rc == 0)
        rc = seal_close(&box, open_key, (struct str){ (const char *)pair, sizeof *pair }, err);
    if (rc < 0)
        return rc;
    buf_format(out, "%s{\"key\":\"%s\",\"name\":\"%s\",\"secret\":", first ? "" : ",",
        hash_hex(hex, &id), reviewer->name);
    seal_print(out, buf_view(&box));
    buf_char(out, '}');
    return 0;
}

/* {"schema":1,"locks":[...]}, one a reviewer who is not revoked. */
static int print_locks(
    struct buf *out, const struct seal_pair *pair, const struct home *home, struct err *err)
{
    CLEANUP(mem_freep) struct reviewers *reviewers = mem_zero(1, sizeof *reviewers);
    unsigned count = 0;
    int rc = reviewers_read(reviewers, home, err);
    buf_text(out, "{\"schema\":1,\"locks\":[");
    for (unsigned i = 0; rc == 0 && i < reviewers->count; i++) {
        if (reviewers->list[i].revoked_ms)
            continue;
        rc = add_lock(out, count++ == 0, &reviewers->list[i], pair, err);
    }
    buf_text(out, "]}");
    if (rc == 0 && count == 0)
        rc = err_set(err, ERR_MISSING, "no reviewer is there to seal for");
    return rc;
}

static int64_t new_shard(
    struct store *store, const struct home *home, uint8_t ret_key[SEAL_KEY], struct err *err)
{
    CLEANUP(buf_done) struct buf locks = { 0 }, record = { 0 };
    CLEANUP(seal_pair_wipe) struct seal_pair pair;
    int rc = seal_pair_make(&pair, err);
    if (rc == 0)
        rc = print_locks(&locks, &pair, home, err);
    if (rc < 0)
        return rc;
    const struct str key = { (const char *)pair.open, sizeof pair.open };
    CLEANUP(db_resetp)
    sqlite3_stmt *add =
        db_bind(store, err, "INSERT INTO shard(open_key, locks, at_ms) VALUES(?, ?, ?)", "bti", key,
            buf_view(&locks), (int64_t)clock_wall_ms());
    if ((rc = db_done(store, add, err, "write a shard")) < 0)
        return rc;
    int64_t number = sqlite3_last_insert_rowid(store->db);
    buf_format(&record, "{\"shard\":%lld,\"locks\":", (long long)number);
    buf_str(&record, buf_view(&locks));
    buf_char(&record, '}');
    rc = db_audit(store, "shard", buf_view(&record), err);
    memcpy(ret_key, pair.open, SEAL_KEY);
    return rc < 0 ? rc : number;
}

/* --- which one a group is in */

/* The number that the query finds, with its key; 0: none. */
static int64_t take_shard(
    struct store *store, sqlite3_stmt *row, uint8_t ret_key[SEAL_KEY], struct err *err)
{
    if (!row)
        return -err->code;
    int code = sqlite3_step(row);
    if (code == SQLITE_DONE)
        return 0;
    struct str key = code == SQLITE_ROW ? db_text(row, 1) : (struct str){ 0 };
    if (key.size != SEAL_KEY)
        return db_fail(store, err, "read a shard");
    memcpy(ret_key, key.at, SEAL_KEY);
    return sqlite3_column_int64(row, 0);
}

static int64_t shard_of_group(
    struct store *store, struct str group, uint8_t ret_key[SEAL_KEY], struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT s.number, s.open_key FROM shard_group g JOIN shard s ON s.number = g.shard"
        " WHERE g.grp = ?",
        "t", group);
    return take_shard(store, row, ret_key, err);
}

static int64_t shard_with_room(struct store *store, uint8_t ret_key[SEAL_KEY], struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT number, open_key FROM shard s WHERE number = (SELECT max(number) FROM shard)"
        " AND NOT EXISTS (SELECT 1 FROM opening o WHERE o.shard = s.number)"
        " AND (SELECT count(*) FROM shard_group g WHERE g.shard = s.number) < ?",
        "i", (int64_t)SHARD_GROUPS);
    return take_shard(store, row, ret_key, err);
}

int64_t store_shard_for(struct store *store, struct str group, const struct home *home,
    uint8_t ret_key[SEAL_KEY], struct err *err)
{
    int64_t shard = shard_of_group(store, group, ret_key, err);
    if (shard != 0)
        return shard;
    shard = shard_with_room(store, ret_key, err);
    if (shard == 0)
        shard = new_shard(store, home, ret_key, err);
    if (shard < 0)
        return shard;
    CLEANUP(db_resetp)
    sqlite3_stmt *add =
        db_bind(store, err, "INSERT INTO shard_group VALUES(?, ?)", "ti", group, shard);
    int rc = db_done(store, add, err, "put a group into its shard");
    return rc < 0 ? rc : shard;
}

/* --- opening */

/* Only what a person, or a mandate in their place, has said yes to. */
static int check_approved(struct store *store, struct str candidate, struct err *err)
{
    static const char *const states[] = { "approved", "canary", "active", "superseded",
        "rolled_back", "quarantined" };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT state, coalesce(json_extract(body, '$.approval'),"
        " json_extract(body, '$.confirmation')) FROM candidate WHERE id = ?",
        "t", candidate);
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no candidate %.*s", (int)candidate.size, candidate.at);
    for (size_t i = 0; i < COUNT_OF(states); i++)
        if (str_equal(db_text(row, 0), str_of(states[i])) && db_text(row, 1).size > 0)
            return 0;
    err_set(err, ERR_DENIED, "candidate %.12s was not approved", candidate.at);
    return err_hint(err, "the sealed split is for the report on what was approved");
}

struct opening {
    int64_t shard; /* 0: none */
    bool reported;
};

static int find_opening(
    struct store *store, struct str candidate, struct opening *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT shard, report IS NOT NULL FROM opening WHERE candidate = ?", "t", candidate);
    if (!row)
        return -err->code;
    int code = sqlite3_step(row);
    *ret = (struct opening){ 0 };
    if (code == SQLITE_ROW)
        *ret = (struct opening){ sqlite3_column_int64(row, 0), sqlite3_column_int(row, 1) };
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : db_fail(store, err, "read openings");
}

/* The oldest that nobody has opened and where something lies. */
static int64_t next_shard(struct store *store, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT min(s.number) FROM shard s WHERE NOT EXISTS"
        " (SELECT 1 FROM opening o WHERE o.shard = s.number) AND EXISTS"
        " (SELECT 1 FROM shard_group g JOIN split p ON p.grp = g.grp"
        "  WHERE g.shard = s.number AND p.split = 2)",
        "");
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return db_fail(store, err, "look for a shard");
    if (sqlite3_column_int64(row, 0) > 0)
        return sqlite3_column_int64(row, 0);
    err_set(err, ERR_MISSING, "no shard of the sealed split is left to open");
    return err_hint(err, "from 100 groups on some new ones are sealed: moult mine says how many");
}

static int open_next(struct store *store, struct str candidate, int64_t *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf record = { 0 };
    int64_t shard = next_shard(store, err);
    if (shard < 0)
        return (int)shard;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO opening VALUES(?, ?, NULL, ?)", "iti",
        shard, candidate, (int64_t)clock_wall_ms());
    int rc = db_done(store, add, err, "open a shard");
    if (rc < 0)
        return rc;
    *ret = shard;
    buf_format(&record, "{\"shard\":%lld,\"candidate\":\"%.*s\"}", (long long)shard,
        (int)candidate.size, candidate.at);
    return db_audit(store, "opening", buf_view(&record), err);
}

static int pack_shard(struct store *store, int64_t shard, struct buf *out, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err, "SELECT locks FROM shard WHERE number = ?", "i", shard);
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return db_fail(store, err, "read a shard");
    pack_u32(out, (uint32_t)shard);
    pack_text(out, db_text(row, 0));
    return 0;
}

int store_open_shard(struct store *store, struct str candidate, struct buf *out, struct err *err)
{
    struct opening known;
    int rc = db_check_id(candidate, err);
    if (rc == 0)
        rc = check_approved(store, candidate, err);
    if (rc == 0)
        rc = find_opening(store, candidate, &known, err);
    if (rc == 0 && known.reported)
        rc = err_set(err, ERR_STATE, "candidate %.12s has opened shard %lld: once is all",
            candidate.at, (long long)known.shard);
    if (rc == 0 && known.shard == 0)
        rc = open_next(store, candidate, &known.shard, err);
    return rc < 0 ? rc : pack_shard(store, known.shard, out, err);
}

int store_report_shard(struct store *store, uint32_t shard, struct str candidate,
    const struct digest *claim, struct err *err)
{
    CLEANUP(buf_done) struct buf record = { 0 };
    struct opening known;
    char hex[DIGEST_HEX];
    int rc = db_check_id(candidate, err);
    if (rc == 0)
        rc = find_opening(store, candidate, &known, err);
    if (rc < 0)
        return rc;
    if (known.shard != (int64_t)shard || shard == 0)
        return err_set(
            err, ERR_MISSING, "candidate %.12s has not opened shard %u", candidate.at, shard);
    CLEANUP(db_resetp)
    sqlite3_stmt *set = db_bind(
        store, err, "UPDATE opening SET report = ? WHERE shard = ?", "di", claim, known.shard);
    if ((rc = db_done(store, set, err, "end an opening")) < 0)
        return rc;
    buf_format(&record, "{\"shard\":%u,\"candidate\":\"%.*s\",\"claim\":\"%s\"}", shard,
        (int)candidate.size, candidate.at, hash_hex(hex, claim));
    return db_audit(store, "opening-end", buf_view(&record), err);
}

int store_openings(struct store *store, uint64_t from, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT shard, candidate, report FROM opening WHERE shard >= ? ORDER BY shard", "i",
        (int64_t)from);
    while (row && db_next(&page, row)) {
        struct digest claim = db_digest(row, 2);
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 0));
        pack_text(&page.rows, db_text(row, 1));
        pack_digest(&page.rows, &claim);
    }
    return row ? db_page_end(store, &page, out, "list openings", err) : -err->code;
}

/* --- how many there are */

#define IN_SPLIT(split)                                                                            \
    "(SELECT count(*) FROM split p WHERE p.split = " split                                         \
    " AND NOT EXISTS (SELECT 1 FROM kin WHERE grp = p.grp)),"

int store_splits(struct store *store, struct journal_splits *ret, struct err *err)
{
    struct journal_splits splits = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT " IN_SPLIT("0") IN_SPLIT("1")
            IN_SPLIT("2") " (SELECT count(*) FROM sealed),"
                          " (SELECT count(*) FROM shard), (SELECT count(*) FROM opening)",
        "");
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return db_fail(store, err, "count the splits");
    for (int i = 0; i < 3; i++)
        splits.groups[i] = (uint64_t)sqlite3_column_int64(row, i);
    splits.sealed = (uint64_t)sqlite3_column_int64(row, 3);
    splits.shards = (uint32_t)sqlite3_column_int64(row, 4);
    splits.opened = (uint32_t)sqlite3_column_int64(row, 5);
    *ret = splits;
    return 0;
}
