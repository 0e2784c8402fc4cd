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

/* Version N of the schema is the first N steps. */
static const struct step {
    const char *sql;
    const char *append_only[APPEND_ONLY_MAX];
} steps[SCHEMA_VERSION] = {
    { version_1, { "home", "blob", "session", "message", "document", "audit" } },
    { version_2, { "admission", "freeze", "checkpoint" } },
    { version_3, { "live", "turn", "turn_end", "settled", "effect", "result", "delivered", "event",
                     "state", "head", "stale", "flag", "quarantine" } },
};

static void refuse(struct buf *out, const char *table, const char *verb, const char *suffix)
{
    buf_format(out,
        "CREATE TRIGGER %s_%s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, '%s is append-only'); END;",
        table, suffix, verb, table, table);
}

void schema_print(struct buf *out, unsigned version)
{
    for (unsigned i = version; i < SCHEMA_VERSION; i++) {
        buf_text(out, steps[i].sql);
        for (unsigned t = 0; t < APPEND_ONLY_MAX && steps[i].append_only[t]; t++) {
            refuse(out, steps[i].append_only[t], "UPDATE", "update");
            refuse(out, steps[i].append_only[t], "DELETE", "delete");
        }
    }
    buf_format(out, "PRAGMA user_version = %d;", SCHEMA_VERSION);
}
