/* redact_session - see redact_session.h. */
#include "trials/redact_session.h"

#include "base/mem.h"
#include "trials/import.h"
#include "trials/redact.h"
#include "wire/config.h"

int redact_session(
    struct journal_session *session, const struct home *home, struct arena *arena, struct err *err)
{
    struct config config;
    struct digest key;
    int rc = config_read(&config, home, arena, err);
    if (rc >= 0)
        rc = home_split_key(home, &key, err);
    if (rc < 0)
        return rc;
    CLEANUP(redact_freep) struct redact *redact = redact_new(&config.redact);
    struct import_session texts = { .meta = session->meta,
        .group = session->group,
        .origin = session->origin,
        .tools = session->tools,
        .messages_count = session->messages_count };
    texts.messages = arena_alloc(arena, (session->messages_count + 1) * sizeof *texts.messages);
    for (uint32_t i = 0; i < session->messages_count; i++)
        texts.messages[i] = session->messages[i].bytes;
    rc = import_redact(
        &texts, redact, (struct str){ (const char *)key.at, sizeof key.at }, arena, err);
    for (uint32_t i = 0; i < session->messages_count && rc >= 0; i++) {
        struct journal_message *message = &session->messages[i];
        message->bytes = texts.messages[i];
        if (message->own.size > 0) /* what the model had said, by the same numbers */
            message->own = redact_json(redact, message->own, arena);
    }
    session->meta = texts.meta;
    session->group = texts.group;
    session->origin = texts.origin;
    session->tools = texts.tools;
    return rc;
}
