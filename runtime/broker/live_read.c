/* live_read - what goes on from rows: a turn after a crash, a conversation after a rest. See
 * live.h. */
#include "broker/live.h"

#include "base/clock.h"
#include "base/mem.h"
#include "broker/db.h"

#include <inttypes.h>

static struct str kept(struct arena *arena, sqlite3_stmt *row, int column)
{
    struct str bytes = db_text(row, column);
    return (struct str){ arena_string(arena, bytes.size ? bytes.at : "", bytes.size), bytes.size };
}

static int no_row(struct err *err)
{
    return err ? -err->code : -ERR_SYS;
}

/* 1 a row, 0 none. */
static int step(struct store *store, sqlite3_stmt *row, const char *what, struct err *err)
{
    int code = sqlite3_step(row);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : db_fail(store, err, what);
}

/* --- effects */

/* It is for a person to say yes, and nobody did. */
#define WAITS                                                                                      \
    " r.effect IS NULL AND json_extract(e.body, '$.asks') IS NOT NULL AND NOT EXISTS"              \
    " (SELECT 1 FROM delivered d WHERE d.effect = e.number)"

static struct live_effect effect_of(sqlite3_stmt *row, struct arena *arena)
{
    return (struct live_effect){
        .row = (uint64_t)sqlite3_column_int64(row, 0),
        .turn = (uint64_t)sqlite3_column_int64(row, 1),
        .lease = (uint64_t)sqlite3_column_int64(row, 2),
        .number = (uint32_t)sqlite3_column_int64(row, 3),
        .kind = (uint8_t)sqlite3_column_int(row, 4),
        .origin = (uint8_t)sqlite3_column_int(row, 5),
        .hook = (uint8_t)sqlite3_column_int(row, 6),
        .build = db_digest(row, 7),
        .generation = db_digest(row, 8),
        .step = (uint32_t)sqlite3_column_int64(row, 9),
        .index = (uint32_t)sqlite3_column_int64(row, 10),
        .attempt = (uint32_t)sqlite3_column_int64(row, 11),
        .body = kept(arena, row, 12),
        .waits = sqlite3_column_int(row, 18),
    };
}

static struct live_result result_of(sqlite3_stmt *row, struct arena *arena)
{
    if (sqlite3_column_type(row, 13) == SQLITE_NULL)
        return (struct live_result){ .status = LIVE_NO_RESULT };
    return (struct live_result){
        .status = (uint8_t)sqlite3_column_int(row, 13),
        .error_class = (uint8_t)sqlite3_column_int(row, 14),
        .retry_after_ms = (uint32_t)sqlite3_column_int64(row, 15),
        .bytes = kept(arena, row, 16),
        .raw = kept(arena, row, 17),
    };
}

int live_effect_find(struct store *store, const struct live_effect *identity, struct arena *arena,
    struct live_effect *ret, struct live_result *ret_result, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT e.number, e.turn, e.lease, e.id, e.kind, e.origin, e.hook, e.build, e.generation,"
        " e.step, e.idx, e.attempt, e.body, r.status, r.class, r.retry_after_ms, coalesce(r.bytes, "
        "b.bytes), "
        "r.raw," WAITS " FROM effect e LEFT JOIN result r ON r.effect = e.number"
        " LEFT JOIN blob b ON b.number = r.blob"
        " WHERE e.turn = ? AND e.step = ? AND e.kind = ? AND e.idx = ? AND e.attempt = ?"
        " AND e.origin = ? AND e.hook = ? AND e.build = ? ORDER BY e.number DESC LIMIT 1",
        "iiiiiiiz", (int64_t)identity->turn, (int64_t)identity->step, (int64_t)identity->kind,
        (int64_t)identity->index, (int64_t)identity->attempt, (int64_t)identity->origin,
        (int64_t)identity->hook, &identity->build);
    if (!row)
        return no_row(err);
    int found = step(store, row, "look for an effect", err);
    if (found == 1) {
        *ret = effect_of(row, arena);
        *ret_result = result_of(row, arena);
    }
    return found;
}

int live_call_last(struct store *store, const struct live_call_place *place, struct arena *arena,
    struct live_call *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT e.number, r.status, coalesce(r.bytes, b.bytes)," WAITS
        " FROM effect e LEFT JOIN result r ON r.effect = e.number"
        " LEFT JOIN blob b ON b.number = r.blob WHERE e.turn ="
        " (SELECT max(number) FROM turn WHERE session = ?1 AND number < ?2) AND e.kind = ?3"
        " AND e.idx = ?4 AND json_extract(e.body, '$.call') = ?5 AND NOT EXISTS"
        " (SELECT 1 FROM message WHERE session = ?1 AND effect = e.number) AND NOT EXISTS"
        " (SELECT 1 FROM replaced WHERE session = ?1 AND effect = e.number)"
        " ORDER BY e.number DESC LIMIT 1",
        "iiiit", (int64_t)place->session, (int64_t)place->before_turn, (int64_t)WIRE_TOOL,
        (int64_t)place->index, place->id);
    if (!row)
        return no_row(err);
    int found = step(store, row, "look for a call", err);
    if (found == 1)
        *ret =
            (struct live_call){ (uint64_t)sqlite3_column_int64(row, 0), sqlite3_column_int(row, 3),
                { .status = sqlite3_column_type(row, 1) == SQLITE_NULL
                                ? LIVE_NO_RESULT
                                : (uint8_t)sqlite3_column_int(row, 1),
                    .bytes = kept(arena, row, 2) } };
    return found;
}

/* --- where conversations stand */

int live_head_find(struct store *store, struct str principal, const struct digest *key,
    struct live_head *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT session, messages, client_messages, hand FROM head WHERE key = ? AND principal = ?"
        " ORDER BY number DESC LIMIT 1",
        "dt", key, principal);
    if (!row)
        return no_row(err);
    int found = step(store, row, "look for a conversation", err);
    if (found == 1)
        *ret = (struct live_head){ .principal = principal,
            .key = *key,
            .session = (uint64_t)sqlite3_column_int64(row, 0),
            .messages = (uint32_t)sqlite3_column_int64(row, 1),
            .client_messages = (uint32_t)sqlite3_column_int64(row, 2),
            .hand = (uint64_t)sqlite3_column_int64(row, 3) };
    return found;
}

/* --- what limits count */

enum { MS_NS = 1000000 };

static int64_t mono_ms(void)
{
    return (int64_t)(clock_mono_ns() / MS_NS);
}

void live_used_print(const struct live_used *used, struct buf *out)
{
    buf_format(out,
        "{\"steps\":%" PRIu64 ",\"tokens\":%" PRIu64 ",\"usd\":%" PRIu64 ",\"ms\":%" PRIu64
        ",\"clock_ms\":%" PRId64 "}",
        used->steps, used->tokens, used->usd, used->ms, mono_ms());
}

static uint64_t since(int64_t wall_ms, int64_t clock_ms)
{
    int64_t wall = (int64_t)clock_wall_ms() - wall_ms, mono = mono_ms() - clock_ms;
    int64_t less = wall < mono ? wall : mono;
    return less > 0 ? (uint64_t)less : 0;
}

int live_used_find(struct store *store, uint64_t hand, struct live_used *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT json_extract(body, '$.used.steps'), json_extract(body, '$.used.tokens'),"
        " json_extract(body, '$.used.usd'), json_extract(body, '$.used.ms'),"
        " json_extract(body, '$.used.clock_ms'), at_ms FROM effect WHERE number = ?",
        "i", (int64_t)hand);
    if (!row)
        return no_row(err);
    int found = step(store, row, "look for what was used", err);
    if (found == 1)
        *ret = (struct live_used){ (uint64_t)sqlite3_column_int64(row, 0),
            (uint64_t)sqlite3_column_int64(row, 1), (uint64_t)sqlite3_column_int64(row, 2),
            (uint64_t)sqlite3_column_int64(row, 3) +
                since(sqlite3_column_int64(row, 5), sqlite3_column_int64(row, 4)) };
    return found;
}

int live_answer_find(struct store *store, const struct digest *request, uint64_t max_age_ms,
    struct arena *arena, struct live_answer *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT e.number, e.turn, e.body, r.raw, m.body FROM"
        " (SELECT hand, session FROM head WHERE request = ?1 ORDER BY number DESC LIMIT 1) h"
        " JOIN effect e ON e.number = h.hand LEFT JOIN effect m ON m.turn = e.turn"
        " AND m.lease = e.lease AND m.kind = ?3 AND m.id = json_extract(e.body, '$.reply')"
        " LEFT JOIN result r ON r.effect = m.number WHERE e.at_ms > ?2"
        " AND NOT EXISTS (SELECT 1 FROM delivered WHERE effect = e.number)"
        " AND NOT EXISTS (SELECT 1 FROM effect WHERE turn = e.turn AND number > e.number)"
        " AND NOT EXISTS (SELECT 1 FROM turn WHERE session = h.session AND number > e.number)",
        "dii", request, (int64_t)(clock_wall_ms() - max_age_ms), (int64_t)WIRE_MODEL);
    if (!row)
        return no_row(err);
    int found = step(store, row, "look for an answer", err);
    if (found == 1)
        *ret = (struct live_answer){ (uint64_t)sqlite3_column_int64(row, 0),
            (uint64_t)sqlite3_column_int64(row, 1), kept(arena, row, 2), kept(arena, row, 3),
            kept(arena, row, 4) };
    return found;
}

/* --- a session as a whole */

int live_group(struct store *store, uint64_t session, struct arena *arena, struct str *ret,
    bool *ret_sealed, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT grp, EXISTS (SELECT 1 FROM sealed WHERE session = number) FROM session"
        " WHERE number = ?",
        "i", (int64_t)session);
    if (!row)
        return no_row(err);
    int found = step(store, row, "read a session's group", err);
    if (found == 0)
        return err_set(err, ERR_MISSING, "no session %llu", (unsigned long long)session);
    if (found == 1) {
        *ret = kept(arena, row, 0);
        *ret_sealed = sqlite3_column_int(row, 1);
    }
    return found < 0 ? found : 0;
}

static int load_session(struct store *store, uint64_t number, struct arena *arena,
    struct live_loaded *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT s.gateway, s.principal, s.grp, l.name, l.protocol, b.bytes,"
        " coalesce((SELECT max(seq) + 1 FROM message WHERE session = s.number), 0)"
        " FROM session s JOIN live l ON l.session = s.number LEFT JOIN blob b ON b.number = s.tools"
        " WHERE s.number = ?",
        "i", (int64_t)number);
    if (!row)
        return no_row(err);
    int found = step(store, row, "read a session", err);
    if (found < 1)
        return found < 0
                   ? found
                   : err_set(err, ERR_MISSING, "no live session %llu", (unsigned long long)number);
    ret->session = (struct live_session){ .number = number,
        .gateway = sqlite3_column_int(row, 0),
        .principal = kept(arena, row, 1),
        .group = kept(arena, row, 2),
        .name = kept(arena, row, 3),
        .protocol = kept(arena, row, 4),
        .tools = kept(arena, row, 5) };
    ret->messages_count = (uint32_t)sqlite3_column_int64(row, 6);
    return 0;
}

static uint8_t standing_of(struct str word)
{
    uint8_t i = 0;
    while (i < JOURNAL_CLAIM && !str_equal(word, str_of(journal_standing_words[i])))
        i++;
    return i;
}

/* As the harness goes on with it: the last replacement of a message stands in its place. */
static int load_messages(
    struct store *store, struct arena *arena, struct live_loaded *ret, struct err *err)
{
    uint32_t count = 0;
    int found = 0;
    ret->messages = arena_alloc(arena, (ret->messages_count + 1) * sizeof *ret->messages);
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT m.seq, iif(x.number, x.turn, m.turn_row), m.standing, m.failed,"
        " iif(x.number, x.origin, m.origin), iif(x.number, x.effect, m.effect),"
        " iif(x.number, x.build, m.build), iif(x.number, b.bytes, coalesce(m.bytes, b.bytes))"
        " FROM message m LEFT JOIN replaced x ON x.session = m.session AND x.seq = m.seq"
        " AND x.number = (SELECT max(number) FROM replaced WHERE session = m.session"
        " AND seq = m.seq) LEFT JOIN blob b ON b.number = coalesce(x.blob, m.blob)"
        " WHERE m.session = ? ORDER BY m.seq",
        "i", (int64_t)ret->session.number);
    if (!row)
        return no_row(err);
    while (count < ret->messages_count && (found = step(store, row, "read messages", err)) == 1)
        ret->messages[count++] = (struct live_message){
            .session = ret->session.number,
            .seq = (uint32_t)sqlite3_column_int64(row, 0),
            .turn = (uint64_t)sqlite3_column_int64(row, 1),
            .standing = standing_of(db_text(row, 2)),
            .failed = sqlite3_column_int(row, 3),
            .origin = (uint8_t)sqlite3_column_int(row, 4),
            .effect = (uint64_t)sqlite3_column_int64(row, 5),
            .build = db_digest(row, 6),
            .bytes = kept(arena, row, 7),
        };
    if (found >= 0 && count != ret->messages_count)
        return err_set(err, ERR_VERIFY, "session %llu has lost messages: %u of %u are there",
            (unsigned long long)ret->session.number, count, ret->messages_count);
    return found < 0 ? found : 0;
}

static int load_states(
    struct store *store, struct arena *arena, struct live_loaded *ret, struct err *err)
{
    int found;
    ret->states = arena_alloc(arena, WIRE_PLUGINS_MAX * sizeof *ret->states);
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT plugin, schema, bytes, max(number) FROM state WHERE session = ?"
        " AND generation NOT IN (SELECT generation FROM quarantine)"
        " GROUP BY plugin ORDER BY 4 DESC LIMIT ?",
        "ii", (int64_t)ret->session.number, (int64_t)WIRE_PLUGINS_MAX);
    if (!row)
        return no_row(err);
    while ((found = step(store, row, "read states", err)) == 1)
        ret->states[ret->states_count++] = (struct wire_state){ kept(arena, row, 0),
            (uint32_t)sqlite3_column_int64(row, 1), kept(arena, row, 2) };
    return found;
}

static int load_turn(struct store *store, struct live_loaded *ret, struct err *err)
{
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT t.number, t.ordinal, t.messages, e.number FROM turn t LEFT JOIN turn_end e"
        " ON e.turn = t.number WHERE t.session = ? ORDER BY t.ordinal DESC LIMIT 1",
        "i", (int64_t)ret->session.number);
    if (!row)
        return no_row(err);
    int found = step(store, row, "read the last turn", err);
    if (found < 1)
        return found;
    ret->turn = (uint64_t)sqlite3_column_int64(row, 0);
    ret->turn_ordinal = (uint32_t)sqlite3_column_int64(row, 1);
    ret->turn_messages = (uint32_t)sqlite3_column_int64(row, 2);
    ret->turn_open = sqlite3_column_type(row, 3) == SQLITE_NULL;
    return 0;
}

int live_load(struct store *store, uint64_t session, struct arena *arena, struct live_loaded *ret,
    struct err *err)
{
    struct live_loaded loaded = { 0 };
    int rc = load_session(store, session, arena, &loaded, err);
    if (rc == 0)
        rc = load_messages(store, arena, &loaded, err);
    if (rc == 0)
        rc = load_states(store, arena, &loaded, err);
    if (rc == 0)
        rc = load_turn(store, &loaded, err);
    if (rc == 0)
        *ret = loaded;
    return rc;
}

int live_open_turns(struct store *store, struct arena *arena, struct live_open **ret,
    uint32_t *ret_count, struct err *err)
{
    struct live_open *list = arena_alloc(arena, sizeof *list);
    uint32_t count = 0;
    int found;
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT t.session, t.number, s.gateway, x.kind = ?1,"
        " x.kind = ?1 AND json_type(x.body, '$.message.tool_calls') IS NOT NULL"
        " FROM turn t JOIN session s ON s.number = t.session LEFT JOIN effect x ON x.number ="
        " (SELECT max(number) FROM effect WHERE turn = t.number)"
        " WHERE NOT EXISTS (SELECT 1 FROM turn_end e WHERE e.turn = t.number) ORDER BY t.number",
        "i", (int64_t)WIRE_HAND);
    if (!row)
        return no_row(err);
    while ((found = step(store, row, "look for open turns", err)) == 1) {
        list = arena_grow(arena, list, (count + 1) * sizeof *list, (count + 2) * sizeof *list);
        list[count++] = (struct live_open){ (uint64_t)sqlite3_column_int64(row, 0),
            (uint64_t)sqlite3_column_int64(row, 1), sqlite3_column_int(row, 2),
            sqlite3_column_int(row, 3), sqlite3_column_int(row, 4) };
    }
    if (found < 0)
        return found;
    *ret = list;
    *ret_count = count;
    return 0;
}
