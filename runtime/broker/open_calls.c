/* open_calls - see open_calls.h. */
#include "broker/open_calls.h"

#include "base/mem.h"
#include "broker/session.h"

struct str open_call_result(struct str id, struct str name, struct str text, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"role\":\"tool\",\"tool_call_id\":");
    json_quote(&out, id);
    buf_text(&out, ",\"name\":");
    json_quote(&out, name);
    buf_text(&out, ",\"content\":");
    json_quote(&out, text);
    buf_char(&out, '}');
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

/* The assistant's message that the conversation ends with, results left aside; *ret_results: how
 * many of its calls have one, in order. */
static const struct json *last_calls(
    const struct session *session, struct arena *arena, uint32_t *ret_results)
{
    *ret_results = 0;
    for (uint32_t i = session->entries_count; i-- > 0; ++*ret_results) {
        const struct json *root = json_read(arena, session->entries[i].bytes, NULL, NULL);
        struct str role = json_string(arena, json_get(root, "role"));
        if (str_equal(role, STR("assistant")))
            return json_get(root, "tool_calls");
        if (!str_equal(role, STR("tool")))
            return NULL;
    }
    return NULL;
}

static int close_one(struct session *session, uint64_t turn, const struct json *call,
    uint32_t index, struct arena *arena, struct err *err)
{
    struct live_call known;
    struct str id = json_string(arena, json_get(call, "id")),
               name = json_string(arena, json_get(json_get(call, "function"), "name"));
    const struct live_call_place place = { session->number, turn, index, id };
    int rc = live_call_last(session->engine->store, &place, arena, &known, err);
    if (rc < 0)
        return rc;
    struct str text = rc == 0       ? STR("not carried out: the turn ended before it")
                      : known.waits ? STR("not carried out: nobody said yes before the turn ended")
                      : known.result.status == LIVE_NO_RESULT ? STR(OPEN_CALL_UNKNOWN)
                                                              : known.result.bytes;
    const struct live_message message = { .turn = turn,
        .standing = JOURNAL_FACT,
        .failed = rc == 0 || known.result.status != WIRE_OK,
        .origin = rc == 0 ? WIRE_FROM_BUILD : WIRE_FROM_EFFECT,
        .effect = rc == 0 ? 0 : known.effect,
        .bytes = open_call_result(id, name, text, arena) };
    return session_add(session, &message, -1, err);
}

int open_calls_close(struct session *session, uint64_t turn, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    uint32_t results, index = 0;
    const struct json *calls = last_calls(session, &arena, &results);
    int rc = 0;
    JSON_EACH(call, calls)
    {
        if (rc == 0 && index >= results)
            rc = close_one(session, turn, call, index, &arena, err);
        index++;
    }
    return rc;
}
