/* store_ledger - the ledger of held-out looks, the freeze, and checkpoints. See store.h. */
#include "base/clock.h"
#include "base/mem.h"
#include "broker/db.h"
#include "broker/store.h"

#include <stdio.h>

/* --- looks */

struct look {
    uint64_t number; /* 0: none */
    struct journal_look look;
};

#define LOOK_COLUMNS "k, passes, passed, own, level, seen"

static struct journal_look look_of(sqlite3_stmt *row, int column)
{
    return (struct journal_look){
        .k = (uint32_t)sqlite3_column_int64(row, column),
        .passes = (uint32_t)sqlite3_column_int64(row, column + 1),
        .ended = sqlite3_column_type(row, column + 2) != SQLITE_NULL,
        .passed = sqlite3_column_int(row, column + 2),
        .own = (uint32_t)sqlite3_column_int64(row, column + 3),
        .level = sqlite3_column_double(row, column + 4),
        .seen = (uint64_t)sqlite3_column_int64(row, column + 5),
    };
}

static int find_look(struct store *store, const struct digest *shard, struct str candidate,
    struct look *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT number, " LOOK_COLUMNS " FROM look WHERE shard = ? AND candidate = ?", "dt", shard,
        candidate);
    if (!row)
        return -err->code;
    struct look look = { 0 };
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        look = (struct look){ (uint64_t)sqlite3_column_int64(row, 0), look_of(row, 1) };
    else if (code != SQLITE_DONE)
        return db_fail(store, err, "read the ledger");
    *ret = look;
    return 0;
}

/* How many looks at the shard there are, how many of them passed, and what there is to look at. */
static int count_looks(
    struct store *store, const struct digest *shard, struct journal_look *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT count(*), coalesce(sum(passed), 0), (SELECT coalesce(max(number), 0) FROM session)"
        " FROM look WHERE shard = ?",
        "d", shard);
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return db_fail(store, err, "read the ledger");
    ret->k = (uint32_t)sqlite3_column_int64(row, 0);
    ret->passes = (uint32_t)sqlite3_column_int64(row, 1);
    ret->seen = (uint64_t)sqlite3_column_int64(row, 2);
    return 0;
}

/* Every bit of the level: it is bound as the text that the record has. */
static int add_look(struct store *store, const struct digest *shard, struct str candidate,
    struct str proposer, const struct journal_look *look, struct err *err)
{
    enum { LEVEL_SIZE = 32 };
    CLEANUP(buf_done) struct buf record = { 0 };
    char hex[DIGEST_HEX], level[LEVEL_SIZE];
    snprintf(level, sizeof level, "%.17g", look->level);
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO look(shard, k, passes, candidate, at_ms, proposer, own, level, seen)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, CAST(? AS REAL), ?)",
        "diitititi", shard, (int64_t)look->k, (int64_t)look->passes, candidate,
        (int64_t)clock_wall_ms(), proposer, (int64_t)look->own, str_of(level), (int64_t)look->seen);
    int rc = db_done(store, add, err, "write the look");
    if (rc < 0)
        return rc;
    buf_format(&record,
        "{\"shard\":\"%s\",\"candidate\":\"%.*s\",\"k\":%u,\"passes\":%u,\"own\":%u,"
        "\"level\":%s,\"seen\":%llu,\"proposer\":",
        hash_hex(hex, shard), (int)candidate.size, candidate.at, look->k, look->passes, look->own,
        level, (unsigned long long)look->seen);
    json_quote(&record, proposer);
    buf_char(&record, '}');
    return db_audit(store, "look", buf_view(&record), err);
}

/* Two that work out their look from the same ledger: the second one works it out again. */
static int fill_look(struct journal_look *look, const struct journal_debit *debit, struct err *err)
{
    look->k++;
    look->own = debit->own ? debit->own : look->k;
    look->level = debit->level;
    if (debit->k > 0 && (debit->k != look->k || debit->passes != look->passes))
        return err_set(err, ERR_STATE, "the ledger is at look %u, not at %u: somebody was faster",
            look->k, debit->k);
    if (!(look->level >= 0 && look->level <= 1) || look->own > look->k)
        return err_set(err, ERR_INPUT, "a look of that level, or that many of one proposer");
    return 0;
}

int store_look(struct store *store, const struct digest *shard, struct str candidate,
    const struct journal_debit *debit, struct buf *out, struct err *err)
{
    struct look known;
    struct journal_look look = { 0 };
    int rc = db_check_id(candidate, err);
    if (rc < 0 || (rc = find_look(store, shard, candidate, &known, err)) < 0)
        return rc;
    if (known.number) {
        journal_pack_look(out, &known.look);
        return 0;
    }
    if (!str_utf8(debit->proposer))
        return err_set(err, ERR_INPUT, "the name of a proposer is UTF-8");
    if ((rc = count_looks(store, shard, &look, err)) == 0)
        rc = fill_look(&look, debit, err);
    if (rc == 0)
        rc = add_look(store, shard, candidate, debit->proposer, &look, err);
    if (rc == 0)
        journal_pack_look(out, &look);
    return rc;
}

int store_look_end(struct store *store, const struct digest *shard, struct str candidate,
    bool passed, struct err *err)
{
    CLEANUP(buf_done) struct buf record = { 0 };
    char hex[DIGEST_HEX];
    struct look known;
    int rc = db_check_id(candidate, err);
    if (rc < 0 || (rc = find_look(store, shard, candidate, &known, err)) < 0)
        return rc;
    if (!known.number)
        return err_set(err, ERR_MISSING, "candidate %.*s has no look at that shard",
            (int)candidate.size, candidate.at);
    if (known.look.ended)
        return known.look.passed == passed
                   ? 0
                   : err_set(err, ERR_STATE, "candidate %.*s: its look has another answer",
                         (int)candidate.size, candidate.at);
    CLEANUP(db_resetp)
    sqlite3_stmt *set = db_bind(store, err, "UPDATE look SET passed = ? WHERE number = ?", "ii",
        (int64_t)passed, (int64_t)known.number);
    if ((rc = db_done(store, set, err, "end the look")) < 0)
        return rc;
    buf_format(&record, "{\"shard\":\"%s\",\"candidate\":\"%.*s\",\"passed\":%s}",
        hash_hex(hex, shard), (int)candidate.size, candidate.at, passed ? "true" : "false");
    return db_audit(store, "look-end", buf_view(&record), err);
}

int store_looks(struct store *store, uint64_t from, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT number, shard, candidate, proposer, " LOOK_COLUMNS " FROM look WHERE number >= ?"
        " ORDER BY number",
        "i", (int64_t)from);
    while (row && db_next(&page, row)) {
        struct digest shard = db_digest(row, 1);
        struct journal_look look = look_of(row, 4);
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 0));
        pack_digest(&page.rows, &shard);
        pack_text(&page.rows, db_text(row, 2));
        pack_text(&page.rows, db_text(row, 3));
        journal_pack_look(&page.rows, &look);
    }
    return row ? db_page_end(store, &page, out, "list looks", err) : -err->code;
}

/* --- the freeze */

static bool one_line(struct str text)
{
    bool good = text.size > 0 && text.size <= JOURNAL_WHY_MAX && str_utf8(text);
    for (size_t i = 0; good && i < text.size; i++)
        good = (unsigned char)text.at[i] >= ' ' && text.at[i] != 0x7f;
    return good;
}

int store_freeze(struct store *store, bool frozen, struct str why, struct err *err)
{
    CLEANUP(buf_done) struct buf record = { 0 };
    if (!one_line(why))
        return err_set(err, ERR_INPUT, "why the home is %s is one line of at most %d bytes",
            frozen ? "frozen" : "free", JOURNAL_WHY_MAX);
    CLEANUP(db_resetp)
    sqlite3_stmt *add =
        db_bind(store, err, "INSERT INTO freeze(frozen, why, at_ms) VALUES(?, ?, ?)", "iti",
            (int64_t)frozen, why, (int64_t)clock_wall_ms());
    int rc = db_done(store, add, err, "write the freeze");
    if (rc < 0)
        return rc;
    buf_format(&record, "{\"frozen\":%s,\"why\":", frozen ? "true" : "false");
    json_quote(&record, why);
    buf_char(&record, '}');
    return db_audit(store, "freeze", buf_view(&record), err);
}

int store_frozen(struct store *store, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, "SELECT frozen FROM freeze ORDER BY number DESC LIMIT 1", "");
    if (!row)
        return -err->code;
    int code = sqlite3_step(row);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return db_fail(store, err, "read the freeze");
    return code == SQLITE_ROW && sqlite3_column_int(row, 0) != 0;
}

/* --- checkpoints */

static int check_head(
    struct store *store, uint64_t record, const struct digest *head, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, "SELECT digest FROM audit WHERE number = ?", "i", (int64_t)record);
    if (!row)
        return -err->code;
    int code = sqlite3_step(row);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return db_fail(store, err, "read the audit chain");
    struct digest have = db_digest(row, 0);
    if (code == SQLITE_ROW && hash_equal(&have, head))
        return 0;
    return err_set(err, ERR_VERIFY, "the audit chain has no record %llu with that digest",
        (unsigned long long)record);
}

int store_checkpoint(struct store *store, uint64_t record, const struct digest *head,
    struct str envelope, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    int rc = check_head(store, record, head, err);
    if (rc < 0)
        return rc;
    if (!db_object(&arena, envelope, JOURNAL_ENVELOPE_MAX, "checkpoint", err))
        return -err->code;
    CLEANUP(db_resetp)
    sqlite3_stmt *add =
        db_bind(store, err, "INSERT INTO checkpoint VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
            "idti", (int64_t)record, head, envelope, (int64_t)clock_wall_ms());
    return db_done(store, add, err, "write the checkpoint");
}

static int list_checkpoints(
    struct store *store, sqlite3_stmt *row, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    while (row && db_next(&page, row)) {
        struct digest head = db_digest(row, 1);
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 0));
        pack_digest(&page.rows, &head);
        pack_text(&page.rows, db_text(row, 2));
    }
    return row ? db_page_end(store, &page, out, "list checkpoints", err) : -err->code;
}

int store_checkpoints(struct store *store, uint64_t from, struct buf *out, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT record, head, envelope FROM checkpoint WHERE record >= ? ORDER BY record", "i",
        (int64_t)from);
    return list_checkpoints(store, row, out, err);
}

int store_last_checkpoint(struct store *store, struct buf *out, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT record, head, envelope FROM checkpoint ORDER BY record DESC LIMIT 1", "");
    return list_checkpoints(store, row, out, err);
}
