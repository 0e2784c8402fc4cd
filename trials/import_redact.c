/* import_redact - a foreign session without its secrets: what stands between an importer and the
 * journal. Every text that will be stored goes through here, in one order, so that the numbers of
 * what was cut are the same each time the session is imported. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/redact.h"
#include "wire/effect.h"

struct str import_rename(struct str meta, const char *name, struct str value, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct json *member = json_get(json_read(arena, meta, NULL, NULL), name);
    if (!json_is(member, JSON_STRING))
        return meta;
    size_t before = (size_t)(member->raw.at - meta.at), behind = before + member->raw.size;
    buf_add(&out, meta.at, before);
    json_quote(&out, value);
    buf_add(&out, meta.at + behind, meta.size - behind);
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

int import_redact(struct import_session *session, struct redact *redact, struct str key,
    struct arena *arena, struct err *err)
{
    struct str group = redact_name(redact, key, session->group, arena);
    struct str origin = redact_name(redact, key, session->origin, arena);
    if (group.at != session->group.at)
        session->meta = import_rename(session->meta, "group", group, arena);
    if (origin.at != session->origin.at)
        session->meta = import_rename(session->meta, "origin", origin, arena);
    session->group = group;
    session->origin = origin;
    struct str *messages = arena_alloc(arena, (session->messages_count + 1) * sizeof *messages);
    redact_begin(redact);
    if (session->tools.size > 0) /* first: those of two sessions stay one list */
        session->tools = redact_json(redact, session->tools, arena);
    for (uint32_t i = 0; i < session->messages_count; i++) {
        messages[i] = redact_json(redact, session->messages[i], arena);
        if (messages[i].size > WIRE_BYTES_MAX)
            return err_set(err, ERR_LIMIT, "message %u is larger than %d bytes", i, WIRE_BYTES_MAX);
    }
    session->messages = messages;
    session->meta = redact_json(redact, session->meta, arena);
    return 0;
}
