/* store_kin - groups that say nearly the same are one. See store.h.
 *
 * A group that counts with another keeps its name and its rows; `kin` says with which, and whatever
 * asks for a session's group is told that one. Roots have no root. */
#include "base/mem.h"
#include "broker/db.h"
#include "broker/store.h"

/* --- what sessions are like */

static int put_sketch(
    struct store *store, int64_t session, uint32_t messages, struct str bytes, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *set = db_bind(store, err,
        "INSERT INTO sketch SELECT number, ?2, ?3 FROM session WHERE number = ?1"
        " ON CONFLICT(session) DO UPDATE SET messages = ?2, bytes = ?3",
        "iib", session, (int64_t)messages, bytes);
    return db_done(store, set, err, "write a sketch");
}

int store_put_sketches(struct store *store, struct unpack *in, struct err *err)
{
    uint32_t count = unpack_u32(in);
    int rc = 0;
    in->bad |= count > JOURNAL_PAGE;
    for (uint32_t i = 0; rc == 0 && i < count && !in->bad; i++) {
        uint64_t session = unpack_u64(in);
        uint32_t messages = unpack_u32(in);
        struct str bytes = unpack_text(in, JOURNAL_SKETCH);
        if (bytes.size != JOURNAL_SKETCH || session > INT64_MAX)
            return err_set(err, ERR_INPUT, "a sketch has a session and %d bytes", JOURNAL_SKETCH);
        rc = put_sketch(store, (int64_t)session, messages, bytes, err);
    }
    if (rc == 0 && !unpack_end(in))
        return err_set(err, ERR_INPUT, "a request that is malformed");
    return rc;
}

int store_sketches(struct store *store, uint64_t after, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT session, messages, bytes FROM sketch WHERE session > ? ORDER BY session", "i",
        (int64_t)after);
    while (row && db_next(&page, row)) {
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 0));
        pack_u32(&page.rows, (uint32_t)sqlite3_column_int64(row, 1));
        pack_text(&page.rows, db_text(row, 2));
    }
    return row ? db_page_end(store, &page, out, "list sketches", err) : -err->code;
}

/* --- groups */

static int has_root(struct store *store, struct str group, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err, "SELECT 1 FROM kin WHERE grp = ?", "t", group);
    if (!row)
        return -err->code;
    int code = sqlite3_step(row);
    return code == SQLITE_ROW || code == SQLITE_DONE ? code == SQLITE_ROW
                                                     : db_fail(store, err, "read kin");
}

/* Those that counted with it follow. */
static int write_kin(struct store *store, struct str group, struct str root, struct err *err)
{
    static const char *const steps[] = { "UPDATE kin SET root = ?2 WHERE root = ?1",
        "INSERT INTO kin VALUES(?1, ?2)" };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT_OF(steps); i++) {
        CLEANUP(db_resetp) sqlite3_stmt *step = db_bind(store, err, steps[i], "tt", group, root);
        rc = db_done(store, step, err, "put groups together");
    }
    return rc;
}

int store_kin(struct store *store, struct str group, struct str root, struct err *err)
{
    CLEANUP(buf_done) struct buf record = { 0 };
    int from = store_split_of(store, group, err), to = from < 0 ? from : 0;
    if (to == 0)
        to = store_split_of(store, root, err);
    int known = to < 0 ? to : has_root(store, group, err);
    if (known == 0)
        known = has_root(store, root, err);
    if (known < 0)
        return known;
    if (known || to == JOURNAL_NO_SPLIT || group.size == 0 || str_equal(group, root))
        return err_set(
            err, ERR_STATE, "a group counts with one that has a split, and with no other");
    int rc = write_kin(store, group, root, err);
    buf_text(&record, "{\"group\":");
    json_quote(&record, group);
    buf_text(&record, ",\"root\":");
    json_quote(&record, root);
    buf_char(&record, '}');
    if (rc == 0)
        rc = db_audit(store, "kin", buf_view(&record), err);
    return rc == 0 && from < to ? store_split_move(store, root, to, (uint8_t)from, err) : rc;
}

int store_aside(struct store *store, uint64_t session, struct err *err)
{
    CLEANUP(buf_done) struct buf record = { 0 };
    char hex[DIGEST_HEX];
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, "SELECT id FROM session WHERE number = ?", "i", (int64_t)session);
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no session %llu", (unsigned long long)session);
    struct digest id = db_digest(row, 0);
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(
        store, err, "INSERT INTO aside VALUES(?) ON CONFLICT DO NOTHING", "i", (int64_t)session);
    int rc = db_done(store, add, err, "set a session aside");
    if (rc < 0 || sqlite3_changes(store->db) == 0)
        return rc;
    buf_format(&record, "{\"session\":\"%s\"}", hash_hex(hex, &id));
    return db_audit(store, "aside", buf_view(&record), err);
}
