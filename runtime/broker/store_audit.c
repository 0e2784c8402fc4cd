/* store_audit - the hash chain over what was decided. See store.h. */
#include "base/clock.h"
#include "base/mem.h"
#include "broker/db.h"
#include "broker/store.h"
#include "broker/toolbox.h"
#include "sandbox/sandbox.h"

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

static int list(
    struct store *store, const char *sql, uint64_t after, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    CLEANUP(db_resetp) sqlite3_stmt *row = db_bind(store, err, sql, "i", (int64_t)after);
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

int store_audit(struct store *store, uint64_t after, struct buf *out, struct err *err)
{
    return list(store,
        "SELECT number, at_ms, kind, body, before, digest FROM audit WHERE number > ? ORDER BY "
        "number",
        after, out, err);
}

/* INDEXED BY: a plan that would read the chain is an error. */
int store_quarantines(struct store *store, uint64_t after, struct buf *out, struct err *err)
{
    return list(store,
        "SELECT number, at_ms, kind, body, before, digest FROM audit INDEXED BY audit_quarantine "
        "WHERE kind = 'quarantine' AND number > ? ORDER BY number",
        after, out, err);
}

/* --- rounds of evolution */

int store_round(struct store *store, bool begins, const char *by, struct str why, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    buf_format(&body, "{\"round\":\"%s\",\"by\":\"%s\"", begins ? "begins" : "ends", by);
    if (!begins) {
        buf_text(&body, ",\"why\":");
        json_quote(&body, why);
    }
    buf_char(&body, '}');
    return db_audit(store, "round", buf_view(&body), err);
}

int store_contact(struct store *store, const struct toolbox_contact *contact, struct err *err)
{
    const struct sandbox_contact *row = contact->contact;
    CLEANUP(buf_done) struct buf body = { 0 };
    buf_format(&body, "{\"network\":\"%s\",\"host\":", sandbox_contact_words[row->end]);
    json_quote(&body, str_of(row->host));
    buf_format(&body, ",\"port\":%u,\"workspace\":", row->port);
    json_quote(&body, contact->workspace);
    buf_text(&body, ",\"principal\":");
    json_quote(&body, contact->principal.size > 0 ? contact->principal : STR("local"));
    buf_text(&body, ",\"by\":");
    json_quote(&body, contact->by);
    buf_char(&body, '}');
    return db_audit(store, "network", buf_view(&body), err);
}

int store_rounds(struct store *store, uint64_t from_ms, uint64_t to_ms, uint32_t *ret_count,
    bool *ret_cut, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT count(*) FILTER (WHERE begins AND at_ms >= ? AND at_ms < ?),"
        " coalesce(max(number) FILTER (WHERE begins AND own), 0) >"
        " coalesce(max(number) FILTER (WHERE NOT begins AND own), 0)"
        " FROM (SELECT number, at_ms, json_extract(body, '$.round') = 'begins' begins,"
        " json_extract(body, '$.by') = 'service' own FROM audit WHERE kind = 'round')",
        "ii", (int64_t)from_ms, (int64_t)to_ms);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW)
        return db_fail(store, err, "count rounds");
    *ret_count = (uint32_t)sqlite3_column_int64(row, 0);
    *ret_cut = sqlite3_column_int(row, 1);
    return 0;
}
