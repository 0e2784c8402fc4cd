/* schema - see schema.h. */
#include "broker/schema.h"

#include "base/mem.h"

enum { APPEND_ONLY_MAX = 16 };

static const char version_1[] =
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
;

/* A candidate's row changes its state and body, a look gets its answer once; the rest of either
 * stays as it was written, and no row goes. */
static const char version_2[] =
    "CREATE TABLE candidate(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    "  state TEXT NOT NULL, body TEXT NOT NULL) STRICT;"
    "CREATE TRIGGER candidate_delete BEFORE DELETE ON candidate"
    "  BEGIN SELECT RAISE(ABORT, 'a candidate stays'); END;"
    "CREATE TRIGGER candidate_update BEFORE UPDATE OF number, id ON candidate"
    "  BEGIN SELECT RAISE(ABORT, 'a candidate keeps its id'); END;"
    "CREATE TABLE admission(number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
    "  digest BLOB NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;"
    "CREATE TABLE look(number INTEGER PRIMARY KEY, shard BLOB NOT NULL, k INTEGER NOT NULL,"
    "  passes INTEGER NOT NULL, candidate TEXT NOT NULL, passed INTEGER, at_ms INTEGER NOT NULL,"
    "  UNIQUE(shard, k), UNIQUE(shard, candidate)) STRICT;"
    "CREATE TRIGGER look_delete BEFORE DELETE ON look"
    "  BEGIN SELECT RAISE(ABORT, 'a look stays'); END;"
    "CREATE TRIGGER look_update BEFORE UPDATE ON look"
    "  WHEN old.passed IS NOT NULL OR new.passed IS NULL OR new.number IS NOT old.number"
    "    OR new.shard IS NOT old.shard"
    "    OR new.k IS NOT old.k OR new.passes IS NOT old.passes"
    "    OR new.candidate IS NOT old.candidate OR new.at_ms IS NOT old.at_ms"
    "  BEGIN SELECT RAISE(ABORT, 'a look is answered once'); END;"
    "CREATE TABLE freeze(number INTEGER PRIMARY KEY, frozen INTEGER NOT NULL, why TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE checkpoint(record INTEGER PRIMARY KEY REFERENCES audit(number),"
    "  head BLOB NOT NULL, envelope TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;";

/* What happens while the service runs. `number` is one count over all of these tables: what was
 * written later has a higher one, so the rows of a session have one order (live_trace.c). A result
 * stands behind its effect and needs none: a turn has one effect on its way at a time. Tool calls
 * have an index that refuses the same identity twice, whatever the code above it does. */
static const char version_3[] =
    "CREATE TABLE live(session INTEGER PRIMARY KEY REFERENCES session(number),"
    "  principal TEXT NOT NULL, name TEXT NOT NULL, protocol TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX live_name ON live(principal, name) WHERE name <> '';"
    "CREATE TABLE turn(number INTEGER PRIMARY KEY,"
    "  session INTEGER NOT NULL REFERENCES session(number), ordinal INTEGER NOT NULL,"
    "  generation BLOB NOT NULL, messages INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    "  UNIQUE(session, ordinal)) STRICT;"
    "CREATE TABLE turn_end(number INTEGER PRIMARY KEY,"
    "  turn INTEGER NOT NULL UNIQUE REFERENCES turn(number), how INTEGER NOT NULL,"
    "  why TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE settled(number INTEGER PRIMARY KEY, session INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL, turn INTEGER, origin INTEGER NOT NULL, effect INTEGER, build BLOB,"
    "  replaced INTEGER REFERENCES blob(number), at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX settled_seq ON settled(session, seq);"
    "CREATE TABLE effect(number INTEGER PRIMARY KEY, turn INTEGER NOT NULL REFERENCES turn(number),"
    "  lease INTEGER NOT NULL, id INTEGER NOT NULL, kind INTEGER NOT NULL, origin INTEGER NOT NULL,"
    "  hook INTEGER NOT NULL, build BLOB NOT NULL, generation BLOB NOT NULL, step INTEGER NOT NULL,"
    "  idx INTEGER NOT NULL, attempt INTEGER NOT NULL, body TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX effect_step ON effect(turn, step);"
    "CREATE UNIQUE INDEX effect_once ON effect(turn, step, origin, hook, build, idx, attempt)"
    "  WHERE kind = 3;"
    "CREATE TABLE result(effect INTEGER PRIMARY KEY REFERENCES effect(number),"
    "  status INTEGER NOT NULL, class INTEGER NOT NULL, retry_after_ms INTEGER NOT NULL,"
    "  blob INTEGER REFERENCES blob(number), raw BLOB, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE delivered(effect INTEGER PRIMARY KEY REFERENCES effect(number),"
    "  at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE event(number INTEGER PRIMARY KEY, turn INTEGER NOT NULL, step INTEGER NOT NULL,"
    "  hook INTEGER NOT NULL, action INTEGER NOT NULL, build BLOB NOT NULL,"
    "  generation BLOB NOT NULL, why TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX event_turn ON event(turn);"
    "CREATE TABLE state(number INTEGER PRIMARY KEY, session INTEGER NOT NULL, turn INTEGER NOT "
    "NULL,"
    "  plugin TEXT NOT NULL, schema INTEGER NOT NULL, bytes BLOB NOT NULL,"
    "  generation BLOB NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX state_plugin ON state(session, plugin);"
    "CREATE TABLE head(number INTEGER PRIMARY KEY, key BLOB NOT NULL, principal TEXT NOT NULL,"
    "  session INTEGER NOT NULL, messages INTEGER NOT NULL, client_messages INTEGER NOT NULL,"
    "  request BLOB NOT NULL, hand INTEGER NOT NULL) STRICT;"
    "CREATE INDEX head_key ON head(key, principal);"
    "CREATE INDEX head_request ON head(request);"
    "CREATE TABLE stale(number INTEGER PRIMARY KEY, lease INTEGER NOT NULL, what TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE flag(number INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES"
    "  session(number), turn INTEGER, why TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX flag_session ON flag(session);"
    "CREATE TABLE quarantine(generation BLOB PRIMARY KEY, why TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/* The same with fewer rows and pages a turn, since a page is what a commit writes: a message says
 * itself where it is from; small bytes stand in their row; states and events lie with their session
 * and turn, without an index; the random id of a session of the service is in none. Rows get their
 * numbers from a block that is reserved before, so nobody has to look for the newest. */
static const char version_4[] =
    "CREATE TABLE reserved(number INTEGER PRIMARY KEY) STRICT;"
    "INSERT INTO reserved SELECT coalesce(max(n), 0) FROM (SELECT max(number) n FROM turn"
    "  UNION ALL SELECT max(number) FROM turn_end UNION ALL SELECT max(number) FROM settled"
    "  UNION ALL SELECT max(number) FROM effect UNION ALL SELECT max(number) FROM event"
    "  UNION ALL SELECT max(number) FROM state UNION ALL SELECT max(number) FROM stale"
    "  UNION ALL SELECT max(number) FROM flag);"
    "CREATE TABLE new_session("
    "  number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, gateway INTEGER NOT NULL,"
    "  principal TEXT NOT NULL, format TEXT NOT NULL, source TEXT NOT NULL, origin TEXT NOT NULL,"
    "  grp TEXT NOT NULL, tools INTEGER REFERENCES blob(number), offered INTEGER NOT NULL,"
    "  meta TEXT NOT NULL, messages INTEGER NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
    "INSERT INTO new_session SELECT * FROM session;"
    "DROP TABLE session; ALTER TABLE new_session RENAME TO session;"
    "CREATE UNIQUE INDEX session_id ON session(id) WHERE origin <> 'live';"
    "CREATE TABLE new_message("
    "  session INTEGER NOT NULL REFERENCES session(number), seq INTEGER NOT NULL,"
    "  turn INTEGER NOT NULL,"
    "  standing TEXT NOT NULL CHECK(standing IN ('fact','testimony','claim')),"
    "  failed INTEGER NOT NULL, blob INTEGER REFERENCES blob(number), bytes BLOB,"
    "  number INTEGER, turn_row INTEGER REFERENCES turn(number), origin INTEGER,"
    "  effect INTEGER REFERENCES effect(number), build BLOB, at_ms INTEGER,"
    "  PRIMARY KEY(session, seq), CHECK((blob IS NULL) <> (bytes IS NULL))) STRICT, WITHOUT ROWID;"
    "INSERT INTO new_message SELECT m.session, m.seq, m.turn, m.standing, m.failed, m.blob, NULL,"
    "  x.number, x.turn, x.origin, x.effect, x.build, x.at_ms FROM message m LEFT JOIN settled x"
    "  ON x.session = m.session AND x.seq = m.seq AND x.replaced IS NULL;"
    "DROP TABLE message; ALTER TABLE new_message RENAME TO message;"
    "CREATE TABLE replaced(session INTEGER NOT NULL REFERENCES session(number),"
    "  seq INTEGER NOT NULL, number INTEGER NOT NULL, turn INTEGER REFERENCES turn(number),"
    "  origin INTEGER NOT NULL, effect INTEGER REFERENCES effect(number), build BLOB,"
    "  blob INTEGER NOT NULL REFERENCES blob(number), at_ms INTEGER NOT NULL,"
    "  PRIMARY KEY(session, seq, number)) STRICT, WITHOUT ROWID;"
    "INSERT INTO replaced SELECT session, seq, number, turn, origin, effect, build, replaced, at_ms"
    "  FROM settled WHERE replaced IS NOT NULL;"
    "DROP TABLE settled;"
    "ALTER TABLE result ADD COLUMN bytes BLOB;"
    "CREATE TABLE new_end(turn INTEGER PRIMARY KEY REFERENCES turn(number),"
    "  number INTEGER NOT NULL, how INTEGER NOT NULL, why TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL) STRICT;"
    "INSERT INTO new_end SELECT turn, number, how, why, at_ms FROM turn_end;"
    "DROP TABLE turn_end; ALTER TABLE new_end RENAME TO turn_end;"
    "CREATE TABLE new_event(turn INTEGER NOT NULL REFERENCES turn(number),"
    "  number INTEGER NOT NULL, step INTEGER NOT NULL, hook INTEGER NOT NULL,"
    "  action INTEGER NOT NULL, build BLOB NOT NULL, generation BLOB NOT NULL, why TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL, PRIMARY KEY(turn, number)) STRICT, WITHOUT ROWID;"
    "INSERT INTO new_event SELECT turn, number, step, hook, action, build, generation, why, at_ms"
    "  FROM event;"
    "DROP TABLE event; ALTER TABLE new_event RENAME TO event;"
    "CREATE TABLE new_state(session INTEGER NOT NULL REFERENCES session(number),"
    "  number INTEGER NOT NULL, turn INTEGER NOT NULL, plugin TEXT NOT NULL,"
    "  schema INTEGER NOT NULL, bytes BLOB NOT NULL, generation BLOB NOT NULL,"
    "  at_ms INTEGER NOT NULL, PRIMARY KEY(session, number)) STRICT, WITHOUT ROWID;"
    "INSERT INTO new_state SELECT session, number, turn, plugin, schema, bytes, generation, at_ms"
    "  FROM state;"
    "DROP TABLE state; ALTER TABLE new_state RENAME TO state;";

/* The sealed test split (store_seal.c). A shard is a key that anybody can seal for; its secret half
 * lies in `locks`, once for each reviewer, and nowhere else. What a session said is rewritten once,
 * by its sealed form: the triggers let through what a row of `sealed` or `freed` names, and nothing
 * else. */
static const char version_5[] =
    "CREATE TABLE shard(number INTEGER PRIMARY KEY, open_key BLOB NOT NULL, locks TEXT NOT NULL,"
    "  at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE shard_group(grp TEXT PRIMARY KEY, shard INTEGER NOT NULL REFERENCES"
    "  shard(number)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX shard_groups ON shard_group(shard);"
    "CREATE TABLE sealed(session INTEGER PRIMARY KEY REFERENCES session(number),"
    "  shard INTEGER NOT NULL REFERENCES shard(number), at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX sealed_shard ON sealed(shard);"
    "CREATE TABLE opening(shard INTEGER PRIMARY KEY REFERENCES shard(number),"
    "  candidate TEXT NOT NULL UNIQUE, report BLOB, at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TRIGGER opening_delete BEFORE DELETE ON opening"
    "  BEGIN SELECT RAISE(ABORT, 'an opening stays'); END;"
    "CREATE TRIGGER opening_update BEFORE UPDATE ON opening"
    "  WHEN old.report IS NOT NULL OR new.report IS NULL OR new.shard IS NOT old.shard"
    "    OR new.candidate IS NOT old.candidate OR new.at_ms IS NOT old.at_ms"
    "  BEGIN SELECT RAISE(ABORT, 'an opening is reported once'); END;"
    "CREATE TABLE freed(blob INTEGER PRIMARY KEY) STRICT;"
    "DROP TRIGGER blob_delete; CREATE TRIGGER blob_delete BEFORE DELETE ON blob"
    "  WHEN NOT EXISTS (SELECT 1 FROM freed WHERE blob = old.number)"
    "  BEGIN SELECT RAISE(ABORT, 'blob is append-only'); END;"
// clang-format off
#define SEALED_ONCE(table, of_session)                                                             \
    "DROP TRIGGER " table "_update; CREATE TRIGGER " table "_update BEFORE UPDATE ON " table       \
    "  WHEN NOT EXISTS (SELECT 1 FROM sealed WHERE session = " of_session ")"                      \
    "  BEGIN SELECT RAISE(ABORT, '" table " is append-only'); END;"
#define OF_TURN(number) "(SELECT session FROM turn WHERE turn.number = " number ")"
    SEALED_ONCE("session", "old.number")
    SEALED_ONCE("message", "old.session")
    SEALED_ONCE("replaced", "old.session")
    SEALED_ONCE("state", "old.session")
    SEALED_ONCE("effect", OF_TURN("old.turn"))
    SEALED_ONCE("event", OF_TURN("old.turn"))
    SEALED_ONCE("turn_end", OF_TURN("old.turn"))
    SEALED_ONCE("result", OF_TURN("(SELECT turn FROM effect WHERE effect.number = old.effect)"));
// clang-format on

/* A list of three in a CHECK is a table of three rows that is made and thrown away with each row
 * that is written: a quarter of what an import cost the broker. The same as comparisons. Every row
 * that stands passes both, so the text of the table is replaced and no row is touched. */
static const char version_6[] =
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_schema SET sql = replace(sql, 'standing IN (''fact'',''testimony'',''claim'')',"
    "  'standing = ''fact'' OR standing = ''testimony'' OR standing = ''claim''')"
    "  WHERE type = 'table' AND name = 'message';"
    "PRAGMA writable_schema = RESET;";

/* Which groups are one, since they say nearly the same (store_kin.c). `aside`: sessions that count
 * in no group, since somebody else's copy of what another one says may move no split. */
static const char version_7[] =
    "CREATE TABLE sketch(session INTEGER PRIMARY KEY REFERENCES session(number),"
    "  messages INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE kin(grp TEXT PRIMARY KEY, root TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX kin_root ON kin(root);"
    "CREATE TABLE aside(session INTEGER PRIMARY KEY REFERENCES session(number)) STRICT;";

/* Each command asks what was quarantined; the chain grows for years, and these records are few. */
static const char version_8[] =
    "CREATE INDEX audit_quarantine ON audit(number) WHERE kind = 'quarantine';";

/* A look says who proposed, what it may spend, and which sessions were there when it was made.
 * Those of before: whatever is there now was there. */
static const char version_9[] =
    "DROP TRIGGER look_update;"
    "ALTER TABLE look ADD COLUMN proposer TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE look ADD COLUMN own INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE look ADD COLUMN level REAL NOT NULL DEFAULT 0;"
    "ALTER TABLE look ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;"
    "UPDATE look SET seen = (SELECT coalesce(max(number), 0) FROM session);"
    "CREATE TRIGGER look_update BEFORE UPDATE ON look"
    "  WHEN old.passed IS NOT NULL OR new.passed IS NULL OR new.number IS NOT old.number"
    "    OR new.shard IS NOT old.shard OR new.proposer IS NOT old.proposer"
    "    OR new.k IS NOT old.k OR new.passes IS NOT old.passes OR new.own IS NOT old.own"
    "    OR new.level IS NOT old.level OR new.seen IS NOT old.seen"
    "    OR new.candidate IS NOT old.candidate OR new.at_ms IS NOT old.at_ms"
    "  BEGIN SELECT RAISE(ABORT, 'a look is answered once'); END;";

/* Version N of the schema is the first N steps. */
static const struct step {
    const char *sql;
    const char *append_only[APPEND_ONLY_MAX];
} steps[SCHEMA_VERSION] = {
    { version_1, { "home", "blob", "session", "message", "document", "audit" } },
    { version_2, { "admission", "freeze", "checkpoint" } },
    { version_3, { "live", "turn", "turn_end", "settled", "effect", "result", "delivered", "event",
                     "state", "head", "stale", "flag", "quarantine" } },
    { version_4, { "reserved", "session", "message", "replaced", "turn_end", "event", "state" } },
    { version_5, { "shard", "shard_group", "sealed" } },
    { version_6, { NULL } },
    { version_7, { "aside" } },
    { version_8, { NULL } },
    { version_9, { NULL } },
};

static void refuse(struct buf *out, const char *table, const char *verb, const char *suffix)
{
    buf_format(out,
        "CREATE TRIGGER %s_%s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, '%s is append-only'); END;",
        table, suffix, verb, table, table);
}

void schema_print(struct buf *out, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        buf_text(out, steps[i].sql);
        for (unsigned t = 0; t < APPEND_ONLY_MAX && steps[i].append_only[t]; t++) {
            refuse(out, steps[i].append_only[t], "UPDATE", "update");
            refuse(out, steps[i].append_only[t], "DELETE", "delete");
        }
    }
    buf_format(out, "PRAGMA user_version = %u;", to);
}
