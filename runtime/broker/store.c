/* store - see store.h. */
#include "broker/store.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "broker/permit.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEMA_VERSION = 1, PREFIX_MIN = 6, PREFIX_MAX = 64, STATEMENTS_MAX = 48, BUSY_MS = 5000 };

static const char schema[] =
    "CREATE TABLE home(one INTEGER PRIMARY KEY CHECK(one = 1), id TEXT NOT NULL) STRICT;"
    "CREATE TABLE blob(number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, bytes BLOB NOT "
    "NULL) STRICT;"
    "CREATE TABLE session("
    "  number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, gateway INTEGER NOT NULL,"
    "  principal TEXT NOT NULL, format TEXT NOT NULL, source TEXT NOT NULL, origin TEXT NOT NULL,"
    "  grp TEXT NOT NULL, tools INTEGER REFERENCES blob(number), offered INTEGER NOT NULL,"
    "  meta TEXT NOT NULL, messages INTEGER NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE message("
    "  session INTEGER NOT NULL REFERENCES session(number), seq INTEGER NOT NULL, turn INTEGER NOT "
    "NULL,"
    "  standing TEXT NOT NULL CHECK(standing IN ('fact','testimony','claim')), failed INTEGER NOT "
    "NULL,"
    "  blob INTEGER NOT NULL REFERENCES blob(number), PRIMARY KEY(session, seq)) STRICT, WITHOUT "
    "ROWID;"
    "CREATE TABLE split(grp TEXT PRIMARY KEY, split INTEGER NOT NULL, at_ms INTEGER NOT NULL) "
    "STRICT;"
    "CREATE TABLE document(digest BLOB NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL, PRIMARY KEY(kind, digest)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE cluster(id TEXT PRIMARY KEY, signature TEXT NOT NULL, state TEXT NOT NULL,"
    "  document BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE audit(number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,"
    "  body TEXT NOT NULL, before BLOB NOT NULL, digest BLOB NOT NULL) STRICT;";

static const char *const append_only[] = { "home", "blob", "session", "message", "document",
    "audit" };

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
};

static int fail(struct store *store, struct err *err, const char *what)
{
    int code = sqlite3_errcode(store->db) & 0xff;
    const char *text = sqlite3_errmsg(store->db);
    if (code == SQLITE_FULL || sqlite3_system_errno(store->db) == ENOSPC) {
        errno = ENOSPC;
        err_sys(err, "journal: %s", what);
        err_hint(err, "free some space; what was acknowledged is kept");
        return -ERR_SYS;
    }
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return err_set(err, ERR_INPUT, "journal.db is damaged or no journal: %s", text);
    if (code == SQLITE_CONSTRAINT)
        return err_set(err, ERR_DENIED, "journal: %s: %s", what, text);
    return err_set(err, ERR_SYS, "journal: %s: %s", what, text);
}

static int run(struct store *store, const char *sql, struct err *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
                                                                       : fail(store, err, "SQL");
}

static void resetp(sqlite3_stmt **statement)
{
    if (!*statement)
        return;
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
}

static sqlite3_stmt *prepare_once(struct store *store, const char *sql, struct err *err)
{
    for (unsigned i = 0; i < store->prepared_count; i++)
        if (store->prepared[i].sql == sql)
            return store->prepared[i].statement;
    struct prepared *next = &store->prepared[store->prepared_count];
    if (store->prepared_count == STATEMENTS_MAX) {
        err_set(err, ERR_DEFECT, "more statements than the journal keeps");
        return NULL;
    }
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &next->statement, NULL) !=
        SQLITE_OK) {
        fail(store, err, "prepare");
        return NULL;
    }
    next->sql = sql;
    store->prepared_count++;
    return next->statement;
}

/* Prepares and binds: i int64, t struct str as text, b struct str as blob, d digest. NULL with err.
 */
static sqlite3_stmt *bind(
    struct store *store, struct err *err, const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement = prepare_once(store, sql, err);
    if (!statement)
        return NULL;
    va_list args;
    va_start(args, types);
    for (int i = 1; *types; types++, i++) {
        struct str text;
        switch (*types) {
        case 'i':
            sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
            break;
        case 't':
            text = va_arg(args, struct str);
            sqlite3_bind_text64(
                statement, i, text.at ? text.at : "", text.size, SQLITE_TRANSIENT, SQLITE_UTF8);
            break;
        case 'b':
            text = va_arg(args, struct str);
            sqlite3_bind_blob64(statement, i, text.at ? text.at : "", text.size, SQLITE_TRANSIENT);
            break;
        case 'd':
            sqlite3_bind_blob(
                statement, i, va_arg(args, const struct digest *)->at, 32, SQLITE_TRANSIENT);
            break;
        }
    }
    va_end(args);
    return statement;
}

static struct str column_text(sqlite3_stmt *statement, int column)
{
    const char *at = sqlite3_column_blob(statement, column);
    return (struct str){ at, (size_t)sqlite3_column_bytes(statement, column) };
}

static struct digest column_digest(sqlite3_stmt *statement, int column)
{
    struct digest digest = { { 0 } };
    struct str bytes = column_text(statement, column);
    if (bytes.size == sizeof digest.at)
        memcpy(digest.at, bytes.at, sizeof digest.at);
    return digest;
}

/* A statement without rows. */
static int step_done(
    struct store *store, sqlite3_stmt *statement, struct err *err, const char *what)
{
    if (!statement)
        return err ? -err->code : -ERR_SYS;
    return sqlite3_step(statement) == SQLITE_DONE ? 0 : fail(store, err, what);
}

/* --- opening */

static int64_t pragma(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static int create(struct store *store, struct err *err)
{
    CLEANUP(buf_done) struct buf sql = { 0 };
    buf_format(&sql, "BEGIN IMMEDIATE; %s", schema);
    for (size_t i = 0; i < COUNT_OF(append_only); i++)
        for (int update = 0; update < 2; update++)
            buf_format(&sql,
                "CREATE TRIGGER %s_%s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, '%s is "
                "append-only'); END;",
                append_only[i], update ? "update" : "delete", update ? "UPDATE" : "DELETE",
                append_only[i], append_only[i]);
    buf_format(&sql, "INSERT INTO home VALUES(1, '%s'); PRAGMA user_version = %d; COMMIT;",
        store->home_id, SCHEMA_VERSION);
    return run(store, sql.at, err);
}

static int check_home(struct store *store, struct err *err)
{
    CLEANUP(resetp) sqlite3_stmt *statement = bind(store, err, "SELECT id FROM home", "");
    if (!statement)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(statement) != SQLITE_ROW ||
        !str_equal(column_text(statement, 0), str_of(store->home_id)))
        return err_set(err, ERR_VERIFY, "journal.db belongs to another home");
    return 0;
}

static int prepare(struct store *store, struct err *err)
{
    /* Somebody who looks into the file with sqlite3 may hold it for a moment. */
    sqlite3_busy_timeout(store->db, BUSY_MS);
    int rc = run(store,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
        err);
    if (rc < 0)
        return rc;
    int64_t version = pragma(store, "PRAGMA user_version");
    if (version == 0 && pragma(store, "SELECT count(*) FROM sqlite_schema") == 0)
        return create(store, err);
    if (version != SCHEMA_VERSION) {
        err_set(err, ERR_INPUT, "journal.db has schema version %lld, this moult knows %d",
            (long long)version, SCHEMA_VERSION);
        return err_hint(err, "use the moult that wrote it, or restore a backup");
    }
    return check_home(store, err);
}

int store_open(struct store **ret, const char *path, const char *home_id, struct err *err)
{
    struct store *store = mem_zero(1, sizeof *store);
    struct err own;
    err = err ? err : &own;
    snprintf(store->home_id, sizeof store->home_id, "%s", home_id);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &store->db, flags, NULL) == SQLITE_OK ? prepare(store, err)
                                                                         : fail(store, err, "open");
    if (rc < 0) {
        store_free(store);
        return rc;
    }
    *ret = store;
    return 0;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    for (unsigned i = 0; i < store->prepared_count; i++)
        sqlite3_finalize(store->prepared[i].statement);
    sqlite3_close(store->db);
    free(store);
}

int store_begin(struct store *store, struct err *err)
{
    return run(store, "BEGIN IMMEDIATE", err);
}

void store_rollback(struct store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        run(store, "ROLLBACK", NULL);
}

int store_commit(struct store *store, struct err *err)
{
    int rc = run(store, "COMMIT", err);
    if (rc < 0)
        store_rollback(store);
    return rc;
}

/* --- sessions */

static int64_t blob_number(struct store *store, struct str bytes, struct err *err)
{
    struct digest digest = hash_of(bytes);
    CLEANUP(resetp)
    sqlite3_stmt *found =
        bind(store, err, "SELECT number FROM blob WHERE digest = ?", "d", &digest);
    if (!found)
        return -ERR_SYS;
    if (sqlite3_step(found) == SQLITE_ROW)
        return sqlite3_column_int64(found, 0);
    CLEANUP(resetp)
    sqlite3_stmt *add =
        bind(store, err, "INSERT INTO blob(digest, bytes) VALUES(?, ?)", "db", &digest, bytes);
    int rc = step_done(store, add, err, "write bytes");
    return rc < 0 ? rc : sqlite3_last_insert_rowid(store->db);
}

static int add_message(struct store *store, int64_t session, uint32_t seq,
    const struct journal_message *message, struct err *err)
{
    int64_t blob = blob_number(store, message->bytes, err);
    if (blob < 0)
        return (int)blob;
    CLEANUP(resetp)
    sqlite3_stmt *add = bind(store, err, "INSERT INTO message VALUES(?, ?, ?, ?, ?, ?)", "iiitii",
        session, (int64_t)seq, (int64_t)message->turn,
        str_of(journal_standing_words[message->standing]), (int64_t)message->failed, blob);
    return step_done(store, add, err, "write a message");
}

static int known(struct store *store, const struct digest *id, struct err *err)
{
    CLEANUP(resetp)
    sqlite3_stmt *find = bind(store, err, "SELECT 1 FROM session WHERE id = ?", "d", id);
    if (!find)
        return err ? -err->code : -ERR_SYS;
    return sqlite3_step(find) == SQLITE_ROW;
}

int store_add(struct store *store, const struct journal_session *session, struct err *err)
{
    struct digest id = journal_session_id(session);
    int rc = known(store, &id, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    int64_t tools = session->tools.size ? blob_number(store, session->tools, err) : 0;
    if (tools < 0)
        return (int)tools;
    CLEANUP(resetp)
    sqlite3_stmt *add = bind(store, err,
        "INSERT INTO session(id, gateway, principal, format, source, origin, grp, tools, offered, "
        "meta,"
        " messages, at_ms) VALUES(?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?)",
        "ditttttiitii", &id, (int64_t)session->gateway, session->principal, session->format,
        session->source, session->origin, session->group, tools, (int64_t)session->offered,
        session->meta, (int64_t)session->messages_count, (int64_t)clock_wall_ms());
    if ((rc = step_done(store, add, err, "write a session")) < 0)
        return rc;
    int64_t number = sqlite3_last_insert_rowid(store->db);
    for (uint32_t i = 0; i < session->messages_count; i++)
        if ((rc = add_message(store, number, i, &session->messages[i], err)) < 0)
            return rc;
    return 1;
}

#define SESSION_COLUMNS                                                                            \
    "SELECT s.number, s.id, s.gateway, s.principal, s.format, s.source, s.origin, s.grp, b.bytes," \
    " s.offered, s.meta, coalesce(p.split, 255), s.messages FROM session s"                        \
    " LEFT JOIN blob b ON b.number = s.tools LEFT JOIN split p ON p.grp = s.grp "

static void session_of(struct journal_session *ret, sqlite3_stmt *row)
{
    *ret = (struct journal_session){
        .number = (uint64_t)sqlite3_column_int64(row, 0),
        .id = column_digest(row, 1),
        .gateway = sqlite3_column_int(row, 2),
        .principal = column_text(row, 3),
        .format = column_text(row, 4),
        .source = column_text(row, 5),
        .origin = column_text(row, 6),
        .group = column_text(row, 7),
        .tools = column_text(row, 8),
        .offered = sqlite3_column_int(row, 9),
        .meta = column_text(row, 10),
        .split = (uint8_t)sqlite3_column_int(row, 11),
        .messages_count = (uint32_t)sqlite3_column_int64(row, 12),
    };
}

int store_list(
    struct store *store, enum journal_role role, uint64_t after, struct buf *out, struct err *err)
{
    uint32_t count = 0;
    CLEANUP(buf_done) struct buf rows = { 0 };
    CLEANUP(resetp)
    sqlite3_stmt *row = bind(
        store, err, SESSION_COLUMNS "WHERE s.number > ? ORDER BY s.number", "i", (int64_t)after);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    int rc = SQLITE_DONE;
    while (count < JOURNAL_PAGE && rows.size < JOURNAL_FRAME_MAX / 4 &&
           (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct journal_session session;
        session_of(&session, row);
        if (!permit_sees(role, session.split))
            continue;
        journal_pack_session(&rows, &session);
        count++;
    }
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        return fail(store, err, "list sessions");
    pack_u32(out, count);
    buf_str(out, buf_view(&rows));
    return 0;
}

static int standing_of(struct str word)
{
    for (int i = 0; i < JOURNAL_STANDINGS; i++)
        if (str_equal(word, str_of(journal_standing_words[i])))
            return i;
    return JOURNAL_CLAIM;
}

static int read_messages(
    struct store *store, struct journal_session *session, struct arena *arena, struct err *err)
{
    CLEANUP(resetp)
    sqlite3_stmt *row = bind(store, err,
        "SELECT m.turn, m.standing, m.failed, b.bytes FROM message m JOIN blob b ON b.number = "
        "m.blob"
        " WHERE m.session = ? ORDER BY m.seq",
        "i", (int64_t)session->number);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    session->messages =
        arena_alloc(arena, (session->messages_count + 1) * sizeof *session->messages);
    uint32_t count = 0;
    while (sqlite3_step(row) == SQLITE_ROW && count < session->messages_count) {
        struct str bytes = column_text(row, 3);
        session->messages[count++] = (struct journal_message){
            .turn = (uint32_t)sqlite3_column_int64(row, 0),
            .standing = (uint8_t)standing_of(column_text(row, 1)),
            .failed = sqlite3_column_int(row, 2),
            .bytes = { arena_copy(arena, bytes.at, bytes.size), bytes.size },
        };
    }
    if (count != session->messages_count)
        return err_set(err, ERR_VERIFY, "session %llu has lost messages: %u of %u are there",
            (unsigned long long)session->number, count, session->messages_count);
    return 0;
}

int store_read(
    struct store *store, enum journal_role role, uint64_t number, struct buf *out, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(resetp)
    sqlite3_stmt *row =
        bind(store, err, SESSION_COLUMNS "WHERE s.number = ?", "i", (int64_t)number);
    struct journal_session session;
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no session %llu", (unsigned long long)number);
    session_of(&session, row);
    if (!permit_sees(role, session.split))
        return err_set(
            err, ERR_DENIED, "the role %s may not see that session", journal_role_words[role]);
    int rc = read_messages(store, &session, &arena, err);
    if (rc == 0)
        journal_pack_session(out, &session);
    return rc;
}

int store_find(struct store *store, enum journal_role role, struct str prefix, struct buf *out,
    struct err *err)
{
    if (prefix.size < PREFIX_MIN || prefix.size > PREFIX_MAX)
        return err_set(err, ERR_USAGE, "an id has %d to %d hex digits", PREFIX_MIN, PREFIX_MAX);
    CLEANUP(mem_freep) char *pattern = mem_format("%.*s*", (int)prefix.size, prefix.at);
    if (strspn(pattern, "0123456789abcdef") != prefix.size)
        return err_set(err, ERR_USAGE, "an id has hex digits only");
    CLEANUP(resetp)
    sqlite3_stmt *row = bind(store, err,
        "SELECT s.number, coalesce(p.split, 255) FROM session s LEFT JOIN split p ON p.grp = s.grp"
        " WHERE lower(hex(s.id)) GLOB ? LIMIT 2",
        "t", str_of(pattern));
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW || !permit_sees(role, (uint8_t)sqlite3_column_int(row, 1)))
        return err_set(err, ERR_MISSING, "no session %s", pattern);
    uint64_t number = (uint64_t)sqlite3_column_int64(row, 0);
    if (sqlite3_step(row) == SQLITE_ROW)
        return err_set(
            err, ERR_STATE, "several sessions begin with %.*s", (int)prefix.size, prefix.at);
    pack_u64(out, number);
    return 0;
}

/* --- the audit chain */

static int audit_add(struct store *store, const char *kind, struct str body, struct err *err)
{
    CLEANUP(resetp)
    sqlite3_stmt *last =
        bind(store, err, "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1", "");
    if (!last)
        return err ? -err->code : -ERR_SYS;
    struct journal_record record = {
        .number = 1, .at_ms = clock_wall_ms(), .kind = str_of(kind), .body = body
    };
    if (sqlite3_step(last) == SQLITE_ROW) {
        record.number = (uint64_t)sqlite3_column_int64(last, 0) + 1;
        record.before = column_digest(last, 1);
    }
    record.digest = journal_record_digest(&record);
    CLEANUP(resetp)
    sqlite3_stmt *add = bind(store, err, "INSERT INTO audit VALUES(?, ?, ?, ?, ?, ?)", "iittdd",
        (int64_t)record.number, (int64_t)record.at_ms, record.kind, record.body, &record.before,
        &record.digest);
    return step_done(store, add, err, "write the audit record");
}

int store_audit(struct store *store, uint64_t after, struct buf *out, struct err *err)
{
    uint32_t count = 0;
    CLEANUP(buf_done) struct buf rows = { 0 };
    CLEANUP(resetp)
    sqlite3_stmt *row = bind(store, err,
        "SELECT number, at_ms, kind, body, before, digest FROM audit WHERE number > ? ORDER BY "
        "number",
        "i", (int64_t)after);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    while (count < JOURNAL_PAGE && sqlite3_step(row) == SQLITE_ROW) {
        struct digest before = column_digest(row, 4), digest = column_digest(row, 5);
        pack_u64(&rows, (uint64_t)sqlite3_column_int64(row, 0));
        pack_u64(&rows, (uint64_t)sqlite3_column_int64(row, 1));
        pack_text(&rows, column_text(row, 2));
        pack_text(&rows, column_text(row, 3));
        pack_digest(&rows, &before);
        pack_digest(&rows, &digest);
        count++;
    }
    pack_u32(out, count);
    buf_str(out, buf_view(&rows));
    return 0;
}

/* --- splits, documents, clusters */

static int split_now(struct store *store, struct str group, struct err *err)
{
    CLEANUP(resetp)
    sqlite3_stmt *row = bind(store, err, "SELECT split FROM split WHERE grp = ?", "t", group);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    return sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int(row, 0) : JOURNAL_NO_SPLIT;
}

static int split_move(struct store *store, struct str group, int from, uint8_t to, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    buf_text(&body, "{\"group\":");
    json_quote(&body, group);
    buf_format(&body, ",\"from\":%d,\"to\":%u}", from, to);
    CLEANUP(resetp)
    sqlite3_stmt *set = bind(store, err,
        "INSERT INTO split VALUES(?1, ?2, ?3) ON CONFLICT(grp) DO UPDATE SET split = ?2, at_ms = "
        "?3",
        "tii", group, (int64_t)to, (int64_t)clock_wall_ms());
    int rc = step_done(store, set, err, "write the split");
    return rc < 0 ? rc : audit_add(store, "split", buf_view(&body), err);
}

int store_split(
    struct store *store, struct str group, uint8_t split, struct buf *out, struct err *err)
{
    enum { SPLITS_KNOWN = 3 };
    if (split >= SPLITS_KNOWN || group.size == 0)
        return err_set(err, ERR_INPUT, "no such split, or no group");
    int now = split_now(store, group, err);
    if (now < 0)
        return now;
    if (now != JOURNAL_NO_SPLIT && split > now)
        return err_set(err, ERR_DENIED, "a group moves down only: test, held-out, held-in");
    int rc =
        now == split ? 0 : split_move(store, group, now == JOURNAL_NO_SPLIT ? -1 : now, split, err);
    if (rc == 0)
        pack_u8(out, split);
    return rc;
}

int store_put(
    struct store *store, struct str kind, struct str text, struct buf *out, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    if (!json_read(&arena, text, NULL, err))
        return err_while(err, "document");
    struct digest digest = hash_of(text);
    CLEANUP(resetp)
    sqlite3_stmt *add =
        bind(store, err, "INSERT INTO document VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING", "dtti",
            &digest, kind, text, (int64_t)clock_wall_ms());
    int rc = step_done(store, add, err, "write the document");
    if (rc == 0)
        pack_digest(out, &digest);
    return rc;
}

int store_get(struct store *store, struct str kind, const struct digest *digest, struct buf *out,
    struct err *err)
{
    char hex[DIGEST_HEX];
    CLEANUP(resetp)
    sqlite3_stmt *row = bind(
        store, err, "SELECT body FROM document WHERE kind = ? AND digest = ?", "td", kind, digest);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no document %.*s %.12s", (int)kind.size, kind.at,
            hash_hex(hex, digest));
    pack_text(out, column_text(row, 0));
    return 0;
}

static int cluster_write(
    struct store *store, const struct journal_cluster *cluster, struct err *err)
{
    CLEANUP(resetp)
    sqlite3_stmt *set = bind(store, err,
        "INSERT INTO cluster VALUES(?1, ?2, ?3, ?4) ON CONFLICT(id) DO UPDATE"
        " SET signature = ?2, state = ?3, document = ?4",
        "tttd", cluster->id, cluster->signature, cluster->state, &cluster->document);
    return step_done(store, set, err, "write the cluster");
}

static int cluster_state(struct store *store, struct str id, struct buf *ret, struct err *err)
{
    CLEANUP(resetp)
    sqlite3_stmt *row = bind(store, err, "SELECT state FROM cluster WHERE id = ?", "t", id);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) == SQLITE_ROW)
        buf_str(ret, column_text(row, 0));
    return 0;
}

int store_move_cluster(
    struct store *store, const struct journal_cluster *cluster, struct str from, struct err *err)
{
    CLEANUP(buf_done) struct buf now = { 0 }, body = { 0 };
    char hex[DIGEST_HEX];
    int rc = cluster_state(store, cluster->id, &now, err);
    if (rc < 0)
        return rc;
    if (!str_equal(buf_view(&now), from))
        return err_set(err, ERR_STATE, "cluster %.*s is \"%s\", not \"%.*s\"",
            (int)cluster->id.size, cluster->id.at, now.at ? now.at : "", (int)from.size,
            from.at ? from.at : "");
    buf_text(&body, "{\"cluster\":");
    json_quote(&body, cluster->id);
    buf_text(&body, ",\"from\":");
    json_quote(&body, from);
    buf_text(&body, ",\"to\":");
    json_quote(&body, cluster->state);
    buf_format(&body, ",\"document\":\"%s\"}", hash_hex(hex, &cluster->document));
    if ((rc = cluster_write(store, cluster, err)) < 0)
        return rc;
    return audit_add(store, "cluster", buf_view(&body), err);
}

int store_clusters(struct store *store, struct buf *out, struct err *err)
{
    uint32_t count = 0;
    CLEANUP(buf_done) struct buf rows = { 0 };
    CLEANUP(resetp)
    sqlite3_stmt *row =
        bind(store, err, "SELECT id, signature, state, document FROM cluster ORDER BY id", "");
    if (!row)
        return err ? -err->code : -ERR_SYS;
    while (sqlite3_step(row) == SQLITE_ROW) {
        struct digest document = column_digest(row, 3);
        for (int i = 0; i < 3; i++)
            pack_text(&rows, column_text(row, i));
        pack_digest(&rows, &document);
        count++;
    }
    pack_u32(out, count);
    buf_str(out, buf_view(&rows));
    return 0;
}
