/* store_decide - candidates and admissions. See store.h.
 *
 * The audit record of a row holds its whole body, so that a row that somebody changed in the file
 * is seen. What a stage may follow is the driver's table; what the broker holds to is that nobody
 * moves a row that is not where he thinks it is, and that admissions are one chain. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "broker/db.h"
#include "broker/store.h"

#include <string.h>

/* --- candidates */

static bool made_of(struct str text, const char *set, size_t size_min, size_t size_max)
{
    bool good = text.size >= size_min && text.size <= size_max;
    for (size_t i = 0; good && i < text.size; i++)
        good = text.at[i] && strchr(set, text.at[i]);
    return good;
}

static int check_move(const struct journal_move *move, struct err *err)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz_";
    CLEANUP(arena_done) struct arena arena = { 0 };
    if (db_check_id(move->id, err) < 0)
        return -err->code;
    if (!made_of(move->from, word, 0, JOURNAL_WORD_MAX) ||
        !made_of(move->to, word, 1, JOURNAL_WORD_MAX))
        return err_set(err, ERR_INPUT, "a candidate's state is a word of small letters");
    return db_object(&arena, move->body, JOURNAL_BODY_MAX, "candidate", err) ? 0 : -err->code;
}

static int candidate_state(struct store *store, struct str id, struct buf *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err, "SELECT state FROM candidate WHERE id = ?", "t", id);
    if (!row)
        return -err->code;
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        buf_str(ret, db_text(row, 0));
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : db_fail(store, err, "read a candidate");
}

static int candidate_write(struct store *store, const struct journal_move *move, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *set = db_bind(store, err,
        "INSERT INTO candidate(id, state, body) VALUES(?1, ?2, ?3)"
        " ON CONFLICT(id) DO UPDATE SET state = ?2, body = ?3",
        "ttt", move->id, move->to, move->body);
    return db_done(store, set, err, "write the candidate");
}

int store_move_candidate(struct store *store, const struct journal_move *move, struct err *err)
{
    CLEANUP(buf_done) struct buf now = { 0 }, record = { 0 };
    int rc = check_move(move, err);
    if (rc < 0 || (rc = candidate_state(store, move->id, &now, err)) < 0)
        return rc;
    if (!str_equal(buf_view(&now), move->from))
        return err_set(err, ERR_STATE, "candidate %.*s is \"%s\", not \"%.*s\"", (int)move->id.size,
            move->id.at, now.at ? now.at : "", (int)move->from.size,
            move->from.at ? move->from.at : "");
    if ((rc = candidate_write(store, move, err)) < 0)
        return rc;
    buf_format(&record,
        "{\"candidate\":\"%.*s\",\"from\":\"%s\",\"to\":\"%.*s\",\"body\":", (int)move->id.size,
        move->id.at, now.at ? now.at : "", (int)move->to.size, move->to.at);
    buf_str(&record, move->body);
    buf_char(&record, '}');
    return db_audit(store, "candidate", buf_view(&record), err);
}

int store_candidates(struct store *store, uint64_t from, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT number, id, state, body FROM candidate WHERE number >= ? ORDER BY number", "i",
        (int64_t)from);
    while (row && db_next(&page, row)) {
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 0));
        for (int i = 1; i < 4; i++)
            pack_text(&page.rows, db_text(row, i));
    }
    return row ? db_page_end(store, &page, out, "list candidates", err) : -err->code;
}

int store_waiting(struct store *store, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, "SELECT count(*) FROM candidate WHERE state = 'in_review'", "");
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return db_fail(store, err, "count candidates");
    return sqlite3_column_int(row, 0);
}

/* --- mandates */

int store_mandate_ended(
    struct store *store, const struct digest *mandate, uint64_t *ret_ms, struct err *err)
{
    char hex[DIGEST_HEX];
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT coalesce(min(at_ms), 0) FROM document WHERE kind = 'mandate-end'"
        " AND json_extract(body, '$.mandate') = ?",
        "t", str_of(hash_hex(hex, mandate)));
    if (!row)
        return -err->code;
    if (sqlite3_step(row) != SQLITE_ROW)
        return db_fail(store, err, "look whether a mandate was ended");
    *ret_ms = (uint64_t)sqlite3_column_int64(row, 0);
    return 0;
}

/* The driver has looked; a person may have ended it since. */
static int check_not_ended(
    struct store *store, const struct json *root, struct arena *arena, struct err *err)
{
    struct digest mandate;
    uint64_t ended_ms = 0;
    if (!json_get(root, "mandate"))
        return 0;
    int rc = hash_unhex(&mandate, json_string(arena, json_get(root, "mandate")), err);
    if (rc == 0)
        rc = store_mandate_ended(store, &mandate, &ended_ms, err);
    return rc < 0 || ended_ms == 0 ? rc : err_set(err, ERR_DENIED, "the mandate was revoked");
}

/* --- admissions */

/* What the next admission has to follow. */
struct last {
    uint64_t next;
    struct digest digest;
};

static int last_admission(struct store *store, struct last *ret, struct err *err)
{
    struct last last = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(
        store, err, "SELECT number, digest FROM admission ORDER BY number DESC LIMIT 1", "");
    if (!row)
        return -err->code;
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        last.next = (uint64_t)sqlite3_column_int64(row, 0) + 1;
        last.digest = db_digest(row, 1);
    } else if (code != SQLITE_DONE) {
        return db_fail(store, err, "read the last admission");
    }
    *ret = last;
    return 0;
}

enum kind { KIND_INIT, KIND_PROMOTION, KIND_ROLLBACK, KINDS };
static const char *const kind_words[KINDS] = { "init", "promotion", "rollback" };

static int kind_of(const struct json *kind)
{
    for (int i = 0; i < KINDS; i++)
        if (json_is(kind, JSON_STRING) && !kind->escaped &&
            str_equal((struct str){ kind->raw.at + 1, kind->raw.size - 2 }, str_of(kind_words[i])))
            return i;
    return -1;
}

static int check_follows(struct store *store, const struct last *last, const struct json *root,
    int kind, struct arena *arena, struct err *err)
{
    char hex[DIGEST_HEX];
    const struct json *before = json_get(root, "before");
    if (!str_equal(json_string(arena, json_get(root, "home")), str_of(store->home_id)))
        return err_set(err, ERR_DENIED, "the admission is for another home");
    if (json_int(json_get(root, "number"), -1) != (int64_t)last->next)
        return err_set(
            err, ERR_STATE, "the next admission has number %llu", (unsigned long long)last->next);
    if ((last->next == 0) != (kind == KIND_INIT))
        return err_set(err, ERR_STATE, "the first admission, and no other, is of kind init");
    if (last->next == 0
            ? !json_is(before, JSON_NULL)
            : !str_equal(json_string(arena, before), str_of(hash_hex(hex, &last->digest))))
        return err_set(err, ERR_STATE, "admission %llu does not name the one before it",
            (unsigned long long)last->next);
    return 0;
}

static int check_admission(
    struct store *store, const struct last *last, struct str body, struct err *err)
{
    static const char hex[] = "0123456789abcdef";
    enum { SHA1_DIGITS = 40, SHA256_DIGITS = 64 };
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *root = db_object(&arena, body, JOURNAL_BODY_MAX, "admission", err);
    if (!root)
        return -err->code;
    struct str commit = json_string(&arena, json_get(root, "commit"));
    int kind = kind_of(json_get(root, "kind"));
    if (kind < 0 || !made_of(commit, hex, SHA1_DIGITS, SHA256_DIGITS))
        return err_set(err, ERR_INPUT, "an admission has a kind that is known, and a commit");
    int rc = check_follows(store, last, root, kind, &arena, err);
    if (rc == 0)
        rc = check_not_ended(store, root, &arena, err);
    if (rc < 0 || kind == KIND_ROLLBACK || (rc = store_frozen(store, err)) <= 0)
        return rc;
    err_set(err, ERR_DENIED, "the home is frozen: nothing is promoted");
    return err_hint(err, "a person lifts it: moult thaw");
}

int store_admit(struct store *store, struct str body, struct buf *out, struct err *err)
{
    CLEANUP(buf_done) struct buf record = { 0 };
    char hex[DIGEST_HEX];
    struct last last;
    int rc = last_admission(store, &last, err);
    if (rc < 0 || (rc = check_admission(store, &last, body, err)) < 0)
        return rc;
    struct digest digest = hash_of(body);
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO admission VALUES(?, ?, ?, ?)", "iidt",
        (int64_t)last.next, (int64_t)clock_wall_ms(), &digest, body);
    if ((rc = db_done(store, add, err, "write the admission")) < 0)
        return rc;
    buf_format(&record,
        "{\"admission\":%llu,\"digest\":\"%s\",\"body\":", (unsigned long long)last.next,
        hash_hex(hex, &digest));
    buf_str(&record, body);
    buf_char(&record, '}');
    if ((rc = db_audit(store, "admission", buf_view(&record), err)) == 0)
        pack_digest(out, &digest);
    return rc;
}

int store_admissions(struct store *store, uint64_t from, struct buf *out, struct err *err)
{
    struct db_page page = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT number, at_ms, digest, body FROM admission WHERE number >= ? ORDER BY number", "i",
        (int64_t)from);
    while (row && db_next(&page, row)) {
        struct digest digest = db_digest(row, 2);
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 0));
        pack_u64(&page.rows, (uint64_t)sqlite3_column_int64(row, 1));
        pack_digest(&page.rows, &digest);
        pack_text(&page.rows, db_text(row, 3));
    }
    return row ? db_page_end(store, &page, out, "list admissions", err) : -err->code;
}
