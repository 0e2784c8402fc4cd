/* store_audit - the hash chain over what was decided. See store.h. */
#include "base/clock.h"
#include "base/mem.h"
#include "broker/db.h"
#include "broker/store.h"

int db_audit(struct store *store, const char *kind, struct str body, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *last =
        db_bind(store, err, "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1", "");
    if (!last)
        return err ? -err->code : -ERR_SYS;
    struct journal_record record = {
        .number = 1, .at_ms = clock_wall_ms(), .kind = str_of(kind), .body = body
    };
    if (sqlite3_step(last) == SQLITE_ROW) {
        record.number = (uint64_t)sqlite3_column_int64(last, 0) + 1;
        record.before = db_digest(last, 1);
    }
    record.digest = journal_record_digest(&record);
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO audit VALUES(?, ?, ?, ?, ?, ?)", "iittdd",
        (int64_t)record.number, (int64_t)record.at_ms, record.kind, record.body, &record.before,
        &record.digest);
    return db_done(store, add, err, "write the audit record");
}

int store_audit(struct store *store, uint64_t after, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT number, at_ms, kind, body, before, digest FROM audit WHERE number > ? ORDER BY "
        "number",
        "i", (int64_t)after);
    while (row && db_next(&page, row)) {
        struct digest before = db_digest(row, 4), digest = db_digest(row, 5);
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 0));
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 1));
        pack_text(&page.rows, db_text(row, 2));
        pack_text(&page.rows, db_text(row, 3));
        pack_digest(&page.rows, &before);
        pack_digest(&page.rows, &digest);
    }
    return row ? db_page_end(store, &page, out, "read the audit chain", err) : -err->code;
}
