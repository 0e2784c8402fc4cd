/* session - the conversations that the service has in memory: made, found, read from the journal,
 * extended, and dropped again when they have been at rest for long.
 *
 * Writing calls want commit_begin to have been called. */
#pragma once

#include "broker/engine.h"

struct session_plan {
    bool gateway;
    struct str principal, group, name, tools;
    enum protocol protocol;
    bool grouped; /* as in live_session */
};
/* A new one, with its row. Texts are copied. */
int session_new(
    struct session **ret, struct engine *engine, const struct session_plan *plan, struct err *err);
/* From memory or from the journal. ERR_MISSING; ERR_STATE: it is sealed. */
int session_get(struct session **ret, struct engine *engine, uint64_t number, struct err *err);
/* Hosted, by name. ERR_MISSING. */
int session_named(struct session **ret, struct engine *engine, struct str principal,
    struct str name, struct err *err);
/* The same conversation up to `keep` messages, as a new session: a client went back and said
 * something else. Plugin states begin anew. */
int session_fork(struct session **ret, struct session *from, uint32_t keep, struct err *err);
/* Out of memory, at rest: what the journal has of it is what there is. */
void session_drop(struct session *session);
void session_touch(struct session *session); /* used now */
/* Something of it was written: if that does not come to the disk, its turn ends with an error and
 * the session is dropped, since the journal does not have what is in memory. */
void session_wrote(struct session *session);
/* The tools that it has from here on, or NULL; those before are freed. */
void session_tools(struct session *session, struct toolbox *toolbox);
/* Drops what has rested longest while there are more than ENGINE_SESSIONS_MAX, and ends the tools
 * of what has rested longest while more than limits.tool_sessions have theirs up: they come up
 * again with the session's next turn. */
void sessions_trim(struct engine *engine);
/* A start found no descriptor or process: workers and tools that rest make room, some at a time.
 * True: it may be tried once more. */
bool engine_make_room(struct engine *engine);
/* All of them out of memory; what is in work is left as the journal has it. */
void sessions_end(struct engine *engine);

/* How the row begins that tells of a model request which failed and ended its turn. */
#define SESSION_ERROR "{\"role\":\"error\""
/* Adds a message to the conversation and its row (an error: its row only). message: session, seq
 * and bytes are filled in; bytes are copied. client: its number in the client's request, or -1. */
int session_add(
    struct session *session, const struct live_message *message, int32_t client, struct err *err);
/* In the place of message `at`. */
int session_replace(
    struct session *session, uint32_t at, const struct live_message *message, struct err *err);
/* protocol_key of message `at`, made once. */
const struct digest *session_key(struct session *session, uint32_t at);
int session_state(struct session *session, uint64_t turn, const struct digest *generation,
    const struct wire_state *state, struct err *err);
/* Messages as the wire wants them; in the arena. */
struct wire_message *session_messages(const struct session *session, struct arena *arena);
struct wire_state *session_states(const struct session *session, struct arena *arena);
