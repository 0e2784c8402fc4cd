/* store_seal - what sessions of the test split said, put where nobody but a report reads it.
 *
 * A row stays where it is; what it says becomes a box for the key of its group's shard. Kinds,
 * times and sizes stay readable, so the journal holds together and nothing is lost: whoever opens
 * the shard has all of it again. Bytes that nobody else refers to go from the table of blobs, and
 * are written over in the file (secure_delete), and the log is emptied behind it.
 *
 * A live session is sealed when its turns have ended and nothing came for a while: before that it
 * has to be gone on with, and the broker would need the very key that must not be in the home.
 * Until then only the table of roles guards it (permit_sees). */
#include "base/clock.h"
#include "base/mem.h"
#include "base/seal.h"
#include "broker/db.h"
#include "broker/gather.h"
#include "broker/store.h"

enum { SEAL_AT_ONCE = 64 };

/* --- what a session says, cell by cell */

enum form { AS_BYTES, AS_TEXT, AS_BLOB };

/* read: ?1 session -> two keys, the bytes, the number of their blob or 0. write: ?1 session, ?2 and
 * ?3 the keys, ?4 the box. */
static const struct cell {
    enum form form;
    const char *read, *write;
} cells[] = {
    { AS_TEXT, "SELECT 0, 0, meta, 0 FROM session WHERE number = ?",
        "UPDATE session SET meta = ?4 WHERE number = ?1 AND ?2 = ?3" },
    { AS_BYTES,
        "SELECT seq, 0, coalesce(m.bytes, b.bytes), coalesce(m.blob, 0) FROM message m"
        " LEFT JOIN blob b ON b.number = m.blob WHERE session = ?",
        "UPDATE message SET bytes = ?4, blob = NULL WHERE session = ?1 AND seq = ?2 AND ?3 = 0" },
    { AS_BLOB,
        "SELECT x.seq, x.number, b.bytes, x.blob FROM replaced x JOIN blob b ON b.number = x.blob"
        " WHERE session = ?",
        "UPDATE replaced SET blob = ?4 WHERE session = ?1 AND seq = ?2 AND number = ?3" },
    { AS_TEXT,
        "SELECT e.number, 0, e.body, 0 FROM effect e JOIN turn t ON t.number = e.turn"
        " WHERE t.session = ?",
        "UPDATE effect SET body = ?4 WHERE ?1 > 0 AND number = ?2 AND ?3 = 0" },
    { AS_BYTES,
        "SELECT r.effect, 0, coalesce(r.bytes, b.bytes), coalesce(r.blob, 0) FROM result r"
        " LEFT JOIN blob b ON b.number = r.blob JOIN effect e ON e.number = r.effect"
        " JOIN turn t ON t.number = e.turn WHERE t.session = ?",
        "UPDATE result SET bytes = ?4, blob = NULL WHERE ?1 > 0 AND effect = ?2 AND ?3 = 0" },
    { AS_BYTES,
        "SELECT r.effect, 0, r.raw, 0 FROM result r JOIN effect e ON e.number = r.effect"
        " JOIN turn t ON t.number = e.turn WHERE t.session = ?",
        "UPDATE result SET raw = ?4 WHERE ?1 > 0 AND effect = ?2 AND ?3 = 0" },
    { AS_BYTES, "SELECT number, 0, bytes, 0 FROM state WHERE session = ?",
        "UPDATE state SET bytes = ?4 WHERE session = ?1 AND number = ?2 AND ?3 = 0" },
    { AS_TEXT,
        "SELECT v.turn, v.number, v.why, 0 FROM event v JOIN turn t ON t.number = v.turn"
        " WHERE t.session = ?",
        "UPDATE event SET why = ?4 WHERE ?1 > 0 AND turn = ?2 AND number = ?3" },
    { AS_TEXT,
        "SELECT n.turn, 0, n.why, 0 FROM turn_end n JOIN turn t ON t.number = n.turn"
        " WHERE t.session = ?",
        "UPDATE turn_end SET why = ?4 WHERE ?1 > 0 AND turn = ?2 AND ?3 = 0" },
};

struct sealing {
    struct store *store;
    int64_t session;
    uint8_t open_key[SEAL_KEY];
};

static int free_blob(struct store *store, int64_t blob, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *add =
        db_bind(store, err, "INSERT INTO freed VALUES(?) ON CONFLICT DO NOTHING", "i", blob);
    return db_done(store, add, err, "note bytes that go");
}

static int write_box(const struct sealing *sealing, const struct cell *cell, int64_t key,
    int64_t key2, struct str box, struct err *err)
{
    struct store *store = sealing->store;
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(db_resetp) sqlite3_stmt *set = NULL;
    if (cell->form == AS_BLOB) {
        int64_t blob = db_blob(store, box, err);
        if (blob < 0)
            return (int)blob;
        set = db_bind(store, err, cell->write, "iiii", sealing->session, key, key2, blob);
    } else if (cell->form == AS_TEXT) {
        seal_print(&text, box);
        set =
            db_bind(store, err, cell->write, "iiit", sealing->session, key, key2, buf_view(&text));
    } else {
        set = db_bind(store, err, cell->write, "iiib", sealing->session, key, key2, box);
    }
    return db_done(store, set, err, "write a box");
}

struct said { /* a cell as it was read: the rows change while they are gone through */
    int64_t key, key2, blob;
    struct str bytes;
};

static int read_cell(const struct sealing *sealing, const struct cell *cell, struct arena *arena,
    struct said **ret, uint32_t *ret_count, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(sealing->store, err, cell->read, "i", sealing->session);
    struct said *list = arena_alloc(arena, sizeof *list);
    uint32_t count = 0, room = 1;
    int code = SQLITE_ROW;
    while (row && (code = sqlite3_step(row)) == SQLITE_ROW) {
        if (sqlite3_column_type(row, 2) == SQLITE_NULL)
            continue;
        if (count == room) {
            list = arena_grow(arena, list, room * sizeof *list, 2 * room * sizeof *list);
            room *= 2;
        }
        struct str bytes = db_text(row, 2);
        list[count++] = (struct said){ sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
            sqlite3_column_int64(row, 3),
            { arena_copy(arena, bytes.size ? bytes.at : "", bytes.size), bytes.size } };
    }
    if (!row || code != SQLITE_DONE)
        return row ? db_fail(sealing->store, err, "read what is to be sealed") : -err->code;
    *ret = list;
    *ret_count = count;
    return 0;
}

static int seal_cell(const struct sealing *sealing, const struct cell *cell, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf box = { 0 };
    struct said *said = NULL;
    uint32_t count = 0;
    int rc = read_cell(sealing, cell, &arena, &said, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        buf_clear(&box);
        rc = seal_close(&box, sealing->open_key, said[i].bytes, err);
        if (rc == 0)
            rc = write_box(sealing, cell, said[i].key, said[i].key2, buf_view(&box), err);
        if (rc == 0 && said[i].blob)
            rc = free_blob(sealing->store, said[i].blob, err);
    }
    return rc;
}

static int seal_one(struct store *store, int64_t session, struct str group, const struct home *home,
    struct err *err)
{
    struct sealing sealing = { .store = store, .session = session };
    int64_t shard = store_shard_for(store, group, home, sealing.open_key, err);
    if (shard < 0)
        return (int)shard;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO sealed VALUES(?, ?, ?)", "iii", session,
        shard, (int64_t)clock_wall_ms());
    int rc = db_done(store, add, err, "note what is sealed");
    for (size_t i = 0; rc == 0 && i < COUNT_OF(cells); i++)
        rc = seal_cell(&sealing, &cells[i], err);
    return rc;
}

/* --- which are due */

struct due {
    int64_t session[SEAL_AT_ONCE];
    struct str group[SEAL_AT_ONCE];
    unsigned count;
};

/* A turn without an end may be gone on with. */
static int find_due(
    struct store *store, uint64_t idle_ms, struct arena *arena, struct due *due, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT s.number," DB_GROUP " FROM session s" DB_SEEN_JOINS
        " WHERE p.split = 2 AND a.session IS NULL AND x.session IS NULL"
        " AND (NOT EXISTS (SELECT 1 FROM live l WHERE l.session = s.number) OR (s.at_ms <= ?1"
        "  AND EXISTS (SELECT 1 FROM turn t WHERE t.session = s.number)"
        "  AND NOT EXISTS (SELECT 1 FROM turn t LEFT JOIN turn_end n ON n.turn = t.number"
        "   WHERE t.session = s.number AND (n.turn IS NULL OR n.at_ms > ?1))))"
        " ORDER BY s.number LIMIT ?2",
        "ii", (int64_t)(clock_wall_ms() - idle_ms), (int64_t)SEAL_AT_ONCE);
    int code = SQLITE_ROW;
    while (row && due->count < SEAL_AT_ONCE && (code = sqlite3_step(row)) == SQLITE_ROW) {
        struct str group = db_text(row, 1);
        due->group[due->count] =
            (struct str){ arena_copy(arena, group.size ? group.at : "", group.size), group.size };
        due->session[due->count++] = sqlite3_column_int64(row, 0);
    }
    if (!row)
        return -err->code;
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : db_fail(store, err, "look for sessions");
}

/* Those that another row still refers to stay. */
static int drop_blobs(struct store *store, struct err *err)
{
    static const char *const steps[] = {
        "DELETE FROM freed WHERE blob IN (SELECT blob FROM message WHERE blob IS NOT NULL"
        " UNION ALL SELECT blob FROM replaced UNION ALL SELECT blob FROM result WHERE blob IS NOT"
        " NULL UNION ALL SELECT tools FROM session WHERE tools IS NOT NULL)",
        "DELETE FROM blob WHERE number IN (SELECT blob FROM freed)",
        "DELETE FROM freed",
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT_OF(steps); i++) {
        CLEANUP(db_resetp) sqlite3_stmt *step = db_bind(store, err, steps[i], "");
        rc = db_done(store, step, err, "drop bytes that are sealed");
    }
    return rc;
}

int store_seal(struct store *store, const struct home *home, uint64_t idle_ms, struct buf *out,
    struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct due due = { .count = 0 };
    int rc = find_due(store, idle_ms, &arena, &due, err);
    if (rc == 0 && due.count > 0)
        sqlite3_exec(store->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL);
    for (unsigned i = 0; rc == 0 && i < due.count; i++)
        rc = seal_one(store, due.session[i], due.group[i], home, err);
    if (rc == 0 && due.count > 0)
        rc = drop_blobs(store, err);
    if (rc < 0)
        return err_while(err, "seal the test split");
    pack_u32(out, due.count);
    pack_u8(out, due.count == SEAL_AT_ONCE);
    return 0;
}

void store_forget(struct store *store)
{
    gather_defer(store->db, false);
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_exec(store->db, "PRAGMA secure_delete = OFF", NULL, NULL, NULL);
}
