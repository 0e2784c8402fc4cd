/* store_trace - what happened in a session, in order, for people and for export. See store.h.
 *
 * One query joins what the tables hold into entries of the same columns; a row of the table below
 * says how an entry of each kind is printed. The number of a live row times four is its seq: a
 * result and a delivery stand behind their effect. An imported session has its messages only. */
#include "broker/store.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/names.h"
#include "broker/db.h"
#include "broker/permit.h"
#include "wire/words.h"

/* The columns of an entry; a, b, c and text, hash, hash2, bytes mean what its kind says. */
enum column { SEQ, TURN, ORDINAL, AT, KIND, STANDING, CAUSE, A, B, C, D, TEXT, HASH, HASH2, BYTES };

struct entry {
    sqlite3_stmt *row;
    struct arena *arena;
    struct buf *out;
};

/* --- printing */

static int number(const struct entry *entry, enum column column)
{
    return sqlite3_column_int(entry->row, column);
}

static void member(const struct entry *entry, const char *name)
{
    buf_format(entry->out, "%s\"%s\":", entry->out->size > 1 ? "," : "", name);
}

static void put_int(const struct entry *entry, const char *name, enum column column)
{
    member(entry, name);
    buf_format(entry->out, "%lld", (long long)sqlite3_column_int64(entry->row, column));
}

static void put_text(const struct entry *entry, const char *name, struct str text)
{
    member(entry, name);
    json_quote(entry->out, text);
}

static void put_hash(const struct entry *entry, const char *name, enum column column)
{
    char hex[DIGEST_HEX];
    struct digest digest = db_digest(entry->row, column);
    if (!hash_zero(&digest))
        put_text(entry, name, str_of(hash_hex(hex, &digest)));
}

/* What only a plugin can read: hex digits. */
static void put_bytes(const struct entry *entry, const char *name, enum column column)
{
    const struct str bytes = db_text(entry->row, column);
    member(entry, name);
    buf_char(entry->out, '"');
    for (size_t i = 0; i < bytes.size; i++)
        buf_format(entry->out, "%02x", (unsigned char)bytes.at[i]);
    buf_char(entry->out, '"');
}

/* JSON as it was kept, on one line: outside of strings a line's end is a blank, and inside there is
 * none. What is no JSON is a string. */
static void put_json(const struct entry *entry, const char *name, struct str text)
{
    const struct json_limits limits = { .duplicates = true };
    member(entry, name);
    if (!json_read(entry->arena, text, &limits, NULL)) {
        json_quote(entry->out, text);
        return;
    }
    for (size_t i = 0; i < text.size; i++)
        buf_char(entry->out, text.at[i] == '\n' || text.at[i] == '\r' ? ' ' : text.at[i]);
}

static void print_turn(const struct entry *entry)
{
    put_hash(entry, "generation", HASH);
    put_int(entry, "messages", A);
}

/* A: its place; B: failed; C: enum wire_origin. */
static void print_message(const struct entry *entry)
{
    put_int(entry, "place", A);
    put_text(entry, "origin", str_of(NAME_OF(words_origin, number(entry, C))));
    put_hash(entry, "build", HASH);
    if (number(entry, B)) {
        member(entry, "failed");
        buf_text(entry->out, "true");
    }
    put_json(entry, "message", db_text(entry->row, BYTES));
}

static void print_effect(const struct entry *entry)
{
    const struct str body = db_text(entry->row, BYTES);
    put_text(entry, "effect", str_of(NAME_OF(words_effect, number(entry, A))));
    put_int(entry, "step", B);
    put_int(entry, "index", C);
    put_int(entry, "attempt", D);
    put_hash(entry, "generation", HASH);
    put_hash(entry, "build", HASH2);
    put_text(entry, "lease", db_text(entry->row, TEXT));
    put_json(entry, "asked", body);
}

/* A: status; B: class of the error; C: retry after; D: kind of the effect. */
static void print_result(const struct entry *entry)
{
    const struct str bytes = db_text(entry->row, BYTES);
    put_text(entry, "status", str_of(NAME_OF(words_status, number(entry, A))));
    if (number(entry, B))
        put_text(entry, "class", str_of(NAME_OF(wire_error_words, number(entry, B))));
    if (number(entry, C))
        put_int(entry, "retry_after_ms", C);
    if (number(entry, D) == WIRE_MODEL && number(entry, A) == WIRE_OK)
        put_json(entry, "message", bytes);
    else
        put_text(entry, "text", bytes);
}

static void print_nothing(const struct entry *entry)
{
    (void)entry;
}

static void print_hook(const struct entry *entry)
{
    put_int(entry, "step", A);
    put_text(entry, "hook", str_of(NAME_OF(words_hook, number(entry, B))));
    put_text(entry, "action", str_of(NAME_OF(words_action, number(entry, C))));
    put_hash(entry, "generation", HASH);
    put_hash(entry, "build", HASH2);
    put_text(entry, "why", db_text(entry->row, TEXT));
}

static void print_state(const struct entry *entry)
{
    put_text(entry, "plugin", db_text(entry->row, TEXT));
    put_int(entry, "schema", A);
    put_int(entry, "size", B);
    put_bytes(entry, "bytes", BYTES);
    put_hash(entry, "generation", HASH);
}

static void print_end(const struct entry *entry)
{
    put_text(entry, "how", str_of(NAME_OF(words_ended, number(entry, A))));
    put_text(entry, "why", db_text(entry->row, TEXT));
}

static void print_flag(const struct entry *entry)
{
    put_text(entry, "why", db_text(entry->row, TEXT));
}

/* By the numbers that the query gives. */
static const struct kind {
    const char *word;
    void (*print)(const struct entry *entry);
} kinds[] = {
    { "turn", print_turn },
    { "message", print_message },
    { "replaced", print_message },
    { "effect", print_effect },
    { "result", print_result },
    { "delivered", print_nothing },
    { "hook", print_hook },
    { "state", print_state },
    { "end", print_end },
    { "flag", print_flag },
};

static void pack_entry(struct buf *rows, const struct entry *entry)
{
    size_t kind = (size_t)number(entry, KIND) % COUNT_OF(kinds);
    pack_u64(rows, (uint64_t)sqlite3_column_int64(entry->row, SEQ));
    pack_u64(rows, (uint64_t)sqlite3_column_int64(entry->row, TURN));
    pack_u32(rows, (uint32_t)sqlite3_column_int64(entry->row, ORDINAL));
    pack_u64(rows, (uint64_t)sqlite3_column_int64(entry->row, AT));
    pack_text(rows, str_of(kinds[kind].word));
    pack_u8(rows, (uint8_t)number(entry, STANDING));
    pack_u64(rows, (uint64_t)sqlite3_column_int64(entry->row, CAUSE));
    buf_clear(entry->out);
    buf_char(entry->out, '{');
    kinds[kind].print(entry);
    buf_char(entry->out, '}');
    pack_text(rows, buf_view(entry->out));
}

/* --- the query: ?1 session, ?2 turn's ordinal + 1 or 0, ?3 seq */

#define OF_TURNS " JOIN turn t ON t.number = "
#define WHERE_TURN " WHERE t.session = ?1 AND (?2 = 0 OR t.ordinal = ?2 - 1)"
/* Columns of union: see enum column. */
static const char entries[] =
    "SELECT * FROM ("
    "SELECT t.number * 4 AS seq, t.number, t.ordinal, t.at_ms, 0, 0, 0, t.messages, 0, 0, 0, '',"
    " t.generation, x'', x'' FROM turn t" WHERE_TURN " UNION ALL "
    "SELECT coalesce(m.number, m.seq + 1) * 4, coalesce(m.turn_row, 0), m.turn,"
    " coalesce(m.at_ms, s.at_ms), 1,"
    " CASE m.standing WHEN 'fact' THEN 0 WHEN 'testimony' THEN 1 ELSE 2 END,"
    " coalesce(m.effect, m.turn_row, 0) * 4, m.seq, m.failed, coalesce(m.origin, 0), 0, '',"
    " coalesce(m.build, x''), x'', coalesce(m.bytes, b.bytes) FROM message m"
    " JOIN session s ON s.number = m.session LEFT JOIN blob b ON b.number = m.blob"
    " WHERE m.session = ?1 AND (?2 = 0 OR m.turn = ?2 - 1) UNION ALL "
    "SELECT x.number * 4, t.number, t.ordinal, x.at_ms, 2, 0, coalesce(x.effect, x.turn) * 4,"
    " x.seq, 0, x.origin, 0, '', coalesce(x.build, x''), x'', b.bytes FROM replaced x" OF_TURNS
    "x.turn JOIN blob b ON b.number = x.blob" WHERE_TURN " AND x.session = ?1 UNION ALL "
    "SELECT e.number * 4, t.number, t.ordinal, e.at_ms, 3, 0, t.number * 4, e.kind, e.step, e.idx,"
    " e.attempt, CAST(e.lease AS TEXT), e.generation, e.build, e.body FROM effect e" OF_TURNS
    "e.turn" WHERE_TURN " UNION ALL "
    "SELECT e.number * 4 + 1, t.number, t.ordinal, r.at_ms, 4, 0, e.number * 4, r.status, r.class,"
    " r.retry_after_ms, e.kind, '', x'', x'', coalesce(r.bytes, b.bytes) FROM result r"
    " JOIN effect e ON e.number = r.effect" OF_TURNS
    "e.turn LEFT JOIN blob b ON b.number = r.blob" WHERE_TURN " UNION ALL "
    "SELECT e.number * 4 + 2, t.number, t.ordinal, d.at_ms, 5, 0, e.number * 4, 0, 0, 0, 0, '',"
    " x'', x'', x'' FROM delivered d JOIN effect e ON e.number = d.effect" OF_TURNS
    "e.turn" WHERE_TURN " UNION ALL "
    "SELECT v.number * 4, t.number, t.ordinal, v.at_ms, 6, 1, t.number * 4, v.step, v.hook,"
    " v.action, 0, v.why, v.generation, v.build, x'' FROM event v" OF_TURNS "v.turn" WHERE_TURN
    " UNION ALL "
    "SELECT a.number * 4, t.number, t.ordinal, a.at_ms, 7, 1, t.number * 4, a.schema,"
    " length(a.bytes), 0, 0, a.plugin, a.generation, x'', a.bytes FROM state a" OF_TURNS
    "a.turn" WHERE_TURN " AND a.session = ?1 UNION ALL "
    "SELECT n.number * 4, t.number, t.ordinal, n.at_ms, 8, 0, t.number * 4, n.how, 0, 0, 0, n.why,"
    " x'', x'', x'' FROM turn_end n" OF_TURNS "n.turn" WHERE_TURN " UNION ALL "
    "SELECT f.number * 4, coalesce(t.number, 0), coalesce(t.ordinal, 0), f.at_ms, 9, 2,"
    " coalesce(t.number, 0) * 4, 0, 0, 0, 0, f.why, x'', x'', x'' FROM flag f"
    " LEFT JOIN turn t ON t.session = f.session AND t.ordinal = f.turn"
    " WHERE f.session = ?1 AND (?2 = 0 OR f.turn IS NULL OR f.turn = ?2 - 1)"
    ") WHERE seq >= ?3 ORDER BY seq";

/* May this role see it at all? */
static int check_session(
    struct store *store, enum journal_role role, uint64_t session, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT" DB_SEEN_COLUMNS " FROM session s" DB_SEEN_JOINS " WHERE s.number = ?", "i",
        (int64_t)session);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no session %llu", (unsigned long long)session);
    return permit_reading(role, db_seen(row, 0), err);
}

int store_entries(struct store *store, enum journal_role role, uint64_t session, uint64_t turn,
    uint64_t from, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf data = { 0 };
    int rc = check_session(store, role, session, err);
    if (rc < 0)
        return rc;
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, entries, "iii", (int64_t)session, (int64_t)turn, (int64_t)from);
    const struct entry entry = { row, &arena, &data };
    while (row && db_next(&page, row)) {
        arena_reset(&arena);
        pack_entry(&page.rows, &entry);
    }
    return row ? db_page_end(store, &page, out, "read a trace", err) : -ERR_SYS;
}

int store_turns(struct store *store, enum journal_role role, uint64_t session, uint64_t from,
    struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    int rc = check_session(store, role, session, err);
    if (rc < 0)
        return rc;
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT t.number, t.ordinal, t.generation, t.at_ms, coalesce(n.how, 0),"
        " coalesce(n.why, ''), coalesce(n.at_ms, 0),"
        " (SELECT count(*) FROM effect e WHERE e.turn = t.number) FROM turn t"
        " LEFT JOIN turn_end n ON n.turn = t.number"
        " WHERE t.session = ? AND t.number >= ? ORDER BY t.ordinal",
        "ii", (int64_t)session, (int64_t)from);
    while (row && db_next(&page, row)) {
        struct digest generation = db_digest(row, 2);
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 0));
        pack_u32(&page.rows, (uint32_t)sqlite3_column_int64(row, 1));
        pack_digest(&page.rows, &generation);
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 3));
        pack_u8(&page.rows, (uint8_t)sqlite3_column_int(row, 4));
        pack_text(&page.rows, db_text(row, 5));
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 6));
        pack_u32(&page.rows, (uint32_t)sqlite3_column_int64(row, 7));
    }
    return row ? db_page_end(store, &page, out, "list turns", err) : -ERR_SYS;
}

int store_named(
    struct store *store, enum journal_role role, struct str name, struct buf *out, struct err *err)
{
    char shown[80];
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT l.session," DB_SEEN_COLUMNS " FROM live l"
        " JOIN session s ON s.number = l.session" DB_SEEN_JOINS
        " WHERE l.name = ? AND l.name <> '' LIMIT 2",
        "t", name);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW || !permit_finds(role, db_seen(row, 1)))
        return err_set(err, ERR_MISSING, "no session is called %s",
            str_printable(shown, sizeof shown, name, false));
    uint64_t session = (uint64_t)sqlite3_column_int64(row, 0);
    if (sqlite3_step(row) == SQLITE_ROW) {
        err_set(err, ERR_STATE, "several principals have a session of that name");
        return err_hint(err, "take its id: moult sessions");
    }
    pack_u64(out, session);
    return 0;
}

/* --- a person's word */

static int check_turn(struct store *store, uint64_t session, uint64_t turn, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, "SELECT 1 FROM message WHERE session = ? AND turn = ? LIMIT 1", "ii",
            (int64_t)session, (int64_t)turn - 1);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    return sqlite3_step(row) == SQLITE_ROW
               ? 0
               : err_set(err, ERR_MISSING, "that session has no turn %llu",
                     (unsigned long long)turn - 1);
}

static int audit_flag(
    struct store *store, uint64_t session, uint64_t turn, struct str why, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    char hex[DIGEST_HEX];
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, "SELECT id FROM session WHERE number = ?", "i", (int64_t)session);
    if (!row || sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no session %llu", (unsigned long long)session);
    struct digest id = db_digest(row, 0);
    buf_format(&body, "{\"session\":\"%s\",\"turn\":", hash_hex(hex, &id));
    if (turn)
        buf_format(&body, "%llu", (unsigned long long)turn - 1);
    else
        buf_text(&body, "null");
    buf_text(&body, ",\"why\":");
    json_quote(&body, why);
    buf_char(&body, '}');
    return db_audit(store, "flag", buf_view(&body), err);
}

int store_flag(
    struct store *store, uint64_t session, uint64_t turn, struct str why, struct err *err)
{
    if (why.size == 0 || why.size > JOURNAL_WHY_MAX || !str_utf8(why))
        return err_set(err, ERR_INPUT, "a reason has 1 to %d bytes of text", JOURNAL_WHY_MAX);
    int rc = turn ? check_turn(store, session, turn, err) : 0;
    if (rc == 0)
        rc = audit_flag(store, session, turn, why, err);
    if (rc < 0)
        return rc;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO flag VALUES(?1, ?2, CASE WHEN ?3 = 0 THEN NULL ELSE ?3 - 1 END, ?4, ?5)",
        "iiiti", db_number(store), (int64_t)session, (int64_t)turn, why, (int64_t)clock_wall_ms());
    return db_done(store, add, err, "write a flag");
}
