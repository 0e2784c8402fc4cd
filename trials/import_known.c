/* import_known - see import_known.h. */
#include "trials/import_known.h"

#include "base/json.h"
#include "base/mem.h"
#include "trials/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    struct digest key, id; /* key: of a name, of a content, or of sealed ones of a size */
    struct str origin, group;
    bool used, now; /* now: taken in this import */
    uint64_t said;  /* of this import: said_by; 0: not known */
};
/* Found by the first bytes of a digest that nobody can choose, so rows lie evenly. */
struct known {
    struct arena arena; /* origins and groups */
    struct row *rows;
    size_t room, count;
    bool now;
};

/* --- keys */

static bool name_of(const struct journal_session *session, struct digest *ret)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *meta = json_read(&arena, session->meta, NULL, NULL);
    struct str name = json_string(&arena, json_get(meta, "session"));
    *ret = hash_parts((struct str[]){ session->format, name }, 2);
    return name.size > 0;
}

/* What the list of sessions says of one, but for what the name of its file may have given it. */
static struct digest content_of(const struct journal_session *session)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    char count[16];
    snprintf(count, sizeof count, "%u", session->messages_count);
    struct str meta = import_rename(session->meta, "origin", STR(""), &arena);
    meta = import_rename(meta, "group", STR(""), &arena);
    const struct str parts[] = { STR("content"), session->format, session->principal, meta,
        str_of(count) };
    return hash_parts(parts, COUNT_OF(parts));
}

/* Of a sealed one the list has no meta. */
static struct digest sealed_of(const struct journal_session *session)
{
    char count[16];
    snprintf(count, sizeof count, "%u", session->messages_count);
    const struct str parts[] = { STR("sealed"), session->format, session->principal,
        str_of(count) };
    return hash_parts(parts, COUNT_OF(parts));
}

/* Two sessions of which this differs say different things: sizes, and the last message. No 0. */
static uint64_t said_by(const struct journal_session *session)
{
    uint64_t said = 1;
    for (uint32_t i = 0; i < session->messages_count; i++) {
        const struct str bytes = session->messages[i].bytes;
        bool last = i + 1 == session->messages_count;
        said = hash_fast(&bytes.size, sizeof bytes.size, said);
        said = last && bytes.size > 0 ? hash_fast(bytes.at, bytes.size, said) : said;
    }
    return said ? said : 1;
}

/* --- rows */

static size_t place_of(const struct known *known, const struct digest *key)
{
    uint64_t at;
    memcpy(&at, key->at, sizeof at);
    return (size_t)(at & (known->room - 1));
}

static void put(struct known *known, const struct row *row)
{
    size_t at = place_of(known, &row->key);
    while (known->rows[at].used)
        at = (at + 1) & (known->room - 1);
    known->rows[at] = *row;
    known->count++;
}

static void grow(struct known *known)
{
    struct known smaller = *known;
    known->room = smaller.room ? smaller.room * 2 : 256;
    known->rows = mem_zero(known->room, sizeof *known->rows);
    known->count = 0;
    for (size_t i = 0; i < smaller.room; i++)
        if (smaller.rows[i].used)
            put(known, &smaller.rows[i]);
    free(smaller.rows);
}

static struct str keep(struct known *known, struct str text)
{
    return (
        struct str){ arena_copy(&known->arena, text.size ? text.at : "", text.size), text.size };
}

static void add_row(struct known *known, const struct digest *key,
    const struct journal_session *session, const struct digest *id)
{
    const struct row row = { .key = *key,
        .id = *id,
        .origin = keep(known, session->origin),
        .group = keep(known, session->group),
        .used = true,
        .now = known->now,
        .said = known->now ? said_by(session) : 0 };
    if (known->count * 2 >= known->room)
        grow(known);
    put(known, &row);
}

/* The session as its log would be under the other's name: then its id says whether it is that one.
 */
static bool is_row(
    const struct journal_session *session, const struct row *row, uint64_t said, bool agents)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session other = *session;
    if (row->now && (agents || row->said != said))
        return false;
    other.origin = row->origin;
    other.group = row->group;
    other.meta = import_rename(other.meta, "origin", row->origin, &arena);
    other.meta = import_rename(other.meta, "group", row->group, &arena);
    const struct digest as = journal_session_id(&other);
    return hash_equal(&as, &row->id);
}

/* id NULL: whatever has that key. */
static bool has_key(const struct known *known, const struct digest *key, const struct digest *id)
{
    if (known->room == 0)
        return false;
    for (size_t at = place_of(known, key); known->rows[at].used; at = (at + 1) & (known->room - 1))
        if (hash_equal(&known->rows[at].key, key) && (!id || hash_equal(id, &known->rows[at].id)))
            return true;
    return false;
}

/* By its own name first, since under the others' its id has to be worked out for each. */
static bool has_row(const struct known *known, const struct digest *key,
    const struct journal_session *content, const struct digest *id, bool agents)
{
    if (known->room == 0 || has_key(known, key, id))
        return known->room > 0;
    const uint64_t said = said_by(content);
    for (size_t at = place_of(known, key); known->rows[at].used; at = (at + 1) & (known->room - 1))
        if (hash_equal(&known->rows[at].key, key) &&
            is_row(content, &known->rows[at], said, agents))
            return true;
    return false;
}

enum known_as known_take(struct known *known, const struct journal_session *session,
    const struct import_format *format, bool newer)
{
    const struct digest id = journal_session_id(session);
    const struct digest content = content_of(session), sealed = sealed_of(session);
    struct digest name;
    if (has_row(known, &content, session, &id, format->agents) ||
        has_row(known, &sealed, session, &id, format->agents))
        return KNOWN_SAME;
    bool named = format->named && name_of(session, &name);
    bool grown = named && has_key(known, &name, NULL);
    if (grown && !newer)
        return KNOWN_GROWN;
    known->now = true;
    add_row(known, &content, session, &id);
    if (named)
        add_row(known, &name, session, &id);
    return grown ? KNOWN_GROWN : KNOWN_NOT;
}

static void add_known(struct known *known, const struct journal_session *session)
{
    struct digest name;
    if (session->live)
        return;
    const struct digest content = session->shard > 0 ? sealed_of(session) : content_of(session);
    add_row(known, &content, session, &session->id);
    if (name_of(session, &name))
        add_row(known, &name, session, &session->id);
}

int known_open(struct known **ret, const struct home *home, struct err *err)
{
    struct journal *journal = NULL;
    struct known *known = mem_zero(1, sizeof *known);
    uint32_t count = 1;
    int status = journal_open(&journal, home, JOURNAL_VIEW, err);
    for (uint64_t after = 0; status >= 0 && count > 0;) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct journal_session *list = NULL;
        status = journal_list(journal, after, &arena, &list, &count, err);
        for (uint32_t i = 0; status >= 0 && i < count; i++) {
            after = list[i].number;
            add_known(known, &list[i]);
        }
    }
    journal_close(journal);
    if (status < 0)
        known_free(known);
    else
        *ret = known;
    return status;
}

void known_free(struct known *known)
{
    if (!known)
        return;
    arena_done(&known->arena);
    free(known->rows);
    free(known);
}
