/* leftover - see leftover.h. */
#include "broker/leftover.h"

#include "base/json.h"
#include "base/mem.h"
#include "broker/session.h"

#define LEFT_OPEN "no result: the turn was ended before it came. It may have been carried out"

static struct str member(struct arena *arena, const struct json *message, const char *key)
{
    return json_string(arena, json_get(message, key));
}

/* Behind message `from`, which made the call. */
static bool answered(
    const struct session *session, uint32_t from, struct str id, struct arena *arena)
{
    for (uint32_t i = from + 1; i < session->entries_count; i++) {
        const struct json *message = json_read(arena, session->entries[i].bytes, NULL, NULL);
        if (str_equal(member(arena, message, "tool_call_id"), id))
            return true;
    }
    return false;
}

static int add_result(struct session *session, uint64_t turn, struct str id, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, "{\"role\":\"tool\",\"tool_call_id\":");
    json_quote(&text, id);
    buf_text(&text, ",\"content\":\"" LEFT_OPEN "\"}");
    const struct live_message message = {
        .turn = turn, .standing = JOURNAL_FACT, .failed = true, .bytes = buf_view(&text)
    };
    return session_add(session, &message, -1, err);
}

int leftover_close(struct session *session, uint64_t turn, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *message = NULL;
    uint32_t at = session->entries_count;
    int rc = 0;
    /* The last thing that the model said; behind it are results, if anything. */
    while (at > 0 && !str_equal(member(&arena, message, "role"), STR("assistant")))
        message = json_read(&arena, session->entries[--at].bytes, NULL, NULL);
    JSON_EACH(call, json_get(message, "tool_calls"))
    {
        struct str id = member(&arena, call, "id");
        if (rc == 0 && !answered(session, at, id, &arena))
            rc = add_result(session, turn, id, err);
    }
    return rc;
}
