/* db - see db.h. */
#include "broker/db.h"

#include "base/fd.h"
#include "base/mem.h"
#include "broker/gather.h"
#include "broker/schema.h"
#include "broker/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUSY_MS = 5000,
    NUMBERS = 1 << 20, /* reserved at once */
    CHECKPOINT_PAGES = 4096,
    IN_ROW_MAX = 512 /* with it the row of a message still fits into a page of its tree */
};

#define SPACE_HINT "free some space; what was acknowledged is kept"
#define DISK_HINT "look at the disk that holds journal.db, then do it again"

/* SQLite tries again without making a file, and the reason why it could not make one is lost:
 * whoever tries once more is told. 0: there is room for a file now. */
static int no_new_file(struct store *store)
{
    const char *name = sqlite3_db_filename(store->db, "main");
    CLEANUP(mem_freep) char *path = mem_format("%s-try", name ? name : "");
    CLEANUP(fd_closep) int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : 0;
    if (fd >= 0)
        unlink(path);
    return error;
}

int db_fail(struct store *store, struct err *err, const char *what)
{
    int code = sqlite3_errcode(store->db) & 0xff;
    const char *text = sqlite3_errmsg(store->db);
    int error = code == SQLITE_CANTOPEN ? no_new_file(store) : 0;
    if (error != 0 && error != ENOSPC) {
        errno = error;
        err_sys(err, "journal: %s: %s", what, text);
        return err_hint(err, DISK_HINT);
    }
    if (code == SQLITE_FULL || error == ENOSPC || sqlite3_system_errno(store->db) == ENOSPC) {
        errno = ENOSPC;
        err_sys(err, "journal: %s", what);
        return err_hint(err, SPACE_HINT);
    }
    if (code == SQLITE_IOERR) { /* whichever call it was, and whatever it was for */
        err_set(err, ERR_SYS, "journal: %s: %s", what, text);
        return err_hint(err, DISK_HINT);
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
                                                                       : db_fail(store, err, "SQL");
}

void db_resetp(sqlite3_stmt **statement)
{
    if (!*statement)
        return;
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
}

/* The slot that has it, or the free one where it belongs. */
static struct prepared *slot_of(struct store *store, const char *sql)
{
    uint64_t at = hash_fast(&sql, sizeof sql, 0);
    while (
        store->prepared[at % STATEMENTS_MAX].sql && store->prepared[at % STATEMENTS_MAX].sql != sql)
        at++;
    return &store->prepared[at % STATEMENTS_MAX];
}

static sqlite3_stmt *prepare_once(struct store *store, const char *sql, struct err *err)
{
    struct prepared *slot = slot_of(store, sql);
    if (slot->sql)
        return slot->statement;
    if (store->prepared_count == STATEMENTS_MAX / 2) {
        err_set(err, ERR_DEFECT, "more statements than the journal keeps");
        return NULL;
    }
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->statement, NULL) !=
        SQLITE_OK) {
        db_fail(store, err, "prepare");
        return NULL;
    }
    slot->sql = sql;
    store->prepared_count++;
    return slot->statement;
}

static void bind_int(sqlite3_stmt *statement, int at, int64_t value, bool null)
{
    if (null)
        sqlite3_bind_null(statement, at);
    else
        sqlite3_bind_int64(statement, at, value);
}

static void bind_bytes(sqlite3_stmt *statement, int at, struct str bytes, char type)
{
    if (type == 't')
        sqlite3_bind_text64(
            statement, at, bytes.at ? bytes.at : "", bytes.size, SQLITE_STATIC, SQLITE_UTF8);
    else if (type == 'e' && bytes.size == 0)
        sqlite3_bind_null(statement, at);
    else
        sqlite3_bind_blob64(statement, at, bytes.at ? bytes.at : "", bytes.size, SQLITE_STATIC);
}

sqlite3_stmt *db_bind(struct store *store, struct err *err, const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement = prepare_once(store, sql, err);
    if (!statement)
        return NULL;
    va_list args;
    va_start(args, types);
    for (int i = 1; *types; types++, i++) {
        if (*types == 'i' || *types == 'n') {
            int64_t value = va_arg(args, int64_t);
            bind_int(statement, i, value, *types == 'n' && value == 0);
        } else if (*types == 'd' || *types == 'z') {
            const struct digest *digest = va_arg(args, const struct digest *);
            bool none = *types == 'z' && hash_zero(digest);
            bind_bytes(statement, i,
                (struct str){ (const char *)digest->at, none ? 0 : sizeof digest->at }, 'b');
        } else {
            bind_bytes(statement, i, va_arg(args, struct str), *types);
        }
    }
    va_end(args);
    return statement;
}

struct str db_text(sqlite3_stmt *statement, int column)
{
    const char *at = sqlite3_column_blob(statement, column);
    return (struct str){ at, (size_t)sqlite3_column_bytes(statement, column) };
}

struct digest db_digest(sqlite3_stmt *statement, int column)
{
    struct digest digest = { { 0 } };
    struct str bytes = db_text(statement, column);
    if (bytes.size == sizeof digest.at)
        memcpy(digest.at, bytes.at, sizeof digest.at);
    return digest;
}

/* A statement without rows. */
int db_done(struct store *store, sqlite3_stmt *statement, struct err *err, const char *what)
{
    if (!statement)
        return err ? -err->code : -ERR_SYS;
    return sqlite3_step(statement) == SQLITE_DONE ? 0 : db_fail(store, err, what);
}

static int64_t put_blob(
    struct store *store, struct str bytes, const struct digest *digest, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO blob(digest, bytes) VALUES(?, ?) ON CONFLICT DO NOTHING", "db", digest, bytes);
    int rc = db_done(store, add, err, "write bytes");
    if (rc < 0)
        return rc;
    if (sqlite3_changes(store->db) > 0)
        return sqlite3_last_insert_rowid(store->db);
    CLEANUP(db_resetp)
    sqlite3_stmt *found =
        db_bind(store, err, "SELECT number FROM blob WHERE digest = ?", "d", digest);
    if (!found || sqlite3_step(found) != SQLITE_ROW)
        return found ? db_fail(store, err, "find bytes") : -ERR_SYS;
    return sqlite3_column_int64(found, 0);
}

int64_t db_blob(struct store *store, struct str bytes, struct err *err)
{
    struct digest digest = hash_of(bytes);
    return put_blob(store, bytes, &digest, err);
}

static bool in_row(struct str bytes)
{
    return bytes.size > 0 && bytes.size <= IN_ROW_MAX;
}

int db_hashed_bytes(struct store *store, struct str bytes, const struct digest *digest,
    struct db_bytes *ret, struct err *err)
{
    bool small = in_row(bytes);
    int64_t blob = small ? 0 : put_blob(store, bytes, digest, err);
    if (blob < 0)
        return (int)blob;
    *ret = small ? (struct db_bytes){ 0, bytes } : (struct db_bytes){ blob, { 0 } };
    return 0;
}

int db_bytes(struct store *store, struct str bytes, struct db_bytes *ret, struct err *err)
{
    struct digest digest = { { 0 } };
    if (!in_row(bytes))
        digest = hash_of(bytes);
    return db_hashed_bytes(store, bytes, &digest, ret, err);
}

struct permit_seen db_seen(sqlite3_stmt *row, int column)
{
    return (struct permit_seen){ .split = (uint8_t)sqlite3_column_int(row, column),
        .sealed = sqlite3_column_int64(row, column + 1) != 0,
        .open = sqlite3_column_int(row, column + 2) };
}

int db_check_id(struct str id, struct err *err)
{
    bool good = id.size >= JOURNAL_ID_MIN && id.size <= JOURNAL_ID_MAX;
    for (size_t i = 0; good && i < id.size; i++)
        good = id.at[i] && strchr("0123456789abcdef", id.at[i]);
    return good ? 0
                : err_set(err, ERR_INPUT, "a candidate's id has %d to %d hex digits",
                      JOURNAL_ID_MIN, JOURNAL_ID_MAX);
}

const struct json *db_object(
    struct arena *arena, struct str text, size_t size_max, const char *what, struct err *err)
{
    enum { DEPTH_MAX = 64 };
    const struct json_limits limits = { .size_max = size_max, .depth_max = DEPTH_MAX };
    const struct json *root = json_read(arena, text, &limits, err);
    if (!root)
        err_while(err, "%s", what);
    else if (!json_is(root, JSON_OBJECT) || root->raw.size != text.size)
        err_set(err, ERR_INPUT, "%s: wants one JSON object with nothing around it", what);
    else
        return root;
    return NULL;
}

bool db_next(struct db_page *page, sqlite3_stmt *row)
{
    page->code = SQLITE_ROW;
    if (page->count == JOURNAL_PAGE || page->rows.size > JOURNAL_FRAME_MAX / 4)
        return false;
    page->code = sqlite3_step(row);
    page->count += page->code == SQLITE_ROW;
    return page->code == SQLITE_ROW;
}

int db_page_end(
    struct store *store, struct db_page *page, struct buf *out, const char *what, struct err *err)
{
    bool good = page->code == SQLITE_ROW || page->code == SQLITE_DONE;
    if (good) {
        pack_u32(out, page->count);
        buf_str(out, buf_view(&page->rows));
    }
    buf_done(&page->rows);
    return good ? 0 : db_fail(store, err, what);
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

/* From the version that the file has to the one that this moult knows, at once or not at all. */
static int grow(struct store *store, unsigned version, struct err *err)
{
    CLEANUP(buf_done) struct buf sql = { 0 };
    buf_text(&sql, "BEGIN IMMEDIATE;");
    schema_print(&sql, version, SCHEMA_VERSION);
    if (version == 0)
        buf_format(&sql, "INSERT INTO home VALUES(1, '%s');", store->home_id);
    buf_text(&sql, "COMMIT");
    int rc = run(store, sql.at, err);
    if (rc < 0)
        store_rollback(store);
    return rc;
}

static int check_home(struct store *store, struct err *err)
{
    CLEANUP(db_resetp) sqlite3_stmt *statement = db_bind(store, err, "SELECT id FROM home", "");
    if (!statement)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(statement) != SQLITE_ROW ||
        !str_equal(db_text(statement, 0), str_of(store->home_id)))
        return err_set(err, ERR_VERIFY, "journal.db belongs to another home");
    return 0;
}

/* Where the count of live rows goes on: behind all that was ever reserved. */
static int find_last(struct store *store, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err, "SELECT max(number) FROM reserved", "");
    if (!row)
        return err ? -err->code : -ERR_SYS;
    if (sqlite3_step(row) != SQLITE_ROW)
        return db_fail(store, err, "look for the last number");
    store->last = store->reserved = sqlite3_column_int64(row, 0);
    return 0;
}

/* The log is copied into the file every 16 MiB, behind the commit that fills it. A failure is no
 * commit's: the next one tries again. */
static int on_log(void *with, sqlite3 *db, const char *name, int pages)
{
    (void)with;
    if (pages < CHECKPOINT_PAGES)
        return SQLITE_OK;
    gather_defer(db, false);
    sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

static int prepare(struct store *store, struct err *err)
{
    /* Somebody who looks into the file with sqlite3 may hold it for a moment. */
    sqlite3_busy_timeout(store->db, BUSY_MS);
    /* A plan that a bound value could better is made anew with every value: a partial index and a
     * parameter are enough, and then preparing costs more than all else here together. */
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    int rc = run(store,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        /* Only two indexes touch pages everywhere. */
        "PRAGMA cache_size = -2048;",
        err);
    sqlite3_wal_hook(store->db, on_log, store);
    if (rc < 0)
        return rc;
    int64_t version = pragma(store, "PRAGMA user_version");
    if (version == 0 && pragma(store, "SELECT count(*) FROM sqlite_schema") == 0)
        return grow(store, 0, err);
    if (version < 1 || version > SCHEMA_VERSION) {
        err_set(err, ERR_INPUT, "journal.db has schema version %lld, this moult knows %d",
            (long long)version, SCHEMA_VERSION);
        return err_hint(err, "use the moult that wrote it, or restore a backup");
    }
    if ((rc = check_home(store, err)) < 0 || version == SCHEMA_VERSION)
        return rc;
    return grow(store, (unsigned)version, err);
}

/* One thread has all of it, so no lock around each allocation and no count of them. It counts for
 * the first store of a process; later it is refused, and nothing is lost. */
static void plain_memory(void)
{
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_open(struct store **ret, const char *path, const char *home_id, struct err *err)
{
    plain_memory();
    struct store *store = mem_zero(1, sizeof *store);
    struct err own;
    err = err ? err : &own;
    snprintf(store->home_id, sizeof store->home_id, "%s", home_id);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &store->db, flags, gather_vfs()) == SQLITE_OK
                 ? prepare(store, err)
                 : db_fail(store, err, "open");
    if (rc == 0)
        rc = find_last(store, err);
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
    for (unsigned i = 0; i < STATEMENTS_MAX; i++)
        sqlite3_finalize(store->prepared[i].statement);
    sqlite3_close(store->db);
    free(store);
}

/* --- numbers */

/* A restart leaves them alone: they may be in use. It counts once it is committed, and a failure is
 * the commit's. */
static void reserve(struct store *store)
{
    int64_t block = store->last + NUMBERS;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, NULL, "INSERT INTO reserved VALUES(?)", "i", block);
    store->reserving = db_done(store, add, NULL, "reserve numbers") < 0 ? 0 : block;
}

int64_t db_number(struct store *store)
{
    if (store->last >= (store->reserving ? store->reserving : store->reserved))
        reserve(store);
    store->issued = ++store->last;
    return store->last;
}

/* --- transactions */

/* Thousands of times a second: prepared like any other statement. */
static int step(struct store *store, const char *sql, struct err *err)
{
    CLEANUP(db_resetp) sqlite3_stmt *row = db_bind(store, err, sql, "");
    return db_done(store, row, err, sql);
}

int store_begin(struct store *store, struct err *err)
{
    store->reserving = store->issued = 0;
    return step(store, "BEGIN IMMEDIATE", err);
}

bool store_writing(const struct store *store)
{
    return !sqlite3_get_autocommit(store->db);
}

void store_rollback(struct store *store)
{
    if (store_writing(store))
        run(store, "ROLLBACK", NULL);
}

int store_mark(struct store *store, struct err *err)
{
    return run(store, "SAVEPOINT mark", err);
}

void store_undo(struct store *store)
{
    if (!store_writing(store))
        return;
    run(store, "ROLLBACK TO mark; RELEASE mark", NULL);
    if (store->reserving) /* behind the mark, perhaps */
        reserve(store);
}

void store_keep(struct store *store)
{
    if (store_writing(store))
        run(store, "RELEASE mark", NULL);
}

static int commit(struct store *store, bool defer, struct err *err)
{
    bool reserved = store->issued <= store->reserved || store->reserving;
    gather_defer(store->db, defer);
    int rc = reserved ? step(store, "COMMIT", err)
                      : err_set(err, ERR_SYS, "journal: no numbers could be reserved");
    gather_defer(store->db, false);
    if (rc < 0)
        store_rollback(store);
    else if (store->reserving)
        store->reserved = store->reserving;
    return rc;
}

int store_commit(struct store *store, struct err *err)
{
    return commit(store, false, err);
}

int store_commit_unsynced(struct store *store, int *ret_fd, struct err *err)
{
    int rc = commit(store, true, err);
    *ret_fd = rc < 0 ? -1 : gather_owed(store->db);
    return rc;
}

int store_sync(struct store *store, struct err *err)
{
    return gather_sync(store->db) ? 0 : store_sync_failed(errno, err);
}

int store_sync_failed(int error, struct err *err)
{
    errno = error;
    err_sys(err, "sync the journal");
    return err_hint(err, "%s", error == ENOSPC ? SPACE_HINT : DISK_HINT);
}
