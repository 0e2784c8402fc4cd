/* store - sessions, documents and clusters. See store.h. */
#include "broker/store.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "broker/db.h"
#include "broker/permit.h"

#include <string.h>

enum { PREFIX_MIN = 6, PREFIX_MAX = 64 };
enum { SEEN_AT = 11 }; /* DB_SEEN_COLUMNS among those of a session */

/* --- sessions */

static int add_message(struct store *store, int64_t session, uint32_t seq,
    const struct journal_message *message, const struct digest *digest, struct err *err)
{
    struct db_bytes bytes;
    int rc = db_hashed_bytes(store, message->bytes, digest, &bytes, err);
    if (rc < 0)
        return rc;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO message(session, seq, turn, standing, failed, blob, bytes)"
        " VALUES(?, ?, ?, ?, ?, ?, ?)",
        "iiitine", session, (int64_t)seq, (int64_t)message->turn,
        str_of(journal_standing_words[message->standing]), (int64_t)message->failed, bytes.blob,
        bytes.in_row);
    return db_done(store, add, err, "write a message");
}

static int known(struct store *store, const struct digest *id, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *find =
        db_bind(store, err, "SELECT 1 FROM session WHERE id = ? AND origin <> 'live'", "d", id);
    if (!find)
        return err ? -err->code : -ERR_SYS;
    return sqlite3_step(find) == SQLITE_ROW;
}

int store_add(struct store *store, const struct journal_session *session, struct err *err)
{
    CLEANUP(mem_freep)
    struct digest *digests = mem_alloc((session->messages_count + 1) * sizeof *digests);
    struct digest id = journal_session_digests(session, digests);
    if (str_equal(session->origin, STR("live")))
        return err_set(err, ERR_INPUT, "only the service's own sessions have the origin live");
    int rc = known(store, &id, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    int64_t tools = session->tools.size ? db_blob(store, session->tools, err) : 0;
    if (tools < 0)
        return (int)tools;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO session(id, gateway, principal, format, source, origin, grp, tools, offered, "
        "meta,"
        " messages, at_ms) VALUES(?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?)",
        "ditttttiitii", &id, (int64_t)session->gateway, session->principal, session->format,
        session->source, session->origin, session->group, tools, (int64_t)session->offered,
        session->meta, (int64_t)session->messages_count, (int64_t)clock_wall_ms());
    if ((rc = db_done(store, add, err, "write a session")) < 0)
        return rc;
    int64_t number = sqlite3_last_insert_rowid(store->db);
    for (uint32_t i = 0; i < session->messages_count; i++)
        if ((rc = add_message(store, number, i, &session->messages[i], &digests[i], err)) < 0)
            return rc;
    return 1;
}

/* The rows of a session's last turn are its newest; a result has no number and stands behind its
 * effect. */
#define OF_LAST(table)                                                                             \
    "coalesce((SELECT max(x.number) FROM " table " x WHERE x.turn = z.number), 0)"
#define NEWEST_ROW                                                                                 \
    " coalesce((SELECT max(z.number, " OF_LAST("effect") ", " OF_LAST("event") ", " OF_LAST(       \
        "turn_end") ") FROM turn z WHERE z.session = s.number"                                     \
                    " ORDER BY z.ordinal DESC LIMIT 1), 0)"
#define SESSION_COLUMNS                                                                            \
    "SELECT s.number, s.id, s.gateway, s.principal, s.format, s.source, s.origin," DB_GROUP        \
    ", b.bytes,"                                                                                   \
    " s.offered, s.meta," DB_SEEN_COLUMNS ", a.session IS NOT NULL,"                               \
    " CASE WHEN l.session IS NULL THEN s.messages ELSE"                                            \
    " coalesce((SELECT max(seq) + 1 FROM message WHERE session = s.number), 0) END,"               \
    " s.at_ms, l.session IS NOT NULL, coalesce(l.name, ''),"                                       \
    " (SELECT count(*) FROM turn t WHERE t.session = s.number),"                                   \
    " (SELECT count(*) FROM flag f WHERE f.session = s.number)," NEWEST_ROW                        \
    " FROM session s LEFT JOIN blob b ON b.number = s.tools"                                       \
    " LEFT JOIN live l ON l.session = s.number" DB_SEEN_JOINS " "

static void session_of(struct journal_session *ret, sqlite3_stmt *row)
{
    *ret = (struct journal_session){
        .number = (uint64_t)sqlite3_column_int64(row, 0),
        .id = db_digest(row, 1),
        .gateway = sqlite3_column_int(row, 2),
        .principal = db_text(row, 3),
        .format = db_text(row, 4),
        .source = db_text(row, 5),
        .origin = db_text(row, 6),
        .group = db_text(row, 7),
        .tools = db_text(row, 8),
        .offered = sqlite3_column_int(row, 9),
        .meta = db_text(row, 10),
        .split = (uint8_t)sqlite3_column_int(row, SEEN_AT),
        .shard = (uint32_t)sqlite3_column_int64(row, SEEN_AT + 1),
        .aside = sqlite3_column_int(row, SEEN_AT + 3),
        .messages_count = (uint32_t)sqlite3_column_int64(row, 15),
        .at_ms = (uint64_t)sqlite3_column_int64(row, 16),
        .live = sqlite3_column_int(row, 17),
        .name = db_text(row, 18),
        .turns = (uint32_t)sqlite3_column_int64(row, 19),
        .flags = (uint32_t)sqlite3_column_int64(row, 20),
        .last = (uint64_t)sqlite3_column_int64(row, 21),
    };
    if (ret->shard)
        ret->meta = (struct str){ 0 }; /* a box: store_read gives it to who may open it */
}

int store_list(
    struct store *store, enum journal_role role, uint64_t after, struct buf *out, struct err *err)
{
    uint32_t count = 0;
    CLEANUP(buf_done) struct buf rows = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(
        store, err, SESSION_COLUMNS "WHERE s.number > ? ORDER BY s.number", "i", (int64_t)after);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    int rc = SQLITE_DONE;
    while (count < JOURNAL_PAGE && rows.size < JOURNAL_FRAME_MAX / 4 &&
           (rc = sqlite3_step(row)) == SQLITE_ROW) {
        struct journal_session session;
        session_of(&session, row);
        if (!permit_sees(role, db_seen(row, SEEN_AT)))
            continue;
        journal_pack_session(&rows, &session);
        count++;
    }
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        return db_fail(store, err, "list sessions");
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

static struct str kept(struct arena *arena, struct str bytes)
{
    return (struct str){ arena_copy(arena, bytes.size ? bytes.at : "", bytes.size), bytes.size };
}

/* A reply that a build changed: what the model itself had said. */
#define MESSAGE_COLUMNS                                                                            \
    "SELECT m.turn, m.standing, m.failed, coalesce(m.bytes, b.bytes), coalesce(m.origin, 0),"      \
    " CASE WHEN m.origin = 2 AND e.kind = 1"                                                       \
    " AND coalesce(r.bytes, o.bytes) <> coalesce(m.bytes, b.bytes)"                                \
    " THEN coalesce(r.bytes, o.bytes) END"                                                         \
    " FROM message m LEFT JOIN blob b ON b.number = m.blob"                                        \
    " LEFT JOIN effect e ON e.number = m.effect LEFT JOIN result r ON r.effect = e.number"         \
    " LEFT JOIN blob o ON o.number = r.blob WHERE m.session = ? ORDER BY m.seq"

static int read_messages(
    struct store *store, struct journal_session *session, struct arena *arena, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err, MESSAGE_COLUMNS, "i", (int64_t)session->number);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    session->messages =
        arena_alloc(arena, (session->messages_count + 1) * sizeof *session->messages);
    uint32_t count = 0;
    while (count < session->messages_count && sqlite3_step(row) == SQLITE_ROW)
        session->messages[count++] = (struct journal_message){
            .turn = (uint32_t)sqlite3_column_int64(row, 0),
            .standing = (uint8_t)standing_of(db_text(row, 1)),
            .failed = sqlite3_column_int(row, 2),
            .bytes = kept(arena, db_text(row, 3)),
            .origin = (uint8_t)sqlite3_column_int(row, 4),
            .own = kept(arena, db_text(row, 5)),
        };
    if (count != session->messages_count)
        return err_set(err, ERR_VERIFY, "session %llu has lost messages: %u of %u are there",
            (unsigned long long)session->number, count, session->messages_count);
    return 0;
}

int store_read(
    struct store *store, enum journal_role role, uint64_t number, struct buf *out, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, SESSION_COLUMNS "WHERE s.number = ?", "i", (int64_t)number);
    struct journal_session session;
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no session %llu", (unsigned long long)number);
    session_of(&session, row);
    int rc = permit_reading(role, db_seen(row, SEEN_AT), err);
    if (rc < 0)
        return rc;
    if (session.shard)
        session.meta = kept(&arena, db_text(row, 10));
    rc = read_messages(store, &session, &arena, err);
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
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT s.number," DB_SEEN_COLUMNS " FROM session s" DB_SEEN_JOINS
        " WHERE lower(hex(s.id)) GLOB ? LIMIT 2",
        "t", str_of(pattern));
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW || !permit_finds(role, db_seen(row, 1)))
        return err_set(err, ERR_MISSING, "no session %s", pattern);
    uint64_t number = (uint64_t)sqlite3_column_int64(row, 0);
    if (sqlite3_step(row) == SQLITE_ROW)
        return err_set(
            err, ERR_STATE, "several sessions begin with %.*s", (int)prefix.size, prefix.at);
    pack_u64(out, number);
    return 0;
}

/* --- documents, clusters */

/* Kinds of documents that are decisions by themselves: no row names them yet when they come. */
static const char *decision_word(struct str kind)
{
    static const char *const words[] = { "mandate", "mandate-end", "waiver", "comparison",
        "comparison-bet", "case-added", "retired", "attempt", "attempt-end" };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_equal(kind, str_of(words[i])))
            return words[i];
    return NULL;
}

static bool is_decision(struct str kind)
{
    return decision_word(kind) != NULL;
}

static int audit_document(struct store *store, struct str kind, const struct digest *digest,
    struct str text, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf record = { 0 };
    char hex[DIGEST_HEX];
    if (!db_object(&arena, text, JOURNAL_ENVELOPE_MAX, "decision", err))
        return -err->code;
    buf_format(&record, "{\"digest\":\"%s\",\"body\":", hash_hex(hex, digest));
    buf_str(&record, text);
    buf_char(&record, '}');
    return db_audit(store, decision_word(kind), buf_view(&record), err);
}

int store_documents(
    struct store *store, struct str kind, uint64_t from, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    if (!is_decision(kind))
        return err_set(err, ERR_DENIED, "documents of that kind are not listed");
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT digest, at_ms, body FROM document WHERE kind = ? ORDER BY at_ms, digest"
        " LIMIT -1 OFFSET ?",
        "ti", kind, (int64_t)from);
    while (row && db_next(&page, row)) {
        struct digest digest = db_digest(row, 0);
        pack_digest(&page.rows, &digest);
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 1));
        pack_text(&page.rows, db_text(row, 2));
    }
    return row ? db_page_end(store, &page, out, "list documents", err) : -err->code;
}

int store_put(
    struct store *store, struct str kind, struct str text, struct buf *out, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    if (!json_read(&arena, text, NULL, err))
        return err_while(err, "document");
    struct digest digest = hash_of(text);
    CLEANUP(db_resetp)
    sqlite3_stmt *add =
        db_bind(store, err, "INSERT INTO document VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
            "dtti", &digest, kind, text, (int64_t)clock_wall_ms());
    int rc = db_done(store, add, err, "write the document");
    if (rc == 0 && is_decision(kind) && sqlite3_changes(store->db) > 0)
        rc = audit_document(store, kind, &digest, text, err);
    if (rc == 0)
        pack_digest(out, &digest);
    return rc;
}

int store_get(struct store *store, struct str kind, const struct digest *digest, struct buf *out,
    struct err *err)
{
    char hex[DIGEST_HEX];
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(
        store, err, "SELECT body FROM document WHERE kind = ? AND digest = ?", "td", kind, digest);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW)
        return err_set(err, ERR_MISSING, "no document %.*s %.12s", (int)kind.size, kind.at,
            hash_hex(hex, digest));
    pack_text(out, db_text(row, 0));
    return 0;
}

static int cluster_write(
    struct store *store, const struct journal_cluster *cluster, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *set = db_bind(store, err,
        "INSERT INTO cluster VALUES(?1, ?2, ?3, ?4) ON CONFLICT(id) DO UPDATE"
        " SET signature = ?2, state = ?3, document = ?4",
        "tttd", cluster->id, cluster->signature, cluster->state, &cluster->document);
    return db_done(store, set, err, "write the cluster");
}

static int cluster_state(struct store *store, struct str id, struct buf *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err, "SELECT state FROM cluster WHERE id = ?", "t", id);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) == SQLITE_ROW)
        buf_str(ret, db_text(row, 0));
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
    return db_audit(store, "cluster", buf_view(&body), err);
}

int store_clusters(struct store *store, struct buf *out, struct err *err)
{
    uint32_t count = 0;
    CLEANUP(buf_done) struct buf rows = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, "SELECT id, signature, state, document FROM cluster ORDER BY id", "");
    if (!row)
        return err ? -err->code : -ERR_SYS;
    while (sqlite3_step(row) == SQLITE_ROW) {
        struct digest document = db_digest(row, 3);
        for (int i = 0; i < 3; i++)
            pack_text(&rows, db_text(row, i));
        pack_digest(&rows, &document);
        count++;
    }
    pack_u32(out, count);
    buf_str(out, buf_view(&rows));
    return 0;
}
