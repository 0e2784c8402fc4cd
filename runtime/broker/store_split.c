/* store_split - which groups may be seen by whom. See store.h.
 *
 * A split is fixed at first sight and moves down only. Whatever moves one has a record in the audit
 * chain, with the reason where it is not the first. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "broker/db.h"
#include "broker/permit.h"
#include "broker/store.h"

int store_split_of(struct store *store, struct str group, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err, "SELECT split FROM split WHERE grp = ?", "t", group);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    return sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int(row, 0) : JOURNAL_NO_SPLIT;
}

int store_split_move(struct store *store, struct str group, int from, uint8_t to, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    buf_text(&body, "{\"group\":");
    json_quote(&body, group);
    buf_format(&body, ",\"from\":%d,\"to\":%u}", from, to);
    CLEANUP(db_resetp)
    sqlite3_stmt *set = db_bind(store, err,
        "INSERT INTO split VALUES(?1, ?2, ?3) ON CONFLICT(grp) DO UPDATE SET split = ?2, at_ms = "
        "?3",
        "tii", group, (int64_t)to, (int64_t)clock_wall_ms());
    int rc = db_done(store, set, err, "write the split");
    return rc < 0 ? rc : db_audit(store, "split", buf_view(&body), err);
}

int store_split(
    struct store *store, struct str group, uint8_t split, struct buf *out, struct err *err)
{
    enum { SPLITS_KNOWN = 3 };
    if (split >= SPLITS_KNOWN || group.size == 0)
        return err_set(err, ERR_INPUT, "no such split, or no group");
    int now = store_split_of(store, group, err);
    if (now < 0)
        return now;
    if (now != JOURNAL_NO_SPLIT && split > now)
        return err_set(err, ERR_DENIED, "a group moves down only: test, held-out, held-in");
    int rc = now == split
                 ? 0
                 : store_split_move(store, group, now == JOURNAL_NO_SPLIT ? -1 : now, split, err);
    if (rc == 0)
        pack_u8(out, split);
    return rc;
}

/* What people have seen teaches whoever hears of them: it can be no evidence that nobody knew. */
int store_shown(struct store *store, uint64_t session, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT" DB_GROUP ", a.session IS NOT NULL," DB_SEEN_COLUMNS " FROM session s" DB_SEEN_JOINS
        " WHERE s.number = ?",
        "i", (int64_t)session);
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no session %llu", (unsigned long long)session);
    const struct permit_seen seen = db_seen(row, 2);
    const struct str group = db_text(row, 0);
    if (sqlite3_column_int(row, 1) || seen.sealed || seen.split == 0)
        return 0;
    struct str kept = { arena_copy(&arena, group.size ? group.at : "", group.size), group.size };
    return store_split_move(store, kept, seen.split == JOURNAL_NO_SPLIT ? -1 : seen.split, 0, err);
}
