/* live - the writing side. See live.h.
 *
 * A request of a gateway is about ten rows, so nothing here reads what it does not need: sessions
 * and turns are known by number, numbers come from a count in memory, and bytes are looked up only
 * when they were there already. */
#include "broker/live.h"

#include "base/clock.h"
#include "base/mem.h"
#include "broker/commit.h"
#include "broker/db.h"

#include <errno.h>
#include <sys/random.h>

static int64_t now(void)
{
    return (int64_t)clock_wall_ms();
}

/* --- sessions */

/* Unlike an imported one it has no content yet that could name it. */
static int make_id(
    struct store *store, const struct live_session *session, struct digest *ret, struct err *err)
{
    char chance[32];
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        return err_sys(err, "an id for the session");
    const struct str parts[] = { str_of(store->home_id), session->principal,
        { chance, sizeof chance } };
    *ret = hash_parts(parts, COUNT_OF(parts));
    return 0;
}

/* A session that names no group is one with itself alone. Only the home's owner may name a group
 * that others are in, imported ones included: another's names are its own. */
static struct str group_of(
    const struct live_session *session, const struct digest *id, struct arena *arena)
{
    char hex[DIGEST_HEX];
    struct str by = session->principal, name = session->group;
    if (name.size == 0)
        return str_of(arena_format(arena, "%s", hash_hex(hex, id)));
    if (by.size == 0 || str_equal(by, STR("local")) || session->grouped)
        return name;
    return str_of(arena_format(arena, "%.*s/%.*s", (int)by.size, by.at, (int)name.size, name.at));
}

static int add_session(struct store *store, const struct live_session *session, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct digest id;
    int rc = make_id(store, session, &id, err);
    int64_t tools = rc == 0 && session->tools.size ? db_blob(store, session->tools, err) : 0;
    if (rc < 0 || tools < 0)
        return rc < 0 ? rc : (int)tools;
    struct str group = group_of(session, &id, &arena);
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO session(id, gateway, principal, format, source, origin, grp, tools, offered, "
        "meta, messages, at_ms) VALUES(?, ?, ?, 'moult', ?, 'live', ?, ?, ?, '{}', 0, ?)",
        "ditttnii", &id, (int64_t)session->gateway, session->principal, session->protocol, group,
        tools, (int64_t)(tools != 0), now());
    return db_done(store, add, err, "write a session");
}

int live_session_new(
    struct store *store, const struct live_session *session, uint64_t *ret_number, struct err *err)
{
    int rc = add_session(store, session, err);
    if (rc < 0)
        return rc;
    int64_t number = sqlite3_last_insert_rowid(store->db);
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO live VALUES(?, ?, ?, ?)", "ittt", number,
        session->principal, session->name, session->protocol);
    rc = db_done(store, add, err, "write a live session");
    if (rc == 0)
        *ret_number = (uint64_t)number;
    return rc;
}

int live_session_named(struct store *store, struct str principal, struct str name,
    uint64_t *ret_number, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT session FROM live WHERE principal = ? AND name = ? AND name <> ''", "tt", principal,
        name);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        *ret_number = (uint64_t)sqlite3_column_int64(row, 0);
    return code == SQLITE_ROW    ? 1
           : code == SQLITE_DONE ? 0
                                 : db_fail(store, err, "look for a session");
}

/* --- messages */

int live_message_add(struct store *store, const struct live_message *message, struct err *err)
{
    struct db_bytes bytes;
    int rc = db_bytes(store, message->bytes, &bytes, err);
    if (rc < 0)
        return rc;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO message VALUES(?1, ?2, coalesce((SELECT ordinal FROM turn WHERE number = ?8),"
        " 0), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, nullif(?11, x''), ?12)",
        "iitineininzi", (int64_t)message->session, (int64_t)message->seq,
        str_of(journal_standing_words[message->standing]), (int64_t)message->failed, bytes.blob,
        bytes.in_row, db_number(store), (int64_t)message->turn, (int64_t)message->origin,
        (int64_t)message->effect, &message->build, now());
    return db_done(store, add, err, "write a message");
}

int live_message_replace(struct store *store, const struct live_message *message, struct err *err)
{
    int64_t blob = db_blob(store, message->bytes, err);
    if (blob < 0)
        return (int)blob;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO replaced VALUES(?, ?, ?, ?, ?, ?, nullif(?, x''), ?, ?)", "iiininzii",
        (int64_t)message->session, (int64_t)message->seq, db_number(store), (int64_t)message->turn,
        (int64_t)message->origin, (int64_t)message->effect, &message->build, blob, now());
    return db_done(store, add, err, "write what a message became");
}

/* --- turns */

int live_turn_new(
    struct store *store, const struct live_turn *turn, uint64_t *ret_number, struct err *err)
{
    int64_t number = db_number(store);
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO turn VALUES(?1, ?2, ?3, ?4,"
        " coalesce((SELECT max(seq) + 1 FROM message WHERE session = ?2), 0), ?5)",
        "iiidi", number, (int64_t)turn->session, (int64_t)turn->ordinal, &turn->generation, now());
    int rc = db_done(store, add, err, "write a turn");
    if (rc == 0)
        *ret_number = (uint64_t)number;
    return rc;
}

int live_turn_end(struct store *store, uint64_t turn, uint8_t how, struct str why, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO turn_end VALUES(?, ?, ?, ?, ?)", "iiiti",
        (int64_t)turn, db_number(store), (int64_t)how, why, now());
    return db_done(store, add, err, "write the end of a turn");
}

/* --- effects */

/* Few leases are taken without a row: a turn has one, and moves TURN_LEASES_MAX times at most. */
uint64_t live_lease_base(const struct store *store)
{
    return ((uint64_t)store->last + 1) << 20;
}

int live_effect_new(
    struct store *store, const struct live_effect *effect, uint64_t *ret_row, struct err *err)
{
    int64_t number = db_number(store);
    CLEANUP(db_resetp)
    sqlite3_stmt *add =
        db_bind(store, err, "INSERT INTO effect VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            "iiiiiiizdiiiti", number, (int64_t)effect->turn, (int64_t)effect->lease,
            (int64_t)effect->number, (int64_t)effect->kind, (int64_t)effect->origin,
            (int64_t)effect->hook, &effect->build, &effect->generation, (int64_t)effect->step,
            (int64_t)effect->index, (int64_t)effect->attempt, effect->body, now());
    int rc = db_done(store, add, err, "write an effect");
    if (rc == 0)
        *ret_row = (uint64_t)number;
    return rc;
}

int live_result_add(
    struct store *store, uint64_t effect, const struct live_result *result, struct err *err)
{
    struct db_bytes bytes = { 0 };
    int rc = result->bytes.size ? db_bytes(store, result->bytes, &bytes, err) : 0;
    if (rc < 0)
        return rc;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO result VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        "iiiineie", (int64_t)effect, (int64_t)result->status, (int64_t)result->error_class,
        (int64_t)result->retry_after_ms, bytes.blob, result->raw, now(), bytes.in_row);
    return db_done(store, add, err, "write a result");
}

int live_delivered(struct store *store, uint64_t effect, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO delivered VALUES(?, ?) ON CONFLICT DO NOTHING", "ii", (int64_t)effect, now());
    return db_done(store, add, err, "write a delivery");
}

/* --- testimony and states */

int live_event(struct store *store, uint64_t turn, const struct digest *generation,
    const struct wire_event *event, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO event VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "iiiiiddti", (int64_t)turn, db_number(store), (int64_t)event->step, (int64_t)event->hook,
        (int64_t)event->action, &event->build, generation, event->why, now());
    return db_done(store, add, err, "write testimony");
}

int live_stale(
    struct store *store, struct commit *commit, const struct wire *message, struct err *err)
{
    CLEANUP(buf_done) struct buf what = { .max = WIRE_TEXT_MAX };
    wire_describe(&what, message);
    int rc = commit_begin(commit, err);
    if (rc < 0)
        return rc;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO stale VALUES(?, ?, ?, ?)", "iiti",
        db_number(store), (int64_t)message->close.lease, buf_view(&what), now());
    return db_done(store, add, err, "write what came late");
}

int live_state(struct store *store, uint64_t session, uint64_t turn, const struct wire_state *state,
    const struct digest *generation, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err, "INSERT INTO state VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        "iiitibdi", (int64_t)session, db_number(store), (int64_t)turn, state->plugin,
        (int64_t)state->schema, state->bytes, generation, now());
    return db_done(store, add, err, "write a plugin's state");
}

/* --- where conversations stand */

int live_head_put(struct store *store, const struct live_head *head, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(store, err,
        "INSERT INTO head(key, principal, session, messages, client_messages, request, hand)"
        " VALUES(?, ?, ?, ?, ?, ?, ?)",
        "dtiiidi", &head->key, head->principal, (int64_t)head->session, (int64_t)head->messages,
        (int64_t)head->client_messages, &head->request, (int64_t)head->hand);
    return db_done(store, add, err, "write where a conversation stands");
}

/* --- quarantine */

int live_quarantined(struct store *store, const struct digest *generation, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row =
        db_bind(store, err, "SELECT 1 FROM quarantine WHERE generation = ?", "d", generation);
    if (!row)
        return err ? -err->code : -ERR_SYS;
    int code = sqlite3_step(row);
    return code == SQLITE_ROW    ? 1
           : code == SQLITE_DONE ? 0
                                 : db_fail(store, err, "look for a quarantine");
}

int live_quarantine(
    struct store *store, const struct digest *generation, struct str why, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    char hex[DIGEST_HEX];
    int rc = live_quarantined(store, generation, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    CLEANUP(db_resetp)
    sqlite3_stmt *add = db_bind(
        store, err, "INSERT INTO quarantine VALUES(?, ?, ?)", "dti", generation, why, now());
    if ((rc = db_done(store, add, err, "write a quarantine")) < 0)
        return rc;
    buf_format(&body, "{\"generation\":\"%s\",\"why\":", hash_hex(hex, generation));
    json_quote(&body, why);
    buf_char(&body, '}');
    return db_audit(store, "quarantine", buf_view(&body), err);
}
