/* session - see session.h. */
#include "broker/session.h"

#include "base/mem.h"
#include "broker/client.h"
#include "broker/turn.h"

#include <stdlib.h>
#include <string.h>

/* Most of a session's life it rests in memory, and there are many: little room that nobody uses. */
enum { BLOCK = 2048 };

static struct session **bucket(struct engine *engine, uint64_t number)
{
    return &engine->by_number[hash_fast(&number, sizeof number, 0) % ENGINE_BUCKETS];
}

static struct str keep(struct session *session, struct str text)
{
    return (struct str){ arena_string(&session->arena, text.at, text.size), text.size };
}

/* --- by last use */

static void unlink_use(struct session *session)
{
    struct engine *engine = session->engine;
    *(session->older ? &session->older->newer : &engine->oldest) = session->newer;
    *(session->newer ? &session->newer->older : &engine->newest) = session->older;
    session->older = session->newer = NULL;
}

static void link_use(struct session *session)
{
    struct engine *engine = session->engine;
    session->older = engine->newest;
    *(engine->newest ? &engine->newest->newer : &engine->oldest) = session;
    engine->newest = session;
}

void session_touch(struct session *session)
{
    unlink_use(session);
    link_use(session);
}

void session_tools(struct session *session, struct toolbox *toolbox)
{
    struct engine *engine = session->engine;
    toolbox_free(session->toolbox);
    engine->toolboxes -= session->toolbox != NULL;
    engine->toolboxes += toolbox != NULL;
    session->toolbox = toolbox;
}

static void session_free(struct session *session)
{
    turn_free(session->turn);
    session_tools(session, NULL);
    for (uint32_t i = 0; i < session->states_count; i++)
        free((char *)session->states[i].bytes.at);
    arena_done(&session->arena);
    free(session->entries);
    free(session);
}

void session_drop(struct session *session)
{
    struct engine *engine = session->engine;
    struct session **link = bucket(engine, session->number);
    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    unlink_use(session);
    engine->sessions--;
    session_free(session);
}

static void trim_tools(struct engine *engine)
{
    uint32_t up = 0;
    if (engine->toolboxes <= engine->config->tool_sessions)
        return;
    for (struct session *session = engine->newest; session; session = session->older) {
        if (!session->toolbox || session->turn || ++up <= engine->config->tool_sessions)
            continue;
        session_tools(session, NULL);
    }
}

void sessions_trim(struct engine *engine)
{
    trim_tools(engine);
    struct session *session = engine->oldest;
    while (session && engine->sessions > ENGINE_SESSIONS_MAX) {
        struct session *next = session->newer;
        if (!session->turn || (session->gateway && session->turn->phase == TURN_RESTS))
            session_drop(session);
        session = next;
    }
}

/* Each gives back several descriptors; the next start fails otherwise, and so does the one after.
 */
bool engine_make_room(struct engine *engine)
{
    enum { AT_ONCE = 8 };
    uint32_t count = crew_shrink(engine->crew, AT_ONCE);
    for (struct session *session = engine->oldest; session && count < AT_ONCE;
         session = session->newer) {
        if (!session->toolbox || session->turn)
            continue;
        session_tools(session, NULL);
        count++;
    }
    return count > 0;
}

void sessions_end(struct engine *engine)
{
    while (engine->oldest)
        session_drop(engine->oldest);
}

/* --- a group that failed */

struct group {
    struct engine *engine;
    uint64_t number;
};

static void on_group(void *with, int rc, const struct err *err)
{
    struct group group = *(struct group *)with;
    free(with);
    struct session *session = *bucket(group.engine, group.number);
    while (session && session->number != group.number)
        session = session->next;
    if (!session)
        return;
    session->writes = false;
    if (rc < 0 && session->turn)
        client_broken(session->turn, err); /* drops it, too */
    else if (rc < 0)
        session_drop(session);
}

void session_wrote(struct session *session)
{
    if (session->writes)
        return;
    struct group *group = mem_zero(1, sizeof *group);
    *group = (struct group){ session->engine, session->number };
    session->writes = true;
    commit_with(session->engine->commit, on_group, group);
}

/* --- made and found */

static struct session *make(struct engine *engine, const struct session_plan *plan, uint64_t number)
{
    struct session *session = mem_zero(1, sizeof *session);
    session->engine = engine;
    session->arena.block = BLOCK;
    session->number = number;
    session->gateway = plan->gateway;
    session->protocol = plan->protocol;
    session->principal = keep(session, plan->principal);
    session->group = keep(session, plan->group);
    session->name = keep(session, plan->name);
    session->tools = keep(session, plan->tools);
    struct session **link = bucket(engine, number);
    session->next = *link;
    *link = session;
    link_use(session);
    engine->sessions++;
    return session;
}

int session_new(
    struct session **ret, struct engine *engine, const struct session_plan *plan, struct err *err)
{
    uint64_t number;
    const struct live_session row = { .gateway = plan->gateway,
        .principal = plan->principal,
        .group = plan->group,
        .grouped = plan->grouped,
        .name = plan->name,
        .protocol = str_of(protocol_words[plan->protocol]),
        .tools = plan->tools };
    int rc = live_session_new(engine->store, &row, &number, err);
    if (rc < 0)
        return rc;
    *ret = make(engine, plan, number);
    session_wrote(*ret);
    return 0;
}

static void push(struct session *session, struct str bytes, bool failed, int32_t client)
{
    if (session->entries_count == session->entries_room) {
        session->entries_room = session->entries_room ? 2 * session->entries_room : 16;
        session->entries =
            mem_grow(session->entries, session->entries_room, sizeof *session->entries);
    }
    session->entries[session->entries_count++] = (struct entry){
        .bytes = keep(session, bytes), .failed = failed, .seq = session->rows, .client = client
    };
}

static void set_state(struct session *session, const struct wire_state *state)
{
    uint32_t i = 0;
    while (i < session->states_count && !str_equal(session->states[i].plugin, state->plugin))
        i++;
    if (i == WIRE_PLUGINS_MAX)
        return; /* of plugins that were taken out long ago */
    struct kept_state *kept = &session->states[i];
    if (i == session->states_count) {
        session->states_count++;
        kept->plugin = keep(session, state->plugin);
    }
    free((char *)kept->bytes.at);
    kept->schema = state->schema;
    kept->bytes = (struct str){ mem_copy(state->bytes.at, state->bytes.size), state->bytes.size };
}

static int protocol_of(struct str word)
{
    for (int i = 0; i < PROTOCOLS; i++)
        if (str_equal(word, str_of(protocol_words[i])))
            return i;
    return PROTOCOL_CHAT;
}

/* A model request that failed is told in the trace and is no part of the conversation. */
static bool is_error(struct str bytes)
{
    return str_starts(bytes, STR(SESSION_ERROR));
}

static struct session *restore(struct engine *engine, const struct live_loaded *loaded)
{
    const struct live_session *row = &loaded->session;
    const struct session_plan plan = { .gateway = row->gateway,
        .principal = row->principal,
        .group = row->group,
        .name = row->name,
        .tools = row->tools,
        .protocol = (enum protocol)protocol_of(row->protocol) };
    struct session *session = make(engine, &plan, row->number);
    for (uint32_t i = 0; i < loaded->messages_count; i++, session->rows++)
        if (!is_error(loaded->messages[i].bytes))
            push(session, loaded->messages[i].bytes, loaded->messages[i].failed, -1);
    for (uint32_t i = 0; i < loaded->states_count; i++)
        set_state(session, &loaded->states[i]);
    session->turns = loaded->turn ? loaded->turn_ordinal + 1 : 0;
    if (loaded->turn_open) /* it was handed, or a broker ended in the middle of it */
        turn_again(session, loaded->turn, loaded->turn_ordinal);
    return session;
}

int session_get(struct session **ret, struct engine *engine, uint64_t number, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct live_loaded loaded;
    struct str group;
    bool sealed;
    int rc = live_group(engine->store, number, &arena, &group, &sealed, err);
    if (rc == 0 && sealed) {
        err_set(err, ERR_STATE, "that conversation rested for long, and was sealed");
        rc = err_hint(err, "begin another session (docs/reference/splits.md)");
    }
    if (rc < 0)
        return rc;
    for (struct session *session = *bucket(engine, number); session; session = session->next) {
        if (session->number != number)
            continue;
        session_touch(session);
        *ret = session;
        return 0;
    }
    rc = live_load(engine->store, number, &arena, &loaded, err);
    if (rc == 0)
        *ret = restore(engine, &loaded);
    return rc;
}

int session_named(struct session **ret, struct engine *engine, struct str principal,
    struct str name, struct err *err)
{
    uint64_t number;
    int rc = live_session_named(engine->store, principal, name, &number, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ERR_MISSING, "no session has this name");
    return session_get(ret, engine, number, err);
}

int session_fork(struct session **ret, struct session *from, uint32_t keep_count, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct session_plan plan = { .gateway = from->gateway,
        .principal = from->principal,
        .tools = from->tools,
        .protocol = from->protocol,
        .grouped = true };
    struct session *session = NULL;
    bool sealed;
    int rc = live_group(from->engine->store, from->number, &arena, &plan.group, &sealed, err);
    if (rc == 0)
        rc = session_new(&session, from->engine, &plan, err);
    for (uint32_t i = 0; rc == 0 && i < keep_count && i < from->entries_count; i++) {
        const struct live_message copy = { .standing = JOURNAL_CLAIM,
            .failed = from->entries[i].failed,
            .bytes = from->entries[i].bytes };
        rc = session_add(session, &copy, -1, err);
    }
    if (rc == 0)
        *ret = session;
    else if (session)
        session_drop(session);
    return rc;
}

/* --- extended */

int session_add(
    struct session *session, const struct live_message *message, int32_t client, struct err *err)
{
    struct live_message row = *message;
    if (session->entries_count >= WIRE_MESSAGES_MAX || message->bytes.size > WIRE_BYTES_MAX)
        return err_set(err, ERR_LIMIT,
            "a conversation of more than %d messages, or a message of "
            "more than %d bytes",
            WIRE_MESSAGES_MAX, WIRE_BYTES_MAX);
    row.session = session->number;
    row.seq = session->rows;
    int rc = live_message_add(session->engine->store, &row, err);
    if (rc < 0)
        return rc;
    if (!is_error(message->bytes))
        push(session, message->bytes, message->failed, client);
    session->rows++;
    session_wrote(session);
    return 0;
}

int session_replace(
    struct session *session, uint32_t at, const struct live_message *message, struct err *err)
{
    struct live_message row = *message;
    row.session = session->number;
    row.seq = session->entries[at].seq;
    int rc = live_message_replace(session->engine->store, &row, err);
    if (rc < 0)
        return rc;
    session->entries[at] = (struct entry){ .bytes = keep(session, message->bytes),
        .failed = session->entries[at].failed,
        .seq = row.seq,
        .client = -1 };
    session_wrote(session);
    return 0;
}

const struct digest *session_key(struct session *session, uint32_t at)
{
    CLEANUP(arena_done) struct arena scratch = { 0 };
    struct entry *entry = &session->entries[at];
    if (!entry->keyed)
        entry->key = protocol_key(entry->bytes, &scratch);
    entry->keyed = true;
    return &entry->key;
}

int session_state(struct session *session, uint64_t turn, const struct digest *generation,
    const struct wire_state *state, struct err *err)
{
    int rc = live_state(session->engine->store, session->number, turn, state, generation, err);
    if (rc < 0)
        return rc;
    set_state(session, state);
    session_wrote(session);
    return 0;
}

struct wire_message *session_messages(const struct session *session, struct arena *arena)
{
    struct wire_message *list = arena_alloc(arena, (session->entries_count + 1) * sizeof *list);
    for (uint32_t i = 0; i < session->entries_count; i++)
        list[i] = (struct wire_message){ session->entries[i].bytes, session->entries[i].failed };
    return list;
}

struct wire_state *session_states(const struct session *session, struct arena *arena)
{
    struct wire_state *list = arena_alloc(arena, (session->states_count + 1) * sizeof *list);
    for (uint32_t i = 0; i < session->states_count; i++)
        list[i] = (struct wire_state){ session->states[i].plugin, session->states[i].schema,
            session->states[i].bytes };
    return list;
}
